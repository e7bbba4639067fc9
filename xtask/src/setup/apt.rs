//! Debian and Ubuntu packages.

use std::process::Command;
use std::sync::Mutex;

use crate::run::{Failure, Result, ask, command, find, quiet, say};

/// Threads that install side by side would meet in apt's lock.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Whether this machine has apt at all.
pub fn available() -> bool {
    find(&["apt-get"]).is_some()
}

/// Installs those of the packages that are missing, and says so with the reason.
pub fn install(packages: &[&str], reason: &str) -> Result<()> {
    let _lock = ONE_AT_A_TIME.lock();
    let missing: Vec<&str> = packages.iter().copied().filter(|package| !installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !available() {
        return Err(Failure::new(format!(
            "needed {reason}: {names}. There is no apt here, so install it by hand"
        )));
    }
    say("apt", format!("installing {names}: {reason}"));
    // An installation that was cut off leaves packages unconfigured, and apt refuses everything until that is done.
    quiet(privileged("dpkg")?.args(["--configure", "-a"]))?;
    quiet(apt()?.arg("update"))?;
    quiet(apt()?.args(["install", "-y", "--no-install-recommends"]).args(&missing))
        .map_err(|failure| Failure::new(format!("{failure}. Needed {reason}: {names}")))
}

fn installed(package: &str) -> bool {
    ask("dpkg-query", &["--show", "--showformat=${db:Status-Status}", package]).as_deref()
        == Some("installed")
}

fn apt() -> Result<Command> {
    let mut apt = privileged("apt-get")?;
    apt.args(["-qq", "-o", "DPkg::Lock::Timeout=300"]);
    Ok(apt)
}

/// A program that changes the system: as it is for root, else through sudo.
pub fn privileged(program: &str) -> Result<Command> {
    let root = ask("id", &["-u"]).as_deref() == Some("0");
    let quiet = "DEBIAN_FRONTEND=noninteractive";
    let mut command = match (root, find(&["sudo"])) {
        (true, _) => command("env"),
        (false, Some(sudo)) => {
            let mut command = command(sudo);
            command.arg("env");
            command
        }
        (false, None) => {
            return Err(Failure::new(format!(
                "`{program}` needs root, and there is no sudo here: run `cargo xtask setup` as root once"
            )));
        }
    };
    command.args([quiet, program]);
    Ok(command)
}
