//! What a caller may read, and how: the one place where the FHIR door says so. Reads, searches and what
//! they bring along, and batches all ask here.
//!
//! A source sees what it supplied, its own Tasks with what came back, and the outcomes of its referrals.
//! A target sees the Task, ServiceRequest and Patient of its placements under consent, and what it
//! supplied. Everybody sees the directory: Organizations of the tenant, and the HealthcareServices,
//! Locations and Questionnaires that targets publish by supplying them.
//!
//! Not here: whether consent lets it pass now, which the exit decides each time.

use std::collections::BTreeSet;

use loopgate_consent::{Denial, Permit};
use loopgate_fhir::{Json, as_supplied};
use loopgate_referral::{
    OrgId, PersonId, Placement, PlacementId, Referral, ReferralId, ResourceId, Timestamp,
};

use super::{clinician, directory};
use crate::egress::Weighed;
use crate::exit;
use crate::fold::{Held, Part};
use crate::gate::{Gate, Session};
use crate::refusal::{Kind, Trouble};
use crate::scribe::{AskFor, OwnedClaim, OwnedToken, is_held, is_published};

/// One resource, as one caller may read it if the exit lets it pass.
pub struct Sight {
    /// Which.
    pub id: ResourceId,
    /// What has to be asked, one for each person it is about.
    pub asks: Vec<AskFor>,
    /// Its version for this caller; none of what has no versions.
    pub version: Option<u64>,
    /// When it last changed for this caller.
    pub changed: Option<Timestamp>,
    what: What,
}

/// What it is to the caller.
enum What {
    /// What it supplied, or what a target published.
    Supplied(Box<Held>),
    /// Its own Task, and how much of the answer goes back.
    SourceTask(Box<(Referral, Held)>, exit::Answer, Option<Option<Denial>>),
    /// The Task placed with it.
    PlacementTask(Box<(Referral, Placement)>),
    /// The ServiceRequest placed with it.
    PlacementRequest(Box<(Referral, Placement)>),
    /// The Patient of a placement with it.
    Patient(Box<Held>),
    /// What came of its referral.
    Outcome(Box<(Referral, Placement)>),
    /// What another supplied of a person it treats, or in an emergency.
    Clinical(Box<Held>),
    /// Of the directory.
    Directory(Json),
}

impl Sight {
    /// What a caller may read under this id; nothing, if that is nothing.
    pub fn of(gate: &Gate, session: &Session, id: &ResourceId) -> Result<Option<Sight>, Trouble> {
        Sight::seen(gate, session, id, true)
    }

    fn seen(
        gate: &Gate,
        session: &Session,
        id: &ResourceId,
        by_name: bool,
    ) -> Result<Option<Sight>, Trouble> {
        let org = &session.partner.org;
        let part = gate.scribe.published().world().parts.get(id).copied();
        let held = gate.held(id);
        match (part, held) {
            (Some(Part::SourceTask(referral)), Some(held)) => {
                Ok(source_task(gate, org, id, &referral, held))
            }
            (_, Some(held)) if held.org == *org => supplied(gate, id, held).map(Some),
            (Some(part), _) => Ok(of_placement(gate, session, id, part)),
            (None, Some(held)) => another(gate, session, id, (held, by_name)),
            (None, None) => Ok(directory::organization(gate, id).map(|json| Sight {
                id: id.clone(),
                asks: Vec::new(),
                version: None,
                changed: None,
                what: What::Directory(json),
            })),
        }
    }

    /// The same, to be found by a search. What waits for consent is not there, and what only a clinician
    /// may read is read by its name alone.
    pub fn to_find(
        gate: &Gate,
        session: &Session,
        id: &ResourceId,
    ) -> Result<Option<Sight>, Trouble> {
        let sight = Sight::seen(gate, session, id, false)?;
        Ok(sight.filter(|sight| match &sight.what {
            What::PlacementTask(both) | What::PlacementRequest(both) => !is_held(&both.0),
            _ => true,
        }))
    }

