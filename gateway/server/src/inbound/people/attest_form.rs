//! Reading a form: what somebody fills in while they look at the paper, and what it becomes.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use loopgate_consent::{
    Action, Back, DataClass, Effect, Element, GrantId, Grantor, LegalBasis, LegalClass, Period,
    Purpose, Reading, Rule, Terms,
};
use loopgate_referral::{OrgId, PersonId, ResourceId, Timestamp};

use super::desk::{self, pending, staff_ask, the_staff, way};
use super::form::Filled;
use super::sessions::Member;
use super::{desk_html, html, person};
use crate::gate::Gate;
use crate::partner::Role;
use crate::refusal::{Kind, Trouble};
use crate::reply::Reply;
use crate::scribe::{Attest, Attested, Command, Form};

/// The laws a form can rest on, with the words for them.
pub const BASES: [(&str, LegalBasis, &str); 4] = [
    ("authorization", LegalBasis::Authorization, "an authorization (45 CFR 164.508)"),
    ("part2", LegalBasis::Part2, "a consent for substance use records (42 CFR Part 2)"),
    ("vawa", LegalBasis::Vawa, "a shelter's release (VAWA, FVPSA, VOCA)"),
    ("verbal", LegalBasis::Verbal, "spoken words"),
];

/// Who can have signed.
pub const GRANTORS: [(&str, Grantor, &str); 5] = [
    ("person", Grantor::Person, "the person"),
    ("minor", Grantor::MinorAlone, "the person, a minor, who may"),
    ("guardian", Grantor::Guardian, "a parent or guardian"),
    ("representative", Grantor::Representative, "a personal representative"),
    ("court", Grantor::Court, "a court"),
];

/// What else a form shows.
pub const SHOWS: [(&str, Element); 4] = [
    ("signature", Element::Signature),
    ("revoke", Element::RightToRevoke),
    ("redisclosure", Element::Redisclosure),
    ("intermediary", Element::Intermediary),
];

/// What is shown beside the fields.
pub struct Sheet {
    /// Where it is posted.
    pub at: String,
    /// The form came as a file.
    pub document: bool,
    /// Whom it is about.
    pub about: person::About,
    /// Who sent it; for a form on paper, who can share.
    pub from: Vec<OrgId>,
    /// It came with a Consent.
    pub received: bool,
    /// Who read it first.
    pub first: Option<String>,
    /// Who may be named.
    pub targets: Vec<(OrgId, String)>,
    /// Words spoken are taken here.
    pub verbal: bool,
}

/// What to put right, with what was filled in.
pub type Wrong<'a> = Option<(String, &'a Filled)>;

/// The page of a form that came in, or that a first person read.
pub fn shown(gate: &Gate, by: &Member, id: &str, wrong: Wrong<'_>) -> Result<Reply, Trouble> {
    if let Ok((grant, held)) = pending(gate, id) {
        let document = desk::attachment(&gate.document(&held)?).is_some();
        let sheet = |about| Sheet {
            at: format!("/staff/forms/{id}"),
            document,
            about,
            from: vec![held.org.clone()],
            received: true,
            first: first(gate, &grant.says.consent),
            targets: targets(gate),
            verbal: gate.config.consent.verbal,
        };
        return render((gate, by), (grant.says.person, &held.org), &sheet, wrong);
    }
    // A form on paper that waits for its second reader.
    let consent = ResourceId::of("Consent", id).map_err(|_| Trouble::from(Kind::NotFound))?;
    let says = {
        let world = gate.scribe.published().world();
        world.staff.proposals.get(&consent).map(|(_, says)| says.clone())
    };
    let says = says.ok_or(Trouble::from(Kind::NotFound))?;
    let from = says.disclosers.first().cloned().ok_or(Trouble::from(Kind::NotFound))?;
    let sheet = |about| Sheet {
        at: format!("/staff/forms/{id}"),
        document: false,
        about,
        from: vec![from.clone()],
        received: true,
        first: first(gate, &consent),
        targets: targets(gate),
        verbal: gate.config.consent.verbal,
    };
    render((gate, by), (says.person, &from), &sheet, wrong)
}

