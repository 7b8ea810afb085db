//! A specification as Markdown: tables, and each example in a fence of its own.

use std::fmt::Write as _;

use super::{Message, Spec};

pub(super) fn write(spec: &Spec) -> String {
    let mut out = String::new();
    head(&mut out, spec);
    connections(&mut out, spec);
    rules(&mut out, spec);
    section(&mut out, "Messages");
    line(
        &mut out,
        "In the tables `[*]` is each of several, and `[3='PH']` the one whose part 3 is PH. What is not in a table is \
         not carried; its sender is told so in the acknowledgement.",
    );
    for message in &spec.messages {
        self::message(&mut out, message);
    }
    if !spec.without_mapping.is_empty() {
        section(&mut out, "Messages that are not exchanged");
        let all = spec.without_mapping.join(", ");
        line(
            &mut out,
            &format!(
                "This deployment has no mapping for {all}. Sent to it, they are refused: AR, 200 or 201."
            ),
        );
    }
    states(&mut out, spec);
    tables(&mut out, spec);
    out
}

fn head(out: &mut String, spec: &Spec) {
    let (name, gateway) = (&spec.name, &spec.gateway);
    line(out, &format!("# HL7 v2 interface: {name} and {gateway}"));
    let mode = if spec.production { "production: real persons" } else { "test: no real person" };
    let roles = spec.roles.join(" and ");
    line(out, &format!("Partner `{}`, referral {roles}. The link is for {mode}.", spec.partner));
    if spec.suspended {
        line(out, "The partner is suspended: nothing passes until that is lifted.");
    }
    line(
        out,
        "Made by the gateway from its own configuration, mappings and state table. All persons in the examples are invented.",
    );
}

fn connections(out: &mut String, spec: &Spec) {
    section(out, "Connections");
    for one in &spec.connections {
        line(out, &format!("### {} to {}", one.from, one.to));
        line(out, &format!("{} connects to `{}`.", one.from, one.address));
        list(out, one.terms.iter().map(String::as_str));
        if let Some(shown) = &one.certificate {
            let (names, until) = (shown.names.join(", "), &shown.until);
            line(
                out,
                &format!(
                    "The gateway shows the certificate for {names}, until {until}, SHA-256 `{}`.",
                    shown.sha256
                ),
            );
        }
    }
}

fn rules(out: &mut String, spec: &Spec) {
    section(out, "Message header");
    let rows = spec
        .header
        .iter()
        .map(|one| vec![one.field.to_owned(), one.to_gateway.clone(), one.from_gateway.clone()]);
    table(out, &["field", "to the gateway", "from the gateway"], rows);
    section(out, "Acknowledgements");
    list(out, spec.acknowledgements.iter().map(String::as_str));
    section(out, "Limits, timers, retries");
    table(
        out,
        &["what", "how much"],
        spec.limits.iter().map(|one| vec![one.what.to_owned(), one.value.clone()]),
    );
    section(out, "Identifiers");
    line(
        out,
        "An assigning authority (PID-3.4, RF1-6.2, ORC-2.2) is one of these, or an OID or UUID with its type. An \
               identifier of any other is nobody's.",
    );
    let authorities = spec.authorities.iter().map(|one| vec![one.name.clone(), one.system.clone()]);
    table(out, &["authority", "identifier system"], authorities);
    section(out, "This link");
    list(out, spec.own.iter().map(String::as_str));
    match spec.lenient.is_empty() {
        true => line(out, "No deviation from the standard is passed over."),
        false => line(out, "These deviations from the standard are passed over, and no others:"),
    }
    list(out, spec.lenient.iter().map(|one| one.sentence));
}

fn message(out: &mut String, message: &Message) {
    section(out, &format!("{} from {}", message.types.join(", "), message.from));
    line(out, &format!("What for: {}.", message.purpose));
    if !message.says.is_empty() {
        let rows = message.says.iter().map(|one| {
            let fields = if one.fields.is_empty() { "its event" } else { &one.fields };
            vec![one.message.clone(), one.state.clone(), fields.to_owned()]
        });
        table(out, &["message", "says", "by"], rows);
    }
    let segments = message.segments.iter().map(|one| vec![one.name.clone(), one.title.to_owned()]);
    table(out, &["segment", "holds"], segments);
    let fields = message.fields.iter().map(|one| {
        let form = one.form.clone().unwrap_or_default();
        let group = one.group.unwrap_or_default().to_owned();
        vec![one.place.clone(), one.needed.to_owned(), one.says.clone(), form, group]
    });
    table(out, &["field", "needed", "what it says (FHIR)", "form", "group"], fields);
    if !message.always.is_empty() {
        line(out, "Always written where the segment is:");
        let always = message.always.iter().map(|one| vec![one.place.clone(), one.text.clone()]);
        table(out, &["field", "text"], always);
    }
    line(out, &format!("Mapping: {}.", message.mapping));
    match &message.example {
        Some(example) => {
            line(out, "Example (each line is a segment and ends with CR on the wire):");
            let _ = write!(out, "```\n{}```\n\n", example);
        }
        None => {
            let why = message.without_example.as_deref().unwrap_or("nothing says it");
            line(out, &format!("There is no example of the invented referral: {why}."));
        }
    }
}

fn states(out: &mut String, spec: &Spec) {
    if spec.states.is_empty() {
        return;
    }
    section(out, "Where a referral stands");
    let rows = spec.states.iter().map(|one| {
        let task = one.task.clone().unwrap_or_else(|| "as it was".to_owned());
        vec![one.name.clone(), one.by.join(", "), task, one.said.join("; ")]
    });
    table(out, &["state", "said by", "Task.status", "messages of this link"], rows);
}

fn tables(out: &mut String, spec: &Spec) {
    if spec.tables.is_empty() {
        return;
    }
    section(out, "Value tables");
    for one in &spec.tables {
        line(out, &format!("### {}", one.name));
        let rows = one
            .codes
            .iter()
            .map(|code| vec![code.code.clone(), code.meaning.clone(), code.used.to_owned()]);
        table(out, &["in the message", "means", "used"], rows);
    }
}

fn section(out: &mut String, title: &str) {
    line(out, &format!("## {title}"));
}

fn line(out: &mut String, text: &str) {
    let _ = write!(out, "{text}\n\n");
}

fn list<'a>(out: &mut String, items: impl Iterator<Item = &'a str>) {
    let items: String = items.map(|item| format!("- {item}\n")).collect();
    if !items.is_empty() {
        let _ = writeln!(out, "{items}");
    }
}

fn table(out: &mut String, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let cell = |text: &String| text.replace('|', "\\|");
    let mut text = row(&head.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
    text += &row(&vec!["---".to_owned(); head.len()]);
    let mut any = false;
    for cells in rows {
        any = true;
        text += &row(&cells.iter().map(cell).collect::<Vec<_>>());
    }
    if any {
        let _ = writeln!(out, "{text}");
    }
}
