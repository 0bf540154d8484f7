//! Answers without secrets.

use std::ops::Range;
use std::sync::Arc;

use super::Reply;
use crate::core::redact::Redactor;
use crate::core::redact::line::LineRedactor;
use crate::core::response::{
    CapturedLine, CellRun, CommandResponse, GetResponse, LineResponse, NoteResponse, QuotedLine, Response,
    ScreenResponse,
};

/// Replaces the secrets in what a reply tells of the terminal, if there are `rules`.
pub(in crate::core) fn redact_reply(reply: &mut Reply, rules: Option<Arc<Redactor>>) {
    let (Ok(response), Some(rules)) = (reply, rules) else { return };
    redact_response(response, &rules);
}

fn redact_response(response: &mut Response, redactor: &Arc<Redactor>) {
    let mut lines = LineRedactor::new(Arc::clone(redactor));
    match response {
        Response::Lines(answer) => answer.lines.iter_mut().for_each(|answer| line(answer, &mut lines)),
        Response::Screen(answer) => screen(answer, &mut lines),
        Response::Captured(answer) => answer.captured.iter_mut().for_each(|line| captured(line, redactor)),
        Response::Notes(answer) => answer.notes.iter_mut().for_each(|answer| note(answer, redactor)),
        Response::Annotate(answer) => redactor.redact_string(&mut answer.text),
        Response::Errors(answer) => answer.stderr = redacted_lines(&answer.stderr, &mut lines),
        Response::Get(GetResponse::One { value }) => redactor.redact_string(value),
        Response::Get(GetResponse::All { variables }) => {
            variables.values_mut().for_each(|value| redactor.redact_string(value));
        }
        // `awaiting` and `exec` redact their own, which are made later.
        Response::Await(_) | Response::Exec(_) => {}
        Response::Marks(answer) => {
            answer.commands.iter_mut().for_each(|answer| command(answer, redactor));
            for mark in &mut answer.marks {
                quoted(&mut mark.quoted, redactor);
                redactor.redact_string(&mut mark.name);
            }
        }
        // The others tell of coshell itself.
        Response::Run(_)
        | Response::Stop(_)
        | Response::End(_)
        | Response::Status(_)
        | Response::Send(_)
        | Response::TriggerList(_)
        | Response::TriggerNumber(_)
        | Response::TriggerSwitch(_)
        | Response::Record(_)
        | Response::Subscribe(_)
        | Response::Access(_)
        | Response::Done(_) => {}
    }
}

fn line(line: &mut LineResponse, lines: &mut LineRedactor) {
    lines.line_string(&mut line.text);
    line.notes.iter_mut().for_each(|answer| note(answer, lines.rules()));
}

fn quoted(line: &mut QuotedLine, redactor: &Redactor) {
    redactor.redact_string(&mut line.quote);
}

fn captured(line: &mut CapturedLine, redactor: &Redactor) {
    quoted(&mut line.quoted, redactor);
    let texts = line.place.iter_mut().flat_map(|place| [Some(&mut place.file), place.message.as_mut()]);
    texts.flatten().for_each(|text| redactor.redact_string(text));
}

fn note(note: &mut NoteResponse, redactor: &Redactor) {
    quoted(&mut note.quoted, redactor);
    redactor.redact_string(&mut note.text);
}

fn command(command: &mut CommandResponse, redactor: &Redactor) {
    command.text.iter_mut().for_each(|text| redactor.redact_string(text));
}

fn redacted_lines(text: &str, lines: &mut LineRedactor) -> String {
    let redacted = text.split_inclusive('\n').map(|line| {
        let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
        format!("{}{end}", String::from_utf8_lossy(&lines.line(text.as_bytes())))
    });
    redacted.collect()
}

/// Redacts the rows of a screen, by the lines that they are parts of. A row of which something is hidden has one run.
fn screen(screen: &mut ScreenResponse, lines: &mut LineRedactor) {
    let mut first = 0;
    while first < screen.lines.len() {
        let more = (first..).take_while(|row| screen.wrapped.contains(row)).count();
        let rows = first..(first + more + 1).min(screen.lines.len());
        first = rows.end;
        let whole = screen.lines[rows.clone()].concat();
        let ranges = ranges(&screen.lines[rows.clone()]);
        for (row, text) in rows.zip(lines.parts(whole.as_bytes(), &ranges)) {
            if text != screen.lines[row] {
                screen.runs[row] = vec![CellRun { text: text.clone(), ..CellRun::default() }];
                screen.lines[row] = text;
            }
        }
    }
}

/// Returns the ranges of these texts in all of them joined.
fn ranges(texts: &[String]) -> Vec<Range<usize>> {
    let mut end = 0;
    let range = |text: &String| {
        end += text.len();
        end - text.len()..end
    };
    texts.iter().map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::response::samples;

    #[test]
    fn secret_that_wraps_is_hidden_on_each_row() {
        let token = format!("ghp_{}", "a".repeat(36));
        let Some(Response::Screen(mut answer)) = samples("screen").into_iter().next() else { panic!("a screen") };
        let run = answer.runs[0][0].clone();
        answer.lines = vec![format!("x {}", &token[..20]), format!("{} y", &token[20..]), "other".to_owned()];
        answer.runs = vec![vec![run.clone()]; 3];
        answer.wrapped = vec![0];
        let mut response = Response::Screen(answer);
        redact_response(&mut response, &Arc::default());
        let Response::Screen(answer) = response else { panic!("a screen") };
        assert_eq!(answer.lines, ["x [redacted:github]", "[redacted:github] y", "other"]);
        assert_eq!(answer.runs[0][0], CellRun { text: "x [redacted:github]".to_owned(), ..CellRun::default() });
        assert_eq!(answer.runs[2], [run]);
    }
}
