//! Formats responses of a session as text, one arm for each request that prints something. With `--json` the response is
//! printed unchanged, and this module is not used. Data is returned as it is, since it may go to a program, and `output`
//! removes control characters for a terminal; names in a row have none.

use std::time::Duration;

use serde_json::{Value, json};

use super::connection::unknown_form;
use crate::config::toml_text;
use crate::core::request::OptionArg;
use crate::core::request::{CapturedFormat, RecordRequest, Request, TriggerRequest};
use crate::core::response::{
    AwaitOutcome, AwaitResponse, CapturedLine, CommandResponse, CoprocStatus, EndResponse, ExecOutcome, ExecResponse,
    GetResponse, LineResponse, MarksResponse, NoteResponse, QuotedLine, RecordResponse, Response, RunResponse,
    StateResponse, StatusResponse, StopResponse, TriggerResponse,
};
use crate::core::source_place::SourcePlace;
use crate::display::one_line;
use crate::error::Failure;
use crate::sys::local_time;

/// Exit status of `exec` where the command still runs at the timeout: that of timeout(1).
const STILL_RUNS: u8 = 124;
/// Exit status of `exec` where the outcome is not known.
const FAILED: u8 = 125;

/// Decodes the response to `command`.
pub(super) fn read(command: &Request, answer: Value) -> Result<Response, Failure> {
    Response::read(command, answer).map_err(|error| unknown_form(&error))
}

/// Returns the response to `command` as text; empty if the command prints nothing.
pub(super) fn text(command: &Request, answer: &Response) -> String {
    match answer {
        Response::Status(status) => status_text(status),
        Response::Errors(errors) => errors.stderr.clone(),
        Response::Await(answer) => awaited(answer),
        Response::Exec(answer) => format!("{}{}", answer.text, answer.tail),
        Response::Lines(answer) => lines(command, &answer.lines),
        Response::Screen(screen) => screen.lines.iter().map(|row| format!("{row}\n")).collect(),
        Response::Marks(answer) => marks(answer),
        Response::Notes(answer) => answer.notes.iter().map(note).collect(),
        Response::Captured(answer) => captured_lines(command, &answer.captured),
        Response::Get(GetResponse::One { value }) => format!("{value}\n"),
        Response::Get(GetResponse::All { variables }) => {
            variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
        }
        Response::Record(answer) if !matches!(command, Request::Record(RecordRequest::Start { .. })) => {
            recording(answer)
        }
        Response::TriggerList(answer) => match command {
            Request::Trigger(TriggerRequest::List { toml: true }) => toml_text::triggers(&answer.triggers),
            _ => answer.triggers.iter().map(trigger).collect(),
        },
        Response::TriggerNumber(answer) if matches!(command, Request::Trigger(TriggerRequest::Add { .. })) => {
            format!("{}\n", answer.number)
        }
        _ => String::new(),
    }
}

/// Returns whether `command` exits with a status that its response tells.
pub(super) fn waits(command: &Request) -> bool {
    matches!(command, Request::Wait {} | Request::Run { wait: true, .. } | Request::Await(_) | Request::Exec(_))
}

/// Returns the exit status for a response: that of what the command waited for, else 0.
pub(super) fn status(answer: &Response) -> u8 {
    match answer {
        Response::End(end) | Response::Run(RunResponse::Ended(end)) => end.status,
        Response::Await(AwaitResponse { outcome, .. }) => match outcome {
            AwaitOutcome::Came => 0,
            AwaitOutcome::Timeout => 1,
            AwaitOutcome::Ended => 3,
        },
        Response::Exec(ExecResponse { outcome: ExecOutcome::Running, .. }) => STILL_RUNS,
        // A shell reports what exit(3) keeps of a status.
        Response::Exec(ExecResponse { outcome: ExecOutcome::Ended, status: Some(status), .. }) => *status as u8,
        Response::Exec(_) => FAILED,
        _ => 0,
    }
}

