//! Prints what is found in messages, one JSON line for each file, to be held against what other
//! readers find: `segments FILE…`. `segments --make FOLDER COUNT` writes messages of every structure
//! into a folder instead.
#![allow(clippy::print_stdout)] // it is what it is for

use std::process::ExitCode;
use std::{env, fs, io};

use loopgate_hl7v2::{Charset, Field, Limits, Message, batch, read};
use serde_json::{Value, json};

#[path = "../src/testing.rs"]
mod testing;

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["--make", folder, count] => make(folder, count.parse().unwrap_or(0)),
        files => files.iter().try_for_each(|file| show(file)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{}", json!({ "error": error.to_string() }));
            ExitCode::FAILURE
        }
    }
}

fn show(file: &str) -> io::Result<()> {
    let bytes = fs::read(file)?;
    let limits = Limits::default();
    let found = match batch(&bytes, &limits, Charset::UTF_8) {
        Some(Ok(batch)) => {
            let all: Vec<Value> = batch.messages.iter().map(|one| one_of(one)).collect();
            json!({ "file": file, "messages": all })
        }
        Some(Err(flaw)) => json!({ "file": file, "refused": flaw.to_string() }),
        None => json!({ "file": file, "message": one_of(&bytes) }),
    };
    println!("{found}");
    Ok(())
}

fn one_of(bytes: &[u8]) -> Value {
    match read(bytes, &Limits::default(), Charset::UTF_8) {
        Ok(message) => json!({ "segments": segments(&message) }),
        Err(unsound) => json!({ "refused": unsound.flaw.to_string() }),
    }
}

/// `[["MSH", [field, …]], …]`, a field as repetitions, components, subcomponents.
fn segments(message: &Message) -> Vec<Value> {
    let all = message.segments.iter();
    all.map(|one| json!([one.name, one.fields.iter().map(field).collect::<Vec<_>>()])).collect()
}

fn field(field: &Field) -> Vec<Vec<Vec<&str>>> {
    let repetitions = field.0.iter().map(|one| {
        let components = one.0.iter();
        components.map(|one| one.0.iter().map(|text| text.as_str()).collect()).collect()
    });
    repetitions.collect()
}

fn make(folder: &str, count: u32) -> io::Result<()> {
    for n in 0..count {
        let mut seed = u64::from(n) + 1;
        let choices: Vec<u8> = (0..1500)
            .map(|_| {
                // xorshift64*
                seed ^= seed >> 12;
                seed ^= seed << 25;
                seed ^= seed >> 27;
                seed.wrapping_mul(0x2545_f491_4f6c_dd1d).to_be_bytes()[0]
            })
            .collect();
        let made = testing::Made::of(&mut testing::Choices(&choices), false);
        fs::write(format!("{folder}/{n:05}.hl7"), made.bytes())?;
    }
    Ok(())
}
