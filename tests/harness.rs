//! A gateway process of its own for each story, and the parties that talk to it.

mod browser;
mod bundles;
mod callee;
mod clerk;
mod client;
mod disk;
mod endpoint;
mod failing;
// The demo's own: one engine for both.
#[path = "../gateway/server/src/demo/engine.rs"]
mod engine;
mod gateway;
mod hospital;
mod link;
mod party;
mod receiver;
// The demo's own: one submission server for both.
#[path = "../gateway/server/src/demo/post.rs"]
mod post;
mod provider;
mod wire;
mod witness;
mod writer;

pub use browser::{Browser, PIN, Page, head_line, letter, links, read_letter, words_of};
pub use bundles::{Need, Referral, consent, patient};
pub use callee::{Call, Callee};
pub use clerk::{Clerk, form_fields};
pub use client::{ClientKey, credentials, form};
pub use disk::{Dice, Disk, Op, read_trace};
pub use endpoint::{Endpoint, server_config};
pub use engine::{Engine, Inbox, field};
pub use failing::Failing;
pub use gateway::{Entry, Gateway, START_MS, machine_now, partner_file};
pub use hospital::{msh, referral_v2, texts};
pub use party::{Answer, Party, anonymous_config, client_config};
pub use post::{Post, Received};
pub use provider::{Provider, SECRET};
pub use receiver::Receiver;
pub use wire::{Wire, status};
pub use witness::Witness;
pub use writer::{Heard, Held, Writer};

/// Says on standard error why a story is not told here.
pub fn skipped(why: &str) {
    let mut out = std::io::stderr().lock();
    std::io::Write::write_fmt(&mut out, format_args!("skipped: {why}\n")).unwrap();
}
