//! How many tests ran, read from what the runners print.

/// Tests by outcome.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct Counts {
    /// Did what they should.
    pub passed: usize,
    /// Did not.
    pub failed: usize,
    /// Were not asked.
    pub ignored: usize,
}

impl std::ops::Add for Counts {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            ignored: self.ignored + other.ignored,
        }
    }
}

/// The sum over the "test result:" lines of `cargo test`, one for each test program.
pub fn cargo(output: &str) -> Option<Counts> {
    let results = output.lines().filter(|line| line.starts_with("test result: "));
    let counts = results.map(|line| {
        let count = |what| number_before(line, what).unwrap_or(0);
        Counts { passed: count("passed"), failed: count("failed"), ignored: count("ignored") }
    });
    counts.reduce(|a, b| a + b)
}

/// The last line of the form `N passed, N failed`, which the scripts close with.
pub fn plain(output: &str) -> Option<Counts> {
    let (passed, failed) = output.lines().rev().find_map(|line| {
        let (passed, failed) = line.trim().split_once(" passed, ")?;
        Some((passed.parse().ok()?, failed.strip_suffix(" failed")?.parse().ok()?))
    })?;
    Some(Counts { passed, failed, ignored: 0 })
}

fn number_before(line: &str, word: &str) -> Option<usize> {
    let mut before = "";
    for part in line.split([' ', ';', '.']).filter(|part| !part.is_empty()) {
        if part == word {
            return before.parse().ok();
        }
        before = part;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_the_test_programs_of_cargo() {
        let output = "\
running 2 tests
test a ... ok
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.02s
   Doc-tests lodestore
test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";
        assert_eq!(cargo(output), Some(Counts { passed: 15, failed: 2, ignored: 1 }));
        assert_eq!(cargo("error: could not compile"), None);
    }

    #[test]
    fn takes_the_last_plain_line() {
        let output = "1 passed, 9 failed\nok: 3 passed, whatever\n17 passed, 0 failed\n\n";
        assert_eq!(plain(output), Some(Counts { passed: 17, failed: 0, ignored: 0 }));
        assert_eq!(plain("all is well"), None);
        assert_eq!(plain("x passed, 0 failed"), None);
    }
}
