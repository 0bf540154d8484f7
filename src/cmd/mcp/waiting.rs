//! Calls that wait for the session, and that run a command line in it.

use std::time::Duration;

use serde_json::json;

use super::link::{CallLink, CallRefusal};
use super::outcome::{BoundedLines, Kept, NumberedLine, ToolOutcome};
use crate::core::request::{AwaitRequest, ExecRequest, Request, TimeSpan};
use crate::core::response::{AwaitOutcome, AwaitResponse, ExecOutcome, ExecResponse, StatusResponse};

/// Returns how long a request may take; each has a timeout.
fn time(timeout: Option<TimeSpan>) -> Duration {
    timeout.map_or(Duration::ZERO, |timeout| timeout.0)
}

/// Waits for something in the session.
pub(super) fn wait(link: &CallLink<'_>, request: &AwaitRequest) -> Result<ToolOutcome, CallRefusal> {
    let mut client = link.open_for(time(request.timeout))?;
    let answer: AwaitResponse = client.ask(&Request::Await(request.clone()))?;
    let mut structured = json!(answer);
    let note = match answer.outcome {
        AwaitOutcome::Came => came(&answer),
        AwaitOutcome::Ended => "the session, or the command that ran, ended before it came".to_owned(),
        AwaitOutcome::Timeout => {
            // A session that ends at this moment has no state.
            let status = client.ask::<StatusResponse>(&Request::Status {}).ok();
            let state = status.map(|status| status.state.state.name());
            structured["state"] = state.into();
            let state = state.map(|state| format!(": the state is {state}")).unwrap_or_default();
            format!("it has not come within the time{state}; wait again to go on waiting")
        }
    };
    let outcome = ToolOutcome::new(note, structured);
    let Some((number, text)) = answer.line.zip(answer.text) else { return Ok(outcome) };
    let line = BoundedLines::new(vec![NumberedLine { number, text }], Kept::First);
    Ok(outcome.with_note(line.note()).with_output(line.text()))
}

fn came(answer: &AwaitResponse) -> String {
    match (answer.line, answer.command, answer.state) {
        (Some(line), ..) => format!("it came in line {line}"),
        (_, Some(_), _) => match answer.status {
            Some(status) => format!("the command ended with status {status}"),
            None => "the command ended with a status that is not known".to_owned(),
        },
        (.., Some(state)) => format!("the state is {state}"),
        _ => "it came".to_owned(),
    }
}

/// Runs a command line at the shell's prompt.
pub(super) fn run(link: &CallLink<'_>, request: &ExecRequest) -> Result<ToolOutcome, CallRefusal> {
    let answer: ExecResponse = link.open_for(time(request.timeout))?.ask(&Request::Exec(request.clone()))?;
    let lines = BoundedLines::new(printed(&answer), Kept::BothEnds);
    let left_out = exec_left_out(&answer, &lines);
    let (note, is_error) = match (answer.outcome, answer.status) {
        (ExecOutcome::Ended, Some(status)) => (format!("the command line ended with status {status}"), false),
        (ExecOutcome::Ended, None) => ("the command line ended, and its status is not known".to_owned(), false),
        (ExecOutcome::Running, _) => (still_runs(&answer), false),
        (ExecOutcome::NotRun, _) => {
            ("the shell ran no command: the line is not complete, or not valid".to_owned(), true)
        }
    };
    let note_left_out = left_out.map(|(from, to)| format!("lines {from} to {to} are left out; read_lines reads them"));
    let structured = json!({
        "outcome": answer.outcome,
        // Where to begin with `wait`.
        "from": answer.output,
        "status": answer.status,
        "seconds": answer.seconds,
        "directory": answer.directory,
        "lines": lines.json(),
        "left_out": left_out.map(|(from, to)| json!({"from": from, "to": to})),
    });
    let outcome = ToolOutcome { is_error, ..ToolOutcome::new(note, structured) };
    Ok(outcome.with_note(note_left_out).with_output(lines.text()))
}

fn still_runs(answer: &ExecResponse) -> String {
    let from = answer.output.map(|line| format!(" and from={line}")).unwrap_or_default();
    format!("the command line still runs: wait with command_end=true{from} goes on waiting")
}

/// Returns the lines that the command printed, as far as the session sends them: the first and the last ones.
fn printed(answer: &ExecResponse) -> Vec<NumberedLine> {
    let (first, last) = (answer.first.unwrap_or_default(), answer.last.unwrap_or_default());
    let of_end = answer.tail.lines().count() as u64;
    let head = (first..).zip(answer.text.lines());
    let tail = ((last + 1).saturating_sub(of_end)..).zip(answer.tail.lines());
    head.chain(tail).map(|(number, text)| NumberedLine { number, text: text.to_owned() }).collect()
}

/// Returns the first and the last line that are left out, by the session or here.
fn exec_left_out(answer: &ExecResponse, lines: &BoundedLines) -> Option<(u64, u64)> {
    let gap = lines.lines.windows(2).find(|pair| pair[1].number > pair[0].number + 1);
    let gap = gap.map(|pair| (pair[0].number + 1, pair[1].number - 1));
    // Where the history has dropped the beginning, nothing before the end is known.
    gap.or_else(|| {
        let (output, first) = (answer.output?, lines.lines.first()?.number);
        (answer.left_out > 0 && first > output).then_some((output, first - 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str, tail: &str, lines: (u64, u64)) -> ExecResponse {
        let left_out = if tail.is_empty() { 0 } else { 5 };
        ExecResponse {
            outcome: ExecOutcome::Ended,
            status: Some(0),
            command: Some(1),
            output: Some(lines.0),
            first: Some(lines.0),
            last: Some(lines.1),
            text: text.to_owned(),
            left_out,
            tail: tail.to_owned(),
            seconds: None,
            directory: None,
        }
    }

    #[test]
    fn lines_of_both_ends_have_their_numbers() {
        for (text, tail, range, numbers, left_out) in [
            ("a\nb\n", "", (5, 6), vec![5, 6], None),
            ("a\nb", "", (5, 6), vec![5, 6], None),
            ("", "", (5, 5), vec![], None),
            ("a\nb\n", "y\nz\n", (5, 20), vec![5, 6, 19, 20], Some((7, 18))),
        ] {
            let answer = answer(text, tail, range);
            let lines = BoundedLines::new(printed(&answer), Kept::BothEnds);
            let found: Vec<u64> = lines.lines.iter().map(|line| line.number).collect();
            assert_eq!((found, exec_left_out(&answer, &lines)), (numbers, left_out), "{text:?} {tail:?}");
        }
        // The history has dropped the beginning.
        let answer = ExecResponse { first: Some(30), ..answer("", "y\nz\n", (5, 40)) };
        let lines = BoundedLines::new(printed(&answer), Kept::BothEnds);
        assert_eq!(exec_left_out(&answer, &lines), Some((5, 38)));
    }
}
