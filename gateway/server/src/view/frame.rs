//! Folding one frame: which rows it touches, and what they say after it. All its changes are one write.

use std::collections::{BTreeMap, BTreeSet};

use loopgate_fhir::Term;
use loopgate_referral::{
    Event as ReferralEvent, OrgId, Placement, Referral, ReferralId, ResourceId, Timestamp,
};
use loopgate_store::{Kv, KvChange, Outage};

use super::rows::{CHANGED, CREATED, DEPENDS, Ordinal, POSTING, Row, TermKey, Within, rank};
use super::{Documents, View, terms};
use crate::fold::{Part, World};
use crate::journal::Event;

/// Rows that depend on one resource and are read at once.
const DEPENDING_AT_ONCE: usize = 1_024;

/// A reader, and a resource.
type Key = (OrgId, ResourceId);

/// What touches a row.
#[derive(Debug, Clone, Copy, Default)]
struct Touch {
    /// Where it comes to be, if it is new.
    created: Within,
    /// Where it changed, if it did.
    changed: Option<Within>,
    /// What was supplied is to be read anew.
    reread: bool,
}

/// What the events of one frame touch.
#[derive(Debug)]
pub struct Folding {
    sequence: u64,
    at: Timestamp,
    stored: Vec<(OrgId, ResourceId, Within, bool)>,
    referrals: BTreeMap<ReferralId, Within>,
    placed: BTreeMap<ResourceId, Within>,
}

impl Folding {
    /// Of a frame, by its number and commit time.
    pub fn of(sequence: u64, at: Timestamp) -> Folding {
        Folding {
            sequence,
            at,
            stored: Vec::new(),
            referrals: BTreeMap::new(),
            placed: BTreeMap::new(),
        }
    }

    /// Takes note of one entry.
    pub fn note(&mut self, entry: usize, event: &Event) {
        let entry = u32::try_from(entry).unwrap_or(u32::MAX);
        match event {
            Event::Stored { org, resources, .. } => {
                for (number, stored) in (0..).zip(resources) {
                    let of = (org.clone(), stored.resource.clone());
                    self.stored.push((of.0, of.1, (entry, number), stored.version > 1));
                }
            }
            Event::Referral { referral, fact } => {
                self.referrals.insert(*referral, (entry, 0));
                if let ReferralEvent::Placed { task, .. } = fact {
                    self.placed.insert(task.clone(), (entry, 0));
                }
            }
            _ => {}
        }
    }
}

/// The rows of one frame while they are worked out.
struct Rows<'a> {
    view: &'a View,
    world: &'a World,
    documents: &'a Documents<'a>,
    touched: BTreeMap<Key, Touch>,
    changes: Vec<KvChange>,
}

impl View {
    /// Folds one frame; `world` is the state after it.
    pub fn fold(
        &self,
        folding: &Folding,
        world: &World,
        documents: &Documents<'_>,
    ) -> Result<(), Outage> {
        let (touched, changes) = (BTreeMap::new(), vec![self.stamped(folding.sequence)]);
        let mut rows = Rows { view: self, world, documents, touched, changes };
        for (org, id, within, again) in &folding.stored {
            rows.touch((org.clone(), id.clone()), *within, Some(*within), true);
            if *again {
                rows.depending(id, *within)?;
            }
        }
        for (id, within) in &folding.referrals {
            if let Some(referral) = world.referrals.get(id) {
                rows.referral(referral, *within, folding);
            }
        }
        for (key, touch) in std::mem::take(&mut rows.touched) {
            rows.write(&key, touch, folding)?;
        }
        self.rows.apply(rows.changes)
    }
}

