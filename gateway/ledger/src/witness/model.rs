//! Every order of steps: three requests at once, a crash at any step, a write kept or lost by it.
//!
//! The model runs the real [`Witness::read`] and [`Witness::decide`] and releases what
//! [`Pending::kept`] gives. What it makes up is the disk (what readers see, and what survives) and
//! who runs next. Promise I12: no two released cosignatures are of trees that do not continue each
//! other, and none is of a tree the disk does not remember.

use std::collections::HashMap;
use std::hash::{Hash as StdHash, Hasher};
use std::sync::Mutex;

use base64::prelude::{BASE64_STANDARD, Engine};
use stateright::{Checker, Model, Property};

use super::*;
use crate::checkpoint::LogKey;
use crate::testing::{ORIGIN, log_key};
use crate::tree::leaf_hash;

const AT_ONCE: usize = 3;
const STARTS_MAX: u8 = 4;
const CRASHES_MAX: u8 = 2;
/// Both views begin with these leaves.
const COMMON: u64 = 1;

/// How the steps are ordered.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    /// As [`add_checkpoint`] does it.
    Sound,
    /// The answer leaves before its state is synced.
    AnswerFirst,
    /// What is on the shelf is replaced whatever it is by now: the race tlog-witness describes.
    BlindWrite,
}

/// A view of the log (`fork` after [`COMMON`]), grown from `old` to `size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Grown {
    fork: bool,
    old: u64,
    size: u64,
}

/// Where one request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Idle,
    /// It read what is on the shelf.
    Loaded(Grown, Known),
    /// Readers see its write; a crash may lose it.
    Written(Grown, Pending),
    /// Its write is durable.
    Synced(Grown, Pending),
}

