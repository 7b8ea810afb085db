//! Documents of a referral, on either side of it: `/cbo/v1/referrals/ID/attachments` for the organization
//! that it was sent to, `/cbo/v1/sent/ID/attachments` for the one that sent it.
//!
//! One is taken in if its bytes are what its `Content-Type` says (`attachments/sniff.rs`), and given out as
//! something to save, never to show.

mod name;
mod sniff;

use loopgate_fhir::{Fault, IssueCode};
use loopgate_referral::{Attachment, OrgId, Referral, ResourceId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::body::bad;
use super::{act_of, held, placement, sent};
use crate::egress::{Way, Weighed};
use crate::exit;
use crate::exit::documents::Document;
use crate::gate::{Gate, Request, Session};
use crate::intake;
use crate::partner::ChannelKind;
use crate::refusal::{Kind, Refusal, Trouble};
use crate::reply::{JSON, Reply, json_reply};
use crate::scribe::{Act, Command, Wish, is_held};

/// On which side of a referral a party stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It was sent to it.
    Target,
    /// It sent it.
    Source,
}

impl Side {
    fn path(self) -> &'static str {
        match self {
            Side::Target => "referrals",
            Side::Source => "sent",
        }
    }

    /// The referral, if the party stands on this side of it.
    fn referral(self, gate: &Gate, session: &Session, id: &str) -> Result<Referral, Trouble> {
        let org = &session.partner.org;
        if self == Side::Source {
            return sent::own(gate, org, id);
        }
        let (referral, placement) = placement(gate, org, id)?;
        if is_held(&referral) {
            return Err(held((gate, session), &referral, &placement));
        }
        Ok(referral)
    }
}

/// `POST …/attachments?name=NAME`, the bytes as the body.
pub fn add(
    gate: &Gate,
    session: &Session,
    (side, id): (Side, &str),
    request: &Request,
) -> Result<Reply, Trouble> {
    let org = &session.partner.org;
    let referral = side.referral(gate, session, id)?;
    if request.body.len() > gate.config.limits.attachment_bytes_max {
        return Err(Kind::TooLarge.into());
    }
    let declared = request.content_type.as_deref().unwrap_or_default();
    let media = sniff::media(declared, &request.body).ok_or(Trouble::from(Kind::MediaType))?;
    let [(_, given)] = &request.query[..] else {
        return Err(bad("name", "is not there once"));
    };
    let sha256: [u8; 32] = Sha256::digest(&request.body).into();
    let attachment = Attachment {
        id: intake::fresh(gate, "DocumentReference").id().to_owned(),
        name: name::sound(given, media),
        media: media.to_owned(),
        sha256,
        bytes: request.body.len() as u64,
    };
    let ours = |gate: &Gate| {
        let referral = gate.referral(&referral.id)?;
        let newest = referral.placements.last().map(|last| last.target.clone());
        let all = Document::all(gate, &referral, org).into_iter();
        // Who had it before has its own.
        let mut all = all.filter(|one| Some(&one.placement.target) == newest.as_ref());
        all.find(|one| {
            let known = &one.attached.attachment;
            one.author() == org && (known.sha256, &known.name) == (sha256, &attachment.name)
        })
    };
    // Sent again, it is the document that is here already.
    if let Some(known) = ours(gate) {
        return Ok(added(gate, side, &known));
    }
    if side == Side::Source && !has_a_place(gate, &referral) {
        let words = "would not reach the target: by e-mail and HL7 v2 it is shown no documents";
        return Err(Refusal::invalid(vec![Fault::new(IssueCode::NotSupported, "", words)]).into());
    }
    if side == Side::Source && !exit::notes::reach(gate, &referral) {
        let words = "would not reach the target: consent lets no documents of yours pass";
        return Err(Refusal::invalid(vec![Fault::new(IssueCode::BusinessRule, "", words)]).into());
    }
    let wish = Wish::Attach { attachment: attachment.clone(), content: request.body.clone() };
    let act = Act { once: false, ..act_of(org, request, referral.id, wish) };
    let acted = gate.scribe.ask_blocking(|reply| Command::Act(Box::new(act), reply));
    match (acted, ours(gate)) {
        (Ok(_), Some(known)) => Ok(added(gate, side, &known)),
        (Ok(_), None) => Err(Trouble::Outage),
        // The same came twice at once.
        (Err(Trouble::Refused(why)), Some(known)) if why.kind == Kind::Duplicate => {
            Ok(added(gate, side, &known))
        }
        (Err(trouble), _) => Err(trouble),
    }
}

