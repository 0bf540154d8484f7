//! `coshell ask`: reads a line from the user of the session. The session lends its real terminal to a second coshell
//! (`ask --here`), where a library provides line editing, history and file completion.

use std::env;
use std::io::{self, BufRead, Read};
use std::os::fd::AsFd;

use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Behavior, CompletionType, Config, Context, Editor};

use super::connection::{Client, own};
use super::lend;
use super::lend::Lent;
use super::output::refused;
use super::output::{complain, print, say};
use super::session;
use crate::display;
use crate::display::{is_control, one_line};
use crate::error::Failure;
use crate::sys::line_file::LineFile;
use crate::sys::tty::EchoOff;
use crate::types::reason;

/// Maximum length of an answer in bytes.
const LIMIT: u64 = 64 * 1024;
/// Number of answers kept in the history.
const MOST_ANSWERS: usize = 1000;
/// Exit status after Ctrl-D.
const NO_ANSWER: u8 = 1;
/// Exit status after Ctrl-C, as of a shell: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// Asks on the real terminal of the session; returns the exit status.
pub(super) fn run(client: &mut Client, prompt: &str, default: &str, secret: bool) -> Result<u8, Failure> {
    let coshell = env::current_exe()
        .map_err(|error| own(&format!("cannot find the executable of coshell: {}", reason(&error))))?;
    let coshell = coshell.to_string_lossy().into_owned();
    let (reads, writes) = io::pipe().map_err(|error| own(&format!("cannot create a pipe: {}", reason(&error))))?;
    let flag = secret.then_some("--secret");
    let words = ["ask", "--here", "--default", default].into_iter().chain(flag).chain(["--", prompt]);
    let command: Vec<String> = [coshell].into_iter().chain(words.map(str::to_owned)).collect();
    let status = match lend::lend(client, &command, &[(1, writes.as_fd())])? {
        Lent::Ended(status) => status,
        Lent::Refused(sentence) => return Ok(refused(&sentence)),
    };
    drop(writes);
    let mut line = String::new();
    reads
        .take(LIMIT)
        .read_to_string(&mut line)
        .map_err(|error| own(&format!("cannot read the answer: {}", reason(&error))))?;
    print(&line)?;
    Ok(status)
}

/// Asks on the current terminal; returns the exit status.
pub(super) fn here(prompt: &str, default: &str) -> Result<u8, Failure> {
    let failed = |error: ReadlineError| own(&format!("cannot read the line: {}", cause(&error)));
    let config = Config::builder().behavior(Behavior::PreferTerm).completion_type(CompletionType::List).build();
    let mut editor = Editor::with_history(config, MemHistory::new()).map_err(failed)?;
    let kept = LineFile::new(session::state("answers"), MOST_ANSWERS);
    for line in or_report(kept.load()).unwrap_or_default() {
        editor.add_history_entry(line).map_err(failed)?;
    }
    editor.set_helper(Some(Files { completer: FilenameCompleter::new() }));
    // The editor draws the line as it is: what another program proposes has no control characters.
    match editor.readline_with_initial(&display::lines(prompt), (&one_line(default), "")) {
        Ok(line) => {
            if !line.trim().is_empty() && !line.contains(char::is_control) {
                or_report(kept.append(&line));
            }
            print(&format!("{line}\n"))?;
            Ok(0)
        }
        Err(ReadlineError::Eof) => Ok(NO_ANSWER),
        Err(ReadlineError::Interrupted) => Ok(INTERRUPTED),
        Err(error) => Err(failed(error)),
    }
}

/// Asks on the current terminal without echo; returns the exit status.
pub(super) fn secret(prompt: &str) -> Result<u8, Failure> {
    let failed = |error: io::Error| own(&format!("cannot read the line: {}", reason(&error)));
    let hidden = EchoOff::begin(&io::stdin()).map_err(failed)?;
    say(prompt);
    let mut line = String::new();
    let read = io::stdin().lock().take(LIMIT).read_line(&mut line).map_err(failed)?;
    drop(hidden);
    say("\n");
    print(&line)?;
    Ok(if read == 0 { NO_ANSWER } else { 0 })
}

/// Returns the reason of a read error, without the number or name of the errno.
fn cause(error: &ReadlineError) -> String {
    match error {
        ReadlineError::Io(error) => reason(error),
        ReadlineError::Errno(errno) => errno.desc().to_owned(),
        other => other.to_string(),
    }
}

/// Reports an error of the history file and continues without the history.
fn or_report<T>(result: Result<T, String>) -> Option<T> {
    result.inspect_err(|sentence| complain(sentence)).ok()
}

/// Line editor helper that completes file names. A name with control characters, which would reach the terminal in the list
/// and in the line, is not offered.
#[derive(rustyline::Helper, rustyline::Hinter, rustyline::Highlighter, rustyline::Validator)]
struct Files {
    completer: FilenameCompleter,
}

impl Completer for Files {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, mut names) = self.completer.complete(line, at, context)?;
        names.retain(|name| !name.display.contains(is_control) && !name.replacement.contains(is_control));
        Ok((start, names))
    }
}