/// What is hashed is all that tells states apart: the lines follow from the rest.
impl StdHash for Step {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let of = |kind: u8, what: &Grown, known: &Known, hasher: &mut H| {
            (kind, what, known).hash(hasher);
        };
        match self {
            Step::Idle => 0_u8.hash(hasher),
            Step::Loaded(what, known) => of(1, what, known, hasher),
            Step::Written(what, pending) => of(2, what, &pending.known, hasher),
            Step::Synced(what, pending) => of(3, what, &pending.known, hasher),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    seen: Known,
    durable: Known,
    steps: [Step; AT_ONCE],
    released: Vec<Grown>,
    starts: u8,
    crashes: u8,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Action {
    Start(usize, usize),
    Advance(usize),
    /// The process ends; what was written and not synced is kept or not.
    Crash {
        kept: bool,
    },
}

struct Race {
    witness: Witness,
    order: Order,
    requests: Vec<(Grown, Vec<u8>)>,
    /// What was decided before: deciding is pure, and the costly part.
    decided: Mutex<HashMap<(Grown, Known), Option<Pending>>>,
}

fn tree(fork: bool, size: u64) -> Tree {
    let mut tree = Tree::new();
    for leaf in 0..size {
        let data = if fork && leaf >= COMMON { leaf + 100 } else { leaf };
        tree.append(leaf_hash(&data.to_be_bytes()));
    }
    tree
}

impl Race {
    fn new(order: Order) -> Race {
        let key = CosignerKey::from_seed("w.example", [3; 32]).unwrap();
        let witness = Witness::new(key, vec![KnownLog::parse(&log_key().vkey()).unwrap()]);
        let grown = |fork, old, size| Grown { fork, old, size };
        let asked = [
            grown(false, 0, 1),
            grown(false, 1, 2),
            grown(false, 1, 3),
            grown(false, 2, 3),
            grown(true, 0, 2),
            grown(true, 1, 2),
            grown(true, 2, 3),
        ];
        let requests = asked.map(|grown| (grown, request(&log_key(), grown))).to_vec();
        Race { witness, order, requests, decided: Mutex::default() }
    }

    fn advance(&self, state: &mut State, at: usize) {
        let step = std::mem::replace(&mut state.steps[at], Step::Idle);
        state.steps[at] = match step {
            Step::Idle => Step::Idle,
            Step::Loaded(what, known) => self.write(state, what, &known),
            Step::Written(what, pending) if self.order == Order::AnswerFirst => {
                self.release(state, what, pending.clone());
                // It is synced at some later time, or never.
                Step::Synced(what, pending)
            }
            Step::Written(what, pending) => {
                state.durable = state.seen;
                Step::Synced(what, pending)
            }
            Step::Synced(..) if self.order == Order::AnswerFirst => {
                state.durable = state.seen;
                Step::Idle
            }
            Step::Synced(what, pending) => {
                self.release(state, what, pending);
                Step::Idle
            }
        };
    }

    /// The first half of [`Shelf::replace`].
    fn write(&self, state: &mut State, what: Grown, known: &Known) -> Step {
        let Some(pending) = self.decide(what, known) else { return Step::Idle };
        if state.seen != *known && self.order != Order::BlindWrite {
            return Step::Idle;
        }
        state.seen = pending.known;
        Step::Written(what, pending)
    }

    fn decide(&self, what: Grown, known: &Known) -> Option<Pending> {
        let mut decided = self.decided.lock().unwrap();
        let fresh = || {
            let (_, request) = self.requests.iter().find(|(grown, _)| *grown == what).unwrap();
            let asked = self.witness.read(request).unwrap();
            self.witness.decide(&asked, known, 1).ok()
        };
        decided.entry((what, *known)).or_insert_with(fresh).clone()
    }

    fn release(&self, state: &mut State, what: Grown, pending: Pending) {
        assert_eq!(pending.kept().status(), 200);
        state.released.push(what);
        // As a set: who was answered first does not matter to the promise.
        state.released.sort_by_key(|grown| (grown.fork, grown.size, grown.old));
        state.released.dedup();
    }
}

fn request(key: &LogKey, grown: Grown) -> Vec<u8> {
    let tree = tree(grown.fork, grown.size);
    let origin = ORIGIN.to_owned();
    let note = key.sign(&Checkpoint { origin, size: tree.len(), root: tree.root() });
    let proof = tree.prove_consistency(grown.old, grown.size).unwrap();
    let proof: String = proof.iter().map(|hash| BASE64_STANDARD.encode(hash) + "\n").collect();
    format!("old {}\n{proof}\n{note}", grown.old).into_bytes()
}

impl Model for Race {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let nothing = Known::nothing();
        vec![State {
            seen: nothing,
            durable: nothing,
            steps: [Step::Idle, Step::Idle, Step::Idle],
            released: Vec::new(),
            starts: 0,
            crashes: 0,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        // Slots are alike: only the first idle one starts anything.
        let idle = state.steps.iter().position(|step| *step == Step::Idle);
        if let Some(at) = idle.filter(|_| state.starts < STARTS_MAX) {
            actions.extend((0..self.requests.len()).map(|which| Action::Start(at, which)));
        }
        let busy = (0..AT_ONCE).filter(|at| state.steps[*at] != Step::Idle);
        actions.extend(busy.map(Action::Advance));
        if state.crashes < CRASHES_MAX {
            actions.extend([true, false].map(|kept| Action::Crash { kept }));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Start(at, which) => {
                state.steps[at] = Step::Loaded(self.requests[which].0, state.seen);
                state.starts += 1;
            }
            Action::Advance(at) => self.advance(&mut state, at),
            Action::Crash { kept } => {
                state.durable = if kept { state.seen } else { state.durable };
                state.seen = state.durable;
                state.steps = [Step::Idle, Step::Idle, Step::Idle];
                state.crashes += 1;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Race>> {
        vec![
            Property::always("one growing log", |_, state: &State| {
                let one = |a: &Grown, b: &Grown| a.fork == b.fork || a.size.min(b.size) <= COMMON;
                state.released.iter().all(|a| state.released.iter().all(|b| one(a, b)))
            }),
            Property::always("what was released is remembered", |_, state: &State| {
                let known = |grown: &Grown| grown.size <= state.durable.size;
                state.released.iter().all(known)
            }),
            Property::sometimes("three leaves are cosigned", |_, state: &State| {
                state.released.iter().any(|grown| grown.size == 3)
            }),
            Property::sometimes("the other view wins", |_, state: &State| {
                state.released.iter().any(|grown| grown.fork && grown.size == 3)
            }),
        ]
    }
}

fn found(order: Order, property: &'static str) -> bool {
    let checker = Race::new(order).checker().threads(2).spawn_bfs().join();
    checker.discovery(property).is_some()
}

#[test]
fn no_order_of_steps_and_no_crash_cosigns_two_logs() {
    let checker = Race::new(Order::Sound).checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    assert!(checker.unique_state_count() > 1000, "{}", checker.unique_state_count());
}

/// The model would notice: each way to do it wrong is found.
#[test]
fn an_answer_before_its_state_is_durable_is_found() {
    assert!(found(Order::AnswerFirst, "what was released is remembered"));
    assert!(found(Order::AnswerFirst, "one growing log"));
}

#[test]
fn a_write_over_what_changed_meanwhile_is_found() {
    assert!(found(Order::BlindWrite, "one growing log"));
}
