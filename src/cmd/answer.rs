//! What a session answers, as a person reads it: one arm for each command that prints. With `--json` it is printed as it
//! came, and this is not asked.

use serde_json::Value;

use super::connection::unknown_form;
use crate::core::request::OptionArg;
use crate::core::request::{Request, TriggerRequest};
use crate::core::response::{
    CapturedLine, CommandResponse, CoprocStatus, EndResponse, GetResponse, LineResponse, MarksResponse, NoteResponse,
    QuotedLine, Response, RunResponse, StatusResponse, StopResponse, TriggerResponse,
};
use crate::error::Failure;

/// Reads the answer to this command.
pub(super) fn read(command: &Request, answer: Value) -> Result<Response, Failure> {
    Response::read(command, answer).map_err(|error| unknown_form(&error))
}

/// The answer to this command as text, empty where there is nothing to say.
pub(super) fn text(command: &Request, answer: &Response) -> String {
    match answer {
        Response::Status(status) => status_text(status),
        Response::Errors(errors) => shown(&errors.stderr),
        Response::Lines(answer) => lines(command, &answer.lines),
        Response::Screen(screen) => screen.lines.iter().map(|row| shown(row) + "\n").collect(),
        Response::Marks(answer) => marks(answer),
        Response::Notes(answer) => answer.notes.iter().map(note).collect(),
        Response::Captured(answer) => answer.captured.iter().map(captured).collect(),
        Response::Get(GetResponse::One { value }) => shown(value) + "\n",
        Response::Get(GetResponse::All { variables }) => {
            variables.iter().map(|(name, value)| format!("{name}={}\n", shown(value))).collect()
        }
        Response::TriggerList(answer) => answer.triggers.iter().map(trigger).collect(),
        Response::TriggerNumber(answer) if matches!(command, Request::Trigger(TriggerRequest::Add { .. })) => {
            format!("{}\n", answer.number)
        }
        _ => String::new(),
    }
}

/// Whether this command exits with the status of the coprocess.
pub(super) fn waits(command: &Request) -> bool {
    matches!(command, Request::Wait {} | Request::Run { wait: true, .. })
}

/// The exit status that goes with an answer: that of the coprocess, where its end was waited for.
pub(super) fn status(answer: &Response) -> u8 {
    match answer {
        Response::End(end) | Response::Run(RunResponse::Ended(end)) => end.status,
        _ => 0,
    }
}

/// Why the coprocess failed that was waited for, as the session itself would say it; empty where it did not.
pub(super) fn failure(answer: &Response) -> String {
    let end: &EndResponse = match answer {
        Response::End(end) | Response::Run(RunResponse::Ended(end)) | Response::Stop(StopResponse::Ended(end)) => end,
        _ => return String::new(),
    };
    let Some(failure) = &end.failure else { return String::new() };
    let lines = failure.stderr.iter().map(|line| format!("  {}\n", shown(line)));
    format!("coshell: {}\n{}", shown(&failure.message), lines.collect::<String>())
}

/// Text that others wrote, fit to be printed on a terminal: without control characters but line ends and tabs.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// Lines, with their numbers and their notes where the command says so.
pub(super) fn lines(command: &Request, all: &[LineResponse]) -> String {
    let (numbers, notes) = match command {
        Request::Lines { numbers, notes, .. } => (*numbers, *notes),
        _ => (false, false),
    };
    let mut out = String::new();
    for line in all {
        let indent = if numbers { format!("{:>6}  ", line.number) } else { String::new() };
        out.push_str(&format!("{indent}{}{}", shown(&line.text), if line.more { "" } else { "\n" }));
        for note in line.notes.iter().filter(|_| notes) {
            let text = shown(&note.text);
            text.lines().for_each(|line| out.push_str(&format!("{:>1$}{line}\n", "^ ", indent.len() + 4)));
        }
    }
    out
}

