//! The loopgate gateway: sockets, TLS, clock, configuration, projections and wiring.
//!
//! Read `intake` for what comes in, `scribe` for what happens, `egress` for what leaves. Not here:
//! rules about Task status (crate `referral`), what consent permits (crate `consent`).

pub mod admin;
mod archive;
pub mod assemble;
mod audit;
mod bundle;
mod catalogue;
pub mod certificates;
pub mod clock;
pub mod config;
mod configuration;
mod consent_token;
mod cosigned;
pub mod doorkey;
mod egress;
mod evidence;
mod exit;
mod export;
mod fields;
mod fold;
mod gate;
pub mod identity;
mod ids;
mod inbound;
pub mod init;
mod intake;
pub mod journal;
mod keks;
mod links;
mod meter;
mod notary;
pub mod openapi;
mod outbound;
pub mod partner;
pub mod partner_test;
mod refusal;
pub mod rehearse;
mod replay;
mod reply;
pub mod restore;
mod roster;
pub mod run;
mod scribe;
mod sheet;
mod signing_keys;
pub mod staff;
mod state;
pub mod translate;
mod v2;
mod view;
mod waits;
pub mod witness;
