//! A person, as a coordinator acts for them: found by an identifier, what they agreed to, withdrawing
//! it, a link of their own, and whether two persons are one.

use loopgate_consent::{FieldGroup, Grant, Permit};
use loopgate_fhir::Json;
use loopgate_referral::{Identifier, OrgId, PersonId, ResourceId, Timestamp};

use super::attest_form::named_grant;
use super::desk::{record, staff_ask, the_staff, way};
use super::form::Filled;
use super::sessions::Member;
use super::{desk_html, html};
use crate::doorkey::OwnLink;
use crate::gate::Gate;
use crate::journal::StaffEvent;
use crate::refusal::{Kind, Trouble};
use crate::reply::Reply;
use crate::scribe::{AskFor, Command, OwnedClaim};

/// Whom a page is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Their name.
    pub name: String,
    /// `Patient.birthDate`.
    pub born: String,
}

impl About {
    /// As the organization that sent them says, under a permit.
    pub fn read(
        gate: &Gate,
        person: PersonId,
        from: &OrgId,
        permits: &[Permit],
    ) -> Result<About, Trouble> {
        if !permits.iter().all(|permit| permit.groups().contains(FieldGroup::Identity)) {
            return Ok(About::default());
        }
        let newest = patients(gate, person, from).pop();
        let held = newest.and_then(|(id, _)| gate.held(&id));
        let Some(held) = held else { return Ok(About::default()) };
        Ok(About::of(&gate.document(&held)?))
    }

    /// What a Patient says.
    pub fn of(patient: &Json) -> About {
        let name = patient.list("name").first();
        let text = name.and_then(|name| name.text("text")).map(str::to_owned);
        let parts = || {
            let given = name.map(|name| name.list("given")).unwrap_or_default();
            let mut parts: Vec<&str> = given.iter().filter_map(|one| one.as_str()).collect();
            parts.extend(name.and_then(|name| name.text("family")));
            parts.join(" ")
        };
        let born = patient.text("birthDate").unwrap_or_default().to_owned();
        About { name: text.unwrap_or_else(parts), born }
    }
}

/// The Patient resources that an organization sent of a person, with their versions.
pub fn patients(gate: &Gate, person: PersonId, from: &OrgId) -> Vec<(ResourceId, u64)> {
    let world = gate.scribe.published().world();
    let theirs = world.patients_of(person).filter(|(_, held)| held.org == *from);
    theirs.map(|(id, held)| (id.clone(), held.version)).collect()
}

/// When a minor comes of age: 18 years after the birth date that somebody sent.
pub fn of_age(gate: &Gate, person: PersonId) -> Option<Timestamp> {
    let all: Vec<ResourceId> = {
        let world = gate.scribe.published().world();
        world.patients_of(person).map(|(id, _)| id.clone()).collect()
    };
    all.iter().find_map(|id| {
        let patient = gate.document(&gate.held(id)?).ok()?;
        let born: jiff::civil::Date = patient.text("birthDate")?.parse().ok()?;
        let day = born.checked_add(jiff::Span::new().years(18)).ok()?;
        let zoned = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Timestamp(zoned.timestamp().as_millisecond()))
    })
}

/// A person by the name in a path, and the organizations that know them.
pub fn known(gate: &Gate, id: &str) -> Result<(PersonId, Vec<OrgId>), Trouble> {
    let missing = || Trouble::from(Kind::NotFound);
    let person: PersonId = id.parse().map_err(|_| missing())?;
    let world = gate.scribe.published().world();
    let person = world.persons.resolve(person);
    let mut orgs: Vec<OrgId> =
        world.patients_of(person).map(|(_, held)| held.org.clone()).collect();
    orgs.sort();
    orgs.dedup();
    if orgs.is_empty() { Err(missing()) } else { Ok((person, orgs)) }
}

/// Finds a person by an identifier that some organization sent.
pub fn find(gate: &Gate, filled: &Filled) -> Result<Reply, Trouble> {
    let identifier = Identifier {
        system: filled.text("system").to_owned(),
        value: filled.text("value").to_owned(),
    };
    let found = {
        let world = gate.scribe.published().world();
        world.persons.holding(&identifier)
    };
    match found.as_slice() {
        [person] => Ok(html::see(&format!("/staff/person/{person}"), None)),
        [] => Ok(desk_html::done("Nobody is known by this identifier.")),
        _ => Ok(desk_html::done("Several persons have this identifier. Please use another.")),
    }
}

