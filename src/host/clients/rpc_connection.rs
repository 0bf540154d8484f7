//! JSON-RPC state of one control client: input bytes become requests; responses and events become output bytes. Has
//! neither socket nor clock; the result does not depend on how the input is split.

use std::collections::{HashMap, VecDeque};

use serde::Serialize;
use serde_json::{Value, json};

use crate::core::request::{OptionArgsError, Request};
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::wire::rpc;
use crate::wire::rpc::{Frame, Message};

/// Maximum number of unanswered requests of one client; with more, its input waits.
const MAX_UNANSWERED: usize = 64;
/// Length from which on a response reserves exactly the memory that it needs, instead of doubling the buffer.
const EXACT_RESERVE: usize = 64 * 1024;

/// Destination of a response.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Id of the request; `None` for a notification, which has no response.
    id: Option<Value>,
    /// Number of the batch that the request is part of.
    batch: Option<u64>,
}

/// A batch with unanswered requests.
#[derive(Debug)]
struct Batch {
    /// Unanswered requests, and one more until the whole batch has been processed.
    open: usize,
    /// Responses so far, each followed by a comma.
    responses: Vec<u8>,
}

/// Input that is not processed yet, open requests, and output that is not written yet.
#[derive(Debug, Default)]
pub(super) struct RpcConnection {
    input: Vec<u8>,
    /// Bytes of `input` that have been processed.
    input_read: usize,
    /// Index in `input` of the end of the first unprocessed line, if it is complete.
    line_end: Option<usize>,
    /// Messages of the current line that are not processed yet, with the number of their batch.
    messages: VecDeque<(Message, Option<u64>)>,
    output: Vec<u8>,
    /// Bytes of `output` that have been written.
    output_written: usize,
    /// Number of unanswered requests.
    unanswered: usize,
    batches: HashMap<u64, Batch>,
    next_batch: u64,
    /// Bytes of all responses in `batches`.
    batch_bytes: usize,
    /// Events dropped since the pending output reached its limit.
    missed: u64,
}

