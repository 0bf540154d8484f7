//! Requests of clients that concern more than one machine: reading the terminal, annotations, typing, subscriptions. The
//! host has the sockets and frames.

pub(super) mod annotate;
mod history_requests;
pub(super) mod read;
mod redacted;
pub(super) mod send;
pub(super) mod state;
pub(super) mod status;
pub(super) mod subscribers;
mod typed_calls;
pub(super) mod typing;

use std::sync::Arc;
use std::time::Instant;

use super::event::Cx;
use super::history::History;
use super::input::pty_input::PtyInput;
use super::input::typed_line::TypedLine;
use super::output::Output;
use super::password::PasswordWatch;
use super::redact::Redactor;
use super::response::Response;
use super::rpc_error::RpcError;
use history_requests::HistoryRequests;
pub(super) use redacted::redact_reply;
use send::Secret;
use state::SessionState;
use subscribers::Subscribers;
use typing::Typing;

/// Maximum size of the text in one answer in bytes. Beyond it the oldest lines, commands or annotations are left out. It
/// bounds the time of a turn, in which the whole answer is made.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;

/// Answer to a request.
pub(super) type Reply = Result<Response, RpcError>;

/// State of requests that are answered later.
#[derive(Debug)]
pub(super) struct Control {
    pub(super) subscribers: Subscribers,
    pub(super) password: PasswordWatch,
    pub(super) secret: Secret,
    pub(super) history_requests: HistoryRequests,
    pub(super) state: SessionState,
    pub(super) typing: Typing,
    /// Time of the last output.
    pub(super) output_at: Instant,
}

impl Control {
    /// Creates the state of a new session; `password_jobs` are programs that draw stars for a password, `rules` redact what
    /// all subscribers get.
    pub(super) fn new(now: Instant, password_jobs: Vec<String>, rules: Option<Arc<Redactor>>) -> Self {
        Self {
            subscribers: Subscribers::new(rules),
            password: PasswordWatch::new(password_jobs),
            secret: Secret::default(),
            history_requests: HistoryRequests::default(),
            state: SessionState::new(now),
            typing: Typing::default(),
            output_at: now,
        }
    }

    /// Follows the user's line, and types the texts that wait for its end.
    pub(super) fn type_waiting(
        &mut self,
        cx: &mut Cx<'_>,
        line: &mut TypedLine,
        pty: &mut PtyInput,
        output: &mut Output,
        coproc_types: bool,
    ) {
        let (place, alt_screen) = (output.typed_place(), output.terminal.text().alt_screen());
        let mut history = output.terminal.history();
        let last = history.as_deref().and_then(History::last_command);
        line.update(last.and_then(|last| last.prompt), alt_screen);
        let quiet_since = pty.taken_at(self.output_at).map(|taken| taken.max(self.output_at));
        if self.typing.len() > 0 {
            self.typing.forget_read_line(cx.now, quiet_since, history.as_deref_mut(), line, place.offset);
            self.typing.settle(cx, pty, line, place, coproc_types);
        }
    }

    /// Returns when `type_waiting` or `typing` has something to do although no input came.
    pub(super) fn typing_deadline(&self, line: &TypedLine, pty: &PtyInput, output: &Output) -> Option<Instant> {
        if self.typing.len() == 0 {
            return None;
        }
        let (history, offset) = (output.terminal.read_history(), output.terminal.text().offset());
        let quiet_since = pty.taken_at(self.output_at).map(|taken| taken.max(self.output_at));
        let doubt = self.typing.read_line_at(quiet_since, history, line, offset);
        let typing = self.typing.deadline(output.terminal.now(), line, pty);
        [doubt, typing].into_iter().flatten().min()
    }
}
