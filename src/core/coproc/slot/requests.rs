//! Requests of clients about the coprocess.

use std::time::Instant;

use super::CoprocSlot;
use crate::core::command_line::{CommandLine, check_command};
use crate::core::coproc::NONE_HAS_RUN;
use crate::core::coproc::event::{CoprocEvent, NewCoproc};
use crate::core::coproc::process::StopReason;
use crate::core::coproc::waiters::WaitPurpose;
use crate::core::event::Cx;
use crate::core::response::{CoprocStatus, Done, EndResponse, ErrorsResponse, LastCoproc, StopResponse};
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::types::{RequestId, SIGTERM};

impl CoprocSlot {
    /// Returns the command line, or an error where it cannot be run as the coprocess now: the slot is not free and `replace` is
    /// not set, or the session does not run any more.
    pub(in crate::core) fn runnable(
        &self,
        command: &str,
        replace: bool,
        session: Result<(), RpcError>,
    ) -> Result<CommandLine, RpcError> {
        let checked = check_command(command);
        let command = checked.map_err(|reason| RpcError::new(ErrorCode::Params, reason))?;
        session?;
        self.check_free(replace)?;
        Ok(CommandLine::new(command))
    }

    fn check_free(&self, replace: bool) -> Result<(), RpcError> {
        if self.recovery.is_some() {
            let sentence = "a broken file transfer is being cleaned up; try again in a moment";
            return Err(RpcError::new(ErrorCode::Busy, sentence));
        }
        match self.name().filter(|_| !replace) {
            Some(name) => {
                let sentence = format!("coprocess {name} is running; stop it (coshell stop) or replace it (--replace)");
                Err(RpcError::new(ErrorCode::Busy, sentence))
            }
            None => Ok(()),
        }
    }

    /// Starts the coprocess of a client's request, or first stops the running one.
    pub(in crate::core) fn run(&mut self, cx: &mut Cx<'_>, new: NewCoproc) -> Option<CoprocEvent> {
        if !self.stop(cx, StopReason::User) {
            return Some(CoprocEvent::Start(new));
        }
        self.waiters.replace_next(cx, new);
        None
    }

    /// Sends a client's signal to the coprocess. SIGTERM stops it and is answered at its end.
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

    /// Answers with the exit status at the coprocess's end, or at once where none runs any more.
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

    /// Drops a request whose client has disconnected.
    pub(in crate::core) fn cancel(&mut self, request_id: RequestId) {
        self.waiters.cancel(request_id);
    }

    /// Returns the end of stderr of the running or the last coprocess.
    pub(in crate::core) fn errors(&self) -> Result<ErrorsResponse, RpcError> {
        let running = self.running.as_ref().map(|coproc| (&coproc.command, &coproc.output.stderr));
        let last = || self.last.as_ref().map(|last| (&last.command, &last.stderr));
        let none = || RpcError::new(ErrorCode::Idle, NONE_HAS_RUN);
        let (command, stderr) = running.or_else(last).ok_or_else(none)?;
        let stderr = String::from_utf8_lossy(stderr.bytes()).into_owned();
        Ok(ErrorsResponse { command: command.clone(), stderr })
    }

    /// Returns the last stderr lines of the running or the last coprocess; `None` where none has run.
    pub(in crate::core) fn error_lines(&self) -> Option<Vec<String>> {
        let running = self.running.as_ref().map(|coproc| &coproc.output.stderr);
        running.or_else(|| self.last.as_ref().map(|last| &last.stderr)).map(|stderr| stderr.lines())
    }

    /// Returns the status of the running coprocess, and of the last one that ended.
    pub(in crate::core) fn status(&self, now: Instant) -> (Option<CoprocStatus>, Option<LastCoproc>) {
        let last = self.last.as_ref();
        let last = last.map(|last| LastCoproc { command: last.command.clone(), status: last.exit.status() });
        (self.running.as_ref().map(|coproc| coproc.status(now)), last)
    }
}