/// Returns why the coprocess failed that the command waited for, in the form of a notice; empty if it did not fail.
pub(super) fn failure(answer: &Response) -> String {
    let end: &EndResponse = match answer {
        Response::End(end) | Response::Run(RunResponse::Ended(end)) | Response::Stop(StopResponse::Ended(end)) => end,
        Response::Exec(answer) => return exec_notes(answer),
        _ => return String::new(),
    };
    let Some(failure) = &end.failure else { return String::new() };
    let lines = failure.stderr.iter().map(|line| format!("  {line}\n"));
    format!("coshell: {}\n{}", failure.message, lines.collect::<String>())
}

/// Returns what is said about a command line besides its output.
fn exec_notes(answer: &ExecResponse) -> String {
    let mut notes = String::new();
    if answer.left_out > 0 {
        notes.push_str(&format!("coshell: {} lines of the output are left out\n", answer.left_out));
    }
    let from = answer.output.map(|line| format!(" --from {line}")).unwrap_or_default();
    match (answer.outcome, answer.status) {
        (ExecOutcome::Running, _) => {
            notes.push_str(&format!("coshell: still running; wait with coshell await --command-end{from}\n"));
        }
        (ExecOutcome::NotRun, _) => {
            notes.push_str("coshell: the shell ran no command; coshell screen shows what it says\n");
        }
        (ExecOutcome::Ended, None) => notes.push_str("coshell: the command ended with an unknown status\n"),
        (ExecOutcome::Ended, Some(_)) => {}
    }
    notes
}

/// Returns the line that a client waited for, with its number, and the groups of the match.
fn awaited(answer: &AwaitResponse) -> String {
    let line = answer.line.map(|line| format!("{line:>6}  {}\n", answer.text.as_deref().unwrap_or_default()));
    let groups = answer.groups.iter().enumerate().skip(1);
    let groups = groups.filter_map(|(i, group)| Some(format!("        {i}: {}\n", group.as_deref()?)));
    line.into_iter().chain(groups).collect()
}

/// Returns the lines as text, with numbers and notes if the command asks for them.
pub(super) fn lines(command: &Request, all: &[LineResponse]) -> String {
    let (numbers, notes, times) = match command {
        Request::Lines { numbers, notes, times, .. } => (*numbers, *notes, times.as_deref()),
        _ => (false, false, None),
    };
    let mut out = String::new();
    for line in all {
        let number = if numbers { format!("{:>6}  ", line.number) } else { String::new() };
        let indent = times.map(|format| time(line, format) + "  ").unwrap_or_default() + &number;
        out.push_str(&format!("{indent}{}{}", line.text, if line.more { "" } else { "\n" }));
        for note in line.notes.iter().filter(|_| notes) {
            note.text.lines().for_each(|line| out.push_str(&format!("{:>1$}{line}\n", "^ ", indent.len() + 4)));
        }
    }
    out
}

/// Returns the time of a line by `format`, or as RFC 3339 has it where that is empty; a dash for a time that cannot be written.
fn time(line: &LineResponse, format: &str) -> String {
    let time = Duration::try_from_secs_f64(line.time).ok();
    let text = time.and_then(|time| match format {
        "" => local_time::rfc_3339(time),
        format => local_time::format(time, format),
    });
    text.map_or_else(|| "-".to_owned(), |text| one_line(&text))
}

fn quoted(line: &QuotedLine) -> String {
    format!("{:>6}  {}\n", line.line, line.quote)
}

fn note(note: &NoteResponse) -> String {
    let lines = note.text.lines().map(|line| format!("{:>8}{line}\n", ""));
    quoted(&note.quoted) + &lines.collect::<String>()
}

fn captured_lines(command: &Request, all: &[CapturedLine]) -> String {
    match command {
        Request::Captured { format: CapturedFormat::Quickfix, .. } => all.iter().map(quickfix).collect(),
        Request::Captured { format: CapturedFormat::Json, .. } => {
            format!("{}\n", Value::Array(all.iter().map(quickfix_item).collect()))
        }
        _ => all.iter().map(|line| quoted(&line.quoted)).collect(),
    }
}

