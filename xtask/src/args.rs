//! The command line: words and options, everything unknown refused.

use crate::run::{Failure, Result};

/// What stands after `cargo xtask`, taken apart piece by piece.
pub struct Args(Vec<String>);

impl Args {
    /// The arguments of this process.
    pub fn from_env() -> Self {
        Self(std::env::args().skip(1).collect())
    }

    /// Takes the first argument, if it is not an option.
    pub fn word(&mut self) -> Option<String> {
        let first = self.0.first()?;
        (!first.starts_with('-')).then(|| self.0.remove(0))
    }

    /// Whether help is asked for instead of the deed. Only the first argument after the command counts, since
    /// `bench` hands the others on.
    pub fn wants_help(&self) -> bool {
        matches!(self.0.first().map(String::as_str), Some("--help" | "-h"))
    }

    /// Takes a flag such as `--opt`.
    pub fn flag(&mut self, name: &str) -> bool {
        let place = self.0.iter().position(|argument| argument == name);
        place.map(|place| self.0.remove(place)).is_some()
    }

    /// Takes a number given as `--name N` or `--name=N`.
    pub fn number(&mut self, name: &str, default: u16) -> Result<u16> {
        let Some(place) = self.0.iter().position(|argument| argument.split('=').next() == Some(name)) else {
            return Ok(default);
        };
        let argument = self.0.remove(place);
        let value = match argument.split_once('=') {
            Some((_, value)) => value.to_string(),
            None if place < self.0.len() => self.0.remove(place),
            None => String::new(),
        };
        value
            .parse()
            .map_err(|_| Failure::new(format!("{name} wants a number from 0 to 65535, got `{value}`")))
    }

    /// All that is left, to be handed on.
    pub fn rest(self) -> Vec<String> {
        self.0
    }

    /// Refuses whatever was not taken.
    pub fn done(self) -> Result<()> {
        match self.0.first() {
            None => Ok(()),
            Some(argument) => Err(Failure::new(format!("`{argument}` means nothing here: try --help"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Args {
        Args(line.split_whitespace().map(String::from).collect())
    }

    #[test]
    fn takes_words_flags_and_numbers_in_any_order() {
        let mut a = args("demo --no-serve --port 8080");
        assert_eq!(a.word().as_deref(), Some("demo"));
        assert_eq!(a.number("--port", 5199).ok(), Some(8080));
        assert!(a.flag("--no-serve"));
        assert!(!a.flag("--no-serve"));
        assert!(a.done().is_ok());
        assert_eq!(args("--port=81").number("--port", 1).ok(), Some(81));
        assert_eq!(args("").number("--port", 1).ok(), Some(1));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        assert!(args("--port").number("--port", 1).is_err());
        assert!(args("--port 99999").number("--port", 1).is_err());
        assert!(args("--prot 1").done().is_err());
    }
}
