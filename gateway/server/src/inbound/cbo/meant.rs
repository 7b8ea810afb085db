//! From a document in the pivot's words, and the act that its word stands for, to what its sender wants done.

use loopgate_fhir::{Fault, IssueCode};
use loopgate_mapping::{Act as Asked, Mapping, Read};
use loopgate_referral::{Appointment, Placement, StatusReason, TargetMove, TaskStatus, Timestamp};
use serde_json::Value;

use super::body::bad;
use super::say::instant;
use crate::refusal::{Kind, Refusal, Trouble};
use crate::scribe::{NOTE_BYTES_MAX, Service, Wish};

/// What a document wants done.
#[derive(Debug)]
pub struct Meant {
    /// In this order.
    pub wishes: Vec<Wish>,
    /// When it happened, if it says so.
    pub happened: Option<Timestamp>,
    /// The paths of the pivot that say it.
    used: Vec<&'static str>,
}

/// What only says which referral it is about, and where it stands.
const CONTEXT: [&str; 3] = ["Task.identifier", "Task.status", "ServiceRequest.category"];

impl Meant {
    /// The members of the document that nothing here says on, dotted and sorted.
    pub fn unused(&self, read: &Read) -> Vec<String> {
        let says = |left: &str| {
            CONTEXT.iter().any(|one| left == *one || left.starts_with(&format!("{one}.")))
                || self.used.iter().any(|one| left.starts_with(one))
        };
        let idle = read.carried.iter().filter(|one| !says(&one.left)).map(|one| one.right.clone());
        let mut all: Vec<String> = read.not_carried.iter().cloned().chain(idle).collect();
        all.sort();
        all.dedup();
        all
    }
}

/// What is wanted, on a placement as it stands.
///
/// # Errors
/// What an act needs and the document does not say; an act that is not a target's.
pub fn meant(
    asked: &Asked,
    mapping: &Mapping,
    read: &Read,
    placement: &Placement,
) -> Result<Meant, Trouble> {
    let said = Said { pivot: &read.pivot, mapping };
    let status = placement.state.status();
    let happened = instant(&said.pivot["Task"]["lastModified"]);
    let mut meant = Meant { wishes: Vec::new(), happened, used: vec!["Task.lastModified"] };
    let mut note = said.note()?;
    let wish = match asked.act.as_str() {
        "none" => None,
        "accept" => {
            use TaskStatus::{Accepted, InProgress, OnHold};
            let working = matches!(status, Accepted | InProgress | OnHold);
            (!working).then_some(Wish::Target(TargetMove::Accept))
        }
        "start" => match said.appointment()? {
            Some(appointment) => Some(Wish::Book(appointment)),
            None if status == TaskStatus::InProgress => None,
            None => Some(Wish::Target(TargetMove::Start)),
        },
        "appointment" => match said.appointment()? {
            Some(appointment) => Some(Wish::Book(appointment)),
            None => {
                return Err(bad(
                    &said.place("Appointment.start"),
                    "says no start of the appointment",
                ));
            }
        },
        "appointment-cancelled" => Some(Wish::CancelAppointment),
        "no-show" => Some(Wish::NoShow),
        "agree-cancel" => Some(Wish::AgreeCancel),
        // Said again, its note is the reason still, and no comment.
        act @ ("decline" | "withdraw")
            if matches!(status, TaskStatus::Rejected | TaskStatus::Cancelled) =>
        {
            said.why(act, &mut note)?;
            None
        }
        // It was asked to.
        "withdraw" if placement.cancel_asked.is_some() => Some(Wish::AgreeCancel),
        act @ "not-served" if status == TaskStatus::Failed => {
            said.why(act, &mut note)?;
            None
        }
        act @ ("decline" | "withdraw" | "hold" | "not-served" | "refuse-cancel") => {
            let why = said.why(act, &mut note)?;
            Some(match act {
                // What was taken on is not declined any more: it is given back.
                "decline" if status == TaskStatus::Requested => {
                    Wish::Target(TargetMove::Reject { why })
                }
                "decline" | "withdraw" => Wish::Target(TargetMove::Withdraw { why }),
                "hold" => Wish::Target(TargetMove::Hold { why }),
                "not-served" => Wish::Target(TargetMove::Fail { why }),
                _ => Wish::RefuseCancel { why },
            })
        }
        "note" => {
            let text = [said.service_text(), note.take()].into_iter().flatten();
            let text = text.collect::<Vec<_>>().join("\n");
            meant.used.push("Procedure.code.text");
            Some(Wish::Note(said.short(text)?))
        }
        "served" => said.served(placement, (&mut note, &mut meant))?,
        _ => return Err(Kind::IllegalMove.into()),
    };
    match &wish {
        Some(Wish::Book(_)) => meant.used.push("Appointment"),
        Some(
            Wish::Target(
                TargetMove::Reject { .. }
                | TargetMove::Withdraw { .. }
                | TargetMove::Hold { .. }
                | TargetMove::Fail { .. },
            )
            | Wish::RefuseCancel { .. },
        ) => meant.used.push("Task.statusReason"),
        _ => {}
    }
    meant.used.push("Task.note");
    meant.wishes.extend(wish);
    meant.wishes.extend(note.map(Wish::Comment));
    Ok(meant)
}

