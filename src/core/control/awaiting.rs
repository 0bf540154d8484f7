//! Clients that wait for something in the session: a text, a prompt, quiet, the end of a command, a state. Lines are matched
//! as they are printed; the history is searched once for what was printed before, and once more where a command ends, since
//! its last line may have no end of its own.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::read::part_of;
use crate::core::event::{Cx, Effect};
use crate::core::history::{History, HistoryLine, LinePosition};
use crate::core::input::typed_line::TypedLine;
use crate::core::output::{CandidateLine, TextOrigin};
use crate::core::redact::{Redaction, Redactor};
use crate::core::request::AwaitRequest;
use crate::core::response::{AwaitOutcome, AwaitResponse};
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::core::state_kind::StateKind;
use crate::core::trigger::search::LineSearch;
use crate::core::trigger::{Captures, LineStage};
use crate::core::vt::MarkedZone;
use crate::types::RequestId;

/// Maximum number of clients that wait. Each may have a regex that is tried on each line.
const MOST: usize = 64;

/// What a client waits for.
#[derive(Debug)]
enum AwaitCondition {
    Text(LineSearch),
    Prompt,
    Quiet(Duration),
    CommandEnd,
    /// A state, and whether the pty was looked at since the request.
    State(StateKind, bool),
}

/// Where the lines begin that count.
#[derive(Clone, Copy, Debug)]
enum AwaitFrom {
    /// At this line.
    Line(u64),
    /// At the line of this offset in the stream.
    Offset(u64),
}

#[derive(Debug)]
struct AwaitingClient {
    request_id: RequestId,
    condition: AwaitCondition,
    from: AwaitFrom,
    since: Instant,
    until: Option<Instant>,
    /// Whether the history is to be searched.
    searches: bool,
    /// The command with whose end the wait ends: that which ran at the request.
    command: Option<u64>,
    /// Whether that command has ended, so that the search is the last.
    is_last: bool,
    /// Redacts the answer.
    rules: Option<Arc<Redactor>>,
}

/// How far the session has come when a client begins to wait.
#[derive(Clone, Copy, Debug)]
pub(in crate::core) struct AwaitStart {
    /// Offset in the stream.
    pub(in crate::core) offset: u64,
    /// Number of the command that runs, or that is about to run since its line was typed.
    pub(in crate::core) command: Option<u64>,
}

/// The clients that wait.
#[derive(Debug, Default)]
pub(in crate::core) struct Awaiting {
    all: Vec<AwaitingClient>,
    redaction: Redaction,
}

impl Awaiting {
    /// Creates an empty list; `redaction` says what is redacted in the answers.
    pub(in crate::core) fn new(redaction: Redaction) -> Self {
        Self { all: Vec::new(), redaction }
    }

    /// Adds a client.
    ///
    /// # Errors
    ///
    /// A pattern that is not valid, and too many clients.
    pub(in crate::core) fn add(
        &mut self,
        cx: &mut Cx<'_>,
        request_id: RequestId,
        request: &AwaitRequest,
        start: AwaitStart,
    ) -> Result<(), RpcError> {
        if self.all.len() >= MOST {
            let sentence = format!("{MOST} clients are already waiting; try again when one of them has ended");
            return Err(RpcError::new(ErrorCode::Full, sentence));
        }
        let condition = match *request {
            AwaitRequest { text: Some(ref text), .. } => {
                let search = LineSearch::new(text).map_err(|fault| RpcError::new(ErrorCode::Params, fault))?;
                let too_large = || RpcError::new(ErrorCode::Params, "the pattern is too large");
                AwaitCondition::Text(search.ok_or_else(too_large)?)
            }
            AwaitRequest { quiet: Some(time), .. } => AwaitCondition::Quiet(time.0),
            AwaitRequest { state: Some(kind), .. } => {
                cx.push(Effect::QueryPty);
                AwaitCondition::State(kind, false)
            }
            AwaitRequest { command_end: true, .. } => AwaitCondition::CommandEnd,
            // `Request::check` leaves nothing else.
            _ => AwaitCondition::Prompt,
        };
        let from = match (request.from, request.offset) {
            (Some(line), _) => AwaitFrom::Line(line),
            (None, offset) => AwaitFrom::Offset(offset.unwrap_or(start.offset)),
        };
        let of_lines = matches!(condition, AwaitCondition::Text(_) | AwaitCondition::CommandEnd);
        self.all.push(AwaitingClient {
            request_id,
            condition,
            from,
            since: cx.now,
            until: request.timeout.and_then(|time| cx.now.checked_add(time.0)),
            searches: of_lines && (request.from.is_some() || request.offset.is_some()),
            command: start.command,
            is_last: false,
            rules: self.redaction.rules_if(request.redact),
        });
        Ok(())
    }

