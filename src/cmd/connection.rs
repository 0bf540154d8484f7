//! A client connection to the socket of a session.

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
use crate::sys::socket::ConnectError;
use crate::types::reason;
use crate::wire::rpc;
use crate::wire::rpc::Incoming;

/// Time limit for the response of a session that is only listed.
const LIST_TIMEOUT: Duration = Duration::from_secs(1);

/// Time after which a client says what its request waits for.
const PATIENCE: Duration = Duration::from_millis(500);

/// Returns the failure of coshell itself with this sentence as the reason.
pub(super) fn own(sentence: &str) -> Failure {
    Failure::Internal(format!("coshell: {sentence}"))
}

fn hung_up() -> Failure {
    own("the session closed the connection before it answered: it has ended, or it belongs to another user")
}

fn unread(error: &io::Error) -> Failure {
    own(&format!("cannot read the session's response: {}", reason(error)))
}

/// Returns the failure to connect to the socket at `path`.
fn no_answer(path: &Path, error: &ConnectError) -> Failure {
    let other_user = "it belongs to another user; run the subcommand as that user";
    let elsewhere = "check $COSHELL_SOCKET; coshell sessions lists the running sessions";
    let path = path.display();
    own(&match error {
        ConnectError::System(error) => {
            let cause = match error.kind() {
                ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                    "it has ended; coshell sessions lists the running sessions"
                }
                ErrorKind::PermissionDenied => other_user,
                _ => elsewhere,
            };
            format!("the session at {path} does not answer ({}): {cause}", reason(error))
        }
        ConnectError::OtherUser => format!("the session at {path} is not used: {other_user}"),
        ConnectError::Unsafe(replaceable) => format!(
            "the session at {path} is not used: {} is a symbolic link, or other users can write to it; {elsewhere}",
            replaceable.display()
        ),
        ConnectError::NoSocket => format!("{path} is not the socket of a session; {elsewhere}"),
    })
}

/// Returns the failure to decode a response.
pub(super) fn unknown_form(error: &serde_json::Error) -> Failure {
    own(&format!(
        "the session's response cannot be decoded ({error}): it may run another version of coshell; --json prints the \
         response as it is"
    ))
}

/// Returns the failure of a request that could not be sent, to which no response would come.
fn sent(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        // A session that rejects the client may close the socket first; its reason is the next message.
        Err(error) if !matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
            Err(own(&format!("cannot send the request to the session: {}", reason(&error))))
        }
        _ => Ok(()),
    }
}

/// The result of a request, or the sentence with which the session refused it.
pub(super) type SessionAnswer<R> = Result<R, String>;

/// A connection to a session.
#[derive(Debug)]
pub(super) struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects to the session that listens at `path`.
    pub(super) fn connect(path: &Path) -> Result<Self, Failure> {
        let stream = socket::connect(path).map_err(|error| no_answer(path, &error))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends a request and waits for the decoded response.
    pub(super) fn ask<R: DeserializeOwned>(&mut self, request: &Request) -> Result<SessionAnswer<R>, Failure> {
        self.ask_with(request, &[])
    }

    /// Sends a request with descriptors (SCM_RIGHTS) and waits for the decoded response.
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

    /// Sends a request with descriptors and waits for the response, which is not decoded.
    pub(super) fn call(
        &mut self,
        request: &Request,
        passed: &[BorrowedFd<'_>],
    ) -> Result<SessionAnswer<Value>, Failure> {
        self.begin_call(request, passed)?;
        self.end_call()
    }

    /// Sends a request and waits for the response, which is not decoded. Calls `is_late` where the response takes longer than
    /// [`PATIENCE`].
    pub(super) fn call_telling(
        &mut self,
        request: &Request,
        is_late: impl FnOnce(),
    ) -> Result<SessionAnswer<Value>, Failure> {
        self.begin_call(request, &[])?;
        if !self.has_answer_in(PATIENCE)? {
            is_late();
        }
        self.end_call()
    }

    /// Returns whether a message, or the end of the connection, comes within `time`.
    pub(super) fn has_answer_in(&mut self, time: Duration) -> Result<bool, Failure> {
        // A time of 0 would be none. Without the timeout nothing is said.
        let _ = self.stream.get_ref().set_read_timeout(Some(time.max(Duration::from_millis(1))));
        let waited = loop {
            match self.stream.fill_buf().map(drop) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                waited => break waited,
            }
        };
        // With the timeout left on, a later read fails, and that is told.
        let _ = self.stream.get_ref().set_read_timeout(None);
        match waited {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(false),
            Err(error) if error.kind() != ErrorKind::ConnectionReset => Err(unread(&error)),
            _ => Ok(true),
        }
    }

    fn begin_call(&mut self, request: &Request, passed: &[BorrowedFd<'_>]) -> Result<(), Failure> {
        let line = format!("{}\n", rpc::request(1, request.write()));
        sent(socket::send(self.stream.get_mut(), line.as_bytes(), passed))
    }

    fn end_call(&mut self) -> Result<SessionAnswer<Value>, Failure> {
        loop {
            match self.answer()? {
                Incoming::Success { result, .. } => return Ok(Ok(result)),
                Incoming::Failure { error, .. } => return Ok(Err(error.message)),
                // The client has no subscription.
                Incoming::Event { .. } => {}
            }
        }
    }

    /// Sends a request and returns the response, not decoded, if it arrives in time: a stopped session sends none.
    pub(super) fn call_in_time(&mut self, request: &Request) -> Option<Value> {
        self.set_patience(LIST_TIMEOUT);
        self.call(request, &[]).ok()?.ok()
    }

    /// Sends a request and returns the decoded response if it arrives in time.
    pub(super) fn ask_in_time<R: DeserializeOwned>(&mut self, request: &Request) -> Option<R> {
        serde_json::from_value(self.call_in_time(request)?).ok()
    }

    /// Has reads fail from now on where nothing comes within `time`.
    pub(super) fn set_patience(&self, time: Duration) {
        // Without the timeout the wait is longer.
        let _ = self.stream.get_ref().set_read_timeout(Some(time));
    }

    /// Returns a second descriptor of the connection, by which another thread can shut it down.
    pub(super) fn second_stream(&self) -> io::Result<UnixStream> {
        self.stream.get_ref().try_clone()
    }

    /// Sends lines.
    pub(super) fn send(&mut self, lines: &str) -> Result<(), Failure> {
        sent(self.stream.get_mut().write_all(lines.as_bytes()))
    }

    /// Returns the next message; an end of the connection is an error.
    pub(super) fn answer(&mut self) -> Result<Incoming, Failure> {
        self.receive()?.ok_or_else(hung_up)
    }

    /// Returns the next message, or `None` at the end of the connection.
    pub(super) fn receive(&mut self) -> Result<Option<Incoming>, Failure> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => Ok(None),
            Ok(_) => {
                let message = serde_json::from_str(&line);
                message.map(Some).map_err(|error| own(&format!("the session's response is not JSON-RPC: {error}")))
            }
            // The session ended before it had read every request.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(None),
            Err(error) => Err(unread(&error)),
        }
    }
}
