//! Completes coshell's own command line. The scripts for bash, zsh and fish call coshell at each Tab, because only coshell
//! knows its grammar, the running sessions and their triggers. The scripts for other shells are generated and complete
//! options and subcommands only.
//!
//! The output has one line per candidate: the word, a tab and a description. A line without a word names a kind of word
//! that the shell completes: `files`, `directories`, the words of a `command` after `--`, or a command `line` in one word.

mod values;

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{self, PathBuf};

use clap::{Arg, Command, ValueHint};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};
use clap_complete::{Shell, generate};

use crate::cli;
use crate::display::{is_control, one_line};

const BASH: &str = include_str!("bash");
const ZSH: &str = include_str!("zsh");
const FISH: &str = include_str!("fish");

/// Prefix of the identifiers of candidates that the shell completes.
const BY_SHELL: &str = "shell::";
const COMMAND: &str = "command";
/// Separator between the options and the wrapped command.
const DASHES: &str = "--";

/// Returns the completion script of `shell`.
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

/// Returns the word with which the script calls coshell: its path if coshell was called by path, else its name.
fn program(shell: Shell) -> String {
    let called = env::args_os().next().map(PathBuf::from).filter(|called| called.components().count() > 1);
    let path = called.and_then(|called| path::absolute(called).ok()?.into_os_string().into_string().ok());
    let Some(path) = path else { return "coshell".to_owned() };
    // fish interprets a backslash between single quotes.
    let path = if shell == Shell::Fish { path.replace('\\', "\\\\") } else { path };
    format!("'{}'", path.replace('\'', r"'\''"))
}

/// Returns the candidates for the last of `words`, one per line. The first word is coshell itself.
pub(super) fn candidates(words: &[OsString]) -> String {
    let Some((last, before)) = words.split_last() else { return String::new() };
    let mut candidates = complete_last(words);
    if last == "-" {
        // clap offers an option with a letter only by that letter.
        candidates.retain(|candidate| !candidate.get_value().as_encoded_bytes().starts_with(DASHES.as_bytes()));
        let long: Vec<OsString> = before.iter().cloned().chain([DASHES.into()]).collect();
        candidates.extend(complete_last(&long).into_iter().filter(|candidate| by_shell(candidate).is_none()));
    }
    candidates.retain(|candidate| !candidate.is_hide_set());
    let after_dashes = before.iter().any(|word| word == DASHES);
    let mut lines: Vec<String> =
        candidates.iter().filter_map(|candidate| line(candidate, after_dashes, last)).collect();
    if last.is_empty() && lines.iter().any(|line| !line.starts_with('-')) {
        lines.retain(|line| !line.starts_with('-'));
    }
    lines.concat()
}

/// Returns the candidates of clap's completion engine for the last of `words`.
fn complete_last(words: &[OsString]) -> Vec<CompletionCandidate> {
    let context = values::Context::of(words);
    let command = cli::command_of(words).map(|command| with_completers(command, &context));
    let last = words.len().saturating_sub(1);
    // `complete` fails only without a last word.
    command.and_then(|mut command| complete(&mut command, words.to_vec(), last, None).ok()).unwrap_or_default()
}

/// Adds completers for the values of arguments to `command`.
fn with_completers(command: Command, context: &values::Context) -> Command {
    let command = command.mut_args(|arg| match (values::of(&arg, context), left_to_shell(&arg)) {
        (Some(candidates), _) => arg.add(candidates),
        (None, Some(what)) => arg.add(ArgValueCompleter::new(move |_: &OsStr| {
            vec![CompletionCandidate::new("").id(Some(format!("{BY_SHELL}{what}")))]
        })),
        (None, None) => arg,
    });
    command.mut_subcommands(|below| with_completers(below, context))
}

fn left_to_shell(arg: &Arg) -> Option<&'static str> {
    match arg.get_value_hint() {
        ValueHint::FilePath => Some("files"),
        ValueHint::DirPath => Some("directories"),
        ValueHint::CommandString => Some("line"),
        ValueHint::CommandWithArguments => Some(COMMAND),
        _ => None,
    }
}

/// Returns the kind of word that the shell completes in place of this candidate.
fn by_shell(candidate: &CompletionCandidate) -> Option<&str> {
    candidate.get_id()?.strip_prefix(BY_SHELL)
}

/// Returns the output line for a candidate. Before `--`, a command is offered as `--`.
fn line(candidate: &CompletionCandidate, after_dashes: bool, last: &OsString) -> Option<String> {
    let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
    let word = candidate.get_value().to_str()?;
    match by_shell(candidate) {
        Some(COMMAND) if !after_dashes => {
            let wanted = DASHES.as_bytes().starts_with(last.as_encoded_bytes());
            wanted.then(|| format!("{DASHES}\tend of the options; the command follows\n"))
        }
        Some(what) => Some(format!("\t{what}\n")),
        // The line format cannot represent such a word.
        None if word.is_empty() || word.contains(is_control) => None,
        None => Some(format!("{word}\t{}\n", one_line(help.lines().next().unwrap_or_default()))),
    }
}
