//! The partners in force: one snapshot, swapped whole once its change is in the log.

use std::collections::{BTreeMap, HashMap};

use loopgate_consent::{LegalClass, Party, TenantId};
use loopgate_fhir::PartyRef;
use loopgate_referral::{Identifier, OrgId, Timestamp};

use crate::partner::{LoadedPartner, Partner, Role};

/// Who a person is called, as the recipient of what is theirs; no partner may have this name.
pub const THE_PERSON: &str = "the-person";
/// Who the gateway's own staff are called, as the recipients of a form they read: they work for the
/// organization that sent it. No partner may have this name.
pub const THE_STAFF: &str = "the-staff";

/// Whether no partner may have this name.
pub fn is_reserved(org: &OrgId) -> bool {
    [THE_PERSON, THE_STAFF, crate::gate::OWN_ID].contains(&org.as_str())
}

/// Every partner, by name, certificate and identifier.
#[derive(Debug, Clone)]
pub struct Roster {
    tenant: TenantId,
    partners: BTreeMap<OrgId, LoadedPartner>,
    certificates: HashMap<[u8; 32], OrgId>,
    identifiers: HashMap<Identifier, OrgId>,
}

impl Roster {
    /// The partners of a tenant.
    pub fn new(tenant: TenantId, loaded: Vec<LoadedPartner>) -> Roster {
        let mut roster = Roster {
            tenant,
            partners: BTreeMap::new(),
            certificates: HashMap::new(),
            identifiers: HashMap::new(),
        };
        for one in loaded {
            let org = one.partner.org.clone();
            for certificate in &one.partner.certificates {
                roster.certificates.insert(*certificate, org.clone());
            }
            for identifier in &one.partner.identifiers {
                roster.identifiers.insert(identifier.clone(), org.clone());
            }
            roster.partners.insert(org, one);
        }
        roster
    }

    /// The same partners, with one suspended or reinstated by its new file.
    pub fn suspending(&self, org: &OrgId, suspended: bool, sha256: [u8; 32]) -> Option<Roster> {
        let mut roster = self.clone();
        let one = roster.partners.get_mut(org)?;
        one.partner.suspended = suspended;
        one.sha256 = sha256;
        Some(roster)
    }

    /// The tenant.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// Every partner.
    pub fn iter(&self) -> impl Iterator<Item = &LoadedPartner> {
        self.partners.values()
    }

    /// The partner of this name.
    pub fn get(&self, org: &OrgId) -> Option<&Partner> {
        self.loaded(org).map(|loaded| &loaded.partner)
    }

    /// The partner of this name with the hash of its file.
    pub fn loaded(&self, org: &OrgId) -> Option<&LoadedPartner> {
        self.partners.get(org)
    }

    /// How the release decision sees it.
    pub fn party(&self, org: &OrgId) -> Option<Party> {
        if org.as_str() == THE_PERSON {
            return Some(Partner::new(org.clone(), Role::Auditor).party(&self.tenant));
        }
        if org.as_str() == THE_STAFF {
            let staff = Partner::new(org.clone(), Role::Auditor).party(&self.tenant);
            let (legal, ends) = (LegalClass::Ba, Some(Timestamp(i64::MAX)));
            return Some(Party { legal, associate: true, agreement_ends: ends, ..staff });
        }
        self.get(org).map(|partner| partner.party(&self.tenant))
    }

    /// The partner whose client certificate has this SHA-256.
    pub fn by_certificate(&self, sha256: &[u8; 32]) -> Option<&Partner> {
        self.certificates.get(sha256).and_then(|org| self.get(org))
    }

    /// The partner with one of these Organization identifiers.
    pub fn by_identifiers(&self, identifiers: &[Identifier]) -> Option<&Partner> {
        identifiers.iter().find_map(|id| self.identifiers.get(id)).and_then(|org| self.get(org))
    }

    /// The partner a reference names: by identifier, or as `Organization/NAME`, which is how
    /// loopgate itself names its partners. `known` gives the identifiers of a stored Organization.
    pub fn by_reference(
        &self,
        reference: &PartyRef,
        known: &dyn Fn(&str) -> Option<Vec<Identifier>>,
    ) -> Option<&Partner> {
        match reference {
            PartyRef::Identifier(identifier) => {
                self.by_identifiers(std::slice::from_ref(identifier))
            }
            PartyRef::Reference(text) => match known(text) {
                Some(identifiers) => self.by_identifiers(&identifiers),
                None => {
                    let name = text.strip_prefix("Organization/")?.parse().ok()?;
                    self.get(&name)
                }
            },
        }
    }
}

impl Partner {
    /// Whether it has this role.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
