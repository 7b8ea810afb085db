//! What a submission is checked against before anything of it is recorded.

use std::collections::HashMap;

use loopgate_fhir::{Fault, IssueCode, PartyRef, RequestIn, Served, TaskIn};
use loopgate_referral::{Identifier, OrgId, PersonId, ResourceId, TaskStatus};

use super::desk::Desk;
use super::serves::is_published;
use super::submission::{Incoming, Meaning, Submission, Verb};
use crate::fold::Held;
use crate::journal::RequestFacts;
use crate::partner::{Partner, Role};
use crate::refusal::{Kind, Refusal, Trouble};

/// A referral that nothing stands in the way of.
pub struct PlannedReferral {
    pub owner: OrgId,
    pub facts: RequestFacts,
    pub task: ResourceId,
    pub request: ResourceId,
    pub patient: String,
}

/// Whom a resource is about.
#[derive(PartialEq)]
enum About {
    Nobody,
    /// A Patient that comes with it.
    Here(ResourceId),
    Known(PersonId),
}

const MISSING: &str = "there is no such thing here";
const CHANGED: &str = "it was changed in between";

/// Types that a target hands in about a person whom it serves, and never about nobody.
fn needs_person(kind: &str) -> bool {
    matches!(kind, "Procedure" | "DocumentReference" | "QuestionnaireResponse" | "Observation")
}

/// What the checks look things up in.
pub struct Known<'a> {
    desk: &'a Desk<'a>,
    submission: &'a Submission,
    here: HashMap<&'a str, &'a Incoming>,
    /// The supplier may refer, and name any resource of its own.
    submits: bool,
}

