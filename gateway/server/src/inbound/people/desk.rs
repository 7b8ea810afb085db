//! The staff's desk (port 8444, `/staff`): coordinators read forms and act for persons, auditors ask
//! why something was allowed or refused, and both look at emergencies.
//!
//! What staff see of a person passes the exit like everything else: they work for the organization
//! that sent it, and each look is an entry.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use loopgate_consent::{Grant, GrantId, GrantState};
use loopgate_fhir::Json;
use loopgate_referral::{OrgId, PersonId, ResourceId};

use super::sessions::{self, Member, SignedIn};
use super::{
    Visit, attest_form, audit, desk_html, html, links, oidc, person, reveals, sheet_desk, sorry,
    why,
};
use crate::egress::Way;
use crate::fold::{Broken, Held};
use crate::gate::Gate;
use crate::journal::StaffEvent;
use crate::refusal::{Kind, Trouble};
use crate::reply::Reply;
use crate::roster::THE_STAFF;
use crate::scribe::{AskFor, Command, OwnedClaim, OwnedToken};
use crate::staff::StaffRole;

/// A form that waits for somebody to read it.
pub struct Waiting {
    /// The Consent it came as.
    pub consent: ResourceId,
    /// Who sent it, or shares on it.
    pub from: String,
    /// Who read it first, if somebody did.
    pub first: Option<String>,
}

/// Answers one visit to `/staff…`.
pub fn handle(gate: &Gate, visit: &Visit) -> Reply {
    let segments: Vec<&str> = visit.path.split('/').skip(2).collect();
    let post = match visit.method.as_str() {
        "GET" => None,
        "POST" => match visit.form() {
            Ok(filled) => Some(filled),
            Err(reply) => return reply,
        },
        _ => return html::sorry(405, "This page is read, and answered by its buttons."),
    };
    if let (Some(filled), ["sign-in"]) = (&post, segments.as_slice()) {
        return signed_in(gate, filled);
    }
    match (&post, segments.as_slice()) {
        (None, ["oidc"]) => return oidc::leave(gate),
        (None, ["oidc", "callback"]) => return oidc::back(gate, visit).unwrap_or_else(sorry),
        _ => {}
    }
    let Some(member) = gate.staff.member(gate, visit.cookie.as_deref()) else {
        let code = if post.is_some() || !segments.is_empty() { 401 } else { 200 };
        return desk_html::sign_in(code, None, gate.config.oidc.is_some());
    };
    let coordinator = member.is(StaffRole::Coordinator);
    let answer = match (&post, segments.as_slice()) {
        (Some(_), ["sign-out"]) => {
            Ok(html::see("/staff", Some(gate.staff.end(visit.cookie.as_deref()))))
        }
        (None, []) => Ok(desk(gate, &member)),
        (None, ["forms", id]) if coordinator => attest_form::shown(gate, &member, id, None),
        (None, ["forms", id, "document"]) if coordinator => document(gate, &member, id),
        (Some(filled), ["forms", id]) if coordinator => {
            attest_form::posted(gate, &member, id, filled)
        }
        (Some(filled), ["find"]) if coordinator => person::find(gate, filled),
        (None, ["person", id]) if coordinator => person::shown(gate, &member, id, None),
        (None, ["person", id, "paper"]) if coordinator => {
            attest_form::paper(gate, &member, id, None)
        }
        (Some(filled), ["person", id, "paper"]) if coordinator => {
            attest_form::paper_posted(gate, &member, id, filled)
        }
        (Some(filled), ["person", id, act]) if coordinator => {
            person::act(gate, &member, (id, act), filled)
        }
        (None, ["glass", entry]) if coordinator => glass(gate, &member, entry),
        (Some(filled), ["glass", entry]) if coordinator => reviewed(gate, &member, entry, filled),
        (post, ["sheet", path @ ..]) if coordinator => {
            sheet_desk::handle(gate, &member, visit, (post.as_ref(), path))
        }
        (None, ["links"]) => Ok(links::shown(gate, &member)),
        (Some(filled), ["links", link, act]) if coordinator => {
            links::posted(gate, &member, (link, act), filled)
        }
        (None, ["why"]) => Ok(why::asked(None)),
        (None, ["audit", path @ ..]) if member.is(StaffRole::Auditor) => {
            audit::shown(gate, &member, visit, path)
        }
        (None, ["reveals"]) => Ok(reveals::list(gate, &member)),
        (None, ["reveals", entry]) => reveals::shown(gate, &member, entry),
        (Some(filled), ["reveals", path @ ..]) => reveals::posted(gate, &member, path, filled),
        (Some(filled), ["why"]) if member.is(StaffRole::Auditor) => {
            why::posted(gate, &member, filled)
        }
        _ => Err(Kind::NotFound.into()),
    };
    answer.unwrap_or_else(sorry)
}

