//! One control client: lines that come in, lines that go out, and what it waits for.

use std::collections::HashMap;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Instant;

use serde_json::{Value, json};

use crate::core::command::{Command, Fault};
use crate::core::control::Refusal;
use crate::sys::end::{Got, Put};
use crate::sys::socket::Connection;
use crate::wire::rpc::{self, Frame, Message};

/// What is read of one client in one turn.
const CHUNK: usize = 16 * 1024;
/// What one client may have asked for without an answer; beyond, it is not read.
const OPEN: usize = 64;
/// What may wait for one client before it is not read, and is told no more events.
const WAITING: usize = 1024 * 1024;

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
    responses: Vec<Value>,
}

/// A connection, and what is on the way.
#[derive(Debug)]
pub(super) struct Client {
    connection: Connection,
    readable: bool,
    writable: bool,
    /// The client has closed its side: it is let go when it has its answers.
    closed: bool,
    /// Both sides are closed: it waits for nothing any more, but what it asked for before is done.
    hung_up: bool,
    /// Nothing can be written to it any more.
    gone: bool,
    input: Vec<u8>,
    /// What of `input` was looked at for the end of a line.
    scanned: usize,
    output: Vec<u8>,
    sent: usize,
    /// How many answers are open.
    open: usize,
    batches: HashMap<u64, Batch>,
    next_batch: u64,
    /// Events that it was not told, since it does not take what waits.
    missed: u64,
    /// Since when it has taken nothing of what waits.
    stuck: Option<Instant>,
}