impl<'a> Known<'a> {
    pub fn of(desk: &'a Desk<'_>, submission: &'a Submission) -> Known<'a> {
        let here = submission.incoming.iter().map(|one| (one.id.as_str(), one)).collect();
        let partner = desk.roster().get(&submission.org);
        let submits = partner.is_some_and(Partner::submits);
        Known { desk, submission, here, submits }
    }

    /// Kept already, by the same organization: another's resources do not exist for it.
    fn held(&self, reference: &str) -> Option<&Held> {
        let id: ResourceId = reference.parse().ok()?;
        self.desk.world().resources.get(&id).filter(|held| held.org == self.submission.org)
    }

    /// A partner of the tenant by the name it has here, or what a target published.
    fn in_directory(&self, reference: &str) -> bool {
        let Ok(id) = reference.parse::<ResourceId>() else { return false };
        let roster = self.desk.roster();
        let named = id.kind() == "Organization"
            && (id.id() == crate::gate::OWN_ID
                || id.id().parse().is_ok_and(|org| roster.get(&org).is_some()));
        let kept = self.desk.world().resources.get(&id);
        named || kept.is_some_and(|held| is_published(roster, &id, held))
    }

    /// Whom the supplier serves now, by its Patient, or our Task or ServiceRequest to the supplier.
    fn served(&self, reference: &str) -> Option<PersonId> {
        let id: ResourceId = reference.parse().ok()?;
        self.desk.world().served_by(&self.submission.org, &id)
    }

    pub fn check_references(&self, incoming: &Incoming, faults: &mut Vec<Fault>) {
        let about = self.about(incoming);
        for (expression, target) in &incoming.references {
            let own = self.here.contains_key(target.as_str()) || self.held(target).is_some();
            let of_another = match self.whose(target) {
                // What a target supplies of one person says nothing of another.
                Some(whose) if !self.submits => about.as_ref() != Some(&whose),
                _ => false,
            };
            let found = own || self.in_directory(target) || self.served(target).is_some();
            if !found || of_another {
                let words = "the resource referred to is not here";
                faults.push(Fault::new(IssueCode::NotFound, expression, words));
            }
        }
        if about.is_none() {
            let words = "the patient referred to is not here";
            faults.push(Fault::new(IssueCode::NotFound, &incoming.place, words));
        }
        if about == Some(About::Nobody) && !self.submits && needs_person(incoming.id.kind()) {
            let words = "names no patient that is served now";
            faults.push(Fault::new(IssueCode::Required, &incoming.place, words));
        }
        let Meaning::Group(group) = &incoming.meaning else { return };
        for member in group.members.iter().filter(|one| self.patient(&one.text).is_none()) {
            let words = "the member is no patient that is here";
            let at = member.expression.replacen("Group", &incoming.place, 1);
            faults.push(Fault::new(IssueCode::NotFound, at, words));
        }
    }

    /// Whom a resource is about; nothing, if it is a patient that is not here.
    fn about(&self, incoming: &Incoming) -> Option<About> {
        if matches!(incoming.meaning, Meaning::Patient(_)) {
            return Some(About::Here(incoming.id.clone()));
        }
        match incoming.patient.as_deref() {
            None => Some(About::Nobody),
            Some(patient) => self.patient(patient).or_else(|| {
                // Of whom it only serves, nobody refers or says what they consented to.
                let may = Served::of(incoming.id.kind()).is_some_and(|served| served.by_target);
                self.served(patient).filter(|_| may).map(About::Known)
            }),
        }
    }

    /// A Patient that comes with it, or that the supplier supplied before.
    fn patient(&self, reference: &str) -> Option<About> {
        let id: ResourceId = reference.parse().ok()?;
        if let Some(one) = self.here.get(reference)
            && matches!((&one.meaning, one.verb), (Meaning::Patient(_), Verb::Create))
        {
            return Some(About::Here(id));
        }
        self.held(reference)?;
        self.desk.world().patients.get(&id).copied().map(About::Known)
    }

    /// Whom what a reference leads to is about, if it is about anybody.
    fn whose(&self, reference: &str) -> Option<About> {
        if let Some(one) = self.here.get(reference) {
            return self.about(one).filter(|about| *about != About::Nobody);
        }
        let own = self.held(reference).and_then(|held| held.person);
        own.or_else(|| self.served(reference)).map(About::Known)
    }

    /// The versions that what comes in gets.
    pub fn versions(&self, faults: &mut Vec<Fault>) -> Result<Vec<u64>, Trouble> {
        let all = self.submission.incoming.iter();
        all.map(|incoming| match incoming.verb {
            Verb::Create => Ok(1),
            Verb::Update(if_match) => self.replaces(incoming, if_match, faults),
        })
        .collect()
    }

    fn replaces(
        &self,
        incoming: &Incoming,
        if_match: Option<u64>,
        faults: &mut Vec<Fault>,
    ) -> Result<u64, Trouble> {
        let missing = || self.refused(Kind::NotFound, IssueCode::NotFound, incoming, MISSING);
        let held = self.held(incoming.id.as_str()).ok_or_else(missing)?;
        if if_match.is_some_and(|version| version != held.version) {
            return Err(self.refused(
                Kind::VersionConflict,
                IssueCode::Conflict,
                incoming,
                CHANGED,
            ));
        }
        let about = match self.about(incoming) {
            Some(About::Known(person)) => Some(person),
            Some(About::Here(_)) => self.again(incoming, held),
            _ => None,
        };
        if about != held.person {
            let words = "an update may not change whom it is about";
            faults.push(Fault::new(IssueCode::BusinessRule, &incoming.place, words));
        }
        let is_referral = self.desk.world().parts.contains_key(&incoming.id);
        if incoming.id.kind() == "Task"
            && is_referral != matches!(incoming.meaning, Meaning::Task(_))
        {
            let words = "an update may not make a referral of a Task, nor of a referral another";
            faults.push(Fault::new(IssueCode::BusinessRule, &incoming.place, words));
        }
        Ok(held.version + 1)
    }

    /// The person that a Patient is, if it says that of itself still.
    fn again(&self, incoming: &Incoming, held: &Held) -> Option<PersonId> {
        let Meaning::Patient(patient) = &incoming.meaning else { return None };
        let said = super::submit::presented(self.desk, &self.submission.org, patient);
        let shared = &self.desk.settings().shared_systems;
        let person = held.person?;
        self.desk.world().persons.again(&said, shared, person).map(|_| person)
    }

    /// A refusal of a whole request; of one entry of a Bundle with its place.
    fn refused(
        &self,
        kind: Kind,
        code: IssueCode,
        incoming: &Incoming,
        words: &'static str,
    ) -> Trouble {
        match incoming.place.strip_suffix(".resource") {
            Some(entry) => {
                let at = format!("{entry}.request");
                Refusal::at(kind, vec![Fault::new(code, at, words)]).into()
            }
            None => kind.into(),
        }
    }

    /// Whether it is the outcome of a referral, which its target corrects along with it.
    pub fn is_outcome(&self, id: &ResourceId) -> bool {
        self.desk.world().outcome_of(id).is_some()
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
        urgent: request.urgent,
    }
}
