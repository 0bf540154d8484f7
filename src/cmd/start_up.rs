//! What the start-up files of shells take in: the marks of prompts and commands, and completions. The marks are files of
//! their own in `integration`, in the language of each shell. No session is needed.

use clap_complete::Shell;

use super::output::{Reader, print};
use crate::cli::{self, Marked};
use crate::error::Failure;

const BASH: &str = include_str!("integration/bash");
const ZSH: &str = include_str!("integration/zsh");
const FISH: &str = include_str!("integration/fish");

/// Prints what makes this shell mark its prompts and commands; the exit status.
pub fn integration(shell: Marked) -> Result<u8, Failure> {
    whole(match shell {
        Marked::Bash => BASH,
        Marked::Zsh => ZSH,
        Marked::Fish => FISH,
    })
}

/// Prints what completes coshell's command line in this shell; the exit status.
pub fn completions(shell: Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "coshell", &mut script);
    whole(&String::from_utf8_lossy(&script))
}

/// A start-up file must not take half a script for all of it.
fn whole(script: &str) -> Result<u8, Failure> {
    Ok(u8::from(print(script)? == Reader::Gone))
}
