//! Whom a resource is about: one person, nobody, or the members of a Group.

use std::collections::BTreeSet;

use loopgate_referral::{PersonId, ResourceId};

use crate::fold::Held;
use crate::gate::Gate;
use crate::refusal::Trouble;
use crate::scribe::{AskFor, OwnedClaim, OwnedToken};

/// Whom what is kept under this id is about, each once. The members of a Group are those that are
/// known now: an erased person's reference leads nowhere.
pub fn persons_of(gate: &Gate, id: &ResourceId, held: &Held) -> Result<Vec<PersonId>, Trouble> {
    if id.kind() != "Group" {
        return Ok(held.person.into_iter().collect());
    }
    let group = gate.document(held)?;
    let world = gate.scribe.published().world();
    let members = group.list("member").iter().filter_map(|one| one.text("entity.reference"));
    let patients = members.filter_map(|text| text.parse::<ResourceId>().ok());
    let persons = patients.filter_map(|patient| world.patients.get(&patient).copied());
    Ok(persons.collect::<BTreeSet<_>>().into_iter().collect())
}

/// What is asked for each of these persons to give a supplier back what it supplied.
pub fn return_asks(persons: Vec<PersonId>, id: &ResourceId, held: &Held) -> Vec<AskFor> {
    let ask = |person| AskFor {
        person,
        claims: vec![OwnedClaim::ReturnToSupplier { supplier: held.org.clone() }],
        resources: vec![(id.clone(), held.version)],
        referral: None,
        view: "supplied",
        token: OwnedToken::default(),
    };
    persons.into_iter().map(ask).collect()
}
