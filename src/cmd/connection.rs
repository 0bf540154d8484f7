//! A connection to a session: a request goes out, an answer comes back.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::error::Failure;
use crate::sys::socket;
use crate::types::reason;
use crate::wire::rpc;

/// How long a session that is only listed may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// coshell itself cannot do it, for this reason.
pub(super) fn own(sentence: &str) -> Failure {
    Failure::Own(format!("coshell: {sentence}"))
}

fn hung_up() -> Failure {
    own("the session hung up before it answered: it has ended, or it is another user's")
}

/// Nobody answers at this socket, for this reason.
fn no_answer(path: &Path, error: &io::Error) -> Failure {
    let cause = match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => "it has ended; coshell sessions lists those that run",
        ErrorKind::PermissionDenied => "it is another user's; ask as that user",
        _ => "look at $COSHELL_SOCKET; coshell sessions lists those that run",
    };
    own(&format!("the session at {} does not answer ({}): {cause}", path.display(), reason(error)))
}

/// A connection to a session.
pub(super) struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects to the session that listens here.
    pub(super) fn connect(path: &Path) -> Result<Self, Failure> {
        let stream = socket::connect(path).map_err(|error| no_answer(path, &error))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Asks, and waits for the answer: what it is, or why it is refused.
    pub(super) fn call(&mut self, request: &Value) -> Result<Result<Value, String>, Failure> {
        self.call_with(request, &[])
    }

    /// The same, with descriptors passed along.
    pub(super) fn call_with(
        &mut self,
        request: &Value,
        passed: &[BorrowedFd<'_>],
    ) -> Result<Result<Value, String>, Failure> {
        let line = format!("{}\n", rpc::request(1, &request["method"], &request["params"]));
        // One that is turned away in the middle of what it says is told why.
        let _ = socket::send(self.stream.get_mut(), line.as_bytes(), passed);
        let mut message = self.answer()?;
        match message["error"]["message"].as_str() {
            Some(sentence) => Ok(Err(sentence.to_owned())),
            None => Ok(Ok(message["result"].take())),
        }
    }

    /// What it answers at once, if it does: one that was stopped does not.
    pub(super) fn ask_in_time(&mut self, request: &Value) -> Option<Value> {
        // Without a limit it takes longer, no more.
        let _ = self.stream.get_ref().set_read_timeout(Some(PATIENCE));
        self.call(request).ok()?.ok()
    }

    /// Says this. One that is turned away in the middle of it is told why, which is the next message.
    pub(super) fn send(&mut self, lines: &str) {
        let _ = self.stream.get_mut().write_all(lines.as_bytes());
    }

    /// The next message, where one has to come.
    pub(super) fn answer(&mut self) -> Result<Value, Failure> {
        self.receive()?.ok_or_else(hung_up)
    }

    /// The next message; none when the session has ended.
    pub(super) fn receive(&mut self) -> Result<Option<Value>, Failure> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => Ok(None),
            Ok(_) => {
                let message = serde_json::from_str(&line);
                message.map(Some).map_err(|error| own(&format!("the session answered what is no JSON: {error}")))
            }
            // It had not read all that was said.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(None),
            Err(_) => Err(hung_up()),
        }
    }
}
