//! A receiver of webhooks of which every answer, and every silence, is the story's own. Each connection is
//! served by itself, so that one that is silent holds up no other.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver as Queue, channel};
use std::time::Duration;

use loopgate_referral::Timestamp;
use loopgate_server::admin::{Ask, WebhookAsk};
use loopgate_server::webhook_secret;
use serde_json::Value;
use standardwebhooks::Webhook;

use super::endpoint::{Asked, server_config};
use super::{Gateway, START_MS, partner_file};

/// A bound for what fails; what holds never waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where webhooks are sent.
pub struct Receiver {
    port: u16,
    calls: Queue<Hooked>,
}

/// One webhook, not answered yet. Dropped without an answer, the connection ends.
pub struct Hooked {
    asked: Asked,
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: String,
    /// `webhook-signature`.
    pub signature: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Receiver {
    /// It shows a certificate of the deployment's authority.
    pub fn open(root: &Path) -> Receiver {
        let tls = Arc::new(server_config(root));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, calls) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (tls, sender) = (tls.clone(), sender.clone());
                std::thread::spawn(move || {
                    // A connection that breaks off is the gateway's to try again.
                    let Ok(asked) = Asked::read(&tls, stream) else { return };
                    // A story that is over looks at nothing more.
                    let _ = sender.send(Hooked::of(asked));
                });
            }
        });
        Receiver { port, calls }
    }

    /// Its port on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A partner that is pushed to here, with these lines more in `[channel]`; its secret.
    pub fn partner(&self, gateway: &Gateway, name: &str, more: &str) -> String {
        let endpoint = format!("https://localhost:{}/hooks/{name}", self.port);
        let channel = format!("kind = \"push\"\nendpoint = \"{endpoint}\"\n{more}");
        gateway.add_partner(name, &partner_file(name, "target", &channel));
        gateway.secret(name)
    }

    /// The next webhook.
    #[track_caller]
    pub fn next(&self) -> Hooked {
        self.calls.recv_timeout(PATIENCE).expect("a webhook arrives")
    }

    /// The next webhook, taken.
    #[track_caller]
    pub fn take(&self) -> Hooked {
        let mut hooked = self.next();
        hooked.answer(200, "");
        hooked
    }

    /// Whether none came that was not looked at.
    pub fn is_quiet(&self) -> bool {
        self.calls.try_recv().is_err()
    }
}

impl Hooked {
    fn of(asked: Asked) -> Hooked {
        let header = |name: &str| asked.header(name).to_owned();
        let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
        let signature = header("webhook-signature");
        Hooked { id, timestamp, signature, body: asked.body.clone(), asked }
    }

    /// Answers it, with these header lines.
    pub fn answer(&mut self, status: u16, headers: &str) {
        // Who gave up hears no answer.
        let _ = self.asked.answer(status, headers, "");
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// `type`.
    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// The path it came to.
    pub fn path(&self) -> &str {
        &self.asked.path
    }

    /// Whether one of its signatures is the one that the library of others makes under this secret. Its
    /// time is not looked at: a story's clock is not the machine's.
    pub fn verifies(&self, secret: &str) -> bool {
        let at = self.timestamp.parse().unwrap();
        let good = Webhook::new(secret).unwrap().sign(&self.id, at, &self.body).unwrap();
        self.signature.split(' ').any(|one| one == good)
    }

    /// Whether that library takes it at this very time.
    pub fn verifies_now(&self, secret: &str) -> bool {
        Webhook::new(secret).unwrap().verify(&self.body, &self.headers()).is_ok()
    }

    fn headers(&self) -> reqwest::header::HeaderMap {
        let mut headers = reqwest::header::HeaderMap::new();
        for (name, value) in [
            ("webhook-id", &self.id),
            ("webhook-timestamp", &self.timestamp),
            ("webhook-signature", &self.signature),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        headers
    }
}

/// A partner's webhooks as an operator sees them.
impl Gateway {
    /// The secret that was made last.
    pub fn secret(&self, name: &str) -> String {
        webhook_secret::newest(&self.root().join("keys"), &name.parse().unwrap()).unwrap()
    }

    /// The next secret; both sign for so many hours.
    pub fn next_secret(&self, name: &str, overlap_hours: i64) -> String {
        let now = Timestamp(self.now_s() * 1000);
        let until = Timestamp(now.0 + overlap_hours * 3_600_000);
        webhook_secret::rotate(&self.root().join("keys"), &name.parse().unwrap(), now, until)
            .unwrap()
    }

    /// How they stand.
    #[track_caller]
    pub fn hooks(&self, name: &str) -> Value {
        let ask = WebhookAsk::Status { name: Some(name.parse().unwrap()), json: true };
        let all: Value = serde_json::from_str(&self.admin(&Ask::Webhook { ask })).unwrap();
        all[0].clone()
    }

    /// The same, once it is so; what is recorded just now is seen a moment later.
    #[track_caller]
    pub fn hooks_once(&mut self, name: &str, is: impl Fn(&Value) -> bool) -> Value {
        // A time-out of a second is a thousand looks.
        for _ in 0..20_000 {
            let hooks = self.hooks(name);
            if is(&hooks) {
                return hooks;
            }
            self.tick();
        }
        panic!("never so: {}\n{}", self.hooks(name), self.log());
    }

    /// Stops them, or lets them go on.
    pub fn disable_hooks(&self, name: &str, disabled: bool) -> anyhow::Result<String> {
        let (name, by) = (name.parse().unwrap(), "ops".to_owned());
        self.try_admin(&Ask::Webhook { ask: WebhookAsk::Disable { name, disabled, by } })
    }

    /// Has all told again that was told since so long after the story began.
    pub fn replay_hooks(&self, name: &str, after_ms: i64) -> anyhow::Result<String> {
        let (name, by) = (name.parse().unwrap(), "ops".to_owned());
        let since = Timestamp(START_MS + after_ms);
        self.try_admin(&Ask::Webhook { ask: WebhookAsk::Replay { name, since, by } })
    }

    /// Has `webhook.test` sent.
    pub fn test_hook(&self, name: &str) -> anyhow::Result<String> {
        let name = name.parse().unwrap();
        self.try_admin(&Ask::Webhook { ask: WebhookAsk::Test { name } })
    }
}
