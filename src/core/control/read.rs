//! Requests that read the terminal: printed lines, the screen, commands and marks.

use std::time::Instant;

use super::{ANSWER_LIMIT, annotate};
use crate::core::annotations::Annotations;
use crate::core::history::{CommandRecord, History, HistoryLine, LinePosition};
use crate::core::request::Request;
use crate::core::response::{
    CapturedResponse, CellRun, CellRunColour, CommandResponse, CursorResponse, LineResponse, LinesResponse,
    MarksResponse, Response, ScreenResponse,
};
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::core::session::{Session, seconds};
use crate::core::vt::screen::{Cell, CellColour, Screen, Style};

/// Maximum number of runs of cells in an answer. Beyond it each row is one run without colours.
const RUNS: usize = 16 * 1024;

/// Selection of lines by a client.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::core) struct LinesQuery {
    /// Maximum number of lines; the last ones are taken.
    pub(in crate::core) number: Option<usize>,
    /// First line number.
    pub(in crate::core) from: Option<u64>,
    /// Last line number.
    pub(in crate::core) to: Option<u64>,
    /// The command whose output is selected: the last is 1, the one before it 2.
    pub(in crate::core) command: Option<usize>,
    /// Without the unfinished line, since its event follows when it is finished.
    pub(in crate::core) finished_only: bool,
}

/// Part of the history between two positions; open-ended where `None`.
pub(super) type CommandPart = (Option<LinePosition>, Option<LinePosition>);

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
    let last = query.number.filter(|_| query.command.is_none() && query.to.is_none());
    let last = last.map(|count| history.last(now, count.saturating_add(usize::from(query.finished_only))));
    let first = [query.from, last, part.0.map(|position| position.number)].into_iter().flatten().max();
    let lines = history.lines_from(now, first.unwrap_or(0)).filter(|line| !(query.finished_only && line.open));
    let lines = lines.take_while(|line| query.to.is_none_or(|to| line.number <= to));
    let mut lines = joined(lines.filter_map(|line| cut(line, part)));
    lines.drain(..lines.len().saturating_sub(query.number.unwrap_or(usize::MAX)));
    let left_out = leave_out(&mut lines);
    let mut notes = annotate::notes_by_line(annotations);
    let response = |(line, text): (HistoryLine, Vec<u8>)| LineResponse {
        number: line.number,
        time: session.seconds_at(line.time),
        text: into_text(text),
        command: owners.partition_point(|&(first, _)| first <= line.number).checked_sub(1).map(|at| owners[at].1),
        open: !query.finished_only && line.open,
        // For finished lines only, the rest of a long line follows as an event.
        more: query.finished_only && line.more,
        notes: notes.remove(&line.number).map(|notes| annotate::responses(notes, session)).unwrap_or_default(),
    };
    Ok(LinesResponse { lines: lines.into_iter().map(response).collect(), left_out: Some(left_out) })
}

/// Returns the lines of a part of the history without their texts, and the texts.
pub(super) fn text_of(now: Instant, history: &mut History, part: CommandPart) -> Vec<(HistoryLine, String)> {
    let lines = history.lines_from(now, part.0.map_or(0, |from| from.number));
    let lines = lines.take_while(|line| part.1.is_none_or(|to| line.number <= to.number));
    let lines = joined(lines.filter_map(|line| cut(line, part)));
    lines.into_iter().map(|(line, text)| (line, into_text(text))).collect()
}

/// Returns bytes as text, without a copy of what is UTF-8.
fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Returns what a request for a list of annotations asks for.
pub(in crate::core) fn listed(
    request: &Request,
    history: Option<&mut History>,
    annotations: &Annotations,
    session: &Session,
) -> Result<Response, RpcError> {
    match request {
        Request::Captured { command, .. } => captured(*command, history, annotations, session).map(Into::into),
        Request::Marks { .. } => Ok(marks(history, annotations, session).into()),
        _ => Ok(annotate::notes(annotations, session).into()),
    }
}

/// Returns the commands that the shell has marked, and the marks that triggers have set.
fn marks(history: Option<&mut History>, annotations: &Annotations, session: &Session) -> MarksResponse {
    let Some(history) = history else {
        return MarksResponse { commands: Vec::new(), marks: Vec::new(), directory: None };
    };
    let mut room = ANSWER_LIMIT;
    let ran = history.commands().rev().filter(|(command, _)| command.output.is_some());
    let fit = ran.map_while(|(command, positions)| {
        let typed = history.typed_text(command);
        let response = command_response(command, positions, typed, room, session);
        let len: usize = [&response.text, &response.directory].into_iter().flatten().map(String::len).sum();
        room = room.checked_sub(len)?;
        Some(response)
    });
    let mut commands: Vec<CommandResponse> = fit.collect();
    commands.reverse();
    let directory = history.directory().map(str::to_owned);
    MarksResponse { commands, marks: annotate::marks(annotations, session), directory: Some(directory) }
}

fn command_response(
    command: &CommandRecord,
    [prompt, input, output, end]: [Option<LinePosition>; 4],
    typed: Option<&str>,
    room: usize,
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
        // Right prompts and rows of the editor stand between the marks too.
        text: command.text.as_deref().or(typed).map(|text| text.chars().take(room).collect()),
    }
}

