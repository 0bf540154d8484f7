//! The life cycle of the coprocess: requested, started, running, stopped, ended. The file transfer of a silent coprocess
//! belongs to it. `requests` serves the clients.

mod ending;
mod requests;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

use ending::Ending;

use super::event::{CoprocEvent, FirstInput, NewCoproc, Reclaimed};
use super::format::InputEncoder;
use super::progress::Progress;
use super::waiters::CoprocWaiters;
use super::{Coproc, EndedCoproc, StopReason};
use crate::core::event::{Cx, Effect};
use crate::core::notices::Notice;
use crate::core::redact::Redactor;
use crate::core::request::Visibility;
use crate::core::response::EndResponse;
use crate::core::rpc_error::RpcError;
use crate::core::session_event::SessionEvent;
use crate::core::transfer::{INTERRUPT, Recovery, RecoveryStep, TrailerFilter, Transfer, TransferFault};
use crate::core::width::truncate_to_width;
use crate::types::ExitStatus;

/// What is said of a far shell that has not answered Ctrl-C. Nothing of it is typed: over a link coshell cannot tell whether a shell
/// would read it.
const RAW_MODE_LEFT: &str = "the shell there has not answered Ctrl-C: if SIGKILL ended the program there, the terminal is in its raw \
                             mode, which Ctrl-U, \"stty sane\" and Ctrl-J end";

/// The slot for the coprocess.
#[derive(Debug, Default)]
pub(in crate::core) struct CoprocSlot {
    running: Option<Coproc>,
    /// File transfer by the silent coprocess that runs.
    transfer: Option<Transfer>,
    /// Recovery from a broken transfer.
    recovery: Option<Recovery>,
    /// Filter for the last protocol bytes of the far side after a successful transfer.
    trailer: Option<TrailerFilter>,
    waiters: CoprocWaiters,
    /// The trigger that the coprocess was started for, if any.
    for_trigger: Option<usize>,
    tells_summary: bool,
    /// Whether the terminal has a row for progress.
    draws_progress: bool,
    last: Option<EndedCoproc>,
    /// Hide secrets in the lines that coprocesses read.
    rules: Option<Arc<Redactor>>,
}

impl CoprocSlot {
    /// Creates an empty slot; `rules` hide secrets in the lines that coprocesses read.
    pub(in crate::core) fn new(rules: Option<Arc<Redactor>>) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Starts a coprocess in the empty slot, with its first input. A silent one draws its progress where `drawable`;
    /// `locked` is whether Ctrl-C stops it. Returns whether a file transfer begins.
    pub(in crate::core) fn start(
        &mut self,
        cx: &mut Cx<'_>,
        new: NewCoproc,
        (drawable, locked): (bool, bool),
        first: Option<FirstInput<'_>>,
    ) -> bool {
        let silent = new.visibility == Visibility::Silent;
        self.draws_progress = drawable;
        let progress = silent.then(|| Progress::begin(cx.now, drawable, locked));
        let encoder = InputEncoder::new(new.format, self.rules.clone());
        let mut coproc = Coproc::new(cx.now, new.command.command.clone(), encoder, progress);
        if let Some(first) = first {
            if let Some(trigger) = &first.trigger {
                coproc.tell(cx.now, trigger);
            }
            coproc.push_handed_lines(cx.now, first.lines);
            coproc.push_raw(cx.now, &first.raw);
            if let Some(line) = &first.line {
                coproc.tell(cx.now, line);
            }
            coproc.stdin.mark_shown();
            self.transfer = Transfer::begins(cx.now, &first.raw).filter(|_| silent);
        }
        self.running = Some(coproc);
        (self.for_trigger, self.tells_summary) = (new.for_trigger, new.tells_summary);
        self.waiters.starting(new.request);
        cx.push(Effect::StartCoproc { command: new.command, reclaim_unread: silent });
        self.transfer.is_some()
    }

