//! A connection to a session: a request goes out, an answer comes back.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::core::request::Request;
use crate::error::Failure;
use crate::sys::socket;
use crate::types::reason;
use crate::wire::rpc;
use crate::wire::rpc::Incoming;

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

/// The session answered in a form that this coshell does not know.
pub(super) fn unknown_form(error: &serde_json::Error) -> Failure {
    own(&format!(
        "the session's answer cannot be understood ({error}): it may run another version of coshell; --json prints the \
         answer as it comes"
    ))
}

/// What a session answers, or the sentence with which it refuses.
pub(super) type SessionAnswer<R> = Result<R, String>;

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
    pub(super) fn ask<R: DeserializeOwned>(&mut self, request: &Request) -> Result<SessionAnswer<R>, Failure> {
        self.ask_with(request, &[])
    }

    /// The same, with descriptors passed along.
    pub(super) fn ask_with<R: DeserializeOwned>(
        &mut self,
        request: &Request,
        passed: &[BorrowedFd<'_>],
    ) -> Result<SessionAnswer<R>, Failure> {
        match self.call(request, passed)? {
            Ok(answer) => Ok(Ok(serde_json::from_value(answer).map_err(|error| unknown_form(&error))?)),
            Err(sentence) => Ok(Err(sentence)),
        }
    }

    /// The same, and gives the answer as it came.
    pub(super) fn call(
        &mut self,
        request: &Request,
        passed: &[BorrowedFd<'_>],
    ) -> Result<SessionAnswer<Value>, Failure> {
        let line = format!("{}\n", rpc::request(1, request.write()));
        // One that is turned away in the middle of what it says is told why.
        let _ = socket::send(self.stream.get_mut(), line.as_bytes(), passed);
        loop {
            match self.answer()? {
                Incoming::Success { result, .. } => return Ok(Ok(result)),
                Incoming::Failure { error, .. } => return Ok(Err(error.message)),
                // It has subscribed to none.
                Incoming::Event { .. } => {}
            }
        }
    }

    /// What it answers at once, as it came, if it does: one that was stopped does not.
    pub(super) fn call_in_time(&mut self, request: &Request) -> Option<Value> {
        // Without a limit it takes longer, no more.
        let _ = self.stream.get_ref().set_read_timeout(Some(PATIENCE));
        self.call(request, &[]).ok()?.ok()
    }

    /// Asks a request and returns the typed answer, if it comes at once: a session that was stopped gives none.
    pub(super) fn ask_in_time<R: DeserializeOwned>(&mut self, request: &Request) -> Option<R> {
        serde_json::from_value(self.call_in_time(request)?).ok()
    }

    /// Says this. One that is turned away in the middle of it is told why, which is the next message.
    pub(super) fn send(&mut self, lines: &str) {
        let _ = self.stream.get_mut().write_all(lines.as_bytes());
    }

    /// The next message, where one has to come.
    pub(super) fn answer(&mut self) -> Result<Incoming, Failure> {
        self.receive()?.ok_or_else(hung_up)
    }

    /// The next message; none when the session has ended.
    pub(super) fn receive(&mut self) -> Result<Option<Incoming>, Failure> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => Ok(None),
            Ok(_) => {
                let message = serde_json::from_str(&line);
                message.map(Some).map_err(|error| own(&format!("the session answered what is no JSON-RPC: {error}")))
            }
            // It had not read all that was said.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(None),
            Err(_) => Err(hung_up()),
        }
    }
}
