//! What the start-up files of shells take in: the marks of prompts and commands, and completions. The marks are files of
//! their own in `integration`, in the language of each shell. No session is needed.

use std::io::{self, Write as _};

use clap_complete::Shell;

use crate::cli::{self, Marked};

const BASH: &str = include_str!("integration/bash");
const ZSH: &str = include_str!("integration/zsh");
const FISH: &str = include_str!("integration/fish");

/// Prints what makes this shell mark its prompts and commands; the exit status.
pub fn integration(shell: Marked) -> u8 {
    print(match shell {
        Marked::Bash => BASH,
        Marked::Zsh => ZSH,
        Marked::Fish => FISH,
    })
}

/// Prints what completes coshell's command line in this shell; the exit status.
pub fn completions(shell: Shell) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "coshell", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// A start-up file must not take half a script for all of it.
fn print(script: &str) -> u8 {
    let mut out = io::stdout().lock();
    u8::from(out.write_all(script.as_bytes()).and_then(|()| out.flush()).is_err())
}
