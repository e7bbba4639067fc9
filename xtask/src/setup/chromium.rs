//! A browser to test with.

use std::path::PathBuf;

use super::apt;
use crate::run::{Failure, Result, find};

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const ON_MACOS: [&str; 2] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/// The browser's path; installs one when there is none.
pub fn ensure() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM").map(PathBuf::from) {
        return match path.is_file() {
            true => Ok(path),
            false => Err(Failure::new(format!("CHROMIUM names {}, which is no file", path.display()))),
        };
    }
    if let Some(path) = present() {
        return Ok(path);
    }
    let reason = "a browser to run the tests in";
    if !apt::available() {
        return Err(Failure::new(format!(
            "{reason} is missing: install Chrome or Chromium, or set CHROMIUM"
        )));
    }
    apt::install(&["chromium", "fonts-dejavu-core"], reason)?;
    present().ok_or_else(|| Failure::new("apt installed chromium, but it is not on the PATH: set CHROMIUM"))
}

fn present() -> Option<PathBuf> {
    find(&NAMES).or_else(|| ON_MACOS.iter().map(PathBuf::from).find(|path| path.is_file()))
}
