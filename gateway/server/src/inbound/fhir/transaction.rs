//! A transaction: every entry is read, named and decided on before any of it is recorded, and all of it
//! is one frame of the log (R4 http.html#transaction).

use std::collections::BTreeMap;

use loopgate_fhir::{
    Entry, Fault, IssueCode, Json, Posting, RefText, ResponseItem, Served, Write, references,
    rewrite,
};
use loopgate_referral::ResourceId;

use super::bundle::{Answers, refused, represent, status};
use super::matching::{self, Condition, one};
use super::prefer::{Return, returned};
use super::write::{act, again, changed, hands_in, outcome, reword};
use super::{etag, location, put};
use crate::fold::Answer;
use crate::gate::{Gate, Request, Session, version};
use crate::identity::Interaction;
use crate::intake::{self, Named, Names};
use crate::refusal::{Kind, Refusal, Trouble};
use crate::reply::Reply;
use crate::scribe::{Along, Incoming, Looked, Verb, answered};

/// Carries out a transaction.
pub fn post(
    gate: &Gate,
    session: &Session,
    request: &Request,
    entries: Vec<Entry>,
) -> Result<Reply, Trouble> {
    let org = &session.partner.org;
    if !entries.iter().all(|entry| may(session, entry)) {
        return Err(gate.refused(org, "A4", Kind::Forbidden));
    }
    // What a condition may have found is told again only while it is so, as the scribe has it.
    let creates = entries.iter().any(|entry| matches!(entry.write, Write::Create(None)));
    let known =
        answered(&gate.scribe.published().world(), &(org.clone(), request.digest()), creates);
    let (answer, found) = match known {
        Some(answer) => (answer, Vec::new()),
        None => again(|| carry_out(gate, session, request, &entries))?,
    };
    Ok(replied(gate, session, request, &entries, (answer, &found)))
}

/// Whether the caller may do this at all, by its role and by its access token.
fn may(session: &Session, entry: &Entry) -> bool {
    let kind = entry.resource.kind;
    let (create, update) = (Interaction::Create, Interaction::Update);
    let covered = match &entry.write {
        Write::Create(_) => session.covers(kind, create),
        Write::Update(..) => session.covers(kind, update),
        Write::UpdateWhere(..) => session.covers(kind, create) && session.covers(kind, update),
    };
    let moves = kind == "Task" && matches!(entry.write, Write::Update(..));
    covered && (moves || Served::of(kind).is_some_and(|served| hands_in(&session.partner, served)))
}

/// One entry, named.
struct Step<'a> {
    entry: &'a Entry,
    /// Where it stands: `Bundle.entry[2]`.
    at: String,
    id: ResourceId,
    /// Nothing, where a conditional create found what it asks for.
    verb: Option<Verb>,
}

/// What is answered, and which entries found what they would have created.
type Outcome = (Answer, Vec<bool>);

fn carry_out(
    gate: &Gate,
    session: &Session,
    request: &Request,
    entries: &[Entry],
) -> Result<Outcome, Trouble> {
    let mut looked = None;
    let steps = steps(gate, session, entries, &mut looked)?;
    once_each(&steps)?;
    let mut names = Names::default();
    for step in &steps {
        names.0.extend(step.entry.full_url.clone().map(|url| (url, step.id.clone())));
    }
    conditions(gate, session, &steps, &mut names, &mut looked)?;
    let incoming = incoming(gate, session, &steps, &names)?;
    let mut along = Along { looked, ..Along::default() };
    along.answers = steps.iter().map(|step| step.id.clone()).collect();
    for one in &incoming {
        along.acts.extend(reword(gate, session, one, request.digest())?);
    }
    for step in steps.iter().filter(|step| is_move(gate, session, step)) {
        along.acts.extend(moved(gate, session, (step, &names), &incoming, request)?);
    }
    let found = steps.iter().map(|step| step.verb.is_none()).collect();
    let answer = intake::submit(gate, &session.partner.org, request, incoming, along)?;
    Ok((answer, found))
}

