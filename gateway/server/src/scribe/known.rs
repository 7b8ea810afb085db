//! What a submission is checked against before anything of it is recorded.

use std::collections::HashMap;

use loopgate_fhir::{Fault, IssueCode, PartyRef, RequestIn, TaskIn};
use loopgate_referral::{Identifier, OrgId, PersonId, ResourceId, TaskStatus};

use super::desk::Desk;
use super::submission::{Incoming, Meaning, Purpose, Submission};
use crate::journal::RequestFacts;
use crate::partner::Role;
use crate::refusal::{Kind, Refusal, Trouble};

/// A referral that nothing stands in the way of.
pub struct PlannedReferral {
    pub owner: OrgId,
    pub facts: RequestFacts,
    pub task: ResourceId,
    pub request: ResourceId,
    pub patient: String,
}

/// What the checks look things up in.
pub struct Known<'a> {
    desk: &'a Desk<'a>,
    submission: &'a Submission,
    here: HashMap<&'a str, &'a Incoming>,
}

impl<'a> Known<'a> {
    pub fn of(desk: &'a Desk<'_>, submission: &'a Submission) -> Known<'a> {
        let here = submission.incoming.iter().map(|one| (one.id.as_str(), one)).collect();
        Known { desk, submission, here }
    }

    /// Kept already, by the same organization: another's resources do not exist for it.
    fn held(&self, reference: &str) -> Option<&crate::fold::Held> {
        let id: ResourceId = reference.parse().ok()?;
        self.desk.world().resources.get(&id).filter(|held| held.org == self.submission.org)
    }

    pub fn check_references(&self, incoming: &Incoming, faults: &mut Vec<Fault>) {
        for (expression, target) in &incoming.references {
            let ours = target
                .strip_prefix("Organization/")
                .and_then(|name| name.parse().ok())
                .is_some_and(|org| self.desk.roster().get(&org).is_some());
            let found = self.here.contains_key(target.as_str()) || self.held(target).is_some();
            if !found && !ours {
                let words = "the resource referred to is not here";
                faults.push(Fault::new(IssueCode::NotFound, expression, words));
            }
        }
        let about_person = !matches!(incoming.meaning, Meaning::Patient(_));
        let patient = incoming.patient.as_deref().filter(|_| about_person);
        if let Some(patient) = patient
            && !self.patient_known(patient)
        {
            let words = "the patient referred to is not here";
            faults.push(Fault::new(IssueCode::NotFound, &incoming.place, words));
        }
        let Meaning::Group(group) = &incoming.meaning else { return };
        for member in group.members.iter().filter(|one| !self.patient_known(&one.text)) {
            let words = "the member is no patient that is here";
            let at = member.expression.replacen("Group", &incoming.place, 1);
            faults.push(Fault::new(IssueCode::NotFound, at, words));
        }
    }

    fn patient_known(&self, reference: &str) -> bool {
        let here = self.here.get(reference);
        let is_patient = here.is_some_and(|one| matches!(one.meaning, Meaning::Patient(_)));
        let of_person = |id: &ResourceId| self.desk.world().patients.contains_key(id);
        is_patient
            || self.held(reference).is_some() && reference.parse().is_ok_and(|id| of_person(&id))
    }

    pub fn versions(&self, faults: &mut Vec<Fault>) -> Result<Vec<u64>, Trouble> {
        let Purpose::Update(if_match) = self.submission.purpose else {
            return Ok(vec![1; self.submission.incoming.len()]);
        };
        let mut versions = Vec::new();
        for incoming in &self.submission.incoming {
            let held = self.held(incoming.id.as_str()).ok_or(Trouble::from(Kind::NotFound))?;
            if if_match.is_some_and(|version| version != held.version) {
                return Err(Kind::VersionConflict.into());
            }
            let about = self.person_reference(incoming);
            if about != held.person {
                let words = "an update may not change whom it is about";
                faults.push(Fault::new(IssueCode::BusinessRule, &incoming.place, words));
            }
            let is_referral = self.desk.world().parts.contains_key(&incoming.id);
            if incoming.id.kind() == "Task"
                && is_referral != matches!(incoming.meaning, Meaning::Task(_))
            {
                let words =
                    "an update may not make a referral of a Task, nor of a referral another";
                faults.push(Fault::new(IssueCode::BusinessRule, &incoming.place, words));
            }
            versions.push(held.version + 1);
        }
        Ok(versions)
    }

    fn person_reference(&self, incoming: &Incoming) -> Option<PersonId> {
        let patient: ResourceId = incoming.patient.as_deref()?.parse().ok()?;
        self.desk.world().patients.get(&patient).copied()
    }

    /// The same referral under the same business identifier, with other content.
    pub fn duplicate(&self, incoming: &Incoming, task: &TaskIn) -> Result<(), Trouble> {
        let twice = |id: &Identifier| {
            let tasks = self.submission.incoming.iter().filter_map(|one| match &one.meaning {
                Meaning::Task(task) => Some(&task.identifiers),
                _ => None,
            });
            tasks.filter(|identifiers| identifiers.contains(id)).count() > 1
        };
        self.taken(incoming, task, &|id| self.task_of(id).is_some() || twice(id))
    }

    /// The business identifier of another referral than this Task's.
    pub fn other_than(
        &self,
        incoming: &Incoming,
        task: &TaskIn,
        own: &ResourceId,
    ) -> Result<(), Trouble> {
        self.taken(incoming, task, &|id| self.task_of(id).is_some_and(|other| other != own))
    }

    fn task_of(&self, id: &Identifier) -> Option<&ResourceId> {
        self.desk.world().task_keys.get(&(self.submission.org.clone(), id.clone()))
    }

    fn taken(
        &self,
        incoming: &Incoming,
        task: &TaskIn,
        is_taken: &dyn Fn(&Identifier) -> bool,
    ) -> Result<(), Trouble> {
        if task.identifiers.iter().any(is_taken) {
            let expression = format!("{}.identifier", incoming.place);
            let words = "a referral with this identifier was submitted before";
            let fault = Fault::new(IssueCode::Duplicate, &expression, words);
            return Err(Refusal::at(Kind::Duplicate, vec![fault]).into());
        }
        Ok(())
    }

    pub fn plan_referral(
        &self,
        incoming: &Incoming,
        task: &TaskIn,
        faults: &mut Vec<Fault>,
    ) -> Option<PlannedReferral> {
        let mut fault = |element: &str, code, words| {
            faults.push(Fault::new(code, format!("{}.{element}", incoming.place), words));
        };
        if task.status != TaskStatus::Requested {
            fault("status", IssueCode::BusinessRule, "a referral arrives as requested");
        }
        if !task.part_of.is_empty() {
            fault("partOf", IssueCode::BusinessRule, "a referral arrives without partOf");
        }
        if task.has_output {
            fault("output", IssueCode::BusinessRule, "a referral arrives without output");
        }
        let owner = self.owner(task.owner.as_ref());
        if owner.is_none() {
            fault("owner", IssueCode::BusinessRule, "the owner must be a community partner");
        }
        let facts = self.request(&task.focus);
        if facts.is_none() {
            fault("focus", IssueCode::NotFound, "the ServiceRequest is not here");
        }
        // Consent is asked for each need, and a community dialect says one.
        if facts.as_ref().is_some_and(|facts| facts.needs.len() > 1) {
            let words = "the ServiceRequest has several SDOH categories; send one for each need";
            fault("focus", IssueCode::NotSupported, words);
        }
        if facts.as_ref().is_some_and(|facts| facts.patient != task.patient) {
            fault("for", IssueCode::BusinessRule, "the ServiceRequest is about somebody else");
            return None;
        }
        Some(PlannedReferral {
            owner: owner?,
            facts: facts?,
            task: incoming.id.clone(),
            request: task.focus.parse().ok()?,
            patient: task.patient.clone(),
        })
    }

    /// The community partner that an owner is.
    pub fn owner(&self, owner: Option<&PartyRef>) -> Option<OrgId> {
        let roster = self.desk.roster();
        let partner = roster.by_reference(owner?, &|text| self.identifiers(text))?;
        partner.is(Role::Target).then(|| partner.org.clone())
    }

    /// The identifiers of an Organization that is here or kept.
    fn identifiers(&self, reference: &str) -> Option<Vec<Identifier>> {
        match self.here.get(reference).map(|one| &one.meaning) {
            Some(Meaning::Organization(identifiers)) => Some(identifiers.clone()),
            _ => self.held(reference).map(|held| held.identifiers.clone()),
        }
    }

    fn request(&self, reference: &str) -> Option<RequestFacts> {
        match self.here.get(reference).map(|one| &one.meaning) {
            Some(Meaning::Request(request)) => Some(request_facts(request)),
            _ => self.held(reference).and_then(|held| held.request.clone()),
        }
    }
}

/// What a ServiceRequest asks for, as it is kept.
pub fn request_facts(request: &RequestIn) -> RequestFacts {
    RequestFacts {
        patient: request.subject.clone(),
        needs: request.needs.clone(),
        contact_prohibited: request.contact_prohibited,
    }
}