    /// Whether a client waits for a text.
    pub(in crate::core) fn want_lines(&self) -> bool {
        self.all.iter().any(|client| matches!(client.condition, AwaitCondition::Text(_)))
    }

    /// Whether a client waits for a prompt.
    pub(in crate::core) fn want_prompt(&self) -> bool {
        self.all.iter().any(|client| matches!(client.condition, AwaitCondition::Prompt))
    }

    /// Whether a client waits for a state.
    pub(in crate::core) fn want_state(&self) -> bool {
        self.all.iter().any(|client| matches!(client.condition, AwaitCondition::State(..)))
    }

    /// Tries a line that was printed. Where the shell marks its commands (`marks`), lines count that a command prints; else
    /// those that cannot hold the echo of what was typed.
    pub(in crate::core) fn line(
        &mut self,
        cx: &mut Cx<'_>,
        line: &CandidateLine,
        stage: LineStage,
        marks: bool,
        typed: &TypedLine,
    ) {
        let is_echo = match marks {
            _ if line.alt_screen => false,
            true => line.place.zone != MarkedZone::Output,
            false => typed.is_on(line.start, u64::MAX),
        };
        if is_echo || stage == LineStage::Chunk || line.place.origin != TextOrigin::Shell {
            return;
        }
        self.answer_where(cx, |client| {
            let AwaitCondition::Text(search) = &mut client.condition else { return None };
            if matches!(client.from, AwaitFrom::Line(from) if line.number < from) {
                return None;
            }
            Some(AwaitResult::Text(line.number, search.search(&line.text)?))
        });
    }

    /// Takes note that a command has ended.
    pub(in crate::core) fn command_ended(&mut self, cx: &mut Cx<'_>, command: u64, status: Option<i32>) {
        for client in &mut self.all {
            if matches!(client.condition, AwaitCondition::Text(_)) {
                client.searches = true;
                client.is_last |= client.command == Some(command);
            }
        }
        self.answer_where(cx, |client| match client.condition {
            // With a line to begin at, an earlier command may be meant, which the search finds.
            AwaitCondition::CommandEnd if !client.searches => Some(AwaitResult::CommandEnd(command, status)),
            _ => None,
        });
    }

    /// Takes note of whether the shell is at a prompt.
    pub(in crate::core) fn settle(&mut self, cx: &mut Cx<'_>, at_prompt: bool) {
        if at_prompt {
            let waits = |client: &AwaitingClient| matches!(client.condition, AwaitCondition::Prompt);
            self.answer_where(cx, |client| waits(client).then_some(AwaitResult::Prompt));
        }
    }

    /// Takes note of the state; `looked` is whether the pty was looked at for it.
    pub(in crate::core) fn state(&mut self, cx: &mut Cx<'_>, kind: StateKind, looked: bool) {
        self.answer_where(cx, |client| match &mut client.condition {
            AwaitCondition::State(wanted, is_known) => {
                *is_known |= looked;
                (*is_known && *wanted == kind).then_some(AwaitResult::State(kind))
            }
            _ => None,
        });
    }

    /// Answers what is due: timeouts, and quiet since the request and since the last output at `output_at`.
    pub(in crate::core) fn tick(&mut self, cx: &mut Cx<'_>, output_at: Instant) {
        let now = cx.now;
        let is_past = |at: Option<Instant>| at.is_some_and(|at| now >= at);
        self.answer_where(cx, |client| match client.condition {
            AwaitCondition::Quiet(time) if is_past(client.since.max(output_at).checked_add(time)) => {
                Some(AwaitResult::Quiet)
            }
            _ if is_past(client.until) => Some(AwaitResult::Timeout),
            _ => None,
        });
    }

    /// Returns when `tick` or `search` has something to do.
    pub(in crate::core) fn deadline(&self, output_at: Instant) -> Option<Instant> {
        let due = |client: &AwaitingClient| {
            let quiet = match client.condition {
                AwaitCondition::Quiet(time) => client.since.max(output_at).checked_add(time),
                _ => None,
            };
            [quiet, client.until, Some(client.since).filter(|_| client.searches)].into_iter().flatten().min()
        };
        self.all.iter().filter_map(due).min()
    }

    /// Whether a client waits for a search in the history.
    pub(in crate::core) fn wants_search(&self) -> bool {
        self.all.iter().any(|client| client.searches)
    }

