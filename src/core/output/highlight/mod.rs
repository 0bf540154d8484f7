//! Shows matches in colours and as hyperlinks while the output streams. The stage exists only while a trigger asks for it.
//!
//! No byte is held back. A line that lies in the chunk at hand gets its colours in its bytes (`paint: insert`). Of one that
//! began in an earlier chunk the first part is on the terminal already, so it is printed again in its place, in front of the
//! LF that ends it (`paint: reprint`). Both are done under the same conditions, so that the colours do not depend on how the
//! output is cut; where one does not hold, the line is left alone:
//!
//! - It was printed from left to right on the main screen and is ended by CR and LF (`core/vt/printed_line.rs`). No
//!   unfinished line is touched: it may be a prompt, or edited.
//! - It was not printed by a shell's line editor, and no key was typed while it was unfinished, of which it would have the
//!   echo.
//! - Its rows are on the screen, and each character in it is as wide on every terminal, or it has room on one row whatever
//!   they are.

mod cells;
mod insertions;
mod paint;
mod target;
#[cfg(test)]
mod tests;

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::terminal::ShownLine;
use crate::core::event::PtyState;
use crate::core::history::HostReport;
use crate::core::trigger::table::TriggerTable;
use crate::core::trigger::{ConditionFacts, Decoration, LineMatches, LineRef, Look};
use crate::core::vt::{Line, LineReplay, MarkedZone, Marks, VtState, tail};
pub(super) use insertions::Insertions;

/// Time for which the state of the pty is taken as unchanged.
const PTY_STATE_AGE: Duration = Duration::from_millis(20);
/// Maximum number of raw bytes that are kept of an unfinished line.
const MAX_RAW: usize = 64 * 1024;
/// Number of matches in a chunk from which no further line is shown in another way: they are kept until it is shown.
const MOST_MATCHES: usize = 64 * 1024;

/// The stage.
#[derive(Debug)]
pub(super) struct Highlight {
    marks: Marks,
    /// The last two bytes of the stream.
    tail: [u8; 2],
    /// URL of the shell's directory.
    directory: Option<Vec<u8>>,
    /// Whether the terminal has hyperlinks or ignores them.
    has_links: bool,
    /// The bytes from the chunk on in which the unfinished line began.
    held: Option<Stretch>,
    /// Offset in the stream up to which lines are left alone.
    blocked_to: u64,
    /// The state of the pty, and when it was looked up. `None` as well while it is asked for.
    pty_state: Option<(Instant, PtyState)>,
    asks: bool,
}

/// Bytes of the stream, and the state in front of them.
#[derive(Debug)]
struct Stretch {
    replay: Box<LineReplay>,
    bytes: Vec<u8>,
}

/// A chunk of output that is being printed: it collects the lines that have decorations.
#[derive(Debug)]
pub(super) struct Chunk {
    facts: ConditionFacts,
    /// State in front of it. It is large and moved often.
    replay: Box<LineReplay>,
    marks: Marks,
    directory: Option<Vec<u8>>,
    has_links: bool,
    lines: Vec<DecoratedLine>,
    /// Number of matches in the lines so far.
    matches: usize,
}

/// A line that triggers would decorate.
#[derive(Debug)]
struct DecoratedLine {
    id: u64,
    number: u64,
    start: u64,
    end: u64,
    text: String,
    /// What they change, with the indexes of the triggers.
    decorations: Vec<(usize, Decoration)>,
}

impl Highlight {
    /// Creates the stage at the offset `at` of the stream, for a shell in the directory `path`, if that is known, and a terminal
    /// that has hyperlinks or not.
    pub(super) fn new(at: u64, path: Option<&str>, has_links: bool) -> Self {
        let directory = path.map(target::directory);
        Self {
            marks: Marks::default(),
            tail: *b"\r\n",
            directory,
            has_links,
            held: None,
            blocked_to: at,
            pty_state: None,
            asks: false,
        }
    }

    /// Has lines left alone that begin before the offset `to`: keys were typed, or the terminal was changed otherwise than by
    /// the stream.
    pub(super) fn block_to(&mut self, to: u64) {
        self.blocked_to = self.blocked_to.max(to);
    }

