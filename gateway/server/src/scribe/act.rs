//! A party acts on a referral it takes part in.

use loopgate_fhir::{Fault, IssueCode};
use loopgate_referral::{
    Actor, Attached, Attachment, Command as Move, Event as Fact, OrgId, Outcome, PersonId,
    Placement, PlacementId, Referral, ReferralId, ResourceId, TaskStatus, Timestamp, decide_at,
    knows,
};
use sha2::{Digest, Sha256};

use super::desk::Desk;
use super::hear::{self, Consequence};
use super::settle;
use super::submission::Hearing;
use super::wish::{
    ASSIGNED_BYTES_MAX, ATTACHMENTS_MAX, NOTE_BYTES_MAX, SERVICES_MAX, Service, Wish,
};
use crate::fields::Cause;
use crate::journal::Event;
use crate::partner::Role;
use crate::refusal::{Kind, Refusal, Trouble};

/// An act on one referral.
pub struct Act {
    /// Who.
    pub org: OrgId,
    /// SHA-256 over method, path and body: a resend has the same.
    pub request: [u8; 32],
    /// A resend gets the first answer; without this, the same words are a new act.
    pub once: bool,
    /// By which door.
    pub transport: &'static str,
    /// On which referral.
    pub referral: ReferralId,
    /// Only at this version of the party's Task.
    pub if_match: Option<u64>,
    /// When it happened, by the party's own clock (MSH-7); a service given says its own time.
    pub happened: Option<Timestamp>,
    /// The HL7 v2 message it came in: both are one frame, and what is so already is taken again.
    /// `request` is its key.
    pub message: Option<Hearing>,
    /// What.
    pub wish: Wish,
}

/// What an act left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// The party's Task.
    pub task: ResourceId,
    /// Its version after the act.
    pub version: u64,
    /// Its status after the act; as first answered, if it was a resend.
    pub status: TaskStatus,
}

/// Decides an act.
pub fn decide(desk: &mut Desk<'_>, mut act: Act) -> Result<Acted, Trouble> {
    let key = (act.org.clone(), act.request);
    if let Some(message) = &act.message
        && hear::is_known(desk, &act.org, act.request, message)?
    {
        let (_, placement) = part_of(desk, &act)?;
        return standing(desk, &act, placement);
    }
    let first = desk.world().answers.get(&key).and_then(|answer| answer.first()).cloned();
    if let Some((task, version)) = first {
        // Without a key the same words are a resend only while nothing came in between.
        let current = desk.world().task_version(&task) == Some(version);
        if act.once || current {
            let status = match act.wish.leads_to() {
                Some(status) => status,
                None => standing(desk, &act, part_of(desk, &act)?.1)?.status,
            };
            return Ok(Acted { task, version, status });
        }
    }
    // Consent may have ended since the clocks were last looked at.
    settle::settle(desk, act.referral);
    let referral = desk.world().referrals.get(&act.referral);
    let referral = referral.ok_or(Trouble::from(Kind::NotFound))?;
    let (_, placement) = part_in(desk, &act, referral)?;
    if let Some(wish) = corrected(desk, &act, placement) {
        act.wish = wish;
    }
    let facts = plan(desk, &act, referral, &|_| None)?;
    let person = referral.persons.first().copied();
    let cause = Cause {
        actor: act.org.to_string(),
        transport: act.transport.into(),
        request: hex::encode(act.request),
    };
    for fact in facts {
        let docs = match (&fact, &mut act.wish) {
            (Fact::Attached { .. }, Wish::Attach { content, .. }) => vec![std::mem::take(content)],
            _ => Vec::new(),
        };
        let event = Event::Referral { referral: act.referral, fact };
        desk.record(&cause, event, docs, None);
    }
    let mut now = placement;
    if matches!(act.wish, Wish::Reroute { .. } | Wish::TakeBack) {
        settle::settle(desk, act.referral);
        // Placed with it anew, unless consent says no by now.
        if let (Wish::TakeBack, Ok((_, anew))) = (&act.wish, part_of(desk, &act)) {
            now = anew;
        }
    }
    let acted = self::standing(desk, &act, now)?;
    if let Some(message) = act.message.take() {
        let effect = Consequence { person, about: vec![act.referral], ..Consequence::default() };
        hear::record(desk, &cause, key, effect, message);
    } else if act.once || act.transport == "fhir" {
        let answer = vec![(acted.task.clone(), acted.version)];
        let event = Event::Answered { org: act.org, request: act.request, answer };
        desk.record(&cause, event, Vec::new(), None);
    }
    Ok(acted)
}