    /// Records the process id of the started coprocess, and answers the request for it.
    pub(in crate::core) fn started(&mut self, pid: u32) -> Vec<CoprocEvent> {
        let Some(coproc) = &mut self.running else { return Vec::new() };
        coproc.process.pid = Some(pid);
        let started = CoprocEvent::Started { command: coproc.command.clone(), silent: coproc.is_silent(), pid };
        std::iter::once(started).chain(self.waiters.started(pid)).collect()
    }

    /// Drops the file transfer of a coprocess that could not be started.
    pub(in crate::core) fn drop_transfer(&mut self) {
        self.transfer = None;
    }

    /// Empties the slot after a failed start. Answers the request with an error; without a request, returns a notice.
    pub(in crate::core) fn start_failed(&mut self, reason: &str) -> Option<CoprocEvent> {
        let coproc = self.running.take()?;
        let sentence = format!("coprocess {} could not be started: {reason}", coproc.name());
        let answer = self.waiters.start_failed(&sentence);
        Some(answer.unwrap_or_else(|| CoprocEvent::Notice(Notice::new(sentence))))
    }

    /// Returns the trigger that the coprocess, or the last one, was started for.
    pub(in crate::core) fn for_trigger(&self) -> Option<usize> {
        self.for_trigger
    }

    /// Passes on output that the terminal shows too.
    pub(in crate::core) fn push_raw(&mut self, now: Instant, bytes: &[u8]) {
        if let Some(coproc) = &mut self.running {
            coproc.push_raw(now, bytes);
        }
    }

    /// Passes on output that only a silent coprocess gets.
    pub(in crate::core) fn push_silent(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) -> Option<CoprocEvent> {
        let coproc = self.running.as_mut()?;
        let given = self.transfer.as_mut().map_or(bytes.len(), |transfer| transfer.push_far(cx.now, bytes));
        let (given, behind) = bytes.split_at(given);
        coproc.push_raw(cx.now, given);
        let transfer = self.transfer.as_ref()?;
        if transfer.is_over() {
            coproc.stdin.give_last(cx.now, transfer.last_input(), b"");
            coproc.push_raw(cx.now, behind);
        }
        self.stop_broken_transfer(cx)
    }

    /// Takes the foreground process group of the pty, for which a transfer asks.
    pub(in crate::core) fn pty_group(&mut self, cx: &mut Cx<'_>, group: i32) -> Option<CoprocEvent> {
        self.transfer.as_mut().filter(|_| self.recovery.is_none())?.pty_group(group);
        self.stop_broken_transfer(cx)
    }

    /// Stops the coprocess if its transfer cannot go on. What it wrote is not typed.
    fn stop_broken_transfer(&mut self, cx: &mut Cx<'_>) -> Option<CoprocEvent> {
        let fault = self.transfer.as_ref()?.fault()?;
        if !self.stop(cx, StopReason::Transfer(fault)) {
            return None;
        }
        if fault == TransferFault::FarGone {
            // Each byte of data that the shell reads makes the answer to Ctrl-C later.
            cx.push(Effect::DiscardTyped);
        }
        Some(CoprocEvent::DropChunks)
    }

    /// Passes on an event.
    pub(in crate::core) fn tell(&mut self, now: Instant, event: &SessionEvent<'_>) {
        if let Some(coproc) = &mut self.running {
            coproc.tell(now, event);
        }
    }

    /// Returns the coprocess, if its input format is lines (text or JSON).
    pub(in crate::core) fn line_reader(&mut self) -> Option<&mut Coproc> {
        self.running.as_mut().filter(|coproc| coproc.format().tells_of_lines())
    }

    /// Whether a coprocess runs whose input format is lines (text or JSON).
    pub(in crate::core) fn reads_lines(&self) -> bool {
        self.running.as_ref().is_some_and(|coproc| coproc.format().tells_of_lines())
    }