/// The page of a person.
pub fn shown(gate: &Gate, by: &Member, id: &str, notice: Option<Notice>) -> Result<Reply, Trouble> {
    let (person, orgs) = known(gate, id)?;
    let from = orgs.first().ok_or(Trouble::from(Kind::NotFound))?;
    // On behalf of each organization that sent something of them.
    let claims: Vec<OwnedClaim> =
        orgs.iter().map(|org| OwnedClaim::BusinessAssociate { from: org.clone() }).collect();
    let (grants, alike, waits): (Vec<Grant>, Vec<PersonId>, bool) = {
        let world = gate.scribe.published().world();
        let pairs = world.persons.candidates().filter(|(a, b)| *a == person || *b == person);
        let alike = pairs.map(|(a, b)| if *a == person { *b } else { *a }).collect();
        (world.grants.of(person).to_vec(), alike, world.grants.are_suspended(person))
    };
    let mut resources = patients(gate, person, from);
    for grant in &grants {
        let held = gate.held(&grant.says.consent);
        resources.extend(held.map(|held| (grant.says.consent.clone(), held.version)));
    }
    let staff = the_staff();
    let ask = AskFor { claims, ..staff_ask(person, from.clone(), resources, "staff-person") };
    let released = gate.egress.release(way(&staff, by), ask, |permits| {
        let about = About::read(gate, person, from, permits)?;
        let kept_back: Vec<&ResourceId> =
            permits.iter().flat_map(Permit::dropped).map(|one| &one.resource).collect();
        let passes = |grant: &&Grant| !kept_back.contains(&&grant.says.consent);
        let page = desk_html::Person {
            id: person,
            about,
            grants: grants.iter().filter(passes).cloned().collect(),
            alike: alike.clone(),
            waits,
            notice: notice.clone(),
        };
        Ok(desk_html::person(&page))
    })?;
    Ok(Reply::released(200, html::HTML, released))
}

/// What a page says on top, once.
#[derive(Debug, Clone)]
pub enum Notice {
    /// A sentence.
    Words(&'static str),
    /// A link, and the code that goes with it.
    Link(String, String),
}

/// What a coordinator does for a person.
pub fn act(
    gate: &Gate,
    member: &Member,
    (id, act): (&str, &str),
    filled: &Filled,
) -> Result<Reply, Trouble> {
    let (person, _) = known(gate, id)?;
    match act {
        "withdraw" => {
            withdraw(gate, person, filled, (member.name.to_string(), "staff"))?;
            shown(gate, member, id, Some(Notice::Words("It is withdrawn.")))
        }
        "doubt" | "trust" => {
            let grant = named_grant(filled)?.ok_or(Trouble::from(Kind::NotFound))?;
            let by = member.name.clone();
            let doubted = act == "doubt";
            let command = |reply| Command::Doubt((person, grant), doubted, by, reply);
            if !gate.scribe.ask_blocking(command)? {
                return Err(Kind::NotFound.into());
            }
            gate.settle_sends(person);
            let words = if doubted {
                "It does not hold any more: who signed it may not."
            } else {
                "Who signed it may."
            };
            shown(gate, member, id, Some(Notice::Words(words)))
        }
        "link" => {
            let proxy = match filled.text("for") {
                "proxy" => true,
                "person" => false,
                _ => return Err(Kind::NotFound.into()),
            };
            let by = member.name.clone();
            record(gate, member, StaffEvent::LinkMade { by, person, proxy })?;
            let until = gate.now().plus_days(gate.config.people.link_days_max);
            let epoch = gate.scribe.published().world().staff.link_epoch(person, proxy);
            let token = gate.doorkeys.person_token(OwnLink { person, proxy, epoch }, until);
            let link = format!("{}/me/{token}", gate.config.people.base_url);
            let code = gate.doorkeys.person_code(&token);
            shown(gate, member, id, Some(Notice::Link(link, code)))
        }
        "end-links" => {
            let by = member.name.clone();
            record(gate, member, StaffEvent::LinksEnded { by, person })?;
            shown(gate, member, id, Some(Notice::Words("No link made before leads anywhere.")))
        }
        "hold" | "release" => {
            let other: PersonId =
                filled.text("other").parse().map_err(|_| Trouble::from(Kind::NotFound))?;
            let (persons, suspended) = ([person, other], act == "hold");
            let alike = {
                let world = gate.scribe.published().world();
                let mut pairs = world.persons.candidates();
                pairs.any(|(a, b)| a != b && persons.contains(a) && persons.contains(b))
            };
            if !alike {
                return Err(Kind::NotFound.into());
            }
            let by = member.name.clone();
            let command = |reply| Command::Suspend((person, other), suspended, by, reply);
            gate.scribe.ask_blocking(command)?;
            persons.iter().for_each(|one| gate.settle_sends(*one));
            let words = if suspended { "Both wait." } else { "They are two persons." };
            shown(gate, member, id, Some(Notice::Words(words)))
        }
        _ => Err(Kind::NotFound.into()),
    }
}

/// Withdraws what a form names, and answers once nothing goes out on it any more.
pub fn withdraw(
    gate: &Gate,
    person: PersonId,
    filled: &Filled,
    who: (String, &'static str),
) -> Result<(), Trouble> {
    let only = named_grant(filled)?;
    let command = |reply| Command::Withdraw(person, only, who, reply);
    gate.scribe.ask_blocking(command)?;
    gate.settle_sends(person);
    Ok(())
}