impl RpcConnection {
    /// Appends `bytes` to the input. Returns false where a line exceeds the limit: an error response is queued, and no more
    /// input may follow.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> bool {
        self.input.drain(..self.input_read);
        let before = self.input.len();
        self.input_read = 0;
        self.input.extend_from_slice(bytes);
        // Only the new bytes are searched: a long line arrives in many pieces.
        if !self.has_line() {
            self.line_end = memchr::memchr(b'\n', &self.input[before..]).map(|at| before + at);
        } else {
            self.find_line();
        }
        let fits = self.line_end.unwrap_or(self.input.len()) <= rpc::LINE_LIMIT;
        if !fits {
            self.refuse_line();
        }
        fits
    }

    /// Drops the input and queues an error response: the line is too long.
    pub(super) fn refuse_line(&mut self) {
        let kib = rpc::LINE_LIMIT / 1024;
        let sentence = format!("a line may be at most {kib} KiB long, or less while other clients send long lines");
        self.push_line(rpc::failure(&Value::Null, rpc::INVALID_REQUEST, &sentence).to_string());
        self.input = Vec::new();
        (self.input_read, self.line_end) = (0, None);
    }

    /// Returns the number of unprocessed input bytes.
    pub(super) fn unread_len(&self) -> usize {
        self.input.len() - self.input_read
    }

    /// Returns whether a complete line or message is unprocessed.
    pub(super) fn has_input(&self) -> bool {
        self.has_line() || !self.messages.is_empty()
    }

    fn has_line(&self) -> bool {
        self.line_end.is_some()
    }

    /// Returns whether another request may be processed, with at most `share` bytes of pending output. A batch is always
    /// processed to its end.
    pub(super) fn accepts_requests(&self, share: usize) -> bool {
        !self.messages.is_empty() || (self.pending_len() < share && self.unanswered < MAX_UNANSWERED)
    }

    /// Returns the next request, if one is complete and allowed by `share`; invalid messages before it get their error
    /// responses here.
    pub(super) fn next_request(&mut self, share: usize) -> Option<(Caller, Request)> {
        while self.accepts_requests(share) {
            if let Some((message, batch)) = self.messages.pop_front() {
                let request = self.request(message, batch, share);
                if self.messages.is_empty() {
                    // The extra count that the batch started with: without it, a batch whose first requests are answered at
                    // once would be sent in parts.
                    self.send(batch, None);
                }
                if request.is_some() {
                    return request;
                }
            } else {
                let line = self.next_line()?;
                self.read_line(&line);
            }
        }
        None
    }

    fn next_line(&mut self) -> Option<Vec<u8>> {
        let end = self.line_end.take()?;
        let line = self.input[self.input_read..end].to_vec();
        self.input_read = end + 1;
        self.find_line();
        Some(line)
    }

    fn find_line(&mut self) {
        self.line_end = memchr::memchr(b'\n', &self.input[self.input_read..]).map(|at| self.input_read + at);
    }

    fn read_line(&mut self, line: &[u8]) {
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        match rpc::read(line) {
            Ok(Frame::Single(message)) => self.messages.push_back((message, None)),
            Ok(Frame::Batch(messages)) => {
                let number = self.next_batch;
                self.next_batch += 1;
                self.batches.insert(number, Batch { open: 1, responses: Vec::new() });
                self.messages.extend(messages.into_iter().map(|message| (message, Some(number))));
            }
            Err(response) => self.push_line(response.to_string()),
        }
    }

    /// Returns the request in `message`, or queues the error response of an invalid one.
    fn request(&mut self, message: Message, batch: Option<u64>, share: usize) -> Option<(Caller, Request)> {
        if let Some(batch) = batch.and_then(|number| self.batches.get_mut(&number)) {
            batch.open += 1;
        }
        let (id, method, params) = match message {
            Message::Request { id, method, params } => (id, method, params),
            Message::Bad(response) => {
                self.send(batch, Some(response.to_string()));
                return None;
            }
        };
        let (code, sentence) = match Request::read(&method, params) {
            Ok(_) if batch.is_some() && self.batch_bytes >= share => {
                let sentence =
                    "the responses to batches take too much memory; send single requests, and read the responses";
                (ErrorCode::Full as i64, sentence.to_owned())
            }
            Ok(request) => {
                self.unanswered += 1;
                return Some((Caller { id, batch }, request));
            }
            Err(OptionArgsError::Method) => (rpc::METHOD_NOT_FOUND, format!("there is no method '{method}'")),
            Err(OptionArgsError::Params(reason)) => (rpc::INVALID_PARAMS, format!("{method}: {reason}")),
        };
        self.send(batch, id.map(|id| rpc::failure(&id, code, &sentence).to_string()));
        None
    }

    /// Queues the response `reply` to the request of `caller`.
    pub(super) fn respond(&mut self, caller: &Caller, reply: Result<impl Serialize, RpcError>) {
        self.unanswered = self.unanswered.saturating_sub(1);
        let response = caller.id.as_ref().map(|id| match reply {
            Ok(value) => rpc::success(id, &value),
            Err(error) => rpc::failure(id, error.code as i64, &error.message).to_string(),
        });
        self.send(caller.batch, response);
    }

    /// Queues a response; one of a batch is sent with the others of that batch. `None` stands for a notification.
    fn send(&mut self, batch: Option<u64>, response: Option<String>) {
        let Some(number) = batch else {
            response.into_iter().for_each(|response| self.push_line(response));
            return;
        };
        let Some(batch) = self.batches.get_mut(&number) else { return };
        if let Some(response) = response {
            self.batch_bytes += response.len() + 1;
            batch.responses.extend_from_slice(response.as_bytes());
            batch.responses.push(b',');
        }
        batch.open -= 1;
        if batch.open == 0 {
            self.end_batch(number);
        }
    }

    fn end_batch(&mut self, number: u64) {
        let responses = self.batches.remove(&number).map(|batch| batch.responses).unwrap_or_default();
        self.batch_bytes -= responses.len();
        if let Some((_, joined)) = responses.split_last() {
            self.output.push(b'[');
            self.output.extend_from_slice(joined);
            self.output.extend_from_slice(b"]\n");
        }
    }

    /// Queues the notification `event`, or counts it as missed where `share` bytes or more are pending.
    pub(super) fn send_event(&mut self, event: &str, share: usize) {
        if self.pending_len() >= share {
            self.missed += 1;
            return;
        }
        if self.missed > 0 {
            self.push_line(rpc::event(&json!({"type": "missed", "count": self.missed}).to_string()));
            self.missed = 0;
        }
        self.push_line(rpc::event(event));
    }

    fn push_line(&mut self, text: String) {
        if self.output.is_empty() {
            self.output = text.into_bytes();
        } else {
            if text.len() >= EXACT_RESERVE {
                self.output.reserve_exact(text.len() + 1);
            }
            self.output.extend_from_slice(text.as_bytes());
        }
        self.output.push(b'\n');
    }

    /// Returns whether a request is unanswered.
    pub(super) fn has_unanswered(&self) -> bool {
        self.unanswered > 0
    }

    /// Returns the number of pending output bytes.
    pub(super) fn pending_len(&self) -> usize {
        self.output.len() - self.output_written
    }

    /// Returns the number of bytes held for output, including responses of unfinished batches.
    pub(super) fn buffered_len(&self) -> usize {
        self.pending_len() + self.batch_bytes
    }

    /// Returns the pending output.
    pub(super) fn pending(&self) -> &[u8] {
        &self.output[self.output_written..]
    }

    /// Removes the first `n` bytes of the pending output.
    pub(super) fn consume(&mut self, n: usize) {
        self.output_written += n;
        if self.output_written == self.output.len() {
            // A new vector, not `clear`: a large response must not keep its memory.
            self.output = Vec::new();
            self.output_written = 0;
        } else if self.output_written >= self.output.len() / 2 {
            self.output.drain(..self.output_written);
            self.output_written = 0;
        }
    }
}

#[cfg(any(test, fuzzing))]
pub(super) mod fuzzing;
#[cfg(test)]
mod tests;