/// Returns a captured line as the default 'errorformat' of vim reads it: `FILE:LINE:COLUMN: MESSAGE`. A line that names no
/// place stays as it is.
fn quickfix(line: &CapturedLine) -> String {
    let Some(SourcePlace { file, line: number, column, .. }) = &line.place else {
        return format!("{}\n", line.quoted.quote);
    };
    // A line without a number is not found in the file: the first one stands for it.
    let column = column.map(|column| format!(":{column}")).unwrap_or_default();
    format!("{}:{}{column}: {}\n", one_line(file), number.unwrap_or(1), one_line(message(line)))
}

/// Returns a captured line as an item of vim's setqflist().
fn quickfix_item(line: &CapturedLine) -> Value {
    let text = message(line);
    let Some(SourcePlace { file, line: number, column, severity, .. }) = &line.place else {
        return json!({"text": text});
    };
    let mut item = json!({"filename": file, "lnum": number.unwrap_or(1), "text": text});
    if let Some(column) = column {
        item["col"] = (*column).into();
    }
    if let Some(letter) = severity.as_ref().and_then(|severity| severity.chars().next()) {
        item["type"] = letter.to_ascii_uppercase().to_string().into();
    }
    item
}

/// Returns the message of a captured line: that of its place, else its text.
fn message(line: &CapturedLine) -> &str {
    let of_place = line.place.as_ref().and_then(|place| place.message.as_deref());
    of_place.unwrap_or_else(|| line.quoted.quote.trim())
}

fn marks(answer: &MarksResponse) -> String {
    let commands = answer.commands.iter().map(command);
    let marks = answer
        .marks
        .iter()
        .map(|mark| format!("{:>6}  [{}] {}\n", mark.quoted.line, one_line(&mark.name), mark.quoted.quote));
    commands.chain(marks).collect()
}

fn command(command: &CommandResponse) -> String {
    let status = match (command.running, command.status) {
        (true, _) => "running".to_owned(),
        (false, None) => "ended".to_owned(),
        (false, Some(status)) => format!("status {status}"),
    };
    let took = command.seconds.map(|seconds| format!(", {seconds:.1} s")).unwrap_or_default();
    let text = command.text.as_deref().unwrap_or_default();
    let line = command.line.map(|line| line.to_string()).unwrap_or_default();
    format!("{line:>6}  {}  ({status}{took})\n", text.lines().next().unwrap_or_default())
}

fn status_text(status: &StatusResponse) -> String {
    let name = status.name.as_deref().map(|name| format!(" {}", one_line(name))).unwrap_or_default();
    let mut lines = vec![
        format!("session {}{name} ({})", one_line(&status.session), one_line(&status.tty)),
        format!("running {}", one_line(&status.command)),
        format!("window {} rows, {} columns", status.rows, status.cols),
        state(&status.state),
        format!("triggers {}", status.triggers),
        status.coprocess.as_ref().map_or_else(|| "coprocess none".to_owned(), coprocess),
    ];
    if status.waiting_texts > 0 {
        lines.push(format!("waits: the user is typing ({} waiting)", status.waiting_texts));
    }
    if let Some(last) = &status.last_coprocess {
        lines.push(format!("last coprocess {} (status {})", one_line(&last.command), last.status));
    }
    lines.join("\n") + "\n"
}

/// Returns what the session does, in a line.
fn state(answer: &StateResponse) -> String {
    let job = answer.job.as_ref().map(|job| format!(", job {} (pid {})", one_line(&job.name), job.pid));
    let directory = answer.directory.as_ref().map(|directory| format!(", in {}", one_line(directory)));
    let last = answer.last_command.as_ref().map(|last| {
        let status = last.status.map_or_else(|| "ended".to_owned(), |status| format!("status {status}"));
        format!(", last command {status} ({:.1} s)", last.seconds)
    });
    let parts = [job, directory, last].into_iter().flatten().collect::<String>();
    format!("state {} for {:.0} s{parts}", answer.state, answer.seconds.floor())
}

fn coprocess(coproc: &CoprocStatus) -> String {
    let silent = if coproc.silent { "silent " } else { "" };
    let pid = coproc.pid.map_or_else(|| "not started yet".to_owned(), |pid| format!("pid {pid}"));
    format!(
        "coprocess {silent}{} ({pid}, {} s, read {} bytes, typed {})",
        one_line(&coproc.command),
        coproc.seconds,
        coproc.bytes_read,
        coproc.bytes_typed
    )
}

