//! Each command, and what decides it.

use std::collections::BTreeSet;
use std::sync::Arc;

use loopgate_consent::Sends;
use loopgate_ledger::{Committed, IndexProof, LogKey};

use super::{
    Command, Proved, Reply, Settle, act, attest, behalf, capacity, chores, desk, disclose, hear,
    mail, merge, settle, submit, token,
};
use crate::journal::Event;
use crate::refusal::Trouble;
use crate::roster::Roster;

/// What a group also does once it is durable.
#[derive(Default)]
pub(super) struct After {
    pub roster: Option<Arc<Roster>>,
    pub clock_confirmed: bool,
    pub checkpoints: Vec<Reply<String>>,
    pub proved: Vec<(usize, Vec<IndexProof>, Reply<Proved>)>,
    pub announced: Vec<LogKey>,
    pub retired: Vec<String>,
}

/// Decides one command; its answer waits for the frame.
pub(super) fn decide(
    desk: &mut desk::Desk<'_>,
    command: Command,
    settles: &mut Vec<Settle>,
    after: &mut After,
    sends: &Sends,
) {
    match command {
        Command::Submit(submission, reply) => {
            let answer = submit::decide(desk, *submission);
            settles.push(Box::new(move |_| drop(reply.send(answer))));
        }
        Command::Act(act, reply) => {
            let answer = act::decide(desk, *act);
            settles.push(Box::new(move |_| drop(reply.send(answer))));
        }
        Command::Behalf(act, said, reply) => {
            let answer = behalf::decide(desk, *act, said);
            settles.push(Box::new(move |_| drop(reply.send(answer))));
        }
        Command::Disclose(disclose, reply) => {
            let about: BTreeSet<_> = disclose.asks.iter().map(|ask| ask.person).collect();
            let proofs = disclose::decide(desk, *disclose);
            // It begins here, in one order with every change of a Grant: what changes one later in
            // this very group is answered after it began.
            let sending = proofs.is_ok().then(|| sends.begin(about.into_iter().collect()));
            settles.push(Box::new(move |committed| {
                let found = proofs.map(|proofs| {
                    proofs.into_iter().filter_map(|proof| proof.find(committed)).collect()
                });
                let Some(sending) = sending else {
                    drop(reply.send(found.and(Err(Trouble::Outage))));
                    return;
                };
                drop(reply.send(found.map(|found| (found, sending))));
            }));
        }
        Command::Deny(event, reply) => {
            desk.record(&desk::by("loopgate", "egress"), *event, Vec::new(), None);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::Merge(merge, reply) => {
            let merged = merge::decide(desk, *merge);
            settles.push(Box::new(move |_| drop(reply.send(merged))));
        }
        Command::Hear(heard, reply) => {
            let heard = hear::decide(desk, *heard);
            settles.push(Box::new(move |_| drop(reply.send(heard))));
        }
        Command::Delivered(referral, placement, reply) => {
            settle::delivered(desk, referral, placement);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::TargetTold(referral, placement, version, reply) => {
            settle::target_told(desk, referral, placement, version);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::TellAgain(source, since, who, reply) => {
            let count = settle::tell_again(desk, &source, since, &who);
            settles.push(Box::new(move |_| drop(reply.send(Ok(count)))));
        }
        Command::Told(referral, version, reply) => {
            settle::source_told(desk, referral, version);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::Mailed(org, told, reply) => {
            mail::mailed(desk, &org, &told);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::Mail(fact, (who, transport), reply) => {
            let moved = mail::happened(desk, *fact, &desk::by(&who, transport));
            settles.push(Box::new(move |_| drop(reply.send(Ok(moved)))));
        }
        Command::ChangePin(change, reply) => {
            let changed = mail::change_pin(desk, *change);
            settles.push(Box::new(move |_| drop(reply.send(Ok(changed)))));
        }
        Command::Spend(org, jti, until, reply) => {
            let fresh = token::spend(desk, org, jti, until);
            settles.push(Box::new(move |_| drop(reply.send(Ok(fresh)))));
        }
        Command::Revoke(org, jti, until, reply) => {
            token::revoke(desk, org, jti, until);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::Mint(org, minted, reply) => {
            let index = token::mint(desk, org, *minted);
            settles.push(Box::new(move |_| drop(reply.send(index))));
        }
        Command::Attest(attest, reply) => {
            let attested = attest::attest(desk, *attest);
            settles.push(Box::new(move |_| drop(reply.send(Ok(attested)))));
        }
        Command::Withdraw(person, only, who, reply) => {
            let found = attest::withdraw(desk, person, only.as_ref(), (&who.0, who.1));
            settles.push(Box::new(move |_| drop(reply.send(Ok(found)))));
        }
        Command::Doubt((person, grant), doubted, who, reply) => {
            let found = attest::doubt(desk, (person, &grant), doubted, &who);
            settles.push(Box::new(move |_| drop(reply.send(Ok(found)))));
        }
        Command::Suspend(persons, suspended, who, reply) => {
            attest::suspend(desk, persons, suspended, &who);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::SignIn(staff, step, reply) => {
            let right = attest::sign_in(desk, staff, step);
            settles.push(Box::new(move |_| drop(reply.send(Ok(right)))));
        }
        Command::Staff(fact, (who, transport), reply) => {
            let cause = desk::by(&who, transport);
            let entry = desk.record(&cause, Event::Staff(*fact), Vec::new(), None);
            settles.push(Box::new(move |committed| {
                let index = committed.get(entry).map(Committed::leaf_index);
                drop(reply.send(index.ok_or(Trouble::Outage)));
            }));
        }
        Command::Link(fact, (who, transport), reply) => {
            let moved = settle::queue(desk, *fact, &desk::by(&who, transport));
            settles.push(Box::new(move |_| drop(reply.send(Ok(moved)))));
        }
        Command::Webhook(fact, (who, transport), reply) => {
            let moved = settle::webhook(desk, *fact, &desk::by(&who, transport));
            settles.push(Box::new(move |_| drop(reply.send(Ok(moved)))));
        }
        Command::StopUseTold(entry, org, of, reply) => {
            settle::holder_told(desk, entry, org, of);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::Capacity(org, said, request, reply) => {
            let answer = capacity::report(desk, org, *said, request);
            settles.push(Box::new(move |_| drop(reply.send(answer))));
        }
        Command::Tick { strangers, reply } => {
            settle::tick(desk, strangers);
            after.retired.extend(chores::look(desk));
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::Partners(roster, reply) => {
            settle::partners(desk, &roster);
            after.roster = Some(roster);
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::Record(event, by, reply) => {
            let entry = desk.record(&desk::by(&by, "admin"), *event, Vec::new(), None);
            settles.push(Box::new(move |committed| {
                drop(reply.send(committed.get(entry).cloned().ok_or(Trouble::Outage)));
            }));
        }
        Command::ConfirmClock(reply) => {
            after.clock_confirmed = true;
            settles.push(Box::new(move |_| drop(reply.send(Ok(())))));
        }
        Command::Announce(key, reply) => {
            let first = desk.settings().first_vkey.clone();
            let announced = chores::announce(desk, &key, &first);
            if announced.is_ok() {
                after.announced.push(*key);
            }
            settles.push(Box::new(move |_| drop(reply.send(announced))));
        }
        Command::Prove(keys, reply) => {
            let entry = chores::index(desk);
            // The entry of the root stands in no chain: the index is still the one it speaks of.
            let proofs = keys.iter().map(|key| desk.prove(key)).collect();
            after.proved.push((entry, proofs, reply));
        }
        Command::Checkpoint(reply) => after.checkpoints.push(reply),
        Command::Erase(..) | Command::Stop => unreachable!("the caller takes these by themselves"),
    }
}
