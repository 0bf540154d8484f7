//! What was printed, and what stands on the screen, for those who ask: an answer is of one moment.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::{ErrorCode, Reply, RpcError};
use crate::core::Core;
use crate::core::history;
use crate::core::history::{History, HistoryLine, LinePosition};
use crate::core::vt::screen::{Cell, CellColour, Screen, Style};
use crate::types::RequestId;

/// The most text in one answer: beyond that the oldest lines are left out.
const LIMIT: usize = 4 * 1024 * 1024;

/// Which lines are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LinesQuery {
    /// At most so many, the last ones.
    pub(super) number: Option<usize>,
    /// From this one on.
    pub(super) from: Option<u64>,
    /// The output of a command: the last is 1, the one before it 2.
    pub(super) command: Option<usize>,
}

/// What becomes of the line that the cursor is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    /// It is told as far as it is.
    Told,
    /// It is told when it is finished.
    LeftOut,
}

/// A part of the history, its first and last line cut; open where it is `None`.
type CommandPart = (Option<LinePosition>, Option<LinePosition>);

impl Core {
    /// The lines that are wanted, and from now on those that come, each when it is finished.
    pub(super) fn follow_lines(&mut self, now: Instant, request_id: RequestId, wanted: LinesQuery) -> Reply {
        let lines = self.tell_lines(now, wanted, Open::LeftOut)?;
        self.control.subscribers.add(request_id, vec!["line".to_owned()])?;
        self.watch();
        Ok(lines)
    }

    /// The lines that are wanted.
    pub(super) fn tell_lines(&mut self, now: Instant, wanted: LinesQuery, open: Open) -> Reply {
        let Some(history) = self.screen.history() else { return Ok(json!({"lines": []})) };
        let part = match wanted.command {
            Some(last) => output_of(history, last)?,
            None => (None, None),
        };
        let owners = owners(history);
        // No line is copied that is not wanted: there may be many. One more may be left out.
        let last = wanted.number.filter(|_| wanted.command.is_none());
        let last = last.map(|count| history.last(now, count.saturating_add(usize::from(open == Open::LeftOut))));
        let first = [wanted.from, last, part.0.map(|spot| spot.number)].into_iter().flatten().max();
        let lines = history.lines_from(now, first.unwrap_or(0)).filter(|line| open == Open::Told || !line.open);
        let mut lines = joined(lines.filter_map(|line| cut(line, part)).collect());
        lines.drain(..lines.len().saturating_sub(wanted.number.unwrap_or(usize::MAX)));
        let left_out = leave_out(&mut lines);
        let object = |line: HistoryLine| {
            let mut object = json!({
                "number": line.number,
                "time": self.seconds_at(line.time),
                "text": String::from_utf8_lossy(&line.text),
            });
            let owner = owners.partition_point(|&(first, _)| first <= line.number).checked_sub(1);
            if let Some(at) = owner {
                object["command"] = owners[at].1.into();
            }
            match open {
                Open::Told if line.open => object["open"] = true.into(),
                // The rest of it comes.
                Open::LeftOut if line.more => object["more"] = true.into(),
                Open::Told | Open::LeftOut => {}
            }
            if let Some(notes) = self.notes_on(line.number) {
                object["notes"] = notes;
            }
            object
        };
        let objects: Vec<Value> = lines.into_iter().map(object).collect();
        Ok(json!({"lines": objects, "left_out": left_out}))
    }

    /// A time in seconds since 1970.
    pub(in crate::core) fn seconds_at(&self, time: Instant) -> f64 {
        seconds(self.settings.clock + time.saturating_duration_since(self.start))
    }

    /// The commands that the shell has marked.
    pub(super) fn tell_marks(&mut self, now: Instant) -> Value {
        let (start, clock) = (self.start, self.settings.clock);
        let Some(history) = self.screen.history() else { return json!({"commands": [], "marks": []}) };
        let lines: Vec<HistoryLine> = history.lines(now).collect();
        let ran = history.commands().filter(|(command, _)| command.output.is_some());
        let commands: Vec<Value> = ran
            .map(|(command, spots)| {
                let [prompt, input, output, end] = spots;
                let line = |spot: Option<LinePosition>| spot.map(|spot| spot.number);
                let (began, ended) = (command.output.map(|(_, at)| at), command.end.map(|(_, at)| at));
                let took = began.zip(ended).map(|(began, ended)| seconds(ended.saturating_duration_since(began)));
                json!({
                    "command": command.number,
                    "line": line(prompt.or(input).or(output)),
                    "output": line(output),
                    "end": line(end),
                    "status": command.status,
                    "running": command.end.is_none(),
                    "time": began.map(|at| seconds(clock + at.saturating_duration_since(start))),
                    "seconds": took,
                    "directory": command.directory.as_deref(),
                    "text": input.zip(output).map(|part| text_of(&lines, part)),
                })
            })
            .collect();
        let directory = history.directory().map(str::to_owned);
        json!({"commands": commands, "marks": self.named_marks(), "directory": directory})
    }

    /// The screen as it stands.
    pub(super) fn tell_screen(&mut self) -> Reply {
        let picture = self.screen.screen();
        picture
            .map(screen)
            .ok_or_else(|| RpcError::new(ErrorCode::NoTerminal, "the session keeps nothing of what is on its screen"))
    }
}

/// Seconds, to the millisecond.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

