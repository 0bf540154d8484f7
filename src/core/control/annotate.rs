//! Notes on lines, captured lines, named marks and variables: written down by clients, listed for them.

use std::ops::Range;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::{ErrorCode, Reply, RpcError};
use crate::core::annotations::Annotation;
use crate::core::history::HistoryLine;
use crate::core::output::notices::SeeAlso;
use crate::core::{Core, Effect};

/// What may wait to be shown as if the shell had printed it.
const INJECTED: usize = 64 * 1024;

impl Core {
    /// Puts a note on a line, and shows it.
    pub(in crate::core) fn annotate(&mut self, quoted: Annotation, out: &mut Vec<Effect>) {
        let shown = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
        let quote = match &quoted.part {
            Some(part) => quoted.quote.chars().skip(part.start).take(part.len()).collect(),
            None => quoted.quote.clone(),
        };
        let details: Vec<String> = quoted.text.lines().map(shown).collect();
        let sentence = format!("note on line {}: {}", quoted.line, shown(quote.trim()));
        self.notice_of(&sentence, &details, SeeAlso::Notes, out);
        self.notes.notes.push(quoted);
    }

    /// Shows this as if the shell had printed it, once the stream is at rest. Says whether there was room for it.
    pub(in crate::core) fn inject(&mut self, bytes: &[u8]) -> bool {
        let fits = self.injected.len() + bytes.len() <= INJECTED;
        if fits {
            self.injected.extend_from_slice(bytes);
        }
        fits
    }

    pub(super) fn asked_to_annotate(&mut self, now: Instant, line: &str, text: String, out: &mut Vec<Effect>) -> Reply {
        let (line, part) = self.find_line(now, line)?;
        let quote = String::from_utf8_lossy(&line.text).into_owned();
        let answer = json!({"line": line.number, "text": quote});
        self.annotate(Annotation { line: line.number, quote, time: now, text, part }, out);
        Ok(answer)
    }

    pub(super) fn asked_to_inject(&mut self, text: &str) -> Reply {
        let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
        if self.inject(text.as_bytes()) {
            return Ok(json!({}));
        }
        Err(RpcError::new(ErrorCode::Full, "64 KiB wait to be shown already; try again when they are"))
    }

    pub(super) fn asked_to_set(&mut self, name: &str, value: &str) -> Reply {
        self.notes.set(name, value).map_err(|sentence| RpcError::new(ErrorCode::Params, sentence))?;
        Ok(json!({}))
    }

    pub(super) fn asked_to_get(&self, name: Option<&str>) -> Reply {
        let variables = self.notes.variables();
        let Some(name) = name else { return Ok(json!({"variables": variables})) };
        match variables.get(name) {
            Some(value) => Ok(json!({"value": value})),
            None => Err(RpcError::new(ErrorCode::Unknown, format!("there is no variable '{name}'"))),
        }
    }

    pub(super) fn tell_notes(&self) -> Value {
        let notes: Vec<Value> = self.notes.notes.iter().map(|note| self.written(note, "text")).collect();
        json!({"notes": notes})
    }

    pub(super) fn tell_captured(&self) -> Value {
        let captured: Vec<Value> = self.notes.captured.iter().map(|line| self.written(line, "trigger")).collect();
        json!({"captured": captured})
    }

    pub(super) fn named_marks(&self) -> Vec<Value> {
        self.notes.marks.iter().map(|mark| self.written(mark, "name")).collect()
    }

    /// The notes on a line, if there are any.
    pub(super) fn notes_on(&self, line: u64) -> Option<Value> {
        let notes = self.notes.notes.iter().filter(|note| note.line == line);
        let notes: Vec<Value> = notes.map(|note| self.written(note, "text")).collect();
        (!notes.is_empty()).then(|| notes.into())
    }

    fn written(&self, quoted: &Annotation, key: &str) -> Value {
        let mut object = Map::from_iter([
            ("line".to_owned(), quoted.line.into()),
            ("quote".to_owned(), quoted.quote.clone().into()),
            ("time".to_owned(), self.seconds_at(quoted.time).into()),
            (key.to_owned(), quoted.text.clone().into()),
        ]);
        if let Some(part) = &quoted.part {
            object.insert("from".to_owned(), (part.start + 1).into());
            object.insert("to".to_owned(), part.end.into());
        }
        object.into()
    }

    /// The line that is meant: `12`, `12:3-8` with columns from 1, or `/TEXT`, the last that holds it.
    fn find_line(&mut self, now: Instant, meant: &str) -> Result<(HistoryLine, Option<Range<usize>>), RpcError> {
        let lines: Vec<HistoryLine> =
            self.screen.history().map_or_else(Vec::new, |history| history.lines(now).collect());
        if let Some(text) = meant.strip_prefix('/') {
            return last_with(&lines, text, meant);
        }
        let (number, part) = match meant.split_once(':') {
            Some((number, part)) => (number, Some(columns(part).ok_or_else(|| misread(meant))?)),
            None => (meant, None),
        };
        let number: u64 = number.parse().map_err(|_| misread(meant))?;
        match lines.iter().find(|line| line.number == number) {
            Some(line) => Ok((line.clone(), part)),
            None => {
                let (first, last) = (lines.first(), lines.last());
                let kept = first.zip(last).map_or_else(String::new, |(first, last)| {
                    format!("; the history has lines {} to {}", first.number, last.number)
                });
                Err(RpcError::new(ErrorCode::Unknown, format!("line {number} is not there{kept}")))
            }
        }
    }
}

fn misread(meant: &str) -> RpcError {
    let sentence = format!("'{meant}' is no line; a line is its number, NUMBER:FROM-TO with columns from 1, or /TEXT");
    RpcError::new(ErrorCode::Params, sentence)
}

/// `FROM-TO`, from 1 and both included, as a range from 0.
fn columns(part: &str) -> Option<Range<usize>> {
    let (from, to) = part.split_once('-')?;
    let (from, to): (usize, usize) = (from.parse().ok()?, to.parse().ok()?);
    (from >= 1 && from <= to).then(|| from - 1..to)
}

/// The last line that holds the text, and where. The line on which that was typed does not count.
fn last_with(lines: &[HistoryLine], text: &str, typed: &str) -> Result<(HistoryLine, Option<Range<usize>>), RpcError> {
    let holds = |line: &&HistoryLine| {
        let line = String::from_utf8_lossy(&line.text);
        line.contains(text) && !line.contains(typed)
    };
    let line = lines.iter().rev().find(holds);
    let line = line
        .filter(|_| !text.is_empty())
        .ok_or_else(|| RpcError::new(ErrorCode::Unknown, format!("no line of the history holds '{text}'")))?;
    let whole = String::from_utf8_lossy(&line.text);
    let from = whole.find(text).map_or(0, |at| whole[..at].chars().count());
    Ok((line.clone(), Some(from..from + text.chars().count())))
}
