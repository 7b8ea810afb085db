//! Which message says a piece of news, by the family of messages in which its source refers.
//!
//! The one place where news gets the name of a state. Which fields say the state comes from the state
//! table; not here: what else the message says.

use loopgate_mapping::{States, Way};
use loopgate_referral::Says;

use crate::partner::{Answers, How, Link, Outcomes};

/// The messages in which a source hears of its referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// REF, answered by RRI.
    Rri,
    /// ORM, answered by ORR and OSU; before v2.5.1, which knows no OSU, by ORR and ORM.
    Orm,
    /// OMG, answered by ORG and OSU.
    Omg,
    /// IHE 360X: OSU, SIU and OMG.
    X360,
}

impl Family {
    /// What the link says; where it says as asked, that of the message the referral came in (MSH-9).
    pub fn of(answers: Answers, kind: &str) -> Family {
        let code = kind.split_once('^').map_or(kind, |(code, _)| code);
        match (answers, code) {
            (Answers::X360, _) => Family::X360,
            (Answers::Rri, _) => Family::Rri,
            (Answers::AsAsked | Answers::Orders, "ORM") => Family::Orm,
            (Answers::AsAsked, "OMG") | (Answers::Orders, _) => Family::Omg,
            (Answers::AsAsked, _) => Family::Rri,
        }
    }
}

/// What the messages to a source depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// The family.
    pub family: Family,
    /// Nothing was said yet: this is the answer to the order itself.
    pub first: bool,
    /// The source reads OSU: it writes v2.5.1 or later.
    pub status_updates: bool,
    /// In which messages appointments are told.
    pub appointments: How,
    /// In which messages outcomes are told.
    pub outcomes: Outcomes,
}

impl Manner {
    /// How this link is told of a referral that came as `kind` of that version (MSH-9, MSH-12).
    pub fn of(link: &Link, (kind, version): (&str, &str), first: bool) -> Manner {
        Manner {
            family: Family::of(link.answers, kind),
            first,
            status_updates: knows_status_updates(version),
            appointments: link.appointments,
            outcomes: link.outcomes,
        }
    }

    /// MSH-21, the profile that the messages follow.
    pub fn profile(&self) -> Option<&'static str> {
        (self.family == Family::X360).then_some("360X")
    }

    /// The types of message (MSH-9.1) that may say a state, the best first.
    fn codes(&self, state: &str) -> Vec<&'static str> {
        let mut codes = Vec::new();
        let x360 = self.family == Family::X360;
        match state {
            "scheduled" | "no-show" | "appointment-cancelled" => {
                codes.extend((x360 || self.appointments == How::Siu).then_some("SIU"));
            }
            "completed" => match self.outcomes {
                Outcomes::Oru => codes.push("ORU"),
                Outcomes::Mdm => codes.push("MDM"),
                Outcomes::Answers => codes.extend(x360.then_some("OMG")),
            },
            "interim-note" | "failed" => codes.extend(x360.then_some("OMG")),
            _ => {}
        }
        let status = if self.status_updates { "OSU" } else { "ORM" };
        match self.family {
            Family::Rri => codes.push("RRI"),
            Family::Orm if self.first => codes.extend(["ORR", status]),
            // A request to cancel is answered as an order is.
            Family::Orm => codes.extend([status, "ORR"]),
            Family::Omg if self.first => codes.extend(["ORG", "OSU"]),
            Family::Omg | Family::X360 => codes.push("OSU"),
        }
        codes
    }

    /// What says a piece of news. Where no message of the family can say its state, it is the nearest
    /// that one can say, or nothing but that the message came; words have to say the rest.
    pub fn said(&self, states: &States, says: Option<&Says>) -> Said {
        let state = state(says);
        let named = std::iter::successors(Some(state), |name| instead(name));
        let way = named.into_iter().find_map(|name| {
            let codes = self.codes(name).into_iter();
            codes.filter_map(|code| way(states, name, code, says)).next()
        });
        way.map_or_else(|| self.plain(state), Said::of)
    }

    /// A message that says nothing of the state.
    fn plain(&self, state: &str) -> Said {
        let code = self.codes(state).first().copied().unwrap_or("RRI");
        let event = match code {
            "RRI" if state == "received" => "I12",
            "RRI" => "I13",
            "ORR" => "O02",
            "ORG" => "O20",
            "ORM" => "O01",
            _ => "O51",
        };
        Said { code: code.into(), event: event.into(), fields: Vec::new() }
    }
}

