//! Real hosts, killed while they write.

use crate::args::Args;
use crate::run::{Result, command as program, run};
use crate::setup::{chromium, firefox, node};
use crate::{pack, paths};

/// What each run of the tests does.
pub const IN_TESTS: [&str; 6] = ["--mode", "kill", "--rounds", "3", "--seed", "1"];
/// What else it does, where there is no room. This needs root.
pub const ROOM_IN_TESTS: [&str; 8] =
    ["--mode", "full,quota,damage", "--rounds", "1", "--seed", "1", "--jobs", "2"];

/// `cargo xtask crash [ARGUMENTS...]`
pub fn command(args: Args) -> Result<()> {
    let rest = args.rest();
    let host = host(&rest);
    let wants = |name: &str| host.is_none_or(|host| host == name);
    node::check()?;
    let mut node = program("node");
    // Only what will be started has to be there.
    if wants("chromium") {
        node.env("CHROMIUM", chromium::ensure()?);
    }
    if wants("firefox") {
        node.env("FIREFOX", firefox::ensure()?);
    }
    pack::pack(false)?;
    run(node.arg("tests/crash-hosts/run.mjs").args(rest).current_dir(paths::root()))
}

/// What `--host` says. Whether that is a host, the script knows.
fn host(arguments: &[String]) -> Option<&str> {
    let place = arguments.iter().position(|word| word.split('=').next() == Some("--host"))?;
    match arguments[place].split_once('=') {
        Some((_, host)) => Some(host),
        None => arguments.get(place + 1).map(String::as_str),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_host_that_is_asked_for() {
        let words = |line: &str| line.split(' ').map(String::from).collect::<Vec<_>>();
        assert_eq!(host(&words("--mode kill --host node")), Some("node"));
        assert_eq!(host(&words("--host=firefox --mode kill")), Some("firefox"));
        assert_eq!(host(&words("--mode kill")), None);
        assert_eq!(host(&words("--host")), None);
    }
}
