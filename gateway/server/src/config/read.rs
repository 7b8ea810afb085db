//! From the sections of `loopgate.toml` to [`Config`]: every key, default and range stands here.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use loopgate_consent::Label;
use loopgate_referral::Identifier;
use toml::de::DeValue;

use super::parts::{
    Clock, Consent, Delivery, Fhir, Folders, Identity, Ledger, Limits, Listen, Log, LogFormat,
    Mail, MailTls, Oidc, Organization, People, Tenant, Tls,
};
use super::section::{Read, Section};
use super::{Config, value, witnesses};

pub(super) fn config(root: &mut Section<'_, '_>, base: &Path, sha256: [u8; 32]) -> Option<Config> {
    let tenant = root.section("tenant", tenant);
    let organization = root.section("organization", organization);
    let folders = folders(root, base);
    let ledger = root.section("ledger", ledger);
    let listen = root.section("listen", listen);
    let tls = root.section("tls", |s| tls(s, base, &folders.data));
    let identity = root.section("identity", identity);
    let consent = root.section("consent", consent);
    let limits = root.section("limits", limits);
    let fhir = root.section("fhir", fhir);
    let delivery = root.section("delivery", delivery);
    let people = root.section("people", people);
    let mail = root.maybe_section("mail", |s| mail(s, base, &folders.data));
    let oidc = root.maybe_section("oidc", |s| oidc(s, base, &folders.data));
    let clock = root.section("clock", clock);
    let log = root.section("log", log);
    Some(Config {
        tenant: tenant?,
        organization: organization?,
        folders,
        ledger: ledger?,
        listen,
        tls: tls?,
        identity,
        consent,
        limits,
        fhir,
        delivery,
        people,
        mail,
        oidc,
        clock,
        log,
        sha256,
    })
}

fn tenant(s: &mut Section<'_, '_>) -> Option<Tenant> {
    let name = s.must("name", value::parsed("1 to 64 of a-z, 0-9 and -"))?;
    Some(Tenant { name })
}

fn organization(s: &mut Section<'_, '_>) -> Option<Organization> {
    let name = s.must("name", value::text);
    let system = s.must("identifier_system", value::uri);
    let identifier = s.must("identifier_value", value::text);
    let base_url = s.must("base_url", base_url);
    let identifier = Identifier { system: system?, value: identifier? };
    Some(Organization { name: name?, identifier, base_url: base_url? })
}

fn base_url(found: &DeValue<'_>) -> Read<String> {
    let url = String::from(value::https(found)?);
    if url.ends_with('/') { Err("needs a path, and no slash after it".to_owned()) } else { Ok(url) }
}

fn folders(root: &mut Section<'_, '_>, base: &Path) -> Folders {
    let (data, reserve_mib) = root.section("data", |s| {
        (dir(s, "data", base), s.or("reserve_mib", 64, value::integer(0..=4096)))
    });
    let keys = root.section("keys", |s| {
        let line = s.line_of("dir");
        let keys = dir(s, "keys", base);
        refuse_under_data(s, line, "dir", &keys, &data);
        keys
    });
    let partners = root.section("partners", |s| dir(s, "partners", base));
    let mappings = root.section("mappings", |s| dir(s, "mappings", base));
    Folders { data, reserve_mib, keys, partners, mappings }
}

fn dir(s: &mut Section<'_, '_>, default: &str, base: &Path) -> PathBuf {
    s.or("dir", base.join(default), value::path(base))
}

/// A backup of the data must not carry what opens it (DESIGN §6).
fn refuse_under_data(
    s: &mut Section<'_, '_>,
    line: Option<u32>,
    key: &str,
    secret: &Path,
    data: &Path,
) {
    if secret.starts_with(data) {
        s.note(line, key, "is under data.dir, where no key may be");
    }
}

fn ledger(s: &mut Section<'_, '_>) -> Option<Ledger> {
    let origin = s.must("origin", origin);
    let checkpoint_interval_s = s.or("checkpoint_interval_s", 1, value::integer(1..=60));
    let (witnesses, quorum) = witnesses::read(s);
    Some(Ledger {
        origin: origin?,
        checkpoint_interval_s,
        index_interval_s: s.or("index_interval_s", 3600, value::integer(60..=86_400)),
        retention_days: s.or("retention_days", 2192, value::integer(0..=36_500)),
        key_overlap_days: s.or("key_overlap_days", 30, value::integer(0..=365)),
        snapshot_entries: s.or("snapshot_entries", 100_000, value::integer(10..=10_000_000)),
        witnesses,
        quorum,
    })
}

