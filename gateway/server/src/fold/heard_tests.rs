//! What is remembered of messages, and for how long.

use super::*;
use crate::fold::Place;

fn heard(control: &str, referrals: &[ReferralId], about: &[ReferralId]) -> Event {
    let mut key = [0; 32];
    key[..control.len()].copy_from_slice(control.as_bytes());
    Event::Heard {
        org: "clinic-b".parse().unwrap(),
        person: None,
        key,
        content: [1; 32],
        control: control.to_owned(),
        asked: true,
        referrals: referrals.to_vec(),
        about: about.to_vec(),
        kind: "OMG^O19".to_owned(),
        version: "2.5.1".to_owned(),
        sequence: None,
        kept: true,
        not_carried: Vec::new(),
    }
}

fn place(index: u64, at: i64) -> Place {
    Place { sequence: index, entry: 0, index, at: Timestamp(at) }
}

const DAY: i64 = 86_400_000;

#[test]
fn a_message_is_remembered_for_thirty_days() {
    let known = |at: i64| {
        let mut world = World::default();
        world.evolve(&heard("1", &[], &[]), place(0, 0));
        world.evolve(&heard("2", &[], &[]), place(1, DAY));
        // Time is that of the entries, and of nothing else.
        world.evolve(&heard("3", &[], &[]), place(2, at));
        world.heard.len()
    };
    assert_eq!(known(30 * DAY), 3);
    assert_eq!(known(30 * DAY + 1), 2);
    assert_eq!(known(31 * DAY + 1), 1);
}

#[test]
fn a_control_id_is_good_again_once_it_is_forgotten() {
    let mut world = World::default();
    world.evolve(&heard("1", &[], &[]), place(0, 0));
    world.evolve(&heard("2", &[], &[]), place(1, 40 * DAY));
    world.evolve(&heard("1", &[], &[]), place(2, 41 * DAY));
    assert_eq!(world.heard.len(), 2);
    world.evolve(&heard("3", &[], &[]), place(3, 70 * DAY + 1));
    assert_eq!(world.heard.len(), 2);
}

#[test]
fn what_brought_a_referral_is_answered_and_what_came_after_is_noted() {
    let id = ReferralId::from_random([1; 16]);
    let mut world = World::default();
    let received = loopgate_referral::Event::Received {
        referral: id,
        source: "clinic-b".parse().unwrap(),
        owner: "pantry".parse().unwrap(),
        persons: Vec::new(),
        needs: Vec::new(),
        contact_prohibited: false,
        task: "Task/1".parse().unwrap(),
        request: "ServiceRequest/1".parse().unwrap(),
    };
    world.evolve(&Event::Referral { referral: id, fact: received }, place(0, 0));
    world.evolve(&heard("1", &[id], &[]), place(1, 1));
    let spoken = world.spoken[&id].clone();
    assert_eq!((spoken.control.as_str(), spoken.kind.as_str()), ("1", "OMG^O19"));
    assert_eq!((spoken.version.as_str(), spoken.newest), ("2.5.1", None));
    world.evolve(&heard("2", &[], &[id]), place(2, 2));
    let spoken = world.spoken[&id].clone();
    assert_eq!(spoken.control, "1");
    assert_eq!(spoken.newest, Some(("OMG^O19".to_owned(), "2".to_owned())));
    // What its target says is no question of its source's.
    let Event::Heard { key, content, asked, not_carried, kind, version, kept, .. } =
        heard("3", &[], &[id])
    else {
        panic!("it is a message")
    };
    let by_target = Event::Heard {
        org: "pantry".parse().unwrap(),
        person: None,
        key,
        content,
        control: "3".to_owned(),
        asked,
        referrals: Vec::new(),
        about: vec![id],
        kind,
        version,
        sequence: None,
        kept,
        not_carried,
    };
    world.evolve(&by_target, place(3, 3));
    assert_eq!(world.spoken[&id].newest.as_ref().unwrap().1, "2");
}
