//! The project's commands. `cargo xtask help` lists them.
//!
//! Every command does the set-up that it needs by itself and says what it installs. What was done is found
//! again by looking at the result (a file, a stamp with a hash), so a command that was cut off can be run again.

mod args;
mod bench;
mod build;
mod bundle;
mod crash;
mod demo;
mod fmt;
mod hash;
mod help;
mod opt;
mod pack;
mod paths;
mod run;
mod seal;
mod setup;
mod sim;
mod size;
mod sourcemap;
mod stamp;
mod test;
mod toolchain;

use std::process::ExitCode;

use args::Args;
use run::Result;

fn main() -> ExitCode {
    match dispatch(Args::from_env()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(mut args: Args) -> Result<()> {
    let command = args.word().unwrap_or_else(|| "help".into());
    if args.wants_help() {
        return help::print(&command);
    }
    match command.as_str() {
        "setup" => setup::command(args),
        "build" => build::command(args),
        "pack" => pack::command(args),
        "demo" => demo::command(args),
        "test" => test::command(args),
        "check" => test::check(args),
        "sim" => sim::command(args),
        "crash" => crash::command(args),
        "bench" => bench::command(args),
        "fmt" => fmt::command(args),
        "help" => help::print(&args.word().unwrap_or_default()),
        other => Err(run::Failure::new(format!("there is no command `{other}`: see `cargo xtask help`"))),
    }
}
