//! The person's own door (`/me/…`): what was shared about them, with whom and why, what they agreed
//! to, and a button that ends it.
//!
//! The link is signed and ends; what it shows is asked for with the code that came with it. Who speaks
//! for the person does not see what is about violence, nor what a minor alone agreed to.

use loopgate_consent::{DataClass, Grant, GrantId, Grantor};
use loopgate_referral::{OrgId, PersonId, Timestamp};

use super::{Visit, cookie, html, own_html, person, pin, sorry};
use crate::doorkey::OwnLink;
use crate::egress::{Released, Way};
use crate::fold::{Line, World};
use crate::gate::Gate;
use crate::refusal::{Kind, Trouble};
use crate::reply::Reply;
use crate::roster::THE_PERSON;
use crate::scribe::{AskFor, OwnedClaim, OwnedToken};

const COOKIE: &str = "__Host-loopgate-own";
const HOUR_MS: i64 = 3_600_000;

/// What a link leads to.
struct Opened<'v> {
    token: &'v str,
    person: PersonId,
    proxy: bool,
}

/// What is shown of a person.
pub struct Account {
    /// What they agreed to.
    pub grants: Vec<Grant>,
    /// What happened, newest first.
    pub lines: Vec<Line>,
    /// It is somebody who speaks for them.
    pub proxy: bool,
}

/// Answers one visit to `/me/TOKEN…`.
pub fn handle(gate: &Gate, visit: &Visit) -> Reply {
    let segments: Vec<&str> = visit.path.split('/').skip(2).collect();
    let Some(token) = segments.first() else { return html::nowhere() };
    let link = gate.doorkeys.person(token, gate.now()).filter(|link| {
        let world = gate.scribe.published().world();
        world.staff.link_epoch(link.person, link.proxy) == link.epoch
    });
    let Some(OwnLink { person, proxy, .. }) = link else { return html::nowhere() };
    // A link that was made under a name they had before leads to who they are.
    let person = gate.scribe.published().world().persons.resolve(person);
    let opened = Opened { token, person, proxy };
    let known = is_known(gate, &opened, visit);
    let answer = match (visit.method.as_str(), &segments[1..], known) {
        ("GET", [], false) => Ok(own_html::code(200, token, None)),
        ("GET", [], true) => page(gate, &opened),
        ("GET", ["report.csv"], true) => report(gate, &opened),
        ("POST", ["code"], _) => given(gate, &opened, visit),
        ("POST", ["withdraw"], true) => withdrawn(gate, &opened, visit),
        ("GET" | "POST", _, false) => Ok(own_html::code(403, token, None)),
        ("GET" | "POST", ..) => Ok(html::nowhere()),
        _ => Ok(html::sorry(405, "This page is read, and answered by its buttons.")),
    };
    answer.unwrap_or_else(sorry)
}

fn is_known(gate: &Gate, opened: &Opened<'_>, visit: &Visit) -> bool {
    let value = cookie(visit.cookie.as_deref(), COOKIE);
    value.is_some_and(|value| gate.doorkeys.knows_own(value, opened.token, gate.now()))
}

/// A code was given: one try at a time, and a wrong one is on the disk before it is answered.
fn given(gate: &Gate, opened: &Opened<'_>, visit: &Visit) -> Result<Reply, Trouble> {
    let filled = match visit.form() {
        Ok(filled) => filled,
        Err(reply) => return Ok(reply),
    };
    let turn = gate.turnstile.turn(format!("own {}", opened.person));
    let now = gate.now();
    let wait = {
        let world = gate.scribe.published().world();
        let tries = world.staff.wrong_codes.get(&opened.person);
        tries.and_then(|tries| pin::wait(gate, tries))
    };
    if let Some(seconds) = wait.or(turn.is_none().then_some(1)) {
        let words = "Too many wrong codes were given. Please wait a while and try again.";
        return Ok(html::sorry(429, words).header("retry-after", seconds.to_string()));
    }
    let good = gate.doorkeys.person_code(opened.token);
    let digits: String = filled.text("code").chars().filter(char::is_ascii_digit).collect();
    if crate::doorkey::constant_time_eq(good.as_bytes(), digits.as_bytes()) {
        let value = gate.doorkeys.own_cookie(opened.token, Timestamp(now.0 + HOUR_MS));
        let cookie =
            format!("{COOKIE}={value}; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Strict");
        return Ok(html::see(&format!("/me/{}", opened.token), Some(cookie)));
    }
    pin::record_wrong(gate, the_person(), Some(opened.person), None)?;
    Ok(own_html::code(403, opened.token, Some("That is not the code. Please try again.")))
}

