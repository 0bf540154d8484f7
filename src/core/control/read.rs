//! Requests that read the terminal: printed lines, the screen, commands and marks.

use std::time::Instant;

use super::annotate;
use crate::core::annotations::Annotations;
use crate::core::history::{CommandRecord, History, HistoryLine, LinePosition};
use crate::core::response::{
    CellRun, CellRunColour, CommandResponse, CursorResponse, LineResponse, LinesResponse, MarksResponse, ScreenResponse,
};
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::core::session::{Session, seconds};
use crate::core::vt::screen::{Cell, CellColour, Screen, Style};

/// Maximum size of the text in one answer in bytes. Beyond it the oldest lines are left out.
const LIMIT: usize = 4 * 1024 * 1024;

/// Selection of lines by a client.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::core) struct LinesQuery {
    /// Maximum number of lines; the last ones are taken.
    pub(in crate::core) number: Option<usize>,
    /// First line number.
    pub(in crate::core) from: Option<u64>,
    /// The command whose output is selected: the last is 1, the one before it 2.
    pub(in crate::core) command: Option<usize>,
    /// Without the unfinished line, since its event follows when it is finished.
    pub(in crate::core) finished_only: bool,
}

/// Part of the history between two positions; open-ended where `None`.
type CommandPart = (Option<LinePosition>, Option<LinePosition>);

/// Returns the selected lines.
pub(in crate::core) fn lines(
    now: Instant,
    query: LinesQuery,
    history: Option<&mut History>,
    annotations: &Annotations,
    session: &Session,
) -> Result<LinesResponse, RpcError> {
    let Some(history) = history else { return Ok(LinesResponse { lines: Vec::new(), left_out: None }) };
    let part = match query.command {
        Some(last) => output_of(history, last)?,
        None => (None, None),
    };
    let owners = owners(history);
    // A long history is not copied for its end: lines before the first possible one are skipped. One more is taken, since
    // the unfinished line may be left out.
    let last = query.number.filter(|_| query.command.is_none());
    let last = last.map(|count| history.last(now, count.saturating_add(usize::from(query.finished_only))));
    let first = [query.from, last, part.0.map(|position| position.number)].into_iter().flatten().max();
    let lines = history.lines_from(now, first.unwrap_or(0)).filter(|line| !(query.finished_only && line.open));
    let mut lines = joined(lines.filter_map(|line| cut(line, part)).collect());
    lines.drain(..lines.len().saturating_sub(query.number.unwrap_or(usize::MAX)));
    let left_out = leave_out(&mut lines);
    let response = |line: HistoryLine| LineResponse {
        number: line.number,
        time: session.seconds_at(line.time),
        text: String::from_utf8_lossy(&line.text).into_owned(),
        command: owners.partition_point(|&(first, _)| first <= line.number).checked_sub(1).map(|at| owners[at].1),
        open: !query.finished_only && line.open,
        // For finished lines only, the rest of a long line follows as an event.
        more: query.finished_only && line.more,
        notes: annotate::notes_on(annotations, line.number, session),
    };
    Ok(LinesResponse { lines: lines.into_iter().map(response).collect(), left_out: Some(left_out) })
}

/// Returns the commands that the shell has marked, and the marks that triggers have set.
pub(in crate::core) fn marks(
    now: Instant,
    history: Option<&mut History>,
    annotations: &Annotations,
    session: &Session,
) -> MarksResponse {
    let Some(history) = history else {
        return MarksResponse { commands: Vec::new(), marks: Vec::new(), directory: None };
    };
    let lines: Vec<HistoryLine> = history.lines(now).collect();
    let ran = history.commands().filter(|(command, _)| command.output.is_some());
    let commands = ran.map(|(command, positions)| command_response(command, positions, &lines, session)).collect();
    let directory = history.directory().map(str::to_owned);
    MarksResponse { commands, marks: annotate::marks(annotations, session), directory: Some(directory) }
}

fn command_response(
    command: &CommandRecord,
    [prompt, input, output, end]: [Option<LinePosition>; 4],
    lines: &[HistoryLine],
    session: &Session,
) -> CommandResponse {
    let line = |position: Option<LinePosition>| position.map(|position| position.number);
    let (began, ended) = (command.output.map(|(_, at)| at), command.end.map(|(_, at)| at));
    let took = began.zip(ended).map(|(began, ended)| seconds(ended.saturating_duration_since(began)));
    CommandResponse {
        command: command.number,
        line: line(prompt.or(input).or(output)),
        output: line(output),
        end: line(end),
        status: command.status,
        running: command.end.is_none(),
        time: began.map(|at| session.seconds_at(at)),
        seconds: took,
        directory: command.directory.as_deref().map(str::to_owned),
        text: input.zip(output).map(|part| text_of(lines, part)),
    }
}

