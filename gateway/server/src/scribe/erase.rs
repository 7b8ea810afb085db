//! Erasure: a person's key is destroyed, and with it everything that was kept under it.
//!
//! First the decision is durable: `key.shred` entries that name every entry nobody will be able to read,
//! with the chains they stand in. Then a new key-encryption key wraps every key but the destroyed ones,
//! and the old one's file is destroyed: only that reaches the copies of old wraps that sled keeps. A
//! crash between any two steps is made good at the next start. At last the world is folded anew.

use std::collections::{BTreeMap, BTreeSet};

use loopgate_ledger::{Field, Link, links_from_value};
use loopgate_referral::{PersonId, Timestamp};
use loopgate_store::{Attachments, Epoch, KeyRow, Log, LogReader, Outage};

use super::desk::{self, Desk};
use super::{Bench, Thread};
use crate::archive::{Archive, Kept, Keyring, key_name};
use crate::clock::Clock;
use crate::fields::in_payloads;
use crate::fold::{Class, World};
use crate::journal::{Erased, Event, LedgerEvent, ShredGround, ShredRefusal};
use crate::keks::Keks;
use crate::refusal::{Kind, Trouble};

/// What is asked for.
pub struct Erase {
    /// Of whom.
    pub persons: BTreeSet<PersonId>,
    /// Why it is lawful.
    pub ground: ShredGround,
    /// Who says so.
    pub by: String,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Erasure {
    /// So many entries cannot be read any more.
    Done(usize),
    /// It is not lawful now, for these; nothing was erased.
    Refused(Vec<(PersonId, ShredRefusal)>),
}

/// Why a person's data may not be erased now, if it may not.
pub fn refusal(
    world: &World,
    person: PersonId,
    ground: &ShredGround,
    retention_days: u32,
    now: Timestamp,
) -> Option<ShredRefusal> {
    // A case of any name they have, or had.
    let person = world.persons.resolve(person);
    if world.book.holds.contains_key(&person) {
        return Some(ShredRefusal::LegalHold);
    }
    if world.referrals_of(person).any(|referral| !referral.state.is_final()) {
        return Some(ShredRefusal::OpenReferral);
    }
    let last = world.book.last_about.get(&person)?;
    let until = last.plus_days(retention_days);
    (*ground == ShredGround::RetentionOver && now < until)
        .then_some(ShredRefusal::Retention { until })
}

impl Thread {
    /// Erases, or says why not. Nothing else is decided meanwhile.
    pub(super) fn erase(
        &mut self,
        erase: Erase,
        at: Timestamp,
    ) -> Result<Result<Erasure, Trouble>, Outage> {
        let world = &self.bench.world;
        // Whoever was merged into them goes with them: it is one person.
        let names = erase.persons.iter().flat_map(|person| world.persons.names_of(*person));
        let erase = Erase { persons: names.collect(), ..erase };
        let known = |person: &PersonId| {
            world.indexed(Class::Patient, &person.to_string()).is_some()
                && !world.book.shredded.contains_key(person)
        };
        if erase.persons.is_empty() || !erase.persons.iter().all(known) {
            return Ok(Err(Kind::NotFound.into()));
        }
        let days = self.bench.settings.retention_days;
        let refused = |person: &PersonId| {
            refusal(world, *person, &erase.ground, days, at).map(|why| (*person, why))
        };
        let refused: Vec<_> = erase.persons.iter().filter_map(refused).collect();
        let done =
            if refused.is_empty() { Some(named(&self.bench, &erase.persons)?) } else { None };
        let cause = desk::by(&erase.by, "admin");
        let mut desk = Desk::new(&mut self.bench, at);
        let mut record = |fact| desk.record(&cause, Event::Ledger(fact), Vec::new(), None);
        let Some(done) = done else {
            for (person, why) in &refused {
                record(LedgerEvent::ShredRefused { person: *person, why: why.clone() });
            }
            let drafts = desk.finish();
            self.commit(drafts, at)?;
            return Ok(Ok(Erasure::Refused(refused)));
        };
        let count = done.values().map(Vec::len).sum();
        for (person, erased) in done {
            for erased in in_payloads(erased) {
                let ground = erase.ground.clone();
                record(LedgerEvent::Shredded { person, ground, erased });
            }
        }
        let drafts = desk.finish();
        self.commit(drafts, at)?;
        // COMMIT POINT: it is decided. What follows is made good at the next start if this one ends.
        let bench = &mut self.bench;
        finish(
            bench.log.as_mut(),
            bench.epoch,
            &bench.world.book.shredded,
            &bench.keyring,
            &bench.keks,
            &bench.attachments,
            bench.clock.as_ref(),
        )?;
        self.fold_anew()?;
        Ok(Ok(Erasure::Done(count)))
    }
}

/// The entries kept under each person's key, with their chains.
fn named(
    bench: &Bench,
    persons: &BTreeSet<PersonId>,
) -> Result<BTreeMap<PersonId, Vec<Erased>>, Outage> {
    let reader = bench.log.reader();
    let archive = Archive::new(reader, bench.keyring.clone(), bench.attachments.clone());
    let of = |person: &PersonId| Ok((*person, entries_of(bench, &archive, *person)?));
    persons.iter().map(of).collect()
}

/// Follows a person's chain back from its newest entry.
fn entries_of(bench: &Bench, archive: &Archive, person: PersonId) -> Result<Vec<Erased>, Outage> {
    let id = person.to_string();
    let newest = bench.world.indexed(Class::Patient, &id).map(|value| value.last);
    let mut next = newest.and_then(|last| i64::try_from(last).ok());
    let mut found = Vec::new();
    while let Some(index) = next.and_then(|index| u64::try_from(index).ok()) {
        let (stored, entry) = archive
            .locate(index, bench.world.frames)?
            .ok_or(Outage::Damaged("a chain leads past the log"))?;
        let chains = match archive.unseal(&stored.frame, entry)? {
            Kept::Here((body, _)) => {
                let links = |field| links_from_value(body.fields.get(field)).unwrap_or_default();
                Erased {
                    index,
                    subject: links(Field::Subject),
                    patient: links(Field::Patient),
                    parties: links(Field::Parties),
                }
            }
            // It was kept under the key of somebody else, who was erased before.
            Kept::Erased { sequence } => {
                crate::replay::shredded_in(sequence, bench.log.as_ref(), &bench.keyring)?
                    .remove(&index)
                    .ok_or(Outage::Damaged("an entry does not open and none says it was erased"))?
            }
        };
        next = chains.patient.iter().find(|link| link.id == id).map(|link: &Link| link.prev);
        if stored.frame.entries[entry].key == key_name(Some(person)) {
            found.push(chains);
        }
    }
    found.reverse();
    Ok(found)
}

/// Destroys the keys of everybody who was erased, as far as that is not done: a new key-encryption key,
/// every other key wrapped under it, the files gone, the old one destroyed. Whether anything was done.
pub fn finish(
    log: &mut dyn Log,
    epoch: Epoch,
    shredded: &BTreeMap<PersonId, u64>,
    keyring: &Keyring,
    keks: &Keks,
    attachments: &Attachments,
    clock: &dyn Clock,
) -> Result<bool, Outage> {
    let broken = |_| Outage::Damaged("a key-encryption key does not read");
    let tenants = keks.tenant_keys().map_err(broken)?;
    let by: BTreeMap<_, u64> =
        shredded.iter().map(|(person, by)| (key_name(Some(*person)), *by)).collect();
    let rows = log.keys()?;
    let wrapped = rows.iter().filter_map(|(name, row)| match row {
        KeyRow::Wrapped(wrapped) => Some((name, wrapped)),
        KeyRow::Destroyed { .. } => None,
    });
    let pending: Vec<_> = wrapped.clone().filter(|(name, _)| by.contains_key(name)).collect();
    let Some(newest) = tenants.last().filter(|_| !pending.is_empty() || tenants.len() > 1) else {
        return Ok(false);
    };
    let mut random = |buffer: &mut [u8]| clock.random(buffer);
    let reached = pending.iter().any(|(_, wrapped)| wrapped.epoch() == Some(newest.epoch()));
    let target = if reached {
        keks.make_after(newest.epoch(), &mut random).map_err(Outage::Disk)?
    } else {
        newest.clone()
    };
    let mut changes = Vec::new();
    for (name, wrapped) in wrapped {
        if let Some(sequence) = by.get(name) {
            changes.push((*name, KeyRow::Destroyed { sequence: *sequence }));
        } else if wrapped.epoch() != Some(target.epoch()) {
            let old = tenants.iter().find(|key| Some(key.epoch()) == wrapped.epoch());
            let anew = old.and_then(|old| old.rewrap(name, wrapped, &target, &mut random).ok());
            let anew = anew.ok_or(Outage::Damaged("a wrapped key does not open"))?;
            changes.push((*name, KeyRow::Wrapped(anew)));
        }
    }
    log.rewrap(epoch, changes)?;
    let frames: BTreeSet<u64> = by.values().copied().collect();
    keyring.renew(vec![target.clone()]);
    remove_files(log, &frames, keyring, attachments)?;
    for old in tenants.iter().filter(|key| key.epoch() < target.epoch()) {
        keks.destroy(old.epoch()).map_err(Outage::Disk)?;
    }
    Ok(true)
}

/// Removes the files of erased entries; those that are gone already stay gone.
fn remove_files(
    log: &dyn Log,
    frames: &BTreeSet<u64>,
    keyring: &Keyring,
    attachments: &Attachments,
) -> Result<(), Outage> {
    let reader: Box<dyn LogReader> = log.reader();
    let head = log.head();
    for sequence in frames {
        for index in crate::replay::shredded_in(*sequence, log, keyring)?.into_keys() {
            let found = crate::archive::locate(reader.as_ref(), index, head.next)?;
            let (stored, entry) = found.ok_or(Outage::Damaged("an erased entry is missing"))?;
            for file in &stored.frame.entries[entry].files {
                attachments.remove(file)?;
            }
        }
    }
    Ok(())
}