/// The person, as the recipient of what is theirs.
///
/// # Panics
/// Never: it is a name.
fn the_person() -> OrgId {
    match THE_PERSON.parse() {
        Ok(org) => org,
        Err(_) => unreachable!("it is a name"),
    }
}

fn account(gate: &Gate, opened: &Opened<'_>) -> Account {
    let world = gate.scribe.published().world();
    let hidden = |line: &&Line| opened.proxy && is_hidden(&world, opened.person, line);
    let lines = world.accounts.get(&opened.person).into_iter().flatten().rev();
    let lines = lines.filter(|line| !hidden(line)).cloned().collect();
    let shown = |grant: &&Grant| !opened.proxy || !is_private(grant);
    let grants = world.grants.of(opened.person).iter().filter(shown).cloned().collect();
    Account { grants, lines, proxy: opened.proxy }
}

/// What a minor alone agreed to, or what is about violence: not for who speaks for the person.
fn is_private(grant: &Grant) -> bool {
    grant.says.terms.grantor == Grantor::MinorAlone
        || grant.says.rules.iter().any(|rule| rule.classes.contains(&DataClass::Ipv))
}

fn is_hidden(world: &World, person: PersonId, line: &Line) -> bool {
    let grants = world.grants.of(person);
    let private = |id: &GrantId| grants.iter().any(|grant| grant.id == *id && is_private(grant));
    let referral = line.referral.and_then(|id| world.referrals.get(&id));
    let violence = |need| DataClass::of(need) == Some(DataClass::Ipv);
    // What names no Grant tells all the same who knows them, if it is whom a private one is about.
    let told = |grant: &&Grant| {
        let who = referral.map(|one| &one.source).unwrap_or(&line.who);
        is_private(grant)
            && (grant.says.disclosers.contains(who) || grant.says.disclosers.contains(&line.who))
    };
    line.grants.iter().any(private)
        || referral.is_some_and(|one| one.needs.iter().any(violence))
        || (line.grants.is_empty() && grants.iter().any(|grant| told(&grant)))
}

/// The account leaves as everything else does: it is asked for, sealed and recorded.
fn release(
    gate: &Gate,
    opened: &Opened<'_>,
    view: &'static str,
    render: impl Fn(&Account) -> Vec<u8>,
) -> Result<Released, Trouble> {
    let person = opened.person;
    let resources = {
        let world = gate.scribe.published().world();
        world.patients_of(person).map(|(id, held)| (id.clone(), held.version)).collect()
    };
    let ask = AskFor {
        person,
        claims: vec![OwnedClaim::ThePerson { proxy: opened.proxy }],
        resources,
        referral: None,
        view,
        token: OwnedToken::NotAsked,
    };
    let to = the_person();
    let way = Way { to: &to, channel: "own-link", mapping: None, by: None };
    gate.egress.release(way, ask, |_| Ok(render(&account(gate, opened))))
}

fn page(gate: &Gate, opened: &Opened<'_>) -> Result<Reply, Trouble> {
    let view = if opened.proxy { "account-proxy" } else { "account" };
    let render = |account: &Account| own_html::account(gate, account, opened.token);
    let released = release(gate, opened, view, render)?;
    Ok(Reply::released(200, html::HTML, released))
}

/// The access report, as a table. No cell is a formula for a spreadsheet.
fn report(gate: &Gate, opened: &Opened<'_>) -> Result<Reply, Trouble> {
    let view = if opened.proxy { "report-proxy" } else { "report" };
    let released = release(gate, opened, view, |account| own_html::csv(gate, account))?;
    Ok(Reply::released(200, crate::sheet::CSV, released)
        .header("content-disposition", "attachment; filename=\"what-was-shared.csv\""))
}

fn withdrawn(gate: &Gate, opened: &Opened<'_>, visit: &Visit) -> Result<Reply, Trouble> {
    let filled = match visit.form() {
        Ok(filled) => filled,
        Err(reply) => return Ok(reply),
    };
    // Who speaks for the person withdraws what they can see, one by one.
    if opened.proxy {
        let seen = account(gate, opened).grants;
        let named = super::attest_form::named_grant(&filled)?;
        if named.is_none_or(|id| seen.iter().all(|grant| grant.id != id)) {
            return Err(Kind::NotFound.into());
        }
    }
    person::withdraw(gate, opened.person, &filled, (THE_PERSON.to_owned(), "own-link"))?;
    Ok(html::see(&format!("/me/{}", opened.token), None))
}
