//! What a submission will do, once nothing can refuse it any more: the scribe folds as it records and
//! takes nothing back, so all of it is decided first, on the state that each step will find.

use std::collections::{BTreeMap, BTreeSet};

use loopgate_fhir::{Fault, IssueCode, RequestIn, RequestStatus};
use loopgate_referral::{
    Actor, Command as Move, Event as ReferralEvent, Referral, ReferralId, ResourceId, SourceMove,
    StatusReason, decide as decide_referral,
};

use super::act::{self, Act};
use super::desk::Desk;
use super::hear::{self, Consequence};
use super::known::{Known, PlannedReferral};
use super::settle;
use super::submission::{Incoming, Looked, Meaning, Submission, Verb};
use super::submit::{cause_of, keep, receive, register_patients};
use super::wish::Wish;
use crate::fields::Cause;
use crate::fold::Answer;
use crate::journal::Event;
use crate::refusal::{Kind, Refusal, Trouble};
use crate::reply;

/// A submission that nothing stands in the way of.
pub struct Plan {
    /// The referrals that are new.
    referrals: Vec<PlannedReferral>,
    /// The version of each resource.
    versions: Vec<u64>,
    /// What happens to referrals that are here, in this order.
    moves: Vec<(ReferralId, Vec<ReferralEvent>)>,
}

impl Plan {
    pub fn make(desk: &Desk<'_>, submission: &Submission) -> Result<Plan, Trouble> {
        if !is_as_seen(desk, submission) {
            // What a condition was decided on has changed: it is to be decided anew.
            return Err(Trouble::Outage);
        }
        let known = Known::of(desk, submission);
        let mut faults = Vec::new();
        for incoming in &submission.incoming {
            known.check_references(incoming, &mut faults);
        }
        let versions = known.versions(&mut faults)?;
        if !faults.is_empty() {
            return Err(Refusal::invalid(faults).into());
        }
        let mut referrals = Vec::new();
        let mut moving =
            Moving { desk, states: BTreeMap::new(), moves: Vec::new(), performed: BTreeSet::new() };
        for incoming in &submission.incoming {
            match (&incoming.meaning, incoming.verb) {
                (Meaning::Task(task), Verb::Create) => {
                    known.duplicate(incoming, task)?;
                    referrals.extend(known.plan_referral(incoming, task, &mut faults));
                }
                // What a referral's Task says is moved, and by an act.
                (Meaning::Task(_), Verb::Update(_)) => return Err(Kind::IllegalMove.into()),
                (Meaning::Request(request), Verb::Update(_)) => {
                    moving.request((incoming, request), submission, &mut faults)?;
                }
                _ => {}
            }
        }
        if !faults.is_empty() {
            return Err(Refusal::invalid(faults).into());
        }
        for (place, act) in &submission.along.acts {
            moving.act(act, submission, &versions).map_err(|why| located(why, place))?;
        }
        for one in &submission.incoming {
            // It became an outcome since the door looked: it is to be sent again.
            let told = |(_, act): &(String, Act)| act.wish.corrects(&one.id);
            if known.is_outcome(&one.id) && !submission.along.acts.iter().any(told) {
                return Err(Trouble::Outage);
            }
        }
        Ok(Plan { referrals, versions, moves: moving.moves })
    }

    pub fn carry_out(self, desk: &mut Desk<'_>, submission: Submission) -> Answer {
        let cause = cause_of(&submission);
        let Submission { org, request, incoming, message, along, .. } = submission;
        // First, while each referral is as the plan found it.
        for (referral, facts) in &self.moves {
            move_on(desk, &cause, *referral, facts);
        }
        register_patients(desk, &cause, &org, &incoming);
        let kept = keep(desk, &cause, &org, incoming, self.versions);
        for (referral, _) in self.moves {
            settle::settle(desk, referral);
        }
        let mut referrals = Vec::new();
        for planned in self.referrals {
            referrals.push(receive(desk, &cause, &org, planned));
        }
        let mut asked = along.answers;
        if asked.is_empty() {
            asked = kept.into_iter().map(|(id, _)| id).collect();
        }
        // A referral may have moved since it was received, in this very frame.
        let version = |id: &_| desk.world().version(id).unwrap_or_default();
        let versions: Vec<u64> = asked.iter().map(version).collect();
        let answer: Answer = asked.into_iter().zip(versions).collect();
        match message {
            Some(message) => {
                let first = referrals.first().and_then(|id| desk.world().referrals.get(id));
                let person = first.and_then(|referral| referral.persons.first().copied());
                let effect = Consequence { person, brought: referrals, about: Vec::new() };
                hear::record(desk, &cause, (org, request), effect, message);
            }
            None => {
                let event = Event::Answered { org, request, answer: answer.clone() };
                desk.record(&cause, event, Vec::new(), None);
            }
        }
        answer
    }
}

