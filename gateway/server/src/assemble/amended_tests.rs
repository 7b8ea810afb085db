//! What a source says anew changes what is kept, and moves nothing.

use loopgate_consent::{Dated, Label};
use loopgate_fhir::{Limits, PatientIn, RequestIn, Resource, TaskIn};
use loopgate_referral::{ReferralId, ResourceId, SourceMove};
use serde_json::{Value, json};

use super::moves_tests::{by_message, hearing, key, kind, kinds, org, placed, replays, why};
use super::tests::{MARIA, world};
use super::*;
use crate::fold::Answer;
use crate::refusal::{Kind, Trouble};
use crate::scribe::{Along, Incoming, Meaning, Purpose, Submission, Verb, Wish};

/// A resource of a message, under the id it would get here if it were new.
fn incoming(json: &Value, id: &str, refers: &[(&str, &str)]) -> Incoming {
    let bytes = json.to_string().into_bytes();
    let resource = Resource::read(&bytes, &Limits::default()).unwrap();
    let meaning = match resource.kind {
        "Patient" => Meaning::Patient(PatientIn::read(&resource).unwrap()),
        "Task" => Meaning::Task(Box::new(TaskIn::read(&resource).unwrap())),
        "ServiceRequest" => Meaning::Request(RequestIn::read(&resource).unwrap()),
        _ => Meaning::Other,
    };
    let patient = refers.iter().find(|(at, _)| at.ends_with("subject") || at.ends_with("for"));
    Incoming {
        verb: Verb::Create,
        id: ResourceId::of(resource.kind, id).unwrap(),
        place: resource.kind.to_owned(),
        sha256: [1; 32],
        rewrites: Default::default(),
        references: refers.iter().map(|(at, to)| ((*at).into(), (*to).into())).collect(),
        patient: patient.map(|(_, to)| (*to).to_owned()),
        meaning,
        labels: Vec::<Label>::new(),
        dated: Dated::default(),
        doc: bytes,
    }
}

/// Maria's referral to the pantry anew, changed.
fn anew(change: impl Fn(&mut Value, &mut Value, &mut Value)) -> Vec<Incoming> {
    let bundle: Value = serde_json::from_str(MARIA).unwrap();
    let find = |kind: &str| {
        let all = bundle["entry"].as_array().unwrap().iter().map(|one| &one["resource"]);
        all.into_iter().find(|one| one["resourceType"] == kind).unwrap().clone()
    };
    let (mut patient, mut request, mut task) =
        (find("Patient"), find("ServiceRequest"), find("Task"));
    request.as_object_mut().unwrap().remove("supportingInfo");
    let to = |text: &str| json!({ "reference": text });
    (request["subject"], task["for"]) = (to("Patient/p"), to("Patient/p"));
    task["focus"] = to("ServiceRequest/s");
    for one in [&mut request, &mut task] {
        one["requester"] = to("Organization/clinic-b");
    }
    change(&mut patient, &mut request, &mut task);
    vec![
        incoming(&patient, "p", &[]),
        incoming(&request, "s", &[("ServiceRequest.subject", "Patient/p")]),
        incoming(&task, "t", &[("Task.for", "Patient/p"), ("Task.focus", "ServiceRequest/s")]),
    ]
}

fn submit(
    live: &Deployment,
    (control, purpose): (&str, Purpose),
    incoming: Vec<Incoming>,
) -> Result<Answer, Trouble> {
    let submission = Submission {
        org: org("clinic-b"),
        request: key(control),
        transport: "mllp",
        incoming,
        purpose,
        message: Some(hearing(control, control)),
        along: Along::default(),
    };
    live.gate.scribe.ask_blocking(|reply| Command::Submit(Box::new(submission), reply))
}

#[test]
fn a_source_says_anew_what_it_refers() {
    let dir = tempfile::tempdir().unwrap();
    let (root, live, referral) = placed(dir.path());
    let purpose = Purpose::Amend(referral);
    let before = world(&live);
    let known = &before.referrals[&referral];
    let patient = before.resources[&known.request].request.clone().unwrap().patient;
    let answer = submit(
        &live,
        ("A1", purpose),
        anew(|patient, request, _| {
            patient["address"] = json!([{ "city": "Elmwood" }]);
            request["note"] = json!([{ "text": "No nuts" }]);
        }),
    );
    let mut changed: Vec<String> =
        answer.unwrap().into_iter().map(|(id, version)| format!("{id} {version}")).collect();
    changed.sort();
    let mut wanted =
        [format!("{patient} 2"), format!("{} 2", known.request), format!("{} 2", known.task)];
    wanted.sort();
    assert_eq!(changed, wanted);
    let now = live.gate.referral(&referral).unwrap();
    assert_eq!((now.state, now.amended, &now.persons), (known.state, 2, &known.persons));
    assert_eq!(now.placements[0].version, known.placements[0].version + 1);
    assert_eq!(world(&live).patients, before.patients);
    let read = live.gate.held(&patient.parse().unwrap()).unwrap();
    let read = live.gate.document(&read).unwrap();
    assert_eq!(read.list("address")[0].text("city"), Some("Elmwood"));
    let tail = ["resource.stored", "referral.amended", "message.heard"];
    assert_eq!(kinds(&live, before.leaves)[1..], tail);
    replays(&root, live);
}

