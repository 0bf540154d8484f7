//! Completes coshell's own command line. The scripts for bash, zsh and fish ask coshell at each Tab what may stand at the
//! cursor, since only coshell knows its grammar and what runs. The scripts for the other shells are generated and know the
//! options and subcommands.
//!
//! The answer has a line for each word that is offered: the word, a tab, and what it is for. A line without a word names
//! what the shell itself completes: `files`, the words of a `command` behind `--`, or a command `line` in one word.

mod values;

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{self, PathBuf};

use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};
use clap_complete::{Shell, generate};

use super::answer::shown;
use crate::cli;

const BASH: &str = include_str!("bash");
const ZSH: &str = include_str!("zsh");
const FISH: &str = include_str!("fish");

/// What the identifiers of candidates that the shell completes begin with.
const BY_SHELL: &str = "shell::";
const COMMAND: &str = "command";
/// What stands between the options and a command.
const DASHES: &str = "--";

/// The script that a start-up file of this shell takes in.
pub(super) fn script(shell: Shell) -> String {
    let with_program = |script: &str| script.replace("@COSHELL@", &program(shell));
    match shell {
        Shell::Bash => with_program(BASH),
        Shell::Zsh => with_program(ZSH),
        Shell::Fish => with_program(FISH),
        other => {
            let mut script = Vec::new();
            generate(other, &mut cli::command(), "coshell", &mut script);
            String::from_utf8_lossy(&script).into_owned()
        }
    }
}

/// How a script calls coshell: by its name, or by its path where it was called by one and may not be in `$PATH`.
fn program(shell: Shell) -> String {
    let called = env::args_os().next().map(PathBuf::from).filter(|called| called.components().count() > 1);
    let path = called.and_then(|called| path::absolute(called).ok()?.into_os_string().into_string().ok());
    let Some(path) = path else { return "coshell".to_owned() };
    // Between single quotes a backslash is plain but in fish.
    let path = if shell == Shell::Fish { path.replace('\\', "\\\\") } else { path };
    format!("'{}'", path.replace('\'', r"'\''"))
}

/// What may stand in place of the last of these words, of which the first is coshell itself.
pub(super) fn offered(words: &[OsString]) -> String {
    let Some((last, before)) = words.split_last() else { return String::new() };
    let mut candidates = found(words);
    if last == "-" {
        // The engine offers an option by its letter alone, if it has one.
        candidates.retain(|candidate| !candidate.get_value().as_encoded_bytes().starts_with(DASHES.as_bytes()));
        let long: Vec<OsString> = before.iter().cloned().chain([DASHES.into()]).collect();
        candidates.extend(found(&long).into_iter().filter(|candidate| by_shell(candidate).is_none()));
    }
    candidates.retain(|candidate| !candidate.is_hide_set());
    let behind_dashes = before.iter().any(|word| word == DASHES);
    let mut lines: Vec<String> =
        candidates.iter().filter_map(|candidate| line(candidate, behind_dashes, last)).collect();
    if last.is_empty() && lines.iter().any(|line| !line.starts_with('-')) {
        lines.retain(|line| !line.starts_with('-'));
    }
    lines.concat()
}

fn found(words: &[OsString]) -> Vec<CompletionCandidate> {
    let session = values::session(words);
    let command = cli::command_of(words).map(|command| prepared(command, session.as_deref()));
    let last = words.len().saturating_sub(1);
    // It fails only where there is no last word.
    command.and_then(|mut command| complete(&mut command, words.to_vec(), last, None).ok()).unwrap_or_default()
}

/// The command line with what completes the value of each argument.
fn prepared(command: Command, session: Option<&str>) -> Command {
    let command = command.mut_args(|arg| match (values::of(&arg, session), left_to_shell(&arg)) {
        (Some(candidates), _) => arg.add(candidates),
        (None, Some(what)) => arg.add(ArgValueCompleter::new(move |_: &OsStr| {
            vec![CompletionCandidate::new("").id(Some(format!("{BY_SHELL}{what}")))]
        })),
        (None, None) => arg,
    });
    command.mut_subcommands(|below| prepared(below, session))
}

fn left_to_shell(arg: &Arg) -> Option<&'static str> {
    match arg.get_value_hint() {
        ValueHint::FilePath => Some("files"),
        ValueHint::CommandString => Some("line"),
        ValueHint::CommandWithArguments => Some(COMMAND),
        _ => None,
    }
}

/// What the shell is to complete in place of this candidate.
fn by_shell(candidate: &CompletionCandidate) -> Option<&str> {
    candidate.get_id()?.strip_prefix(BY_SHELL)
}

/// The line that tells of a candidate. A command stands behind the dashes only: before them, they are offered.
fn line(candidate: &CompletionCandidate, behind_dashes: bool, last: &OsString) -> Option<String> {
    let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
    let word = candidate.get_value().to_str()?;
    match by_shell(candidate) {
        Some(COMMAND) if !behind_dashes => {
            let wanted = DASHES.as_bytes().starts_with(last.as_encoded_bytes());
            wanted.then(|| format!("{DASHES}\ta command stands behind it\n"))
        }
        Some(what) => Some(format!("\t{what}\n")),
        // One that no shell could be told of in a line is not offered.
        None if word.is_empty() || word.contains(char::is_control) => None,
        None => Some(format!("{word}\t{}\n", shown(help.lines().next().unwrap_or_default()))),
    }
}
