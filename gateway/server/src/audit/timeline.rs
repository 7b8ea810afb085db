//! One referral from first to last, and who did what to whom: what the page draws, and programs read.

use std::collections::BTreeSet;

use loopgate_consent::{GrantEvent, GrantId};
use loopgate_referral::{Event as ReferralEvent, OrgId, Referral, ReferralId};
use serde_json::{Value, json};

use super::form::{COLUMNS, Form, Paper, row};
use super::proof::Proof;
use super::told::Told;
use super::{Asker, words};
use crate::catalogue::Query;
use crate::egress::Released;
use crate::gate::Gate;
use crate::journal::{BasisUsed, Event};
use crate::refusal::{Kind, Trouble};

/// What can be asked for.
pub const PARAMETERS: [&str; 1] = ["format"];

/// Entries of a timeline; of a longer one, the newest.
const ENTRIES_MAX: usize = 1_000;

/// Who stands where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Who refers.
    Source,
    /// loopgate.
    Gateway,
    /// Who is referred to.
    Target,
}

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// A step of the referral.
    Step,
    /// Something about a person left.
    Shared,
    /// Something was refused.
    Refused,
    /// It waits.
    Waits,
    /// The person said something.
    Consent,
}

impl Lane {
    /// For programs.
    pub fn name(self) -> &'static str {
        match self {
            Lane::Source => "source",
            Lane::Gateway => "loopgate",
            Lane::Target => "target",
        }
    }
}

impl Tone {
    /// For programs.
    pub fn name(self) -> &'static str {
        match self {
            Tone::Step => "step",
            Tone::Shared => "shared",
            Tone::Refused => "refused",
            Tone::Waits => "waits",
            Tone::Consent => "consent",
        }
    }
}

/// One referral.
pub struct Timeline {
    /// As it stands now.
    pub referral: Referral,
    /// What happened, oldest first.
    pub told: Vec<Told>,
    /// There was more, before all of this.
    pub cut: bool,
    /// What stands behind it.
    pub proof: Option<Proof>,
}

/// The timeline of a referral: its own entries, and what was said of the Grants they name.
pub fn page(gate: &Gate, id: &str) -> Result<Timeline, Trouble> {
    let missing = || Trouble::from(Kind::NotFound);
    let id: ReferralId = id.parse().map_err(|_| missing())?;
    let referral = gate.referral(&id).ok_or_else(missing)?;
    let query = Query { referral: Some(id), count_max: ENTRIES_MAX, ..Query::default() };
    let found = gate.scribe.published().catalogue().search(&query);
    let cut = found.next.is_some();
    let mut told = Told::read(gate, &found.entries)?;
    told.extend(consents(gate, &referral, &told)?);
    told.sort_by_key(|one| one.index);
    told.dedup_by_key(|one| one.index);
    Ok(Timeline { referral, told, cut, proof: Proof::of(gate) })
}

/// What was said of the Grants that these entries name: given, withdrawn, doubted.
fn consents(gate: &Gate, referral: &Referral, told: &[Told]) -> Result<Vec<Told>, Trouble> {
    let mut grants: BTreeSet<GrantId> = BTreeSet::new();
    for event in told.iter().filter_map(|one| one.event.as_ref()) {
        match event {
            Event::Disclosed(one) => {
                grants.extend(one.bases.iter().filter_map(|basis| match basis {
                    BasisUsed::Consent { grant, .. } => Some(grant.id.clone()),
                    _ => None,
                }))
            }
            Event::Denied { grant: Some(grant), .. } => drop(grants.insert(grant.id.clone())),
            _ => {}
        }
    }
    let kinds = ["consent.given", "consent.revoked", "consent.all-revoked", "consent.doubted"];
    let mut found = Vec::new();
    for person in &referral.persons {
        for kind in kinds {
            let query = Query {
                person: Some(*person),
                kind: Some(kind.to_owned()),
                count_max: ENTRIES_MAX,
                ..Query::default()
            };
            let entries = gate.scribe.published().catalogue().search(&query).entries;
            found.extend(Told::read(gate, &entries)?);
        }
    }
    found.retain(|one| match &one.event {
        Some(Event::Grant(GrantEvent::Given { says })) => {
            grants.contains(&GrantId::of_consent(&says.consent))
        }
        Some(Event::Grant(
            GrantEvent::Revoked { grant, .. } | GrantEvent::Doubted { grant, .. },
        )) => grants.contains(grant),
        Some(Event::Grant(GrantEvent::AllRevoked { .. })) => true,
        _ => false,
    });
    Ok(found)
}

impl Timeline {
    /// Whose lane an organization's is; an auditor, a person, somebody of the staff stand with loopgate.
    fn lane(&self, org: &OrgId) -> Lane {
        if *org == self.referral.source {
            return Lane::Source;
        }
        let target = |one: &loopgate_referral::Placement| one.target == *org;
        if self.referral.placements.iter().any(target) || self.referral.owner == *org {
            Lane::Target
        } else {
            Lane::Gateway
        }
    }

