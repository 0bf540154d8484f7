//! What the start-up files of shells take in: the marks of prompts and commands, and completions. The marks are files of
//! their own in `integration`, in the language of each shell. No session is needed.

use std::ffi::OsString;

use clap_complete::Shell;

use super::completion;
use super::output::{Pager, print};
use crate::cli::MarkedShell;
use crate::error::Failure;

const BASH: &str = include_str!("integration/bash");
const ZSH: &str = include_str!("integration/zsh");
const FISH: &str = include_str!("integration/fish");

/// Prints what makes this shell mark its prompts and commands; the exit status.
pub fn integration(shell: MarkedShell) -> Result<u8, Failure> {
    whole(match shell {
        MarkedShell::Bash => BASH,
        MarkedShell::Zsh => ZSH,
        MarkedShell::Fish => FISH,
    })
}

/// Prints what completes coshell's command line in this shell, or what that asks for while these words are typed; the exit
/// status.
pub fn completions(shell: Shell, words: &[OsString]) -> Result<u8, Failure> {
    whole(&if words.is_empty() { completion::script(shell) } else { completion::offered(words) })
}

/// A start-up file must not take half a script for all of it.
fn whole(script: &str) -> Result<u8, Failure> {
    Ok(u8::from(print(script)? == Pager::Gone))
}
