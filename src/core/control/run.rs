//! Coprocesses that control clients start, stop and wait for.

use std::time::Instant;

use serde_json::json;

use super::{ErrorCode, RpcError, refuse};
use crate::core::command_line::CommandLine;
use crate::core::coproc::{EndedCoproc, Event, InputFormat, StopReason, Visibility, ended};
use crate::core::trigger::action;
use crate::core::{Core, Effect};
use crate::types::{RequestId, SIGTERM};

/// A coprocess to start once the one that runs has ended.
#[derive(Debug)]
struct NextCoproc {
    request_id: RequestId,
    order: CommandLine,
    visibility: Visibility,
    form: InputFormat,
    wait: bool,
}

/// One who waits for the end of the coprocess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waiter {
    request_id: RequestId,
    purpose: WaitPurpose,
}

/// Why somebody waits for the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitPurpose {
    /// To know how it ended.
    Status,
    /// Only that it has ended.
    Stop,
}

/// Who waits for what of coprocesses, and which was the last.
#[derive(Debug, Default)]
pub(in crate::core) struct CoprocWaiters {
    /// It was asked for and has not been started yet; `true`: it is also waited for.
    starting: Option<(RequestId, bool)>,
    /// Those who are told when the coprocess has ended.
    waiting: Vec<Waiter>,
    next: Option<NextCoproc>,
    /// The last coprocess that has ended.
    last: Option<EndedCoproc>,
}

impl CoprocWaiters {
    /// Nobody waits for this answer any more. What was started goes on.
    pub(super) fn forget(&mut self, request_id: RequestId) {
        self.waiting.retain(|waiter| waiter.request_id != request_id);
    }

    /// Whether somebody waits who is told how the coprocess ends: then the user need not be.
    pub(in crate::core) fn is_waited_for(&self) -> bool {
        self.waiting.iter().any(|waiter| waiter.purpose == WaitPurpose::Status)
    }

    fn wait(&mut self, request_id: RequestId, purpose: WaitPurpose) {
        self.waiting.push(Waiter { request_id, purpose });
    }

    /// The last coprocess that has ended, if any has.
    pub(in crate::core) fn last(&self) -> Option<&EndedCoproc> {
        self.last.as_ref()
    }
}

impl Core {
    pub(super) fn asked_to_run(
        &mut self,
        now: Instant,
        request_id: RequestId,
        (silent, replace, wait): (bool, bool, bool),
        input: Option<InputFormat>,
        command: &str,
        out: &mut Vec<Effect>,
    ) {
        let command = match self.runnable(command, replace) {
            Ok(command) => command,
            Err(refusal) => return refuse(request_id, refusal, out),
        };
        let order = CommandLine::new(command);
        let visibility = if silent { Visibility::Silent } else { Visibility::Visible };
        let next = NextCoproc { request_id, order, visibility, form: input.unwrap_or(self.settings.form), wait };
        let Some(coproc) = &mut self.coproc else { return self.run(now, next, out) };
        coproc.process.stop(now, StopReason::User, out);
        if let Some(late) = self.control.coprocs.next.replace(next) {
            let sentence = "another coprocess was asked for in its place before it could start";
            refuse(late.request_id, RpcError::new(ErrorCode::Busy, sentence), out);
        }
    }

    /// Whether anything can still be begun.
    pub(in crate::core) fn goes_on(&self) -> Result<(), RpcError> {
        if self.session.shell_is_gone() { Err(RpcError::ended()) } else { Ok(()) }
    }

    /// The command line, if it may be run now.
    pub(in crate::core) fn runnable(&self, command: &str, replace: bool) -> Result<String, RpcError> {
        let command = action::command(command).map_err(|reason| RpcError::new(ErrorCode::Params, reason))?;
        self.goes_on()?;
        if self.recovery.is_some() {
            return Err(RpcError::new(
                ErrorCode::Busy,
                "a broken file transfer is being cleaned up; try again in a moment",
            ));
        }
        match &self.coproc {
            Some(running) if !replace => {
                let name = running.name();
                let sentence = format!("coprocess {name} is running; stop it (coshell stop) or replace it (--replace)");
                Err(RpcError::new(ErrorCode::Busy, sentence))
            }
            _ => Ok(command),
        }
    }

