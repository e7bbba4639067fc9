//! Deterministic simulation: `cargo xtask sim`. One seed drives a workload, a faulty storage and the clock; what is
//! left after each crash is compared with a model.
//!
//! * `medium`, `faults`, `storage`: files, what is safe from a power cut, what goes wrong in a call.
//! * `model`, `oracle`: what has to be stored, and what may be.
//! * `choose`, `client`, `world`: what is done, by whom, from process to process.
//! * `archives`, `past`, `retain`: archives and restores, going back, and what is to be kept; `timeline`: what was when.
//! * `explore`, `check`: the crashes, and what is compared after each.
//! * `damage`, `salvage`: what is damaged and salvaged; `history`, `kept`, `evidence`: what has to hold of that.
//! * `flips`: a large database and random flipped bits. `mutant`: storages that break the contract, to be found out.

mod archives;
mod check;
mod choose;
mod client;
mod damage;
mod dice;
mod env;
mod evidence;
mod explore;
mod faults;
mod flips;
mod history;
mod jobs;
mod kept;
mod medium;
mod model;
mod mutant;
mod oracle;
mod past;
mod retain;
mod run;
mod salvage;
mod storage;
mod timeline;
mod world;

use jobs::Done;
use mutant::Mutant;
use std::process::ExitCode;
use std::time::Instant;

/// What is asked for on the command line.
struct Asked {
    seeds: u64,
    from: u64,
    flips: u64,
    self_test: bool,
}

fn asked() -> Result<Asked, String> {
    let mut asked = Asked { seeds: 0, from: 0, flips: 0, self_test: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || {
            let value = words.next().unwrap_or_default();
            value.parse::<u64>().map_err(|_| format!("{word} wants a number, got `{value}`"))
        };
        match word.as_str() {
            "--seeds" => asked.seeds = number()?,
            "--from" => asked.from = number()?,
            "--flips" => asked.flips = number()?,
            "--self-test" => asked.self_test = true,
            _ => {
                return Err(format!("`{word}` means nothing here: --seeds N --from S --flips N --self-test"));
            }
        }
    }
    Ok(asked)
}

fn main() -> ExitCode {
    let asked = match asked() {
        Ok(asked) => asked,
        Err(complaint) => {
            eprintln!("{complaint}");
            return ExitCode::FAILURE;
        }
    };
    let start = Instant::now();
    let mut done = Done::default();
    if asked.self_test {
        done += self_test();
    }
    if asked.flips > 0 {
        let seeds = asked.flips.div_ceil(flips::AT_A_TIME);
        let job = |seed, tally: &_| flips::run(seed, tally);
        done += jobs::all(asked.from, seeds, &job, |_| format!("cargo xtask sim --flips {}", asked.flips));
    }
    if asked.seeds > 0 {
        let trace = asked.seeds == 1;
        let job = |seed, tally: &_| world::run(seed, None, trace, tally);
        let replay = |seed| format!("cargo xtask sim --seeds 1 --from {seed}");
        done += jobs::all(asked.from, asked.seeds, &job, replay);
    }
    println!("{} passed, {} failed", done.passed, done.failed);
    let seconds = start.elapsed().as_secs_f64();
    let first = done.first.as_ref().map_or(String::new(), |replay| format!(": {replay}"));
    println!(
        "{} crashes simulated, {} times something damaged, {} times found, {} databases salvaged, \
         {} writes acknowledged, {} failures met, in {seconds:.1} s; {} failed{first}",
        done.crashes, done.flips, done.refused, done.salvages, done.writes, done.faults, done.failed
    );
    if done.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Each broken storage has to be reported within this many seeds.
const SEEDS_TO_FIND: u64 = 60;

/// The checks have to be able to fail.
fn self_test() -> Done {
    let mut done = Done::default();
    for mutant in Mutant::ALL {
        let found = (0..SEEDS_TO_FIND).find_map(|seed| {
            let job = |seed, tally: &_| world::run(seed, Some(mutant), false, tally);
            jobs::one(seed, &job).1.map(|what| (seed, what))
        });
        match found {
            Some((seed, what)) => {
                println!("{mutant:?} is found by seed {seed}: {what:.150}");
                done.passed += 1;
            }
            None => {
                println!("{mutant:?} is not found by {SEEDS_TO_FIND} seeds");
                done.failed += 1;
                done.first.get_or_insert("cargo xtask sim --self-test".to_owned());
            }
        }
    }
    done
}