/// Whom what comes along with an act is about, and its version.
pub type Comes<'a> = &'a dyn Fn(&ResourceId) -> Option<(Option<PersonId>, u64)>;

/// What an act leads to, on a state of its referral that may be still to come. `comes` knows what comes
/// with it: whom that is about, and its version.
pub fn plan(
    desk: &Desk<'_>,
    act: &Act,
    referral: &Referral,
    comes: Comes<'_>,
) -> Result<Vec<Fact>, Trouble> {
    let (actor, placement) = part_in(desk, act, referral)?;
    let task = placement.map_or(Some(&referral.task), |id| {
        referral.placement(&id).map(|placement| &placement.task)
    });
    // As it was before anything that comes with it.
    let version = task.and_then(|task| desk.world().task_version(task));
    if act.if_match.is_some() && act.if_match != version {
        return Err(Kind::VersionConflict.into());
    }
    if let Wish::Perform { procedure, version, .. } = &act.wish {
        of_this_person(desk, act, (procedure, *version), (referral, comes))?;
    }
    let step = step(desk, act, (referral, placement))?;
    // An engine that says again what is so already is not told that it may not.
    if act.message.is_some() && knows(referral, &actor, &step) {
        return Ok(Vec::new());
    }
    Ok(decide_at(referral, &actor, step, act.happened)?)
}

