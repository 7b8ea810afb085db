//! What a submission is: resources an organization hands in together, read and named.

use std::collections::{BTreeMap, BTreeSet};

use loopgate_consent::{Dated, Label};
use loopgate_fhir::{ConsentIn, GroupIn, PatientIn, RequestIn, TaskIn};
use loopgate_referral::{Identifier, OrgId, ReferralId, ResourceId, Timestamp};

use super::act::Act;

/// Resources an organization hands in together.
pub struct Submission {
    /// Who.
    pub org: OrgId,
    /// SHA-256 over method, path and body: a resend has the same.
    pub request: [u8; 32],
    /// By which door.
    pub transport: &'static str,
    /// What.
    pub incoming: Vec<Incoming>,
    /// What for.
    pub purpose: Purpose,
    /// The HL7 v2 message it came in.
    pub message: Option<Hearing>,
    /// What else happens, or nothing of it does.
    pub along: Along,
}

/// What goes along with resources that are handed in: all of it is one frame.
#[derive(Default)]
pub struct Along {
    /// Moves of Tasks, each with its place in the message.
    pub acts: Vec<(String, Act)>,
    /// What is answered, in this order; what is handed in, if it is empty.
    pub answers: Vec<ResourceId>,
    /// A look at what is here, on which some of it depends.
    pub looked: Option<Looked>,
    /// The Patient that comes with it is whom the supplier serves in this referral.
    pub referred_on: Option<ReferralId>,
}

/// What a condition (`If-None-Exist`, a conditional update or reference) was decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// Everything up to this commit was seen.
    pub until: Timestamp,
    /// The types that were looked through, of what this organization supplied.
    pub kinds: BTreeSet<String>,
}

/// What resources are handed in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Each is kept, as its verb says.
    Keep,
    /// The source says anew what it refers: the state of the referral stays. What it kept before gets a
    /// new version, whatever ids it has here.
    Amend(ReferralId),
    /// A Patient of somebody this organization presented before: its own resources of that person get a
    /// new version. Nobody known: nothing is kept, and the answer is empty.
    Demographics,
}

/// An HL7 v2 message, to be kept with what it brings. `Submission::request` is its key.
pub struct Hearing {
    /// As received.
    pub received: Vec<u8>,
    /// SHA-256 of it.
    pub content: [u8; 32],
    /// Its bytes are kept. Otherwise their hash and the acknowledgement are.
    pub keep: bool,
    /// Its acknowledgement.
    pub ack: Vec<u8>,
    /// MSH-10.
    pub control: String,
    /// MSH-9 as `REF^I12`.
    pub kind: String,
    /// MSH-12.
    pub version: String,
    /// MSH-13, on a link that keeps it: it was expected.
    pub sequence: Option<u64>,
    /// MSH-16 asks for an application answer.
    pub asked: bool,
    /// Its fields that nothing here says on.
    pub not_carried: Vec<String>,
}

/// A message that has no effect: it is remembered, acknowledged the same way again, and no more.
pub struct HearOnly {
    /// Who sent it.
    pub org: OrgId,
    /// Its key.
    pub request: [u8; 32],
    /// It.
    pub message: Hearing,
}

/// What happens to one resource that is handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verb {
    /// It is new.
    #[default]
    Create,
    /// It replaces what has its id, at this version if one is named.
    Update(Option<u64>),
}

/// One resource, read.
pub struct Incoming {
    /// What happens to it.
    pub verb: Verb,
    /// The id it gets, or has.
    pub id: ResourceId,
    /// Where it stands in the message: `Bundle.entry[2].resource` or `Task`.
    pub place: String,
    /// As received, for its supplier.
    pub doc: Vec<u8>,
    /// `urn:uuid` references and what they became.
    pub rewrites: BTreeMap<String, String>,
    /// References, resolved, each with its location.
    pub references: Vec<(String, String)>,
    /// The Patient it is about, resolved.
    pub patient: Option<String>,
    /// SHA-256 of the resource as received.
    pub sha256: [u8; 32],
    /// What it means to us.
    pub meaning: Meaning,
    /// Its security labels.
    pub labels: Vec<Label>,
    /// When what it says was so.
    pub dated: Dated,
}

/// What a resource means to us.
pub enum Meaning {
    /// A person.
    Patient(PatientIn),
    /// A referral.
    Task(Box<TaskIn>),
    /// What a referral asks for.
    Request(RequestIn),
    /// A consent.
    Consent(Box<ConsentIn>),
    /// An organization, by its identifiers.
    Organization(Vec<Identifier>),
    /// Several persons.
    Group(GroupIn),
    /// Kept, and nothing more.
    Other,
}
