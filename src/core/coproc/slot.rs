//! The life of the coprocess: asked for, started, running, stopped, ended. Here is everything that decides about it, the
//! file transfer that it does included.

use std::borrow::Cow;
use std::time::Instant;

use super::progress::Progress;
use super::waiters::{CoprocWaiters, NewCoproc, WaitPurpose};
use super::{Coproc, EndedCoproc, StopReason};
use crate::core::command_line::{CommandLine, check_command, named};
use crate::core::event::{Cx, Effect};
use crate::core::notices::{Notice, SeeAlso};
use crate::core::request::{InputFormat, Visibility};
use crate::core::response::{CoprocFailure, CoprocStatus, Done, EndResponse, ErrorsResponse, LastCoproc, StopResponse};
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::core::session_event::SessionEvent;
use crate::core::transfer::{INTERRUPT, Recovery, RecoveryStep, TrailerFilter, Transfer};
use crate::types::{ExitStatus, RequestId, SIGTERM};

/// What the other machines have to do because of the coprocess.
#[derive(Debug)]
pub(in crate::core) enum CoprocEvent {
    /// Tell the user.
    Notice(Notice),
    /// Tell the subscribers that it runs.
    Started { command: String, silent: bool, pid: u32 },
    /// Tell the subscribers that it has ended.
    Ended { command: String, exit: ExitStatus },
    /// Drop what it wrote and was not typed yet.
    DropChunks,
    /// Type this behind what it wrote.
    Type(&'static [u8]),
    /// Type this as the keyboard would.
    Press(&'static [u8]),
    /// Show this: output of the shell that was withheld.
    Show(Vec<u8>),
    /// Start this one.
    Start(NewCoproc),
}

/// What a coprocess that a trigger starts is given first.
#[derive(Debug)]
pub(in crate::core) struct FirstInput<'a> {
    /// The firing of the trigger.
    pub(in crate::core) trigger: SessionEvent<'a>,
    /// The bytes of the line that it fired on, as far as they have come.
    pub(in crate::core) raw: Vec<u8>,
    /// The line.
    pub(in crate::core) line: Option<SessionEvent<'a>>,
}

/// What a silent coprocess that has exited had not read.
#[derive(Debug)]
pub(in crate::core) struct Reclaimed {
    /// The form in which it was to read it.
    pub(in crate::core) format: InputFormat,
    /// The unread input; `None` where it belongs to a broken transfer, which goes on in the recovery.
    pub(in crate::core) unread: Option<Vec<u8>>,
    /// Whether its progress line stands on the screen.
    pub(in crate::core) has_progress: bool,
}

/// The slot for the one coprocess.
#[derive(Debug, Default)]
pub(in crate::core) struct CoprocSlot {
    running: Option<Coproc>,
    /// The file transfer that a silent coprocess does, if it does one.
    transfer: Option<Transfer>,
    /// The clean-up behind a broken transfer.
    recovery: Option<Recovery>,
    /// Removes what the far side still sends of a transfer that went well.
    trailer: Option<TrailerFilter>,
    waiters: CoprocWaiters,
    last: Option<EndedCoproc>,
}

impl CoprocSlot {
    /// Starts a coprocess in the empty slot, with what a trigger gives it first. A silent one draws its progress where
    /// `drawable`; `locked` is whether Ctrl-C stops it. Returns whether a file transfer begins.
    pub(in crate::core) fn start(
        &mut self,
        cx: &mut Cx<'_>,
        new: NewCoproc,
        (drawable, locked): (bool, bool),
        first: Option<FirstInput<'_>>,
    ) -> bool {
        let silent = new.visibility == Visibility::Silent;
        let progress = silent.then(|| Progress::begin(cx.now, drawable, locked));
        let mut coproc = Coproc::new(cx.now, new.command.command.clone(), new.format, progress);
        if let Some(first) = first {
            coproc.tell(cx.now, &first.trigger);
            coproc.push_raw(cx.now, &first.raw);
            if let Some(line) = &first.line {
                coproc.tell(cx.now, line);
            }
            coproc.stdin.has_been_shown();
            self.transfer = Transfer::begins(&first.raw).filter(|_| silent);
        }
        self.running = Some(coproc);
        self.waiters.starting(new.request);
        cx.push(Effect::StartCoproc { command: new.command, reclaim_unread: silent });
        self.transfer.is_some()
    }

