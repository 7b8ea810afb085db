//! What somebody of the staff enters for a party, which said it on the phone.

use super::act::{self, Act, Acted};
use super::desk::{self, Desk};
use crate::journal::{Event, StaffEvent};
use crate::refusal::{Kind, Trouble};
use crate::staff::StaffName;

/// Decides the act as the party's own, and records in the same frame who entered it.
pub fn decide(
    desk: &mut Desk<'_>,
    act: Act,
    (by, name): (StaffName, String),
) -> Result<Acted, Trouble> {
    let (org, referral, transport) = (act.org.clone(), act.referral, act.transport);
    let resent = desk.world().answers.contains_key(&(org.clone(), act.request));
    let acted = act::decide(desk, act)?;
    if !resent {
        let known = desk.world().referrals.get(&referral);
        let person = known.and_then(|known| known.persons.first()).copied();
        let person = person.ok_or(Trouble::from(Kind::NotFound))?;
        let cause = desk::by(by.as_str(), transport);
        let fact = StaffEvent::Entered { by, org, referral, person, act: name };
        desk.record(&cause, Event::Staff(fact), Vec::new(), None);
    }
    Ok(acted)
}