/// What a document says.
struct Said<'a> {
    pivot: &'a Value,
    mapping: &'a Mapping,
}

/// What stands for a service where a document says that there was one, and not which.
const UNNAMED: &str = "service given";

impl Said<'_> {
    fn place(&self, left: &str) -> String {
        self.mapping.right_of(left).unwrap_or_default()
    }

    fn note(&self) -> Result<Option<String>, Trouble> {
        let Some(text) = self.pivot["Task"]["note"][0]["text"].as_str() else { return Ok(None) };
        let text = text.trim();
        if text.len() > NOTE_BYTES_MAX {
            return Err(bad(&self.place("Task.note.text"), "is a text of 1 to 1000 bytes"));
        }
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    /// Its words, and why: the reason of its own, else the note that came with it, else what it is.
    fn why(&self, act: &str, note: &mut Option<String>) -> Result<StatusReason, Trouble> {
        let reason = &self.pivot["Task"]["statusReason"];
        let code = reason["coding"][0]["code"].as_str().unwrap_or(act);
        let text = reason["text"].as_str().map(str::to_owned).or_else(|| note.take());
        let text = text.unwrap_or_else(|| act.replace('-', " "));
        StatusReason::new(code, &text).ok_or_else(|| {
            let words = "needs a code of a-z0-9- and a text of 1 to 1000 bytes";
            bad(&self.place("Task.statusReason"), words)
        })
    }

    fn appointment(&self) -> Result<Option<Appointment>, Trouble> {
        let said = &self.pivot["Appointment"];
        if said["start"].is_null() {
            return Ok(None);
        }
        let start = instant(&said["start"]).ok_or_else(|| self.untimed("Appointment.start"))?;
        let place = said["description"].as_str().map(|text| self.short(text.to_owned()));
        Ok(Some(Appointment { start, place: place.transpose()? }))
    }

    /// A local time means another instant to somebody else.
    fn untimed(&self, left: &str) -> Trouble {
        let words = "is not a date and time with its zone";
        Refusal::invalid(vec![Fault::new(IssueCode::Value, self.place(left), words)]).into()
    }

    fn service_text(&self) -> Option<String> {
        let code = &self.pivot["Procedure"]["code"];
        let text = code["text"].as_str().or(code["coding"][0]["display"].as_str())?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A text that an act has room for.
    fn short(&self, text: String) -> Result<String, Trouble> {
        if text.trim().is_empty() || text.len() > NOTE_BYTES_MAX {
            return Err(bad("", "says no text, or one of more than 1000 bytes"));
        }
        Ok(text)
    }

    /// What was given. A service that is said once the loop is closed is one more, and no end of it.
    fn served(
        &self,
        placement: &Placement,
        (note, meant): (&mut Option<String>, &mut Meant),
    ) -> Result<Option<Wish>, Trouble> {
        let procedure = &self.pivot["Procedure"];
        let coding = &procedure["code"]["coding"][0];
        let part = |name: &str| coding[name].as_str().map(str::to_owned);
        let code = part("system").zip(part("code"));
        let performed = match &procedure["performedDateTime"] {
            Value::Null => meant.happened,
            said => Some(instant(said).ok_or_else(|| self.untimed("Procedure.performedDateTime"))?),
        };
        meant.used.push("Procedure.");
        let own = self.service_text();
        let known: Vec<Service> = placement
            .given()
            .map(|one| {
                let (code, text) = (one.code.clone(), one.text.clone());
                Service { code, text, performed: Some(one.performed) }
            })
            .collect();
        if placement.state.status() == TaskStatus::Completed && !known.is_empty() {
            // Said again, its note is the service still, and no comment.
            if own.is_none() && known.iter().any(|one| Some(&one.text) == note.as_ref()) {
                note.take();
            }
            let said = known.iter().any(|one| Some(&one.text) == own.as_ref() && one.code == code);
            let Some(text) = own.filter(|_| !said) else { return Ok(None) };
            let one = Service { code, text: self.short(text)?, performed };
            // Words that stood for no service give way to the first that is named.
            let named = known.into_iter().filter(|one| one.code.is_some() || one.text != UNNAMED);
            return Ok(Some(Wish::Correct { services: named.chain([one]).collect() }));
        }
        let text = own.or_else(|| note.take()).unwrap_or_else(|| UNNAMED.to_owned());
        let services = vec![Service { code, text: self.short(text)?, performed }];
        Ok(Some(Wish::Serve { services }))
    }
}