impl Client {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            readable: true,
            writable: true,
            closed: false,
            hung_up: false,
            gone: false,
            input: Vec::new(),
            scanned: 0,
            output: Vec::new(),
            sent: 0,
            open: 0,
            batches: HashMap::new(),
            next_batch: 0,
            missed: 0,
            stuck: None,
        }
    }

    pub(super) fn mark(&mut self, event: &mio::event::Event) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
        self.hung_up |= event.is_write_closed();
    }

    /// Whether reading it, or writing to it, would get on.
    pub(super) fn has_work(&self, may_read: bool) -> bool {
        let reads = may_read && self.readable && !self.closed && self.is_heard();
        reads || (self.has_line() && self.is_heard()) || (self.writable && self.waiting() > 0) || self.is_over()
    }

    /// Whether it may ask for more.
    fn is_heard(&self) -> bool {
        self.open < OPEN && self.waiting() < WAITING
    }

    /// Whether it has gone, and nothing is left to be done for it.
    pub(super) fn is_over(&self) -> bool {
        let served = self.open == 0 && self.waiting() == 0;
        self.gone || (self.closed && (served || self.hung_up) && !self.has_line())
    }

    /// How much waits for it.
    pub(super) fn waiting(&self) -> usize {
        self.output.len() - self.sent
    }

    /// Since when it has taken nothing of what waits.
    pub(super) fn stuck_since(&self) -> Option<Instant> {
        self.stuck
    }

    /// Reads it once.
    pub(super) fn read(&mut self) {
        if !self.readable || self.closed || !self.is_heard() || self.has_line() {
            return;
        }
        let mut buffer = [0; CHUNK];
        match self.connection.read(&mut buffer) {
            Got::Bytes(n) => self.input.extend_from_slice(&buffer[..n]),
            Got::Nothing => self.readable = false,
            // It may still wait for answers, as `printf ... | nc -U` does.
            Got::End => self.closed = true,
        }
        if self.input.len() > rpc::LINE_LIMIT && !self.has_line() {
            let sentence = format!("a line may be {} KiB long", rpc::LINE_LIMIT / 1024);
            self.put(&rpc::failure(&Value::Null, rpc::INVALID_REQUEST, &sentence));
            self.input = Vec::new();
            self.closed = true;
        }
    }

    fn has_line(&self) -> bool {
        memchr::memchr(b'\n', &self.input[self.scanned..]).is_some()
    }

    /// What it asks for, as far as it may; whatever is no request is answered here.
    pub(super) fn requests(&mut self) -> Vec<(Caller, Command)> {
        let mut asked = Vec::new();
        while self.is_heard()
            && let Some(line) = self.next_line()
        {
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            match rpc::read(&line) {
                Ok(Frame::Single(message)) => asked.extend(self.request(message, None)),
                Ok(Frame::Batch(all)) => self.batch(all, &mut asked),
                Err(response) => self.put(&response),
            }
        }
        asked
    }

    fn next_line(&mut self) -> Option<Vec<u8>> {
        let Some(end) = memchr::memchr(b'\n', &self.input[self.scanned..]) else {
            self.scanned = self.input.len();
            return None;
        };
        let rest = self.input.split_off(self.scanned + end + 1);
        self.scanned = 0;
        Some(std::mem::replace(&mut self.input, rest))
    }

    fn batch(&mut self, all: Vec<Message>, asked: &mut Vec<(Caller, Command)>) {
        let number = self.next_batch;
        self.next_batch += 1;
        // Counted as open until all of it has been looked at, so that it is not answered in parts.
        self.batches.insert(number, Batch { open: 1, responses: Vec::new() });
        for message in all {
            asked.extend(self.request(message, Some(number)));
        }
        self.respond(Some(number), None);
    }

    /// Looks at one message: what it asks for, unless it is answered here.
    fn request(&mut self, message: Message, batch: Option<u64>) -> Option<(Caller, Command)> {
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
        let (code, sentence) = match Command::read(&method, params) {
            Ok(command) => {
                self.open += 1;
                return Some((Caller { id, batch }, command));
            }
            Err(Fault::Method) => (rpc::METHOD_NOT_FOUND, format!("there is no method '{method}'")),
            Err(Fault::Params(reason)) => (rpc::INVALID_PARAMS, format!("{method}: {reason}")),
        };
        self.respond(batch, id.map(|id| rpc::failure(&id, code, &sentence)));
        None
    }

    /// The core has answered.
    pub(super) fn answer(&mut self, caller: &Caller, reply: Result<Value, Refusal>) {
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
        batch.responses.extend(response);
        batch.open -= 1;
        if batch.open == 0 {
            let responses = self.batches.remove(&number).map(|batch| batch.responses).unwrap_or_default();
            if !responses.is_empty() {
                self.put(&Value::Array(responses));
            }
        }
    }

    /// Tells it of something that it has subscribed to, unless it does not take what waits.
    pub(super) fn tell(&mut self, event: &Value) {
        if self.waiting() >= WAITING {
            self.missed += 1;
            return;
        }
        if self.missed > 0 {
            self.put(&rpc::event(&json!({"type": "missed", "count": self.missed})));
            self.missed = 0;
        }
        self.put(&rpc::event(event));
    }

    fn put(&mut self, value: &Value) {
        if self.sent > 0 && self.output.len() >= 2 * WAITING {
            self.output.drain(..self.sent);
            self.sent = 0;
        }
        self.output.extend_from_slice(value.to_string().as_bytes());
        self.output.push(b'\n');
    }

    /// Writes what it takes.
    pub(super) fn flush(&mut self, now: Instant) {
        while self.writable && self.waiting() > 0 {
            match self.connection.end().write(&self.output[self.sent..]) {
                Put::Bytes(n) => {
                    self.sent += n;
                    self.stuck = None;
                }
                Put::Full => {
                    self.writable = false;
                    self.stuck.get_or_insert(now);
                }
                Put::Gone => self.gone = true,
            }
            if self.gone {
                return;
            }
        }
        if self.waiting() == 0 {
            self.output = Vec::new();
            self.sent = 0;
            self.stuck = None;
        }
    }
}

impl AsRawFd for Client {
    fn as_raw_fd(&self) -> RawFd {
        self.connection.end().as_raw_fd()
    }
}
