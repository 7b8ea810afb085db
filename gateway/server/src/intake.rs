//! The one pipeline behind every inbound door: a message is read, checked and named, then handed to
//! the scribe. A new door calls it; it never copies it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::tz::Offset;
use loopgate_fhir::{
    ConsentIn, Fault, GroupIn, IssueCode, Limits, PatientIn, PatientTaskIn, RefText, RequestIn,
    Resource, TaskIn, dated, labels, organization_identifiers, person_reference, references,
    rewrite,
};
use loopgate_referral::{OrgId, PersonId, ReferralId, ResourceId};
use sha2::{Digest, Sha256};

use crate::bundle::Part;
use crate::fold::Answer;
use crate::gate::{Gate, Request};
use crate::ids;
use crate::refusal::{Kind, Refusal, Trouble};
use crate::scribe::{Along, Command, Hearing, Incoming, Meaning, Merge, Purpose, Submission, Verb};

/// What references of a message lead to, by their text: an entry's `fullUrl`, or a condition.
#[derive(Debug, Clone, Default)]
pub struct Names(pub HashMap<String, ResourceId>);

impl Names {
    /// What a reference of the entry that is called `full_url` leads to, if it leads into the message.
    pub fn of(&self, text: &str, full_url: Option<&str>) -> Option<&ResourceId> {
        if let Some(found) = self.0.get(text) {
            return Some(found);
        }
        // R4 bundle.html#references: a relative one is under the base that the entry's own name has.
        let (rest, _) = full_url?.rsplit_once('/')?;
        let (base, _) = rest.rsplit_once('/')?;
        self.0.get(&format!("{base}/{text}"))
    }
}

/// What an HL7 v2 message brings, once translated: parts that refer to each other by `urn:uuid`. All
/// of it, or nothing. Faults are located from each part's type.
pub fn message(
    gate: &Gate,
    org: &OrgId,
    (key, purpose): ([u8; 32], Purpose),
    parts: Vec<Part>,
    message: Hearing,
) -> Result<Answer, Trouble> {
    let submission = Submission {
        org: org.clone(),
        request: key,
        transport: "mllp",
        incoming: parts_read(gate, org, parts)?,
        purpose,
        message: Some(message),
        along: Along::default(),
    };
    gate.scribe.ask_blocking(|reply| Command::Submit(Box::new(submission), reply))
}

/// What a community organization refers, once translated, in a request of this SHA-256; of whom it serves
/// in a referral, if one is named. The answer is the source's Task.
pub fn community(
    gate: &Gate,
    org: &OrgId,
    request: [u8; 32],
    parts: Vec<Part>,
    referred_on: Option<ReferralId>,
) -> Result<Answer, Trouble> {
    let incoming = parts_read(gate, org, parts)?;
    let is_task = |one: &&Incoming| one.id.kind() == "Task";
    let answers = incoming.iter().filter(is_task).map(|one| one.id.clone()).collect();
    let submission = Submission {
        org: org.clone(),
        request,
        transport: "cbo-rest",
        incoming,
        purpose: Purpose::Keep,
        message: None,
        along: Along { answers, referred_on, ..Along::default() },
    };
    gate.scribe.ask_blocking(|reply| Command::Submit(Box::new(submission), reply))
}

