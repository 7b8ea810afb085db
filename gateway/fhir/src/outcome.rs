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
    of(faults.iter().map(warning))
}

fn warning(fault: &Fault) -> Json {
    issue("warning", fault.code, &fault.words, &fault.expression)
}

/// An OperationOutcome of what was taken in: which elements of it are not passed on, and what is worth a
/// word; nothing, if there is neither.
pub fn taken(not_carried: &[String], worth_a_word: &[Fault]) -> Option<Json> {
    let lost = (!not_carried.is_empty()).then(|| {
        let words = "not carried to the community organization";
        let mut issue = issue("information", IssueCode::Informational, words, "");
        let paths = not_carried.iter().map(|path| path.as_str().into());
        issue.set("expression", Json::array(paths));
        issue
    });
    let issues: Vec<Json> = lost.into_iter().chain(worth_a_word.iter().map(warning)).collect();
    (!issues.is_empty()).then(|| of(issues))
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
