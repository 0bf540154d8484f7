//! `coshell ask`: reads a line from the user of the session. The session lends its real terminal to a second coshell
//! (`ask --here`), where a library provides line editing, history and file completion.

mod editing;
mod names;
mod words;

use std::env;
use std::io::{self, BufRead, PipeReader, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::thread;

use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Behavior, Cmd, CompletionType, Config, Editor, KeyCode, KeyEvent, Modifiers};

use self::editing::AnswerKind;
use super::connection::{Client, own};
use super::lend::{Lent, lend};
use super::output::{complain, print, print_bytes, refused, say};
use super::session;
use crate::cli::Question;
use crate::display;
use crate::display::one_line;
use crate::error::Failure;
use crate::sys::line_file::LineFile;
use crate::sys::tty::EchoOff;
use crate::types::reason;

/// Maximum length of a line in bytes.
const LIMIT: usize = 64 * 1024;
/// Maximum length of the output in bytes: names may be longer than the line, by the directory in front of each.
const OUTPUT_LIMIT: usize = 1024 * 1024;
/// Number of answers kept in the history.
const MOST_ANSWERS: usize = 1000;
/// Time in milliseconds in which the rest of an escape sequence has to follow; ESC alone is the Escape key.
const ESCAPE_TIMEOUT: u16 = 100;
/// Exit status after Ctrl-D.
const NO_ANSWER: u8 = 1;
/// Exit status after Ctrl-C and Esc, as of a shell: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// What came of a question.
pub(super) enum GivenAnswer {
    /// The program that asks has ended with this status and output.
    Ended { status: u8, output: Vec<u8> },
    /// The session does not lend its terminal, for this reason.
    Refused(String),
}

/// Asks on the real terminal of the session and prints the answer; returns the exit status.
pub(super) fn run(client: &mut Client, question: &Question) -> Result<u8, Failure> {
    match answer(client, question)? {
        GivenAnswer::Ended { status, output } => {
            print_bytes(&output)?;
            Ok(status)
        }
        GivenAnswer::Refused(sentence) => Ok(refused(&sentence)),
    }
}

/// Asks on the real terminal of the session.
pub(super) fn answer(client: &mut Client, question: &Question) -> Result<GivenAnswer, Failure> {
    if let Some(dir) = question.dir.as_ref().filter(|dir| !Path::new(dir).is_dir()) {
        return Err(own(&format!("--dir {dir}: it is not a directory; name one")));
    }
    let coshell = env::current_exe()
        .map_err(|error| own(&format!("cannot find the executable of coshell: {}", reason(&error))))?;
    let command = command_line(coshell.to_string_lossy().into_owned(), question);
    let (reads, writes) = io::pipe().map_err(|error| own(&format!("cannot create a pipe: {}", reason(&error))))?;
    // A pipe may hold less than an answer, so it is read meanwhile.
    let reader = thread::spawn(move || read_answer(reads));
    let lent = lend(client, &command, &[(1, writes.as_fd())]);
    drop(writes);
    let answer = reader.join().expect("reading does not panic");
    match lent? {
        Lent::Ended(status) => {
            let output = answer.map_err(|error| own(&format!("cannot read the answer: {}", reason(&error))))?;
            Ok(GivenAnswer::Ended { status, output })
        }
        Lent::Refused(sentence) => Ok(GivenAnswer::Refused(sentence)),
    }
}

/// Returns the command line that asks `question` on the current terminal.
fn command_line(coshell: String, question: &Question) -> Vec<String> {
    let Question { prompt, default, secret, files, null, dir, here: _ } = question;
    let flags = [(*secret, "--secret"), (*files, "--files"), (*null, "--null")];
    let flags = flags.into_iter().filter_map(|(given, flag)| given.then_some(flag));
    // A value may begin with a dash.
    let values = [Some(format!("--default={default}")), dir.as_ref().map(|dir| format!("--dir={dir}"))];
    let words = ["ask", "--here"].into_iter().chain(flags).map(str::to_owned).chain(values.into_iter().flatten());
    [coshell].into_iter().chain(words).chain(["--".to_owned(), prompt.clone()]).collect()
}