/// Whether the target of a referral is shown documents in the way that it is told.
fn has_a_place(gate: &Gate, referral: &Referral) -> bool {
    let roster = gate.scribe.published().roster.load();
    let channel = roster.get(&referral.owner).and_then(|target| target.channel.as_ref());
    let kind = channel.map(|channel| &channel.kind);
    !matches!(kind, Some(ChannelKind::Email { .. } | ChannelKind::Hl7v2))
}

/// The answer: what was said, and where it is.
fn added(gate: &Gate, side: Side, one: &Document) -> Reply {
    let (id, own) = (one.id.id(), one.referral.id);
    let at = format!("{}/cbo/v1/{}/{own}/attachments/{id}", gate.oauth_base(), side.path());
    json_reply(201, JSON, &entry(one)).header("location", at)
}

fn entry(one: &Document) -> Value {
    let at = jiff::Timestamp::from_millisecond(one.attached.at.0).unwrap_or_default();
    let Attachment { id, name, media, sha256, bytes } = &one.attached.attachment;
    json!({
        "id": id, "name": name, "media": media, "sha256": hex::encode(sha256), "bytes": bytes,
        "at": at.to_string(), "by": one.author(),
    })
}

/// How one leaves.
fn way(org: &OrgId) -> Way<'_> {
    Way { to: org, channel: "cbo-rest", mapping: None, by: None }
}

/// `GET …/attachments`: those that the party may read now.
pub fn list(gate: &Gate, session: &Session, (side, id): (Side, &str)) -> Result<Reply, Trouble> {
    let org = &session.partner.org;
    let referral = side.referral(gate, session, id)?;
    let (mut shown, mut parts): (Vec<Value>, Vec<Weighed>) = (Vec::new(), Vec::new());
    for one in Document::all(gate, &referral, org) {
        let Some(ask) = one.ask(org, "attachments") else { continue };
        let ask = ask.shown(gate, session);
        let Some(permits) = gate.egress.may(org, &ask)? else { continue };
        if one.passes(org, &permits) {
            shown.push(entry(&one));
            parts.push((ask, permits));
        }
    }
    let page = json!({ "attachments": shown });
    let render = || Ok(page.to_string().into_bytes());
    Ok(Reply::released(200, JSON, gate.egress.release_page(way(org), parts, render)?))
}

/// `GET …/attachments/ID`: the bytes, to be saved.
pub fn read(
    gate: &Gate,
    session: &Session,
    (side, id): (Side, &str),
    attachment: &str,
) -> Result<Reply, Trouble> {
    let org = &session.partner.org;
    let missing = || Trouble::from(Kind::NotFound);
    let referral = side.referral(gate, session, id)?;
    let id = ResourceId::of("DocumentReference", attachment).map_err(|_| missing())?;
    let one = Document::of(gate, &id).filter(|one| one.referral.id == referral.id);
    let one = one.ok_or_else(missing)?;
    let ask = one.ask(org, "attachment").ok_or_else(missing)?.shown(gate, session);
    let released = gate.egress.release(way(org), ask, |permits| {
        if one.passes(org, permits) { one.content(gate) } else { Err(missing()) }
    })?;
    let Attachment { name, media, .. } = &one.attached.attachment;
    let reply = Reply::released(200, sniff::known(media), released)
        .header("content-disposition", name::disposition(name))
        .header("content-security-policy", "default-src 'none'; sandbox")
        .header("x-content-type-options", "nosniff");
    Ok(reply)
}
