//! Requests about annotations: notes on lines, captured lines, named marks and variables.

use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};
use std::time::Instant;

use memchr::memmem;

use super::ANSWER_LIMIT;
use super::typed_calls::TypedCalls;
use crate::core::annotations::{Annotation, AnnotationList, Annotations};
use crate::core::history::{History, HistoryLine};
use crate::core::notices::{Notice, SeeAlso};
use crate::core::response::{
    CapturedLine, CapturedResponse, GetResponse, MarkResponse, NoteResponse, NotesResponse, QuotedLine,
};
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::core::session::Session;

/// Returns the notice that shows a note when it is put on its line.
pub(in crate::core) fn notice(note: &Annotation) -> Notice {
    let quote = match &note.part {
        Some(part) => note.quote.chars().skip(part.start).take(part.len()).collect(),
        None => note.quote.clone(),
    };
    let details = note.text.lines().map(str::to_owned).collect();
    let sentence = format!("note on line {}: {}", note.line, quote.trim());
    Notice::new(sentence).with(details, SeeAlso::Notes)
}

/// Creates a note `text` on the line that `reference` refers to.
pub(in crate::core) fn annotation(
    now: Instant,
    history: Option<&mut History>,
    reference: &str,
    text: String,
) -> Result<Annotation, RpcError> {
    let (line, part) = find_line(now, history, reference)?;
    let quote = String::from_utf8_lossy(&line.text).into_owned();
    Ok(Annotation { line: line.number, quote, time: now, text, part, place: None })
}

/// Returns one variable, or all.
pub(in crate::core) fn get(annotations: &Annotations, name: Option<&str>) -> Result<GetResponse, RpcError> {
    let variables = annotations.variables();
    let Some(name) = name else { return Ok(GetResponse::All { variables: variables.clone() }) };
    match variables.get(name) {
        Some(value) => Ok(GetResponse::One { value: value.clone() }),
        None => {
            Err(RpcError::new(ErrorCode::Unknown, format!("there is no variable '{name}'; coshell get lists them")))
        }
    }
}

/// Returns the annotations, oldest first, without the oldest where there is more text than an answer takes.
fn newest(list: &AnnotationList) -> impl Iterator<Item = &Annotation> {
    let mut room = ANSWER_LIMIT;
    let fit = list.iter().rev().take_while(|quoted| {
        let len = quoted.len();
        let fits = len <= room;
        room = room.saturating_sub(len);
        fits
    });
    let left_out = list.iter().count() - fit.count();
    list.iter().skip(left_out)
}

/// Returns all notes.
pub(super) fn notes(annotations: &Annotations, session: &Session) -> NotesResponse {
    NotesResponse { notes: newest(&annotations.notes).map(|note| note_response(note, session)).collect() }
}

/// Returns the notes by the numbers of their lines.
pub(super) fn notes_by_line(annotations: &Annotations) -> HashMap<u64, Vec<&Annotation>> {
    let mut notes: HashMap<u64, Vec<&Annotation>> = HashMap::new();
    newest(&annotations.notes).for_each(|note| notes.entry(note.line).or_default().push(note));
    notes
}

/// Returns these notes as they are told to clients.
pub(super) fn responses(notes: Vec<&Annotation>, session: &Session) -> Vec<NoteResponse> {
    notes.into_iter().map(|note| note_response(note, session)).collect()
}

fn note_response(note: &Annotation, session: &Session) -> NoteResponse {
    NoteResponse { quoted: quoted(note, session), text: note.text.clone() }
}

/// Returns those of the lines with these numbers that triggers have captured.
pub(super) fn captured(lines: &RangeInclusive<u64>, annotations: &Annotations, session: &Session) -> CapturedResponse {
    let line = |line: &Annotation| CapturedLine {
        quoted: quoted(line, session),
        trigger: line.text.clone(),
        place: line.place.clone(),
    };
    let all = newest(&annotations.captured).filter(|captured| lines.contains(&captured.line));
    CapturedResponse { captured: all.map(line).collect() }
}

/// Returns the marks that triggers have set.
pub(super) fn marks(annotations: &Annotations, session: &Session) -> Vec<MarkResponse> {
    let mark = |mark: &Annotation| MarkResponse { quoted: quoted(mark, session), name: mark.text.clone() };
    newest(&annotations.marks).map(mark).collect()
}

fn quoted(annotation: &Annotation, session: &Session) -> QuotedLine {
    QuotedLine {
        line: annotation.line,
        quote: annotation.quote.clone(),
        time: session.seconds_at(annotation.time),
        from: annotation.part.as_ref().map(|part| part.start + 1),
        to: annotation.part.as_ref().map(|part| part.end),
    }
}

/// Finds the line of a reference: `12`, `12:3-8` with columns from 1, or `/TEXT`, the last line that contains it. Returns
/// the columns too.
fn find_line(
    now: Instant,
    history: Option<&mut History>,
    reference: &str,
) -> Result<(HistoryLine, Option<Range<usize>>), RpcError> {
    let none = |what: String| RpcError::new(ErrorCode::Unknown, format!("there is no line {what}"));
    let Some(history) = history else { return Err(none(reference.to_owned())) };
    if let Some(text) = reference.strip_prefix('/') {
        let typed = TypedCalls::of(history, reference);
        return last_with(history.lines(now), text, &typed);
    }
    let (number, part) = match reference.split_once(':') {
        Some((number, part)) => (number, Some(columns(part).ok_or_else(|| misread(reference))?)),
        None => (reference, None),
    };
    let number: u64 = number.parse().map_err(|_| misread(reference))?;
    if let Some(line) = history.lines_from(now, number).next().filter(|line| line.number == number) {
        return Ok((line, part));
    }
    let first = history.lines(now).next().map(|line| line.number);
    let last = history.last(now, 1);
    let kept = first.map_or_else(String::new, |first| format!("; the history has lines {first} to {last}"));
    Err(none(format!("{number}{kept}")))
}

fn misread(reference: &str) -> RpcError {
    let sentence =
        format!("'{reference}' is not a line: write its number, NUMBER:FROM-TO with columns from 1, or /TEXT");
    RpcError::new(ErrorCode::Params, sentence)
}

/// Parses `FROM-TO`, from 1 and both included, as a range from 0.
fn columns(part: &str) -> Option<Range<usize>> {
    let (from, to) = part.split_once('-')?;
    let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
    (from >= 1 && from <= to).then(|| from - 1..to)
}

/// Finds the last line that contains `text`, and the columns of it. Lines on which a call with the reference was `typed` are
/// skipped.
fn last_with(
    lines: impl DoubleEndedIterator<Item = HistoryLine>,
    text: &str,
    typed: &TypedCalls<'_>,
) -> Result<(HistoryLine, Option<Range<usize>>), RpcError> {
    let wanted = memmem::Finder::new(text);
    let found = |line: HistoryLine| {
        let at = wanted.find(&line.text).filter(|_| !typed.are_on(&line))?;
        Some((line, at))
    };
    let (line, at) = lines
        .rev()
        .filter(|_| !text.is_empty())
        .find_map(found)
        .ok_or_else(|| RpcError::new(ErrorCode::Unknown, format!("no line of the history contains '{text}'")))?;
    let from = String::from_utf8_lossy(&line.text[..at]).chars().count();
    Ok((line, Some(from..from + text.chars().count())))
}
