//! Prints the scripts for the start-up files of shells: prompt marks (`integration/`) and completions. Needs no session.

use std::ffi::OsString;

use clap_complete::Shell;

use super::completion;
use super::output::{Pager, print};
use crate::cli::MarkedShell;
use crate::error::Failure;

const BASH: &str = include_str!("integration/bash");
const ZSH: &str = include_str!("integration/zsh");
const FISH: &str = include_str!("integration/fish");

/// Prints the script that makes `shell` mark prompts and commands; returns the exit status.
pub fn integration(shell: MarkedShell) -> Result<u8, Failure> {
    print_script(match shell {
        MarkedShell::Bash => BASH,
        MarkedShell::Zsh => ZSH,
        MarkedShell::Fish => FISH,
    })
}

/// Prints the completion script of `shell` or, if there are words, the completions of the last word; returns the exit status.
pub fn completions(shell: Shell, words: &[OsString]) -> Result<u8, Failure> {
    print_script(&if words.is_empty() { completion::script(shell) } else { completion::candidates(words) })
}

/// Prints a script. A closed pipe is a failure here: the shell must not evaluate half a script.
fn print_script(script: &str) -> Result<u8, Failure> {
    Ok(u8::from(print(script)? == Pager::Gone))
}
