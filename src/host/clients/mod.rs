//! The control clients: their connections, and which answer belongs to whom. What is asked is for the core.
//!
//! They are served behind everything else, a few of them in a turn, and each a little, so that a key waits for none of
//! them. What they say and what waits for them is bounded for each and for all together: one that does not take what it
//! has asked for is not read any further, and is let go after a while.

mod client;
mod rpc_connection;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Instant;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use serde_json::Value;

use crate::core::request::Request;
use crate::core::response::Response;
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::sys::memory;
use crate::sys::socket;
use crate::sys::socket::{Connection, Listener};
use crate::types::RequestId;
use crate::wire::rpc;
use client::ConnectedClient;
use rpc_connection::Caller;

/// The token of the listener, far behind those of the ports; the clients have those from the next on.
const LISTENER: usize = 1000;
/// More clients than any set of tools has; further ones are turned away.
pub(super) const MOST: usize = 512;
/// The descriptors that the session itself may need: ports, pipes of coprocesses and of commands of `run`.
const OWN_DESCRIPTORS: usize = 64;
/// So many clients are let in however few descriptors there may be.
const LEAST: usize = 8;
/// How many clients are served in one turn.
const SERVED: usize = 8;
/// How many requests of one client are looked at in one turn.
pub(super) const REQUESTS: usize = 4;
/// What all clients together may have waiting before none is heard.
const WAITING: usize = 32 * 1024 * 1024;
/// What may wait for one client before it is not heard, and is told no more events; where there are many, less.
const SHARE: usize = 1024 * 1024;
/// What all clients together may have said that cannot be read yet: lines without an end.
const UNREAD: usize = 16 * 1024 * 1024;

/// A client that was told so much has cost several times as much memory, which is given back when it goes.
const MUCH: usize = 256 * 1024;

/// A request, on its way to the core.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) request_id: RequestId,
    pub(super) command: Request,
}

/// Who waits for an answer.
#[derive(Debug)]
struct Waiting {
    token: usize,
    caller: Caller,
    /// The answer is the first of what comes.
    subscribes: bool,
    /// The descriptors that came along for the program that is to have the terminal. Whoever passed a pipe reads it to its
    /// end, so they are closed with the answer.
    passed: Vec<OwnedFd>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Clients {
    registry: Registry,
    /// None where no place for a socket was found.
    listener: Option<Listener>,
    /// The poll has reported connections.
    called: bool,
    /// By their tokens.
    all: BTreeMap<usize, ConnectedClient>,
    /// How many there may be.
    most: usize,
    next_token: usize,
    next_ticket: u64,
    /// Whose turn it was last.
    served: usize,
    /// Who waits for which answer.
    callers: HashMap<RequestId, Waiting>,
    /// Those that have gone with answers open.
    withdrawn: VecDeque<RequestId>,
}

impl Clients {
    pub(super) fn new(registry: Registry, listener: Option<Listener>) -> Self {
        let listener = listener.filter(|listener| {
            // Without it in the poll nobody would ever be let in.
            registry.register(&mut SourceFd(&listener.as_raw_fd()), Token(LISTENER), Interest::READABLE).is_ok()
        });
        let room = socket::descriptors().saturating_sub(OWN_DESCRIPTORS);
        Self {
            registry,
            called: listener.is_some(),
            listener,
            all: BTreeMap::new(),
            most: room.clamp(LEAST, MOST),
            next_token: LISTENER + 1,
            next_ticket: 0,
            served: LISTENER,
            callers: HashMap::new(),
            withdrawn: VecDeque::new(),
        }
    }

    /// Takes in what the poll reported.
    pub(super) fn mark(&mut self, event: &mio::event::Event) {
        let token = event.token().0;
        if token == LISTENER {
            self.called = true;
        } else if let Some(client) = self.all.get_mut(&token) {
            client.mark(event);
        }
    }

    /// Whether there is anything to be done without waiting.
    pub(super) fn has_work(&self, now: Instant) -> bool {
        let share = self.share();
        let mut all = self.all.values();
        self.called || !self.withdrawn.is_empty() || all.any(|client| client.has_work(now, share))
    }

    /// When a client that takes nothing is let go.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.all.values().filter_map(ConnectedClient::stuck_until).min()
    }

    /// Lets in who calls, and hears a few of those for whom there is something to be done: whose turn it is until they are
    /// settled.
    pub(super) fn hear(&mut self, now: Instant) -> Vec<usize> {
        if std::mem::take(&mut self.called) {
            self.accept();
        }
        let share = self.share();
        let behind = self.all.range(self.served + 1..).chain(self.all.range(..=self.served));
        let busy = behind.filter(|(_, client)| client.has_work(now, share));
        let tokens: Vec<usize> = busy.map(|(token, _)| *token).take(SERVED).collect();
        for token in &tokens {
            if let Some(client) = self.all.get_mut(token) {
                client.read(share);
            }
        }
        self.bound_unread();
        tokens
    }

