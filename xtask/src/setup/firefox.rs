//! The second browser to test with.

use std::path::PathBuf;

use super::apt;
use crate::run::{Failure, Result, find};

const NAMES: [&str; 2] = ["firefox-esr", "firefox"];

const ON_MACOS: &str = "/Applications/Firefox.app/Contents/MacOS/firefox";

/// The browser's path; installs one when there is none.
pub fn ensure() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("FIREFOX").map(PathBuf::from) {
        return match path.is_file() {
            true => Ok(path),
            false => Err(Failure::new(format!("FIREFOX names {}, which is no file", path.display()))),
        };
    }
    if let Some(path) = present() {
        return Ok(path);
    }
    let reason = "a second browser to run tests in";
    if !apt::available() {
        return Err(Failure::new(format!("{reason} is missing: install Firefox, or set FIREFOX")));
    }
    apt::install(&["firefox-esr", "fonts-dejavu-core"], reason)?;
    present().ok_or_else(|| Failure::new("apt installed firefox-esr, but it is not on the PATH: set FIREFOX"))
}

fn present() -> Option<PathBuf> {
    find(&NAMES).or_else(|| Some(PathBuf::from(ON_MACOS)).filter(|path| path.is_file()))
}