/// The name of a key in a C2SP signed-note has neither a space nor a plus.
fn origin(found: &DeValue<'_>) -> Read<String> {
    let text = value::text(found)?;
    let sound = text.bytes().all(|b| b.is_ascii_graphic() && b != b'+');
    if sound { Ok(text) } else { Err("is not printable ASCII without space and +".to_owned()) }
}

fn listen(s: &mut Section<'_, '_>) -> Listen {
    Listen {
        machines: s.or("machines", ([127, 0, 0, 1], 8443).into(), value::socket),
        people: s.or("people", ([127, 0, 0, 1], 8444).into(), value::socket),
        mllp: s.or("mllp", ([127, 0, 0, 1], 2575).into(), value::socket),
        ops: s.or("ops", ([127, 0, 0, 1], 9464).into(), value::loopback_socket),
    }
}

fn tls(s: &mut Section<'_, '_>, base: &Path, data: &Path) -> Option<Tls> {
    let certificate = s.must("certificate", value::path(base));
    let line = s.line_of("key");
    let key = s.must("key", value::path(base));
    if let Some(key) = &key {
        refuse_under_data(s, line, "key", key, data);
    }
    let client_roots = s.must("client_roots", value::path(base));
    let client_crls = s.list("client_crls", value::path(base));
    let handshake_timeout_s = s.or("handshake_timeout_s", 5, value::integer(1..=60));
    Some(Tls {
        certificate: certificate?,
        key: key?,
        client_roots: client_roots?,
        client_crls: client_crls.into_iter().map(|(_, path)| path).collect(),
        handshake_timeout_s,
    })
}

fn identity(s: &mut Section<'_, '_>) -> Identity {
    let systems = s.list("shared_systems", value::uri);
    Identity { shared_systems: systems.into_iter().map(|(_, system)| system).collect() }
}

fn consent(s: &mut Section<'_, '_>) -> Consent {
    let sensitivity = |found: &DeValue<'_>| {
        let code = value::text(found)?;
        match Label::read(Some("http://terminology.hl7.org/CodeSystem/v3-ActCode"), &code) {
            Label::Sensitivity(sensitivity) => Ok(sensitivity),
            _ => Err("is no sensitivity of v3-ActCode, like SUD".to_owned()),
        }
    };
    let minor_alone = s.list("minor_alone", sensitivity);
    Consent {
        hold_days_max: s.or("hold_days_max", 7, value::integer(1..=90)),
        status_only_after_lapse: s.or("status_only_after_lapse", false, value::flag),
        verbal: s.or("verbal", false, value::flag),
        minor_alone: minor_alone.into_iter().map(|(_, sensitivity)| sensitivity).collect(),
    }
}

fn limits(s: &mut Section<'_, '_>) -> Limits {
    const KIB: usize = 1024;
    const MIB: usize = 1024 * KIB;
    let mut at = |key, default, range| s.or(key, default, value::integer::<usize>(range));
    Limits {
        http_body_bytes_max: at("http_body_bytes_max", 8 * MIB, KIB..=64 * MIB),
        json_depth_max: at("json_depth_max", 64, 8..=120),
        bundle_entries_max: at("bundle_entries_max", 200, 1..=10_000),
        page_entries_max: at("page_entries_max", 100, 1..=1000),
        queue_commands_max: at("queue_commands_max", 1024, 1..=65_536),
        frame_bytes_max: at("frame_bytes_max", MIB, 64 * KIB..=16 * MIB),
        frame_events_max: at("frame_events_max", 256, 16..=4096),
        connections_max: at("connections_max", 512, 1..=65_536),
        mllp_frame_bytes_max: at("mllp_frame_bytes_max", 8 * MIB, KIB..=64 * MIB),
        mllp_in_flight_bytes_max: at("mllp_in_flight_bytes_max", 256 * MIB, MIB..=64 * 1024 * MIB),
        mllp_connections_max: at("mllp_connections_max", 8, 1..=1024),
        mllp_frame_timeout_s: s.or("mllp_frame_timeout_s", 30, value::integer(1..=600)),
        send_ms_max: s.or("send_ms_max", 10_000, value::integer(1..=60_000)),
        request_timeout_s: s.or("request_timeout_s", 30, value::integer(1..=600)),
    }
}

fn fhir(s: &mut Section<'_, '_>) -> Fhir {
    let origins = s.list("cors_origins", web_origin);
    Fhir { cors_origins: origins.into_iter().map(|(_, origin)| origin).collect() }
}

/// An origin as a browser spells it (Fetch standard, the `Origin` header): none but itself is meant.
fn web_origin(found: &DeValue<'_>) -> Read<String> {
    let text = value::text(found)?;
    let url = url::Url::parse(&text).ok();
    let sound = url.is_some_and(|url| {
        let here = url.scheme() == "http" && url.host_str().is_some_and(is_this_machine);
        // A URL may have a star in its host; here it would look like a pattern, and be none.
        (url.scheme() == "https" || here)
            && !text.contains('*')
            && url.origin().ascii_serialization() == text
    });
    let words = "is not an origin like https://app.example, or http of this machine";
    if sound { Ok(text) } else { Err(words.to_owned()) }
}