/// Returns the first line of every command, and the command's number.
fn owners(history: &mut History) -> Vec<(u64, u64)> {
    let first = |(command, positions): (&CommandRecord, [Option<LinePosition>; 4])| {
        Some((positions.into_iter().flatten().next()?.number, command.number))
    };
    history.commands().filter_map(first).collect()
}

/// Returns the part with the output of the last command, or of an earlier one. A running command that has printed nothing
/// is skipped, since it may be the client itself.
fn output_of(history: &mut History, last: usize) -> Result<CommandPart, RpcError> {
    let (end, marked) = (history.end_position(), history.commands().next().is_some());
    let mut ran = history.commands().rev().filter(|(command, positions)| {
        command.output.is_some() && (command.end.is_some() || positions[2] != Some(end))
    });
    match ran.nth(last.saturating_sub(1)) {
        Some((_, [_, _, output, end])) => Ok((output, end)),
        None if !marked => {
            let sentence = "the shell does not mark its commands; set up coshell integration (see coshell(1))";
            Err(RpcError::new(ErrorCode::Unknown, sentence))
        }
        None => Err(RpcError::new(ErrorCode::Unknown, format!("the history has fewer than {last} commands"))),
    }
}

/// Cuts a line to the part; `None` where it is outside.
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

/// Joins the pieces of long lines.
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

/// Drops the oldest lines where there is too much text. Returns whether any were dropped.
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

/// Returns the text between two positions.
fn text_of(lines: &[HistoryLine], (from, to): (LinePosition, LinePosition)) -> String {
    let from_line = lines.partition_point(|line| line.number < from.number);
    let within = lines[from_line..].iter().take_while(|line| line.number <= to.number);
    let parts = within.filter_map(|line| cut(line.clone(), (Some(from), Some(to))));
    let texts: Vec<String> = parts.map(|line| String::from_utf8_lossy(&line.text).into_owned()).collect();
    texts.join("\n")
}

/// Returns the contents of the screen.
pub(in crate::core) fn screen(screen: &Screen) -> ScreenResponse {
    let (rows, cursor) = (0..screen.rows(), screen.cursor());
    ScreenResponse {
        rows: screen.rows(),
        cols: screen.columns(),
        alternate_screen: screen.alt_screen(),
        cursor: CursorResponse { row: cursor.row, column: cursor.column, visible: cursor.visible },
        lines: rows.clone().map(|row| screen.text(row)).collect(),
        runs: rows.clone().map(|row| runs(screen.cells(row))).collect(),
        wrapped: rows.filter(|&row| screen.wraps(row)).collect(),
    }
}

/// Returns a row as runs of cells that look the same.
fn runs<'a>(cells: impl Iterator<Item = Cell<'a>>) -> Vec<CellRun> {
    let mut runs: Vec<(Style, String)> = Vec::new();
    for cell in cells.filter(|cell| cell.width > 0) {
        match runs.last_mut().filter(|(style, _)| *style == cell.style) {
            Some((_, text)) => text.push_str(&cell.glyph.to_string()),
            None => runs.push((cell.style, cell.glyph.to_string())),
        }
    }
    // Blanks at the end in default colours are dropped.
    if runs.last().is_some_and(|(style, text)| *style == Style::default() && text.trim_end_matches(' ').is_empty()) {
        runs.pop();
    }
    runs.into_iter().map(|(style, text)| run(style, text)).collect()
}

fn run(style: Style, text: String) -> CellRun {
    let has = |name: &str| style.attributes().any(|(known, _)| known == name);
    CellRun {
        text,
        foreground: style.foreground.map(colour),
        background: style.background.map(colour),
        bold: has("bold"),
        faint: has("faint"),
        italic: has("italic"),
        underline: has("underline"),
        blink: has("blink"),
        inverse: has("inverse"),
        strikethrough: has("strikethrough"),
    }
}

fn colour(colour: CellColour) -> CellRunColour {
    match colour {
        CellColour::Indexed(index) => CellRunColour::Indexed(index),
        CellColour::Rgb(r, g, b) => CellRunColour::Rgb(format!("#{r:02x}{g:02x}{b:02x}")),
    }
}
