//! SDOHCC Procedure: what a target did, where it says so itself.

use jiff::tz::Offset;
use loopgate_referral::{StatusReason, Timestamp};

use crate::fault::Faults;
use crate::{Fault, IssueCode, Json, Moment};

/// A service given, as a Procedure or an output of a Task says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceIn {
    /// A code of the service, with its system.
    pub code: Option<(String, String)>,
    /// The service in words, of 1 to [`StatusReason::TEXT_BYTES_MAX`] bytes.
    pub text: String,
}

impl ServiceIn {
    /// Reads a CodeableConcept; nothing, if it has neither a code nor words, or too many.
    pub fn read(concept: &Json) -> Option<ServiceIn> {
        let coding = concept.list("coding").first();
        let code =
            coding.and_then(|c| Some((c.text("system")?.to_owned(), c.text("code")?.to_owned())));
        let text = concept.text("text").or_else(|| coding.and_then(|c| c.text("display")));
        let text = text.map(str::to_owned).or_else(|| code.as_ref().map(|(_, code)| code.clone()));
        let fits =
            |text: &String| !text.trim().is_empty() && text.len() <= StatusReason::TEXT_BYTES_MAX;
        text.filter(fits).map(|text| ServiceIn { code, text })
    }
}

/// A Procedure that says what was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcedureIn {
    /// What.
    pub service: ServiceIn,
    /// When; when it ended, where it took a while.
    pub performed: Timestamp,
}

impl ProcedureIn {
    /// Reads a Procedure as the outcome of a referral: it is completed, and says what and when. `zone`
    /// holds where no time zone is written. Faults are located from `place`.
    pub fn read(procedure: &Json, place: &str, zone: Offset) -> Result<ProcedureIn, Vec<Fault>> {
        let mut faults = Faults::default();
        if procedure.text("status") != Some("completed") {
            let words = "is not completed, as an outcome is";
            faults.push(Fault::new(IssueCode::BusinessRule, format!("{place}.status"), words));
        }
        let service = procedure.get("code").and_then(ServiceIn::read);
        if service.is_none() {
            let words = "needs a code or a text of 1 to 1000 bytes";
            faults.push(Fault::value(format!("{place}.code"), words));
        }
        let performed = performed(procedure, zone);
        if performed.is_none() {
            faults.push(Fault::required(format!("{place}.performed")));
        }
        let read = service.zip(performed);
        faults.or(read.map(|(service, performed)| ProcedureIn { service, performed }))
    }
}

fn performed(procedure: &Json, zone: Offset) -> Option<Timestamp> {
    let text = procedure.text("performedDateTime");
    let period =
        || procedure.text("performedPeriod.end").or(procedure.text("performedPeriod.start"));
    Some(Moment::parse(text.or_else(period)?, zone)?.start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn check(text: &str, want: Result<(&str, i64), &[&str]>) {
        let json = Json::parse(text.as_bytes(), "Procedure", &Limits::default()).unwrap();
        let got = ProcedureIn::read(&json, "Procedure", Offset::UTC);
        let got = got.map(|one| (one.service.text, one.performed.0 / 1000));
        let places = |faults: Vec<Fault>| faults.into_iter().map(|one| one.expression).collect();
        let got = got.map_err(|faults| -> Vec<String> { places(faults) });
        let want = want.map(|(text, at)| (text.to_owned(), at));
        assert_eq!(
            got,
            want.map_err(|at| at.iter().map(|at| (*at).to_owned()).collect()),
            "{text}"
        );
    }

    #[test]
    fn what_was_done_and_when() {
        let code =
            r#""status":"completed","code":{"coding":[{"system":"s","code":"1","display":"D"}]}"#;
        check(&format!(r#"{{{code},"performedDateTime":"1970-01-02"}}"#), Ok(("D", 86_400)));
        let period = r#""performedPeriod":{"start":"1970-01-01","end":"1970-01-02T00:00:05Z"}"#;
        check(&format!("{{{code},{period}}}"), Ok(("D", 86_405)));
        let begun = r#""performedPeriod":{"start":"1970-01-02"}"#;
        check(&format!("{{{code},{begun}}}"), Ok(("D", 86_400)));
        check(&format!("{{{code}}}"), Err(&["Procedure.performed"]));
        let at = r#""performedDateTime":"1970-01-01""#;
        check(
            &format!(r#"{{"status":"in-progress",{at},"code":{{"text":"Food"}}}}"#),
            Err(&["Procedure.status"]),
        );
        check(
            &format!(r#"{{"status":"completed",{at},"code":{{"text":" "}}}}"#),
            Err(&["Procedure.code"]),
        );
        check(
            &format!(r#"{{"status":"completed",{at},"code":{{"text":"Food"}}}}"#),
            Ok(("Food", 0)),
        );
    }
}
