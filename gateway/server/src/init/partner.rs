//! `loopgate partner add`: a new file in the folder of partners, and a certificate if asked for.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;
use loopgate_consent::LegalClass;
use loopgate_referral::{Identifier, OrgId};

use super::{CERTIFICATE_DAYS, PUBLIC, SECRET, SECRET_FOLDER, make_folder, validity, write};
use crate::certificates::{Authority, Issued};
use crate::config::{Config, Problem};
use crate::partner::{
    Agreement, Channel, ChannelKind, LoadedPartner, Partner, Push, Role, load_partners,
};
use crate::webhook_secret::{self, NotMade};

/// Adds `partner` to the deployment in `dir` and answers the path of its file. With `issue`, the
/// development authority gives it a client certificate as of that instant: `certs/clients/NAME.pem`
/// and `.key`. One whose webhooks are signed gets a secret.
pub fn add_partner(
    dir: &Path,
    mut partner: Partner,
    issue: Option<Timestamp>,
) -> anyhow::Result<PathBuf> {
    let config = Config::load(&dir.join("loopgate.toml")).map_err(joined)?;
    let others = load_partners(&config.folders.partners).map_err(joined)?;
    if let Some(now) = issue {
        refuse_taken(&partner, &others)?;
        let issued = issue_client(dir, &partner.org, now)?;
        partner.certificates.push(issued.sha256);
    }
    refuse_taken(&partner, &others)?;
    let text = partner.render();
    // What `serve` would refuse is not written.
    Partner::parse(partner.org.clone(), &text).map_err(joined)?;
    let kind = partner.channel.as_ref().map(|channel| &channel.kind);
    if matches!(kind, Some(ChannelKind::Push(Push { signed: true, .. }))) {
        match webhook_secret::make(&config.folders.keys, &partner.org) {
            // One that is there from before is as good.
            Ok(_) | Err(NotMade::There) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let path = config.folders.partners.join(format!("{}.toml", partner.org));
    write(&path, &text, PUBLIC)?;
    Ok(path)
}

fn refuse_taken(partner: &Partner, others: &[LoadedPartner]) -> anyhow::Result<()> {
    for LoadedPartner { partner: other, .. } in others {
        if other.org == partner.org {
            bail!("partner {} is there already", partner.org);
        }
        if partner.certificates.iter().any(|sha| other.certificates.contains(sha)) {
            bail!("the certificate belongs to partner {}", other.org);
        }
        if partner.identifiers.iter().any(|identifier| other.identifiers.contains(identifier)) {
            bail!("the identifier belongs to partner {}", other.org);
        }
    }
    Ok(())
}

fn issue_client(dir: &Path, org: &OrgId, now: Timestamp) -> anyhow::Result<Issued> {
    let certs = dir.join("certs");
    let read = |name| fs::read_to_string(certs.join(name)).context("certs/ca.pem and certs/ca.key");
    let authority = Authority::load(&read("ca.pem")?, &read("ca.key")?)?;
    let issued = authority.client(org, validity(now, CERTIFICATE_DAYS)?)?;
    let clients = certs.join("clients");
    make_folder(&clients, SECRET_FOLDER)?;
    write(&clients.join(format!("{org}.key")), &issued.key_pem, SECRET)?;
    write(&clients.join(format!("{org}.pem")), &issued.certificate_pem, PUBLIC)?;
    Ok(issued)
}

fn joined(problems: Vec<Problem>) -> anyhow::Error {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    anyhow!(lines.join("\n"))
}

/// The text of `partners/EXAMPLE.toml.txt`.
pub(super) fn example() -> String {
    let head = "# An example, which is not read: a partner is a file NAME.toml in this folder, where \
                NAME is 1 to 64\n# of a-z, 0-9 and -. `loopgate partner add NAME` writes one.\n\n";
    format!("{head}{}", example_partner().render())
}

fn example_partner() -> Partner {
    let known = || -> ! { unreachable!("the example is sound") };
    let endpoint = "https://pantry.example/loopgate".parse().unwrap_or_else(|_| known());
    let identifier = Identifier {
        system: "https://directory.example/organizations".to_owned(),
        value: "pantry-17".to_owned(),
    };
    let last_day = date(2027, 12, 31);
    Partner {
        org: "example".parse().unwrap_or_else(|_| known()),
        name: "Example Food Pantry".to_owned(),
        roles: [Role::Target].into(),
        legal: LegalClass::CboNonhipaa,
        purpose: Some("CAREMGT".parse().unwrap_or_else(|_| known())),
        identifiers: vec![identifier],
        certificates: vec![[0; 32]],
        agreement: Agreement::new("agreement 2027-04".to_owned(), last_day, &TimeZone::UTC),
        channel: Some(Channel {
            dialect: "cbo-json".to_owned(),
            kind: ChannelKind::Push(Push::new(endpoint)),
        }),
        ..Partner::new("example".parse().unwrap_or_else(|_| known()), Role::Target)
    }
}
