//! Which messages travel on a link, who sends them, and what each field of them is.

use loopgate_mapping::{By, Mapping, Needed, RowView, State as Row, TableView, Way};

use super::{Always, Field, Message, Says, Segment, Sides, State, example, names};
use crate::partner::{Answers, ChannelKind, How, Outcomes, Requests, Role};

/// Who sends a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    Partner,
    Gateway,
}

/// Messages of one structure with one purpose.
struct Kind {
    from: From,
    /// Whose word it is about a referral.
    by: By,
    code: &'static str,
    events: &'static [&'static str],
    /// The file below `hl7v2/`, for a mapping that names no types.
    file: &'static str,
    purpose: &'static str,
}

/// Every kind that a setting of the link calls for, and those of them that have no mapping here.
pub(super) fn messages(sides: &Sides<'_>) -> (Vec<Message>, Vec<String>) {
    let (mut found, mut without) = (Vec::new(), Vec::new());
    for kind in kinds(sides) {
        let mut of: Vec<(&Mapping, Vec<&'static str>)> = Vec::new();
        for event in kind.events {
            match mapping(sides, &kind, event) {
                None => without.push(format!("{}^{event}", kind.code)),
                Some(mapping) => {
                    match of.iter_mut().find(|(one, _)| one.name() == mapping.name()) {
                        Some((_, events)) => events.push(event),
                        None => of.push((mapping, vec![event])),
                    }
                }
            }
        }
        found.extend(
            of.into_iter().map(|(mapping, events)| message(sides, &kind, mapping, &events)),
        );
    }
    without.sort();
    without.dedup();
    (found, without)
}

fn mapping<'a>(sides: &Sides<'a>, kind: &Kind, event: &str) -> Option<&'a Mapping> {
    let library = sides.deployment.library;
    let by_name = || {
        let found = library.mapping(&format!("hl7v2/{}", kind.file));
        found.filter(|mapping| mapping.messages().next().is_none())
    };
    library.for_message(kind.code, event).or_else(by_name)
}

fn kinds(sides: &Sides<'_>) -> Vec<Kind> {
    let (partner, link) = (sides.partner, sides.link);
    let mut kinds = Vec::new();
    if partner.roles.contains(&Role::Source) {
        kinds.extend(asked(!link.referrals.is_empty()));
        if link.endpoint.is_some() {
            kinds.extend(answers(From::Gateway, !link.referrals.is_empty(), link.answers));
            let siu = link.appointments == How::Siu;
            kinds.extend(results(From::Gateway, siu, link.outcomes));
        }
    }
    let speaks = partner.channel.as_ref().is_some_and(|one| one.kind == ChannelKind::Hl7v2);
    if partner.roles.contains(&Role::Target) && speaks {
        kinds.push(placed(link.requests));
        // Whatever it answers in is read.
        kinds.extend(answers(From::Partner, true, Answers::AsAsked));
        kinds.extend(results(From::Partner, true, Outcomes::Oru));
        kinds.extend(results(From::Partner, false, Outcomes::Mdm));
    }
    kinds
}

fn asked(orders: bool) -> Vec<Kind> {
    let kind = |code, events, file, purpose| Kind {
        from: From::Partner,
        by: By::Source,
        code,
        events,
        file,
        purpose,
    };
    let mut kinds = vec![kind(
        "REF",
        &["I12", "I13", "I14", "I15"],
        "ref-i12",
        "a referral, a change of it, its cancellation, a question where it stands",
    )];
    if orders {
        let purpose = "an order that is a referral by the rules of this link";
        kinds.push(kind("ORM", &["O01"], "orm-o01", purpose));
        kinds.push(kind("OMG", &["O19"], "omg-o19", purpose));
        kinds.push(kind("OSU", &["O51"], "osu-o51", "an order is to be cancelled"));
    }
    let persons =
        "what is known of a person anew; of somebody who is not known here nothing is kept";
    kinds.push(kind("ADT", &["A01", "A04", "A08", "A28", "A31"], "adt-a01", persons));
    kinds.push(kind("ADT", &["A40"], "adt-a40", "two patients are one person"));
    kinds
}

/// The answers to referrals: from the gateway to a source, or from a target.
fn answers(from: From, orders: bool, answers: Answers) -> Vec<Kind> {
    let kind =
        |code, events, file, purpose| Kind { from, by: By::Target, code, events, file, purpose };
    let (rri, ordered) = match answers {
        Answers::AsAsked => (true, orders),
        Answers::Rri => (true, false),
        Answers::Orders => (false, true),
        Answers::X360 => {
            return vec![
                kind("OSU", &["O51"], "osu-o51", "what becomes of a referral"),
                kind("OMG", &["O19"], "omg-o19", "what came of it"),
            ];
        }
    };
    let mut kinds = Vec::new();
    if rri {
        let purpose = "what becomes of a referral";
        kinds.push(kind("RRI", &["I12", "I13", "I14", "I15"], "rri-i12", purpose));
    }
    if ordered {
        kinds.push(kind("ORR", &["O02"], "orr-o02", "the first answer to an ORM"));
        kinds.push(kind("ORG", &["O20"], "org-o20", "the first answer to an OMG"));
        kinds.push(kind("OSU", &["O51"], "osu-o51", "what becomes of an order after that"));
    }
    kinds
}