    /// Searches the history, which is read to its end.
    pub(in crate::core) fn search(&mut self, cx: &mut Cx<'_>, history: &mut History, marks: bool, typed: &TypedLine) {
        let now = cx.now;
        self.answer_where(cx, |client| {
            if !std::mem::take(&mut client.searches) {
                return None;
            }
            let found = match &mut client.condition {
                AwaitCondition::Text(search) => find_line(now, history, client.from, marks, typed, search),
                AwaitCondition::CommandEnd => find_end(history, client.from),
                _ => None,
            };
            found.or_else(|| client.is_last.then_some(AwaitResult::Ended))
        });
    }

    /// Answers all, since the session has ended.
    pub(in crate::core) fn end(&mut self, cx: &mut Cx<'_>) {
        self.answer_where(cx, |_| Some(AwaitResult::Ended));
    }

    /// Drops a client that has disconnected.
    pub(in crate::core) fn cancel(&mut self, request_id: RequestId) {
        self.all.retain(|client| client.request_id != request_id);
    }

    /// Answers the clients for which `find` returns something.
    fn answer_where(&mut self, cx: &mut Cx<'_>, mut find: impl FnMut(&mut AwaitingClient) -> Option<AwaitResult>) {
        self.all.retain_mut(|client| {
            let Some(found) = find(client) else { return true };
            cx.answer(client.request_id, found.response(client.rules.as_deref()));
            false
        });
    }
}

/// What a client is answered.
#[derive(Debug)]
enum AwaitResult {
    Text(u64, Captures),
    Prompt,
    Quiet,
    CommandEnd(u64, Option<i32>),
    State(StateKind),
    Timeout,
    Ended,
}

impl AwaitResult {
    fn response(self, rules: Option<&Redactor>) -> AwaitResponse {
        let came = AwaitResponse { outcome: AwaitOutcome::Came, ..AwaitResponse::default() };
        match self {
            Self::Text(line, captures) => {
                let ranges = (0..captures.len()).map(|i| captures.range(i));
                let whole = 0..captures.line().len();
                let parts = std::iter::once(Some(whole)).chain(ranges);
                let mut parts = match rules {
                    Some(rules) => rules.parts_of(captures.line(), parts),
                    None => {
                        let text = |range: Range<usize>| String::from_utf8_lossy(&captures.line()[range]).into_owned();
                        parts.map(|range| range.map(text)).collect()
                    }
                };
                let text = parts.remove(0);
                AwaitResponse { line: Some(line), text, groups: parts, ..came }
            }
            Self::CommandEnd(command, status) => AwaitResponse { command: Some(command), status, ..came },
            Self::State(kind) => AwaitResponse { state: Some(kind), ..came },
            Self::Prompt | Self::Quiet => came,
            Self::Timeout => AwaitResponse { outcome: AwaitOutcome::Timeout, ..came },
            Self::Ended => AwaitResponse { outcome: AwaitOutcome::Ended, ..came },
        }
    }
}

/// Returns the first match in the lines of the history.
fn find_line(
    now: Instant,
    history: &mut History,
    from: AwaitFrom,
    marks: bool,
    typed: &TypedLine,
    search: &mut LineSearch,
) -> Option<AwaitResult> {
    let ran = history.commands().filter_map(|(_, [_, _, output, end])| Some((output?, end)));
    let outputs: Vec<(LinePosition, Option<LinePosition>)> = ran.collect();
    let first = if let AwaitFrom::Line(number) = from { number } else { 0 };
    let counts = |line: &HistoryLine| !matches!(from, AwaitFrom::Offset(offset) if !line.open && line.end <= offset);
    history.lines_from(now, first).filter(counts).find_map(|line| {
        let mut find = |text: &[u8]| Some(AwaitResult::Text(line.number, search.search(text)?));
        if !marks {
            // The end of the cursor's line is not known yet.
            let end = if line.open { u64::MAX } else { line.end };
            return if typed.is_on(line.start, end) { None } else { find(&line.text) };
        }
        let behind = outputs.partition_point(|(output, _)| output.number <= line.number);
        // A line may have the end of one command's output and the beginning of the next one's.
        outputs[behind.saturating_sub(2)..behind].iter().find_map(|&(output, end)| {
            let text = part_of(&line, (Some(output), end)).filter(|text| !text.is_empty())?;
            find(text)
        })
    })
}

/// Returns the end of the first command whose output begins at `from` or behind it, if it has ended.
fn find_end(history: &History, from: AwaitFrom) -> Option<AwaitResult> {
    let (command, _) = history.commands().find(|(command, [_, _, output, _])| match from {
        AwaitFrom::Line(number) => output.is_some_and(|at| at.number >= number),
        AwaitFrom::Offset(offset) => command.output.is_some_and(|(begin, _)| begin >= offset),
    })?;
    command.end.map(|_| AwaitResult::CommandEnd(command.number, command.status))
}
