//! An organization says that two patients of its own index are one (HL7 v2 ADT^A40).

use loopgate_fhir::{Fault, IssueCode};
use loopgate_referral::{Identifier, Merging, NotMerged, OrgId};

use super::desk::Desk;
use super::hear::{self, Effect};
use super::submission::Hearing;
use crate::journal::Event;
use crate::refusal::{Kind, Refusal, Trouble};

/// Two patients are one.
pub struct Merge {
    /// Who says so.
    pub org: OrgId,
    /// The key of its message.
    pub request: [u8; 32],
    /// PID-3: the identifiers that stay.
    pub survivor: Vec<Identifier>,
    /// MRG-1: the identifiers that they replace.
    pub retired: Vec<Identifier>,
    /// The message. If nobody is known by what retires, its bytes are not kept.
    pub message: Option<Hearing>,
}

/// Decides a merge. `false` if nobody is known by the identifier that retires: there was nothing to do.
pub fn decide(desk: &mut Desk<'_>, merge: Merge) -> Result<bool, Trouble> {
    let Merge { org, request, survivor, retired, message } = merge;
    let partner = desk.roster().get(&org).filter(|partner| !partner.suspended);
    let Some(partner) = partner else { return Err(Kind::Forbidden.into()) };
    let index = partner.patient_index.clone();
    if let Some(message) = &message
        && hear::is_known(desk, &org, request, message)?
    {
        return Ok(true);
    }
    let index = index.ok_or_else(|| refused(NotMerged::NotOwn))?;
    let merging = desk.world().persons.decide_merge(&org, &index, &survivor, &retired);
    let merging = merging.map_err(refused)?;
    let cause = hear::cause(&org, request);
    let person = match merging {
        Merging::Nobody => None,
        Merging::Already(person) => Some(person),
        Merging::Now(fact) => {
            let entry = Event::Person(fact);
            let person = entry.person();
            desk.record(&cause, entry, Vec::new(), None);
            person
        }
    };
    if let Some(mut message) = message {
        message.keep &= person.is_some();
        let effect = Effect { person, ..Effect::default() };
        hear::record(desk, &cause, (org, request), effect, message);
    }
    Ok(person.is_some())
}

fn refused(why: NotMerged) -> Trouble {
    let (at, words) = match why {
        NotMerged::NotOwn => {
            ("Patient.identifier", "is not of the organization's own patient index")
        }
        NotMerged::Cycle => ("Patient.link", "was retired before by what it is to replace"),
        NotMerged::Several => ("Patient.identifier", "is of several persons"),
    };
    Refusal::invalid(vec![Fault::new(IssueCode::BusinessRule, at, words)]).into()
}
