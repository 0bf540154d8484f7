//! Requests of clients that concern more than one machine: reading the terminal, annotations, typing, subscriptions. The
//! host has the sockets and frames.

pub(super) mod annotate;
pub(super) mod awaiting;
pub(super) mod exec;
mod history_requests;
pub(super) mod read;
mod redacted;
pub(super) mod send;
pub(super) mod state;
pub(super) mod status;
pub(super) mod subscribers;
mod typed_calls;
pub(super) mod typing;

use std::time::Instant;

use super::event::{Cx, PtyState};
use super::history::{CommandRecord, History};
use super::input::pty_input::PtyInput;
use super::input::typed_line::TypedLine;
use super::output::Output;
use super::password::{PasswordWatch, Reading};
use super::redact::Redaction;
use super::request::{AwaitRequest, ExecRequest};
use super::response::Response;
use super::rpc_error::RpcError;
use super::session::Session;
use super::session_event::SessionEvent;
use super::vt::MarkedZone;
use crate::types::RequestId;
use awaiting::{AwaitStart, Awaiting};
use exec::{Exec, ExecFacts};
use history_requests::HistoryRequests;
pub(super) use redacted::redact_reply;
use send::Secret;
use state::{SessionState, StateFacts};
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
    pub(super) awaiting: Awaiting,
    pub(super) exec: Exec,
    /// Time of the last output.
    pub(super) output_at: Instant,
    /// Whether the question of a client waits for the end of the user's line.
    pub(super) question_waits: bool,
}

