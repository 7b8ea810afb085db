//! What the person said no to. Explicit deny overrides; an emergency and a court's order alone are not
//! asked whether.

use crate::items::covers;
use crate::{Action, Ask, Denial, Effect, Grant, GrantState, Party, ReasonCode, Rule};

/// What one Consent forbids, or says in a way we cannot read, no other and no basis may permit.
pub(crate) fn forbidden(
    ask: &Ask<'_>,
    (action, from): (Action, &Party),
    grants: &[Grant],
) -> Result<(), Denial> {
    for grant in grants.iter().filter(|grant| grant.says.state != GrantState::Revoked) {
        if grant.says.state == GrantState::Uninterpretable {
            return Err(Denial::by(ReasonCode::C8, grant.reference()));
        }
        let denies = |rule: &Rule| !rule.selects_items() && denies(rule, ask, action, from);
        if grant.says.rules.iter().any(denies) {
            return Err(Denial::by(ReasonCode::C7, grant.reference()));
        }
    }
    Ok(())
}

/// What provisions keep back of the data.
pub(crate) fn item_denies<'g>(
    ask: &Ask<'_>,
    (action, from): (Action, &Party),
    grants: &'g [Grant],
) -> Vec<&'g Rule> {
    grants
        .iter()
        .filter(|grant| grant.says.state != GrantState::Revoked)
        .flat_map(|grant| &grant.says.rules)
        .filter(|rule| rule.selects_items() && denies(rule, ask, action, from))
        .collect()
}

/// Whether an explicit deny matches. An absent selector in a deny matches everything.
fn denies(rule: &Rule, ask: &Ask<'_>, action: Action, from: &Party) -> bool {
    let parties = [&ask.to.org, &from.org];
    let needs = || ask.items.iter().flat_map(|item| &item.needs);
    rule.effect == Effect::Deny
        && rule.period.contains(ask.at)
        && (rule.recipients_unknown
            || rule.treating_providers
            || rule.recipients.is_empty()
            || rule.recipients.iter().any(|(org, _)| parties.contains(&org)))
        && (rule.actions.is_empty() || rule.actions.contains(&action))
        && (rule.purposes.is_empty()
            || ask.purpose.is_none_or(|purpose| rule.purposes.contains(purpose)))
        && (rule.classes.is_empty() || needs().any(|need| covers(&rule.classes, need)))
}