fn signed_in(gate: &Gate, filled: &super::form::Filled) -> Reply {
    let (name, password, code) =
        (filled.text("name"), filled.text("password"), filled.text("code"));
    match sessions::sign_in(gate, name, password, code) {
        Ok(SignedIn::Yes(cookie)) => html::see("/staff", Some(cookie)),
        Ok(SignedIn::No) => {
            let words = "That did not match. Please check name, password and one-time code.";
            desk_html::sign_in(403, Some(words), gate.config.oidc.is_some())
        }
        Ok(SignedIn::Wait(seconds)) => {
            let words = "Too many tries went wrong. Please wait a while and try again.";
            html::sorry(429, words).header("retry-after", seconds.to_string())
        }
        Err(trouble) => sorry(trouble),
    }
}

fn desk(gate: &Gate, member: &Member) -> Reply {
    let world = gate.scribe.published().world();
    let pending = world.grants.iter().filter(|grant| grant.says.state == GrantState::Pending);
    let mut waiting: Vec<Waiting> = Vec::new();
    for grant in pending {
        let consent = grant.says.consent.clone();
        let from = world.resources.get(&consent).map(|held| held.org.to_string());
        let first = world.staff.proposals.get(&consent).map(|(by, _)| by.to_string());
        waiting.push(Waiting { consent, from: from.unwrap_or_default(), first });
    }
    for (consent, (by, says)) in &world.staff.proposals {
        if waiting.iter().all(|one| one.consent != *consent) {
            let from = says.disclosers.first().map(OrgId::to_string).unwrap_or_default();
            let (consent, first) = (consent.clone(), Some(by.to_string()));
            waiting.push(Waiting { consent, from, first });
        }
    }
    let broken: Vec<_> =
        world.staff.broken.iter().filter(|one| one.reviewed.is_none()).cloned().collect();
    let asked = world.staff.reveals.iter();
    let now = gate.now();
    let reveals = asked.filter(|(_, one)| one.waits(now) && one.is_second(&member.name)).count();
    drop(world);
    desk_html::desk(member, &waiting, &broken, reveals)
}

/// Why somebody broke the glass, which is about a person: it passes the exit like all that is.
fn glass(gate: &Gate, member: &Member, entry: &str) -> Result<Reply, Trouble> {
    let broken = broken(gate, entry)?;
    let resources = person::patients(gate, broken.person, &broken.org);
    let event = ResourceId::of("AuditEvent", &broken.entry.to_string());
    let resources = resources.into_iter().chain(event.ok().map(|id| (id, 1))).collect();
    let ask = staff_ask(broken.person, broken.org.clone(), resources, "glass-review");
    let staff = the_staff();
    let released =
        gate.egress.release(way(&staff, member), ask, |_| Ok(desk_html::glass(&broken)))?;
    Ok(Reply::released(200, html::HTML, released))
}

/// A pane that was broken and that nobody looked at.
fn broken(gate: &Gate, entry: &str) -> Result<Broken, Trouble> {
    let missing = || Trouble::from(Kind::NotFound);
    let entry: u64 = entry.parse().map_err(|_| missing())?;
    let world = gate.scribe.published().world();
    let found = world.staff.broken.iter().find(|one| one.entry == entry);
    found.filter(|one| one.reviewed.is_none()).cloned().ok_or_else(missing)
}

fn reviewed(
    gate: &Gate,
    member: &Member,
    entry: &str,
    filled: &super::form::Filled,
) -> Result<Reply, Trouble> {
    let Broken { entry, person, .. } = broken(gate, entry)?;
    let justified = filled.text("justified") == "yes";
    let fact = StaffEvent::GlassReviewed { by: member.name.clone(), entry, person, justified };
    record(gate, member, fact)?;
    Ok(html::see("/staff", None))
}

