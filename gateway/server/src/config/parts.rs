//! The sections of `loopgate.toml`. Each field is called as its key is; units are last in the name.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use loopgate_consent::{Sensitivity, TenantId};
use loopgate_ledger::Cosigner;
use loopgate_referral::Identifier;

/// `[tenant]`: the community this gateway serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub name: TenantId,
}

/// `[organization]`: loopgate itself, as partners see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// `Organization.name`.
    pub name: String,
    /// `Organization.identifier`.
    pub identifier: Identifier,
    /// The FHIR base, without a slash at the end.
    pub base_url: String,
}

impl Organization {
    /// The base's scheme, host and port.
    pub fn origin(&self) -> &str {
        let host = self.base_url.find("://").map_or(0, |at| at + 3);
        let end = self.base_url[host..].find('/').map_or(self.base_url.len(), |at| host + at);
        &self.base_url[..end]
    }
}

/// `[data]`, `[keys]`, `[partners]` and `[mappings]`: the four folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// Log, projections, vault.
    pub data: PathBuf,
    /// Room kept back there, given up when the disk is full so that the process stops in order; MiB.
    pub reserve_mib: u64,
    /// Keys; never under `data`.
    pub keys: PathBuf,
    /// One file per partner.
    pub partners: PathBuf,
    /// The mapping files.
    pub mappings: PathBuf,
}

/// `[ledger]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// The name of the log, for ever.
    pub origin: String,
    /// Seconds between signed checkpoints.
    pub checkpoint_interval_s: u64,
    /// Seconds between two roots of the verifiable index, while there is anything new.
    pub index_interval_s: u64,
    /// Days that what is about a person is kept after the last of it, before it may be erased without an
    /// order.
    pub retention_days: u32,
    /// Days for which two keys sign, when one follows another.
    pub key_overlap_days: u32,
    /// Entries between two snapshots while running.
    pub snapshot_entries: u64,
    /// Who else is asked to sign each checkpoint.
    pub witnesses: Vec<WitnessAt>,
    /// How many of them have to, before a checkpoint is shown; 0 without witnesses.
    pub quorum: usize,
}

/// `[[ledger.witness]]`: a witness and where it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessAt {
    /// By which its cosignatures are believed.
    pub cosigner: Cosigner,
    /// Its submission prefix: `add-checkpoint` is under it (tlog-witness).
    pub url: url::Url,
}

/// `[listen]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// HTTPS for machines.
    pub machines: SocketAddr,
    /// HTTPS for people with a browser.
    pub people: SocketAddr,
    /// HL7 v2 over MLLP and mutual TLS.
    pub mllp: SocketAddr,
    /// Health and metrics; loopback.
    pub ops: SocketAddr,
}

/// `[tls]`: files, read when the listener starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The certificate chain, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// The roots client certificates must chain to, PEM.
    pub client_roots: PathBuf,
    /// The revocation lists of those roots and what is below them, PEM; read again each minute.
    pub client_crls: Vec<PathBuf>,
    /// Seconds until an unfinished handshake is dropped.
    pub handshake_timeout_s: u64,
}

/// `[identity]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The systems whose identifiers make two sources' patients one person.
    pub shared_systems: Vec<String>,
}

/// `[consent]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Days a referral without a Grant is held before it is rejected.
    pub hold_days_max: u32,
    /// After consent lapsed, a target's bare status code still goes back to the source.
    pub status_only_after_lapse: bool,
    /// Words spoken and written down by staff hold, for 72 hours and for the status alone.
    pub verbal: bool,
    /// What a minor alone consents to: sensitivities of v3-ActCode.
    pub minor_alone: Vec<Sensitivity>,
}

/// `[limits]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request body.
    pub http_body_bytes_max: usize,
    /// Bytes of a document that is added to a referral.
    pub attachment_bytes_max: usize,
    /// Nested arrays and objects in a document.
    pub json_depth_max: usize,
    /// Entries of a Bundle received.
    pub bundle_entries_max: usize,
    /// Entries of a search page.
    pub page_entries_max: usize,
    /// Commands waiting for the scribe.
    pub queue_commands_max: usize,
    /// Bytes of a log frame.
    pub frame_bytes_max: usize,
    /// Events in a log frame.
    pub frame_events_max: usize,
    /// Milliseconds that a change of consent waits for what is on its way before it is cut.
    pub send_ms_max: u64,
    /// Seconds until a request is given up.
    pub request_timeout_s: u64,
    /// Connections open at once, at each listener.
    pub connections_max: usize,
    /// Bytes of an MLLP frame, unless a partner's file says more.
    pub mllp_frame_bytes_max: usize,
    /// Bytes that all MLLP connections together may have read and not answered.
    pub mllp_in_flight_bytes_max: usize,
    /// Seconds from the first byte of an MLLP frame to its last.
    pub mllp_frame_timeout_s: u64,
    /// MLLP connections of one partner at once.
    pub mllp_connections_max: usize,
    /// Requests of one partner at `/cbo/v1` in a minute, once its burst is used up.
    pub cbo_requests_per_minute: u32,
    /// Requests of one partner at `/cbo/v1` that may come at once.
    pub cbo_requests_burst: u32,
    /// Requests of one partner at `/cbo/v1` that may wait for news at once.
    pub cbo_waiting_max: usize,
}

