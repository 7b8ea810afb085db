//! One promise to a user per file.

mod attachments;
mod bad_input;
mod clock;
mod consent_revoked_between_queue_and_send;
mod contact_prohibited;
mod corpus;
mod crash;
mod declined;
mod disk;
mod held_then_released;
mod lapse;
mod no_more_than_needed;
mod not_covered;
mod recovery;
mod replay;
mod resend_is_harmless;
mod round_trip;
mod search_entries;
mod second_maria;
mod sigkill;
mod stranger;
mod suspended;
mod syscalls;
mod tampering;
mod who_may_do_what;