/// Records what a member did, before it is answered.
pub fn record(gate: &Gate, member: &Member, fact: StaffEvent) -> Result<u64, Trouble> {
    let who = (member.name.to_string(), "staff");
    gate.scribe.ask_blocking(|reply| Command::Staff(Box::new(fact), who, reply))
}

/// The staff, as a recipient.
///
/// # Panics
/// Never: it is a name.
pub fn the_staff() -> OrgId {
    match THE_STAFF.parse() {
        Ok(org) => org,
        Err(_) => unreachable!("it is a name"),
    }
}

/// What staff may see of a person, for the organization that sent it.
pub fn staff_ask(
    person: PersonId,
    from: OrgId,
    resources: Vec<(ResourceId, u64)>,
    view: &'static str,
) -> AskFor {
    AskFor {
        person,
        claims: vec![OwnedClaim::BusinessAssociate { from }],
        resources,
        referral: None,
        view,
        token: OwnedToken::NotAsked,
    }
}

/// The way to one of the staff.
pub fn way<'a>(to: &'a OrgId, by: &'a Member) -> Way<'a> {
    Way { to, channel: "staff", mapping: None, by: Some(by.name.as_str()) }
}

/// A form that waits, with what is kept of it.
pub fn pending(gate: &Gate, id: &str) -> Result<(Grant, Held), Trouble> {
    let missing = || Trouble::from(Kind::NotFound);
    let consent = ResourceId::of("Consent", id).map_err(|_| missing())?;
    let world = gate.scribe.published().world();
    let held = world.resources.get(&consent).ok_or_else(missing)?;
    let person = held.person.ok_or_else(missing)?;
    let grant = world.grants.get(person, &GrantId::of_consent(&consent)).ok_or_else(missing)?;
    if grant.says.state != GrantState::Pending {
        return Err(missing());
    }
    Ok((grant.clone(), held.clone()))
}

/// The signed form itself, as it came inside the Consent. It is not shown by the browser but saved,
/// and what could run in it cannot (PDF, images and plain text alone).
fn document(gate: &Gate, by: &Member, id: &str) -> Result<Reply, Trouble> {
    let (grant, held) = pending(gate, id)?;
    let resources = vec![(grant.says.consent.clone(), held.version)];
    let ask = staff_ask(grant.says.person, held.org.clone(), resources, "form-document");
    let (mut media, staff) = ("application/octet-stream", the_staff());
    let consent = gate.document(&held)?;
    let bytes = attachment(&consent).ok_or(Trouble::from(Kind::NotFound))?;
    let named = consent.text("sourceAttachment.contentType").unwrap_or_default();
    for known in ["application/pdf", "image/png", "image/jpeg", "text/plain"] {
        if named == known {
            media = known;
        }
    }
    let released = gate.egress.release(way(&staff, by), ask, |_| Ok(bytes.clone()))?;
    Ok(Reply::released(200, media, released)
        .header("content-disposition", "attachment; filename=\"form\""))
}

/// The bytes of `Consent.sourceAttachment.data`, if they are what `hash` says (R4: SHA-1): nobody reads
/// a form that is not the one that was sent.
pub fn attachment(consent: &Json) -> Option<Vec<u8>> {
    let bytes = base64(consent.text("sourceAttachment.data")?)?;
    let same = consent.text("sourceAttachment.hash").is_none_or(|hash| {
        let own = digest(&SHA1_FOR_LEGACY_USE_ONLY, &bytes);
        base64(hash).is_some_and(|said| said == own.as_ref())
    });
    same.then_some(bytes)
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use loopgate_fhir::Limits;

    use super::*;

    #[test]
    fn n63_a_form_is_the_one_whose_hash_was_sent_or_is_not_shown() {
        let form = |hash: &str| {
            let text = format!(r#"{{"sourceAttachment":{{"data":"YWJj"{hash}}}}}"#);
            attachment(&Json::parse(text.as_bytes(), "Consent", &Limits::default()).unwrap())
        };
        // FIPS 180-4: SHA-1 of "abc".
        assert_eq!(form(r#","hash":"qZk+NkcGgWq6PiVxeFDCbJzQ2J0=""#).as_deref(), Some(&b"abc"[..]));
        assert_eq!(form("").as_deref(), Some(&b"abc"[..]));
        assert_eq!(form(r#","hash":"qZk+NkcGgWq6PiVxeFDCbJzQ2J1=""#), None);
        assert_eq!(form(r#","hash":"?""#), None);
    }
}