    /// It runs, with this process id.
    pub(in crate::core) fn started(&mut self, cx: &mut Cx<'_>, pid: u32) -> Option<CoprocEvent> {
        let coproc = self.running.as_mut()?;
        coproc.process.pid = Some(pid);
        self.waiters.started(cx, pid);
        Some(CoprocEvent::Started { command: coproc.command.clone(), silent: coproc.is_silent(), pid })
    }

    /// It could not be started: the client that asked for it is told, else the user.
    pub(in crate::core) fn start_failed(&mut self, cx: &mut Cx<'_>, reason: &str) -> Option<CoprocEvent> {
        let coproc = self.running.take()?;
        self.transfer = None;
        if self.waiters.start_failed(cx, reason) {
            return None;
        }
        let sentence = format!("coprocess {} could not be started: {reason}", coproc.name());
        Some(CoprocEvent::Notice(Notice::new(sentence)))
    }

    /// Passes on output that the terminal was given too.
    pub(in crate::core) fn push_raw(&mut self, now: Instant, bytes: &[u8]) {
        if let Some(coproc) = &mut self.running {
            coproc.push_raw(now, bytes);
        }
    }

    /// Passes on output that a silent coprocess alone is given.
    pub(in crate::core) fn push_silent(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) -> Option<CoprocEvent> {
        let coproc = self.running.as_mut()?;
        let given = self.transfer.as_mut().map_or(bytes.len(), |transfer| transfer.heard(cx.now, bytes));
        let (given, behind) = bytes.split_at(given);
        coproc.push_raw(cx.now, given);
        let transfer = self.transfer.as_ref()?;
        if transfer.is_over() {
            coproc.stdin.conclude(cx.now, transfer.last_input(), b"");
            coproc.push_raw(cx.now, behind);
        } else if transfer.is_far_gone() {
            return Some(self.far_side_gone(cx));
        }
        None
    }

    fn far_side_gone(&mut self, cx: &mut Cx<'_>) -> CoprocEvent {
        self.stop(cx, StopReason::FarGone);
        CoprocEvent::DropChunks
    }

    /// Passes on an event.
    pub(in crate::core) fn tell(&mut self, now: Instant, event: &SessionEvent<'_>) {
        if let Some(coproc) = &mut self.running {
            coproc.tell(now, event);
        }
    }

    /// Returns the coprocess where it reads lines.
    pub(in crate::core) fn line_reader(&mut self) -> Option<&mut Coproc> {
        self.running.as_mut().filter(|coproc| coproc.format().tells_of_lines())
    }

    /// Whether a coprocess runs that reads lines.
    pub(in crate::core) fn reads_lines(&self) -> bool {
        self.running.as_ref().is_some_and(|coproc| coproc.format().tells_of_lines())
    }

    /// Takes in what it wrote to stdout. Returns what of that is to be typed.
    pub(in crate::core) fn wrote_stdout<'a>(&mut self, now: Instant, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(coproc) = &mut self.running else { return Cow::Borrowed(&[]) };
        coproc.wrote_stdout(bytes.len());
        let Some(transfer) = &mut self.transfer else { return Cow::Borrowed(bytes) };
        let was_over = transfer.is_over();
        let typed = transfer.said(bytes);
        if transfer.is_over() && !was_over {
            coproc.stdin.conclude(now, transfer.last_input(), transfer.behind_far_fin());
        }
        Cow::Owned(typed)
    }

    /// Keeps what it wrote to stderr. Returns what of it ends with a whole character.
    pub(in crate::core) fn wrote_stderr(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.running.as_mut().map_or_else(Vec::new, |coproc| coproc.output.complained(bytes))
    }

    /// A read of its stdout found nothing for now.
    pub(in crate::core) fn stdout_empty(&mut self) {
        if let Some(coproc) = &mut self.running {
            coproc.output.said_nothing();
        }
    }

    /// Its stdout has ended.
    pub(in crate::core) fn stdout_closed(&mut self) {
        if let Some(coproc) = &mut self.running {
            coproc.output.closed();
        }
    }

