//! What an entry says as one sentence, and what people call kinds, codes and organizations. No name of a
//! person, and nothing anybody wrote.

use loopgate_consent::{GrantEvent, GrantState, ReasonCode};
use loopgate_referral::{
    Event as ReferralEvent, OrgId, PersonEvent, SourceMove, TargetMove, Timestamp,
};

use super::told::Told;
use crate::fold::WRONG_PIN;
use crate::gate::Gate;
use crate::journal::{
    BasisUsed, Disclosure, Event, HookStop, LedgerEvent, LinkEvent, MailEvent, StaffEvent,
    WebhookEvent,
};

/// The sentence of an entry, without who and when.
pub fn of(gate: &Gate, told: &Told) -> String {
    let Some(event) = &told.event else { return "What it said was erased.".to_owned() };
    let name = |org: &OrgId| organization(gate, org.as_str());
    match event {
        Event::Disclosed(one) => disclosed(one, &name(&one.recipient)),
        Event::Reread { recipient, .. } => {
            format!("{} read again what it was shown before.", name(recipient))
        }
        Event::Denied { org, code, action, .. } => {
            let asked = action.as_deref().map(|action| format!(" ({})", plain(action)));
            format!("Refused to {}{}: {}.", name(org), asked.unwrap_or_default(), reason(code))
        }
        Event::Referral { fact, .. } => referral(fact, &name),
        Event::Stored { org, resources, .. } => {
            format!("{} sent {}.", name(org), count(resources.len(), "resource"))
        }
        Event::Heard { org, not_carried, kept, .. } => {
            let lost = match not_carried.len() {
                0 => String::new(),
                n => format!(" {} was not carried on.", count(n, "field")),
            };
            let kept = if *kept { "" } else { " Its bytes were not kept." };
            format!("An HL7 v2 message from {} was taken in.{lost}{kept}", name(org))
        }
        Event::Answered { org, .. } => format!("{} was answered.", name(org)),
        Event::Grant(fact) => grant(fact),
        Event::Person(fact) => person(fact, &name),
        Event::Patient { .. } => "A Patient resource is this person.".to_owned(),
        Event::Partner { org, suspended: true, .. } => format!("{} may do nothing.", name(org)),
        Event::Partner { org, .. } => format!("A partner file of {} is in force.", name(org)),
        Event::Strangers { count: n } => {
            format!("{} by nobody known.", count(*n as usize, "attempt"))
        }
        Event::Staff(fact) => staff(fact, &name),
        Event::Capacity { org, said } => {
            let of = said.need.as_ref().map(|need| format!(" ({})", plain(need.as_str())));
            let status = plain(said.status.code());
            format!(
                "{} says how much it can take on{}: {status}.",
                name(org),
                of.unwrap_or_default()
            )
        }
        Event::StopUseTold { org, .. } => format!("{} was told to stop using it.", name(org)),
        Event::TokenMinted { org, minted, .. } => {
            format!("A consent token was made by {} for {}.", name(org), name(&minted.recipient))
        }
        Event::TokenRevoked { org, .. } => format!("A token of {} was revoked.", name(org)),
        Event::Spent { org, .. } => format!("{} showed who it is.", name(org)),
        Event::Exported { case, .. } => format!("Evidence was exported for case {case}."),
        Event::Ledger(fact) => log(fact),
        Event::Link(fact) => queue(fact, &name(fact.org())),
        Event::Mail(fact) => mail(fact, &name(fact.org())),
        Event::Webhook(fact) => webhook(fact, &name(fact.org())),
    }
}

fn disclosed(one: &Disclosure, to: &str) -> String {
    let mut groups: Vec<String> = Vec::new();
    let mut grounds: Vec<&str> = Vec::new();
    for basis in &one.bases {
        if let BasisUsed::Consent { groups: passed, .. } = basis {
            groups.extend(passed.iter().map(|group| plain(group)));
        }
        grounds.push(ground(basis));
    }
    groups.sort_unstable();
    groups.dedup();
    grounds.dedup();
    let what = if groups.is_empty() { "what is kept".to_owned() } else { groups.join(", ") };
    match one.bases.first() {
        Some(BasisUsed::Audit { case }) if one.view == crate::fold::REVEAL => {
            format!("{to} read who it is, for case {case}.")
        }
        Some(BasisUsed::Audit { case }) => format!("{to} looked at entries, for case {case}."),
        _ => format!("Shared with {to}: {what}. Ground: {}.", grounds.join("; ")),
    }
}

