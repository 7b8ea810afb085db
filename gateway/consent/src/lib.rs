//! Grants in, the release decision, permits and seals out.
//!
//! **Invariant**: [`release`] is pure and total, and the only maker of a [`Permit`]; a [`Sealed`]
//! payload opens only with the committed entry that recorded it.
//!
//! Not here: clocks, sockets, how a Consent resource looks (crate `fhir`).

mod class;
mod grant;
mod group;
mod party;
mod permit;
mod reason;
mod release;
mod seal;

pub use class::{Action, DataClass, Purpose};
pub use grant::{Effect, Grant, GrantDraft, GrantEvent, GrantId, GrantState, Grants, Period, Rule};
pub use group::{FieldGroup, Groups, UnknownGroup};
pub use party::{LegalClass, Party, TenantId};
pub use permit::{Basis, GrantRef, Permit};
pub use reason::{Denial, Fate, ReasonCode};
pub use release::{Ask, Claim, Template, Templates, release};
pub use seal::{Opened, Sealed, WrongEntry};