/// What a target did is said by a Procedure of its own, about the person it serves, and once.
fn of_this_person(
    desk: &Desk<'_>,
    act: &Act,
    (procedure, version): (&ResourceId, u64),
    (referral, comes): (&Referral, Comes<'_>),
) -> Result<(), Trouble> {
    let held = desk.world().resources.get(procedure).filter(|held| held.org == act.org);
    let kept = held.map(|held| (held.person, held.version));
    let Some((person, now)) = comes(procedure).or(kept) else {
        return Err(output(IssueCode::NotFound, "refers to no Procedure that is here"));
    };
    if now != version {
        // It was changed since the door read it: it is to be read again.
        return Err(Trouble::Outage);
    }
    if !person.is_some_and(|person| referral.persons.contains(&person)) {
        return Err(output(IssueCode::BusinessRule, "refers to a Procedure about somebody else"));
    }
    if desk.world().outcome_of(procedure).is_some() {
        return Err(output(IssueCode::BusinessRule, "refers to what is an outcome already"));
    }
    Ok(())
}

/// A fault of the Procedure that an output refers to.
pub fn output(code: IssueCode, words: &'static str) -> Trouble {
    Refusal::invalid(vec![Fault::new(code, "Task.output[0].valueReference", words)]).into()
}

/// Which part the organization has. A held referral does not exist for its target.
fn part_of(desk: &Desk<'_>, act: &Act) -> Result<(Actor, Option<PlacementId>), Trouble> {
    let referral =
        desk.world().referrals.get(&act.referral).ok_or(Trouble::from(Kind::NotFound))?;
    part_in(desk, act, referral)
}

fn part_in(
    desk: &Desk<'_>,
    act: &Act,
    referral: &Referral,
) -> Result<(Actor, Option<PlacementId>), Trouble> {
    let suspended = desk.roster().get(&act.org).is_none_or(|partner| partner.suspended);
    if referral.source == act.org {
        // Suspended since the door looked.
        return if suspended {
            Err(Kind::Forbidden.into())
        } else {
            Ok((Actor::Source(act.org.clone()), None))
        };
    }
    let placed = referral.placements.iter().rev().find(|one| one.target == act.org);
    match placed {
        Some(placement) if !suspended && !settle::is_held(referral) => {
            Ok((Actor::Target(act.org.clone()), Some(placement.id)))
        }
        _ => Err(Kind::NotFound.into()),
    }
}

fn standing(desk: &Desk<'_>, act: &Act, placement: Option<PlacementId>) -> Result<Acted, Trouble> {
    let referral =
        desk.world().referrals.get(&act.referral).ok_or(Trouble::from(Kind::NotFound))?;
    let Some(placement) = placement else {
        let (task, version) = (referral.task.clone(), referral.version);
        return Ok(Acted { task, version, status: referral.state.status() });
    };
    let placement = referral.placement(&placement).ok_or(Trouble::from(Kind::NotFound))?;
    Ok(Acted {
        task: placement.task.clone(),
        version: placement.version,
        status: placement.state.status(),
    })
}

fn step(
    desk: &Desk<'_>,
    act: &Act,
    (referral, placement): (&Referral, Option<PlacementId>),
) -> Result<Move, Trouble> {
    let at = || placement.ok_or(Trouble::from(Kind::IllegalMove));
    Ok(match &act.wish {
        Wish::Source(step) => Move::Source(step.clone()),
        Wish::Target(step) => Move::Target(at()?, step.clone()),
        Wish::Book(appointment) => Move::Book(at()?, appointment.clone()),
        Wish::CancelAppointment => Move::CancelAppointment(at()?),
        Wish::NoShow => Move::NoShow(at()?),
        Wish::Note(text) => Move::Note(at()?, note(text)?),
        Wish::AgreeCancel => Move::AgreeCancel(at()?),
        Wish::RefuseCancel { why } => Move::RefuseCancel(at()?, why.clone()),
        Wish::Serve { services } => {
            Move::Serve(at()?, outcomes(desk, services, Vec::new().into_iter())?)
        }
        Wish::Perform { procedure, code, text, performed, .. } => {
            let (procedure, code) = (procedure.clone(), code.clone());
            let (text, performed) = (text.clone(), *performed);
            Move::Serve(at()?, vec![Outcome { procedure, code, text, performed }])
        }
        Wish::Reword { procedure, code, text, performed } => {
            let id = at()?;
            let mut given = given(referral, &id);
            let said = given.iter_mut().find(|one| one.procedure == *procedure);
            // It was another Procedure's part when the door looked.
            let said = said.ok_or(Trouble::Outage)?;
            (said.code, said.text, said.performed) = (code.clone(), text.clone(), *performed);
            Move::Correct(id, given)
        }
        Wish::Correct { services } => {
            let id = at()?;
            let given = given(referral, &id);
            if given.is_empty() {
                return Err(Kind::IllegalMove.into());
            }
            Move::Correct(id, outcomes(desk, services, given.into_iter())?)
        }
        Wish::Attempt(attempt) => {
            let mut attempt = attempt.clone();
            attempt.text = attempt.text.map(|text| note(&text)).transpose()?;
            Move::Attempt(at()?, attempt)
        }
        Wish::Comment(text) => Move::Comment(either(act, referral, placement)?, note(text)?),
        Wish::Assign(to) => {
            let short = |to: &String| to.len() <= ASSIGNED_BYTES_MAX && !to.trim().is_empty();
            if !to.as_ref().is_none_or(short) {
                return Err(Refusal::invalid(vec![Fault::new(
                    IssueCode::Value,
                    "to",
                    "is a text of 1 to 100 bytes",
                )])
                .into());
            }
            Move::Assign(at()?, to.clone())
        }
        Wish::SafeContact(text) => Move::SafeContact(at()?, text.as_deref().map(note).transpose()?),
        Wish::Reroute { to, why } => {
            let known = desk.roster().get(to).filter(|partner| {
                partner.is(Role::Target) && !partner.suspended && *to != referral.source
            });
            if known.is_none() {
                let words = "names no organization that can be referred to";
                return Err(
                    Refusal::invalid(vec![Fault::new(IssueCode::NotFound, "to", words)]).into()
                );
            }
            Move::Reroute(at()?, to.clone(), why.clone())
        }
        Wish::TakeBack => Move::TakeBack(at()?, desk.at),
        Wish::Attach { attachment, content } => {
            let mut attachment = attachment.clone();
            attachment.sha256 = Sha256::digest(content).into();
            attachment.bytes = content.len() as u64;
            may_add(act, referral, &attachment)?;
            Move::Attach(either(act, referral, placement)?, attachment)
        }
    })
}

/// Nobody adds a document twice, and a referral has not too many.
fn may_add(act: &Act, referral: &Referral, new: &Attachment) -> Result<(), Trouble> {
    // Another that had it before has its own.
    let all = referral.with_newest().flat_map(|placement| &placement.attachments);
    let by_target = referral.source != act.org;
    let same = |one: &Attached| {
        let known = &one.attachment;
        one.by_target == by_target && (known.sha256, &known.name) == (new.sha256, &new.name)
    };
    if all.clone().any(same) {
        return Err(Kind::Duplicate.into());
    }
    if all.count() >= ATTACHMENTS_MAX {
        let words = "the referral has as many documents as it may have";
        return Err(Refusal::invalid(vec![Fault::new(IssueCode::TooLong, "", words)]).into());
    }
    Ok(())
}

/// The placement that a source or target has to do with.
fn either(
    act: &Act,
    referral: &Referral,
    placement: Option<PlacementId>,
) -> Result<PlacementId, Trouble> {
    let last = || referral.placements.last().map(|last| last.id);
    let own = (referral.source == act.org).then(last).flatten();
    placement.or(own).ok_or(Trouble::from(Kind::IllegalMove))
}

/// What was said to be given.
fn given(referral: &Referral, placement: &PlacementId) -> Vec<Outcome> {
    let placement = referral.placement(placement);
    placement.into_iter().flat_map(Placement::given).cloned().collect()
}

/// Services as outcomes: each under the Procedure of the one said in its place before, or a new one.
fn outcomes(
    desk: &Desk<'_>,
    services: &[Service],
    mut before: impl Iterator<Item = Outcome>,
) -> Result<Vec<Outcome>, Trouble> {
    if services.is_empty() || services.len() > SERVICES_MAX {
        let words = "needs 1 to 50 services";
        return Err(Refusal::invalid(vec![Fault::new(IssueCode::Value, "services", words)]).into());
    }
    let said = services.iter().map(|Service { code, text, performed }| {
        let (procedure, first) = match before.next() {
            Some(known) => (known.procedure, known.performed),
            None => (settle::ours(desk, "Procedure"), desk.at),
        };
        let (code, text, performed) = (code.clone(), text.clone(), performed.unwrap_or(first));
        Outcome { procedure, code, text, performed }
    });
    Ok(said.collect())
}

/// A message that tells an outcome again tells it as it is now: whether it was told before is not its
/// sender's to know. One that was written before what is known is late, and corrects nothing.
fn corrected(desk: &Desk<'_>, act: &Act, placement: Option<PlacementId>) -> Option<Wish> {
    let Wish::Serve { services } = &act.wish else { return None };
    let known = desk.world().referrals.get(&act.referral)?.placement(&placement?)?;
    let late = act.happened.zip(known.said).is_some_and(|(then, said)| then < said);
    let completed = known.state.status() == TaskStatus::Completed && known.given().next().is_some();
    let services = services.clone();
    (act.message.is_some() && completed && !late).then_some(Wish::Correct { services })
}

fn note(text: &str) -> Result<String, Trouble> {
    let text = text.trim();
    if text.is_empty() || text.len() > NOTE_BYTES_MAX {
        let words = "is a text of 1 to 1000 bytes";
        return Err(
            Refusal::invalid(vec![Fault::new(IssueCode::Value, "Task.note.text", words)]).into()
        );
    }
    Ok(text.to_owned())
}