/// On which ground something was shared.
pub fn ground(basis: &BasisUsed) -> &'static str {
    match basis {
        BasisUsed::Consent { .. } => "the person agreed",
        BasisUsed::ReturnToSupplier => "they supplied it",
        BasisUsed::Treatment => "they treat the person",
        BasisUsed::BusinessAssociate => "they work for who supplied it",
        BasisUsed::Law { .. } => "a court or a statute ordered it",
        BasisUsed::BreakGlass { .. } => "an emergency",
        BasisUsed::ThePerson => "it is the person's own",
        BasisUsed::Audit { .. } => "an audit",
    }
}

fn referral(fact: &ReferralEvent, name: &dyn Fn(&OrgId) -> String) -> String {
    match fact {
        ReferralEvent::Received { source, owner, needs, .. } => {
            let needs: Vec<String> = needs.iter().map(|need| plain(need.as_str())).collect();
            format!("{} refers to {}: {}.", name(source), name(owner), needs.join(", "))
        }
        ReferralEvent::Held { why } => format!("It waits: {}.", reason(&why.0)),
        ReferralEvent::Resumed => "Consent covers it now: it goes on.".to_owned(),
        ReferralEvent::Refused { why } => format!("Not passed on: {}.", plain(why.code())),
        ReferralEvent::Placed { target, .. } => format!("Sent to {}.", name(target)),
        ReferralEvent::Delivered { .. } => "The target's system took it.".to_owned(),
        ReferralEvent::SourceTold { .. } => "The source's system took the news.".to_owned(),
        ReferralEvent::TargetTold { .. } => "The target's system took what it was told.".to_owned(),
        ReferralEvent::SourceToBeToldAgain { since } => {
            format!("The source is told again what came since {}.", moment(*since))
        }
        ReferralEvent::Amended { .. } => "Its source changed what it says.".to_owned(),
        ReferralEvent::SourceMoved {
            step: SourceMove::Cancel { why } | SourceMove::AskToCancel { why },
        } => {
            format!("Called off by its source: {}.", plain(why.code()))
        }
        ReferralEvent::SourceMoved { step: SourceMove::EnterInError } => {
            "Its source says that it should never have been sent.".to_owned()
        }
        ReferralEvent::TargetMoved { step, inferred, .. } => {
            let said = match step {
                TargetMove::Accept => "Accepted".to_owned(),
                TargetMove::Reject { why } => format!("Declined: {}", plain(why.code())),
                TargetMove::Start => "Under way".to_owned(),
                TargetMove::Hold { why } => format!("On hold: {}", plain(why.code())),
                TargetMove::Complete => "Closed: the service was given".to_owned(),
                TargetMove::Fail { why } => {
                    format!("Closed without service: {}", plain(why.code()))
                }
                TargetMove::Withdraw { why } => {
                    format!("Given back by its target: {}", plain(why.code()))
                }
            };
            format!("{said}{}", if *inferred { " (follows from what was said next)." } else { "." })
        }
        ReferralEvent::AppointmentBooked { .. } => "An appointment was booked.".to_owned(),
        ReferralEvent::AppointmentCancelled { .. } => "The appointment is off.".to_owned(),
        ReferralEvent::NoShow { .. } => "The person did not come.".to_owned(),
        ReferralEvent::InterimNote { .. } => "A note was written.".to_owned(),
        ReferralEvent::CancelRequested { why } => {
            format!("Its source asks to stop: {}.", plain(why.code()))
        }
        ReferralEvent::CancelAgreed { .. } => "Its target stops, as it was asked to.".to_owned(),
        ReferralEvent::CancelRefused { why, .. } => {
            format!("Its target does not stop: {}.", plain(why.code()))
        }
        ReferralEvent::CameLate { happened, .. } => {
            let then = moment(*happened);
            format!("Something of {then} came late, and changes nothing.")
        }
        ReferralEvent::OutcomeRecorded { .. } => "What was given was recorded.".to_owned(),
        ReferralEvent::OutcomeCorrected { .. } => "What was given was corrected.".to_owned(),
        ReferralEvent::OutcomeWithdrawn { .. } => "What was said to be given was not.".to_owned(),
        ReferralEvent::ContactAttempted { attempt, .. } if attempt.reached => {
            "The person was reached.".to_owned()
        }
        ReferralEvent::ContactAttempted { .. } => "The person was not reached.".to_owned(),
        ReferralEvent::Commented { by_target: true, .. } => {
            "The target wrote to the source.".to_owned()
        }
        ReferralEvent::Commented { .. } => "The source wrote to the target.".to_owned(),
        ReferralEvent::Assigned { to: Some(_), .. } => "Somebody there works on it.".to_owned(),
        ReferralEvent::Assigned { .. } => "Nobody there works on it any more.".to_owned(),
        ReferralEvent::SafeContactNoted { .. } => {
            "How the person is safely reached was noted.".to_owned()
        }
        ReferralEvent::Rerouted { to, why, .. } => {
            format!("Sent on to {}: {}.", name(to), plain(why.code()))
        }
        ReferralEvent::TakenBack { .. } => "The answer was a mistake and taken back.".to_owned(),
        ReferralEvent::Attached { .. } => "A document was added.".to_owned(),
    }
}

