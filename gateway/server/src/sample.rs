//! Deployments to begin with: what `init` makes, and the demo's invented partners.

use std::fs;
use std::path::Path;

use loopgate_referral::Identifier;
use loopgate_server::clock::{Clock, SystemClock};
use loopgate_server::init::{add_partner, init};
use loopgate_server::partner::{Agreement, Partner, Role};

/// Makes a deployment with the mappings this build has.
pub fn make(dir: &Path) -> anyhow::Result<()> {
    let clock = SystemClock::new();
    init(dir, now(&clock)?, &mut |buffer: &mut [u8]| clock.random(buffer))?;
    for (path, text) in loopgate_mapping::Library::files() {
        let path = dir.join("mappings").join(path);
        fs::create_dir_all(path.parent().unwrap_or(dir))?;
        fs::write(path, text)?;
    }
    Ok(())
}

/// Adds an invented partner, with an agreement for years to come and a certificate; `change` says what
/// else is its own.
pub fn partner(
    dir: &Path,
    name: &str,
    role: Role,
    title: &str,
    change: &mut dyn FnMut(&mut Partner),
) -> anyhow::Result<()> {
    let now = now(&SystemClock::new())?;
    let mut partner = Partner::new(name.parse()?, role);
    title.clone_into(&mut partner.name);
    partner.identifiers =
        vec![Identifier { system: "urn:example:npi".into(), value: name.to_owned() }];
    partner.patient_index = (role == Role::Source).then(|| format!("urn:example:{name}:mrn"));
    let today = now.to_zoned(partner.time_zone.clone()).date();
    let until = today.checked_add(jiff::Span::new().years(5))?;
    partner.agreement = Agreement::new("invented".into(), until, &partner.time_zone);
    change(&mut partner);
    add_partner(dir, partner, Some(now)).map(drop)
}

fn now(clock: &SystemClock) -> anyhow::Result<jiff::Timestamp> {
    Ok(jiff::Timestamp::from_millisecond(clock.now().0)?)
}