    /// Takes bytes of its stdout. Returns those that are to be typed.
    pub(in crate::core) fn wrote_stdout<'a>(&mut self, cx: &mut Cx<'_>, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(coproc) = &mut self.running else { return Cow::Borrowed(&[]) };
        coproc.wrote_stdout(bytes.len());
        let Some(transfer) = &mut self.transfer else { return Cow::Borrowed(bytes) };
        // A shell would get the rest of a broken transfer.
        if self.recovery.is_some() {
            return Cow::Borrowed(&[]);
        }
        let was_over = transfer.is_over();
        let typed = transfer.filter_near(cx.now, bytes);
        if transfer.is_over() && !was_over {
            coproc.stdin.give_last(cx.now, transfer.last_input(), transfer.behind_far_fin());
        }
        // It has typed nothing yet that could be dropped.
        let _ = self.stop_broken_transfer(cx);
        Cow::Owned(typed)
    }

    /// Records bytes of its stderr. Returns those up to the end of the last whole UTF-8 character.
    pub(in crate::core) fn wrote_stderr(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.running.as_mut().map_or_else(Vec::new, |coproc| coproc.output.wrote_stderr(bytes))
    }

    /// Records that a read of its stdout found nothing.
    pub(in crate::core) fn stdout_empty(&mut self) {
        if let Some(coproc) = &mut self.running {
            coproc.output.found_empty();
        }
    }

    /// Records the end of its stdout.
    pub(in crate::core) fn stdout_closed(&mut self) {
        if let Some(coproc) = &mut self.running {
            coproc.output.closed();
        }
    }

    /// Removes `n` pending bytes, which were written to its stdin.
    pub(in crate::core) fn wrote(&mut self, cx: &mut Cx<'_>, n: usize) {
        if let Some(coproc) = &mut self.running {
            coproc.stdin.wrote(cx, n);
        }
    }

    /// Records that its stdin is closed.
    pub(in crate::core) fn stdin_closed(&mut self) {
        if let Some(coproc) = &mut self.running {
            coproc.stdin.closed();
        }
    }

    /// Returns the bytes to write to its stdin.
    pub(in crate::core) fn pending(&self) -> &[u8] {
        self.running.as_ref().map_or(&[], |coproc| coproc.stdin.pending())
    }

    /// Whether its stdout should be read.
    pub(in crate::core) fn has_output(&self) -> bool {
        self.running.as_ref().is_some_and(|coproc| coproc.output.is_open())
    }

    /// Whether its input queue has room, so that the pty may be read.
    pub(in crate::core) fn has_room(&self) -> bool {
        self.running.as_ref().is_none_or(|coproc| coproc.stdin.has_room())
    }

    /// Whether a silent coprocess hides the shell's output.
    pub(in crate::core) fn is_silent(&self) -> bool {
        self.running.as_ref().is_some_and(Coproc::is_silent)
    }

    /// Whether a coprocess runs.
    pub(in crate::core) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Returns the command line of the running coprocess.
    pub(in crate::core) fn command(&self) -> Option<&str> {
        self.running.as_ref().map(|coproc| &*coproc.command)
    }

    /// Returns the command line of the running coprocess, quoted for a message.
    pub(in crate::core) fn name(&self) -> Option<String> {
        self.running.as_ref().map(Coproc::name)
    }

    /// Stops the running coprocess. Returns whether there is one.
    pub(in crate::core) fn stop(&mut self, cx: &mut Cx<'_>, reason: StopReason) -> bool {
        let Some(coproc) = &mut self.running else { return false };
        coproc.process.stop(cx, reason);
        true
    }

    /// Records the exit of its process.
    pub(in crate::core) fn exited(&mut self, exit: ExitStatus) {
        if let Some(coproc) = &mut self.running {
            coproc.exited(exit);
        }
    }

    /// Asks for the unread input of a silent coprocess that has exited, once its output has been read as far as it can be
    /// typed.
    pub(in crate::core) fn settle(&mut self, cx: &mut Cx<'_>, can_type: bool) {
        if let Some(coproc) = &mut self.running {
            coproc.settle(cx, can_type);
        }
    }

    /// Takes note that bytes of its stdout were dropped in front of the pty.
    pub(in crate::core) fn was_cut(&mut self) {
        if let Some(transfer) = &mut self.transfer {
            transfer.near_was_cut();
        }
    }

    /// Takes back the unread input of a silent coprocess, `pipe` being the unread part of its stdin pipe.
    pub(in crate::core) fn reclaimed(&mut self, now: Instant, pipe: Vec<u8>) -> Option<Reclaimed> {
        let coproc = self.running.as_mut()?;
        let failed = coproc.process.failed();
        let mut unread = Some(coproc.stdin.take_unread(pipe));
        let format = coproc.format();
        let has_progress = coproc.progress.as_mut().is_some_and(Progress::finish);
        if let Some(transfer) = &mut self.transfer {
            // Behind both ZFINs the file is there, and how the program ends has no bearing on the far side. Before, the far side
            // still waits, unless it was told the end.
            if !transfer.is_over() && (failed || !transfer.has_told_end()) {
                self.recovery = Some(transfer.fail(now));
                unread = None;
            } else {
                self.trailer = transfer.trailer(now);
                // Before the end they are in the unread input too.
                let messages = if transfer.is_over() { transfer.messages() } else { Vec::new() };
                unread = unread.map(|bytes| [messages, self.without_trailer(now, &bytes).into_owned()].concat());
            }
        }
        Some(Reclaimed { format, unread, has_progress })
    }

    /// Removes the last protocol bytes of a successful transfer from the shell's output.
    pub(in crate::core) fn without_trailer<'a>(&mut self, now: Instant, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(trailer) = &mut self.trailer else { return Cow::Borrowed(bytes) };
        let rest = trailer.pass(now, bytes);
        self.trailer.take_if(|_| rest.is_some());
        Cow::Owned(rest.unwrap_or_default())
    }

    /// Ends the trailer filter. Returns the bytes that it held, which are no trailer.
    pub(in crate::core) fn release_trailer(&mut self) -> Option<CoprocEvent> {
        self.trailer.take().map(|trailer| CoprocEvent::Show(trailer.into_held()))
    }

    /// Does what is due by now.
    pub(in crate::core) fn tick(&mut self, cx: &mut Cx<'_>, session_is_over: bool) -> Vec<CoprocEvent> {
        let mut events = Vec::new();
        if let Some(transfer) = self.transfer.as_mut().filter(|_| self.running.is_some() && self.recovery.is_none()) {
            transfer.tick(cx);
            events.extend(self.stop_broken_transfer(cx));
        }
        let notice = self.running.as_mut().and_then(|coproc| coproc.tick(cx));
        events.extend(notice.map(CoprocEvent::Notice));
        if self.trailer.as_ref().and_then(TrailerFilter::deadline).is_some_and(|at| cx.now >= at) {
            events.extend(self.release_trailer());
        }
        if self.recovery.as_ref().is_some_and(|recovery| cx.now >= recovery.deadline()) {
            events.extend(self.step_recovery(cx, session_is_over));
        }
        events
    }

    /// Returns when `tick` has something to do.
    pub(in crate::core) fn deadline(&self) -> Option<Instant> {
        let (coproc, transfer) = (self.running.as_ref(), self.transfer.as_ref().filter(|_| self.recovery.is_none()));
        let draws_recovery = self.draws_progress && self.running.is_none();
        let drawing = self.recovery.as_ref().filter(|_| draws_recovery).map(Recovery::next_drawing);
        let recovery = self.recovery.as_ref().map(Recovery::deadline);
        let trailer = self.trailer.as_ref().and_then(TrailerFilter::deadline);
        let (coproc, transfer) = (coproc.and_then(Coproc::deadline), transfer.and_then(Transfer::deadline));
        [coproc, transfer, trailer, recovery, drawing].into_iter().flatten().min()
    }

    /// Returns the progress line of a silent coprocess for `cols` columns, if it is due.
    pub(in crate::core) fn progress_line(&mut self, now: Instant, cols: u16) -> Option<String> {
        if let Some(recovery) = self.recovery.as_mut().filter(|_| self.draws_progress && self.running.is_none()) {
            return recovery
                .draw(now)
                .map(|line| truncate_to_width(&line, usize::from(cols).saturating_sub(1)).to_owned());
        }
        let coproc = self.running.as_mut()?;
        let transfer = || self.transfer.as_ref().and_then(|transfer| transfer.progress(now));
        coproc.progress.as_mut()?.draw(now, &coproc.command, transfer, cols)
    }

    /// Whether the recovery from a broken transfer runs.
    pub(in crate::core) fn is_recovering(&self) -> bool {
        self.recovery.is_some()
    }

    /// Whether the recovery types Ctrl-C, so that one of the user would be taken for its own.
    pub(in crate::core) fn types_interrupts(&self) -> bool {
        self.recovery.as_ref().is_some_and(Recovery::types_interrupts)
    }

    /// Passes output to the recovery from a broken transfer.
    pub(in crate::core) fn push_recovery(&mut self, now: Instant, bytes: &[u8]) {
        if let Some(recovery) = &mut self.recovery {
            recovery.push(now, bytes);
        }
    }

    /// Does the next step of the recovery; `last` ends it.
    pub(in crate::core) fn step_recovery(&mut self, cx: &mut Cx<'_>, last: bool) -> Vec<CoprocEvent> {
        let Some(mut recovery) = self.recovery.take() else { return Vec::new() };
        match recovery.step(cx.now, last) {
            RecoveryStep::Type(keys) => {
                if recovery.suspects_raw_mode() {
                    cx.push(Effect::LeaveRawMode);
                }
                if keys == INTERRUPT {
                    cx.push(Effect::DiscardTyped);
                }
                self.recovery = Some(recovery);
                vec![CoprocEvent::Press(keys)]
            }
            RecoveryStep::End(shown, keys) => {
                let clear = recovery.is_drawn().then_some(CoprocEvent::ClearProgress);
                let notice = recovery.has_failed().then(|| CoprocEvent::Notice(Notice::new(RAW_MODE_LEFT)));
                let end = [CoprocEvent::Press(keys), CoprocEvent::Show(shown)];
                clear.into_iter().chain(end).chain(notice).collect()
            }
        }
    }

    /// Lets the running coprocess finish after the shell's exit. Returns whether one runs.
    pub(in crate::core) fn finish(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(coproc) = &mut self.running else { return false };
        coproc.finish(cx);
        true
    }

    /// Returns how the coprocess ended, once it is over.
    pub(in crate::core) fn over(&self) -> Option<ExitStatus> {
        self.running.as_ref().and_then(Coproc::over)
    }

    /// Empties the slot of a coprocess that is over; where `shell_is_gone`, no other is started. The start of the next one is
    /// the last event.
    pub(in crate::core) fn end(&mut self, cx: &mut Cx<'_>, exit: ExitStatus, shell_is_gone: bool) -> Vec<CoprocEvent> {
        let Some(coproc) = self.running.take() else { return Vec::new() };
        cx.push(Effect::ReleaseCoproc);
        let mut events = Vec::new();
        let ended = coproc.end(exit);
        let transfer = self.transfer.take();
        if let Some(transfer) = transfer.as_ref().filter(|_| self.recovery.is_some()) {
            events.push(CoprocEvent::Type(transfer.cancel_sequence()));
        }
        let (now, tells_summary) = (cx.now, self.tells_summary);
        let ending = Ending { now, ended: &ended, transfer: transfer.as_ref(), tells_summary };
        let failure = ending.failure();
        events.extend(ending.events(failure.clone().filter(|_| !self.waiters.is_waited_for())));
        events.push(CoprocEvent::Ended { command: ended.command.clone(), exit });
        let (answers, next) = self.waiters.ended(EndResponse { failure, ..EndResponse::from(exit) });
        events.extend(answers);
        match next {
            Some(NewCoproc { request: Some((request_id, _)), .. }) if shell_is_gone => {
                events.push(CoprocEvent::Answer(request_id, Err(RpcError::ended())));
            }
            Some(next) => events.push(CoprocEvent::Start(next)),
            None => {}
        }
        self.last = Some(ended);
        events
    }
}