fn results(from: From, appointments: bool, outcomes: Outcomes) -> Vec<Kind> {
    let kind =
        |code, events, file, purpose| Kind { from, by: By::Target, code, events, file, purpose };
    let mut kinds = Vec::new();
    if appointments {
        let events: &[&str] = &["S12", "S13", "S14", "S15", "S16", "S17", "S26"];
        kinds.push(kind("SIU", events, "siu-s12", "an appointment and what becomes of it"));
    }
    match outcomes {
        Outcomes::Answers => {}
        Outcomes::Oru => kinds.push(kind("ORU", &["R01"], "oru-r01", "what came of a referral")),
        Outcomes::Mdm => {
            kinds.push(kind("MDM", &["T02"], "mdm-t02", "what came of a referral, as a document"));
        }
    }
    kinds
}

/// How a target gets a referral.
fn placed(requests: Requests) -> Kind {
    let (code, events, file): (_, &[&str], _) = match requests {
        Requests::Ref => ("REF", &["I12", "I13", "I14"], "ref-i12"),
        Requests::Omg => ("OMG", &["O19"], "omg-o19"),
        Requests::Orm => ("ORM", &["O01"], "orm-o01"),
    };
    let purpose = "a referral, a change of it, a request to cancel it";
    Kind { from: From::Gateway, by: By::Source, code, events, file, purpose }
}

fn message(sides: &Sides<'_>, kind: &Kind, mapping: &Mapping, events: &[&str]) -> Message {
    let states = sides.deployment.library.states();
    let speaks = states.iter().filter(|state| state.by().contains(&kind.by));
    let ways: Vec<(&Row, &Way)> = speaks
        .flat_map(|state| state.ways().map(move |way| (state, way)))
        .filter(|(_, way)| way.code == kind.code && events.contains(&way.event.as_str()))
        .collect();
    let says = ways.iter().map(|(state, way)| Says {
        message: format!("{}^{}", way.code, way.event),
        state: state.name.clone(),
        fields: said(way),
    });
    // Of an answer the one that says most: what came of it.
    let way = ways.iter().find(|(state, _)| state.name == "completed").or(ways.first());
    let event = events.first().copied().unwrap_or_default();
    let event = way.map_or(event, |(_, way)| way.event.as_str());
    let example = example::message(sides, kind.from, mapping, (kind.code, event), way.copied());
    let (example, without_example) = match example {
        Ok(text) => (Some(text), None),
        Err(refused) => (None, Some(refused.to_string())),
    };
    let header = ["MSH".to_owned()];
    let segments = header.iter().chain(mapping.structure());
    Message {
        from: name(sides, kind.from),
        purpose: kind.purpose,
        types: events.iter().map(|event| format!("{}^{event}", kind.code)).collect(),
        says: says.collect(),
        segments: segments
            .map(|name| Segment { name: name.clone(), title: names::segment(name) })
            .collect(),
        fields: mapping.rows().map(|row| field(&row)).collect(),
        always: mapping
            .always_written()
            .map(|(place, text)| Always { place, text: text.to_owned() })
            .collect(),
        mapping: format!(
            "{} version {}, SHA-256 {}",
            mapping.name(),
            mapping.version(),
            hex::encode(mapping.digest())
        ),
        example,
        without_example,
        by_gateway: kind.from == From::Gateway,
    }
}

fn field(row: &RowView<'_>) -> Field {
    let table = row.table.as_ref().map(|table| match table {
        TableView::File { name, .. } => format!("table {name}"),
        TableView::Link(name) => format!("the {name} of this link"),
    });
    let form = row.form.map(|form| match form {
        "date" => "a date".to_owned(),
        "instant" => "a date and time".to_owned(),
        "number" => "a number".to_owned(),
        "flag" => "Y or N".to_owned(),
        "authority" => "an authority of this link, or an OID or UUID".to_owned(),
        other => other.to_owned(),
    });
    Field {
        place: row.right.clone(),
        needed: match row.needed {
            Needed::Always => "required",
            Needed::IfThere => "never left out",
            Needed::No => "optional",
        },
        says: row.left.clone(),
        form: table.or(form),
        group: row.group.map(|group| group.name()),
    }
}

/// The state table, as far as messages of this link say it.
pub(super) fn states(sides: &Sides<'_>, types: &[(&str, String)]) -> Vec<State> {
    let speaker = |by: By, kind: &str| {
        let source = sides.partner.roles.contains(&Role::Source);
        let from = match by {
            By::Source if source => From::Partner,
            By::Target if !source => From::Partner,
            _ => From::Gateway,
        };
        let from = name(sides, from);
        types.iter().any(|(who, one)| *who == from && one == kind)
    };
    let states = sides.deployment.library.states().iter();
    let rows = states.map(|state| {
        let said = state.ways().filter_map(|way| {
            let kind = format!("{}^{}", way.code, way.event);
            let travels = state.by().iter().any(|by| speaker(*by, &kind));
            let fields = said(way);
            let space = if fields.is_empty() { "" } else { " " };
            travels.then(|| format!("{kind}{space}{fields}"))
        });
        State {
            name: state.name.clone(),
            by: state
                .by()
                .iter()
                .map(|by| match by {
                    By::Source => "source",
                    By::Target => "target",
                })
                .collect(),
            task: state.task.clone(),
            said: said.collect(),
        }
    });
    rows.filter(|state| !state.said.is_empty()).collect()
}

fn said(way: &Way) -> String {
    let all = way.fields.iter().map(|(field, value)| match value.as_str() {
        "" => format!("{field} empty"),
        value => format!("{field} {value}"),
    });
    all.collect::<Vec<_>>().join(", ")
}

fn name(sides: &Sides<'_>, from: From) -> String {
    match from {
        From::Partner => sides.partner.name.clone(),
        From::Gateway => sides.deployment.config.organization.name.clone(),
    }
}
