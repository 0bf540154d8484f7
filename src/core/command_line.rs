//! A command to run by `/bin/sh -c`, what it is given, and how a sentence names it. It starts nothing.

use std::error::Error;
use std::fmt;

use super::width::{without_controls, truncate_to_width, max_width};

/// What a sentence shows of a command line, quotes included.
const NAME: usize = 42;

/// A command to run by `/bin/sh -c`, and what it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// The command line, as it was configured.
    pub command: String,
    /// `$0`, `$1`, ... of the command line: what a trigger matched. Never part of its text.
    pub args: Vec<Vec<u8>>,
    /// Environment variables besides coshell's own.
    pub env: Vec<(String, Vec<u8>)>,
}

impl CommandLine {
    /// A command that is given nothing.
    pub fn new(command: String) -> Self {
        Self { command, args: Vec::new(), env: Vec::new() }
    }
}

/// A command line as a sentence names it: not longer than a sentence bears.
pub fn named(command: &str) -> String {
    quoted(command, NAME)
}

/// A command line as it is shown: in quotes, without control characters, and at most so many columns wide.
pub(super) fn quoted(command: &str, most: usize) -> String {
    let clean = without_controls(command);
    if max_width(&clean) + 2 <= most {
        return format!("\"{clean}\"");
    }
    format!("\"{}...\"", truncate_to_width(&clean, most.saturating_sub(5)))
}

/// Reason why `/bin/sh -c` cannot run a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandLineError {
    /// The command line is empty or blank.
    Empty,
    /// The command line contains a NUL character: execve(2) takes none.
    Nul,
}

impl Error for CommandLineError {}

impl fmt::Display for CommandLineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the command is empty; write the command line that /bin/sh should run",
            Self::Nul => "the command contains a NUL character, which no command line can; remove it",
        })
    }
}

/// Returns the command line `text` if `/bin/sh -c` can run it.
pub fn check_command(text: &str) -> Result<String, CommandLineError> {
    match text {
        text if text.trim().is_empty() => Err(CommandLineError::Empty),
        text if text.contains('\0') => Err(CommandLineError::Nul),
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_fits() {
        for (command, most, expected) in [
            ("bot", 5, "\"bot\""),
            ("bot -x", 8, "\"bot -x\""),
            ("bot -xy", 8, "\"bot...\""),
            ("a\x1bb", 12, "\"a b\""),
            ("\u{4e2d}\u{4e2d}\u{4e2d}", 7, "\"\u{4e2d}...\""),
            ("\u{e9}\u{e9}\u{e9}\u{e9}", 6, "\"\u{e9}\u{e9}\u{e9}\u{e9}\""),
        ] {
            assert_eq!(quoted(command, most), expected);
        }
    }
}