/// Parts that refer to each other by `urn:uuid`, read and named; all of them, or every fault.
pub fn parts_read(gate: &Gate, org: &OrgId, parts: Vec<Part>) -> Result<Vec<Incoming>, Trouble> {
    let mut faults = Vec::new();
    let mut resources = Vec::new();
    let mut names = Names::default();
    for Part { url, resource } in parts {
        match Resource::read(resource.to_string().as_bytes(), &limits(gate)) {
            Ok(resource) => {
                let id = fresh(gate, resource.kind);
                names.0.insert(url, id.clone());
                resources.push((resource, id));
            }
            Err(found) => faults.extend(found),
        }
    }
    let mut incoming = Vec::new();
    for (resource, id) in resources {
        let named = Named { id, place: resource.kind.to_owned(), verb: Verb::Create, url: None };
        match read(resource, named, &names, (gate, org)) {
            Ok(one) => incoming.push(one),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(incoming) } else { Err(Refusal::invalid(faults).into()) }
}

/// Two patients of an organization are one. Returns once nothing that was decided before is on its way
/// any more. `false` if nobody was known by the identifier that retires.
pub fn merge(gate: &Gate, merge: Merge) -> Result<bool, Trouble> {
    let identifiers = merge.survivor.clone();
    let merged = gate.scribe.ask_blocking(|reply| Command::Merge(Box::new(merge), reply))?;
    let names: BTreeSet<PersonId> = {
        let persons = &gate.scribe.published().world().persons;
        let holding = identifiers.iter().flat_map(|one| persons.holding(one));
        holding.flat_map(|person| persons.names_of(person)).collect()
    };
    // What either agreed to holds for both, and so does what either denied.
    names.into_iter().for_each(|person| gate.settle_sends(person));
    Ok(merged)
}

/// One resource of the type that the path names.
pub fn single(gate: &Gate, kind: &str, request: &Request) -> Result<Resource, Trouble> {
    let resource = Resource::read(&request.body, &limits(gate)).map_err(unreadable)?;
    if resource.kind != kind {
        let words = "is not the type that the path names";
        let fault = Fault::new(IssueCode::Invalid, "resourceType", words);
        return Err(Refusal::at(Kind::Malformed, vec![fault]).into());
    }
    Ok(resource)
}

/// The body of an update carries the id that the path names (R4 http.html, update).
pub fn same_id(resource: &Resource, id: &ResourceId) -> Result<(), Trouble> {
    if resource.id() == Some(id.id()) {
        return Ok(());
    }
    let at = format!("{}.id", resource.kind);
    let fault = Fault::new(IssueCode::Invalid, at, "is not the id that the path names");
    Err(Refusal::at(Kind::Malformed, vec![fault]).into())
}

/// What does not parse is malformed (400); what parses and cannot be processed is invalid (422).
pub fn unreadable(faults: Vec<Fault>) -> Trouble {
    // What is nested too deep is not read on either.
    let structural = [IssueCode::Structure, IssueCode::Invalid, IssueCode::TooCostly];
    let broken = faults.iter().any(|fault| structural.contains(&fault.code));
    let large = faults.iter().any(|fault| fault.code == IssueCode::TooLong);
    let kind = match (broken, large) {
        (true, _) => Kind::Malformed,
        (false, true) => Kind::TooLarge,
        (false, false) => Kind::Invalid,
    };
    Refusal::at(kind, faults).into()
}

/// How much one message may hold.
pub fn limits(gate: &Gate) -> Limits {
    Limits {
        json_depth_max: gate.config.limits.json_depth_max,
        bundle_entries_max: gate.config.limits.bundle_entries_max,
        ..Limits::default()
    }
}

/// A new logical id.
pub fn fresh(gate: &Gate, kind: &str) -> ResourceId {
    let mut random = [0; 16];
    gate.clock.random(&mut random);
    match ResourceId::of(kind, &ids::resource_id(gate.now(), random)) {
        Ok(id) => id,
        Err(_) => unreachable!("a UUID is a logical id"),
    }
}

/// Days without a zone are days where the source is: its offset now.
pub fn zone_of(gate: &Gate, org: &OrgId) -> Offset {
    let roster = gate.scribe.published().roster.load();
    let zone = roster.get(org).map(|partner| partner.time_zone.clone());
    let now = jiff::Timestamp::from_millisecond(gate.now().0).unwrap_or_default();
    zone.map_or(Offset::UTC, |zone| zone.to_offset(now))
}

/// What a resource is called, and what happens to it.
pub struct Named<'a> {
    /// Its id here.
    pub id: ResourceId,
    /// Where it stands in the message.
    pub place: String,
    /// What happens to it.
    pub verb: Verb,
    /// Its entry's `fullUrl`.
    pub url: Option<&'a str>,
}

