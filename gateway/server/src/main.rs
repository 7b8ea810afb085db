//! The `loopgate` command.

mod cli;
mod demo;
mod sample;

fn main() -> std::process::ExitCode {
    cli::main()
}
