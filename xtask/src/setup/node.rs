//! Node: not installed here, because people choose its version themselves, but asked for by name.

use crate::run::{Failure, Result, ask};

/// The oldest version that the tools run on.
const OLDEST: (u32, u32) = (20, 19);

/// Fails with what to do when Node is missing or too old.
pub fn check() -> Result<()> {
    let wanted =
        format!("Node {}.{} or newer with npm (nodejs.org, or your distribution)", OLDEST.0, OLDEST.1);
    let Some(found) = ask("node", &["--version"]) else {
        return Err(Failure::new(format!("there is no `node` on the PATH: install {wanted}")));
    };
    match parse(&found) {
        Some(version) if version >= OLDEST => Ok(()),
        _ => Err(Failure::new(format!("this is Node {found}: install {wanted}"))),
    }
}

fn parse(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim_start_matches('v').split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_orders_versions() {
        assert_eq!(parse("v20.19.2"), Some((20, 19)));
        assert!(parse("v9.99.0") < Some(OLDEST));
        assert!(parse("v24.0.0") > Some(OLDEST));
        assert_eq!(parse("nonsense"), None);
    }
}
