//! Staff sign in with the OpenID provider of their organization, and nobody else does with it.

use std::collections::HashMap;

use loopgate_server::staff::Account;
use serde_json::{Value, json};

use crate::harness::{Browser, Gateway, Page, Provider, SECRET};

/// A gateway whose staff sign in with a provider.
fn with_provider() -> (Gateway, Provider) {
    let mut gateway = Gateway::prepare(&[(["delivery", "private_targets"], "[\"127.0.0.1\"]")]);
    let provider = Provider::open(&gateway.root());
    let file = gateway.root().join("loopgate.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let secret = gateway.root().join("keys/oidc.secret");
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let section = format!(
        "[oidc]\nissuer = \"{}\"\nclient_id = \"loopgate\"\nclient_secret_file = \"keys/oidc.secret\"\n\
         coordinators = \"town-coordinators\"\nauditors = \"town-auditors\"\n",
        provider.issuer
    );
    std::fs::write(&file, format!("{text}\n{section}")).unwrap();
    gateway.serve();
    (gateway, provider)
}

/// Somebody on their way to the provider.
struct Visitor {
    browser: Browser,
    desk: String,
    asked: HashMap<String, String>,
}

fn leaves(gateway: &Gateway, provider: &Provider) -> Visitor {
    let desk = format!("{}/staff", gateway.people());
    let mut browser = Browser::new(gateway);
    assert!(browser.get(&desk).expect(200).text.contains("href=\"/staff/oidc\""));
    let sent = browser.get(&format!("{desk}/oidc")).expect(303);
    let location = sent.header("location").unwrap().to_owned();
    let (at, query) = location.split_once('?').unwrap();
    assert_eq!(at, format!("{}/authorize", provider.issuer));
    let asked: HashMap<String, String> =
        form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    assert_eq!(
        (asked["response_type"].as_str(), asked["scope"].as_str()),
        ("code", "openid profile")
    );
    assert_eq!(asked["redirect_uri"], format!("{desk}/oidc/callback"));
    assert_eq!(asked["code_challenge_method"], "S256");
    Visitor { browser, desk, asked }
}

impl Visitor {
    /// The claims of an ID token that answers what was asked.
    fn claims(&self, gateway: &Gateway, provider: &Provider) -> Value {
        let now = gateway.now_s();
        json!({
            "iss": provider.issuer, "aud": "loopgate", "sub": "7f3a", "nonce": self.asked["nonce"],
            "iat": now, "exp": now + 3600, "auth_time": now, "preferred_username": "Ines",
            "groups": ["town-coordinators", "others"],
        })
    }

    fn comes_back(&mut self, code: &str, state: &str) -> Page {
        self.browser.get(&format!("{}/oidc/callback?code={code}&state={state}", self.desk))
    }
}

#[test]
fn who_the_provider_knows_with_a_role_is_in_under_their_own_name() {
    let (mut gateway, provider) = with_provider();
    let mut ines = leaves(&gateway, &provider);
    let claims = ines.claims(&gateway, &provider);
    provider.gives("code-1", &ines.asked["code_challenge"], &claims);
    let state = ines.asked["state"].clone();
    let back = ines.comes_back("code-1", &state).expect(303);
    assert_eq!(back.header("location"), Some("/staff"));
    let desk = ines.browser.get(&ines.desk.clone()).expect(200);
    assert!(desk.text.contains("Signed in as <bdi>Ines</bdi>"), "{}", desk.text);
    assert!(desk.text.contains("Find a person") && !desk.text.contains("Why was something"));
    let signed_in = &gateway.of_kind("staff.signed-in")[0];
    assert_eq!(signed_in["source"]["transport"], "oidc");
    let name = signed_in["actor"]["org"].as_str().unwrap().to_owned();
    assert!(name.starts_with("oidc-"), "{name}");
    // Shut out here, whatever the provider says.
    let keys = gateway.root().join("keys");
    Account::suspend(&keys, &name.parse().unwrap(), true).unwrap();
    ines.browser.get(&format!("{}/why", ines.desk)).expect(401);
    let mut again = leaves(&gateway, &provider);
    let claims = again.claims(&gateway, &provider);
    provider.gives("code-2", &again.asked["code_challenge"], &claims);
    let state = again.asked["state"].clone();
    again.comes_back("code-2", &state).expect(403);
    gateway.stop();
}

#[test]
fn nothing_else_that_comes_back_opens_the_desk() {
    let (mut gateway, provider) = with_provider();
    type Change = fn(&mut Value);
    let wrongs: [(&str, Change); 9] = [
        ("another nonce", |c| c["nonce"] = json!("x")),
        ("another audience", |c| c["aud"] = json!("somebody")),
        ("two audiences", |c| c["aud"] = json!(["loopgate", "somebody"])),
        ("another issuer", |c| c["iss"] = json!("https://127.0.0.1/town")),
        ("over", |c| c["exp"] = json!(c["iat"].as_i64().unwrap() - 1)),
        ("over now", |c| c["exp"] = c["iat"].clone()),
        ("not yet", |c| c["iat"] = json!(c["iat"].as_i64().unwrap() + 60)),
        ("no role", |c| c["groups"] = json!(["others"])),
        ("another party", |c| c["azp"] = json!("somebody")),
    ];
    for (why, change) in wrongs {
        let mut visitor = leaves(&gateway, &provider);
        let mut claims = visitor.claims(&gateway, &provider);
        change(&mut claims);
        provider.gives("code", &visitor.asked["code_challenge"], &claims);
        let state = visitor.asked["state"].clone();
        assert_eq!(visitor.comes_back("code", &state).status, 403, "{why}");
        // Nor does the state serve again, with a good token.
        let claims = visitor.claims(&gateway, &provider);
        provider.gives("again", &visitor.asked["code_challenge"], &claims);
        assert_eq!(visitor.comes_back("again", &state).status, 403, "{why}");
    }
    // Somebody else's way back: the state is not this browser's.
    let mut visitor = leaves(&gateway, &provider);
    let (claims, state) = (visitor.claims(&gateway, &provider), visitor.asked["state"].clone());
    provider.gives("code", &visitor.asked["code_challenge"], &claims);
    let mut other = leaves(&gateway, &provider);
    assert_eq!(other.comes_back("code", &state).status, 403);
    // Another challenge, no such code, too late.
    provider.gives("other", "x", &claims);
    assert_eq!(visitor.comes_back("other", &state).status, 503);
    let mut late = leaves(&gateway, &provider);
    let state = late.asked["state"].clone();
    gateway.pass(600_000);
    let claims = late.claims(&gateway, &provider);
    provider.gives("late", &late.asked["code_challenge"], &claims);
    assert_eq!(late.comes_back("late", &state).status, 403);
    assert!(gateway.of_kind("staff.signed-in").is_empty());
    gateway.stop();
}