impl Rows<'_> {
    fn touch(&mut self, key: Key, created: Within, changed: Option<Within>, reread: bool) {
        let touch = self.touched.entry(key).or_insert(Touch { created, ..Touch::default() });
        touch.created = touch.created.min(created);
        touch.changed = touch.changed.max(changed);
        touch.reread |= reread;
    }

    /// What shows something of a resource that was supplied anew.
    fn depending(&mut self, id: &ResourceId, within: Within) -> Result<(), Outage> {
        let prefix = self.view.depends(id);
        let mut after = Vec::new();
        loop {
            let rows = self.view.rows.scan(&prefix, &after, DEPENDING_AT_ONCE)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after.clone_from(last);
            for (_, value) in rows {
                let key = depending_key(&value).ok_or(Outage::Damaged("a projection row"))?;
                // A request says when it changed by its placement; a Patient by itself.
                let changed = (key.1.kind() == "Patient").then_some(within);
                self.touch(key, within, changed, true);
            }
        }
    }

    fn referral(&mut self, referral: &Referral, (entry, _): Within, folding: &Folding) {
        let moved = |at: Timestamp, number| (at == folding.at).then_some((entry, number));
        let source = referral.source.clone();
        let changed = moved(referral.changed, 0);
        self.touch((source.clone(), referral.task.clone()), (entry, 0), changed, false);
        for (number, placement) in (1..).zip(&referral.placements) {
            let placed = folding.placed.get(&placement.task);
            let changed = moved(placement.changed, number);
            if placed.is_none() && changed.is_none() {
                continue;
            }
            let created = placed.copied().unwrap_or((entry, number));
            let target = placement.target.clone();
            for id in [&placement.task, &placement.request] {
                self.touch((target.clone(), id.clone()), created, changed, false);
            }
            if let (Some(placed), Some(patient)) = (placed, terms::patient_of(self.world, referral))
            {
                let theirs = self.world.resources.get(&patient);
                if theirs.is_some_and(|held| held.org == referral.source) {
                    self.touch((target, patient), *placed, Some(*placed), false);
                }
            }
            for given in &placement.outcomes {
                let key = (source.clone(), given.outcome.procedure.clone());
                self.touch(key, (entry, number), changed, false);
            }
        }
    }

    fn write(&mut self, key: &Key, touch: Touch, folding: &Folding) -> Result<(), Outage> {
        let view = self.view;
        let name = view.row_key(&key.0, &key.1);
        let old = view.rows.get(&name)?.map(|bytes| Row::of(&bytes)).transpose()?;
        let Some((supplied, known)) = self.terms(key, touch.reread || old.is_none())? else {
            return Ok(());
        };
        let scope = view.scope(&key.0, key.1.kind());
        let hashed = |terms: Vec<Term>| -> BTreeSet<TermKey> {
            terms.iter().map(|term| view.term(&scope, term)).collect()
        };
        let was = old.clone().unwrap_or_default();
        let supplied = match supplied {
            Some(terms) => hashed(terms),
            None => was.supplied.iter().copied().collect(),
        };
        let known: BTreeSet<TermKey> = hashed(known).difference(&supplied).copied().collect();
        let created = match &old {
            Some(old) => old.created,
            None => Ordinal::of(folding.sequence, touch.created),
        };
        let changed = match (touch.changed, &old) {
            (Some(within), _) => rank(folding.at.0, within),
            (None, Some(old)) => old.changed,
            (None, None) => rank(folding.at.0, touch.created),
        };
        let row = Row {
            created,
            changed,
            supplied: supplied.iter().copied().collect(),
            known: known.iter().copied().collect(),
        };
        if old.as_ref() == Some(&row) {
            return Ok(());
        }
        let id = key.1.as_str().as_bytes().to_vec();
        if old.is_none() {
            let place = [&[CREATED], scope.as_slice(), &created.0].concat();
            self.changes.push((place, Some(id.clone())));
        }
        if old.is_none() || changed != was.changed {
            let place = |rank: &[u8]| [&[CHANGED], scope.as_slice(), rank].concat();
            if old.is_some() {
                self.changes.push((place(&was.changed), None));
            }
            self.changes.push((place(&changed), Some(id.clone())));
        }
        let posting = |term: &TermKey| [&[POSTING], scope.as_slice(), term, &created.0].concat();
        let before: BTreeSet<TermKey> = was.terms().copied().collect();
        let now: BTreeSet<TermKey> = row.terms().copied().collect();
        let gone = before.difference(&now).map(|term| (posting(term), None));
        self.changes.extend(gone);
        let new = now.difference(&before).map(|term| (posting(term), Some(id.clone())));
        self.changes.extend(new);
        self.changes.push((name, Some(row.to_bytes())));
        Ok(())
    }

    /// Terms of what was supplied, if it is read, and of what is known; nothing, if nobody can read it.
    #[expect(clippy::type_complexity, reason = "two lists of terms, one of them perhaps as it was")]
    fn terms(
        &mut self,
        (org, id): &Key,
        reread: bool,
    ) -> Result<Option<(Option<Vec<Term>>, Vec<Term>)>, Outage> {
        let world = self.world;
        let part = world.parts.get(id).copied();
        let held = world.resources.get(id);
        if let Some(held) = held.filter(|held| held.org == *org) {
            let referral = match part {
                Some(Part::SourceTask(referral)) => world.referrals.get(&referral),
                _ => None,
            };
            let known = referral.map(terms::standing).unwrap_or_default();
            if !reread {
                return Ok(Some((None, known)));
            }
            let Some(document) = self.documents.json(held)? else { return Ok(None) };
            let supplied = match referral {
                Some(_) => terms::source_task(document),
                None => terms::supplied(id.kind(), &document),
            };
            return Ok(Some((Some(supplied), known)));
        }
        let both = |referral: &ReferralId, placement| -> Option<(&Referral, &Placement)> {
            let referral = world.referrals.get(referral)?;
            Some((referral, referral.placement(placement)?))
        };
        match part {
            Some(Part::PlacementTask(referral, placement)) => {
                let both = both(&referral, &placement);
                let known = both.map(|(one, placed)| terms::placed_task(world, one, placed));
                Ok(known.map(|known| (Some(Vec::new()), known)))
            }
            Some(Part::Outcome(referral, placement)) => {
                let both = both(&referral, &placement);
                let known = both.map(|both| terms::outcome(world, both, id));
                Ok(known.map(|known| (Some(Vec::new()), known)))
            }
            Some(Part::PlacementRequest(referral, placement)) => {
                let Some((referral, placement)) = both(&referral, &placement) else {
                    return Ok(None);
                };
                let known = terms::placed_request(world, referral, placement);
                if !reread {
                    return Ok(Some((None, known)));
                }
                let Some(source) = world.resources.get(&referral.request) else { return Ok(None) };
                let Some(document) = self.documents.json(source)? else { return Ok(None) };
                self.depend(&referral.request, org, id);
                Ok(Some((Some(terms::repeated(&document)), known)))
            }
            Some(Part::SourceTask(_)) => Ok(None),
            // A Patient, for a target: nothing that it is shown of it is a term.
            None if held.is_some() => {
                self.depend(id, org, id);
                Ok(Some((Some(Vec::new()), Vec::new())))
            }
            None => Ok(None),
        }
    }

    /// Notes that what a reader sees of `shown` changes with what is supplied as `id`.
    fn depend(&mut self, id: &ResourceId, org: &OrgId, shown: &ResourceId) {
        let key = [self.view.depends(id), self.view.name(b"row", &[org.as_str(), shown.as_str()])];
        self.changes.push((key.concat(), Some(format!("{org} {shown}").into_bytes())));
    }
}

/// What a row of dependence says.
fn depending_key(value: &[u8]) -> Option<Key> {
    let (org, id) = std::str::from_utf8(value).ok()?.split_once(' ')?;
    Some((org.parse().ok()?, id.parse().ok()?))
}

impl View {
    fn depends(&self, id: &ResourceId) -> Vec<u8> {
        [&[DEPENDS], self.name(b"doc", &[id.as_str()]).as_slice()].concat()
    }
}
