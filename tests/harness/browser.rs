//! A volunteer's browser: no certificate, no script, cookies kept; and the mailbox it is led by.

use std::time::Duration;

use loopgate_server::doorkey::hash_pin;
use loopgate_server::partner::{Channel, ChannelKind, Partner, Timing};
use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use tokio::runtime::Runtime;

use super::party::anonymous_config;
use super::post::{Post, Received};
use super::{Gateway, partner_file};

/// The PIN of every organization of a story.
pub const PIN: &str = "482913";

/// The browser.
pub struct Browser {
    client: Client,
    runtime: Runtime,
    /// The cookie, as it is sent.
    pub cookie: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Page {
    pub status: u16,
    pub text: String,
    pub headers: Vec<(String, String)>,
}

impl Page {
    /// The page, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Page {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// The version its forms were made for.
    pub fn version(&self) -> String {
        let (_, rest) = self.text.split_once("name=\"version\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    pub fn new(gateway: &Gateway) -> Browser {
        let client = Client::builder()
            .tls_backend_preconfigured(anonymous_config(&gateway.root()))
            .redirect(Policy::none())
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Browser { client, runtime, cookie: None }
    }

    pub fn get(&mut self, url: &str) -> Page {
        self.call("GET", url, &[], "")
    }

    /// A form, as the page's own button sends it.
    pub fn post(&mut self, url: &str, form: &str) -> Page {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
            ("origin", "null"),
        ];
        self.call("POST", url, &headers, form)
    }

    /// An act on a page that shows its forms; the redirect is followed.
    #[track_caller]
    pub fn act(&mut self, link: &str, act: &str, fields: &str) -> Page {
        let version = self.get(link).expect(200).version();
        let done = self.post(&format!("{link}/{act}"), &format!("version={version}&{fields}"));
        assert_eq!(done.status, 303, "{}", done.text);
        self.get(link).expect(200)
    }

    /// Gives the PIN.
    #[track_caller]
    pub fn give_pin(&mut self, link: &str) {
        self.post(&format!("{link}/pin"), &format!("pin={PIN}")).expect(303);
    }

    /// A file, as the page's own form sends it.
    pub fn upload(&mut self, url: &str, file: &[u8]) -> Page {
        let mut body = b"--b0undary\r\nContent-Disposition: form-data; name=\"file\"; filename=\"answers.csv\"\r\n\
            Content-Type: text/csv\r\n\r\n"
            .to_vec();
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--b0undary--\r\n");
        let headers = [
            ("content-type", "multipart/form-data; boundary=b0undary"),
            ("sec-fetch-site", "same-origin"),
            ("origin", "null"),
        ];
        self.send("POST", url, &headers, body)
    }

    pub fn call(&mut self, method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Page {
        self.send(method, url, headers, body.as_bytes().to_vec())
    }

    fn send(&mut self, method: &str, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Page {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let page = self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap().to_owned();
            let headers =
                response.headers().iter().map(|(k, v)| (k.to_string(), text(v))).collect();
            Page { status, headers, text: response.text().await.unwrap() }
        });
        let set = page.headers.iter().filter(|(name, _)| name == "set-cookie");
        for one in set.filter_map(|(_, value)| value.split(';').next()) {
            let name = one.split('=').next().unwrap_or_default();
            let kept = self.cookie.iter().flat_map(|kept| kept.split("; "));
            let others = kept.filter(|other| other.split('=').next() != Some(name));
            self.cookie = Some(others.chain([one]).collect::<Vec<_>>().join("; "));
        }
        page
    }
}

impl Gateway {
    /// A gateway whose pantry, `mail-pantry`, has an e-mail address and nothing else.
    pub fn with_mailbox() -> (Gateway, Post) {
        let mut gateway = Gateway::prepare(&[]);
        let post = Post::open().unwrap();
        let file = gateway.root().join("loopgate.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let mail = format!(
            "[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"referrals@gateway.example\"\ndigest_gather_s = 0\n",
            post.port
        );
        std::fs::write(&file, format!("{text}\n{mail}")).unwrap();
        gateway.add_mail_partner("mail-pantry");
        gateway.serve();
        (gateway, post)
    }

    /// Another organization that is told by e-mail.
    pub fn add_mail_partner(&self, name: &str) {
        let text = partner_file(name, "target", "kind = \"rest\"")
            .replace("purpose", "time_zone = \"America/New_York\"\npurpose");
        let mut partner = Partner::parse(name.parse().unwrap(), &text).unwrap();
        let address = format!("intake@{name}.example");
        let kind = ChannelKind::Email {
            address,
            pin: hash_pin(PIN, &[5; 16]).unwrap(),
            timing: Timing::default(),
        };
        partner.channel = Some(Channel { dialect: "cbo-json".into(), kind });
        self.add_partner(name, &partner.render());
    }
}

/// The text of an e-mail, as people read it: head lines, then the body with its encoding undone.
pub fn read_letter(letter: &Received) -> String {
    let (head, body) = letter.text.split_once("\n\n").unwrap();
    if !head.to_lowercase().contains("content-transfer-encoding: quoted-printable") {
        return letter.text.clone();
    }
    let body = body.replace("=\n", "");
    let (mut bytes, mut rest) = (Vec::new(), body.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        if *first == b'=' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    format!("{head}\n\n{}", String::from_utf8(bytes).unwrap())
}

/// What an e-mail says, without links and Message-ID: those are drawn, and may spell anything.
pub fn words_of(letter: &Received) -> String {
    let text = read_letter(letter);
    let drawn = |line: &&str| !line.starts_with("https://") && !line.starts_with("Message-ID");
    text.lines().filter(drawn).collect::<Vec<_>>().join("\n")
}

/// The links in an e-mail, in order, but for the one to the organization's own page.
pub fn links(letter: &Received) -> Vec<String> {
    let text = read_letter(letter);
    text.lines()
        .filter(|line| line.starts_with("https://") && !line.contains("/o/"))
        .map(str::to_owned)
        .collect()
}

/// A line of the head of an e-mail.
pub fn head_line(letter: &Received, name: &str) -> String {
    let found = letter.text.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    found.unwrap_or_else(|| panic!("no {name} in {}", letter.text)).to_owned()
}

/// The next e-mail.
#[track_caller]
pub fn letter(post: &Post) -> Received {
    // The bound is for a story that fails.
    post.next(Duration::from_secs(20)).expect("an e-mail arrives")
}
