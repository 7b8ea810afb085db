//! An organization says how much it can take on.

use loopgate_referral::OrgId;

use super::desk::Desk;
use crate::fields::Cause;
use crate::journal::{Capacity, Event};
use crate::refusal::{Kind, Trouble};

/// Records it. The same words once more on the same day are no news.
pub fn report(
    desk: &mut Desk<'_>,
    org: OrgId,
    said: Capacity,
    request: [u8; 32],
) -> Result<(), Trouble> {
    // Suspended since the door looked.
    if desk.roster().get(&org).is_none_or(|partner| partner.suspended) {
        return Err(Kind::Forbidden.into());
    }
    let last = desk.world().capacities.last(&org, &said.need);
    if last.is_some_and(|last| last.said == said && last.at.day() == desk.at.day()) {
        return Ok(());
    }
    let cause = Cause {
        actor: org.to_string(),
        transport: "cbo-rest".into(),
        request: hex::encode(request),
    };
    desk.record(&cause, Event::Capacity { org, said }, Vec::new(), None);
    Ok(())
}