    /// From which lane to which an entry goes, and what it is.
    pub fn drawn(&self, told: &Told) -> (Lane, Lane, Tone) {
        use Lane::{Gateway, Source, Target};
        let Some(event) = &told.event else { return (Gateway, Gateway, Tone::Step) };
        match event {
            Event::Disclosed(one) => (Gateway, self.lane(&one.recipient), Tone::Shared),
            Event::Reread { recipient, .. } => (Gateway, self.lane(recipient), Tone::Shared),
            Event::Denied { org, .. } => (Gateway, self.lane(org), Tone::Refused),
            Event::Heard { org, .. } | Event::Stored { org, .. } => {
                (self.lane(org), Gateway, Tone::Step)
            }
            Event::Grant(_) => (Gateway, Gateway, Tone::Consent),
            Event::StopUseTold { org, .. } => (Gateway, self.lane(org), Tone::Consent),
            Event::Referral { fact, .. } => match fact {
                ReferralEvent::Received { .. }
                | ReferralEvent::Amended { .. }
                | ReferralEvent::SourceMoved { .. } => (Source, Gateway, Tone::Step),
                ReferralEvent::CancelRequested { .. }
                | ReferralEvent::Commented { by_target: false, .. }
                | ReferralEvent::Attached { by_target: false, .. } => (Source, Target, Tone::Step),
                ReferralEvent::Assigned { .. } => (Target, Target, Tone::Step),
                ReferralEvent::Held { .. } => (Gateway, Gateway, Tone::Waits),
                ReferralEvent::Resumed => (Gateway, Gateway, Tone::Step),
                ReferralEvent::Refused { .. } => (Gateway, Source, Tone::Refused),
                ReferralEvent::Placed { .. } => (Gateway, Target, Tone::Step),
                ReferralEvent::SourceToBeToldAgain { .. } => (Gateway, Gateway, Tone::Step),
                ReferralEvent::Delivered { .. } | ReferralEvent::TargetTold { .. } => {
                    (Target, Target, Tone::Step)
                }
                ReferralEvent::SourceTold { .. } => (Source, Source, Tone::Step),
                ReferralEvent::TargetMoved { .. }
                | ReferralEvent::AppointmentBooked { .. }
                | ReferralEvent::AppointmentCancelled { .. }
                | ReferralEvent::NoShow { .. }
                | ReferralEvent::InterimNote { .. }
                | ReferralEvent::CancelAgreed { .. }
                | ReferralEvent::CancelRefused { .. }
                | ReferralEvent::CameLate { .. }
                | ReferralEvent::OutcomeCorrected { .. }
                | ReferralEvent::OutcomeWithdrawn { .. }
                | ReferralEvent::ContactAttempted { .. }
                | ReferralEvent::Commented { by_target: true, .. }
                | ReferralEvent::Attached { by_target: true, .. }
                | ReferralEvent::SafeContactNoted { .. }
                | ReferralEvent::Rerouted { .. }
                | ReferralEvent::TakenBack { .. }
                | ReferralEvent::OutcomeRecorded { .. } => (Target, Gateway, Tone::Step),
            },
            _ => (Gateway, Gateway, Tone::Step),
        }
    }
}

/// Releases a timeline in some form.
pub fn release(
    gate: &Gate,
    asker: &Asker<'_>,
    timeline: &Timeline,
    render: &dyn Fn() -> Vec<u8>,
) -> Result<Released, Trouble> {
    let persons = timeline.referral.persons.as_slice();
    super::release(gate, asker, ("timeline", persons), &timeline.told, render)
}

/// A timeline in a form for programs.
pub fn write(gate: &Gate, asker: &Asker<'_>, timeline: &Timeline, form: Form) -> Vec<u8> {
    let referral = &timeline.referral;
    let targets = referral.placements.iter().map(|one| one.target.to_string());
    let persons = referral.persons.iter().map(|person| asker.called(gate, *person));
    let needs = referral.needs.iter().map(|need| words::plain(need.as_str()));
    let head = json!({
        "referral": referral.id,
        "source": referral.source,
        "owner": referral.owner,
        "targets": targets.collect::<BTreeSet<String>>(),
        "needs": needs.collect::<Vec<String>>(),
        "persons": persons.collect::<Vec<String>>(),
        "status": referral.state.status().code(),
        "proof": timeline.proof.map(Proof::to_json),
        "cut": timeline.cut,
    });
    let items = timeline.told.iter().map(|one| {
        let (from, to, tone) = timeline.drawn(one);
        let mut said = one.to_json(gate, asker);
        said["from"] = json!(from.name());
        said["to"] = json!(to.name());
        said["tone"] = json!(tone.name());
        said["signed"] = json!(timeline.proof.is_some_and(|proof| proof.covers(one.index)));
        said
    });
    let items: Vec<Value> = items.collect();
    let rows = timeline.told.iter().map(|one| row(gate, asker, one)).collect();
    Paper { head, name: "entries", items, columns: &COLUMNS, rows, told: &timeline.told }
        .write(gate, asker, form)
}