    /// The resource under the permits of [`Sight::asks`], in order.
    pub fn render(&self, gate: &Gate, permits: &[Permit]) -> Result<Json, Trouble> {
        let passing = || exit::Passing::of(permits);
        let json = match &self.what {
            What::Supplied(held) => gate.document(held)?,
            What::SourceTask(both, answer, _) => {
                // Less may have been permitted since: then no more is said.
                let answer = match answer {
                    exit::Answer::Whole if both.0.has_news() => exit::Answer::permitted(permits),
                    answer => *answer,
                };
                return exit::source_task(gate, &both.0, &both.1, answer);
            }
            What::PlacementTask(both) => {
                return exit::target_task(gate, &both.0, &both.1, &passing());
            }
            What::PlacementRequest(both) => {
                return exit::target_request(gate, &both.0, &both.1, &passing());
            }
            What::Patient(held) => {
                let changed = self.changed.unwrap_or(held.changed);
                return exit::target_patient(gate, (&self.id, changed), held, &passing());
            }
            What::Outcome(both) => {
                // An outcome is more than a status.
                if exit::Answer::permitted(permits) != exit::Answer::Whole {
                    return Err(Kind::NotFound.into());
                }
                return exit::source_procedure(gate, (&both.0, &both.1), &self.id);
            }
            What::Clinical(held) => clinician::copy(gate, &self.id, held, &passing())?,
            What::Directory(json) => return Ok(json.clone()),
        };
        let (version, changed) = (self.version.unwrap_or(1), self.changed.unwrap_or_default());
        Ok(as_supplied(&json, self.id.id(), version, changed, None))
    }