fn delivery(s: &mut Section<'_, '_>) -> Delivery {
    let timeout_s = s.or("timeout_s", 10, value::integer(1..=120));
    let retry_delay_s_min = s.or("retry_delay_s_min", 5, value::integer(1..=3600));
    let line = s.line_of("retry_delay_s_max");
    let retry_delay_s_max = s.or("retry_delay_s_max", 3600, value::integer(1..=86_400));
    if retry_delay_s_max < retry_delay_s_min {
        s.note(line, "retry_delay_s_max", "is less than delivery.retry_delay_s_min");
    }
    let disable_after_hours = s.or("disable_after_hours", 72, value::integer(1..=720));
    let targets = s.list("private_targets", value::parsed("an address or host:port"));
    let private_targets = targets.into_iter().map(|(_, target)| target).collect();
    Delivery {
        timeout_s,
        retry_delay_s_min,
        retry_delay_s_max,
        disable_after_hours,
        private_targets,
    }
}

fn people(s: &mut Section<'_, '_>) -> People {
    let base_url = s.or("base_url", "https://localhost:8444".to_owned(), host_url);
    People {
        base_url,
        link_days_max: s.or("link_days_max", 30, value::integer(1..=90)),
        pin_hours: s.or("pin_hours", 12, value::integer(1..=24)),
        pin_tries_max: s.or("pin_tries_max", 5, value::integer(1..=20)),
        pin_window_s: s.or("pin_window_s", 900, value::integer(60..=86_400)),
    }
}

/// A link's path is ours: the URL names the host alone.
fn host_url(found: &DeValue<'_>) -> Read<String> {
    let url = value::https(found)?;
    if url.path() != "/" {
        return Err("is not an https URL of host and port alone".to_owned());
    }
    Ok(String::from(url).trim_end_matches('/').to_owned())
}

fn mail(s: &mut Section<'_, '_>, base: &Path, data: &Path) -> Option<Mail> {
    let host = s.must("host", value::text);
    let kinds =
        [("implicit", MailTls::Implicit), ("starttls", MailTls::Starttls), ("none", MailTls::None)];
    let line = s.line_of("tls");
    let tls = s.or("tls", MailTls::Starttls, value::one_of(&kinds));
    let port = if tls == MailTls::Implicit { 465 } else { 587 };
    let port = s.or("port", port, value::integer(1..=u16::MAX));
    if tls == MailTls::None && host.as_deref().is_some_and(|host| !is_this_machine(host)) {
        s.note(line, "tls", "may be \"none\" on this machine alone");
    }
    let from = s.must("from", value::address);
    let (user_given, password_given) = (s.has("user"), s.has("password_file"));
    let line = s.line_of("user");
    let user = s.maybe("user", value::text);
    let password_line = s.line_of("password_file");
    let password = s.maybe("password_file", value::path(base));
    if user_given != password_given {
        s.note(line, "user", "needs password_file, and password_file needs user");
    }
    if let Some(password) = &password {
        refuse_under_data(s, password_line, "password_file", password, data);
    }
    let roots = s.maybe("roots", value::path(base));
    Some(Mail { host: host?, port, tls, from: from?, login: user.zip(password), roots })
}

fn oidc(s: &mut Section<'_, '_>, base: &Path, data: &Path) -> Option<Oidc> {
    let issuer = s.must("issuer", value::https);
    let client_id = s.must("client_id", value::text);
    let line = s.line_of("client_secret_file");
    let secret = s.must("client_secret_file", value::path(base));
    if let Some(secret) = &secret {
        refuse_under_data(s, line, "client_secret_file", secret, data);
    }
    Some(Oidc {
        issuer: issuer?,
        client_id: client_id?,
        client_secret_file: secret?,
        groups_claim: s.or("groups_claim", "groups".to_owned(), value::text),
        coordinators: s.must("coordinators", value::text)?,
        auditors: s.must("auditors", value::text)?,
        roots: s.maybe("roots", value::path(base)),
    })
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn clock(s: &mut Section<'_, '_>) -> Clock {
    Clock {
        forward_jump_s_max: s.or("forward_jump_s_max", 60, value::integer(1..=3600)),
        backward_jump_s_max: s.or("backward_jump_s_max", 5, value::integer(1..=3600)),
    }
}

fn log(s: &mut Section<'_, '_>) -> Log {
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    Log { format: s.or("format", LogFormat::Text, value::one_of(&formats)) }
}