fn grant(fact: &GrantEvent) -> String {
    match fact {
        GrantEvent::Given { says } => match says.state {
            GrantState::Pending => "A consent form came; somebody has to read it.",
            GrantState::Revoked => "A consent was withdrawn where it was given.",
            GrantState::Uninterpretable => "A consent came that no program reads.",
            _ => "The person consented.",
        },
        GrantEvent::Revoked { .. } => "The person withdrew a consent.",
        GrantEvent::AllRevoked { .. } => "The person withdrew everything.",
        GrantEvent::Suspended { suspended: true, .. } => "Consents wait: two persons may be one.",
        GrantEvent::Suspended { .. } => "Consents hold again.",
        GrantEvent::Doubted { doubted: true, .. } => "Who signed a consent may not any more.",
        GrantEvent::Doubted { .. } => "Who signed a consent may after all.",
    }
    .to_owned()
}

fn person(fact: &PersonEvent, name: &dyn Fn(&OrgId) -> String) -> String {
    match fact {
        PersonEvent::Registered { by, .. } => format!("A person became known, from {}.", name(by)),
        PersonEvent::Linked { by, .. } => format!("{} knows this person as well.", name(by)),
        PersonEvent::Merged { by, .. } => {
            format!("Two persons are one, as {} says, who knows both.", name(by))
        }
        PersonEvent::Superseded { by, .. } => {
            format!("{} gave this person another identifier.", name(by))
        }
        PersonEvent::CandidateNoted { .. } => "Two persons look alike.".to_owned(),
    }
}

fn staff(fact: &StaffEvent, name: &dyn Fn(&OrgId) -> String) -> String {
    match fact {
        StaffEvent::SignIn { right: true, .. } => "Signed in.".to_owned(),
        StaffEvent::SignIn { .. } => "Tried to sign in, and something was wrong.".to_owned(),
        StaffEvent::Proposed { .. } => "A first person read a consent form.".to_owned(),
        StaffEvent::LinkMade { proxy: true, .. } => {
            "A link was made for who speaks for the person.".to_owned()
        }
        StaffEvent::LinkMade { .. } => "A link of their own was made for the person.".to_owned(),
        StaffEvent::LinksEnded { .. } => "The person's links were ended.".to_owned(),
        StaffEvent::GlassBroken { org, .. } => format!("{} broke the glass.", name(org)),
        StaffEvent::GlassReviewed { justified: true, .. } => {
            "Somebody looked: it was an emergency.".to_owned()
        }
        StaffEvent::GlassReviewed { .. } => "Somebody looked: it was no emergency.".to_owned(),
        StaffEvent::Entered { org, act, .. } => {
            format!("Staff entered what {} said on the phone: {act}.", name(org))
        }
        StaffEvent::WrongReplyCode { .. } => "A code that no sheet has was entered.".to_owned(),
        StaffEvent::Looked { org, case, .. } => format!("{} looked, for case {case}.", name(org)),
        StaffEvent::RevealAsked { org, case, .. } => {
            format!("{} asks who it is, for case {case}.", name(org))
        }
        StaffEvent::RevealConfirmed { .. } => {
            "A second person agreed that it be told who it is.".to_owned()
        }
    }
}

/// What became of a partner's webhooks.
fn webhook(fact: &WebhookEvent, org: &str) -> String {
    match fact {
        WebhookEvent::Failing { .. } => format!("{org} takes no webhooks."),
        WebhookEvent::Disabled { why: HookStop::Gone, .. } => {
            format!("Nothing is pushed to {org} any more: it said that nobody is there.")
        }
        WebhookEvent::Disabled { why: HookStop::Failing, .. } => {
            format!("Nothing is pushed to {org} any more: it took nothing for too long.")
        }
        WebhookEvent::Disabled { why: HookStop::Operator, .. } => {
            format!("Nothing is pushed to {org} for now.")
        }
        WebhookEvent::Enabled { .. } => format!("What waited for {org} is pushed."),
        WebhookEvent::Replayed { .. } => format!("{org} is told again what it was told."),
        WebhookEvent::ToldAgain { .. } => format!("{org} was told again."),
    }
}