    /// It as it stands now, if consent lets it pass now, and the parts it is of a page. Records nothing: for
    /// choosing what to release.
    pub fn now(&self, gate: &Gate, to: &OrgId) -> Result<Option<(Json, Vec<Weighed>)>, Trouble> {
        let mut parts = Vec::new();
        for ask in &self.asks {
            match gate.egress.may(to, ask)? {
                Some(permits) => parts.push((ask.clone(), permits)),
                None => return Ok(None),
            }
        }
        let permits: Vec<Permit> = parts.iter().flat_map(|(_, these)| these.clone()).collect();
        match self.render(gate, &permits) {
            Ok(json) => Ok(Some((json, parts))),
            Err(Trouble::Refused(refusal)) if refusal.kind == Kind::NotFound => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// What is withheld of it and has to be recorded: whole, and why.
    pub fn withheld(&self) -> Option<(AskFor, Option<Denial>)> {
        let What::SourceTask(both, _, Some(denial)) = &self.what else { return None };
        Some((exit::source_ask(&both.0, exit::Answer::Whole), denial.clone()))
    }

    /// It in an earlier version, if that is kept: only what was supplied is.
    pub fn in_version(self, gate: &Gate, version: u64) -> Result<Option<Sight>, Trouble> {
        if self.version == Some(version) {
            return Ok(Some(self));
        }
        let What::Supplied(held) = &self.what else { return Ok(None) };
        // A Group may have been about others then.
        held.as_of(version).map(|held| supplied(gate, &self.id, held)).transpose()
    }

    /// Whether its earlier versions are kept.
    pub fn has_versions(&self) -> bool {
        matches!(self.what, What::Supplied(_))
    }

    fn made(id: &ResourceId, asks: Vec<AskFor>, of: (u64, Timestamp), what: What) -> Sight {
        Sight { id: id.clone(), asks, version: Some(of.0), changed: Some(of.1), what }
    }
}

/// The source's own Task. The target's news are in it only while consent lets them come back.
fn source_task(
    gate: &Gate,
    org: &OrgId,
    id: &ResourceId,
    referral: &ReferralId,
    held: Held,
) -> Option<Sight> {
    let referral = gate.referral(referral).filter(|one| one.source == *org)?;
    let (ask, answer, denial) = exit::source_may(gate, &referral);
    let of = (referral.version, referral.changed.max(held.changed));
    let what = What::SourceTask(Box::new((referral, held)), answer, denial);
    Some(Sight::made(id, vec![ask], of, what))
}

/// What the caller supplied, as it supplied it.
fn supplied(gate: &Gate, id: &ResourceId, held: Held) -> Result<Sight, Trouble> {
    let persons = match held.person {
        Some(person) => BTreeSet::from([person]),
        // It is kept as nobody's, and still says who is in it.
        None if id.kind() == "Group" => members(gate, &gate.document(&held)?),
        None => BTreeSet::new(),
    };
    let ask = |person| AskFor {
        person,
        claims: vec![OwnedClaim::ReturnToSupplier { supplier: held.org.clone() }],
        resources: vec![(id.clone(), held.version)],
        referral: None,
        view: "supplied",
        token: OwnedToken::default(),
    };
    let asks = persons.into_iter().map(ask).collect();
    let of = (held.version, held.changed);
    Ok(Sight::made(id, asks, of, What::Supplied(Box::new(held))))
}

/// The persons of a Group.
fn members(gate: &Gate, group: &Json) -> BTreeSet<PersonId> {
    let world = gate.scribe.published().world();
    let patients = group.list("member").iter().filter_map(|one| one.text("entity.reference"));
    let ids = patients.filter_map(|text| text.parse::<ResourceId>().ok());
    ids.filter_map(|id| world.patients.get(&id).copied()).collect()
}

fn parties(
    gate: &Gate,
    referral: &ReferralId,
    placement: &PlacementId,
) -> Option<(Referral, Placement)> {
    let referral = gate.referral(referral)?;
    let placement = referral.placement(placement)?.clone();
    Some((referral, placement))
}

fn of_placement(gate: &Gate, session: &Session, id: &ResourceId, part: Part) -> Option<Sight> {
    let org = &session.partner.org;
    let (Part::PlacementTask(referral, placement)
    | Part::PlacementRequest(referral, placement)
    | Part::Outcome(referral, placement)) = part
    else {
        return None;
    };
    let (referral, placement) = parties(gate, &referral, &placement)?;
    let mut ask = exit::forward_ask(&referral, &placement).shown(gate, session);
    let of = (placement.version, placement.changed);
    match part {
        Part::PlacementTask(..) if placement.target == *org => {
            let what = What::PlacementTask(Box::new((referral, placement)));
            Some(Sight::made(id, vec![ask], of, what))
        }
        Part::PlacementRequest(..) if placement.target == *org => {
            ask.resources = vec![(placement.request.clone(), placement.version)];
            ask.view = "request";
            let what = What::PlacementRequest(Box::new((referral, placement)));
            Some(Sight::made(id, vec![ask], of, what))
        }
        Part::Outcome(..) if referral.source == *org => {
            let mut ask = exit::source_ask(&referral, exit::Answer::Whole);
            // What the target did was never the source's: only consent brings it back.
            ask.claims.retain(|claim| matches!(claim, OwnedClaim::Consent { .. }));
            let given = placement.outcome(id)?;
            ask.resources = vec![(id.clone(), given.version)];
            ask.view = "outcome";
            let of = (given.version, given.changed);
            let what = What::Outcome(Box::new((referral, placement)));
            Some(Sight::made(id, vec![ask], of, what))
        }
        _ => None,
    }
}

/// What somebody else supplied.
fn another(
    gate: &Gate,
    session: &Session,
    id: &ResourceId,
    (held, by_name): (Held, bool),
) -> Result<Option<Sight>, Trouble> {
    let of = (held.version, held.changed);
    if is_published(&gate.scribe.published().roster.load(), id, &held) {
        return Ok(Some(Sight::made(id, Vec::new(), of, What::Supplied(Box::new(held)))));
    }
    // By its name alone.
    if let Some(claim) = by_name.then(|| clinician::claim(gate, session, &held)).flatten() {
        let ask = clinician::ask(id, &held, claim);
        let sight = |ask| Sight::made(id, vec![ask], of, What::Clinical(Box::new(held)));
        return Ok(ask.map(sight));
    }
    if id.kind() != "Patient" {
        return Ok(None);
    }
    let org = &session.partner.org;
    let Some((referral, placement)) = exit::serving(gate, org, id) else { return Ok(None) };
    if held.org != referral.source {
        return Ok(None);
    }
    let mut ask = exit::forward_ask(&referral, &placement).shown(gate, session);
    ask.resources = vec![(id.clone(), held.version)];
    ask.view = "patient";
    // For this reader it came to be when it was placed, however old it is.
    let since = gate.view.changed(org, id).map_err(super::unreadable)?;
    let of = (held.version, since.unwrap_or_default().max(held.changed));
    Ok(Some(Sight::made(id, vec![ask], of, What::Patient(Box::new(held)))))
}
