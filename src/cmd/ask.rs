//! `ask`: asks the user of the session a line, on the session's real terminal, which it is lent for that; so the editing,
//! its history and the completion of files are a library's.

use std::env;
use std::io::{self, BufRead, Read};
use std::os::fd::AsFd;

use rustyline::completion::FilenameCompleter;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Behavior, CompletionType, Config, Editor};

use super::connection::{Client, own};
use super::lend;
use super::lend::Lent;
use super::output::refused;
use super::output::{complain, print, say};
use super::{answer, session};
use crate::error::Failure;
use crate::sys::line_file::LineFile;
use crate::sys::tty::Unechoed;
use crate::types::reason;

/// The longest answer.
const LIMIT: u64 = 64 * 1024;
/// How many answers are kept for the next time.
const MOST_ANSWERS: usize = 1000;
/// The status where the user gave none: Ctrl-D; Ctrl-C, as a shell has it.
const NO_ANSWER: u8 = 1;
const INTERRUPTED: u8 = 130;

/// Asks in the session; the exit status.
pub(super) fn run(client: &mut Client, prompt: &str, default: &str, secret: bool) -> Result<u8, Failure> {
    let coshell =
        env::current_exe().map_err(|error| own(&format!("coshell itself was not found: {}", reason(&error))))?;
    let coshell = coshell.to_string_lossy().into_owned();
    let (reads, writes) = io::pipe().map_err(|error| own(&format!("no pipe could be made: {}", reason(&error))))?;
    let flag = secret.then_some("--secret");
    let words = ["ask", "--here", "--default", default].into_iter().chain(flag).chain(["--", prompt]);
    let command: Vec<String> = [coshell].into_iter().chain(words.map(str::to_owned)).collect();
    let status = match lend::lend(client, &command, &[(1, writes.as_fd())])? {
        Lent::Ended(status) => status,
        // Nobody writes to the pipe.
        Lent::Refused(sentence) => return Ok(refused(&sentence)),
    };
    drop(writes);
    let mut line = String::new();
    reads
        .take(LIMIT)
        .read_to_string(&mut line)
        .map_err(|error| own(&format!("the answer was lost: {}", reason(&error))))?;
    print(&line)?;
    Ok(status)
}

/// Asks on this terminal; the exit status.
pub(super) fn here(prompt: &str, default: &str) -> Result<u8, Failure> {
    let failed = |error: ReadlineError| own(&format!("the line could not be read: {}", cause(&error)));
    let config = Config::builder().behavior(Behavior::PreferTerm).completion_type(CompletionType::List).build();
    let mut editor = Editor::with_history(config, MemHistory::new()).map_err(failed)?;
    let kept = LineFile::new(session::state("answers"), MOST_ANSWERS);
    for line in told(kept.recall()).unwrap_or_default() {
        editor.add_history_entry(line).map_err(failed)?;
    }
    editor.set_helper(Some(Files { completer: FilenameCompleter::new() }));
    match editor.readline_with_initial(&answer::shown(prompt), (default, "")) {
        Ok(line) => {
            if !line.trim().is_empty() && !line.contains(char::is_control) {
                told(kept.keep(&line));
            }
            print(&format!("{line}\n"))?;
            Ok(0)
        }
        Err(ReadlineError::Eof) => Ok(NO_ANSWER),
        Err(ReadlineError::Interrupted) => Ok(INTERRUPTED),
        Err(error) => Err(failed(error)),
    }
}

/// Asks on this terminal without showing what is typed; the exit status.
pub(super) fn secret(prompt: &str) -> Result<u8, Failure> {
    let failed = |error: io::Error| own(&format!("the line could not be read: {}", reason(&error)));
    let hidden = Unechoed::begin(&io::stdin()).map_err(failed)?;
    say(&answer::shown(prompt));
    let mut line = String::new();
    let read = io::stdin().lock().take(LIMIT).read_line(&mut line).map_err(failed)?;
    drop(hidden);
    say("\n");
    print(&line)?;
    Ok(if read == 0 { NO_ANSWER } else { 0 })
}

/// Returns why a line could not be read, without the numbers and names of errno.
fn cause(error: &ReadlineError) -> String {
    match error {
        ReadlineError::Io(error) => reason(error),
        ReadlineError::Errno(errno) => errno.desc().to_owned(),
        other => other.to_string(),
    }
}

/// What came of the history; a bad one is told of, and no reason to give no answer.
fn told<T>(result: Result<T, String>) -> Option<T> {
    result.inspect_err(|sentence| complain(sentence)).ok()
}

/// Completes the names of files.
#[derive(rustyline::Helper, rustyline::Completer, rustyline::Hinter, rustyline::Highlighter, rustyline::Validator)]
struct Files {
    #[rustyline(Completer)]
    completer: FilenameCompleter,
}
