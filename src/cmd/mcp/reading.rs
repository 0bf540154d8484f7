//! Calls that read: the state, the sessions, lines, the screen, commands.

use serde_json::{Value, json};

use super::link::{CallLink, CallRefusal};
use super::outcome::{BoundedLines, Kept, NumberedLine, ToolOutcome};
use super::tools::MOST_LINES;
use crate::cmd::answer;
use crate::cmd::sessions;
use crate::core::request::Request;
use crate::core::response::{
    CommandResponse, LineResponse, LinesResponse, MarksResponse, Response, ScreenResponse, StatusResponse,
};

/// Returns what the session does.
pub(super) fn status(link: &CallLink<'_>) -> Result<ToolOutcome, CallRefusal> {
    let status: StatusResponse = link.open()?.ask(&Request::Status {})?;
    let note = format!("state: {}", status.state.state);
    let structured = json!(status);
    let text = answer::text(&Request::Status {}, &Response::Status(status));
    Ok(ToolOutcome::new(note, structured).with_output(text).redacted())
}

/// Returns the user's sessions.
pub(super) fn list_sessions(link: &CallLink<'_>) -> Result<ToolOutcome, CallRefusal> {
    let all = sessions::listed();
    // Where the server's own session has ended, the others are listed all the same.
    let current = link.open().and_then(|mut client| client.ask::<StatusResponse>(&Request::Status {}));
    let current = current.ok().map(|status| status.session);
    let listed: Vec<Value> = all
        .iter()
        .map(|session| {
            let mut listed = json!(session);
            listed["current"] = (Some(&session.session) == current.as_ref()).into();
            listed
        })
        .collect();
    let note = match &current {
        Some(id) => format!("session {id} is the current one, which the tools use"),
        None => "the session of this server does not answer".to_owned(),
    };
    Ok(ToolOutcome::new(note, json!({"sessions": listed})).with_output(sessions::as_text(&all)).redacted())
}

/// Returns the request for lines, without secrets.
pub(super) fn lines_request(number: Option<u64>, from: Option<u64>, to: Option<u64>, command: Option<u64>) -> Request {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Request::Lines {
        number: number.map(count),
        from,
        to,
        command: command.map(count),
        numbers: false,
        notes: false,
        times: None,
        follow: false,
        redact: true,
    }
}

fn numbered(lines: Vec<LineResponse>) -> Vec<NumberedLine> {
    lines.into_iter().map(|line| NumberedLine { number: line.number, text: line.text }).collect()
}

/// Returns `number` lines: from that with the number `from` on, or the last ones.
pub(super) fn read_lines(link: &CallLink<'_>, from: Option<u64>, number: u64) -> Result<ToolOutcome, CallRefusal> {
    let number = number.min(MOST_LINES);
    let request = match from {
        Some(from) => lines_request(None, Some(from), Some(from.saturating_add(number - 1)), None),
        None => lines_request(Some(number), None, None, None),
    };
    let answer: LinesResponse = link.open()?.ask(&request)?;
    let is_open = answer.lines.last().is_some_and(|line| line.open);
    let kept = if from.is_some() { Kept::First } else { Kept::Last };
    let lines = BoundedLines::new(numbered(answer.lines), kept);
    let (first, last) = (lines.lines.first().map(|line| line.number), lines.lines.last().map(|line| line.number));
    let note = match (first, last) {
        (Some(first), Some(last)) => format!("lines {first} to {last}"),
        _ if from.is_some() => "there is no such line yet, or the history has dropped it".to_owned(),
        _ => "nothing has been printed".to_owned(),
    };
    let before = first.filter(|first| from.is_none_or(|from| *first > from) && *first > 1 && lines.left_out.is_none());
    let before = before.map(|first| match from {
        Some(_) => format!("the history begins at line {first}"),
        None => format!("lines before {first} are read by read_lines with from and number"),
    });
    let structured =
        json!({"lines": lines.json(), "left_out": lines.left_out_json(), "last_line_is_unfinished": is_open});
    let unfinished = is_open.then(|| "the last line is not finished: the cursor is on it".to_owned());
    let outcome = ToolOutcome::new(note, structured).with_note(lines.note()).with_note(before).with_note(unfinished);
    Ok(outcome.with_output(lines.text()))
}

/// Returns the rows of the screen.
pub(super) fn read_screen(link: &CallLink<'_>) -> Result<ToolOutcome, CallRefusal> {
    let screen: ScreenResponse = link.open()?.ask(&Request::Screen { redact: true })?;
    let rows = (1..).zip(screen.lines).map(|(number, text)| NumberedLine { number, text }).collect();
    let rows = BoundedLines::new(rows, Kept::Last);
    let (row, column) = (screen.cursor.row + 1, screen.cursor.column + 1);
    let which = if screen.alternate_screen { "a full-screen program's" } else { "the main" };
    let note = format!(
        "{which} screen of {} rows and {} columns; the cursor is in row {row}, column {column}",
        screen.rows, screen.cols
    );
    let structured = json!({
        "rows": rows.lines.iter().map(|row| row.text.as_str()).collect::<Vec<_>>(),
        "first_row": rows.lines.first().map(|row| row.number),
        "cursor": {"row": row, "column": column, "visible": screen.cursor.visible},
        "alternate_screen": screen.alternate_screen,
        "size": {"rows": screen.rows, "columns": screen.cols},
    });
    let above = rows.left_out.map(|(from, to)| format!("rows {from} to {to} are left out: the screen is too large"));
    Ok(ToolOutcome::new(note, structured).with_note(above).with_output(rows.text()))
}

/// Returns the `nth` last command with its output.
pub(super) fn last_command(link: &CallLink<'_>, nth: u64) -> Result<ToolOutcome, CallRefusal> {
    let mut client = link.open()?;
    let output: LinesResponse = client.ask(&lines_request(None, None, None, Some(nth)))?;
    let marks: MarksResponse = client.ask(&Request::Marks { redact: true })?;
    let number = output.lines.first().and_then(|line| line.command);
    let by_number = |command: &&CommandResponse| Some(command.command) == number;
    // A command that has printed nothing tells no number: of those that have ended, it is this one.
    let ended = marks.commands.iter().rev().filter(|command| !command.running);
    let command =
        marks.commands.iter().find(by_number).or_else(|| ended.skip(nth as usize - 1).find(|_| number.is_none()));
    let lines = BoundedLines::new(numbered(output.lines), Kept::BothEnds);
    let (note, structured) = match command {
        None => (format!("command {nth} from the end"), json!({"lines": lines.json()})),
        Some(command) => (how_ended(command), command_json(command, &lines)),
    };
    let text =
        command.and_then(|command| command.text.as_deref()).map(|text| format!("$ {text}\n")).unwrap_or_default();
    Ok(ToolOutcome::new(note, structured).with_note(lines.note()).with_output(text + &lines.text()))
}

fn how_ended(command: &CommandResponse) -> String {
    let took = command.seconds.map(|seconds| format!(" after {seconds:.1} s")).unwrap_or_default();
    match (command.running, command.status) {
        (true, _) => "the command is running".to_owned(),
        (false, Some(status)) => format!("the command ended with status {status}{took}"),
        (false, None) => format!("the command ended with an unknown status{took}"),
    }
}

fn command_json(command: &CommandResponse, lines: &BoundedLines) -> Value {
    json!({
        "command_line": command.text,
        "running": command.running,
        "status": command.status,
        "seconds": command.seconds,
        "directory": command.directory,
        "lines": lines.json(),
        "left_out": lines.left_out_json(),
    })
}
