//! The leaves of a message by number, to look at and to set. All count from 1 but repetitions, which
//! count from 0; a leaf is the first subcomponent.

use loopgate_hl7v2::{Component, Field, Message, Repetition, Segment, is_null, unescape};

/// The text as it stands; empty if there is none.
pub(super) fn get(segment: &Segment, field: u16, repetition: usize, component: u16) -> &str {
    let found = repetition_at(segment, field, repetition);
    let found = found.and_then(|one| one.0.get(usize::from(component).checked_sub(1)?));
    found.and_then(|one| one.0.first()).map_or("", |text| text.as_str())
}

/// Whether a component has subcomponents behind the first.
pub(super) fn has_parts(segment: &Segment, field: u16, repetition: usize, component: u16) -> bool {
    let found = repetition_at(segment, field, repetition);
    let found = found.and_then(|one| one.0.get(usize::from(component).checked_sub(1)?));
    found.is_some_and(|one| one.0.iter().skip(1).any(|text| !text.is_empty()))
}

/// How many repetitions a field has.
pub(super) fn repetitions(segment: &Segment, field: u16) -> usize {
    field_at(segment, field).map_or(0, |field| field.0.len())
}

fn field_at(segment: &Segment, field: u16) -> Option<&Field> {
    segment.fields.get(usize::from(field).checked_sub(1)?)
}

fn repetition_at(segment: &Segment, field: u16, repetition: usize) -> Option<&Repetition> {
    field_at(segment, field)?.0.get(repetition)
}

/// Puts a text, as it is to stand in the message; makes room for it.
pub(super) fn set(segment: &mut Segment, field: u16, repetition: usize, component: u16, raw: &str) {
    let (field, component) = (usize::from(field).max(1), usize::from(component).max(1));
    if segment.fields.len() < field {
        segment.fields.resize(field, Field::default());
    }
    let Field(repetitions) = &mut segment.fields[field - 1];
    let mut all = repetitions.to_vec();
    if all.len() <= repetition {
        all.resize(repetition + 1, Repetition::default());
    }
    let mut components = all[repetition].0.to_vec();
    if components.len() < component {
        components.resize(component, Component::default());
    }
    components[component - 1] = Component(vec![raw.to_owned()].into());
    all[repetition] = Repetition(components.into());
    *repetitions = all.into();
}

/// Puts a whole repetition in place of a field.
pub(super) fn put(segment: &mut Segment, field: u16, whole: Repetition) {
    let field = usize::from(field).max(1);
    if segment.fields.len() < field {
        segment.fields.resize(field, Field::default());
    }
    segment.fields[field - 1] = Field(vec![whole].into());
}

/// Takes a field out.
pub(super) fn clear(segment: &mut Segment, field: u16) {
    if let Some(found) = usize::from(field).checked_sub(1).and_then(|n| segment.fields.get_mut(n)) {
        *found = Field::default();
    }
}

/// The whole of a field's first repetition, if it says anything.
pub(super) fn whole(segment: &Segment, field: u16) -> Option<&Repetition> {
    let says = |one: &&Repetition| {
        let mut texts = one.0.iter().flat_map(|component| &component.0);
        texts.any(|text| !text.is_empty() && !is_null(text))
    };
    repetition_at(segment, field, 0).filter(says)
}

/// Every code in these fields with the system beside it, the alternate one too (CE, CWE).
pub(super) fn coded(message: &Message, fields: &[(&str, u16)]) -> Vec<(String, String)> {
    let text = |segment: &Segment, field, repetition, component| {
        unescape(get(segment, field, repetition, component), &message.delimiters)
    };
    let mut found = Vec::new();
    for (name, field) in fields {
        for segment in message.segments.iter().filter(|one| one.name == *name) {
            for repetition in 0..repetitions(segment, *field) {
                for at in [1, 4] {
                    let code = text(segment, *field, repetition, at);
                    if !code.is_empty() {
                        found.push((code, text(segment, *field, repetition, at + 2)));
                    }
                }
            }
        }
    }
    found
}
