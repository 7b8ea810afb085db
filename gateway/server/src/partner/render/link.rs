//! `[hl7v2]` of a partner's file, with the comments an operator needs.

use super::{lines, list, quoted};
use crate::partner::alias::{Code, ZField};
use crate::partner::lenient::Lenient;
use crate::partner::link::{Authority, Link, Named, Rule, charset_name};

pub(super) fn link(link: &Link) -> String {
    format!("{}{}{}", who(link), how(link), own(link))
}

/// Who speaks, and where it is spoken to.
fn who(link: &Link) -> String {
    let (application, facility) = (quoted(&link.application), quoted(&link.facility));
    let endpoint = match &link.endpoint {
        Some(endpoint) => format!("endpoint = {}", quoted(&endpoint.to_string())),
        None => "# endpoint = \"mllp.hospital.example:2575\"".to_owned(),
    };
    let authorities = lines(link.authorities.iter().map(authority));
    let authority = match &link.authority {
        Some(name) => format!("authority = {}", quoted(name)),
        None => "# authority = \"HOSPA\"".to_owned(),
    };
    let frame = match link.frame_bytes_max {
        Some(bytes) => format!("frame_bytes_max = {bytes}\n"),
        None => String::new(),
    };
    format!(
        "\n# Its HL7 v2 link, over MLLP and mutual TLS.\n\
         [hl7v2]\n\
         application = {application}  # MSH-3 of what it sends\n\
         facility = {facility}  # MSH-4 of what it sends\n\
         # Where our messages to it go, host:port.\n\
         {endpoint}\n\
         # Its assigning authorities (PID-3.4, RF1-6.2) and the identifier systems they are.\n\
         authorities = {authorities}\n\
         # Of these the one that its own keys are of where it names none.\n\
         {authority}\n\
         {frame}"
    )
}

/// In which messages, and what may be wrong with them.
fn how(link: &Link) -> String {
    let charset = quoted(&charset_name(link.charset));
    let version = quoted(&link.version);
    let (answers, appointments) = (word(link.answers), word(link.appointments));
    let (outcomes, requests) = (word(link.outcomes), word(link.requests));
    let lenient = list(link.lenient.iter().map(|one| quoted(one.name())));
    let known: String = Lenient::NAMES
        .iter()
        .map(|(name, one)| format!("#   {name}: {}\n", one.sentence()))
        .collect();
    let (sequence, park_after) = (link.sequence, link.park_after);
    format!(
        "charset = {charset}  # of messages whose MSH-18 is empty (table 0211)\n\
         version = {version}  # MSH-12 of our messages to it\n\
         # In which messages a source is answered: as-asked (REF in RRI, ORM in ORR, OMG in ORG, then\n\
         # OSU), rri, orders, 360x.\n\
         answers = {answers}\n\
         appointments = {appointments}  # answers, or siu: in SIU\n\
         outcomes = {outcomes}  # answers, or besides in oru or mdm: ORU^R01, MDM^T02\n\
         requests = {requests}  # how a target gets a referral: ref, omg, orm\n\
         # Deviations that are passed over. None is, unless it is listed:\n\
         {known}\
         lenient = {lenient}\n\
         sequence = {sequence}  # true: MSH-13 is kept, both ways\n\
         park_after = {park_after}  # refusals of one message after which the next is sent\n"
    )
}

/// Its own orders, fields and codes.
fn own(link: &Link) -> String {
    let referrals = lines(link.referrals.iter().map(rule));
    let z_fields = lines(link.z_fields.iter().map(z_field));
    let codes = lines(link.codes.iter().map(code));
    format!(
        "# Which of its orders (ORM, OMG) are referrals: none, if nothing is listed. By OBR-4 or OBR-44\n\
         # (code, and system as the message calls it), by how a diagnosis begins, or both; need and\n\
         # target hold where the message does not say. A REF is always a referral.\n\
         referrals = {referrals}\n\
         # What its Z segments say: consent-token, contact-prohibited, language, or nothing that is\n\
         # carried on: {{ field = \"ZPD-4\", carries = \"contact-prohibited\" }}.\n\
         z_fields = {z_fields}\n\
         # Codes of its own: {{ field = \"RF1-3\", theirs = \"FOOD\", ours = \"food-insecurity\" }}. The first\n\
         # of theirs for one of ours is what we write. system: the coding system of ours, two components\n\
         # on (SCT, LN, I10).\n\
         codes = {codes}\n"
    )
}

fn word(of: impl Named) -> String {
    quoted(of.name())
}

fn authority(one: &Authority) -> String {
    format!("{{ name = {}, system = {} }}", quoted(&one.name), quoted(&one.system))
}

fn rule(rule: &Rule) -> String {
    let keys = [
        ("code", rule.code.as_deref()),
        ("system", rule.system.as_deref()),
        ("diagnosis", rule.diagnosis.as_deref()),
        ("need", rule.need.as_ref().map(|need| need.as_str())),
        ("target", rule.target.as_ref().map(|target| target.as_str())),
    ];
    let given = keys.into_iter().filter_map(|(key, text)| Some((key, text?)));
    let all: Vec<String> = given.map(|(key, text)| format!("{key} = {}", quoted(text))).collect();
    format!("{{ {} }}", all.join(", "))
}

fn z_field(one: &ZField) -> String {
    let field = quoted(&one.field.to_string());
    format!("{{ field = {field}, carries = {} }}", quoted(one.carries.name()))
}

fn code(one: &Code) -> String {
    let field = quoted(&one.field.to_string());
    let (theirs, ours) = (quoted(&one.theirs), quoted(&one.ours));
    let system = one.system.as_ref().map(|name| format!(", system = {}", quoted(name)));
    let system = system.unwrap_or_default();
    format!("{{ field = {field}, theirs = {theirs}, ours = {ours}{system} }}")
}
