//! Somebody of the staff: an account, a browser, an authenticator.

use loopgate_referral::Timestamp;
use loopgate_server::staff::{Account, StaffName, StaffRole};

use super::{Browser, Gateway, Page};

/// Somebody of the staff, signed in or not.
pub struct Clerk {
    pub browser: Browser,
    pub name: StaffName,
    pub password: String,
    desk: String,
}

impl Gateway {
    /// Makes an account.
    pub fn clerk(&self, name: &str, roles: &[StaffRole]) -> Clerk {
        let name: StaffName = name.parse().unwrap();
        let mut n = name.as_str().len() as u8;
        let mut random = |buffer: &mut [u8]| {
            buffer.iter_mut().for_each(|byte| {
                n = n.wrapping_mul(37).wrapping_add(11);
                *byte = n;
            });
        };
        let keys = self.root().join("keys");
        let told = Account::make(&keys, &name, roles.to_vec(), &mut random).unwrap();
        let desk = format!("{}/staff", self.people());
        Clerk { browser: Browser::new(self), name, password: told.password, desk }
    }

    /// The same person at another browser.
    pub fn clerk_again(&self, clerk: &Clerk) -> Clerk {
        let (name, password) = (clerk.name.clone(), clerk.password.clone());
        Clerk { browser: Browser::new(self), name, password, desk: clerk.desk.clone() }
    }

    /// What somebody's authenticator shows now.
    pub fn code_of(&self, clerk: &Clerk) -> String {
        let account = Account::load(&self.root().join("keys"), &clerk.name).unwrap();
        account.code(Timestamp(self.now_s() * 1000)).unwrap()
    }

    /// The same, signed in.
    #[track_caller]
    pub fn signed_in(&mut self, name: &str, roles: &[StaffRole]) -> Clerk {
        let mut clerk = self.clerk(name, roles);
        let code = self.code_of(&clerk);
        let password = clerk.password.clone();
        clerk.sign_in(&password, &code).expect(303);
        clerk
    }
}

impl Clerk {
    pub fn sign_in(&mut self, password: &str, code: &str) -> Page {
        let form = format!("name={}&password={password}&code={code}", self.name);
        self.post("/sign-in", &form)
    }

    pub fn get(&mut self, path: &str) -> Page {
        self.browser.get(&format!("{}{path}", self.desk))
    }

    pub fn post(&mut self, path: &str, form: &str) -> Page {
        self.browser.post(&format!("{}{path}", self.desk), form)
    }

    /// The page of the person with this identifier, as a path under the desk.
    #[track_caller]
    pub fn finds(&mut self, system: &str, value: &str) -> String {
        let found = self.post("/find", &format!("system={system}&value={value}")).expect(303);
        found.header("location").unwrap().strip_prefix("/staff").unwrap().to_owned()
    }

    /// A link of the person's own, with its code.
    #[track_caller]
    pub fn makes_link(&mut self, person: &str, whose: &str) -> (String, String) {
        let page = self.post(&format!("{person}/link"), &format!("for={whose}")).expect(200);
        let after = |mark: &str| {
            let (_, rest) = page.text.split_once(mark).unwrap();
            rest.split('<').next().unwrap().to_owned()
        };
        (after("<dt>Link</dt><dd>"), after("<dt>Code</dt><dd>"))
    }
}

/// A form that says all that an authorization for food at the pantry wants, with these fields changed.
pub fn form_fields(changes: &[(&str, &str)]) -> String {
    let all = [
        ("basis", "authorization"),
        ("grantor", "person"),
        ("to.pantry", "on"),
        ("class.food", "on"),
        ("purpose", "CAREMGT"),
        ("signed", "2026-11-20"),
        ("start", "2026-11-20"),
        ("end", "2027-11-20"),
        ("back", "full"),
        ("shows.signature", "on"),
        ("shows.revoke", "on"),
        ("shows.redisclosure", "on"),
        ("shows.intermediary", "on"),
    ];
    let mut text = form_urlencoded::Serializer::new(String::new());
    for (name, value) in all {
        if changes.iter().all(|(changed, _)| *changed != name) {
            text.append_pair(name, value);
        }
    }
    text.extend_pairs(changes.iter().filter(|(_, value)| !value.is_empty()));
    text.finish()
}
