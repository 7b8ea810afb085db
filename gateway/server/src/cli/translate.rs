//! `loopgate translate`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use loopgate_consent::{FieldGroup, Groups};
use loopgate_mapping::Library;
use loopgate_server::partner::Partner;
use loopgate_server::translate::{Dialect, LinkOf, Stopped, Translated, Way, translate};

#[derive(Args)]
pub struct Translate {
    /// The dialect of the input: fhir, hl7v2, or a folder of mappings, as cbo-json or cie-hub.
    #[arg(long, value_name = "DIALECT")]
    from: String,
    /// The dialect of the output.
    #[arg(long, value_name = "DIALECT")]
    to: String,
    /// A deployment's mappings folder; those that come with the program, if not said.
    #[arg(long, value_name = "FOLDER")]
    mappings: Option<PathBuf>,
    /// Field groups that may pass, by name; all, if not said.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    groups: Vec<FieldGroup>,
    /// The message to write, if `--to hl7v2`: REF^I12, OMG^O19 or ORM^O01.
    #[arg(long, default_value = "REF^I12", value_name = "CODE^EVENT")]
    message: String,
    /// Say of each field that was carried where it went, and by which row of which file.
    #[arg(long)]
    explain: bool,
    /// A partner's file, for what its HL7 v2 link says (assigning authorities, time zone) and its CSV columns.
    #[arg(long, value_name = "FILE")]
    partner: Option<PathBuf>,
    /// Files; standard input, if none.
    files: Vec<PathBuf>,
}

/// The dialect, and of HL7 v2 the message that is written.
fn dialect(name: &str, message: &str) -> Dialect {
    match name {
        "fhir" => Dialect::Fhir,
        "csv" => Dialect::Csv,
        "hl7v2" => {
            let (code, event) = message.split_once('^').unwrap_or((message, ""));
            Dialect::Hl7v2([code.to_owned(), event.to_owned()])
        }
        folder => Dialect::Json(folder.to_owned()),
    }
}

const UNREADABLE: u8 = 2;
const REFUSED: u8 = 3;

/// Exit 0 ok, 2 unreadable, 3 refused. The translation goes to standard output, what was not
/// carried to standard error as JSON lines.
pub fn run(command: &Translate) -> ExitCode {
    let library = match &command.mappings {
        None => Library::builtin(),
        Some(folder) => match Library::load(folder) {
            Ok(library) => library,
            Err(problems) => {
                eprintln!("loopgate: {:#}", loopgate_server::assemble::listed(&problems));
                return ExitCode::from(UNREADABLE);
            }
        },
    };
    let groups: Groups = if command.groups.is_empty() {
        Groups::all()
    } else {
        command.groups.iter().copied().collect()
    };
    let link = match link_of(command.partner.as_deref()) {
        Ok(link) => link,
        Err(error) => {
            eprintln!("loopgate: {error:#}");
            return ExitCode::from(UNREADABLE);
        }
    };
    let inputs: Vec<std::io::Result<Vec<u8>>> = if command.files.is_empty() {
        let mut input = Vec::new();
        vec![std::io::stdin().lock().read_to_end(&mut input).map(|_| input)]
    } else {
        command.files.iter().map(std::fs::read).collect()
    };
    for input in inputs {
        let code = match input {
            Ok(input) => one(&library, command, (&groups, &link), &input),
            Err(error) => {
                eprintln!("loopgate: {error}");
                UNREADABLE
            }
        };
        if code != 0 {
            return ExitCode::from(code);
        }
    }
    ExitCode::SUCCESS
}

fn link_of(file: Option<&Path>) -> anyhow::Result<LinkOf> {
    let Some(file) = file else { return Ok(LinkOf::new(None)) };
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let org = name.parse().map_err(|_| anyhow::anyhow!("the file is not called like a partner"))?;
    let partner = Partner::parse(org, &std::fs::read_to_string(file)?);
    let partner = partner.map_err(|problems| loopgate_server::assemble::listed(&problems))?;
    Ok(LinkOf::new(Some(&partner)))
}

fn one(
    library: &Library,
    command: &Translate,
    (groups, link): (&Groups, &LinkOf),
    input: &[u8],
) -> u8 {
    let ways = [&command.from, &command.to].map(|one| dialect(one, &command.message));
    match translate(library, (&ways[0], &ways[1]), input, groups, link) {
        Ok(all) => {
            all.into_iter().for_each(|translated| show(translated, command.explain));
            0
        }
        Err(Stopped::Unreadable(error)) => {
            eprintln!("{}", serde_json::json!({ "unreadable": format!("{error:#}") }));
            UNREADABLE
        }
        Err(Stopped::Refused(error)) => {
            eprintln!("{}", serde_json::json!({ "refused": format!("{error:#}") }));
            REFUSED
        }
    }
}

fn show(translated: Translated, explain: bool) {
    // A row of a file has its end already.
    print!("{}", translated.text);
    if !translated.text.ends_with('\n') {
        println!();
    }
    for one in translated.carried.iter().filter(|_| explain) {
        let (field, to) = match &one.way {
            Way::Read => (&one.carried.right, &one.carried.left),
            Way::Written => (&one.carried.left, &one.carried.right),
        };
        let row = format!("{}:{}", one.carried.file, one.carried.line);
        eprintln!("{}", serde_json::json!({ "field": field, "to": to, "row": row }));
    }
    for path in translated.not_carried {
        eprintln!("{}", serde_json::json!({ "not_carried": path }));
    }
    for group in translated.withheld {
        eprintln!("{}", serde_json::json!({ "withheld": group }));
    }
}