    /// What this client asks for next.
    pub(super) fn next(&mut self, token: usize) -> Option<Asked> {
        let share = self.share();
        let client = self.all.get_mut(&token)?;
        let (caller, command) = client.talk.next(share)?;
        let passed = if matches!(command, Request::Lend { .. }) { client.take_passed() } else { Vec::new() };
        let request_id = RequestId(self.next_ticket);
        self.next_ticket += 1;
        let subscribes = matches!(command, Request::Subscribe { .. } | Request::Lines { follow: true, .. });
        self.callers.insert(request_id, Waiting { token, caller, subscribes, passed });
        Some(Asked { request_id, command })
    }

    /// Its turn is over: it is given what it takes, and let go if nothing is left to be done.
    pub(super) fn settle(&mut self, now: Instant, token: usize) {
        self.served = token;
        let share = self.share();
        let Some(client) = self.all.get_mut(&token) else { return };
        client.flush(now);
        if client.is_over(now, share) {
            self.close(token);
        }
    }

    /// The session ends: everybody is given what they take at once.
    pub(super) fn take_leave(&mut self, now: Instant) {
        self.all.values_mut().for_each(|client| client.flush(now));
    }

    /// The next answer that nobody waits for any more.
    pub(super) fn next_withdrawn(&mut self) -> Option<RequestId> {
        self.withdrawn.pop_front()
    }

    /// Answers a request.
    pub(super) fn answer(&mut self, request_id: RequestId, reply: Result<Response, RpcError>) {
        let Some(waiting) = self.callers.get(&request_id) else { return };
        let is_over = !waiting.subscribes || reply.is_err();
        if let Some(client) = self.all.get_mut(&waiting.token) {
            client.talk.answer(&waiting.caller, reply);
        }
        if is_over {
            self.callers.remove(&request_id);
        }
    }

    /// This has happened; who asked with this ticket wants to be told.
    pub(super) fn tell(&mut self, request_id: RequestId, event: &str) {
        let share = self.fair_share();
        if let Some(waiting) = self.callers.get(&request_id)
            && let Some(client) = self.all.get_mut(&waiting.token)
        {
            client.talk.tell(event, share);
        }
    }

    /// The descriptors that came with what was asked with this ticket.
    pub(super) fn passed(&mut self, request_id: RequestId) -> Vec<OwnedFd> {
        self.callers.get_mut(&request_id).map(|waiting| std::mem::take(&mut waiting.passed)).unwrap_or_default()
    }

    /// What may wait for each: nothing more where too much waits for all together.
    fn share(&self) -> usize {
        let kept: usize = self.all.values().map(|client| client.talk.kept()).sum();
        if kept < WAITING { self.fair_share() } else { 0 }
    }

    fn fair_share(&self) -> usize {
        (WAITING / self.all.len().max(1)).min(SHARE)
    }

    /// Whoever has said most of a line without an end is told off, while all together have said too much.
    fn bound_unread(&mut self) {
        while self.all.values().map(|client| client.talk.unread()).sum::<usize>() > UNREAD {
            let Some(client) = self.all.values_mut().max_by_key(|client| client.talk.unread()) else { return };
            client.refuse_line();
        }
    }

    fn accept(&mut self) {
        while let Some(connection) = self.listener.as_ref().and_then(Listener::accept) {
            if self.all.len() < self.most {
                self.admit(connection);
            } else {
                self.turn_away(&connection);
            }
        }
    }

    /// There is no room for it, and it is told so.
    fn turn_away(&self, connection: &Connection) {
        let most = self.most;
        let sentence = format!("{most} clients are connected to the session already: end some, and try again");
        let response = rpc::failure(&Value::Null, ErrorCode::Full as i64, &sentence);
        // It has taken nothing yet, so there is room for a line, unless it has gone already.
        connection.end().write(format!("{response}\n").as_bytes());
    }

    fn admit(&mut self, connection: Connection) {
        let token = self.next_token;
        let interest = Interest::READABLE | Interest::WRITABLE;
        // One that cannot be registered is turned away: nothing of it would ever be heard.
        if self.registry.register(&mut SourceFd(&connection.end().as_raw_fd()), Token(token), interest).is_ok() {
            self.next_token += 1;
            self.all.insert(token, ConnectedClient::new(connection));
        }
    }

    fn close(&mut self, token: usize) {
        if let Some(client) = self.all.remove(&token) {
            // It is closed next, which takes it out of the poll too.
            let _ = self.registry.deregister(&mut SourceFd(&client.as_raw_fd()));
            if client.taken() >= MUCH {
                drop(client);
                memory::give_back();
            }
        }
        // Somebody may have called while no descriptor was left.
        self.called = self.listener.is_some();
        let gone: Vec<RequestId> = self
            .callers
            .iter()
            .filter(|(_, waiting)| waiting.token == token)
            .map(|(request_id, _)| *request_id)
            .collect();
        for request_id in gone {
            self.callers.remove(&request_id);
            self.withdrawn.push_back(request_id);
        }
    }
}