    /// Returns whether the state of the pty has to be asked for, before the next chunk is shown.
    pub(super) fn ask(&mut self, now: Instant) -> bool {
        self.pty_state.take_if(|(at, _)| now.saturating_duration_since(*at) >= PTY_STATE_AGE);
        self.asks = self.pty_state.is_none();
        self.asks
    }

    /// Whether the state of the pty is asked for.
    pub(super) fn asks(&self) -> bool {
        self.asks
    }

    /// Takes the state of the pty.
    pub(super) fn answered(&mut self, now: Instant, state: &PtyState) {
        (self.pty_state, self.asks) = (Some((now, state.clone())), false);
    }

    /// Begins a chunk that is to be printed by the terminal in this state.
    pub(super) fn begin(&mut self, mut facts: ConditionFacts, text: &VtState) -> Chunk {
        facts.pty_state = self.pty_state.as_ref().map(|(_, state)| state.clone());
        // `end` puts them back.
        let (marks, directory) = (std::mem::take(&mut self.marks), self.directory.take());
        let replay = Box::new(LineReplay::new(text.without_lines(), marks.clone(), self.tail));
        Chunk { facts, replay, marks, directory, has_links: self.has_links, lines: Vec::new(), matches: 0 }
    }

    /// Ends a chunk, `bytes`, that has been parsed and is to be queued for the terminal in this state. Returns what is inserted
    /// in it, and the lines that this shows in other attributes; tells `triggers` which of them have decorated a line.
    pub(super) fn end(
        &mut self,
        now: Instant,
        chunk: Chunk,
        bytes: &[u8],
        text: &VtState,
        triggers: &mut TriggerTable,
    ) -> (Insertions, Vec<ShownLine>) {
        let Chunk { mut replay, marks, directory, lines, .. } = chunk;
        (self.marks, self.directory, self.tail) = (marks, directory, tail(self.tail, bytes));
        let (start, mut insertions, mut shown) = (replay.offset(), Insertions::default(), Vec::new());
        self.held.take_if(|held| !held.ends_at(start));
        if lines.is_empty() {
            self.hold(Some(replay), bytes, start, text);
            return (insertions, shown);
        }
        // The state in front of the chunk is needed again where its end cuts a line that began in it.
        let before = (text.line_start() >= start).then(|| replay.clone());
        for mut line in lines.into_iter().filter(|line| line.start >= self.blocked_to) {
            line.decorations.retain(|(i, _)| triggers.shows_on(*i, now, line.id));
            let is_shown = if line.start >= start {
                decorate(&line, &mut replay, bytes, start, text, &mut insertions)
            } else if let Some(Stretch { replay, bytes: held }) = &mut self.held {
                decorate(&line, replay, &[held, bytes].concat(), start, text, &mut insertions)
            } else {
                false
            };
            if is_shown {
                line.decorations.iter().for_each(|(i, _)| triggers.decorated(*i, now, line.id));
                shown.push(line.shown());
            }
        }
        self.hold(before, bytes, start, text);
        (insertions, shown)
    }

    /// Keeps the bytes of the unfinished line, which began in this chunk behind the state `before`, or in an earlier one.
    fn hold(&mut self, before: Option<Box<LineReplay>>, bytes: &[u8], start: u64, text: &VtState) {
        let held = self.held.take().filter(|_| text.line_start() < text.offset());
        let goes_on = text.line_start() < start;
        self.held = match (held, before) {
            (Some(mut held), _) if goes_on => {
                held.bytes.extend_from_slice(bytes);
                Some(held).filter(|held| held.bytes.len() <= MAX_RAW)
            }
            (held, Some(replay)) if !goes_on && text.line_start() < text.offset() => {
                let mut kept = held.map_or_else(Vec::new, |held| held.bytes);
                kept.clear();
                kept.extend_from_slice(bytes);
                Some(Stretch { replay, bytes: kept })
            }
            _ => None,
        };
    }
}

impl DecoratedLine {
    /// Returns the line with its attributes. Hyperlinks are no part of the screen that coshell draws again.
    fn shown(self) -> ShownLine {
        let style = |(_, Decoration { range, look })| match look {
            Look::Style(sgr) => Some((range, sgr)),
            Look::Link(_) => None,
        };
        let parts = self.decorations.into_iter().filter_map(style).collect();
        ShownLine { number: self.number, text: self.text, parts }
    }
}