/// What became of the queue of a link.
fn queue(fact: &LinkEvent, org: &str) -> String {
    match fact {
        LinkEvent::Paused { .. } => format!("Nothing is said to {org} by HL7 v2 for now."),
        LinkEvent::Resumed { .. } => format!("What waited for {org} is sent."),
        LinkEvent::Resynchronized { .. } => format!("{org} counts its messages anew."),
        LinkEvent::Parked { refusals: 0, .. } => format!("A message to {org} was put aside."),
        LinkEvent::Parked { refusals, .. } => {
            let times = count(*refusals as usize, "time");
            format!("A message to {org} was put aside: it was refused {times}.")
        }
        LinkEvent::Unparked { .. } => format!("A message to {org} is tried again."),
    }
}

/// What became of the e-mails to an organization, and of its PIN.
fn mail(fact: &MailEvent, org: &str) -> String {
    match fact {
        MailEvent::Bounced { .. } => format!("The address of {org} takes no e-mail."),
        MailEvent::Mended { .. } => format!("The address of {org} takes e-mail again."),
        MailEvent::SentAgain { placements, .. } => {
            format!("{} to {org} sent again.", count(placements.len(), "referral"))
        }
        MailEvent::RecoveryAsked { .. } => format!("Somebody at {org} forgot the PIN."),
        MailEvent::RecoverySent { .. } => format!("{org} was sent a link for another PIN."),
        MailEvent::CodeMade { .. } => format!("The phone desk has a code for {org}."),
        MailEvent::PinChanged { .. } => format!("{org} has another PIN."),
        MailEvent::PinChangeSent { .. } => format!("{org} was told that its PIN changed."),
    }
}

fn log(fact: &LedgerEvent) -> String {
    match fact {
        LedgerEvent::Indexed { .. } => "The root of the index was written down.".to_owned(),
        LedgerEvent::KeyAnnounced { .. } => "The log has another key.".to_owned(),
        LedgerEvent::KeyRotated { .. } => "Both keys of the log signed a checkpoint.".to_owned(),
        LedgerEvent::KeyRetired { .. } => "A key of the log signs nothing any more.".to_owned(),
        LedgerEvent::Kept { .. } => "A snapshot was written down.".to_owned(),
        LedgerEvent::Shredded { erased, .. } => {
            format!("A person was erased: {} cannot be read any more.", entries(erased.len()))
        }
        LedgerEvent::ShredRefused { .. } => "An erasure was refused.".to_owned(),
        LedgerEvent::HoldPlaced { case, .. } => format!("Nothing is erased: case {case}."),
        LedgerEvent::HoldEnded { case, .. } => format!("Case {case} holds nothing any more."),
        LedgerEvent::Unwitnessed { .. } => "For a day too few witnesses cosigned.".to_owned(),
        LedgerEvent::Configured { part, gone: true, .. } => format!("{part} is gone."),
        LedgerEvent::Configured { part, .. } => format!("{part} is in force as it is now."),
    }
}

/// A reason code with its words.
pub fn reason(code: &str) -> String {
    if code == WRONG_PIN {
        return format!("{code}, a wrong PIN or code was given");
    }
    match ReasonCode::ALL.iter().find(|one| one.name() == code) {
        Some(known) => format!("{code}, {}", known.words()),
        None => plain(code),
    }
}

/// The name of an organization, for people.
pub fn organization(gate: &Gate, org: &str) -> String {
    match org {
        crate::roster::THE_PERSON => return "the person".to_owned(),
        crate::roster::THE_STAFF => return "the gateway's staff".to_owned(),
        crate::gate::OWN_ID => return "loopgate".to_owned(),
        _ => {}
    }
    let roster = gate.scribe.published().roster.load();
    let known = org.parse().ok().and_then(|id| roster.get(&id).map(|one| one.name.clone()));
    known.unwrap_or_else(|| org.to_owned())
}

/// A code as people read it: `food-insecurity` is `food insecurity`.
pub fn plain(code: &str) -> String {
    code.replace(['-', '_', '.'], " ")
}

/// `1 resource`, `2 resources`.
pub fn count(n: usize, of: &str) -> String {
    format!("{n} {of}{}", if n == 1 { "" } else { "s" })
}

/// `1 entry`, `2 entries`.
pub fn entries(n: usize) -> String {
    if n == 1 { "1 entry".to_owned() } else { format!("{n} entries") }
}

/// An instant for people, UTC.
pub fn moment(at: Timestamp) -> String {
    said(at, "%-d %b %Y, %H:%M:%S")
}

/// Its day.
pub fn day(at: Timestamp) -> String {
    said(at, "%-d %b %Y")
}

/// Its time of day.
pub fn clock(at: Timestamp) -> String {
    said(at, "%H:%M:%S")
}

fn said(at: Timestamp, form: &str) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::UTC).strftime(form).to_string()
}