/// How a message of this code says a state. An appointment in place of another is one state with the
/// first, and an event of its own.
fn way<'s>(states: &'s States, name: &str, code: &str, says: Option<&Says>) -> Option<&'s Way> {
    let first = states.say(name, code)?;
    match says {
        Some(Says::Rebooked(_)) if code == "SIU" => {
            let mut ways = states.get(name)?.ways();
            Some(ways.find(|way| way.code == code && way.event == "S13").unwrap_or(first))
        }
        _ => Some(first),
    }
}

/// What says a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// MSH-9.1.
    pub code: String,
    /// MSH-9.2.
    pub event: String,
    /// Fields with their values.
    pub fields: Vec<(String, String)>,
}

impl Said {
    /// What a way of the state table says.
    pub fn of(way: &Way) -> Said {
        let Way { code, event, fields, .. } = way.clone();
        Said { code, event, fields }
    }

    /// Its fields, for a mapping to write.
    pub fn state(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(field, value)| (field.as_str(), value.as_str()))
    }

    /// MSH-9: type, event, structure (v2.5.1 §2.15.9.9, table 0354).
    pub fn kind(&self) -> [&str; 3] {
        let structure = match self.code.as_str() {
            "RRI" => "RRI_I12",
            "REF" => "REF_I12",
            "ORR" => "ORR_O02",
            "ORG" => "ORG_O20",
            "ORM" => "ORM_O01",
            "OMG" => "OMG_O19",
            "OSU" => "OSU_O51",
            "SIU" => "SIU_S12",
            "ORU" => "ORU_R01",
            "MDM" => "MDM_T02",
            _ => "",
        };
        [&self.code, &self.event, structure]
    }

    /// It answers a message, and says which in MSA.
    pub fn answers(&self) -> bool {
        match self.code.as_str() {
            "ORR" | "ORG" => true,
            "RRI" => matches!(self.event.as_str(), "I12" | "I14" | "I15"),
            _ => false,
        }
    }
}

/// News that says nothing of where the referral stands: no state has this name.
const BESIDE: &str = "beside";

/// The state that a piece of news says; without any, that the referral came.
fn state(says: Option<&Says>) -> &'static str {
    let Some(says) = says else { return "received" };
    match says {
        Says::Waiting | Says::NoLongerWaiting => "received",
        Says::Declined(_) => "declined",
        Says::Accepted => "accepted",
        Says::Started => "active",
        Says::OnHold(_) => "on-hold",
        Says::Booked(_) | Says::Rebooked(_) => "scheduled",
        Says::AppointmentCancelled => "appointment-cancelled",
        Says::NoShow => "no-show",
        Says::Note(_) => "interim-note",
        Says::Served(_) => "completed",
        Says::Failed(_) => "failed",
        Says::GivenBack(_) => "declined-late",
        Says::Cancelled(_) => "cancelled",
        Says::CancelRefused(_) => "cancel-refused",
        Says::Rerouted(_) | Says::TakenBack => "received",
        Says::Attempted(_) | Says::Commented(_) | Says::SafeContact(_) | Says::Attached(_) => {
            BESIDE
        }
    }
}

/// The nearest state, where a family of messages cannot say this one.
fn instead(state: &str) -> Option<&'static str> {
    Some(match state {
        "scheduled"
        | "no-show"
        | "appointment-cancelled"
        | "interim-note"
        | "on-hold"
        | "released"
        | "cancel-refused"
        | "completed" => "active",
        "active" => "accepted",
        "failed" | "expired" => "cancelled",
        "cancelled" | "declined-late" => "declined",
        _ => return None,
    })
}

/// OSU is of v2.5.1 by pre-adoption (IHE 360X); what is older has ORM alone. A version that is not
/// said, or not understood, is new.
fn knows_status_updates(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    let number = [parts.next(), parts.next(), parts.next()];
    match number {
        [Some(Some(2)), Some(Some(minor)), patch] => {
            (minor, patch.flatten().unwrap_or(0)) >= (5, 1)
        }
        _ => true,
    }
}

#[cfg(test)]
#[path = "family_tests.rs"]
mod tests;