fn recording(answer: &RecordResponse) -> String {
    let Some(file) = &answer.file else { return "no recording is running\n".to_owned() };
    let left_out = if answer.left_out > 0 { format!(", {} bytes left out", answer.left_out) } else { String::new() };
    let (verb, input) =
        (if answer.recording { "recording" } else { "recorded" }, if answer.input { ", with keys" } else { "" });
    format!("{verb} {} ({} s, {} bytes{left_out}{input})\n", one_line(file), answer.seconds, answer.bytes)
}

fn trigger(trigger: &TriggerResponse) -> String {
    let name = trigger.name.as_deref().map(|name| format!("{}: ", one_line(name))).unwrap_or_default();
    let event = trigger.event.as_deref().map(|event| format!("--event {}", one_line(event)));
    let opener = event.unwrap_or_else(|| one_line(trigger.regex.as_deref().unwrap_or_default()));
    format!(
        "{:>3}  {name}{opener}{}  (fired {}, searched {} in {:.1} ms{})\n",
        trigger.number,
        trigger.options.iter().map(option).collect::<String>(),
        trigger.fired,
        trigger.searched,
        trigger.microseconds as f64 / 1000.0,
        match (trigger.enabled, trigger.stopped) {
            (false, _) => ", off",
            (true, true) => ", stopped",
            (true, false) => "",
        }
    )
}

