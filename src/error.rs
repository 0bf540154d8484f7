//! What can be refused at the start, in sentences that name the thing and the remedy.

use std::error::Error;
use std::fmt;

use crate::words::Exit;

/// An option that makes no sense as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    option: String,
    reason: String,
}

impl Usage {
    /// The option without its dashes, and why it is refused.
    pub fn new(option: &str, reason: &str) -> Self {
        Self { option: option.to_owned(), reason: reason.to_owned() }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--{}: {}", self.option, self.reason)
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
            Self::Own(_) => Exit::FAILED.status(),
            Self::CannotRun(_) => 126,
            Self::NotFound(_) => 127,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(usage) => write!(f, "coshell: {usage}\nTry 'coshell --help'."),
            Self::Own(sentence) | Self::CannotRun(sentence) | Self::NotFound(sentence) => f.write_str(sentence),
        }
    }
}

impl Error for Failure {}
