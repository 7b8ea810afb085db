//! Names in e-mails that nobody else can make up: the Message-ID by which a bounce is known, the link that
//! recovers a PIN, and the code that the phone desk tells for it.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use loopgate_referral::{OrgId, Timestamp};

use super::{Doorkeys, MAC_BYTES, constant_time_eq};

/// An e-mail of ours, as its Message-ID names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageName {
    /// To whom it went.
    pub org: OrgId,
    /// How often the address took e-mails again before it was sent.
    pub epoch: u32,
    /// What it told, as 16 bytes of a hash.
    pub told: [u8; 16],
}

/// The link of a PIN's recovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryLink {
    /// Whose PIN.
    pub org: OrgId,
    /// The how many-eth link of theirs it is.
    pub epoch: u32,
}

/// The first letters of our Message-IDs.
const MARK: &str = "lg1";

impl Doorkeys {
    /// What stands before the `@` of a Message-ID, of an e-mail to this address.
    pub fn message_id(&self, name: &MessageName, address: &str) -> String {
        let MessageName { org, epoch, told } = name;
        let mac = hex::encode(&self.message_mac(name, address)[..MAC_BYTES]);
        format!("{MARK}.{org}.{epoch}.{}.{mac}", hex::encode(told))
    }

    /// What a Message-ID says, before the `@` or whole; not whether it is ours.
    pub fn read_message_id(text: &str) -> Option<MessageName> {
        let local = text.trim().trim_start_matches('<').split('@').next()?;
        let [MARK, org, epoch, told, _] = local.split('.').collect::<Vec<_>>()[..] else {
            return None;
        };
        let mut bytes = [0; 16];
        hex::decode_to_slice(told, &mut bytes).ok()?;
        Some(MessageName { org: org.parse().ok()?, epoch: epoch.parse().ok()?, told: bytes })
    }

    /// Whether a Message-ID is of an e-mail that we sent to this address.
    pub fn is_message_id(&self, text: &str, name: &MessageName, address: &str) -> bool {
        let local = text.trim().trim_start_matches('<').split('@').next().unwrap_or_default();
        constant_time_eq(local.as_bytes(), self.message_id(name, address).as_bytes())
    }

    fn message_mac(&self, name: &MessageName, address: &str) -> Vec<u8> {
        let epoch = name.epoch.to_be_bytes();
        let parts: [&[u8]; 4] =
            [name.org.as_str().as_bytes(), &epoch, &name.told, address.as_bytes()];
        self.mail_mac(b"message", &parts)
    }

    /// The token of a link that recovers a PIN, good until then.
    pub fn recovery_token(&self, link: &RecoveryLink, until: Timestamp) -> String {
        let said =
            [&link.epoch.to_be_bytes()[..], &until.0.to_be_bytes(), link.org.as_str().as_bytes()]
                .concat();
        let mac = self.mail_mac(b"recovery", &[&said]);
        URL_SAFE_NO_PAD.encode([&mac[..MAC_BYTES], &said].concat())
    }

    /// What a token says, if it is ours and its time is not over. Not here: whether it is the newest and
    /// not used.
    pub fn recovery(&self, token: &str, now: Timestamp) -> Option<RecoveryLink> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (mac, said) = bytes.split_first_chunk::<MAC_BYTES>()?;
        let good = self.mail_mac(b"recovery", &[said]);
        let same = constant_time_eq(&good[..MAC_BYTES], mac);
        let (epoch, rest) = said.split_first_chunk::<4>()?;
        let (until, org) = rest.split_first_chunk::<8>()?;
        let org = std::str::from_utf8(org).ok()?.parse().ok()?;
        let until = Timestamp(i64::from_be_bytes(*until));
        (same && now < until).then_some(RecoveryLink { org, epoch: u32::from_be_bytes(*epoch) })
    }

    /// The code of this number that the phone desk has for an organization: eight digits.
    pub fn recovery_code(&self, org: &OrgId, epoch: u32) -> String {
        let mac = self.mail_mac(b"code", &[org.as_str().as_bytes(), &epoch.to_be_bytes()]);
        let number = mac.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{:08}", number % 100_000_000)
    }

    fn mail_mac(&self, what: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.mails);
        for part in [what].iter().chain(parts) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Doorkeys {
        Doorkeys::new(&[7; 32])
    }

    fn org(name: &str) -> OrgId {
        name.parse().unwrap()
    }

    #[test]
    fn a_message_id_is_of_one_organization_one_address_and_one_time() {
        let name = MessageName { org: org("pantry-2"), epoch: 3, told: [9; 16] };
        let id = keys().message_id(&name, "a@pantry.example");
        for text in [id.clone(), format!("<{id}@gateway.example>"), format!(" <{id}@else.example>")]
        {
            assert_eq!(Doorkeys::read_message_id(&text), Some(name.clone()), "{text}");
            assert!(keys().is_message_id(&text, &name, "a@pantry.example"));
        }
        assert!(!keys().is_message_id(&id, &name, "b@pantry.example"), "another address");
        assert!(!Doorkeys::new(&[8; 32]).is_message_id(&id, &name, "a@pantry.example"));
        for (from, to) in [("pantry-2", "pantry-3"), (".3.", ".4."), (".0909", ".0908")] {
            let other = id.replacen(from, to, 1);
            let said = Doorkeys::read_message_id(&other).unwrap();
            assert!(!keys().is_message_id(&other, &said, "a@pantry.example"), "{other}");
        }
        for broken in ["", "<>", "plc_1@x", "lg1.a.b.c.d", "lg1.pantry.1.00.ff@x"] {
            assert_eq!(Doorkeys::read_message_id(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_recovery_link_cannot_be_made_up_and_ends() {
        let link = RecoveryLink { org: org("pantry"), epoch: 2 };
        let token = keys().recovery_token(&link, Timestamp(1000));
        assert_eq!(keys().recovery(&token, Timestamp(999)), Some(link));
        assert_eq!(keys().recovery(&token, Timestamp(1000)), None);
        assert_eq!(Doorkeys::new(&[8; 32]).recovery(&token, Timestamp(0)), None);
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_eq!(keys().recovery(&URL_SAFE_NO_PAD.encode(other), Timestamp(0)), None, "{at}");
        }
        let longer = URL_SAFE_NO_PAD.encode([&bytes[..], b"2"].concat());
        assert_eq!(keys().recovery(&longer, Timestamp(0)), None);
    }

    #[test]
    fn a_code_is_of_one_organization_and_one_time() {
        let code = keys().recovery_code(&org("pantry"), 1);
        assert!(code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit()));
        assert_ne!(code, keys().recovery_code(&org("pantry"), 2));
        assert_ne!(code, keys().recovery_code(&org("housing"), 1));
    }
}
