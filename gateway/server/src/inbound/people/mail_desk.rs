//! E-mails and PINs of organizations, for staff (`/staff/mail`): whose address takes nothing, and the codes
//! that the phone desk tells. Nothing here is about a person.

use loopgate_referral::OrgId;
use maud::html;

use super::form::Filled;
use super::html::{HTML, see, wide};
use super::sessions::Member;
use crate::admin::mail::{CODE_HOURS, NotDone, code, marked};
use crate::gate::Gate;
use crate::journal::MailEvent;
use crate::partner::ChannelKind;
use crate::refusal::{Kind, Trouble};
use crate::reply::Reply;
use crate::scribe::Command;
use crate::staff::StaffRole;

/// The table.
pub fn shown(gate: &Gate, member: &Member) -> Reply {
    page(gate, member, None)
}

/// A button of the table.
pub fn posted(
    gate: &Gate,
    member: &Member,
    (name, act): (&str, &str),
    _: &Filled,
) -> Result<Reply, Trouble> {
    let missing = || Trouble::from(Kind::NotFound);
    let org: OrgId = name.parse().map_err(|_| missing())?;
    match act {
        "code" => match code(gate, &org, (member.name.as_str(), "staff")) {
            Ok(code) => Ok(page(gate, member, Some((&org, &code)))),
            Err(NotDone::Unrecorded) => Err(Trouble::Outage),
            Err(_) => Err(missing()),
        },
        "again" => {
            let who = (member.name.to_string(), "staff");
            let fact = MailEvent::Mended { org };
            // Pressed twice is once.
            gate.scribe.ask_blocking(|reply| Command::Mail(Box::new(fact), who, reply))?;
            Ok(see("/staff/mail", None))
        }
        _ => Err(missing()),
    }
}

fn page(gate: &Gate, member: &Member, made: Option<(&OrgId, &str)>) -> Reply {
    let marked = marked(gate);
    let roster = gate.scribe.published().roster.load();
    let partners = roster.iter().map(|loaded| &loaded.partner).filter(|partner| {
        let kind = partner.channel.as_ref().map(|channel| &channel.kind);
        matches!(kind, Some(ChannelKind::Email { .. }))
    });
    let buttons = member.is(StaffRole::Coordinator);
    let page = html! {
        h1 { "E-mails" }
        p.lead { "Organizations that are told by e-mail. A code lets one that forgot its PIN set another, together with the \
                  link it gets by e-mail. Tell it by phone, to somebody you called at the number on file." }
        @if let Some((org, code)) = made {
            p.banner role="status" {
                "The code for " (org) " is " strong { (code) } ". It is shown this once, good for " (CODE_HOURS)
                " hours and one change of the PIN; the one before it is not good any more."
            }
        }
        @for partner in partners {
            @let mark = marked.iter().find(|(org, _)| *org == partner.org);
            section.card {
                h2 { (partner.name) }
                dl {
                    dt { "Name" } dd { (partner.org) }
                    dt { "Address" } dd { @if let Some((_, words)) = mark { (words) } @else { "takes e-mail" } }
                }
                @if buttons {
                    form method="post" action={ "/staff/mail/" (partner.org) "/code" } {
                        button.quiet type="submit" { "Make a code for another PIN" }
                    }
                    @if mark.is_some() {
                        form method="post" action={ "/staff/mail/" (partner.org) "/again" } {
                            button.quiet type="submit" { "Send e-mails again" }
                        }
                    }
                }
            }
        }
        p { a href="/staff" { "Back to the desk" } }
    };
    Reply::with(200, HTML, wide("E-mails", &page))
}