/// The page of a form on paper.
pub fn paper(gate: &Gate, by: &Member, id: &str, wrong: Wrong<'_>) -> Result<Reply, Trouble> {
    let (person, from) = person::known(gate, id)?;
    let sheet = |about| Sheet {
        at: format!("/staff/person/{id}/paper"),
        document: false,
        about,
        from: from.clone(),
        received: false,
        first: None,
        targets: targets(gate),
        verbal: gate.config.consent.verbal,
    };
    let org = from.first().ok_or(Trouble::from(Kind::NotFound))?;
    render((gate, by), (person, org), &sheet, wrong)
}

fn render(
    (gate, by): (&Gate, &Member),
    (person, from): (PersonId, &OrgId),
    sheet: &dyn Fn(person::About) -> Sheet,
    wrong: Wrong<'_>,
) -> Result<Reply, Trouble> {
    let staff = the_staff();
    let resources = person::patients(gate, person, from);
    let ask = staff_ask(person, from.clone(), resources, "form");
    let released = gate.egress.release(way(&staff, by), ask, |permits| {
        let about = person::About::read(gate, person, from, permits)?;
        Ok(desk_html::form(&sheet(about), wrong.as_ref()))
    })?;
    let code = if wrong.is_some() { 422 } else { 200 };
    Ok(Reply::released(code, html::HTML, released))
}

fn first(gate: &Gate, consent: &ResourceId) -> Option<String> {
    let world = gate.scribe.published().world();
    world.staff.proposals.get(consent).map(|(by, _)| by.to_string())
}

fn targets(gate: &Gate) -> Vec<(OrgId, String)> {
    let roster = gate.scribe.published().roster.load();
    let partners = roster.iter().map(|loaded| &loaded.partner);
    let named = partners.filter(|one| one.is(Role::Target) || one.is(Role::Source));
    named.map(|one| (one.org.clone(), one.name.clone())).collect()
}

/// A form that came in was read.
pub fn posted(gate: &Gate, by: &Member, id: &str, filled: &Filled) -> Result<Reply, Trouble> {
    let consent = ResourceId::of("Consent", id).map_err(|_| Trouble::from(Kind::NotFound))?;
    let person = {
        let world = gate.scribe.published().world();
        let proposed = world.staff.proposals.get(&consent).map(|(_, says)| says.person);
        proposed.or_else(|| world.resources.get(&consent)?.person)
    };
    let person = person.ok_or(Trouble::from(Kind::NotFound))?;
    let form = Form::Received(consent);
    attested(gate, (by, person, form), filled, &|wrong| shown(gate, by, id, wrong))
}

/// A form on paper was read.
pub fn paper_posted(gate: &Gate, by: &Member, id: &str, filled: &Filled) -> Result<Reply, Trouble> {
    let (person, from) = person::known(gate, id)?;
    let named = filled.text("from");
    let from = from.into_iter().find(|org| org.as_str() == named);
    let Some(from) = from else {
        return paper(gate, by, id, Some(("Please say who may share.".to_owned(), filled)));
    };
    let form = Form::Paper(person, from);
    attested(gate, (by, person, form), filled, &|wrong| paper(gate, by, id, wrong))
}

