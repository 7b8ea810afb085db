//! A word of its own in every field of every resource: through every way out, with every denial, each
//! is found where the permit says it may be, and nowhere else. Not in an answer to somebody else, not in
//! an error, a log line, a metric, a leaf, a projection, a file's name.

mod ears;
mod planted;
mod v2;

use std::collections::BTreeSet;

use loopgate_server::staff::StaffRole::{Auditor, Coordinator};
use serde_json::{Value, json};

use crate::harness::{Browser, Endpoint, Gateway, Received, form_fields, letter, partner_file};
use ears::Ears;
use planted::Planted;

/// What a food referral lets a community organization read (`mappings/templates/food.toml`).
const TARGET_MAY: &[&str] = &[
    "Patient.name[0].family",
    "Patient.name[0].given",
    "Patient.name[0].text",
    // FHIR has more of a name than the community dialect says.
    "Patient.name[0].prefix",
    "Patient.name[0].suffix",
    "Patient.telecom[phone].value",
    "Patient.telecom[email].value",
    "Patient.communication.language.text",
    "Patient.communication.language.display",
    // What is needed, as codings; never the words beside them.
    "ServiceRequest.category.display",
    "ServiceRequest.category.version",
    "ServiceRequest.code.display",
    "ServiceRequest.code.version",
];

/// What staff see of a form: whom it is about, and the form.
const STAFF_MAY: &[&str] = &["Patient.name[0].text", "Consent.sourceAttachment.data"];

