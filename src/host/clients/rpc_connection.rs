//! What one control client and its session say to each other: bytes that come in become requests, answers and events
//! become bytes that go out. It knows no socket and no clock, and is the same however the bytes are cut.

use std::collections::{HashMap, VecDeque};

use serde::Serialize;
use serde_json::{Value, json};

use crate::core::request::{OptionArgsError, Request};
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::wire::rpc;
use crate::wire::rpc::{Frame, Message};

/// What one client may have asked for without an answer; beyond, it is not heard.
const OPEN: usize = 64;
/// An answer of this size gets the room that it needs and no more.
const LARGE: usize = 64 * 1024;

/// Who is to be answered, and how.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// None for a notification, which is not answered.
    id: Option<Value>,
    /// The batch that it was part of.
    batch: Option<u64>,
}

/// A batch whose responses are still coming.
#[derive(Debug)]
struct Batch {
    open: usize,
    /// Those that have come, each with a comma behind it.
    responses: Vec<u8>,
}

/// What was said and not heard, and what was answered and not taken.
#[derive(Debug, Default)]
pub(super) struct RpcConnection {
    input: Vec<u8>,
    /// What of `input` was read.
    read: usize,
    /// Where the first line that was not read ends.
    line_end: Option<usize>,
    /// What is left of the line that is being read.
    messages: VecDeque<(Message, Option<u64>)>,
    output: Vec<u8>,
    /// What of `output` was taken.
    taken: usize,
    /// How many answers are open.
    open: usize,
    batches: HashMap<u64, Batch>,
    next_batch: u64,
    /// What the responses in `batches` take.
    held: usize,
    /// Events that it was not told, since it does not take what waits.
    missed: u64,
}