/// What each entry is about: by its id, or by its condition.
fn steps<'a>(
    gate: &Gate,
    session: &Session,
    entries: &'a [Entry],
    looked: &mut Option<Looked>,
) -> Result<Vec<Step<'a>>, Trouble> {
    let mut steps = Vec::new();
    for (n, entry) in entries.iter().enumerate() {
        let at = format!("Bundle.entry[{n}]");
        let kind = entry.resource.kind;
        let served = Served::of(kind).ok_or(Trouble::from(Kind::NotFound))?;
        let base = gate.config.organization.base_url.as_str();
        let mut find = |query: &str, place: String| {
            let pairs = matching::pairs_on(query, kind, base).ok_or_else(|| {
                let words = "is a condition on something else";
                refused(Kind::Malformed, IssueCode::Value, place.clone(), words)
            })?;
            let condition = Condition { served, pairs: &pairs, place: &place };
            one(gate, session, &condition, looked)
        };
        let if_match = |text: &Option<String>| {
            version(text.as_deref()).ok_or_else(|| {
                let place = format!("{at}.request.ifMatch");
                refused(Kind::VersionConflict, IssueCode::Conflict, place, "is no version")
            })
        };
        let (id, verb) = match &entry.write {
            Write::Create(None) => (intake::fresh(gate, kind), Some(Verb::Create)),
            Write::Create(Some(query)) => match find(query, format!("{at}.request.ifNoneExist"))? {
                Some(id) => (id, None),
                None => (intake::fresh(gate, kind), Some(Verb::Create)),
            },
            Write::Update(id, wanted) => {
                let id = ResourceId::of(kind, id).map_err(|_| Trouble::from(Kind::NotFound))?;
                (id, Some(Verb::Update(if_match(wanted)?)))
            }
            Write::UpdateWhere(query, wanted) => {
                let wanted = if_match(wanted)?;
                let found = find(query, format!("{at}.request.url"))?;
                named_alike(entry, found.as_ref(), &at)?;
                match found {
                    Some(id) => (id, Some(Verb::Update(wanted))),
                    None if wanted.is_some() => {
                        let (place, words) =
                            (format!("{at}.request.ifMatch"), "nothing matches the condition");
                        let code = IssueCode::Conflict;
                        return Err(refused(Kind::VersionConflict, code, place, words));
                    }
                    None => (intake::fresh(gate, kind), Some(Verb::Create)),
                }
            }
        };
        steps.push(Step { entry, at, id, verb });
    }
    Ok(steps)
}

/// What replaces what matches has its id, or none; what would be new has none (ids are ours to give).
fn named_alike(entry: &Entry, found: Option<&ResourceId>, at: &str) -> Result<(), Trouble> {
    let Some(id) = entry.resource.id() else { return Ok(()) };
    if found.is_some_and(|found| found.id() == id) {
        return Ok(());
    }
    let (place, words) = (format!("{at}.resource.id"), "is not the id of what matches");
    Err(refused(Kind::Malformed, IssueCode::Invalid, place, words))
}

