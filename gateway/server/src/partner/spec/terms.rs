//! The rules of a link in words: who connects where, what MSH holds, how it is answered, how long
//! anything takes, and what is this link's own.

use loopgate_hl7v2::Limits;

use super::{Connection, Deviation, HeaderField, Limit, Sides};
use crate::partner::link::{Named, charset_name};
use crate::partner::{Answers, Carries, How, Lenient, Link, Outcomes, Requests};
use crate::v2;

pub(super) fn connections(sides: &Sides<'_>) -> Vec<Connection> {
    let Sides { partner, link, deployment, .. } = sides;
    let (config, certificate) = (deployment.config, deployment.certificate);
    let (name, gateway) = (partner.name.clone(), config.organization.name.clone());
    let origin = config.organization.origin();
    let host = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let shown: Vec<String> = partner.certificates.iter().map(hex::encode).collect();
    let theirs = match shown.as_slice() {
        [] => "No client certificate is on file yet: without one nothing is accepted.".to_owned(),
        some => format!(
            "The client shows a certificate whose SHA-256 (of its DER) is {}. It chains to a root that the \
             gateway trusts, and a revoked one is refused.",
            some.join(" or ")
        ),
    };
    let tls = "TLS 1.2 or 1.3 with certificates on both sides; MLLP (Release 1) inside.".to_owned();
    let mut found = vec![Connection {
        from: name.clone(),
        to: gateway.clone(),
        address: format!("{host}:{}", config.listen.mllp.port()),
        terms: vec![
            tls.clone(),
            theirs,
            "Messages on one connection are answered in the order in which they came; the connection stays \
             open."
                .to_owned(),
        ],
        certificate: certificate.cloned(),
    }];
    if let Some(endpoint) = &link.endpoint {
        let terms = vec![
            tls,
            format!(
                "The server's certificate is for {} and chains to a root that the gateway trusts.",
                endpoint.host
            ),
            "The gateway shows the certificate below to a server that asks for one.".to_owned(),
            "One message is open at a time; the next is sent once the one before is acknowledged."
                .to_owned(),
        ];
        let certificate = certificate.cloned();
        found.push(Connection {
            from: gateway,
            to: name,
            address: endpoint.to_string(),
            terms,
            certificate,
        });
    }
    found
}

pub(super) fn header(sides: &Sides<'_>) -> Vec<HeaderField> {
    let link = sides.link;
    let tenant = sides.deployment.config.tenant.name.as_str();
    let (application, facility) = (link.application.as_str(), link.facility.as_str());
    let mode = if sides.partner.production { "P" } else { "T" };
    let modes = if sides.partner.production { "P" } else { "T or D" };
    let charset = format!("as the message is; if it is empty, {}", charset_name(link.charset));
    let (theirs, ours) = if link.sequence {
        ("the number of the message; 0 begins anew, -1 asks which is expected", "the same")
    } else {
        ("not looked at", "empty")
    };
    let row = |field, to: &str, from: &str| HeaderField {
        field,
        to_gateway: to.to_owned(),
        from_gateway: from.to_owned(),
    };
    vec![
        row("MSH-3", application, v2::APPLICATION),
        row("MSH-4", facility, tenant),
        row("MSH-5", v2::APPLICATION, application),
        row("MSH-6", tenant, facility),
        row(
            "MSH-7",
            "when it was written; without an offset, in the time zone of the link",
            "in UTC, with the offset",
        ),
        row("MSH-9", "code and event; the structure is not looked at", "code, event and structure"),
        row(
            "MSH-10",
            "1 to 199 characters, another for each message",
            "20 characters; the same when a message is sent again",
        ),
        row("MSH-11", modes, mode),
        row("MSH-12", "2.1 to 2.9", &link.version),
        row("MSH-13", theirs, ours),
        row("MSH-15", "AL, NE, ER or SU; with MSH-16 empty too, original mode", "AL"),
        row("MSH-16", "AL, NE, ER or SU", "NE"),
        row("MSH-18", &charset, loopgate_hl7v2::Charset::WRITTEN),
    ]
}

pub(super) fn acknowledgements(link: &Link) -> Vec<String> {
    let mut found: Vec<String> = [
        "A positive acknowledgement (AA, CA) is given once the message is on stable storage, not before.",
        "MSA-2 is MSH-10 of the message, byte for byte; MSH-3 to MSH-6 are turned round.",
        "ERR with ERR-4 I beside AA or CA names a field that nothing here says on. The message was taken; it is not to be sent again.",
        "AE or CE says that the content is at fault, AR or CR that the type (200), the event (201), the \
         processing mode (202) or the version (203) is; ERR-2 says where, ERR-3 why (table 0357).",
        "A message that comes again with the same MSH-3, MSH-4 and MSH-10 and the same bytes gets the first \
         acknowledgement again, byte for byte, and does nothing else. With other bytes it is refused: AE, 205.",
        "When the gateway cannot keep its promise it closes the connection without an answer: send the message \
         again.",
        "A need that the person's consent does not cover is no error: the message is acknowledged, and the \
         referral is answered as declined.",
        "An acknowledgement is never acknowledged.",
    ]
    .map(str::to_owned)
    .into();
    if link.endpoint.is_some() {
        found.push(format!(
            "The gateway knows an acknowledgement of its own messages by MSA-2. AA or CA ends a message; anything \
             else, or none in time, and it is sent again later. After {} refusals it is put aside for a person to \
             look at, and what follows is sent.",
            link.park_after
        ));
    }
    found
}

