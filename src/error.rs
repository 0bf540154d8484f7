//! What can be refused at the start, in sentences that name the thing and the remedy.

use std::error::Error;
use std::fmt;

use crate::types::ExitStatus;

/// A fault of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    sentence: String,
    /// The subcommand whose page of help says more; empty for a session.
    subcommand: String,
}

impl Usage {
    /// Creates the refusal of `option`, which is without its dashes, with a sentence about it.
    pub fn new(option: &str, reason: impl fmt::Display) -> Self {
        Self::of("", &format!("--{option}: {reason}"))
    }

    /// A whole sentence about the arguments of `subcommand`, which is empty for a session.
    pub fn of(subcommand: &str, sentence: &str) -> Self {
        Self { sentence: sentence.to_owned(), subcommand: subcommand.to_owned() }
    }

    /// Returns the command that prints the page of help.
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

/// Why there is no session.
#[derive(Debug)]
pub enum Failure {
    /// An option makes no sense.
    Usage(Usage),
    /// coshell itself failed; a whole sentence.
    Own(String),
    /// The program could not be run.
    CannotRun(String),
    /// The program was not found.
    NotFound(String),
}

impl Failure {
    /// The exit status (SPEC 1).
    pub fn status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Own(_) => ExitStatus::FAILED.status(),
            Self::CannotRun(_) => 126,
            Self::NotFound(_) => 127,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(usage) => write!(f, "coshell: {usage}\nTry '{}'.", usage.page()),
            Self::Own(sentence) | Self::CannotRun(sentence) | Self::NotFound(sentence) => f.write_str(sentence),
        }
    }
}

impl Error for Failure {}