/// No resource is written by two entries, and no condition is that of two (R4: such a transaction fails).
fn once_each(steps: &[Step<'_>]) -> Result<(), Trouble> {
    let mut faults = Vec::new();
    for (n, step) in steps.iter().enumerate() {
        let condition = |step: &Step<'_>| match &step.entry.write {
            Write::Create(query) => query.clone(),
            Write::UpdateWhere(query, _) => Some(query.clone()),
            Write::Update(..) => None,
        };
        let alike = |before: &Step<'_>| {
            let kinds = before.entry.resource.kind == step.entry.resource.kind;
            before.id == step.id
                || kinds && condition(step).is_some() && condition(before) == condition(step)
        };
        if steps[..n].iter().any(alike) {
            let at = format!("{}.request.url", step.at);
            faults.push(Fault::new(IssueCode::Duplicate, at, "is written by another entry too"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::invalid(faults).into()) }
}

/// Finds what conditional references lead to.
fn conditions(
    gate: &Gate,
    session: &Session,
    steps: &[Step<'_>],
    names: &mut Names,
    looked: &mut Option<Looked>,
) -> Result<(), Trouble> {
    let mut faults = Vec::new();
    for step in steps.iter().filter(|step| step.verb.is_some()) {
        let resource = &step.entry.resource;
        for reference in references(&resource.json) {
            let Some(RefText::Conditional { kind, query }) = RefText::of(&reference.text) else {
                continue;
            };
            if names.0.contains_key(&reference.text) {
                continue;
            }
            let place = format!("{}.resource", step.at);
            let at = reference.expression.replacen(resource.kind, &place, 1);
            let Some(served) = Served::of(&kind) else {
                let words = "is a condition on a type that is not served";
                faults.push(Fault::new(IssueCode::NotSupported, at, words));
                continue;
            };
            let pairs = matching::pairs(&query);
            let condition = Condition { served, pairs: &pairs, place: &at };
            match one(gate, session, &condition, looked)? {
                Some(id) => drop(names.0.insert(reference.text, id)),
                None => {
                    let words = "the resource referred to is not here";
                    faults.push(Fault::new(IssueCode::NotFound, at, words));
                }
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::invalid(faults).into()) }
}

/// Whether a Task is moved; one that is not here is refused as one that is hidden.
fn is_move(gate: &Gate, session: &Session, step: &Step<'_>) -> bool {
    matches!(step.verb, Some(Verb::Update(_)))
        && step.id.kind() == "Task"
        && !put::is_resource(gate, session, &step.id)
}

/// What is kept, read. Every fault of every entry is told.
fn incoming(
    gate: &Gate,
    session: &Session,
    steps: &[Step<'_>],
    names: &Names,
) -> Result<Vec<Incoming>, Trouble> {
    let org = &session.partner.org;
    let (mut incoming, mut faults) = (Vec::new(), Vec::new());
    for step in steps.iter().filter(|step| !is_move(gate, session, step)) {
        let Some(verb) = step.verb else { continue };
        let place = format!("{}.resource", step.at);
        let url = step.entry.full_url.as_deref();
        let named = Named { id: step.id.clone(), place, verb, url };
        match intake::read(step.entry.resource.clone(), named, names, (gate, org)) {
            Ok(one) => incoming.push(one),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(incoming) } else { Err(Refusal::invalid(faults).into()) }
}

/// The act that a Task of a referral asks for; nothing, if it is the same Task again.
fn moved(
    gate: &Gate,
    session: &Session,
    (step, names): (&Step<'_>, &Names),
    incoming: &[Incoming],
    request: &Request,
) -> Result<Option<(String, crate::scribe::Act)>, Trouble> {
    let place = format!("{}.resource", step.at);
    let mut task: Json = step.entry.resource.json.clone();
    let url = step.entry.full_url.as_deref();
    rewrite(&mut task, &|text| names.of(text, url).map(ToString::to_string));
    let said = |id: &ResourceId| match incoming.iter().find(|one| one.id == *id) {
        Some(one) => {
            let json = crate::scribe::resolved(&one.doc, &one.rewrites).ok_or(Trouble::Outage)?;
            let held = gate.held(id).map_or(0, |held| held.version);
            Ok(Some((json, held + 1)))
        }
        None => put::own_procedure(gate, session, id),
    };
    let if_match = match step.verb {
        Some(Verb::Update(if_match)) => if_match,
        _ => None,
    };
    let asked = put::wish(gate, session, &step.id, &task, &said).and_then(|moving| {
        if moving.wish.is_none() {
            put::unchanged(gate, &step.id, &moving.referral, if_match)?;
        }
        Ok(moving)
    });
    let moving = asked.map_err(|trouble| crate::scribe::located(trouble, &place))?;
    let made = |wish| act(session, moving.referral, request.digest(), if_match, wish);
    Ok(moving.wish.map(|wish| (place, made(wish))))
}

fn replied(
    gate: &Gate,
    session: &Session,
    request: &Request,
    entries: &[Entry],
    (answer, found): (Answer, &[bool]),
) -> Reply {
    let wanted = returned(request);
    let mut answers = Answers::new(Posting::Transaction);
    let versions: BTreeMap<usize, (ResourceId, u64)> = answer.into_iter().enumerate().collect();
    for (n, entry) in entries.iter().enumerate() {
        let Some((id, version)) = versions.get(&n) else { continue };
        let was_there =
            found.get(n).copied().unwrap_or(matches!(&entry.write, Write::Create(Some(_))));
        let created = match entry.write {
            Write::Create(_) => !was_there,
            Write::Update(..) => false,
            Write::UpdateWhere(..) => *version == 1,
        };
        let mut item = ResponseItem {
            status: status(if created { 201 } else { 200 }),
            location: Some(location(gate, id, *version)),
            etag: Some(etag(*version)),
            last_modified: Some(changed(gate, id, *version)),
            ..ResponseItem::default()
        };
        item.outcome = outcome(gate, id, &entry.resource.warnings, (wanted, created));
        if wanted == Some(Return::Representation) {
            represent(gate, session, id, &mut item, &mut answers);
        }
        answers.push(item);
    }
    answers.reply()
}
