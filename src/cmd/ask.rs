//! `ask`: asks the user of the session a line, on the session's real terminal, which it is lent for that; so the editing,
//! its history and the completion of files are a library's.

use std::env;
use std::io::{self, Read};
use std::os::fd::AsFd;

use rustyline::completion::FilenameCompleter;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Behavior, CompletionType, Config, Editor};

use super::client::{Client, own, print};
use super::{answer, lend};
use crate::error::Failure;

/// The longest answer.
const LIMIT: u64 = 64 * 1024;
/// The status where the user gave none: Ctrl-D; Ctrl-C, as a shell has it.
const NO_ANSWER: u8 = 1;
const INTERRUPTED: u8 = 130;

/// Asks in the session; the exit status.
pub(super) fn run(client: &mut Client, prompt: &str, default: &str) -> Result<u8, Failure> {
    let coshell = env::current_exe().map_err(|error| own(&format!("coshell itself was not found: {error}")))?;
    let coshell = coshell.to_string_lossy().into_owned();
    let (reads, writes) = io::pipe().map_err(|error| own(&format!("no pipe could be made: {error}")))?;
    let words = ["ask", "--here", "--default", default, "--", prompt].map(str::to_owned);
    let command: Vec<String> = [coshell].into_iter().chain(words).collect();
    let status = lend::lend(client, &command, &[(1, writes.as_fd())])?;
    drop(writes);
    let mut line = String::new();
    reads.take(LIMIT).read_to_string(&mut line).map_err(|error| own(&format!("the answer was lost: {error}")))?;
    print(&line);
    Ok(status)
}

/// Asks on this terminal; the exit status.
pub(super) fn here(prompt: &str, default: &str) -> Result<u8, Failure> {
    let failed = |error: ReadlineError| own(&format!("the line could not be read: {error}"));
    let config = Config::builder().behavior(Behavior::PreferTerm).completion_type(CompletionType::List).build();
    let mut editor = Editor::with_history(config, MemHistory::new()).map_err(failed)?;
    editor.set_helper(Some(Files { completer: FilenameCompleter::new() }));
    match editor.readline_with_initial(&answer::shown(prompt), (default, "")) {
        Ok(line) => {
            print(&format!("{line}\n"));
            Ok(0)
        }
        Err(ReadlineError::Eof) => Ok(NO_ANSWER),
        Err(ReadlineError::Interrupted) => Ok(INTERRUPTED),
        Err(error) => Err(failed(error)),
    }
}

/// Completes the names of files.
#[derive(rustyline::Helper, rustyline::Completer, rustyline::Hinter, rustyline::Highlighter, rustyline::Validator)]
struct Files {
    #[rustyline(Completer)]
    completer: FilenameCompleter,
}