/// Returns an option of a trigger as it is typed on the command line.
fn option(item: &OptionArg) -> String {
    let value = one_line(&item.value).replace('\'', "'\\''");
    let value = if item.value.is_empty() { String::new() } else { format!(" '{value}'") };
    format!(" --{}{value}", one_line(&item.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::response::{CapturedResponse, samples};

    fn request(method: &str, params: Value) -> Request {
        Request::read(method, Some(params)).expect("the request is valid")
    }

    /// Returns the printed text of each sample response to `method`.
    fn printed_samples(method: &str, params: Value) -> Vec<String> {
        let command = request(method, params);
        samples(method).iter().map(|answer| text(&command, answer)).collect()
    }

    #[test]
    fn only_waiting_requests_exit_with_coprocess_status() {
        let statuses = |method| samples(method).iter().map(status).collect::<Vec<u8>>();
        assert_eq!((statuses("wait"), statuses("run"), statuses("stop")), (vec![3, 143], vec![0, 3], vec![0, 0]));
    }

    #[test]
    fn failure_is_printed_with_stderr_of_coprocess() {
        let printed: Vec<String> = samples("wait").iter().map(failure).collect();
        assert_eq!(printed, ["coshell: coprocess \"bot\" failed: status 3\n  no route\n", ""]);
    }

    #[test]
    fn response_is_printed_as_text() {
        for (method, params, expected) in [
            (
                "status",
                json!([]),
                &["session 4242 build (/dev/pts/3)\nrunning /bin/bash\nwindow 24 rows, 80 columns\n\
                   state running for 7 s, job make (pid 4712), in /src, last command status 2 (1.5 s)\ntriggers 1\n\
                   coprocess bot (pid 4711, 7 s, read 2048 bytes, typed 12)\nwaits: the user is typing (1 waiting)\nlast coprocess rz (status 0)\n"]
                    [..],
            ),
            ("errors", json!([]), &["no route\n"]),
            ("lines", json!([]), &["2 errors"]),
            ("screen", json!([]), &["$ ls\n"]),
            ("marks", json!([]), &["    10  make  (status 2, 1.5 s)\n    12  [errors] 2 errors\n"]),
            ("notes", json!([]), &["    12  2 errors\n        see the log\n"]),
            ("captured", json!([]), &["    12  2 errors\n"]),
            ("get", json!([]), &["a1\n", "host=a1\n"]),
            ("trigger-list", json!([]), &["  1  ask: sure\\? --send 'yes'  (fired 2, searched 5 in 0.0 ms)\n"]),
            ("trigger-add", json!(["x"]), &["1\n"]),
            ("record-start", json!(["x"]), &[""]),
            ("record-status", json!([]), &["recording /home/me/make.cast (7 s, 4096 bytes, with keys)\n"]),
            ("record-stop", json!([]), &["recorded /home/me/make.cast (7 s, 4096 bytes, with keys)\n"]),
            ("trigger-remove", json!(["1"]), &[""]),
            ("run", json!(["bot"]), &["", ""]),
            ("send", json!(["x"]), &["", ""]),
        ] {
            assert_eq!(printed_samples(method, params), expected, "{method}");
        }
    }

    #[test]
    fn captured_lines_are_printed_for_vim() {
        let all = samples("captured");
        let Some(Response::Captured(answer)) = all.first() else { panic!("captured lines") };
        let plain = CapturedLine { place: None, ..answer.captured[0].clone() };
        let answer = Response::Captured(CapturedResponse { captured: vec![answer.captured[0].clone(), plain] });
        for (form, expected) in [
            (CapturedFormat::Text, "    12  2 errors\n    12  2 errors\n"),
            (CapturedFormat::Quickfix, "src/a.c:7:3: error: x\n2 errors\n"),
            (
                CapturedFormat::Json,
                "[{\"col\":3,\"filename\":\"src/a.c\",\"lnum\":7,\"text\":\"error: x\",\"type\":\"E\"},{\"text\":\"2 errors\"}]\n",
            ),
        ] {
            let command = Request::Captured { format: form, command: None, redact: false };
            assert_eq!(text(&command, &answer), expected, "{form:?}");
        }
    }

    #[test]
    fn lines_are_printed_with_numbers_and_notes() {
        for (times, prefix) in [(None, ""), (Some("%S.%3N".to_owned()), "00.250  ")] {
            let mut command = request("lines", json!([]));
            if let Request::Lines { numbers, notes, times: wanted, .. } = &mut command {
                (*numbers, *notes, *wanted) = (true, true, times);
            }
            let texts: Vec<String> = samples("lines").iter().map(|answer| text(&command, answer)).collect();
            let indent = " ".repeat(prefix.len());
            assert_eq!(texts, [format!("{prefix}    12  2 errors{indent}          ^ see the log\n")]);
        }
    }

    #[test]
    fn trigger_is_listed_as_typed() {
        let option = |name: &'static str, value: &str| OptionArg { name: name.into(), value: value.to_owned() };
        let listed = TriggerResponse {
            number: 1,
            name: Some("n".to_owned()),
            regex: Some("a b".to_owned()),
            event: None,
            options: vec![option("send", "it's"), option("bell", "")],
            enabled: false,
            stopped: false,
            fired: 2,
            searched: 5,
            microseconds: 1250,
        };
        assert_eq!(trigger(&listed), "  1  n: a b --send 'it'\\''s' --bell  (fired 2, searched 5 in 1.2 ms, off)\n");
        let stopped = TriggerResponse { name: None, options: Vec::new(), enabled: true, stopped: true, ..listed };
        assert_eq!(trigger(&stopped), "  1  a b  (fired 2, searched 5 in 1.2 ms, stopped)\n");
        let of_event = TriggerResponse { regex: None, event: Some("bell".to_owned()), ..stopped };
        assert_eq!(trigger(&of_event), "  1  --event bell  (fired 2, searched 5 in 1.2 ms, stopped)\n");
    }

    #[test]
    fn malformed_response_is_an_error() {
        for (method, params, answer) in [
            ("errors", json!([]), json!({"stdrr": "why"})),
            ("wait", json!([]), json!({})),
            ("lines", json!([]), json!({"lines": [{"number": 1}]})),
            ("run", json!(["bot"]), json!({"id": 1})),
            ("get", json!([]), json!("text")),
            ("notify", json!(["x"]), json!(5)),
        ] {
            let failure = read(&request(method, params), answer).expect_err("the response is malformed");
            assert!(failure.to_string().contains("cannot be decoded"), "{method}: {failure}");
        }
    }
}
