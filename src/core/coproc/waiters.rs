//! Clients that wait for a coprocess: for its start, for its end, or for the end of the one before it.

use super::EndedCoproc;
use crate::core::command_line::CommandLine;
use crate::core::event::Cx;
use crate::core::request::{InputFormat, Visibility};
use crate::core::response::{CoprocFailure, EndResponse, RunResponse};
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::types::RequestId;

/// A coprocess to start.
#[derive(Debug)]
pub(in crate::core) struct NewCoproc {
    pub(in crate::core) command: CommandLine,
    pub(in crate::core) visibility: Visibility,
    pub(in crate::core) format: InputFormat,
    /// The request that asks for it, and whether that is answered at its end rather than at its start.
    pub(in crate::core) request: Option<(RequestId, bool)>,
}

/// What a client waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitPurpose {
    /// How the coprocess ends.
    Status,
    /// That it has ended.
    Stop,
}

/// The clients that wait.
#[derive(Debug, Default)]
pub(super) struct CoprocWaiters {
    /// The request that the coprocess is being started for, and whether that waits for its end.
    starting: Option<(RequestId, bool)>,
    waiting: Vec<(RequestId, WaitPurpose)>,
    /// What is started once the coprocess that runs has ended.
    next: Option<NewCoproc>,
}

impl CoprocWaiters {
    /// The coprocess is about to be started for this request.
    pub(super) fn starting(&mut self, request: Option<(RequestId, bool)>) {
        self.starting = request;
    }

    /// The coprocess has been started: the request for it is answered, or waits for its end.
    pub(super) fn started(&mut self, cx: &mut Cx<'_>, pid: u32) {
        match self.starting.take() {
            Some((request_id, true)) => self.wait(request_id, WaitPurpose::Status),
            Some((request_id, false)) => cx.answer(request_id, RunResponse::Started { pid }),
            None => {}
        }
    }

    /// The coprocess could not be started. Returns whether a client has been told.
    pub(super) fn start_failed(&mut self, cx: &mut Cx<'_>, reason: &str) -> bool {
        let Some((request_id, _)) = self.starting.take() else { return false };
        let sentence = format!("the coprocess could not be started: {reason}");
        cx.refuse(request_id, RpcError::new(ErrorCode::Failed, sentence));
        true
    }

    /// Keeps a request until the coprocess has ended.
    pub(super) fn wait(&mut self, request_id: RequestId, purpose: WaitPurpose) {
        self.waiting.push((request_id, purpose));
    }

    /// Keeps a coprocess to be started behind the one that runs. A request for another one that waited before is refused.
    pub(super) fn replace_next(&mut self, cx: &mut Cx<'_>, new: NewCoproc) {
        if let Some((late, _)) = self.next.replace(new).and_then(|next| next.request) {
            let sentence = "another coprocess was asked for in its place before it could start";
            cx.refuse(late, RpcError::new(ErrorCode::Busy, sentence));
        }
    }

    /// Whether a client waits that is told how the coprocess ends: then the user need not be.
    pub(super) fn is_waited_for(&self) -> bool {
        self.waiting.iter().any(|(_, purpose)| *purpose == WaitPurpose::Status)
    }

    /// The coprocess has ended: the clients that waited are told, with the notice of its failure. Returns the coprocess
    /// that is to be started next.
    pub(super) fn ended(
        &mut self,
        cx: &mut Cx<'_>,
        last: &EndedCoproc,
        failure: Option<CoprocFailure>,
    ) -> Option<NewCoproc> {
        for (request_id, _) in self.waiting.drain(..) {
            cx.answer(request_id, EndResponse { failure: failure.clone(), ..EndResponse::from(last.exit) });
        }
        self.next.take()
    }

    /// Forgets a request whose client has gone. What was started goes on.
    pub(super) fn cancel(&mut self, request_id: RequestId) {
        self.waiting.retain(|(waiting, _)| *waiting != request_id);
    }
}