    /// It took `n` bytes of what was pending.
    pub(in crate::core) fn wrote(&mut self, cx: &mut Cx<'_>, n: usize) {
        if let Some(coproc) = &mut self.running {
            coproc.stdin.wrote(cx, n);
        }
    }

    /// It takes no more input.
    pub(in crate::core) fn stdin_closed(&mut self) {
        if let Some(coproc) = &mut self.running {
            coproc.stdin.closed();
        }
    }

    /// Returns what it should be given next.
    pub(in crate::core) fn pending(&self) -> &[u8] {
        self.running.as_ref().map_or(&[], |coproc| coproc.stdin.pending())
    }

    /// Whether its stdout should be read.
    pub(in crate::core) fn has_output(&self) -> bool {
        self.running.as_ref().is_some_and(|coproc| coproc.output.goes_on())
    }

    /// Whether the shell's output may go on as far as the coprocess is concerned.
    pub(in crate::core) fn has_room(&self) -> bool {
        self.running.as_ref().is_none_or(|coproc| coproc.stdin.has_room())
    }

    /// Whether a silent coprocess has the shell's output.
    pub(in crate::core) fn is_silent(&self) -> bool {
        self.running.as_ref().is_some_and(Coproc::is_silent)
    }

    /// Whether a coprocess runs.
    pub(in crate::core) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Returns the command line of the one that runs.
    pub(in crate::core) fn command(&self) -> Option<&str> {
        self.running.as_ref().map(|coproc| &*coproc.command)
    }

    /// Returns the command line of the one that runs, as a sentence names it.
    pub(in crate::core) fn name(&self) -> Option<String> {
        self.running.as_ref().map(Coproc::name)
    }

    /// Asks the one that runs to end. Returns whether there is one.
    pub(in crate::core) fn stop(&mut self, cx: &mut Cx<'_>, reason: StopReason) -> bool {
        let Some(coproc) = &mut self.running else { return false };
        coproc.process.stop(cx, reason);
        true
    }

    /// Its process has exited.
    pub(in crate::core) fn exited(&mut self, cx: &mut Cx<'_>, exit: ExitStatus) {
        if let Some(coproc) = &mut self.running {
            coproc.exited(cx, exit);
        }
    }

    /// Takes back what a silent one did not read, `pipe` being what was still in its pipe.
    pub(in crate::core) fn reclaimed(&mut self, now: Instant, pipe: Vec<u8>) -> Option<Reclaimed> {
        let coproc = self.running.as_mut()?;
        let failed = coproc.process.failed();
        let mut unread = Some(coproc.stdin.take_unread(pipe));
        let format = coproc.format();
        let has_progress = coproc.progress.as_mut().is_some_and(Progress::finish);
        if let Some(transfer) = &mut self.transfer {
            // Behind both ZFINs the file is there, and how the program ends has no bearing on the far side.
            if failed && !transfer.is_over() {
                self.recovery = Some(transfer.fail(now));
                unread = None;
            } else {
                self.trailer = transfer.trailer(now);
                unread = unread.map(|bytes| self.without_trailer(now, &bytes).into_owned());
            }
        }
        Some(Reclaimed { format, unread, has_progress })
    }