#[test]
fn what_a_referral_is_does_not_change_when_it_is_said_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (root, live, referral) = placed(dir.path());
    let purpose = Purpose::Amend(referral);
    let before = world(&live).leaves;
    let refused = |change: fn(&mut Value, &mut Value, &mut Value), at: &str| {
        let Err(Trouble::Refused(refusal)) = submit(&live, ("A1", purpose), anew(change)) else {
            panic!("{at} was taken")
        };
        let found: Vec<&str> = refusal.faults.iter().map(|one| one.expression.as_str()).collect();
        assert_eq!(found, [at]);
    };
    let need = |_: &mut Value, request: &mut Value, _: &mut Value| {
        request["category"][1]["coding"][0]["code"] = "housing-instability".into();
    };
    refused(need, "ServiceRequest.category");
    refused(
        |_, _, task| task["owner"] = json!({ "reference": "Organization/housing" }),
        "Task.owner",
    );
    let other = |patient: &mut Value, _: &mut Value, _: &mut Value| {
        patient["identifier"] = json!([{ "system": "urn:example:clinic-b:mrn", "value": "B-99" }]);
    };
    refused(other, "Patient.identifier");
    let taken = |_: &mut Value, _: &mut Value, task: &mut Value| {
        task["identifier"][0]["value"] = "B-REF-2".into();
    };
    refused(taken, "Task.identifier");
    refused(|_, _, task| task["status"] = "completed".into(), "Task.status");
    assert_eq!(world(&live).leaves, before);
    // Somebody else's referral is not there, and one that ended is said anew by nobody.
    let nobody = Purpose::Amend(ReferralId::from_random([9; 16]));
    assert_eq!(kind(submit(&live, ("A2", nobody), anew(|_, _, _| {}))), Kind::NotFound);
    let cancel = Wish::Source(SourceMove::Cancel { why: why("moved") });
    by_message(&live, ("clinic-b", referral), ("C1", "off"), None, cancel).unwrap();
    assert_eq!(kind(submit(&live, ("A3", purpose), anew(|_, _, _| {}))), Kind::IllegalMove);
    replays(&root, live);
}

#[test]
fn who_somebody_is_is_kept_of_those_who_are_known() {
    let dir = tempfile::tempdir().unwrap();
    let (root, live, referral) = placed(dir.path());
    let before = world(&live);
    let person = before.referrals[&referral].persons[0];
    let named = |mrn: &str, city: &str| {
        let identifier = json!([
            { "system": "urn:example:clinic-b:mrn", "value": mrn },
            { "system": "urn:example:new", "value": "N-1" },
        ]);
        let patient = json!({
            "resourceType": "Patient", "identifier": identifier, "address": [{ "city": city }],
        });
        vec![incoming(&patient, "p", &[])]
    };
    let unknown = submit(&live, ("D1", Purpose::Demographics), named("B-1", "Nowhere"));
    assert_eq!((unknown, world(&live).leaves), (Ok(Answer::new()), before.leaves));
    let known = submit(&live, ("D2", Purpose::Demographics), named("B-20417", "Elmwood")).unwrap();
    let patient = before.patients.keys().next().unwrap().clone();
    assert_eq!(known, [(patient.clone(), 2)]);
    let wanted = ["patient.linked", "resource.stored", "message.heard"];
    assert_eq!(kinds(&live, before.leaves), wanted);
    let now = world(&live);
    assert_eq!((&now.patients, &now.referrals), (&before.patients, &before.referrals));
    let new =
        loopgate_referral::Identifier { system: "urn:example:new".into(), value: "N-1".into() };
    assert_eq!(now.persons.holding(&new), [person]);
    let read = live.gate.document(&live.gate.held(&patient).unwrap()).unwrap();
    assert_eq!(read.list("address")[0].text("city"), Some("Elmwood"));
    replays(&root, live);
}
