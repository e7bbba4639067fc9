//! The help texts.

use crate::run::{Failure, Result};

const OVERVIEW: &str = "\
Lodestore's commands. Each does the set-up that it needs by itself, and says what it installs.

  cargo xtask setup    make everything ready: the wasm target, npm packages, browsers
  cargo xtask build    compile the crate to wasm and generate the JavaScript glue
  cargo xtask pack     assemble the npm package and put it where the demo and the tests use it
  cargo xtask demo     build the demo and serve it
  cargo xtask test     run every test and print how many ran of each kind
  cargo xtask sim      simulate crashes, faults and damage, seed by seed
  cargo xtask crash    kill browsers and Node while they write, cut their disk off, or fill it
  cargo xtask bench    run a benchmark suite
  cargo xtask check    formatters, linters and type checkers only
  cargo xtask fmt      format Rust, TypeScript, JSON, CSS and HTML in place

`cargo xtask COMMAND --help` says more.

Environment:
  CHROMIUM          the browser to test with; else the first of chromium, chromium-browser, google-chrome
  FIREFOX           the second one; else the first of firefox-esr, firefox
  LODESTORE_WASM    `rustup` or `system`: which compiler builds the wasm, instead of whichever is ready";

const SETUP: &str = "\
cargo xtask setup [--no-browser]

Makes a fresh machine ready; with everything there it takes under a second. Can be cut off and run again.

  wasm target     `rustup target add wasm32-unknown-unknown`. Where rustup cannot download it, on Debian: rustc,
                  cargo and the library sources by apt (rustc-web cargo-web rust-web-src), and the standard library
                  compiled from them, once, about a minute, into that compiler's own folder
  npm packages    `npm ci` in every folder that has a lock file, bench/ left out
  browsers        Chromium and Firefox by apt, when there is none; not with --no-browser";

const BUILD: &str = "\
cargo xtask build [--opt]

Compiles the crate for wasm32 twice, with simd128 and with relaxed SIMD besides, and generates the glue, which
must be the same for both, into target/npm/glue. Prints the size of each wasm, raw and gzipped, and fails when
a gzipped size is over the limit.

  --opt           shrink the wasm with binaryen as well; see xtask/src/opt.rs for what that is worth";

const PACK: &str = "\
cargo xtask pack [--opt]

Builds, compiles the TypeScript facade, assembles the npm package in target/npm/package, makes the tarball
target/npm/lodestore-VERSION.tgz, and unpacks that into www/node_modules and tests/web/node_modules.

  --opt           shrink the wasm with binaryen as well; see xtask/src/opt.rs for what that is worth";

const DEMO: &str = "\
cargo xtask demo [--port N] [--no-serve]

Builds the demo with the packed package, prepares its dictionary, and serves it on http://127.0.0.1:5199/.

  --port N        another port
  --no-serve      build www/dist only";

const TEST: &str = "\
cargo xtask test [lint | native | web | runtimes | tabs | crash | packaging | demo]...

Runs every test, or only the kinds named, and prints how many ran of each kind. Stops at the first kind that
fails and shows its output. The outputs are kept in target/xtask/log.

  lint            rustfmt, clippy (native and wasm), prettier, tsc
  native          cargo test, and some thousand seeds of the simulation
  web             the packed package in Chromium, and the storages in Firefox
  runtimes        the packed package in Deno, in Bun, and in workerd with a bucket of R2
  tabs            several tabs of Chromium, and of Firefox, on one database
  crash           Chromium, Firefox and Node killed three times each while they write, and once with a full disk,
                  which needs root; `cargo xtask crash` goes on
  packaging       the packed package in Node and through bundlers
  demo            the built demo, driven in Chromium";

const SIM: &str = "\
cargo xtask sim [--seeds N] [--from S] [--flips N] [--self-test]

Deterministic simulation: each seed drives a workload, a faulty storage and the clock. After every crash, and after
crashes while recovering from it, what is found is compared with a model; files are damaged, and what does not open
then is salvaged. The last line says how many crashes and salvages were simulated and what failed, with the command
that repeats the first failure. 3,000 seeds, a million crashes, a thousand salvages, where nothing else is asked for.

  --seeds N       so many seeds; of a single one every step is told
  --from S        the first seed, else 0
  --flips N       flip so many random bits, one at a time, in a database of some megabyte and its archive
  --self-test     storages that break the contract, each of which has to be found out";

const CRASH: &str = "\
cargo xtask crash [--host chromium|firefox|node] [--storage indexeddb|opfs|files] [--mode MODE,MODE...]
                  [--durability strict|relaxed] [--rounds N] [--seed N] [--jobs N] [--new] [--record] [--verbose]

Kills real hosts while they write to the packed package, or takes their room or their files away, and looks whether
everything acknowledged is there, and of what was under way all or nothing. What is not named is done for all, with strict
durability. The last line says how many rounds and acknowledged writes there were and what failed; a lost strict write is
a failure.

  --mode kill     SIGKILL at any moment
  --mode power    besides, the disk loses what it has not synced; it is an image that is mounted, which needs root
  --mode full     the disk, an image again, is full, and then has room again
  --mode quota    the quota of Firefox is used up; that of Chromium is among the tests of the web
  --mode damage   the files of Chromium's IndexedDB are damaged, which it deletes then
  --rounds N      crashes of each setting, else 50
  --seed N        of the writes and the moments; else a new one, which is printed
  --jobs N        so many hosts at a time, else one
  --new           power cuts hit a database in Chromium's OPFS that is new: that it is lost is known, and counted
  --record        keep the results in tests/crash-hosts/results.json, and rewrite docs/durability.md from them
  --verbose       a line for each round";

const BENCH: &str = "\
cargo xtask bench SUITE [ARGUMENTS...]

Packs, then runs bench/SUITE.mjs with the arguments. Results go to bench/results.

  store     what storing costs beside the bare API of the host
  search    graphs, scans and filters beside every peer; the first run makes its data, in about five minutes

`cargo xtask bench SUITE --help` names the arguments.";

const CHECK: &str = "\
cargo xtask check

Formatters in checking mode, clippy for native and wasm, and the TypeScript compiler: `cargo xtask test lint`.";

const FMT: &str = "\
cargo xtask fmt

Formats Rust with rustfmt; TypeScript, JavaScript, JSON, CSS and HTML with prettier.";

/// Prints the help of one command, or the overview.
pub fn print(command: &str) -> Result<()> {
    let text = match command {
        "" | "help" => OVERVIEW,
        "setup" => SETUP,
        "build" => BUILD,
        "pack" => PACK,
        "demo" => DEMO,
        "test" => TEST,
        "sim" => SIM,
        "crash" => CRASH,
        "bench" => BENCH,
        "check" => CHECK,
        "fmt" => FMT,
        other => return Err(Failure::new(format!("there is no command `{other}`: see `cargo xtask help`"))),
    };
    println!("{text}");
    Ok(())
}