impl Stretch {
    /// Returns whether the bytes end at this offset in the stream: coshell may have printed something behind them.
    fn ends_at(&self, offset: u64) -> bool {
        self.replay.offset() + self.bytes.len() as u64 == offset
    }
}

impl Chunk {
    /// Takes a finished line of `zone` and of the shell on `host`, before it is shown. Returns the matches in it, for the try of
    /// the line.
    pub(super) fn line(
        &mut self,
        now: Instant,
        line: &Line<'_>,
        (zone, host): (MarkedZone, &Arc<HostReport>),
        triggers: &mut TriggerTable,
    ) -> Option<Rc<LineMatches>> {
        if self.matches >= MOST_MATCHES {
            return None;
        }
        let &Line { id, number, text, continued, .. } = line;
        let searched = LineRef { id: id.0, number, text, continued, found: None };
        (self.facts.zone, self.facts.host) = (zone, Arc::clone(host));
        let (decorations, found) = triggers.decorations(now, searched, &self.facts);
        self.matches += found.len();
        self.decorate(line, decorations);
        Some(Rc::new(found))
    }

    /// Takes the decorations of a line, if it can be shown with them.
    fn decorate(&mut self, line: &Line<'_>, mut decorations: Vec<(usize, Decoration)>) {
        let text = std::str::from_utf8(line.text).ok().filter(|_| !line.more && !line.continued);
        let Some(text) = text else { return };
        decorations.retain_mut(|(_, decoration)| {
            decoration.range = cells::whole_characters(text, &decoration.range);
            self.resolve(&mut decoration.look) && !decoration.range.is_empty()
        });
        if !decorations.is_empty() {
            let (id, number, text) = (line.id.0, line.number, text.to_owned());
            self.lines.push(DecoratedLine { id, number, start: line.start, end: line.end, text, decorations });
        }
    }

    /// Replaces the text of a hyperlink by its URL. Returns false where there is none.
    fn resolve(&self, look: &mut Look) -> bool {
        if let Look::Link(text) = look {
            let url = target::url(text, self.directory.as_deref()).filter(|_| self.has_links);
            *text = url.unwrap_or_default();
            return !text.is_empty();
        }
        true
    }

    /// Takes the payload of an OSC.
    pub(super) fn osc(&mut self, payload: &[u8]) {
        self.marks.osc(payload);
        if let Some(directory) = target::reported_directory(payload) {
            self.directory = Some(directory.to_vec());
        }
    }
}

/// Appends what shows the decorations of a line in the chunk that begins at the offset `start`. `replay` is the state in front of
/// `bytes`, which end with the chunk, or further on. Returns whether they are shown.
fn decorate(
    line: &DecoratedLine,
    replay: &mut LineReplay,
    bytes: &[u8],
    start: u64,
    text: &VtState,
    insertions: &mut Insertions,
) -> bool {
    let begin = text.offset() - bytes.len() as u64;
    let index = |offset: u64| offset.checked_sub(begin).and_then(|at| usize::try_from(at).ok());
    let (Some(from), Some(at), Some(end)) = (index(replay.offset()), index(line.start), index(line.end)) else {
        return false;
    };
    if from > at || at > end || end > bytes.len() || !insertions.has_room(bytes.len()) {
        return false;
    }
    let decorations: Vec<Decoration> = line.decorations.iter().map(|(_, decoration)| decoration.clone()).collect();
    replay.skip(&bytes[from..at]);
    let raw = &bytes[at..end];
    let Some(printed) = replay.line(raw, line.text.as_bytes()) else { return false };
    let size = text.size();
    let rows = cells::rows(&line.text, size.cols.into()).filter(|&rows| rows <= usize::from(size.rows));
    let (Some(rows), Some(first)) = (rows, paint::first_decorated(&printed, &decorations)) else { return false };
    // A row that scrolls in where a line wraps takes the background colour of the character that wraps.
    let fills_rows = rows > 1 && first.fills;
    if line.start + first.raw as u64 >= start && !fills_rows {
        let in_chunk = |raw: usize| (line.start + raw as u64 - start) as usize;
        paint::insert(&printed, &decorations, in_chunk, insertions);
    } else {
        let line_feed = (line.end - 1 - start) as usize;
        insertions.push(line_feed, &paint::reprint(&printed, &decorations, raw, rows));
    }
    true
}