/// Resolves references and reads what the resource means to us.
pub fn read(
    mut resource: Resource,
    Named { id, place, verb, url }: Named<'_>,
    names: &Names,
    (gate, org): (&Gate, &OrgId),
) -> Result<Incoming, Vec<Fault>> {
    let zone = zone_of(gate, org);
    let doc = resource.received.to_vec();
    let sha256 = Sha256::digest(&resource.received).into();
    let base = gate.config.organization.base_url.as_str();
    let mut faults = Vec::new();
    let mut rewrites = BTreeMap::new();
    for one in references(&resource.json) {
        let at = one.expression.replacen(resource.kind, &place, 1);
        if let Some(target) = names.of(&one.text, url) {
            rewrites.insert(one.text, target.to_string());
            continue;
        }
        // An absolute reference to this server is one of ours; to another, it stays as it is.
        let form = RefText::of(&one.text);
        let ours = form.clone().and_then(|form| form.on_server(base));
        match ours.or(form) {
            Some(RefText::Urn(_)) => {
                let words = "the Bundle has no entry with this fullUrl";
                faults.push(Fault::new(IssueCode::NotFound, at, words));
            }
            Some(RefText::Relative { kind, id }) => {
                let target = format!("{kind}/{id}");
                if target != one.text {
                    rewrites.insert(one.text, target);
                }
            }
            Some(RefText::Conditional { .. }) => {
                let words = "a conditional reference is for an entry of a transaction";
                faults.push(Fault::new(IssueCode::NotSupported, at, words));
            }
            Some(RefText::Absolute(_) | RefText::Contained) => {}
            None => {
                faults.push(Fault::new(IssueCode::Value, at, "is not a reference"));
            }
        }
    }
    rewrite(&mut resource.json, &|text| rewrites.get(text).cloned());
    let references = references(&resource.json)
        .into_iter()
        .filter(|one| matches!(RefText::of(&one.text), Some(RefText::Relative { .. })))
        .map(|one| (one.expression.replacen(resource.kind, &place, 1), one.text))
        .collect();
    let patient = person_reference(&resource).map(str::to_owned);
    let relocate = |found: Vec<Fault>| {
        found.into_iter().map(|mut fault| {
            fault.expression = fault.expression.replacen(resource.kind, &place, 1);
            fault
        })
    };
    let meaning = match meaning(&resource, zone) {
        Ok(meaning) if faults.is_empty() => meaning,
        Ok(_) => return Err(faults),
        Err(found) => {
            faults.extend(relocate(found));
            return Err(faults);
        }
    };
    let (labels, dated) = (labels(&resource.json), dated(&resource.json, zone));
    Ok(Incoming {
        verb,
        id,
        place,
        doc,
        rewrites,
        references,
        patient,
        sha256,
        meaning,
        labels,
        dated,
    })
}

fn meaning(resource: &Resource, zone: Offset) -> Result<Meaning, Vec<Fault>> {
    Ok(match resource.kind {
        "Patient" => Meaning::Patient(PatientIn::read(resource)?),
        "Task" if PatientTaskIn::is_meant(resource) => {
            PatientTaskIn::check(resource)?;
            Meaning::Other
        }
        "Task" => Meaning::Task(Box::new(TaskIn::read(resource)?)),
        "ServiceRequest" => Meaning::Request(RequestIn::read(resource)?),
        "Consent" => Meaning::Consent(Box::new(ConsentIn::read(resource, zone)?)),
        "Group" => Meaning::Group(GroupIn::read(resource)?),
        "Organization" => Meaning::Organization(organization_identifiers(&resource.json)),
        _ => Meaning::Other,
    })
}

/// Hands resources and moves in, as one request.
pub fn submit(
    gate: &Gate,
    org: &OrgId,
    request: &Request,
    incoming: Vec<Incoming>,
    along: Along,
) -> Result<Answer, Trouble> {
    let submission = Submission {
        org: org.clone(),
        request: request.digest(),
        transport: "fhir",
        incoming,
        purpose: Purpose::Keep,
        message: None,
        along,
    };
    let answer = gate.scribe.ask_blocking(|reply| Command::Submit(Box::new(submission), reply))?;
    for (id, _) in &answer {
        // A Consent may say no to what others said yes to.
        if id.kind() == "Consent"
            && let Some(person) = gate.held(id).and_then(|held| held.person)
        {
            gate.settle_sends(person);
        }
    }
    Ok(answer)
}
