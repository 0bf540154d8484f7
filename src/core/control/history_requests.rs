//! Requests that read the history. They wait until it is read, which is done in slices, and one of them is answered in a
//! turn, since an answer may have megabytes of text.

use std::collections::VecDeque;
use std::time::Instant;

use crate::core::output::terminal::TerminalOutput;
use crate::core::request::Request;
use crate::types::RequestId;

/// The requests that wait, oldest first. A connection bounds the number of its requests that are not answered.
#[derive(Debug, Default)]
pub(in crate::core) struct HistoryRequests {
    waiting: VecDeque<(Instant, RequestId, Request)>,
}

/// Returns whether a request reads the history; `None` where it can be answered at once.
fn reads(request: &Request) -> Option<bool> {
    match request {
        Request::Lines { .. } | Request::Annotate { .. } | Request::Marks { .. } | Request::Screen { .. } => Some(true),
        // They read what requests before them have added.
        Request::Captured { command, .. } => Some(command.is_some()),
        Request::Notes {} => Some(false),
        _ => None,
    }
}

impl HistoryRequests {
    /// Takes a request that reads the history. Returns any other.
    pub(in crate::core) fn defer(&mut self, now: Instant, request_id: RequestId, request: Request) -> Option<Request> {
        if reads(&request).is_none() {
            return Some(request);
        }
        self.waiting.push_back((now, request_id, request));
        None
    }

    /// Returns the oldest request, if what it reads of the history of `terminal` is read.
    pub(in crate::core) fn next(&mut self, terminal: &mut TerminalOutput) -> Option<(RequestId, Request)> {
        let (_, _, request) = self.waiting.front()?;
        if reads(request) == Some(true) && !terminal.has_read() {
            return None;
        }
        self.waiting.pop_front().map(|(_, request_id, request)| (request_id, request))
    }

    /// Returns when `next` has something to do: at once.
    pub(in crate::core) fn deadline(&self) -> Option<Instant> {
        self.waiting.front().map(|(since, ..)| *since)
    }

    /// Removes the request, whose client has disconnected.
    pub(in crate::core) fn cancel(&mut self, request_id: RequestId) {
        self.waiting.retain(|(_, waiting, _)| *waiting != request_id);
    }

    /// Removes all requests at the session's end, and returns them.
    pub(in crate::core) fn take_all(&mut self) -> impl Iterator<Item = RequestId> {
        std::mem::take(&mut self.waiting).into_iter().map(|(_, request_id, _)| request_id)
    }
}