pub(super) fn limits(sides: &Sides<'_>) -> Vec<Limit> {
    let config = sides.deployment.config;
    let (limits, delivery) = (&config.limits, &config.delivery);
    let frame = sides.link.frame_bytes_max.unwrap_or(limits.mllp_frame_bytes_max);
    let read = Limits::default();
    let limit = |what, value: String| Limit { what, value };
    let mut found = vec![
        limit("bytes of a frame to the gateway", format!("{frame}")),
        limit("segments of a message", format!("{}", read.segments_max)),
        limit("fields of a segment", format!("{}", read.fields_max)),
        limit("messages of a batch", format!("{}", read.messages_max)),
        limit("first byte to last of a frame", format!("{} s", limits.mllp_frame_timeout_s)),
        limit("TLS handshake", format!("{} s", config.tls.handshake_timeout_s)),
        limit("connections of this partner at once", format!("{}", limits.mllp_connections_max)),
        limit("a message is known again for", "30 days".to_owned()),
    ];
    if sides.link.endpoint.is_some() {
        found.extend([
            limit("the gateway waits for an acknowledgement", format!("{} s", delivery.timeout_s)),
            limit(
                "the gateway tries again after",
                format!(
                    "{} s, twice as long each time, up to {} s",
                    delivery.retry_delay_s_min, delivery.retry_delay_s_max
                ),
            ),
        ]);
    }
    found
}

pub(super) fn own(link: &Link) -> Vec<String> {
    let mut found = vec![settings(link)];
    let unnamed = link.authority.as_ref().map(|name| {
        format!("A key of the partner's own that names no assigning authority is taken for one of {name}.")
    });
    found.extend(unnamed);
    found.push(match link.referrals.is_empty() {
        true => {
            "A REF is a referral. An order (ORM, OMG) is none: it is acknowledged, and not kept."
                .to_owned()
        }
        false => {
            "A REF is a referral. An order (ORM, OMG) is one if one of these fits; any other is \
                  acknowledged, and not kept."
                .to_owned()
        }
    });
    found.extend(link.referrals.iter().map(|rule| {
        let asked = [
            rule.code.as_ref().map(|code| match &rule.system {
                Some(system) => format!("OBR-4 or OBR-44 is {code} of {system}"),
                None => format!("OBR-4 or OBR-44 is {code}"),
            }),
            rule.diagnosis
                .as_ref()
                .map(|one| format!("a diagnosis (DG1-3, OBR-31) begins with {one}")),
        ];
        let given = [
            rule.need.as_ref().map(|need| format!("the need is {need}")),
            rule.target.as_ref().map(|target| format!("it goes to {target}")),
        ];
        let joined =
            |all: [Option<String>; 2]| all.into_iter().flatten().collect::<Vec<_>>().join(" and ");
        match joined(given) {
            given if given.is_empty() => format!("Referral: {}.", joined(asked)),
            given => {
                format!("Referral: {}; where the message does not say, {given}.", joined(asked))
            }
        }
    }));
    found.extend(link.z_fields.iter().map(|one| match (one.carries, one.carries.stands_for()) {
        (Carries::Nothing, _) | (_, None) => {
            format!("{} is known and not carried; acknowledgements do not mention it.", one.field)
        }
        (carries, Some(standard)) => format!(
            "{} is read as {standard} ({}), and written beside it.",
            one.field,
            carries.name()
        ),
    }));
    found.extend(link.codes.iter().map(|one| {
        let system = one.system.as_ref().map(|system| format!(" of {system}")).unwrap_or_default();
        format!("In {} the code {} is {}{system}.", one.field, one.theirs, one.ours)
    }));
    found
}

fn settings(link: &Link) -> String {
    let answers = match link.answers {
        Answers::AsAsked => "in RRI to a REF, in ORR or ORG and then OSU to an order",
        Answers::Rri => "in RRI",
        Answers::Orders => "in ORR or ORG, and then OSU",
        Answers::X360 => "as IHE 360X has it, in OSU and, with the outcome, OMG",
    };
    let appointments = match link.appointments {
        How::Answers => "in its answers",
        How::Siu => "in SIU",
    };
    let outcomes = match link.outcomes {
        Outcomes::Answers => "in its answers",
        Outcomes::Oru => "in ORU^R01 besides",
        Outcomes::Mdm => "in MDM^T02 besides",
    };
    let requests = match link.requests {
        Requests::Ref => "REF^I12",
        Requests::Omg => "OMG^O19",
        Requests::Orm => "ORM^O01",
    };
    format!(
        "A source is answered {answers}; it hears of appointments {appointments}, and of outcomes {outcomes}. A \
         target gets a referral as {requests}."
    )
}

pub(super) fn lenient(link: &Link) -> Vec<Deviation> {
    let known = Lenient::NAMES.iter().filter(|(_, one)| link.passes(*one));
    known.map(|(word, one)| Deviation { word, sentence: one.sentence() }).collect()
}