    /// Removes what the far side still sends of a transfer that has ended well from the shell's output.
    pub(in crate::core) fn without_trailer<'a>(&mut self, now: Instant, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(trailer) = &mut self.trailer else { return Cow::Borrowed(bytes) };
        let rest = trailer.pass(now, bytes);
        self.trailer.take_if(|_| rest.is_some());
        Cow::Owned(rest.unwrap_or_default())
    }

    /// Returns what was held as the possible beginning of a trailer, and is none.
    pub(in crate::core) fn release_trailer(&mut self) -> Option<CoprocEvent> {
        self.trailer.take().map(|trailer| CoprocEvent::Show(trailer.into_held()))
    }

    /// Does what is due by now.
    pub(in crate::core) fn tick(&mut self, cx: &mut Cx<'_>, session_is_over: bool) -> Vec<CoprocEvent> {
        let mut events = Vec::new();
        if self.running.is_some() && self.transfer.as_mut().is_some_and(|transfer| transfer.tick(cx.now)) {
            events.push(self.far_side_gone(cx));
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
        let (coproc, transfer) = (self.running.as_ref(), self.transfer.as_ref());
        let recovery = self.recovery.as_ref().map(Recovery::deadline);
        let trailer = self.trailer.as_ref().and_then(TrailerFilter::deadline);
        let (coproc, transfer) = (coproc.and_then(Coproc::deadline), transfer.and_then(Transfer::deadline));
        [coproc, transfer, trailer, recovery].into_iter().flatten().min()
    }

    /// Returns the progress line of a silent one, of at most `cols` columns, if it is time to draw it.
    pub(in crate::core) fn progress_line(&mut self, now: Instant, cols: u16) -> Option<String> {
        let coproc = self.running.as_mut()?;
        coproc.progress.as_mut()?.draw(now, &coproc.command, cols)
    }

    /// Whether a broken transfer is being cleaned up.
    pub(in crate::core) fn is_recovering(&self) -> bool {
        self.recovery.is_some()
    }

    /// Takes in output that comes while a broken transfer is being cleaned up.
    pub(in crate::core) fn push_recovery(&mut self, now: Instant, bytes: &[u8]) {
        if let Some(recovery) = &mut self.recovery {
            recovery.push(now, bytes);
        }
    }

    /// Goes a step on with the clean-up; `last` is whether there is no time for more.
    pub(in crate::core) fn step_recovery(&mut self, cx: &mut Cx<'_>, last: bool) -> Vec<CoprocEvent> {
        let Some(mut recovery) = self.recovery.take() else { return Vec::new() };
        match recovery.step(cx.now, last) {
            RecoveryStep::Type(keys) => {
                if keys == INTERRUPT {
                    cx.push(Effect::DiscardTyped);
                }
                self.recovery = Some(recovery);
                vec![CoprocEvent::Press(keys)]
            }
            RecoveryStep::End(shown, keys) => vec![CoprocEvent::Press(keys), CoprocEvent::Show(shown)],
        }
    }

    /// The shell has exited: it is to finish. Returns whether one runs.
    pub(in crate::core) fn finish(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some(coproc) = &mut self.running else { return false };
        coproc.finish(cx);
        true
    }

    /// Takes leave of a coprocess that is over, if it is; `shell_is_gone` is whether no other may follow.
    pub(in crate::core) fn end_if_over(&mut self, cx: &mut Cx<'_>, shell_is_gone: bool) -> Vec<CoprocEvent> {
        let over = self.running.as_ref().and_then(Coproc::over);
        let Some((exit, coproc)) = over.and_then(|exit| Some((exit, self.running.take()?))) else { return Vec::new() };
        cx.push(Effect::ReleaseCoproc);
        let mut events = Vec::new();
        if let Some(transfer) = self.transfer.take().filter(|_| self.recovery.is_some()) {
            events.push(CoprocEvent::Type(transfer.last_words()));
        }
        let ended = coproc.end(exit);
        let name = named(&ended.command);
        let failure = (ended.reason.is_none() && !exit.success()).then(|| CoprocFailure {
            message: format!("coprocess {name} failed: {exit}"),
            stderr: ended.stderr.last_lines(),
        });
        if let Some(failure) = failure.clone().filter(|_| !self.waiters.is_waited_for()) {
            let notice = Notice::new(failure.message).with(failure.stderr, SeeAlso::Errors);
            events.push(CoprocEvent::Notice(notice));
        }
        if ended.reason == Some(StopReason::FarGone) {
            let sentence = format!("{name} was stopped: the other side ended the transfer");
            events.push(CoprocEvent::Notice(Notice::new(sentence)));
        }
        events.push(CoprocEvent::Ended { command: ended.command.clone(), exit });
        match self.waiters.ended(cx, &ended, failure) {
            Some(NewCoproc { request: Some((request_id, _)), .. }) if shell_is_gone => {
                cx.refuse(request_id, RpcError::ended());
            }
            Some(next) => events.push(CoprocEvent::Start(next)),
            None => {}
        }
        self.last = Some(ended);
        events
    }

    /// Returns the command line, if it may be run now: the slot is free, or `replace` is set.
    pub(in crate::core) fn runnable(&self, command: &str, replace: bool) -> Result<CommandLine, RpcError> {
        let command = check_command(command).map_err(|reason| RpcError::new(ErrorCode::Params, reason))?;
        if self.recovery.is_some() {
            let sentence = "a broken file transfer is being cleaned up; try again in a moment";
            return Err(RpcError::new(ErrorCode::Busy, sentence));
        }
        match self.name().filter(|_| !replace) {
            Some(name) => {
                let sentence = format!("coprocess {name} is running; stop it (coshell stop) or replace it (--replace)");
                Err(RpcError::new(ErrorCode::Busy, sentence))
            }
            None => Ok(CommandLine::new(command)),
        }
    }

    /// A client asks for a coprocess. Returns it where it can be started at once; else the one that runs is stopped first.
    pub(in crate::core) fn run(&mut self, cx: &mut Cx<'_>, new: NewCoproc) -> Option<CoprocEvent> {
        if !self.stop(cx, StopReason::User) {
            return Some(CoprocEvent::Start(new));
        }
        self.waiters.replace_next(cx, new);
        None
    }

    /// A client has the coprocess sent a signal; SIGTERM is answered when it has ended.
    pub(in crate::core) fn request_stop(&mut self, cx: &mut Cx<'_>, request_id: RequestId, signal: i32) {
        let Some(coproc) = &mut self.running else {
            let sentence = "no coprocess is running: there is nothing to stop";
            return cx.refuse(request_id, RpcError::new(ErrorCode::Idle, sentence));
        };
        if signal == SIGTERM {
            coproc.process.stop(cx, StopReason::User);
            self.waiters.wait(request_id, WaitPurpose::Stop);
        } else {
            coproc.process.send(cx, signal);
            cx.answer(request_id, StopResponse::Sent(Done {}));
        }
    }

    /// A client waits for the coprocess's end, or asks how the last one ended.
    pub(in crate::core) fn request_wait(&mut self, cx: &mut Cx<'_>, request_id: RequestId) {
        if self.running.is_some() {
            return self.waiters.wait(request_id, WaitPurpose::Status);
        }
        match &self.last {
            Some(last) => cx.answer(request_id, EndResponse::from(last.exit)),
            None => {
                let sentence = "no coprocess has run in this session: there is nothing to wait for";
                cx.refuse(request_id, RpcError::new(ErrorCode::Idle, sentence));
            }
        }
    }

    /// Forgets a request whose client has gone.
    pub(in crate::core) fn cancel(&mut self, request_id: RequestId) {
        self.waiters.cancel(request_id);
    }

    /// Returns what the coprocess, or the last one, wrote to stderr.
    pub(in crate::core) fn errors(&self) -> Result<ErrorsResponse, RpcError> {
        let running = self.running.as_ref().map(|coproc| (&coproc.command, &coproc.output.stderr));
        let last = || self.last.as_ref().map(|last| (&last.command, &last.stderr));
        let none = || RpcError::new(ErrorCode::Idle, "no coprocess has run in this session");
        let (command, stderr) = running.or_else(last).ok_or_else(none)?;
        let stderr = String::from_utf8_lossy(stderr.bytes()).into_owned();
        Ok(ErrorsResponse { command: command.clone(), stderr })
    }

    /// Returns the lines that the coprocess, or the last one, wrote to stderr; `None` where none has run.
    pub(in crate::core) fn error_lines(&self) -> Option<Vec<String>> {
        let running = self.running.as_ref().map(|coproc| &coproc.output.stderr);
        running.or_else(|| self.last.as_ref().map(|last| &last.stderr)).map(|stderr| stderr.lines())
    }

    /// Returns how the coprocess stands, and how the last one ended.
    pub(in crate::core) fn status(&self, now: Instant) -> (Option<CoprocStatus>, Option<LastCoproc>) {
        let last = self.last.as_ref();
        let last = last.map(|last| LastCoproc { command: last.command.clone(), status: last.exit.status() });
        (self.running.as_ref().map(|coproc| coproc.status(now)), last)
    }
}