impl RpcConnection {
    /// The client said this. False where no line should be that long: it is answered, and nothing more is heard.
    pub(super) fn say(&mut self, bytes: &[u8]) -> bool {
        self.input.drain(..self.read);
        let before = self.input.len();
        self.read = 0;
        self.input.extend_from_slice(bytes);
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

    /// The line that has begun is too much; it is forgotten.
    pub(super) fn refuse_line(&mut self) {
        let most = rpc::LINE_LIMIT / 1024;
        let sentence = format!("invalid request: a line may be {most} KiB long, and less where many clients send such");
        self.put(&rpc::failure(&Value::Null, rpc::INVALID_REQUEST, &sentence));
        self.input = Vec::new();
        (self.read, self.line_end) = (0, None);
    }

    /// How much was said and not read.
    pub(super) fn unread(&self) -> usize {
        self.input.len() - self.read
    }

    /// Whether something was said that can be read.
    pub(super) fn has_more(&self) -> bool {
        self.has_line() || !self.messages.is_empty()
    }

    fn has_line(&self) -> bool {
        self.line_end.is_some()
    }

    /// Whether it may ask for more, where so many bytes may wait for it. A batch that has begun is read to its end.
    pub(super) fn is_heard(&self, share: usize) -> bool {
        !self.messages.is_empty() || (self.waiting() < share && self.open < OPEN)
    }

    /// The next thing that it asks for, if it may; whatever is no request before that is answered here.
    pub(super) fn next(&mut self, share: usize) -> Option<(Caller, Request)> {
        while self.is_heard(share) {
            if let Some((message, batch)) = self.messages.pop_front() {
                let asked = self.request(message, batch, share);
                if self.messages.is_empty() {
                    // It was counted as open until all of it was read, so that it is not answered in parts.
                    self.respond(batch, None);
                }
                if asked.is_some() {
                    return asked;
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
        let line = self.input[self.read..end].to_vec();
        self.read = end + 1;
        self.find_line();
        Some(line)
    }

    fn find_line(&mut self) {
        self.line_end = memchr::memchr(b'\n', &self.input[self.read..]).map(|at| self.read + at);
    }

    fn read_line(&mut self, line: &[u8]) {
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        match rpc::read(line) {
            Ok(Frame::Single(message)) => self.messages.push_back((message, None)),
            Ok(Frame::Batch(all)) => {
                let number = self.next_batch;
                self.next_batch += 1;
                self.batches.insert(number, Batch { open: 1, responses: Vec::new() });
                self.messages.extend(all.into_iter().map(|message| (message, Some(number))));
            }
            Err(response) => self.put(&response),
        }
    }

    /// Looks at one message: what it asks for, unless it is answered here.
    fn request(&mut self, message: Message, batch: Option<u64>, share: usize) -> Option<(Caller, Request)> {
        if let Some(batch) = batch.and_then(|number| self.batches.get_mut(&number)) {
            batch.open += 1;
        }
        let (id, method, params) = match message {
            Message::Request { id, method, params } => (id, method, params),
            Message::Bad(response) => {
                self.respond(batch, Some(response));
                return None;
            }
        };
        let (code, sentence) = match Request::read(&method, params) {
            Ok(_) if batch.is_some() && self.held >= share => {
                let sentence = "the answers to batches take too much; ask one by one, and read the answers";
                (ErrorCode::Full as i64, sentence.to_owned())
            }
            Ok(command) => {
                self.open += 1;
                return Some((Caller { id, batch }, command));
            }
            Err(OptionArgsError::Method) => (rpc::METHOD_NOT_FOUND, format!("there is no method '{method}'")),
            Err(OptionArgsError::Params(reason)) => (rpc::INVALID_PARAMS, format!("{method}: {reason}")),
        };
        self.respond(batch, id.map(|id| rpc::failure(&id, code, &sentence)));
        None
    }

    /// It is answered.
    pub(super) fn answer(&mut self, caller: &Caller, reply: Result<impl Serialize, RpcError>) {
        self.open = self.open.saturating_sub(1);
        let response = caller.id.as_ref().map(|id| match reply {
            Ok(value) => rpc::success(id, &value),
            Err(refusal) => rpc::failure(id, refusal.code as i64, &refusal.message),
        });
        self.respond(caller.batch, response);
    }

    /// Sends a response, where it belongs to a batch with the others.
    fn respond(&mut self, batch: Option<u64>, response: Option<Value>) {
        let Some(number) = batch else {
            response.iter().for_each(|response| self.put(response));
            return;
        };
        let Some(batch) = self.batches.get_mut(&number) else { return };
        if let Some(response) = response {
            let text = response.to_string();
            self.held += text.len() + 1;
            batch.responses.extend_from_slice(text.as_bytes());
            batch.responses.push(b',');
        }
        batch.open -= 1;
        if batch.open == 0 {
            self.end_batch(number);
        }
    }

    fn end_batch(&mut self, number: u64) {
        let responses = self.batches.remove(&number).map(|batch| batch.responses).unwrap_or_default();
        self.held -= responses.len();
        if let Some((_, all)) = responses.split_last() {
            self.output.push(b'[');
            self.output.extend_from_slice(all);
            self.output.extend_from_slice(b"]\n");
        }
    }

    /// Tells it of something that it has subscribed to, unless so many bytes wait for it already.
    pub(super) fn tell(&mut self, event: &str, share: usize) {
        if self.waiting() >= share {
            self.missed += 1;
            return;
        }
        if self.missed > 0 {
            self.put_text(&rpc::event(&json!({"type": "missed", "count": self.missed}).to_string()));
            self.missed = 0;
        }
        self.put_text(&rpc::event(event));
    }

    fn put(&mut self, value: &Value) {
        self.put_text(&value.to_string());
    }

    fn put_text(&mut self, text: &str) {
        if text.len() >= LARGE {
            self.output.reserve_exact(text.len() + 1);
        }
        self.output.extend_from_slice(text.as_bytes());
        self.output.push(b'\n');
    }

    /// Whether anything that it asked for is not answered yet.
    pub(super) fn is_open(&self) -> bool {
        self.open > 0
    }

    /// How much waits for it.
    pub(super) fn waiting(&self) -> usize {
        self.output.len() - self.taken
    }

    /// What is kept for it, sent or not.
    pub(super) fn kept(&self) -> usize {
        self.waiting() + self.held
    }

    /// What waits for it.
    pub(super) fn pending(&self) -> &[u8] {
        &self.output[self.taken..]
    }

    /// It took so much of that.
    pub(super) fn took(&mut self, n: usize) {
        self.taken += n;
        if self.taken == self.output.len() {
            self.output = Vec::new();
            self.taken = 0;
        } else if self.taken >= self.output.len() / 2 {
            self.output.drain(..self.taken);
            self.taken = 0;
        }
    }
}

#[cfg(test)]
mod tests;
