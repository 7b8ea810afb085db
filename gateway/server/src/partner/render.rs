//! From [`Partner`] to the text of its file, with the comments an operator needs.

use loopgate_consent::{Action, LegalClass};
use loopgate_referral::Identifier;
use toml::Value;

use crate::csv::Layout;
use crate::identity::{Client, Keys};

use super::{ChannelKind, LEGAL_CLASSES, Partner, Push, Role};

mod csv;
mod link;
mod timing;

pub(super) fn render(partner: &Partner) -> String {
    let mut text = head(partner);
    if let Some(agreement) = &partner.agreement {
        let reference = quoted(&agreement.reference);
        let expires = agreement.expires;
        text += &format!(
            "\n# The data agreement; without one in force nothing goes to this partner.\n\
             [agreement]\n\
             reference = {reference}\n\
             expires = \"{expires}\"  # the last day it covers, in time_zone\n"
        );
    }
    if let Some(channel) = &partner.channel {
        let (kind, endpoint) = match &channel.kind {
            ChannelKind::Rest => ("rest", String::new()),
            ChannelKind::Push(one) => ("push", push(one)),
            ChannelKind::Email { address, pin, timing } => (
                "email",
                format!(
                    "address = {}\npin_hash = {}\n{}",
                    quoted(address),
                    quoted(pin.as_str()),
                    timing::timing(timing)
                ),
            ),
            ChannelKind::Hl7v2 => ("hl7v2", String::new()),
        };
        let dialect = quoted(&channel.dialect);
        text += &format!(
            "\n# How it is told: \"rest\", it asks; \"push\", we call its endpoint; \"email\", we send a link;\n\
             # \"hl7v2\", we send to the endpoint of [hl7v2].\n\
             # dialect: a folder of the mappings, with DIALECT/referral.toml and DIALECT/status.toml.\n\
             [channel]\nkind = \"{kind}\"\n{endpoint}dialect = {dialect}\n"
        );
    }
    if let Some(link) = &partner.hl7v2 {
        text += &link::link(link);
    }
    if let Some(one) = &partner.client {
        text += &client(one);
    }
    if partner.is(Role::Target) || partner.csv != Layout::default() {
        text += &csv::csv(&partner.csv);
    }
    text
}

fn push(push: &Push) -> String {
    let (endpoint, payload) = (quoted(push.endpoint.as_str()), quoted(push.payload.name()));
    let contact = match &push.contact {
        Some(address) => format!("contact = {}", quoted(address)),
        None => "# contact = \"office@pantry.example\"".to_owned(),
    };
    format!(
        "endpoint = {endpoint}\n\
         payload = {payload}  # reference: a webhook names the referral, which is then read; whole: it holds it\n\
         signed = {}  # with the secret that `loopgate webhook secret` made\n\
         {contact}  # who is told by e-mail when nothing is pushed any more\n",
        push.signed
    )
}

fn client(client: &Client) -> String {
    let keys = match &client.keys {
        Keys::Here(text) => format!("jwks = {}", quoted(text)),
        Keys::At(url) => format!("jwks_uri = {}", quoted(url.as_str())),
    };
    let scopes = quoted(&client.scopes.to_string());
    format!(
        "\n# How it gets access tokens (SMART Backend Services): its public keys, as a JWK set here\n\
         # (jwks) or at its own address (jwks_uri), and what it may ask for.\n\
         [client]\n{keys}\nscopes = {scopes}\n\
         udap = {}  # true: RS256 and ES256 too\n\
         bearer = {}  # true: it may ask without a client certificate\n",
        client.udap, client.bearer
    )
}

fn head(partner: &Partner) -> String {
    let Partner { org, production, suspended, .. } = partner;
    let name = quoted(&partner.name);
    let roles = list(partner.roles.iter().copied().map(Role::name).map(quoted));
    let legal_class = legal_class(partner.legal);
    let purpose = match &partner.purpose {
        Some(purpose) => format!("purpose = \"{}\"\n", purpose.code()),
        None => "# purpose = \"CAREMGT\"\n".to_owned(),
    };
    let purposes = list(partner.purposes.iter().map(|purpose| quoted(purpose.code())));
    let (treats, associate) = (partner.treats, partner.associate);
    let break_glass = partner.break_glass;
    let token = if partner.wants_token { "required" } else { "optional" };
    let actions = list(partner.actions.iter().copied().map(Action::name).map(quoted));
    let identifiers = lines(partner.identifiers.iter().map(identifier));
    let patient_index = match &partner.patient_index {
        Some(system) => format!("patient_index = {}\n", quoted(system)),
        None => "# patient_index = \"urn:oid:…\"\n".to_owned(),
    };
    let certificates = lines(partner.certificates.iter().map(|sha| quoted(&hex::encode(sha))));
    let language = quoted(partner.language.code());
    let zone = quoted(partner.time_zone.iana_name().unwrap_or("UTC"));
    format!(
        "# Partner {org} of this gateway. `loopgate check-config` reports every problem.\n\n\
         name = {name}\n\
         roles = {roles}  # source, target, auditor\n\
         legal_class = \"{legal_class}\"  # ce, ba, cbo-nonhipaa, vawa-grantee, part2-program\n\
         # The purpose of use it acts for (HL7 v3 ActReason).\n\
         {purpose}\
         purposes = {purposes}  # others that it may state\n\
         # What may reach it without consent: it treats persons here (45 CFR 164.506), it is the\n\
         # business associate of a covered entity here, its clinicians may break the glass.\n\
         treats = {treats}\n\
         business_associate = {associate}\n\
         break_glass = {break_glass}\n\
         consent_token = \"{token}\"  # required: what it asks must come with one\n\
         # What may be done with data on its behalf.\n\
         actions = {actions}\n\
         # Its Organization.identifier; no two partners share one.\n\
         identifiers = {identifiers}\n\
         # The identifier system of its own patient index, in which one identifier is one person.\n\
         {patient_index}\
         # SHA-256 of each client certificate (DER) it may show; no two partners share one.\n\
         certificate_sha256 = {certificates}\n\
         time_zone = {zone}  # IANA\n\
         language = {language}  # en, es: of its pages and e-mails\n\
         production = {production}  # real persons' data may pass; MSH-11 must be P, or must not\n\
         suspended = {suspended}  # true: nothing may pass\n"
    )
}

fn legal_class(class: LegalClass) -> &'static str {
    let found = LEGAL_CLASSES.iter().find(|(_, other)| *other == class);
    found.map_or_else(|| unreachable!("every legal class has a name"), |(name, _)| name)
}

fn identifier(identifier: &Identifier) -> String {
    format!("{{ system = {}, value = {} }}", quoted(&identifier.system), quoted(&identifier.value))
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

fn lines(items: impl Iterator<Item = String>) -> String {
    let items: String = items.map(|item| format!("  {item},\n")).collect();
    if items.is_empty() { "[]".to_owned() } else { format!("[\n{items}]") }
}