fn read_answer(reads: PipeReader) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    reads.take(OUTPUT_LIMIT as u64).read_to_end(&mut answer)?;
    Ok(answer)
}

/// Asks on the current terminal; returns the exit status.
pub(super) fn here(question: &Question) -> Result<u8, Failure> {
    if question.secret {
        return secret(&question.prompt);
    }
    let dir = question.dir.as_ref().map(PathBuf::from);
    let kind = if question.files { AnswerKind::Names { dir: dir.clone() } } else { AnswerKind::Text };
    let line = match edit(question, kind) {
        Ok(line) => line,
        Err(ReadlineError::Eof) => return Ok(NO_ANSWER),
        Err(ReadlineError::Interrupted) => return Ok(INTERRUPTED),
        Err(error) => return Err(failed(&error)),
    };
    let output = match question.files {
        true => names_output(&line, dir.as_deref(), question.null)?,
        false => format!("{line}\n").into_bytes(),
    };
    print_bytes(&output)?;
    Ok(0)
}

/// Edits a line, starting with the default answer, and adds it to the history.
fn edit(question: &Question, kind: AnswerKind) -> rustyline::Result<String> {
    let config = Config::builder().behavior(Behavior::PreferTerm).completion_type(CompletionType::List);
    let config = config.keyseq_timeout(Some(ESCAPE_TIMEOUT)).build();
    let mut editor = Editor::with_history(config, MemHistory::new())?;
    editor.bind_sequence(KeyEvent(KeyCode::Esc, Modifiers::NONE), Cmd::Interrupt);
    let kept = LineFile::new(session::state("answers"), MOST_ANSWERS);
    for line in or_report(kept.load()).unwrap_or_default() {
        editor.add_history_entry(line)?;
    }
    editor.set_helper(Some(kind));
    // The editor draws the line as it is: what another program proposes has no control characters.
    let line = editor.readline_with_initial(&display::lines(&question.prompt), (&one_line(&question.default), ""))?;
    if !line.trim().is_empty() && !line.contains(char::is_control) {
        or_report(kept.append(&line));
    }
    Ok(line)
}

/// Returns the names on `line`, each with its end.
fn names_output(line: &str, dir: Option<&Path>, null: bool) -> Result<Vec<u8>, Failure> {
    // The editor accepts existing files only, but a file may have been removed since.
    let names = names::read(line, dir).map_err(|refusal| own(&refusal.to_string()))?;
    let end = if null { b"\0" } else { b"\n" };
    let output = names.iter().flat_map(|name| [name.as_os_str().as_bytes(), end]).collect::<Vec<_>>().concat();
    if output.len() >= OUTPUT_LIMIT {
        return Err(own(&format!("the names take {} KiB or more; name fewer files", OUTPUT_LIMIT / 1024)));
    }
    Ok(output)
}

/// Asks on the current terminal without echo; returns the exit status.
fn secret(prompt: &str) -> Result<u8, Failure> {
    let failed = |error: io::Error| own(&format!("cannot read the line: {}", reason(&error)));
    let hidden = EchoOff::begin(&io::stdin()).map_err(failed)?;
    say(prompt);
    let mut line = String::new();
    let read = io::stdin().lock().take(LIMIT as u64).read_line(&mut line).map_err(failed)?;
    drop(hidden);
    say("\n");
    print(&line)?;
    Ok(if read == 0 { NO_ANSWER } else { 0 })
}

/// Returns the failure to read a line, without the number or name of the errno.
fn failed(error: &ReadlineError) -> Failure {
    let cause = match error {
        ReadlineError::Io(error) => reason(error),
        ReadlineError::Errno(errno) => errno.desc().to_owned(),
        other => other.to_string(),
    };
    own(&format!("cannot read the line: {cause}"))
}

/// Reports an error of the history file and continues without the history.
fn or_report<T>(result: Result<T, String>) -> Option<T> {
    result.inspect_err(|sentence| complain(sentence)).ok()
}