/// `[fhir]`: the FHIR door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fhir {
    /// The origins whose pages may read it from a browser, as browsers spell them.
    pub cors_origins: Vec<String>,
}

/// `[delivery]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Seconds for one attempt, connection and answer together.
    pub timeout_s: u64,
    /// Seconds before the first retry.
    pub retry_delay_s_min: u64,
    /// Seconds between retries, at most.
    pub retry_delay_s_max: u64,
    /// Hours of nothing but failures, after which nothing is pushed to a partner any more.
    pub disable_after_hours: u32,
    /// What may be called although its address is private.
    pub private_targets: Vec<PrivateTarget>,
}

/// A private address the operator allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrivateTarget {
    /// This address, any port.
    Address(IpAddr),
    /// This host and port; the host as in a URL but lower case, an IPv6 address without brackets.
    HostPort(String, u16),
}

/// Neither an address nor host:port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither an address nor host:port")]
pub struct BadTarget;

impl FromStr for PrivateTarget {
    type Err = BadTarget;

    fn from_str(text: &str) -> Result<Self, BadTarget> {
        if let Ok(address) = text.parse() {
            return Ok(PrivateTarget::Address(address));
        }
        if let Ok(socket) = text.parse::<SocketAddr>() {
            return Ok(PrivateTarget::HostPort(socket.ip().to_string(), socket.port()));
        }
        let (host, port) = text.rsplit_once(':').ok_or(BadTarget)?;
        let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        if host.is_empty() || !host.bytes().all(letters) {
            return Err(BadTarget);
        }
        let port = port.parse().map_err(|_| BadTarget)?;
        Ok(PrivateTarget::HostPort(host.to_ascii_lowercase(), port))
    }
}

/// `[people]`: the pages that links in e-mails lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// Where browsers reach `[listen] people`, without a slash at the end.
    pub base_url: String,
    /// Days until a link of an open referral ends.
    pub link_days_max: u32,
    /// Hours a browser is known by its organization's PIN.
    pub pin_hours: u32,
    /// Wrong PINs at one link within `pin_window_s`, before it waits.
    pub pin_tries_max: usize,
    /// Seconds in which wrong PINs are counted.
    pub pin_window_s: u64,
    /// The telephone number of the desk that takes answers, as it is printed on sheets.
    pub desk_phone: Option<String>,
}

/// `[oidc]`: the OpenID provider that staff sign in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oidc {
    /// Its issuer, an https URL without a slash at the end.
    pub issuer: url::Url,
    /// Our client id there.
    pub client_id: String,
    /// The file of our client secret.
    pub client_secret_file: PathBuf,
    /// The claim of an ID token that lists groups.
    pub groups_claim: String,
    /// The group of coordinators.
    pub coordinators: String,
    /// The group of auditors.
    pub auditors: String,
    /// The roots its certificate must chain to, PEM; those of `[tls] client_roots` if not given.
    pub roots: Option<PathBuf>,
}

/// `[mail]`: how e-mails leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The submission server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept secret.
    pub tls: MailTls,
    /// The address e-mails come from.
    pub from: String,
    /// Seconds that news for a partner that is told at once is gathered.
    pub digest_gather_s: u64,
    /// Who submits, with the file of the password, if the server asks.
    pub login: Option<(String, PathBuf)>,
    /// The roots its certificate must chain to, PEM; those of `[tls] client_roots` if not given.
    pub roots: Option<PathBuf>,
}

/// How the connection to the submission server is kept secret (RFC 8314).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// TLS from the first byte.
    Implicit,
    /// Plain until STARTTLS, which is required.
    Starttls,
    /// Not at all: on this machine only.
    None,
}

/// `[clock]`: how far the wall clock may be off before the scribe stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// Seconds ahead of the monotonic clock.
    pub forward_jump_s_max: u64,
    /// Seconds behind the last entry.
    pub backward_jump_s_max: u64,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// How lines look.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
