//! Errors that end coshell before or instead of a session, with their exit statuses.

use std::error::Error;
use std::fmt;

use crate::types::ExitStatus;

/// An error of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    sentence: String,
    /// Subcommand whose `--help` is suggested; empty for a session.
    subcommand: String,
}

impl Usage {
    /// Creates the error `reason` about `option`, which is given without its dashes.
    pub fn new(option: &str, reason: impl fmt::Display) -> Self {
        Self::of("", &format!("--{option}: {reason}"))
    }

    /// Creates an error with the text `sentence` about the arguments of `subcommand`, which is empty for a session.
    pub fn of(subcommand: &str, sentence: &str) -> Self {
        Self { sentence: sentence.to_owned(), subcommand: subcommand.to_owned() }
    }

    /// Returns the command that prints the help.
    fn page(&self) -> String {
        ["coshell", &self.subcommand, "--help"]
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl Error for Usage {}

/// Why coshell failed.
#[derive(Debug)]
pub enum Failure {
    /// The command line is wrong.
    Usage(Usage),
    /// The configuration has faults, shown with their places in this text.
    Configuration(String),
    /// coshell itself failed. The text of this and the following variants is a whole message.
    Internal(String),
    /// The program was found but could not be run.
    CannotRun(String),
    /// The program was not found.
    NotFound(String),
}

impl Failure {
    /// Returns the exit status, as EXIT STATUS in the man page lists it.
    pub fn status(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Configuration(_) => 2,
            Self::Internal(_) => ExitStatus::FAILED.status(),
            Self::CannotRun(_) => 126,
            Self::NotFound(_) => 127,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(usage) => write!(f, "coshell: {usage}\nTry '{}'.", usage.page()),
            Self::Configuration(sentence)
            | Self::Internal(sentence)
            | Self::CannotRun(sentence)
            | Self::NotFound(sentence) => f.write_str(sentence),
        }
    }
}

impl Error for Failure {}
