//! Where webhooks and other calls of ours may connect: public addresses, and the private ones an operator listed.
//!
//! Checked again after every name resolution, so that a name cannot change its mind.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::config::PrivateTarget;

/// Decides which addresses may be connected to.
#[derive(Debug, Clone)]
pub struct Targets(Arc<Vec<PrivateTarget>>);

impl Targets {
    /// Public addresses, and these.
    pub fn new(private: Vec<PrivateTarget>) -> Targets {
        Targets(Arc::new(private))
    }

    /// Whether an endpoint's own text allows it: `https`, and if it names an address, an allowed
    /// one. A name is checked once it is resolved.
    pub fn allows_url(&self, url: &url::Url) -> bool {
        let port = url.port_or_known_default().unwrap_or_default();
        let plain =
            url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
        let address = match url.host() {
            Some(url::Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(url::Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(url::Host::Domain(name)) => {
                // Listed for other ports only: then its private address is not for this one.
                let ports = self.0.iter().filter_map(|target| match target {
                    PrivateTarget::HostPort(listed, at) if listed == name => Some(*at),
                    _ => None,
                });
                let ports: Vec<u16> = ports.collect();
                if !ports.is_empty() && !ports.contains(&port) {
                    return false;
                }
                None
            }
            None => return false,
        };
        plain && address.is_none_or(|ip| self.allows(ip, Some(port), None))
    }

    /// The addresses of a host that may be connected to at this port.
    pub async fn addresses(&self, host: &str, port: u16) -> Vec<SocketAddr> {
        let found = tokio::net::lookup_host((host, port)).await;
        let found = found.into_iter().flatten();
        found.filter(|at| self.allows(at.ip(), Some(port), Some(host))).collect()
    }

    fn allows(&self, ip: IpAddr, port: Option<u16>, host: Option<&str>) -> bool {
        let listed = |target: &PrivateTarget| match target {
            PrivateTarget::Address(address) => *address == ip,
            // Where the port is not known, as for a name that is being resolved, its port was looked at in
            // the URL if the name itself is listed. An address that is listed for one port is not listed
            // for the others under some name.
            PrivateTarget::HostPort(name, at) => match port {
                Some(port) => {
                    let named = *name == ip.to_string() || host == Some(name.as_str());
                    named && port == *at
                }
                None => host == Some(name.as_str()),
            },
        };
        is_public(ip) || self.0.iter().any(listed)
    }
}

impl Resolve for Targets {
    fn resolve(&self, name: Name) -> Resolving {
        let targets = self.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> =
                found.filter(|at| targets.allows(at.ip(), None, Some(&host))).collect();
            if allowed.is_empty() {
                return Err("the name leads to no address that may be connected to".into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

/// Addresses of the public internet (the special-purpose registries of RFC 6890 excluded).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let special = v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.is_documentation()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (18..20).contains(&b));
            !special
        }
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4() {
                return is_public(IpAddr::V4(v4));
            }
            // Only 2000::/3 is public, less 6to4, Teredo and documentation.
            let first = v6.segments()[0];
            let second = v6.segments()[1];
            first & 0xe000 == 0x2000
                && first != 0x2002
                && !(first == 0x2001 && (second == 0 || second == 0x0db8))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_unless_listed() {
        let none = Targets::new(Vec::new());
        for refused in [
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.1.2.3/",
            "https://169.254.169.254/",
            "https://[::ffff:127.0.0.1]/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://192.168.0.9/",
            "https://100.64.0.1/",
            "http://93.184.216.34/",
            "https://user@93.184.216.34/",
            "https://0.0.0.0/",
            "https://[2002:7f00:1::]/",
        ] {
            assert!(!none.allows_url(&refused.parse().unwrap()), "{refused}");
        }
        for allowed in
            ["https://93.184.216.34/", "https://pantry.example/in", "https://[2606:2800::1]/"]
        {
            assert!(none.allows_url(&allowed.parse().unwrap()), "{allowed}");
        }
    }
    fn targets(listed: &[&str]) -> Targets {
        Targets::new(listed.iter().map(|one| one.parse().unwrap()).collect())
    }

    #[test]
    fn what_is_listed_for_one_port_is_listed_for_no_other() {
        let some = targets(&["10.1.2.3", "10.9.9.9:8443", "pantry.internal:8443"]);
        let may = |url: &str| some.allows_url(&url.parse().unwrap());
        for allowed in [
            "https://10.1.2.3/",
            "https://10.1.2.3:9999/",
            "https://10.9.9.9:8443/",
            "https://pantry.internal:8443/",
        ] {
            assert!(may(allowed), "{allowed}");
        }
        for refused in [
            "https://10.1.2.4/",
            "https://10.9.9.9/",
            "https://10.9.9.9:8444/",
            "https://pantry.internal/",
            "https://pantry.internal:8444/",
            "https://user:secret@10.1.2.3/",
            "http://10.1.2.3/",
        ] {
            assert!(!may(refused), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_name_is_what_it_leads_to() {
        let resolves = async |listed: &[&str]| {
            let name = "localhost".parse().unwrap();
            targets(listed).resolve(name).await.is_ok()
        };
        assert!(!resolves(&[]).await, "it leads to this machine");
        assert!(!resolves(&["10.1.2.3", "127.0.0.1:8443", "[::1]:8443"]).await, "under some name");
        assert!(resolves(&["127.0.0.1"]).await);
        assert!(resolves(&["localhost:8443"]).await);
        let at = async |listed: &[&str], port| {
            !targets(listed).addresses("localhost", port).await.is_empty()
        };
        assert!(!at(&[], 8443).await);
        assert!(at(&["localhost:8443"], 8443).await && !at(&["localhost:8443"], 8444).await);
        assert!(at(&["127.0.0.1:8443"], 8443).await && !at(&["127.0.0.1:8443"], 8444).await);
    }
}
