//! Runs one kind after the other, keeps their outputs, and prints the table.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::counts::Counts;
use crate::paths;
use crate::run::{Failure, Result, say, seconds};

/// What a kind consists of.
pub enum Unit {
    /// One check, by its exit code.
    Check,
    /// Tests, counted in the runner's output.
    Tests(fn(&str) -> Option<Counts>),
}

struct Row {
    kind: &'static str,
    unit: &'static str,
    counts: Counts,
    time: String,
}

/// The rows so far.
#[derive(Default)]
pub struct Report(Vec<Row>);

impl Report {
    /// Runs the command. Its output is kept in target/xtask/log, and shown if it fails or ran no test.
    pub fn tests(
        &mut self,
        kind: &'static str,
        start: Instant,
        command: &mut Command,
        unit: Unit,
    ) -> Result<()> {
        let log = paths::scratch().join("log").join(format!("{}.txt", kind.replace(' ', "-")));
        say("test", format!("{kind} ..."));
        let (success, output) = execute(command, &log)?;
        let (name, counts) = match unit {
            Unit::Check => {
                ("checks", Counts { passed: success.into(), failed: (!success).into(), ignored: 0 })
            }
            Unit::Tests(count) => ("tests", count(&output).unwrap_or_default()),
        };
        let complaint = complaint(success, counts);
        // A runner that fell over counts as a failure, whatever it had counted until then.
        let failed = counts.failed.max(complaint.is_some().into());
        self.0.push(Row { kind, unit: name, counts: Counts { failed, ..counts }, time: seconds(start) });
        let Some(complaint) = complaint else { return Ok(()) };
        println!("{}", output.trim_end());
        Err(Failure::new(format!("{kind}: {complaint} (its output is above, and in {})", log.display())))
    }

    /// Records a step that failed before its tests could run.
    pub fn broken<T>(&mut self, kind: &'static str, start: Instant, result: Result<T>) -> Result<T> {
        result.inspect_err(|_| {
            let counts = Counts { failed: 1, ..Counts::default() };
            self.0.push(Row { kind, unit: "checks", counts, time: seconds(start) });
        })
    }

    /// Prints the table and the closing line.
    pub fn print(&self) {
        println!("\n{:<18}{:>8}{:>8}{:>9}  {:<8}{:>9}", "kind", "passed", "failed", "ignored", "", "time");
        for Row { kind, unit, counts, time } in &self.0 {
            let Counts { passed, failed, ignored } = counts;
            println!("{kind:<18}{passed:>8}{failed:>8}{ignored:>9}  {unit:<8}{time:>9}");
        }
        let total = self.total();
        println!("\ntotal: {} passed, {} failed", total.passed, total.failed);
        let _ = std::io::stdout().flush();
    }

    /// Tests, and checks that failed. Checks that passed are no tests, unless there is nothing else.
    fn total(&self) -> Counts {
        let only_checks = self.0.iter().all(|row| row.unit == "checks");
        self.0.iter().fold(Counts::default(), |sum, row| {
            let counted = if row.unit == "tests" || only_checks { row.counts.passed } else { 0 };
            sum + Counts { passed: counted, ..row.counts }
        })
    }
}

/// Why this is no success, if it is none.
fn complaint(success: bool, counts: Counts) -> Option<String> {
    match (success, counts) {
        (_, Counts { failed: 1.., .. }) => Some(format!("{} failed", counts.failed)),
        (false, _) => Some("the command failed".into()),
        (true, Counts { passed: 0, .. }) => Some("no test ran".into()),
        (true, _) => None,
    }
}

/// Both streams into one file, in the order in which they came.
fn execute(command: &mut Command, log: &std::path::Path) -> Result<(bool, String)> {
    let parent = log.parent().unwrap_or(log);
    fs::create_dir_all(parent).map_err(|error| Failure::io("create", parent, &error))?;
    let file = fs::File::create(log).map_err(|error| Failure::io("create", log, &error))?;
    let twin = file.try_clone().map_err(|error| Failure::io("open", log, &error))?;
    let status = command.stdin(Stdio::null()).stdout(file).stderr(twin).status();
    let status = status.map_err(|error| {
        Failure::new(format!("cannot start {}: {error}", command.get_program().to_string_lossy()))
    })?;
    let output = fs::read(log).map_err(|error| Failure::io("read", log, &error))?;
    Ok((status.success(), String::from_utf8_lossy(&output).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(unit: &'static str, passed: usize, failed: usize) -> Row {
        Row { kind: "k", unit, counts: Counts { passed, failed, ignored: 0 }, time: String::new() }
    }

    #[test]
    fn checks_count_as_tests_only_when_they_fail_or_stand_alone() {
        let total = |rows| Report(rows).total();
        let sum = |passed, failed| Counts { passed, failed, ignored: 0 };
        assert_eq!(total(vec![row("checks", 1, 0), row("tests", 5, 1)]), sum(5, 1));
        assert_eq!(total(vec![row("checks", 0, 1), row("tests", 5, 0)]), sum(5, 1));
        assert_eq!(total(vec![row("checks", 1, 0), row("checks", 1, 0)]), sum(2, 0));
    }

    #[test]
    fn only_a_run_of_tests_that_all_passed_is_a_success() {
        let counts = |passed, failed| Counts { passed, failed, ignored: 0 };
        assert_eq!(complaint(true, counts(3, 0)), None);
        assert!(complaint(true, counts(0, 0)).is_some());
        assert!(complaint(false, counts(3, 0)).is_some());
        assert!(complaint(true, counts(3, 1)).is_some());
    }

    #[test]
    fn a_runner_that_fails_is_a_row_and_an_error() -> Result<()> {
        let mut report = Report::default();
        let run = |report: &mut Report, script: &str| {
            let unit = Unit::Tests(super::super::counts::plain);
            report.tests("self test", Instant::now(), Command::new("sh").args(["-c", script]), unit)
        };
        run(&mut report, "echo 3 passed, 0 failed")?;
        assert!(run(&mut report, "echo 3 passed, 0 failed; exit 1").is_err());
        assert!(run(&mut report, "echo nothing").is_err());
        assert_eq!(report.total(), Counts { passed: 6, failed: 2, ignored: 0 });
        Ok(())
    }
}