#[test]
fn each_word_is_found_where_the_permit_says_and_nowhere_else() {
    let (mut gateway, post) = Gateway::with_mailbox();
    let endpoint = Endpoint::open(&gateway.root());
    let file = gateway.root().join("loopgate.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("private_targets = []", "private_targets = [\"127.0.0.1\"]");
    std::fs::write(&file, text).unwrap();
    gateway.stop();
    gateway.serve();
    let auditor = partner_file("watch", "auditor", "");
    gateway.add_partner("watch", &auditor);
    gateway.add_partner(
        "push-pantry",
        &partner_file("push-pantry", "target", &endpoint.channel("/in")),
    );

    let mut planted = Planted::default();
    let mut ears = Ears::default();
    let clinic = gateway.party("clinic-b");
    let targets = ["pantry", "push-pantry", "mail-pantry"];
    let mut sent = Vec::new();
    for (n, target) in targets.iter().enumerate() {
        let bundle = planted.bundle(n, target);
        let answer = clinic.post("/fhir", &bundle).expect(200);
        ears.hear("clinic-b", &answer);
        sent.push(answer);
    }
    // Its supplier reads all of it back.
    for answer in &sent {
        for n in 0..answer.json["entry"].as_array().unwrap().len() {
            ears.hear("clinic-b", &clinic.get(&answer.entry(n)).expect(200));
        }
    }
    ears.hear("clinic-b", &clinic.get("/fhir/Task"));

    rest(&gateway, &mut ears);
    ears.say("push-pantry", endpoint.next().json.to_string());
    by_mail(&gateway, &mut ears, &letter(&post));
    let everything: Vec<String> = sent
        .iter()
        .flat_map(|answer| {
            (0..answer.json["entry"].as_array().unwrap().len()).map(|n| answer.entry(n))
        })
        .collect();
    others(&gateway, &mut ears, &everything);
    broken(&gateway, &mut ears, &planted.bundle(9, "pantry"));
    people(&mut gateway, &mut ears, &planted.scanned(8));
    // Withdrawn: every way out says no, and holders are told.
    for answer in &sent {
        let path = format!("{}/$revoke", answer.entry(1));
        ears.hear("clinic-b", &clinic.call("POST", &path, &[], Vec::new()).expect(204));
    }
    rest(&gateway, &mut ears);
    ears.say("push-pantry", endpoint.next().json.to_string());
    ears.say("mail-pantry", letter(&post).text);
    others(&gateway, &mut ears, &everything);
    ears.say("operator", metrics(&gateway));
    let evidence = gateway.evidence();
    gateway.stop();

    let words = planted.words();
    assert!(words.len() > 150, "{}", words.len());
    judge(&ears, &planted);
    // Logs, leaves, projections, the vault, partner files, file names; keys open it all and say nothing.
    for place in [gateway.root(), evidence] {
        ears::nowhere_in(&place, &words);
    }
    ears::nowhere_in(&gateway.beside("stderr"), &words);
}

/// Who heard what, against who may.
fn judge(ears: &Ears, planted: &Planted) {
    let words = planted.words();
    let all: BTreeSet<&str> = words.iter().map(|(_, place)| place.as_str()).collect();
    let found = |who: &str| -> BTreeSet<&str> {
        let heard = ears.of(who);
        words.iter().filter(|(word, _)| heard.contains(word)).map(|(_, at)| at.as_str()).collect()
    };
    let supplied = found("clinic-b");
    let missing: Vec<_> = all.difference(&supplied).filter(|at| !planted.unread(at)).collect();
    assert!(missing.is_empty(), "its supplier did not read back {missing:?}");
    for who in ["pantry", "push-pantry", "mail-pantry"] {
        let heard = found(who);
        let stray: Vec<_> = heard.iter().filter(|at| !TARGET_MAY.contains(at)).collect();
        assert!(stray.is_empty(), "{who} read {stray:?}");
        for must in ["Patient.name[0].text", "Patient.telecom[phone].value"] {
            assert!(heard.contains(must), "{who} did not read {must}");
        }
    }
    let staff = found("staff");
    let stray: Vec<_> = staff.iter().filter(|at| !STAFF_MAY.contains(at)).collect();
    assert!(stray.is_empty(), "staff read {stray:?}");
    assert_eq!(staff.len(), STAFF_MAY.len(), "{staff:?}");
    for who in
        ["hospital-a", "housing", "watch", "stranger", "errors", "operator", "auditor", "own"]
    {
        assert_eq!(found(who), BTreeSet::new(), "{who}");
        assert!(!ears.of(who).is_empty(), "nobody listened to {who}");
    }
}

/// The pantry, by REST and by FHIR.
fn rest(gateway: &Gateway, ears: &mut Ears) {
    let pantry = gateway.party("pantry");
    ears.hear("pantry", &pantry.get("/cbo/v1/notices"));
    ears.hear("pantry", &pantry.get("/fhir/Task"));
    let list = pantry.get("/cbo/v1/referrals").expect(200);
    ears.hear("pantry", &list);
    for row in list.json["referrals"].as_array().unwrap() {
        let id = row["referral_id"].as_str().unwrap();
        ears.hear("pantry", &pantry.get(&format!("/cbo/v1/referrals/{id}")));
    }
    let tasks = pantry.get("/fhir/Task").json;
    for entry in tasks["entry"].as_array().into_iter().flatten() {
        let task = &entry["resource"];
        ears.hear("pantry", &pantry.get(&format!("/fhir/Task/{}", task["id"].as_str().unwrap())));
        for member in ["focus", "for", "requester", "owner"] {
            let reference = task[member]["reference"].as_str().unwrap_or_default();
            let read = pantry.get(&format!("/fhir/{reference}"));
            ears.hear("pantry", &read);
        }
    }
}

/// The pantry that has only e-mail.
fn by_mail(gateway: &Gateway, ears: &mut Ears, letter: &Received) {
    ears.say("mail-pantry", letter.text.clone());
    let link = letter.link().unwrap().to_owned();
    let mut browser = Browser::new(gateway);
    let first = browser.get(&link);
    ears.say("link", first.text);
    ears.say("link", browser.post(&format!("{link}/pin"), "pin=000000").text);
    browser.give_pin(&link);
    ears.say("mail-pantry", browser.get(&link).expect(200).text);
}

/// Everybody whom it does not concern, on every path there is.
fn others(gateway: &Gateway, ears: &mut Ears, everything: &[String]) {
    let names = ["hospital-a", "housing", "watch"];
    let parties = names.map(|name| (name, gateway.party(name)));
    let stranger = ("stranger", gateway.stranger());
    for (who, party) in parties.iter().chain([&stranger]) {
        for path in everything {
            ears.hear(who, &party.get(path));
            ears.hear(who, &party.get(&format!("{path}/_history/1")));
            ears.hear(who, &party.get(&format!("{path}?_include=*&_total=accurate")));
            ears.hear(who, &party.put(path, &json!({ "resourceType": "Task" })));
        }
        for path in [
            "/fhir/Task",
            "/fhir/Patient",
            "/fhir/Task?_has:Observation:patient:code=1",
            "/fhir/Task?_include=Task:patient",
            "/cbo/v1/referrals",
            "/cbo/v1/notices",
            "/audit/v1/entries/40",
            "/status/1",
            "/ledger/checkpoint",
            "/fhir/metadata",
        ] {
            let case = [("loopgate-case", "case-1")];
            ears.hear(who, &party.call("GET", path, &case, Vec::new()));
        }
        for n in 0..80 {
            let case = [("loopgate-case", "case-1")];
            let path = format!("/audit/v1/entries/{n}");
            ears.hear(who, &party.call("GET", &path, &case, Vec::new()));
        }
    }
}

/// Messages with something wrong in them: no error repeats what was sent.
fn broken(gateway: &Gateway, ears: &mut Ears, bundle: &Value) {
    let clinic = gateway.party("clinic-b");
    let mut tell = |body: Vec<u8>, media: &str| {
        let headers = [("content-type", media)];
        ears.hear("errors", &clinic.call("POST", "/fhir", &headers, body));
    };
    let text = bundle.to_string();
    tell(text.clone().into_bytes(), "application/fhir+xml");
    tell(text.as_bytes()[..text.len() / 2].to_vec(), "application/fhir+json");
    let entries = bundle["entry"].as_array().unwrap().len();
    for n in 0..entries {
        for member in ["resourceType", "status", "intent", "subject", "for", "identifier", "name"] {
            let mut wrong = bundle.clone();
            let resource = wrong["entry"][n]["resource"].as_object_mut().unwrap();
            if let Some(value) = resource.get(member).cloned() {
                resource.insert(member.to_owned(), json!({ "wrong": value }));
                tell(wrong.to_string().into_bytes(), "application/fhir+json");
            }
        }
    }
    let pantry = gateway.party("pantry");
    let id = pantry.inbox()[0]["referral_id"].as_str().unwrap().to_owned();
    ears.hear("errors", &pantry.act(&id, "decline", bundle));
    ears.hear(
        "errors",
        &pantry.call(
            "POST",
            "/fhir/Patient/$break-glass",
            &[("content-type", "application/fhir+json")],
            text.into_bytes(),
        ),
    );
}

/// Staff read a form; an auditor asks why; the person looks at what was shared.
fn people(gateway: &mut Gateway, ears: &mut Ears, scanned: &Value) {
    let clinic = gateway.party("clinic-b");
    let answer = clinic.post("/fhir", scanned).expect(200);
    ears.hear("clinic-b", &answer);
    let form = answer.entry(1).replace("/fhir/Consent/", "/forms/");
    let mut ines = gateway.signed_in("ines", &[Coordinator]);
    for path in ["", form.as_str(), &format!("{form}/document")] {
        ears.say("staff", ines.get(path).expect(200).text);
    }
    ears.say("staff", ines.post(&form, &form_fields(&[("end", "")])).expect(422).text);
    ears.say("staff", ines.post(&form, &form_fields(&[])).expect(200).text);
    let person = ines.finds(planted::MRN, "canary-0");
    ears.say("staff", ines.get(&person).expect(200).text);
    let (link, code) = ines.makes_link(&person, "person");
    let mut maria = Browser::new(gateway);
    ears.say("own", maria.get(&link).text);
    maria.post(&format!("{link}/code"), &format!("code={code}")).expect(303);
    ears.say("own", maria.get(&link).expect(200).text);
    ears.say("own", maria.get(&format!("{link}/report.csv")).expect(200).text);
    let mut auditor = gateway.signed_in("aud", &[Auditor]);
    for n in 0..80 {
        ears.say("auditor", auditor.post("/why", &format!("case=1&about={n}")).text);
    }
}

fn metrics(gateway: &Gateway) -> String {
    use std::io::{Read, Write};
    let text = std::fs::read_to_string(gateway.root().join("loopgate.toml")).unwrap();
    let line = text.lines().find(|line| line.trim_start().starts_with("ops =")).unwrap();
    let address = line.split('"').nth(1).unwrap();
    let mut all = String::new();
    for path in ["/metrics", "/readyz", "/healthz"] {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        stream.read_to_string(&mut all).unwrap();
    }
    assert!(all.contains("loopgate_ledger_leaves"));
    all
}
