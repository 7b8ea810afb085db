//! Hospital A, which speaks HL7 v2: its link, its engine, and a Maria who consented.

use std::time::Duration;

use loopgate_server::partner::Partner;
use serde_json::Value;

use super::endpoint::server_config;
use super::engine::{Engine, Inbox};
use super::party::client_config;
use super::{Gateway, Need, Referral, partner_file};

impl Gateway {
    /// A gateway whose hospital A speaks HL7 v2, and listens there if an inbox is asked for.
    pub fn with_hospital() -> (Gateway, Engine, Inbox) {
        Gateway::with_hospital_link("")
    }

    /// The same, with these other lines in `[hl7v2]`.
    pub fn with_hospital_link(more: &str) -> (Gateway, Engine, Inbox) {
        let mut gateway = Gateway::prepare(&[(["delivery", "private_targets"], "[\"127.0.0.1\"]")]);
        let inbox = Inbox::open(server_config(&gateway.root())).unwrap();
        gateway.speaks_v2(Some(inbox.port), more);
        gateway.serve();
        let engine = gateway.engine("hospital-a");
        (gateway, engine, inbox)
    }

    /// A partner's HL7 v2 engine.
    pub fn engine(&self, name: &str) -> Engine {
        Engine::new(client_config(&self.root(), name), self.mllp())
    }

    /// Hospital A's file says from now on that it speaks HL7 v2.
    pub fn speaks_v2(&self, answered_at: Option<u16>, more: &str) {
        let path = self.root().join("partners/hospital-a.toml");
        let file = std::fs::read_to_string(&path).unwrap();
        let known = Partner::parse("hospital-a".parse().unwrap(), &file).unwrap();
        let index = "patient_index = \"urn:example:hospital-a:mrn\"\n";
        let text = partner_file("hospital-a", "source", "");
        let (head, agreement) = text.split_once("[agreement]").unwrap();
        let link = link(answered_at) + more;
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

/// The items of a member, as texts.
pub fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// What a story expects of an engine.
impl Engine {
    /// Sends one message and gives its answer.
    #[track_caller]
    pub fn send(&self, message: &str) -> String {
        self.try_send(message).expect("an answer")
    }
}

impl Inbox {
    /// The next message, once it is answered.
    #[track_caller]
    pub fn next(&self) -> String {
        self.within(Duration::from_secs(20)).expect("a message arrives")
    }

    /// The messages that came and were not looked at.
    pub fn waiting(&self) -> Vec<String> {
        std::iter::from_fn(|| self.within(Duration::ZERO)).collect()
    }

    /// The next message, however long the gateway has to wait for it.
    #[track_caller]
    pub fn in_time(&self, gateway: &mut Gateway) -> String {
        for _ in 0..60 {
            if let Some(message) = self.within(Duration::from_millis(250)) {
                return message;
            }
            gateway.pass(3_600_000);
        }
        panic!("no message arrives");
    }
}

/// MSH of a message from hospital A, to be followed by segments.
pub fn msh(kind: &str, control: &str, modes: &str) -> String {
    format!(
        "MSH|^~\\&|EHR|HOSPA|LOOPGATE|TOWN|20261122094000+0000||{kind}|{control}|T|2.5.1|||{modes}\r"
    )
}

/// A food referral for the pantry, about hospital A's patient of this number.
pub fn referral_v2(control: &str, modes: &str, placer: &str, mrn: &str) -> String {
    let head = msh("REF^I12^REF_I12", control, modes);
    format!(
        "{head}RF1||R|food-insecurity^Food^SDOHCC|||{placer}^HOSPA|||20261122093000+0000\r\
         PRD|RT|||||||||Pantry^^^^^NPI^^^^pantry\r\
         PID|||{mrn}^^^HOSPA||Lindqvist-Okafor^Maria||19880402|F|||14 Juniper Row^^Fernhill||^^PH^^^^^^^^^+1 555 0142\r\
         NK1|1|Lindqvist^Ana\r\
         PR1|||467771000124109^Assistance with food^SCT\r\
         OBX||NM|63512-8^^LN||4||||||F\r"
    )
}

/// `[hl7v2]` of hospital A, answered at that port of this machine.
fn link(answered_at: Option<u16>) -> String {
    let endpoint = answered_at.map(|port| format!("endpoint = \"127.0.0.1:{port}\"\n"));
    format!(
        "[hl7v2]\napplication = \"EHR\"\nfacility = \"HOSPA\"\n{}authorities = [\n\
         {{ name = \"HOSPA\", system = \"urn:example:hospital-a:mrn\" }},\n\
         {{ name = \"COMM\", system = \"urn:example:community-id\" }},\n\
         {{ name = \"NPI\", system = \"urn:example:npi\" }},\n]\n",
        endpoint.unwrap_or_default()
    )
}
