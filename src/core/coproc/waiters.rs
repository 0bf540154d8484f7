//! Requests of clients that wait for a coprocess: for its start, its end, or the end of its predecessor.

use super::event::{CoprocEvent, NewCoproc};
use crate::core::event::Cx;
use crate::core::response::{EndResponse, RunResponse};
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::types::RequestId;

/// Purpose for which a client waits for the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitPurpose {
    /// To know the exit status.
    Status,
    /// To know that it has ended.
    Stop,
}

/// The waiting requests.
#[derive(Debug, Default)]
pub(super) struct CoprocWaiters {
    /// The request that the coprocess is being started for, and whether that waits for its end.
    starting: Option<(RequestId, bool)>,
    waiting: Vec<(RequestId, WaitPurpose)>,
    /// Coprocess to start once the running one has ended.
    next: Option<NewCoproc>,
}

impl CoprocWaiters {
    /// Records the request for which the coprocess is being started.
    pub(super) fn starting(&mut self, request: Option<(RequestId, bool)>) {
        self.starting = request;
    }

    /// Returns the answer to the request that the coprocess was started for, unless that waits for its end.
    pub(super) fn started(&mut self, pid: u32) -> Option<CoprocEvent> {
        let (request_id, waits) = self.starting.take()?;
        if waits {
            self.wait(request_id, WaitPurpose::Status);
            return None;
        }
        Some(CoprocEvent::Answer(request_id, Ok(RunResponse::Started { pid }.into())))
    }

    /// Returns the answer to the request for a coprocess that could not be started, as `sentence` says; `None` where no client made one.
    pub(super) fn start_failed(&mut self, sentence: &str) -> Option<CoprocEvent> {
        let (request_id, _) = self.starting.take()?;
        Some(CoprocEvent::Answer(request_id, Err(RpcError::new(ErrorCode::Failed, sentence))))
    }

    /// Keeps a request until the coprocess has ended.
    pub(super) fn wait(&mut self, request_id: RequestId, purpose: WaitPurpose) {
        self.waiting.push((request_id, purpose));
    }

    /// Keeps a coprocess to be started after the running one. Refuses the request for the one kept before.
    pub(super) fn replace_next(&mut self, cx: &mut Cx<'_>, new: NewCoproc) {
        if let Some((late, _)) = self.next.replace(new).and_then(|next| next.request) {
            let sentence = "another request replaced the coprocess before it could start";
            cx.refuse(late, RpcError::new(ErrorCode::Busy, sentence));
        }
    }

    /// Whether a client waits for the exit status, so that a failure needs no notice.
    pub(super) fn is_waited_for(&self) -> bool {
        self.waiting.iter().any(|(_, purpose)| *purpose == WaitPurpose::Status)
    }

    /// Takes the clients that waited for the coprocess's end and returns their answers, and the coprocess to be started
    /// next.
    pub(super) fn ended(&mut self, response: EndResponse) -> (Vec<CoprocEvent>, Option<NewCoproc>) {
        let answer = |(request_id, _)| CoprocEvent::Answer(request_id, Ok(response.clone().into()));
        (self.waiting.drain(..).map(answer).collect(), self.next.take())
    }

    /// Drops a request whose client has disconnected. The coprocess runs on.
    pub(super) fn cancel(&mut self, request_id: RequestId) {
        self.waiting.retain(|(waiting, _)| *waiting != request_id);
    }
}
