//! Connections of the server to the session: one for each call, so that one call does not wait for another and that each can
//! be cancelled.

use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use crate::cmd::connection::Client;
use crate::cmd::sessions;
use crate::core::access::AccessLevel;
use crate::core::request::{AccessRequest, Request};
use crate::core::response::AccessResponse;
use crate::error::Failure;

/// Sentence of a call that was ended from outside.
pub(super) const CANCELLED: &str = "the call was cancelled, or the client has closed its end";
/// Time within which a session answers what it does not have to wait for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time for which a request that types may wait for the user: until the question can be drawn, for the answer, and for the end of
/// the line that the user is typing.
const USER_PATIENCE: Duration = Duration::from_secs(60 + 60 + 30);

/// Why a call has no result, as a sentence.
pub(super) type CallRefusal = String;

/// What ends a call from outside of its thread.
#[derive(Debug, Default)]
pub(super) struct CallCancel(Mutex<CancelState>);

#[derive(Debug, Default)]
struct CancelState {
    is_cancelled: bool,
    /// The connections of the call.
    streams: Vec<UnixStream>,
}

impl CallCancel {
    /// Ends the call: its connections are closed, so that the session does nothing more for it.
    pub(super) fn cancel(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_cancelled = true;
        for stream in state.streams.drain(..) {
            // ENOTCONN: the session has closed it already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Whether the call was ended so.
    pub(super) fn is_cancelled(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_cancelled
    }

    /// Takes note of a connection. The error says that the call was cancelled before.
    fn add(&self, client: &Client) -> Result<(), CallRefusal> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_cancelled {
            return Err(CANCELLED.to_owned());
        }
        // Without a second descriptor the call cannot be cancelled, and ends by itself.
        state.streams.extend(client.second_stream().ok());
        Ok(())
    }
}

/// Where the calls of a server go.
#[derive(Debug)]
pub(super) struct SessionLink {
    /// The session by id or name; `None` for that around the server, or the only one.
    session: Option<String>,
    /// A connection that stays open: where the user has allowed all further requests of this process, that holds as long as
    /// one of its connections is open.
    standing: Mutex<Option<Client>>,
}

impl SessionLink {
    pub(super) fn new(session: Option<&str>) -> Self {
        Self { session: session.map(str::to_owned), standing: Mutex::default() }
    }

    fn connect(&self) -> Result<Client, CallRefusal> {
        sessions::connect(self.session.as_deref()).map_err(|failure| sentence(&failure))
    }

    /// Opens the standing connection, unless it is open.
    fn keep_open(&self, access: &Request) -> Result<(), CallRefusal> {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        if standing.as_mut().is_none_or(|client| client.call_in_time(access).is_none()) {
            *standing = Some(self.connect()?);
        }
        Ok(())
    }
}

/// The session, for one call.
#[derive(Debug)]
pub(super) struct CallLink<'a> {
    pub(super) link: &'a SessionLink,
    pub(super) cancel: &'a CallCancel,
    /// Level of access that the tool needs.
    pub(super) level: AccessLevel,
    /// Name that the client gives itself; it may be empty.
    pub(super) client: &'a str,
}

impl CallLink<'_> {
    /// Connects to the session. It is looked up for each call, so that the server outlives a session.
    ///
    /// # Errors
    ///
    /// There is no such session, or the call was cancelled.
    pub(super) fn open(&self) -> Result<CallClient, CallRefusal> {
        self.open_for(Duration::ZERO)
    }

    /// Does the same for a request that the session may take `time` to answer, other than by waiting for the user.
    pub(super) fn open_for(&self, time: Duration) -> Result<CallClient, CallRefusal> {
        let access = Request::Access(AccessRequest { level: self.level, ask: true, name: self.client.to_owned() });
        if self.level == AccessLevel::Type {
            self.link.keep_open(&access)?;
        }
        let mut client = self.open_for_question()?;
        let _: AccessResponse = client.ask(&access)?;
        let user = if self.level == AccessLevel::Type { USER_PATIENCE } else { Duration::ZERO };
        client.set_patience(PATIENCE + user + time);
        Ok(client)
    }

    /// Connects without a limit, to ask the user on the lent terminal: the program that is lent it is coshell itself.
    ///
    /// # Errors
    ///
    /// There is no such session, or the call was cancelled.
    pub(super) fn open_for_question(&self) -> Result<CallClient, CallRefusal> {
        let client = self.link.connect()?;
        self.cancel.add(&client)?;
        let mut client = CallClient { client, patience: PATIENCE };
        client.set_patience(PATIENCE);
        Ok(client)
    }

    /// Returns what the client is called before the user.
    pub(super) fn client_name(&self) -> &str {
        if self.client.is_empty() { "an agent" } else { self.client }
    }
}

/// A connection of a call.
#[derive(Debug)]
pub(super) struct CallClient {
    pub(super) client: Client,
    /// Time for which an answer is awaited: a session that is stopped gives none.
    patience: Duration,
}

impl CallClient {
    /// Sends a request and waits for the response.
    ///
    /// # Errors
    ///
    /// The session refuses, has ended, or does not answer.
    pub(super) fn ask<R: DeserializeOwned>(&mut self, request: &Request) -> Result<R, CallRefusal> {
        let began = Instant::now();
        let answer = self.client.ask(request);
        answer.map_err(|failure| {
            let is_late = began.elapsed() >= self.patience;
            if is_late { "the session does not answer: it may be stopped".to_owned() } else { sentence(&failure) }
        })?
    }

    /// Has answers awaited for this time.
    pub(super) fn set_patience(&mut self, time: Duration) {
        self.patience = time;
        self.client.set_patience(time);
    }
}

/// Returns a failure without the name of the program, which the client knows.
pub(super) fn sentence(failure: &Failure) -> CallRefusal {
    let text = failure.to_string();
    text.strip_prefix("coshell: ").map_or_else(|| text.clone(), str::to_owned)
}
