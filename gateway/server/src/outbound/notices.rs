//! Tells holders to stop: who was shown something that the person has withdrawn since, and is told by
//! e-mail. Who asks by REST finds it in `/cbo/v1/notices`; who is pushed to gets a webhook.
//!
//! What is due is a fold over events; a holder that cannot be reached is tried again, for longer and
//! longer apart.

use std::collections::HashMap;
use std::sync::Arc;

use loopgate_referral::OrgId;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::courier::delay_ms;
use super::mail::words;
use super::mailing;
use crate::fold::Notice;
use crate::gate::Gate;
use crate::partner::ChannelKind;
use crate::scribe::Command;

/// One notice for one holder.
type Due = (u64, OrgId, Notice);

/// Tells until the process ends. `wake` says that clocks or consents moved.
pub async fn run(gate: Arc<Gate>, wake: Arc<Notify>) {
    let mut tries: HashMap<(u64, OrgId), (i64, u32)> = HashMap::new();
    let mut rounds = JoinSet::new();
    loop {
        wake.notified().await;
        let due = due(&gate);
        tries.retain(|(entry, org), _| due.iter().any(|one| one.0 == *entry && one.1 == *org));
        let now = gate.clock.monotonic_ms();
        for one in due {
            let key = (one.0, one.1.clone());
            if tries.get(&key).is_some_and(|(at, _)| *at > now) {
                continue;
            }
            // Holders do not wait for each other.
            let gate = gate.clone();
            rounds.spawn(async move {
                let told = tell(&gate, &one).await && {
                    let command = |reply| Command::StopUseTold(one.0, one.1.clone(), None, reply);
                    gate.scribe.ask(command).await.is_ok()
                };
                (one.0, one.1, told)
            });
        }
        while let Some(ended) = rounds.join_next().await {
            let Ok((entry, org, false)) = ended else { continue };
            tracing::info!(partner = %org, "a notice was not taken");
            let (_, count) = tries.get(&(entry, org.clone())).copied().unwrap_or_default();
            let again = now + delay_ms(&gate.config.delivery, count);
            tries.insert((entry, org), (again, count + 1));
        }
    }
}

fn due(gate: &Gate) -> Vec<Due> {
    let roster = gate.scribe.published().roster.load();
    let world = gate.scribe.published().world();
    let untold = world.notices.of.iter().filter(|(_, notice)| !notice.told);
    let due = untold.filter_map(|((entry, org), notice)| {
        // A suspended holder holds it still.
        let kind = &roster.get(org)?.channel.as_ref()?.kind;
        let tells = matches!(kind, ChannelKind::Email { .. }) && !world.mail.is_bounced(org);
        tells.then(|| (*entry, org.clone(), notice.clone()))
    });
    due.collect()
}

async fn tell(gate: &Arc<Gate>, due: &Due) -> bool {
    let (gate, (entry, org, notice)) = (gate.clone(), due.clone());
    let sent = tokio::task::spawn_blocking(move || {
        let roster = gate.scribe.published().roster.load();
        let Some(partner) = roster.get(&org) else { return false };
        // It does not wait for anything: nobody is to use what is withdrawn.
        let words = words::stop_use(notice.referrals.iter(), partner.language);
        mailing::post(&gate, &org, words, format!("ntc_{entry}").as_bytes()).is_ok()
    });
    sent.await.unwrap_or(false)
}