    fn run(&mut self, now: Instant, next: NextCoproc, out: &mut Vec<Effect>) {
        self.control.coprocs.starting = Some((next.request_id, next.wait));
        self.start_coproc(now, next.order, next.visibility, next.form, None, out);
    }

    pub(super) fn asked_to_stop(&mut self, now: Instant, request_id: RequestId, signal: i32, out: &mut Vec<Effect>) {
        let Some(coproc) = &mut self.coproc else {
            let refusal = RpcError::new(ErrorCode::Idle, "no coprocess is running: there is nothing to stop");
            return refuse(request_id, refusal, out);
        };
        if signal == SIGTERM {
            coproc.process.stop(now, StopReason::User, out);
            self.control.coprocs.wait(request_id, WaitPurpose::Stop);
        } else {
            coproc.process.send(signal, out);
            out.push(Effect::Answer(request_id, Ok(json!({}))));
        }
    }

    pub(super) fn asked_to_wait(&mut self, request_id: RequestId, out: &mut Vec<Effect>) {
        let coprocs = &mut self.control.coprocs;
        if self.coproc.is_some() {
            return coprocs.wait(request_id, WaitPurpose::Status);
        }
        let none =
            || RpcError::new(ErrorCode::Idle, "no coprocess has run in this session: there is nothing to wait for");
        let reply = coprocs.last.as_ref().map(|last| ended(last.exit)).ok_or_else(none);
        out.push(Effect::Answer(request_id, reply));
    }

    /// The coprocess has been started.
    pub(in crate::core) fn coproc_started(&mut self, pid: u32, out: &mut Vec<Effect>) {
        let Some(coproc) = &mut self.coproc else { return };
        coproc.process.pid = Some(pid);
        let record = Event::CoprocStart { command: coproc.command(), silent: coproc.is_silent(), pid };
        self.control.subscribers.tell(&record, out);
        match self.control.coprocs.starting.take() {
            Some((request_id, true)) => self.control.coprocs.wait(request_id, WaitPurpose::Status),
            Some((request_id, false)) => out.push(Effect::Answer(request_id, Ok(json!({"pid": pid})))),
            None => {}
        }
    }

    /// The coprocess could not be started; whether somebody who asked for it was told.
    pub(in crate::core) fn coproc_not_started(&mut self, reason: &str, out: &mut Vec<Effect>) -> bool {
        let asked = self.control.coprocs.starting.take();
        if let Some((request_id, _)) = asked {
            let sentence = format!("the coprocess could not be started: {reason}");
            refuse(request_id, RpcError::new(ErrorCode::Failed, sentence), out);
        }
        asked.is_some()
    }

    /// The coprocess has ended: those who waited are told, and with them why it failed; the next one is started.
    pub(in crate::core) fn coproc_ended(
        &mut self,
        now: Instant,
        last: EndedCoproc,
        failed: Option<(String, Vec<String>)>,
        out: &mut Vec<Effect>,
    ) {
        self.control.subscribers.tell(&Event::CoprocEnd { command: &last.command, exit: last.exit }, out);
        let coprocs = &mut self.control.coprocs;
        let mut told = ended(last.exit);
        if let Some((sentence, details)) = failed {
            told["failure"] = json!({"message": sentence, "stderr": details});
        }
        for Waiter { request_id, .. } in coprocs.waiting.drain(..) {
            out.push(Effect::Answer(request_id, Ok(told.clone())));
        }
        coprocs.last = Some(last);
        match coprocs.next.take() {
            Some(next) if self.session.shell_is_gone() => refuse(next.request_id, RpcError::ended(), out),
            Some(next) => self.run(now, next, out),
            None => {}
        }
    }
}
