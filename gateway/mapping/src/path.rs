//! The FHIRPath subset (<http://hl7.org/fhirpath/N1>): members, `where` with one equality, and for
//! lists `[*]` and, counted from 1 as HL7 v2 counts, `[2]`.
//!
//! Only the syntax is checked here; `repeats.rs` checks it against FHIR.

/// The most steps a path may have.
const STEPS_COUNT_MAX: usize = 16;

/// `Type.member.where(path='literal').member`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    /// The first is the resource type; never empty.
    pub(crate) steps: Vec<Step>,
}

/// An element and the selections among its repetitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) wheres: Vec<Where>,
    /// `[*]`: each repetition, one by one.
    pub(crate) each: bool,
    /// `[2]`: this repetition, counted from 1.
    pub(crate) nth: Option<u8>,
}

/// `where(path='literal')` or `where(path=%constant)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Where {
    pub(crate) members: Vec<String>,
    pub(crate) equals: Operand,
}

/// What a selection compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operand {
    Literal(String),
    Constant(String),
}

/// Why a text is not a [`Path`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadPath {
    #[error("does not start with a resource type")]
    Type,
    #[error("has a step that is not an element name")]
    Member,
    #[error("has a where that is not where(path='literal') or where(path=%constant)")]
    Where,
    #[error("has [*] twice")]
    Each,
    #[error("has more than {STEPS_COUNT_MAX} steps")]
    TooLong,
}

impl Path {
    /// Parse a path; it has at least one member after its type.
    pub(crate) fn parse(text: &str) -> Result<Path, BadPath> {
        let (root, mut rest) = word(text);
        if !root.starts_with(|c: char| c.is_ascii_uppercase()) {
            return Err(BadPath::Type);
        }
        let mut steps = vec![Step::new(root)];
        rest = steps[0].index(rest)?;
        while !rest.is_empty() {
            rest = rest.strip_prefix('.').ok_or(BadPath::Member)?;
            if let Some(inner) = rest.strip_prefix("where(") {
                let (selection, after) = parse_where(inner).ok_or(BadPath::Where)?;
                let last = steps.len() - 1;
                steps[last].wheres.push(selection);
                rest = after;
            } else {
                let (name, after) = member(rest).ok_or(BadPath::Member)?;
                let mut step = Step::new(name);
                rest = step.index(after)?;
                steps.push(step);
            }
        }
        if steps.iter().filter(|step| step.each).count() > 1 {
            return Err(BadPath::Each);
        }
        match steps.len() {
            1 => Err(BadPath::Member),
            2..=STEPS_COUNT_MAX => Ok(Path { steps }),
            _ => Err(BadPath::TooLong),
        }
    }
}

impl Step {
    fn new(name: &str) -> Step {
        let name = name.to_owned();
        Step { name, wheres: Vec::new(), each: false, nth: None }
    }

    /// Reads `[*]` or `[2]` in front of `text`, and gives what follows.
    fn index<'t>(&mut self, text: &'t str) -> Result<&'t str, BadPath> {
        let Some(inner) = text.strip_prefix('[') else { return Ok(text) };
        let (index, rest) = inner.split_once(']').ok_or(BadPath::Member)?;
        if index == "*" {
            self.each = true;
        } else {
            let plain = index.bytes().all(|byte| byte.is_ascii_digit()) && !index.starts_with('0');
            let nth = plain.then(|| index.parse().ok()).flatten();
            self.nth = Some(nth.ok_or(BadPath::Member)?);
        }
        Ok(rest)
    }
}

/// `system='phone').value` -> the selection, and what follows the parenthesis.
fn parse_where(text: &str) -> Option<(Where, &str)> {
    let (first, mut rest) = member(text)?;
    let mut members = vec![first.to_owned()];
    while let Some(after) = rest.strip_prefix('.') {
        let (next, after) = member(after)?;
        members.push(next.to_owned());
        rest = after;
    }
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let (equals, rest) = match rest.strip_prefix('%') {
        Some(constant) => {
            let (name, rest) = member(constant)?;
            (Operand::Constant(name.to_owned()), rest)
        }
        None => {
            let (literal, rest) = rest.strip_prefix('\'')?.split_once('\'')?;
            let plain = !literal.is_empty() && !literal.contains('\\');
            (Operand::Literal(plain.then(|| literal.to_owned())?), rest)
        }
    };
    let rest = rest.trim_start().strip_prefix(')')?;
    Some((Where { members, equals }, rest))
}

/// An element name starts with a lower-case letter.
fn member(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = word(text);
    name.starts_with(|c: char| c.is_ascii_lowercase()).then_some((name, rest))
}

fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_type_members_and_selections() {
        let path =
            Path::parse("Patient.telecom.where(system = 'phone').where(a.b=%c).value").unwrap();
        let names: Vec<_> = path.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(names, ["Patient", "telecom", "value"]);
        let wheres = &path.steps[1].wheres;
        assert_eq!(wheres[0].equals, Operand::Literal("phone".to_owned()));
        assert_eq!(wheres[1].members, ["a", "b"]);
        assert_eq!(wheres[1].equals, Operand::Constant("c".to_owned()));
    }

    #[test]
    fn anything_else_of_fhirpath_is_refused() {
        for (text, expected) in [
            ("", BadPath::Type),
            ("status", BadPath::Type),
            ("Task", BadPath::Member),
            ("Task.", BadPath::Member),
            ("Task..status", BadPath::Member),
            ("Task.Status", BadPath::Member),
            ("Task.status ", BadPath::Member),
            ("Task.identifier[0].value", BadPath::Member),
            ("Task.note[*].a[*].text", BadPath::Each),
            ("Task.identifier.first().value", BadPath::Member),
            ("Task.status | Task.intent", BadPath::Member),
            ("Task.identifier.where(system).value", BadPath::Where),
            ("Task.identifier.where(system='').value", BadPath::Where),
            ("Task.identifier.where(system='a' and use='b').value", BadPath::Where),
            ("Task.identifier.where(system!='a').value", BadPath::Where),
            ("Task.identifier.where(system='a\\'').value", BadPath::Where),
            ("Task.identifier.where(system='a'", BadPath::Where),
            ("Task.identifier.where(%a='a').value", BadPath::Where),
            ("A.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", BadPath::TooLong),
        ] {
            assert_eq!(Path::parse(text), Err(expected), "{text:?}");
        }
    }
}
