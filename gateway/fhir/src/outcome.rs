//! OperationOutcome: how a refusal sounds in FHIR. Which refusal it is, the server knows.

use crate::{Fault, IssueCode, Json};

/// An OperationOutcome of errors. Without any it says that all is well, since FHIR asks for an
/// issue.
pub fn operation_outcome(faults: &[Fault]) -> Json {
    if faults.is_empty() {
        return informational("all ok");
    }
    of(faults.iter().map(|fault| issue("error", fault.code, &fault.words, &fault.expression)))
}

/// An OperationOutcome that only tells something.
pub fn informational(words: &str) -> Json {
    of([issue("information", IssueCode::Informational, words, "")])
}

/// An OperationOutcome that goes with an answer: what of the question it leaves out.
pub fn warnings(faults: &[Fault]) -> Json {
    of(faults.iter().map(|fault| issue("warning", fault.code, &fault.words, &fault.expression)))
}

/// An OperationOutcome that says which elements of a message taken in are not passed on; nothing, if
/// all are.
pub fn not_carried(paths: &[String]) -> Option<Json> {
    if paths.is_empty() {
        return None;
    }
    let words = "not carried to the community organization";
    let mut issue = issue("information", IssueCode::Informational, words, "");
    issue.set("expression", Json::array(paths.iter().map(|path| path.as_str().into())));
    Some(of([issue]))
}

fn of(issues: impl IntoIterator<Item = Json>) -> Json {
    Json::object([("resourceType", "OperationOutcome".into()), ("issue", Json::array(issues))])
}

fn issue(severity: &str, code: IssueCode, words: &str, expression: &str) -> Json {
    let mut issue = Json::object([("severity", severity.into()), ("code", code.code().into())]);
    if !words.is_empty() {
        issue.set("diagnostics", words.into());
    }
    if !expression.is_empty() {
        issue.set("expression", Json::array([expression.into()]));
    }
    issue
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_say_what_and_where() {
        let faults = [
            Fault::required("Task.focus"),
            Fault::not_supported("", "search parameter x is not supported"),
        ];
        let want = concat!(
            r#"{"resourceType":"OperationOutcome","issue":["#,
            r#"{"severity":"error","code":"required","diagnostics":"is missing","#,
            r#""expression":["Task.focus"]},"#,
            r#"{"severity":"error","code":"not-supported","#,
            r#""diagnostics":"search parameter x is not supported"}]}"#
        );
        assert_eq!(operation_outcome(&faults).to_string(), want);
        let want = concat!(
            r#"{"resourceType":"OperationOutcome","issue":[{"severity":"information","#,
            r#""code":"informational","diagnostics":"all ok"}]}"#
        );
        assert_eq!(operation_outcome(&[]).to_string(), want);
    }
}
