//! What a Patient tells of who a person is.

use loopgate_referral::{Identifier, Sameness};

use crate::fault::Faults;
use crate::party::identifiers;
use crate::task::of_kind;
use crate::{Fault, Json, Resource};

/// A Patient, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientIn {
    /// Its identifiers that have a system and are not marked old.
    pub identifiers: Vec<Identifier>,
    /// Its name and birth date, folded: only ever compared, for candidates.
    pub sameness: Option<Sameness>,
}

impl PatientIn {
    /// Reads a Patient.
    pub fn read(resource: &Resource) -> Result<PatientIn, Vec<Fault>> {
        let json = of_kind(resource, "Patient")?;
        Faults::default()
            .or(Some(PatientIn { identifiers: identifiers(json), sameness: sameness(json) }))
    }
}

/// The official name's, else the usual one's, else the first one's.
fn sameness(patient: &Json) -> Option<Sameness> {
    let names = patient.list("name");
    let used = |wanted: &str| names.iter().find(|name| name.text("use") == Some(wanted));
    let name = used("official").or_else(|| used("usual")).or_else(|| names.first())?;
    let given = name.list("given").first()?.as_str()?;
    Sameness::of(name.text("family")?, given, patient.text("birthDate")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn check(rest: &str, identifiers: usize, same_as: Option<(&str, &str, &str)>) {
        let text = format!(r#"{{"resourceType":"Patient"{rest}}}"#);
        let resource = Resource::read(text.as_bytes(), &Limits::default()).unwrap();
        let got = PatientIn::read(&resource).unwrap();
        assert_eq!(got.identifiers.len(), identifiers, "{text}");
        let want = same_as.and_then(|(family, given, born)| Sameness::of(family, given, born));
        assert_eq!(got.sameness, want, "{text}");
    }

    #[test]
    fn who_a_patient_is() {
        check("", 0, None);
        check(
            r#","identifier":[{"system":"s","value":"1"},{"value":"2"},{"system":"s"},
            {"system":"s","value":"3","use":"old"},{"system":"s","value":"4","use":"temp"},
            {"system":"s","value":"5","period":{"end":"2020-01-01"}}]"#,
            2,
            None,
        );
        let first = r#"{"family":"A","given":["B","C"]}"#;
        let usual = r#"{"family":"D","given":["E"],"use":"usual"}"#;
        let official = r#"{"family":"F","given":["G"],"use":"official"}"#;
        let born = r#","birthDate":"1990-01-02""#;
        for (names, want) in [
            (vec![first], ("A", "B", "1990-01-02")),
            (vec![first, usual], ("D", "E", "1990-01-02")),
            (vec![first, usual, official], ("F", "G", "1990-01-02")),
        ] {
            let names = names.join(",");
            check(&format!(r#","name":[{names}]{born}"#), 0, Some(want));
            check(&format!(r#","name":[{names}]"#), 0, None);
        }
        check(&format!(r#","name":[{{"family":"A"}}]{born}"#), 0, None);
    }
}
