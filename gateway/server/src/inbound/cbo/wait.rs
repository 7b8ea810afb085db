//! Waiting for a referral to come (`wait=`): a look when it is asked, one each time something came, and
//! the last when the time is over. No thread is held in between.

use std::sync::Arc;
use std::time::Duration;

use super::{Answered, Door};
use crate::gate::{Gate, Request};
use crate::refusal::{Kind, Trouble};
use crate::reply::{self, Reply};

/// Answers one request.
pub async fn answer(gate: Arc<Gate>, request: Request) -> Reply {
    let door = Arc::new((gate.clone(), request));
    let entering = door.clone();
    let entered = blocking(move || Door::enter(&entering.0, &entering.1)).await;
    let entered = match entered {
        Ok(Ok(entered)) => Arc::new(entered),
        Ok(Err(reply)) | Err(reply) => return reply,
    };
    let look = || {
        let (door, entered) = (door.clone(), entered.clone());
        blocking(move || entered.answer(&door.0, &door.1))
    };
    let finish = |reply: Reply| entered.metered(reply);
    let seconds = match look().await {
        Ok(Answered { waits_s: Some(seconds), .. }) => seconds,
        Ok(Answered { reply, waits_s: None }) | Err(reply) => return finish(reply),
    };
    let waits = &gate.scribe.published().waits;
    let Some(mut seat) = waits.sit(entered.org(), gate.config.limits.cbo_waiting_max) else {
        return finish(reply::problem(Kind::TooMany.into()).header("retry-after", "1"));
    };
    let time = tokio::time::sleep(Duration::from_secs(seconds));
    tokio::pin!(time);
    loop {
        // The first time: something may have come before the place was taken.
        let reply = match look().await {
            Ok(Answered { reply, waits_s: Some(_) }) => reply,
            Ok(Answered { reply, waits_s: None }) | Err(reply) => return finish(reply),
        };
        tokio::select! {
            stirred = seat.stirred() => if !stirred { return finish(reply) },
            () = &mut time => return finish(reply),
        }
    }
}

/// On a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Reply> {
    tokio::task::spawn_blocking(work).await.map_err(|_| {
        tracing::error!("a request handler panicked");
        reply::problem(Trouble::Outage)
    })
}