/// A line that something was written down about.
fn quoted(line: &QuotedLine) -> String {
    format!("{:>6}  {}\n", line.line, shown(&line.quote))
}

fn note(note: &NoteResponse) -> String {
    let text = shown(&note.text);
    let lines = text.lines().map(|line| format!("{:>8}{line}\n", ""));
    quoted(&note.quoted) + &lines.collect::<String>()
}

fn captured(line: &CapturedLine) -> String {
    quoted(&line.quoted)
}

fn marks(answer: &MarksResponse) -> String {
    let commands = answer.commands.iter().map(command);
    let marks = answer
        .marks
        .iter()
        .map(|mark| format!("{:>6}  [{}] {}\n", mark.quoted.line, shown(&mark.name), shown(&mark.quoted.quote)));
    commands.chain(marks).collect()
}

fn command(command: &CommandResponse) -> String {
    let status = match (command.running, command.status) {
        (true, _) => "running".to_owned(),
        (false, None) => "ended".to_owned(),
        (false, Some(status)) => format!("status {status}"),
    };
    let took = command.seconds.map(|seconds| format!(", {seconds:.1} s")).unwrap_or_default();
    let text = shown(command.text.as_deref().unwrap_or_default());
    let line = command.line.map(|line| line.to_string()).unwrap_or_default();
    format!("{line:>6}  {}  ({status}{took})\n", text.lines().next().unwrap_or_default())
}

fn status_text(status: &StatusResponse) -> String {
    let mut lines = vec![
        format!("session {} ({})", shown(&status.session), shown(&status.tty)),
        format!("running {}", shown(&status.command)),
        format!("window {} rows, {} columns", status.rows, status.cols),
        format!("triggers {}", status.triggers),
        status.coprocess.as_ref().map_or_else(|| "coprocess none".to_owned(), coprocess),
    ];
    if let Some(last) = &status.last_coprocess {
        lines.push(format!("last coprocess {} (status {})", shown(&last.command), last.status));
    }
    lines.join("\n") + "\n"
}

fn coprocess(coproc: &CoprocStatus) -> String {
    let silent = if coproc.silent { "silent " } else { "" };
    let pid = coproc.pid.map_or_else(|| "not started yet".to_owned(), |pid| format!("pid {pid}"));
    format!(
        "coprocess {silent}{} ({pid}, {} s, read {} bytes, typed {})",
        shown(&coproc.command),
        coproc.seconds,
        coproc.bytes_read,
        coproc.bytes_typed
    )
}

fn trigger(trigger: &TriggerResponse) -> String {
    let name = trigger.name.as_deref().map(|name| format!("{}: ", shown(name))).unwrap_or_default();
    format!(
        "{:>3}  {name}{}{}  (fired {}, searched {}{})\n",
        trigger.number,
        shown(&trigger.regex),
        trigger.options.iter().map(option).collect::<String>(),
        trigger.fired,
        trigger.searched,
        match (trigger.enabled, trigger.stopped) {
            (false, _) => ", off",
            (true, true) => ", stopped",
            (true, false) => "",
        }
    )
}

