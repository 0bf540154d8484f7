//! A command line for `/bin/sh -c`, and its form in messages.

use std::error::Error;
use std::fmt;

use super::width::{max_width, truncate_to_width};
use crate::display::one_line;

/// Maximum columns of a command line in a message, quotes included.
const NAME: usize = 42;

/// A command line for `/bin/sh -c`, with its parameters and environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// The command line as configured.
    pub command: String,
    /// The parameters `$0`, `$1`, ...: the groups of a trigger's match, which are never part of the command line's
    /// text.
    pub args: Vec<Vec<u8>>,
    /// Environment variables besides those of every coprocess.
    pub env: Vec<(String, Vec<u8>)>,
}

impl CommandLine {
    /// Creates a command line without parameters and variables.
    pub fn new(command: String) -> Self {
        Self { command, args: Vec::new(), env: Vec::new() }
    }
}

/// Returns a command line in quotes for a message, truncated to 42 columns.
pub fn named(command: &str) -> String {
    quoted(command, NAME)
}

/// Returns a command line in quotes, without control characters, and truncated to `most` columns.
pub(super) fn quoted(command: &str, most: usize) -> String {
    let clean = one_line(command);
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
            Self::Nul => "the command contains a NUL character; remove it",
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
    fn quoted_command_fits_its_columns() {
        for (command, most, expected) in [
            ("bot", 5, "\"bot\""),
            ("bot -x", 8, "\"bot -x\""),
            ("bot -xy", 8, "\"bot...\""),
            ("a\x1b\n\u{202e}b", 12, "\"a b\""),
            ("\u{4e2d}\u{4e2d}\u{4e2d}", 7, "\"\u{4e2d}...\""),
            ("\u{e9}\u{e9}\u{e9}\u{e9}", 6, "\"\u{e9}\u{e9}\u{e9}\u{e9}\""),
        ] {
            assert_eq!(quoted(command, most), expected);
        }
    }
}