/// The first line of every command, and its number.
fn owners(history: &mut History) -> Vec<(u64, u64)> {
    let first = |(command, spots): (&history::CommandRecord, [Option<LinePosition>; 4])| {
        Some((spots.into_iter().flatten().next()?.number, command.number))
    };
    history.commands().filter_map(first).collect()
}

/// Where the output of the last command stands, or of an earlier one. One that runs and has printed nothing does not
/// count: it may be the one that asks.
fn output_of(history: &mut History, last: usize) -> Result<CommandPart, RpcError> {
    let (here, marked) = (history.here(), history.commands().next().is_some());
    let mut ran = history
        .commands()
        .rev()
        .filter(|(command, spots)| command.output.is_some() && (command.end.is_some() || spots[2] != Some(here)));
    match ran.nth(last.saturating_sub(1)) {
        Some((_, [_, _, output, end])) => Ok((output, end)),
        None if !marked => {
            let sentence = "the shell does not mark its commands; see coshell integration";
            Err(RpcError::new(ErrorCode::Unknown, sentence))
        }
        None => Err(RpcError::new(ErrorCode::Unknown, format!("there were fewer than {last} commands"))),
    }
}

/// What of a line lies in this part.
fn cut(mut line: HistoryLine, (from, to): CommandPart) -> Option<HistoryLine> {
    if from.is_some_and(|from| line.number < from.number) || to.is_some_and(|to| line.number > to.number) {
        return None;
    }
    if let Some(to) = to.filter(|to| to.number == line.number) {
        line.text = line.text[..to.column.min(line.text.len())].into();
        line.open = false;
        // It ended in front of this line.
        if line.text.is_empty() {
            return None;
        }
    }
    if let Some(from) = from.filter(|from| from.number == line.number) {
        line.text = line.text[from.column.min(line.text.len())..].into();
    }
    Some(line)
}

/// The pieces of long lines put together.
fn joined(pieces: Vec<HistoryLine>) -> Vec<HistoryLine> {
    let mut lines: Vec<HistoryLine> = Vec::new();
    for piece in pieces {
        match lines.last_mut().filter(|last| last.more && last.number == piece.number) {
            Some(last) => {
                last.text = [&*last.text, &*piece.text].concat().into();
                (last.more, last.open, last.time) = (piece.more, piece.open, piece.time);
            }
            None => lines.push(piece),
        }
    }
    lines
}

/// Leaves out the oldest lines where there is too much text; whether there were any.
fn leave_out(lines: &mut Vec<HistoryLine>) -> bool {
    let mut room = LIMIT;
    let fit = lines.iter().rev().take_while(|line| {
        let fits = line.text.len() < room;
        room = room.saturating_sub(line.text.len());
        fits
    });
    let first = lines.len() - fit.count();
    lines.drain(..first);
    first > 0
}

/// The text between two places.
fn text_of(lines: &[HistoryLine], (from, to): (LinePosition, LinePosition)) -> String {
    let from_line = lines.partition_point(|line| line.number < from.number);
    let within = lines[from_line..].iter().take_while(|line| line.number <= to.number);
    let parts = within.filter_map(|line| cut(line.clone(), (Some(from), Some(to))));
    let texts: Vec<String> = parts.map(|line| String::from_utf8_lossy(&line.text).into_owned()).collect();
    texts.join("\n")
}

fn screen(picture: &Screen) -> Value {
    let cursor = picture.cursor();
    let rows: Vec<String> = (0..picture.rows()).map(|row| picture.text(row)).collect();
    let runs: Vec<Value> = (0..picture.rows()).map(|row| runs(picture.cells(row))).collect();
    let wrapped: Vec<usize> = (0..picture.rows()).filter(|&row| picture.wraps(row)).collect();
    json!({
        "rows": picture.rows(),
        "cols": picture.columns(),
        "alternate_screen": picture.alt_screen(),
        "cursor": {"row": cursor.row, "column": cursor.column, "visible": cursor.visible},
        "lines": rows,
        "runs": runs,
        "wrapped": wrapped,
    })
}

/// A row as runs of cells that look the same.
fn runs<'a>(cells: impl Iterator<Item = Cell<'a>>) -> Value {
    let mut runs: Vec<(Style, String)> = Vec::new();
    for cell in cells.filter(|cell| cell.width > 0) {
        match runs.last_mut().filter(|(style, _)| *style == cell.style) {
            Some((_, text)) => text.push_str(&cell.glyph.to_string()),
            None => runs.push((cell.style, cell.glyph.to_string())),
        }
    }
    // Blanks at the end that nobody coloured say nothing.
    if runs.last().is_some_and(|(style, text)| *style == Style::default() && text.trim_end_matches(' ').is_empty()) {
        runs.pop();
    }
    runs.into_iter().map(|(style, text)| run(style, text)).collect()
}

fn run(style: Style, text: String) -> Value {
    let mut run = Map::from_iter([("text".to_owned(), text.into())]);
    run.extend(style.attributes().map(|(name, _)| (name.to_owned(), true.into())));
    let colours = [("foreground", style.foreground), ("background", style.background)];
    run.extend(colours.into_iter().filter_map(|(name, colour)| Some((name.to_owned(), self::colour(colour?)))));
    Value::Object(run)
}

/// A number of the palette, or `#rrggbb`.
fn colour(colour: CellColour) -> Value {
    match colour {
        CellColour::Indexed(index) => index.into(),
        CellColour::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}").into(),
    }
}