/// Returns the first line of every command, and the command's number.
fn owners(history: &History) -> Vec<(u64, u64)> {
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
        None => Err(RpcError::new(
            ErrorCode::Unknown,
            format!("the history has fewer than {last} commands: name a later one"),
        )),
    }
}

/// Returns the lines that triggers have captured, or those of them that the last command, or the `command`-th last, has
/// printed.
fn captured(
    command: Option<usize>,
    history: Option<&mut History>,
    annotations: &Annotations,
    session: &Session,
) -> Result<CapturedResponse, RpcError> {
    let (from, to) = match command.zip(history) {
        Some((last, history)) => output_of(history, last)?,
        None => (None, None),
    };
    // The prompt behind the output stands on a line of its own if the output ended its last one.
    let last = to.map_or(u64::MAX, |to| to.number.saturating_sub(u64::from(to.column == 0)));
    Ok(annotate::captured(&(from.map_or(0, |from| from.number)..=last), annotations, session))
}

/// Cuts a line to the part; `None` where it is outside.
fn cut(mut line: HistoryLine, part: CommandPart) -> Option<HistoryLine> {
    let text = part_of(&line, part)?;
    if text.len() < line.text.len() {
        line.text = text.into();
    }
    line.open &= part.1.is_none_or(|to| to.number != line.number);
    Some(line)
}

/// Returns the text of a line in the part; `None` where it is outside.
pub(super) fn part_of(line: &HistoryLine, (from, to): CommandPart) -> Option<&[u8]> {
    if from.is_some_and(|from| line.number < from.number) || to.is_some_and(|to| line.number > to.number) {
        return None;
    }
    let mut text = &*line.text;
    if let Some(to) = to.filter(|to| to.number == line.number) {
        text = &text[..to.column.min(text.len())];
        // It ended in front of this line.
        if text.is_empty() {
            return None;
        }
    }
    if let Some(from) = from.filter(|from| from.number == line.number) {
        text = &text[from.column.min(text.len())..];
    }
    Some(text)
}

/// Joins the pieces of long lines. Returns the lines without their texts, and the texts.
fn joined(pieces: impl Iterator<Item = HistoryLine>) -> Vec<(HistoryLine, Vec<u8>)> {
    let mut lines: Vec<(HistoryLine, Vec<u8>)> = Vec::new();
    for mut piece in pieces {
        let text = std::mem::take(&mut piece.text);
        match lines.last_mut().filter(|(last, _)| last.more && last.number == piece.number) {
            Some((last, joined)) => {
                joined.extend_from_slice(&text);
                (last.more, last.open, last.time) = (piece.more, piece.open, piece.time);
            }
            None => lines.push((piece, text.into_vec())),
        }
    }
    lines
}

/// Drops the oldest lines where there is too much text. Returns whether any were dropped.
fn leave_out(lines: &mut Vec<(HistoryLine, Vec<u8>)>) -> bool {
    let mut room = ANSWER_LIMIT;
    let fit = lines.iter().rev().take_while(|(_, text)| {
        let fits = text.len() < room;
        room = room.saturating_sub(text.len());
        fits
    });
    let first = lines.len() - fit.count();
    lines.drain(..first);
    first > 0
}

/// Returns the contents of the screen, if there is one.
pub(in crate::core) fn screen(screen: Option<&Screen>) -> Result<ScreenResponse, RpcError> {
    let Some(screen) = screen else {
        let sentence = "the session has no screen: its output is not a terminal";
        return Err(RpcError::new(ErrorCode::NoTerminal, sentence));
    };
    let (rows, cursor, mut room) = (0..screen.rows(), screen.cursor(), RUNS);
    let runs = |row| {
        let runs = runs(screen.cells(row).into_iter(), room);
        room = room.saturating_sub(runs.len());
        runs
    };
    Ok(ScreenResponse {
        rows: screen.rows(),
        cols: screen.columns(),
        alternate_screen: screen.alt_screen(),
        cursor: CursorResponse { row: cursor.row, column: cursor.column, visible: cursor.visible },
        lines: rows.clone().map(|row| screen.text(row)).collect(),
        runs: rows.clone().map(runs).collect(),
        wrapped: rows.filter(|&row| screen.wraps(row)).collect(),
        numbers: screen.line_numbers(),
    })
}

/// Returns a row as runs of cells that look the same. Once there are `most` runs, the last one has the rest of the row.
fn runs(cells: impl Iterator<Item = Cell>, most: usize) -> Vec<CellRun> {
    let mut runs: Vec<(Style, String)> = Vec::new();
    for cell in cells.filter(|cell| cell.width > 0) {
        let is_last = runs.len() >= most.max(1);
        match runs.last_mut().filter(|(style, _)| *style == cell.style || is_last) {
            Some((_, text)) => cell.glyph.push_to(text),
            None => {
                let mut text = String::new();
                cell.glyph.push_to(&mut text);
                runs.push((if most == 0 { Style::default() } else { cell.style }, text));
            }
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
