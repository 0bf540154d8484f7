//! Text that is typed once the user is not typing a line: that of clients and of triggers that answer no prompt.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::send::{queue_is_full, shell_has_exited};
use crate::core::event::Cx;
use crate::core::history::History;
use crate::core::input::pty_input::{PtyInput, SEND_LIMIT};
use crate::core::input::typed_line::{TypedLine, TypedPlace};
use crate::core::notices::Notice;
use crate::core::response::SendResponse;
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::types::RequestId;

/// Time for which text of a trigger waits.
pub(in crate::core) const TRIGGER_WAIT: Duration = Duration::from_secs(30);
/// Maximum time for which text waits.
const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
/// Time without output and without keys after which a prompt has been drawn with what the shell has read of the keys typed before,
/// also where the shell is at the other end of a slow connection.
const REST: Duration = Duration::from_millis(500);
/// Maximum number of texts that wait.
const MOST: usize = 1024;

/// Who has text typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) enum TextSender {
    /// A client, by its request.
    Client(RequestId),
    /// A trigger, by its name.
    Trigger(String),
}

/// Text to be typed.
#[derive(Debug)]
pub(in crate::core) struct TextToType {
    pub(in crate::core) sender: TextSender,
    pub(in crate::core) bytes: Vec<u8>,
    /// Time for which it waits at most.
    pub(in crate::core) patience: Duration,
    /// The trigger that types it, or of whose command the client is a part.
    pub(in crate::core) for_trigger: Option<usize>,
}

impl TextToType {
    /// Creates the text of a client that waits for at most `seconds`.
    pub(in crate::core) fn of_client(
        request_id: RequestId,
        bytes: Vec<u8>,
        seconds: u64,
        for_trigger: Option<usize>,
    ) -> Self {
        let patience = Duration::from_secs(seconds);
        Self { sender: TextSender::Client(request_id), bytes, patience, for_trigger }
    }
}

/// The texts that wait, oldest first.
#[derive(Debug, Default)]
pub(in crate::core) struct Typing {
    waiting: VecDeque<(Instant, TextToType)>,
    /// Offset in the output at which `forget_read_line` has looked last.
    looked_at: Option<u64>,
}

impl Typing {
    /// Queues text, which `settle` types.
    ///
    /// # Errors
    ///
    /// Too much waits.
    pub(in crate::core) fn push(&mut self, now: Instant, text: TextToType, pty: &PtyInput) -> Result<(), RpcError> {
        let waiting: usize = self.waiting.iter().map(|(_, text)| text.bytes.len()).sum();
        if self.waiting.len() >= MOST || pty.chunks_len() + waiting + text.bytes.len() > SEND_LIMIT {
            return Err(queue_is_full());
        }
        self.waiting.push_back((now + text.patience.min(MAX_WAIT), text));
        Ok(())
    }

    /// Types what may be typed now: one text at a time, while the user types no line and the pty has taken everything before, so
    /// that keys cannot overtake the text. `coproc_types` is whether a coprocess may never leave the pty free.
    pub(in crate::core) fn settle(
        &mut self,
        cx: &mut Cx<'_>,
        pty: &mut PtyInput,
        line: &mut TypedLine,
        place: TypedPlace,
        coproc_types: bool,
    ) {
        while !self.waiting.is_empty()
            && !line.is_open()
            && (pty.is_free(cx.now) || coproc_types && pty.has_no_keys(cx.now))
            && let Some((_, text)) = self.waiting.pop_front()
        {
            pty.send(cx.now, &text.bytes, text.for_trigger);
            line.sent(&text.bytes, place);
            if let TextSender::Client(request_id) = text.sender {
                cx.answer(request_id, SendResponse { typed: Some(text.bytes.len()), offset: Some(place.offset) });
            }
        }
    }

    /// Gives up texts that have waited for too long, or all where the shell has exited. Returns what to tell the user.
    pub(in crate::core) fn tick(&mut self, cx: &mut Cx<'_>, shell_is_gone: bool) -> Vec<Notice> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let all = std::mem::take(&mut self.waiting);
        let (over, waiting) = all.into_iter().partition(|(until, _)| shell_is_gone || cx.now >= *until);
        self.waiting = waiting;
        let reason = || if shell_is_gone { shell_has_exited() } else { user_is_typing() };
        over.into_iter().filter_map(|(_, text): (_, TextToType)| refuse(cx, text.sender, reason())).collect()
    }

    /// Returns when `tick` or `settle` has something to do although no input came.
    pub(in crate::core) fn deadline(&self, now: Instant, line: &TypedLine, pty: &PtyInput) -> Option<Instant> {
        let until = self.waiting.iter().map(|(until, _)| *until).min()?;
        let gap = pty.free_at(now).filter(|_| !line.is_open());
        Some(gap.map_or(until, |gap| gap.min(until)))
    }

    /// Forgets what was typed before the prompt came if nothing of it stands there: the program before has read it, as a pager
    /// reads `q`. What the shell has read of it is shown at its prompt, once the output rests. `quiet_since` is the time of the last
    /// output and of the last key that the pty has taken.
    pub(in crate::core) fn forget_read_line(
        &mut self,
        now: Instant,
        quiet_since: Option<Instant>,
        history: Option<&mut History>,
        line: &mut TypedLine,
        offset: u64,
    ) {
        let Some(history) = history else { return };
        if self.read_line_at(quiet_since, Some(history), line, offset).is_none_or(|at| now < at) || !history.catch_up()
        {
            return;
        }
        self.looked_at = Some(offset);
        let end = history.end_position();
        let input = history.commands().next_back().and_then(|(_, [_, input, ..])| input);
        if input == Some(end) {
            line.forget();
        }
    }

    /// Returns when `forget_read_line` has something to do.
    pub(in crate::core) fn read_line_at(
        &self,
        quiet_since: Option<Instant>,
        history: Option<&History>,
        line: &TypedLine,
        offset: u64,
    ) -> Option<Instant> {
        let last = history?.last_command()?;
        let is_prompt = last.input.is_some() && last.output.is_none();
        let is_in_doubt = is_prompt && line.is_older_than(last.number) && self.looked_at != Some(offset);
        quiet_since.filter(|_| is_in_doubt).map(|since| since + REST)
    }

    /// Returns the number of texts that wait.
    pub(in crate::core) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Drops the text of a client that has disconnected.
    pub(in crate::core) fn cancel(&mut self, request_id: RequestId) {
        self.waiting.retain(|(_, text)| text.sender != TextSender::Client(request_id));
    }
}

/// Returns the error for text that has waited for too long.
pub(in crate::core) fn user_is_typing() -> RpcError {
    let sentence = "the user was typing a line until the timeout, so nothing was typed; try again later, or with --now";
    RpcError::new(ErrorCode::Late, sentence)
}

/// Tells the sender why its text is not typed; returns the notice for a trigger's.
fn refuse(cx: &mut Cx<'_>, sender: TextSender, error: RpcError) -> Option<Notice> {
    match sender {
        TextSender::Client(request_id) => {
            cx.refuse(request_id, error);
            None
        }
        TextSender::Trigger(name) => Some(Notice::new(format!("trigger \"{name}\" typed nothing: {}", error.message))),
    }
}