/// An option of a trigger as it would be typed.
fn option(item: &OptionArg) -> String {
    let value = shown(&item.value).replace('\'', "'\\''");
    let value = if item.value.is_empty() { String::new() } else { format!(" '{value}'") };
    format!(" --{}{value}", shown(&item.name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::core::response::samples;

    fn request(method: &str, params: Value) -> Request {
        Request::read(method, Some(params)).expect("it is a request")
    }

    /// What is printed for the samples of this method.
    fn printed(method: &str, params: Value) -> Vec<String> {
        let command = request(method, params);
        samples(method).iter().map(|answer| text(&command, answer)).collect()
    }

    #[test]
    fn only_who_waits_exits_with_the_coprocess_status() {
        let statuses = |method| samples(method).iter().map(status).collect::<Vec<u8>>();
        assert_eq!((statuses("wait"), statuses("run"), statuses("stop")), (vec![3, 143], vec![0, 3], vec![0, 0]));
    }

    #[test]
    fn a_failure_is_said_with_what_the_coprocess_wrote() {
        let said: Vec<String> = samples("wait").iter().map(failure).collect();
        assert_eq!(said, ["coshell: coprocess \"bot\" failed: status 3\n  no route\n", ""]);
    }

    #[test]
    fn nothing_that_others_wrote_reaches_the_terminal_as_a_sequence() {
        assert_eq!(shown("a\x1b]0;x\x07\tb\n\u{9b}c"), "a]0;x\tb\nc");
    }

    #[test]
    fn an_answer_is_printed_with_all_that_it_holds() {
        for (method, params, expected) in [
            (
                "status",
                json!([]),
                &["session 4242 (/dev/pts/3)\nrunning /bin/bash\nwindow 24 rows, 80 columns\ntriggers 1\n\
                   coprocess bot (pid 4711, 7 s, read 2048 bytes, typed 12)\nlast coprocess rz (status 0)\n"][..],
            ),
            ("errors", json!([]), &["no route\n"]),
            ("lines", json!([]), &["2 errors"]),
            ("screen", json!([]), &["$ ls\n"]),
            ("marks", json!([]), &["    10  make  (status 2, 1.5 s)\n    12  [errors] 2 errors\n"]),
            ("notes", json!([]), &["    12  2 errors\n        see the log\n"]),
            ("captured", json!([]), &["    12  2 errors\n"]),
            ("get", json!([]), &["a1\n", "host=a1\n"]),
            ("trigger-list", json!([]), &["  1  ask: sure\\? --send 'yes'  (fired 2, searched 5)\n"]),
            ("trigger-add", json!(["x"]), &["1\n"]),
            ("trigger-remove", json!(["1"]), &[""]),
            ("run", json!(["bot"]), &["", ""]),
            ("send", json!(["x"]), &["", ""]),
        ] {
            assert_eq!(printed(method, params), expected, "{method}");
        }
    }

    #[test]
    fn lines_are_printed_with_their_numbers_and_notes_where_asked() {
        let Request::Lines { number, from, command, follow, .. } = request("lines", json!([])) else { panic!("lines") };
        let command = Request::Lines { number, from, command, follow, numbers: true, notes: true };
        let texts: Vec<String> = samples("lines").iter().map(|answer| text(&command, answer)).collect();
        assert_eq!(texts, ["    12  2 errors          ^ see the log\n"]);
    }

    #[test]
    fn a_trigger_is_listed_as_it_would_be_typed() {
        let option = |name: &'static str, value: &str| OptionArg { name: name.into(), value: value.to_owned() };
        let listed = TriggerResponse {
            number: 1,
            name: Some("n".to_owned()),
            regex: "a b".to_owned(),
            options: vec![option("send", "it's"), option("bell", "")],
            enabled: false,
            stopped: false,
            fired: 2,
            searched: 5,
        };
        assert_eq!(trigger(&listed), "  1  n: a b --send 'it'\\''s' --bell  (fired 2, searched 5, off)\n");
        let stopped = TriggerResponse { name: None, options: Vec::new(), enabled: true, stopped: true, ..listed };
        assert_eq!(trigger(&stopped), "  1  a b  (fired 2, searched 5, stopped)\n");
    }

    #[test]
    fn an_answer_in_another_form_is_an_error_and_no_blank() {
        for (method, params, answer) in [
            ("errors", json!([]), json!({"stdrr": "why"})),
            ("wait", json!([]), json!({})),
            ("lines", json!([]), json!({"lines": [{"number": 1}]})),
            ("run", json!(["bot"]), json!({"id": 1})),
            ("get", json!([]), json!("text")),
            ("notify", json!(["x"]), json!(5)),
        ] {
            let failure = read(&request(method, params), answer).expect_err("another form");
            assert!(failure.to_string().contains("cannot be understood"), "{method}: {failure}");
        }
    }
}