impl Control {
    /// Creates the state of a new session; `password_jobs` are programs that draw stars for a password.
    pub(super) fn new(now: Instant, password_jobs: Vec<String>, redaction: &Redaction) -> Self {
        Self {
            awaiting: Awaiting::new(redaction.clone()),
            exec: Exec::new(redaction.clone()),
            subscribers: Subscribers::new(redaction.rules_if_always()),
            password: PasswordWatch::new(password_jobs),
            secret: Secret::default(),
            history_requests: HistoryRequests::default(),
            state: SessionState::new(now),
            typing: Typing::default(),
            output_at: now,
            question_waits: false,
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
        let last = output.terminal.read_history().and_then(History::last_command);
        line.update(last.and_then(|last| last.prompt), output.terminal.text().alt_screen());
        if !self.depends_on_line() && !self.exec.is_active() {
            return;
        }
        let place = output.typed_place();
        let bracketed_paste = output.terminal.text().modes().bracketed_paste();
        let mut history = output.terminal.history();
        let texts_wait = self.typing.len() > 0;
        if self.depends_on_line() {
            let quiet_since = self.quiet_since(pty);
            self.typing.forget_read_line(cx.now, quiet_since, history.as_deref_mut(), line, place.offset);
        }
        if texts_wait {
            self.typing.settle(cx, pty, line, place, coproc_types);
        }
        let at_prompt = history.as_deref().and_then(History::last_command).is_some_and(CommandRecord::is_prompt);
        self.awaiting.settle(cx, at_prompt && !line.is_submitted() && place.zone == MarkedZone::Prompt);
        let Some(history) = history else { return };
        // The shell has run nothing where another prompt stands below the one at which the line was typed.
        if let Some((command, prompt)) = self.exec.typed_at()
            && let Some(again) =
                history.command(command).and_then(|record| record.prompt.filter(|_| record.output.is_none()))
            && again != prompt
            && history.catch_up()
            && history.line_at(again) > history.line_at(prompt)
        {
            self.exec.prompt_came_again();
        }
        let followed = self.exec.command().and_then(|command| history.command(command));
        let (last, texts_wait) = (history.last_command(), self.typing.len() > 0);
        let facts = ExecFacts { place, last, followed, texts_wait, bracketed_paste };
        self.exec.settle(cx, &facts, pty, line);
    }

    /// Returns when `type_waiting` or `typing` has something to do although no input came.
    pub(super) fn typing_deadline(&self, line: &TypedLine, pty: &PtyInput, output: &Output) -> Option<Instant> {
        if !self.depends_on_line() {
            return None;
        }
        let (history, offset) = (output.terminal.read_history(), output.terminal.text().offset());
        let doubt = self.typing.read_line_at(self.quiet_since(pty), history, line, offset);
        let typing = self.typing.deadline(output.terminal.now(), line, pty);
        [doubt, typing].into_iter().flatten().min()
    }

    /// Returns how many texts and command lines wait for the end of the user's line.
    pub(super) fn waiting_texts(&self) -> usize {
        self.typing.len() + usize::from(self.exec.is_waiting())
    }

    /// Whether a text, a command line, a client or its question waits for the end of the user's line.
    fn depends_on_line(&self) -> bool {
        self.waiting_texts() > 0 || self.awaiting.want_prompt() || self.question_waits
    }

    /// Returns the time of the last output and of the last key that the pty has taken; `None` while a key waits.
    fn quiet_since(&self, pty: &PtyInput) -> Option<Instant> {
        pty.taken_at(self.output_at).map(|taken| taken.max(self.output_at))
    }

    /// Derives the state of the session at the end of a turn, and tells its clients of a change.
    pub(super) fn update_state(&mut self, cx: &mut Cx<'_>, facts: StateFacts, session: &Session, output: &Output) {
        if self.state.update(cx.now, facts) {
            self.tell_state(cx, session, output);
            self.awaiting.state(cx, self.state.kind(), false);
        }
    }

    /// Derives the state from a look at the pty, and tells the clients that wait for it.
    pub(super) fn looked(
        &mut self,
        cx: &mut Cx<'_>,
        facts: StateFacts,
        (state, reading): (&PtyState, Reading),
        session: &Session,
        output: &Output,
    ) {
        if self.state.looked(cx.now, facts, state, reading) {
            self.tell_state(cx, session, output);
        }
        let kind = self.state.kind();
        self.awaiting.state(cx, kind, true);
        self.exec.looked(cx, kind, facts.zone, self.state.has_marks(), !state.is_canonical);
    }

    fn tell_state(&mut self, cx: &mut Cx<'_>, session: &Session, output: &Output) {
        let state = self.state.response(cx.now, session, output.directory());
        self.subscribers.tell(cx, &SessionEvent::State(&state));
    }

    /// Has a client wait.
    pub(super) fn begin_wait(
        &mut self,
        cx: &mut Cx<'_>,
        request_id: RequestId,
        request: &AwaitRequest,
        line: &TypedLine,
        output: &Output,
    ) {
        let last = output.terminal.read_history().and_then(History::last_command);
        let runs = |last: &&CommandRecord| last.end.is_none() && (last.output.is_some() || line.is_submitted());
        let start = AwaitStart {
            offset: output.terminal.text().offset(),
            command: last.filter(runs).map(|command| command.number),
        };
        if let Err(error) = self.awaiting.add(cx, request_id, request, start) {
            cx.refuse(request_id, error);
        }
    }

    /// Has a command line run for a client.
    pub(super) fn begin_exec(
        &mut self,
        cx: &mut Cx<'_>,
        request_id: RequestId,
        request: &ExecRequest,
        session: &Session,
    ) {
        let begun = session.check_running().and_then(|()| self.exec.request(cx, request_id, request));
        if let Err(error) = begun {
            cx.refuse(request_id, error);
        }
    }

    /// Returns when a search of the history or a timer of the clients that wait is due.
    pub(super) fn driving_deadline(&self, pty: &PtyInput, now: Instant) -> Option<Instant> {
        [self.awaiting.deadline(self.output_at), self.exec.deadline(now, pty)].into_iter().flatten().min()
    }

    /// Does what is due for the clients that wait, other than what needs the history.
    pub(super) fn drive(&mut self, cx: &mut Cx<'_>, line: &TypedLine) {
        self.awaiting.tick(cx, self.output_at);
        self.exec.tick(cx, line);
    }

    /// Answers clients from the history, once it is read, in a turn of its own.
    pub(super) fn answer_from_history(&mut self, cx: &mut Cx<'_>, line: &TypedLine, output: &mut Output) {
        if !self.awaiting.wants_search() && !self.exec.wants_history() || !output.terminal.has_read() {
            return;
        }
        let Some(history) = output.terminal.history() else { return };
        self.awaiting.search(cx, history, self.state.has_marks(), line);
        self.exec.answer(cx, history);
    }

    /// Ends what waits for the shell, which has exited and has no more output.
    pub(super) fn end_waits(&mut self, cx: &mut Cx<'_>, line: &TypedLine, output: &mut Output) {
        self.answer_from_history(cx, line, output);
        self.awaiting.end(cx);
        self.exec.end(cx);
    }

    /// Whether a client reads lines.
    pub(super) fn want_lines(&self) -> bool {
        self.subscribers.want_lines() || self.awaiting.want_lines()
    }

    /// Whether a client waits for a change of the state.
    pub(super) fn want_state(&self) -> bool {
        self.subscribers.want_state() || self.awaiting.want_state()
    }
}
