//! Grants in, the release decision, permits and seals out.
//!
//! **Invariant**: [`release`] is pure and total, and the only maker of a [`Permit`]; a [`Sealed`]
//! payload opens only with the committed entry that recorded it.
//!
//! Not here: clocks, sockets, how a Consent resource looks (crate `fhir`).

mod ask;
mod class;
mod evidence;
mod forbid;
mod grant;
mod group;
mod items;
mod label;
mod party;
mod permit;
mod reason;
mod release;
mod rule;
mod seal;
mod sends;
mod weigh;

pub use ask::{
    Ask, Caller, Claim, Dated, Detail, Glass, Health, Item, Policy, Presented, Template, Templates,
    Token,
};
pub use class::{Action, DataClass, Purpose};
pub use evidence::{Element, Reading};
pub use grant::{
    Back, Grant, GrantDraft, GrantEvent, GrantId, GrantState, Grantor, Grants, LegalBasis,
    Redisclosure, Terms,
};
pub use group::{FieldGroup, Groups, UnknownGroup};
pub use label::{Label, Level, Sensitivity};
pub use party::{LegalClass, Party, TenantId};
pub use permit::{Basis, GrantRef, Obligation, Permit};
pub use reason::{Class, Denial, Dropped, Fate, ReasonCode};
pub use release::release;
pub use rule::{Effect, Period, Rule};
pub use seal::{Opened, Sealed, WrongEntry};
pub use sends::{Sending, Sends};
