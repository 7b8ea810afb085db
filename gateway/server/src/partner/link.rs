//! A partner's HL7 v2 link, `[hl7v2]` in its file.

use std::fmt;
use std::str::FromStr;

/// An HL7 v2 link: what the partner calls itself and others, and where it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// MSH-3.1 of what it sends.
    pub application: String,
    /// MSH-4.1 of what it sends.
    pub facility: String,
    /// Where its referral responses go; without it, it gets acknowledgements alone.
    pub endpoint: Option<Endpoint>,
    /// Its assigning authorities and the identifier systems they are.
    pub authorities: Vec<Authority>,
    /// Bytes of a frame, if other than the gateway's limit.
    pub frame_bytes_max: Option<usize>,
}

/// An assigning authority (HD.1) and the identifier system it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The namespace id.
    pub name: String,
    /// The system.
    pub system: String,
}

/// Where an MLLP server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name or address, as its certificate has it.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// Not host:port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not host:port")]
pub struct BadEndpoint;

impl FromStr for Endpoint {
    type Err = BadEndpoint;

    fn from_str(text: &str) -> Result<Endpoint, BadEndpoint> {
        let (host, port) = text.rsplit_once(':').ok_or(BadEndpoint)?;
        let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        let sound = match host.strip_prefix('[').and_then(|v6| v6.strip_suffix(']')) {
            Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.bytes().all(letters),
        };
        let port = port.parse().ok().filter(|port| *port > 0 && sound).ok_or(BadEndpoint)?;
        let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
        Ok(Endpoint { host, port })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Endpoint { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_host_and_a_port() {
        for text in ["mllp.hospital.example:2575", "10.0.0.1:1", "[::1]:2575"] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
        for text in ["", "host", ":1", "host:0", "host:65536", "ho st:1", "https://host:1", "[x]:1"]
        {
            assert_eq!(text.parse::<Endpoint>(), Err(BadEndpoint), "{text}");
        }
    }
}