fn attested<'f>(
    gate: &Gate,
    (by, person, form): (&Member, PersonId, Form),
    filled: &'f Filled,
    again: &dyn Fn(Wrong<'f>) -> Result<Reply, Trouble>,
) -> Result<Reply, Trouble> {
    let reading = match reading(gate, person, filled) {
        Ok(reading) => reading,
        Err(words) => return again(Some((words.to_owned(), filled))),
    };
    let attest = Attest { by: by.name.clone(), form, reading };
    let command = |reply| Command::Attest(Box::new(attest), reply);
    match gate.scribe.ask_blocking(command)? {
        Attested::Given => Ok(desk_html::done("The consent holds from now on.")),
        Attested::OneMore => {
            Ok(desk_html::done("Recorded. A second person has to read the form as well."))
        }
        Attested::Differs => {
            let words = "This is not what the first person read, or you are the first person. \
                         Please read the form again, or settle it between you.";
            again(Some((words.to_owned(), filled)))
        }
        Attested::NotWaiting => Ok(desk_html::done("Nobody waits for this form any more.")),
        Attested::Incomplete(missing) => {
            gate.refuse(&the_staff(), "C12")?;
            let missing: Vec<&str> = missing.iter().map(|one| one.words()).collect();
            let words =
                format!("The form does not say: {}. No consent was recorded.", missing.join("; "));
            again(Some((words, filled)))
        }
    }
}

/// What was filled in, as the consent crate reads it. Days are where the gateway's organization is:
/// in UTC.
fn reading(gate: &Gate, person: PersonId, filled: &Filled) -> Result<Reading, &'static str> {
    let one = |name: &str| filled.text(name).to_owned();
    let basis = one("basis");
    let basis = BASES.iter().find(|(code, ..)| *code == basis).map(|(_, basis, _)| *basis);
    let basis = basis.ok_or("Please choose the law it rests on.")?;
    let grantor = one("grantor");
    let grantor = GRANTORS.iter().find(|(code, ..)| *code == grantor).map(|(_, one, _)| *one);
    let grantor = grantor.ok_or("Please choose who signed.")?;
    let roster = gate.scribe.published().roster.load();
    let recipients: Vec<(OrgId, LegalClass)> = filled
        .ticked("to.")
        .into_iter()
        .filter_map(|name| roster.get(&name.parse().ok()?))
        .map(|partner| (partner.org.clone(), partner.legal))
        .collect();
    let classes: Vec<DataClass> = filled
        .ticked("class.")
        .into_iter()
        .filter_map(|name| DataClass::ALL.into_iter().find(|class| class.name() == name))
        .collect();
    let purposes: Vec<Purpose> = one("purpose").parse().into_iter().collect();
    let start = day(filled.text("start"))?.map(|(first, _)| first);
    let end = day(filled.text("end"))?.map(|(_, after)| after);
    let signed = day(filled.text("signed"))?.map(|(first, _)| first);
    let rule = Rule {
        recipients,
        classes,
        purposes,
        actions: Action::ALL.to_vec(),
        period: Period { start: start.or(signed), end },
        ..Rule::of(Effect::Permit)
    };
    let back = if filled.text("back") == "status" { Back::StatusOnly } else { Back::Full };
    let shows = SHOWS.iter().filter(|(name, _)| !filled.text(&format!("shows.{name}")).is_empty());
    Ok(Reading {
        rules: vec![rule],
        terms: Terms { basis, grantor, back, ..Terms::default() },
        signed,
        shows: shows.map(|(_, element)| *element).collect(),
        of_age: person::of_age(gate, person),
    })
}

/// The first instant of a day and the first after it; nothing for an empty field.
fn day(text: &str) -> Result<Option<(Timestamp, Timestamp)>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = "Please give days like 2026-11-27.";
    let day: Date = text.parse().map_err(|_| wrong)?;
    let instant = |day: Date| {
        let zoned = day.to_zoned(TimeZone::UTC).map_err(|_| wrong)?;
        Ok::<_, &'static str>(Timestamp(zoned.timestamp().as_millisecond()))
    };
    Ok(Some((instant(day)?, instant(day.tomorrow().map_err(|_| wrong)?)?)))
}

/// The Grant that a name means, or all.
pub fn named_grant(filled: &Filled) -> Result<Option<GrantId>, Trouble> {
    match filled.text("grant") {
        "all" => Ok(None),
        name => name.parse().map(Some).map_err(|_| Kind::NotFound.into()),
    }
}