fn move_on(desk: &mut Desk<'_>, cause: &Cause, referral: ReferralId, facts: &[ReferralEvent]) {
    for fact in facts {
        let event = Event::Referral { referral, fact: fact.clone() };
        desk.record(cause, event, Vec::new(), None);
    }
}

/// Whether nothing of what a condition looked through has changed since.
fn is_as_seen(desk: &Desk<'_>, submission: &Submission) -> bool {
    let Some(Looked { until, kinds }) = &submission.along.looked else { return true };
    let supplied_at = &desk.world().supplied_at;
    kinds.iter().all(|kind| {
        let at = supplied_at.get(&(submission.org.clone(), kind.clone()));
        at.is_none_or(|at| at <= until)
    })
}

/// A refusal of an act, at its place in the message.
pub fn located(trouble: Trouble, place: &str) -> Trouble {
    let Trouble::Refused(mut refusal) = trouble else { return trouble };
    if place == "Task" {
        return refusal.into();
    }
    for fault in &mut refusal.faults {
        fault.expression = fault.expression.replacen("Task", place, 1);
    }
    if refusal.faults.is_empty() {
        let row = reply::row(refusal.kind);
        refusal.faults.push(Fault::new(row.issue, place, row.words));
    }
    refusal.into()
}

/// What is decided of referrals so far, each as it will be.
struct Moving<'a> {
    desk: &'a Desk<'a>,
    states: BTreeMap<ReferralId, Referral>,
    moves: Vec<(ReferralId, Vec<ReferralEvent>)>,
    /// Procedures that are outcomes by now.
    performed: BTreeSet<ResourceId>,
}

impl Moving<'_> {
    fn state(&self, id: &ReferralId) -> Option<&Referral> {
        self.states.get(id).or_else(|| self.desk.world().referrals.get(id))
    }

    fn add(&mut self, id: ReferralId, facts: Vec<ReferralEvent>) {
        let state = self.state(&id).cloned();
        let at = self.desk.at;
        let state = facts.iter().fold(state, |state, fact| Referral::evolve(state, fact, at));
        self.states.extend(state.map(|state| (id, state)));
        self.moves.push((id, facts));
    }

    fn act(&mut self, act: &Act, submission: &Submission, versions: &[u64]) -> Result<(), Trouble> {
        if let Wish::Perform { procedure, .. } = &act.wish
            && !self.performed.insert(procedure.clone())
        {
            return Err(act::output(
                IssueCode::BusinessRule,
                "refers to what is an outcome already",
            ));
        }
        let referral = self.state(&act.referral).ok_or(Trouble::from(Kind::NotFound))?;
        let comes = |id: &ResourceId| {
            let all = submission.incoming.iter().zip(versions);
            let found = all.into_iter().find(|(one, _)| one.id == *id);
            found.map(|(one, version)| (super::submit::person_of(self.desk, one), *version))
        };
        let facts = act::plan(self.desk, act, referral, &comes)?;
        self.add(act.referral, facts);
        Ok(())
    }

    /// A ServiceRequest is replaced: its referrals go by what it says now (SDOHCC: the request is under its
    /// requester's control, and who serves watches it).
    fn request(
        &mut self,
        (incoming, request): (&Incoming, &RequestIn),
        submission: &Submission,
        faults: &mut Vec<Fault>,
    ) -> Result<(), Trouble> {
        let ids = self.desk.world().requests.get(&incoming.id);
        for id in ids.into_iter().flatten().copied().collect::<Vec<_>>() {
            let Some(referral) = self.state(&id).filter(|one| !one.state.is_final()) else {
                continue;
            };
            if request.needs != referral.needs {
                let at = format!("{}.category", incoming.place);
                let words = "is another need: send a new referral";
                faults.push(Fault::new(IssueCode::BusinessRule, at, words));
            }
            let source = Actor::Source(submission.org.clone());
            let step = match step(request) {
                Some(SourceMove::AskToCancel { .. }) if referral.cancel_asked().is_some() => {
                    continue;
                }
                Some(step) => Move::Source(step),
                None => Move::Amend { contact_prohibited: request.contact_prohibited },
            };
            let facts = decide_referral(referral, &source, step)
                .map_err(|why| located(why.into(), &incoming.place))?;
            self.add(id, facts);
        }
        Ok(())
    }
}

/// What a request that is taken back says of its referral.
fn step(request: &RequestIn) -> Option<SourceMove> {
    match request.status {
        RequestStatus::Revoked => {
            let why = StatusReason::new("request-revoked", "the request was revoked")?;
            Some(SourceMove::AskToCancel { why })
        }
        RequestStatus::EnteredInError => Some(SourceMove::EnterInError),
        _ => None,
    }
}
