//! Hospital A, which speaks HL7 v2: its link, its engine, and a Maria who consented.

use loopgate_server::partner::Partner;
use serde_json::Value;

use super::{Engine, Gateway, Inbox, Need, Referral, partner_file};

impl Gateway {
    /// A gateway whose hospital A speaks HL7 v2, and listens there if an inbox is asked for.
    pub fn with_hospital() -> (Gateway, Engine, Inbox) {
        let mut gateway = Gateway::prepare(&[(["delivery", "private_targets"], "[\"127.0.0.1\"]")]);
        let inbox = Inbox::open(&gateway.root());
        gateway.speaks_v2(Some(inbox.port));
        gateway.serve();
        let engine = gateway.engine("hospital-a");
        (gateway, engine, inbox)
    }

    /// Hospital A's file says from now on that it speaks HL7 v2.
    pub fn speaks_v2(&self, answered_at: Option<u16>) {
        let path = self.root().join("partners/hospital-a.toml");
        let file = std::fs::read_to_string(&path).unwrap();
        let known = Partner::parse("hospital-a".parse().unwrap(), &file).unwrap();
        let index = "patient_index = \"urn:example:hospital-a:mrn\"\n";
        let text = partner_file("hospital-a", "source", "");
        let (head, agreement) = text.split_once("[agreement]").unwrap();
        let link = Engine::link(answered_at);
        let text = format!("{head}{index}[agreement]{agreement}{link}");
        let mut partner = Partner::parse("hospital-a".parse().unwrap(), &text).unwrap();
        partner.certificates = known.certificates;
        std::fs::write(&path, partner.render()).unwrap();
    }

    /// Hospital A hands in its Maria and her consent for food, by FHIR.
    pub fn maria_consents(&self) {
        let party = self.party("hospital-a");
        let whole = Referral {
            source: "hospital-a",
            mrn: "A-99871",
            consent: Some(vec![Need::Food]),
            needs: Vec::new(),
            ..Referral::food()
        };
        party.post("/fhir", &whole.bundle()).expect(200);
    }
}

/// A field of the first such segment of a message, counted as HL7 counts.
pub fn field(message: &str, segment: &str, number: usize) -> String {
    let line = message.split('\r').find(|line| line.starts_with(segment)).unwrap_or_default();
    // MSH-1 is the separator itself.
    let at = if segment == "MSH" { number - 1 } else { number };
    line.split('|').nth(at).unwrap_or_default().to_owned()
}

/// The items of a member, as texts.
pub fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
