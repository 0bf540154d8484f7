//! Control clients: their connections, and the open request that each response belongs to.
//!
//! Clients are served after all ports, a few in each turn and each for a few requests, so that no key waits for them. Input
//! and output are bounded for each client and for all together: a client that does not read its responses is not read
//! itself, and is disconnected after a timeout.

mod client;
mod rpc_connection;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::unistd::Pid;
use serde_json::Value;

use crate::core::access::ClientAccess;
use crate::core::request::Request;
use crate::core::response::Response;
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::sys::memory;
use crate::sys::session_name::ClaimedName;
use crate::sys::socket;
use crate::sys::socket::{Accepted, Connection, Listener};
use crate::types::RequestId;
use crate::wire::rpc;
use client::ConnectedClient;
use rpc_connection::Caller;
#[cfg(any(test, fuzzing))]
pub use rpc_connection::fuzzing::rpc;

/// Token of the listener, above those of the ports; clients have the tokens after it.
const LISTENER: usize = 1000;
/// Maximum number of clients; further ones are rejected with an error response.
pub(super) const MAX_CLIENTS: usize = 512;
/// Descriptors reserved for the session itself: ports, pipes of the coprocess and of background commands.
const OWN_DESCRIPTORS: usize = 64;
/// Number of clients that are accepted even with a low limit of descriptors.
const MIN_CLIENTS: usize = 8;
/// Maximum number of clients served in one turn.
const CLIENTS_PER_TURN: usize = 8;
/// Maximum number of requests of one client processed in one turn.
pub(super) const REQUESTS_PER_TURN: usize = 4;
/// Bytes of output buffered for all clients together at which no client is read any more.
const MAX_BUFFERED: usize = 32 * 1024 * 1024;
/// Bytes pending for one client at which its requests wait and its events are dropped; less with many clients.
const MAX_PENDING: usize = 1024 * 1024;
/// Maximum number of bytes in unfinished lines of all clients together.
const MAX_UNREAD: usize = 16 * 1024 * 1024;

/// Bytes written to a client after which freed memory is returned to the system when it disconnects: building a response
/// takes several times its size.
const TRIM_THRESHOLD: usize = 256 * 1024;

/// Time after which a connection is accepted again where the system lacked a descriptor or memory. The listener gives no
/// event for a connection that waits already.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// A request of a client for the core.
#[derive(Debug)]
pub(super) struct ClientRequest {
    pub(super) request_id: RequestId,
    pub(super) request: Request,
    /// Leader of the session of the client's process, as far as is known.
    pub(super) leader: Option<Pid>,
    /// What the client may do.
    pub(super) access: ClientAccess,
}

/// A request that has been passed to the core and not been answered.
#[derive(Debug)]
struct OpenRequest {
    token: usize,
    caller: Caller,
    /// The request stays open after its response, for events.
    subscribes: bool,
    /// Descriptors passed for a lent program. They are closed with the response: a client that reads the other end of a
    /// passed pipe waits for its end of file.
    passed: Vec<OwnedFd>,
}

/// The control clients of a session.
#[derive(Debug)]
pub(super) struct Clients {
    registry: Registry,
    /// `None` where no socket could be bound.
    listener: Option<Listener>,
    /// The name of the session, which is given up on drop.
    _name: Option<ClaimedName>,
    /// The poll has reported connections to accept.
    listener_ready: bool,
    /// When to accept again after accept(2) failed for want of a descriptor or memory.
    accept_again: Option<Instant>,
    /// Clients by token.
    clients: BTreeMap<usize, ConnectedClient>,
    /// Maximum number of clients, by the limit of descriptors.
    max_clients: usize,
    next_token: usize,
    next_request_id: u64,
    /// Token of the client served last.
    last_served: usize,
    /// Open requests.
    open_requests: HashMap<RequestId, OpenRequest>,
    /// Open requests of clients that have disconnected, to be cancelled in the core.
    cancelled: VecDeque<RequestId>,
}

impl Clients {
    pub(super) fn new(registry: Registry, listener: Option<Listener>, name: Option<ClaimedName>) -> Self {
        let listener = listener.filter(|listener| {
            // A listener outside the poll would accept no connection: clients then see a session without a socket.
            registry.register(&mut SourceFd(&listener.as_raw_fd()), Token(LISTENER), Interest::READABLE).is_ok()
        });
        let free = socket::max_descriptors().saturating_sub(OWN_DESCRIPTORS);
        Self {
            registry,
            listener_ready: listener.is_some(),
            accept_again: None,
            listener,
            _name: name,
            clients: BTreeMap::new(),
            max_clients: free.clamp(MIN_CLIENTS, MAX_CLIENTS),
            next_token: LISTENER + 1,
            next_request_id: 0,
            last_served: LISTENER,
            open_requests: HashMap::new(),
            cancelled: VecDeque::new(),
        }
    }

    /// Marks the client or the listener of `event` as ready.
    pub(super) fn mark(&mut self, event: &mio::event::Event) {
        let token = event.token().0;
        if token == LISTENER {
            self.listener_ready = true;
        } else if let Some(client) = self.clients.get_mut(&token) {
            client.mark(event);
        }
    }

    /// Returns whether `read` or `end_turn` would make progress now.
    pub(super) fn has_work(&self, now: Instant) -> bool {
        let share = self.share();
        let mut clients = self.clients.values();
        let accepts = self.listener_ready || self.accept_again.is_some_and(|at| now >= at);
        accepts || !self.cancelled.is_empty() || clients.any(|client| client.has_work(now, share))
    }

    /// Returns when the first blocked write times out, or a connection is accepted again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.clients.values().filter_map(ConnectedClient::write_deadline).chain(self.accept_again).min()
    }

    /// Accepts connections and reads up to `CLIENTS_PER_TURN` clients, round robin. Returns the tokens of those to serve;
    /// `end_turn` completes each.
    pub(super) fn read(&mut self, now: Instant) -> Vec<usize> {
        let again = self.accept_again.take_if(|at| now >= *at).is_some();
        if std::mem::take(&mut self.listener_ready) || again {
            self.accept(now);
        }
        let share = self.share();
        let in_turn = self.clients.range(self.last_served + 1..).chain(self.clients.range(..=self.last_served));
        let busy = in_turn.filter(|(_, client)| client.has_work(now, share));
        let tokens: Vec<usize> = busy.map(|(token, _)| *token).take(CLIENTS_PER_TURN).collect();
        for token in &tokens {
            if let Some(client) = self.clients.get_mut(token) {
                client.read(share);
            }
        }
        self.bound_unread();
        tokens
    }

    /// Returns the next request of the client `token`, if there is one, and records it as open.
    pub(super) fn next_request(&mut self, token: usize) -> Option<ClientRequest> {
        let share = self.share();
        let client = self.clients.get_mut(&token)?;
        let (caller, mut request) = client.rpc.next_request(share)?;
        if let Request::Access(access) = &mut request {
            client.access.limit(access.level, access.ask, &access.name);
            access.level = client.access.level;
        }
        let (leader, mut access) = (client.leader(), client.access.clone());
        access.asks &= !client.is_trusted;
        let passed = if matches!(request, Request::Lend { .. }) { client.take_passed() } else { Vec::new() };
        let request_id = RequestId(self.next_request_id);
        self.next_request_id += 1;
        let subscribes = matches!(request, Request::Subscribe { .. } | Request::Lines { follow: true, .. });
        self.open_requests.insert(request_id, OpenRequest { token, caller, subscribes, passed });
        Some(ClientRequest { request_id, request, leader, access })
    }

    /// Ends the turn of the client `token`: writes its pending output, and closes it if it is finished.
    pub(super) fn end_turn(&mut self, now: Instant, token: usize) {
        self.last_served = token;
        let share = self.share();
        let Some(client) = self.clients.get_mut(&token) else { return };
        client.close_unwanted();
        client.flush(now);
        if client.is_finished(now, share) {
            self.close(token);
        }
    }

    /// Writes pending output to every client without waiting; the last call of a session.
    pub(super) fn flush_all(&mut self, now: Instant) {
        self.clients.values_mut().for_each(|client| client.flush(now));
    }

    /// Returns the next open request whose client has disconnected.
    pub(super) fn next_cancelled(&mut self) -> Option<RequestId> {
        self.cancelled.pop_front()
    }

    /// Queues the response `reply` to the request `request_id`; nothing where its client has disconnected.
    pub(super) fn respond(&mut self, request_id: RequestId, reply: Result<Response, RpcError>) {
        let Some(open) = self.open_requests.get(&request_id) else { return };
        let is_last = !open.subscribes || reply.is_err();
        if let Some(client) = self.clients.get_mut(&open.token) {
            client.rpc.respond(&open.caller, reply);
        }
        if is_last {
            self.open_requests.remove(&request_id);
        }
    }

    /// Takes note that the user is not to be asked any more before requests of the client that has made the request `request_id`: on this
    /// connection and, where its process is known, on all others that the process has while one of them stays open.
    pub(super) fn trust(&mut self, request_id: RequestId) {
        let Some(open) = self.open_requests.get(&request_id) else { return };
        let process = self.clients.get(&open.token).and_then(ConnectedClient::process);
        for (token, client) in &mut self.clients {
            client.is_trusted |= *token == open.token || process.is_some() && client.process() == process;
        }
    }

    /// Queues the error response `error` to every open request.
    pub(super) fn refuse_all(&mut self, error: &RpcError) {
        let open: Vec<RequestId> = self.open_requests.keys().copied().collect();
        open.into_iter().for_each(|request_id| self.respond(request_id, Err(error.clone())));
    }

    /// Queues a notification to the client whose request `request_id` subscribed to events.
    pub(super) fn send_event(&mut self, request_id: RequestId, event: &str) {
        let share = self.fair_share();
        if let Some(open) = self.open_requests.get(&request_id)
            && let Some(client) = self.clients.get_mut(&open.token)
        {
            client.rpc.send_event(event, share);
        }
    }

    /// Removes and returns the descriptors that were passed with the request `request_id`.
    pub(super) fn take_passed(&mut self, request_id: RequestId) -> Vec<OwnedFd> {
        self.open_requests.get_mut(&request_id).map(|open| std::mem::take(&mut open.passed)).unwrap_or_default()
    }

    /// Returns the limit of pending bytes for each client; 0 where the limit of all clients together is reached.
    fn share(&self) -> usize {
        let buffered: usize = self.clients.values().map(|client| client.rpc.buffered_len()).sum();
        if buffered < MAX_BUFFERED { self.fair_share() } else { 0 }
    }

    fn fair_share(&self) -> usize {
        (MAX_BUFFERED / self.clients.len().max(1)).min(MAX_PENDING)
    }

    /// Refuses the longest unfinished lines until those of all clients together are within the limit.
    fn bound_unread(&mut self) {
        while self.clients.values().map(|client| client.rpc.unread_len()).sum::<usize>() > MAX_UNREAD {
            let Some(client) = self.clients.values_mut().max_by_key(|client| client.rpc.unread_len()) else { return };
            client.refuse_line();
        }
    }

    fn accept(&mut self, now: Instant) {
        while let Some(listener) = &self.listener {
            match listener.accept() {
                Accepted::Client(connection) if self.clients.len() < self.max_clients => self.register(connection),
                Accepted::Client(connection) => self.reject(&connection),
                Accepted::Nothing => break,
                Accepted::Failed => {
                    self.accept_again = Some(now + ACCEPT_AGAIN);
                    break;
                }
            }
        }
    }

    /// Rejects a connection beyond the limit with an error response.
    fn reject(&self, connection: &Connection) {
        let max_clients = self.max_clients;
        let sentence = format!("{max_clients} clients are already connected to the session: close one and try again");
        let response = rpc::failure(&Value::Null, ErrorCode::Full as i64, &sentence);
        // The empty socket buffer takes one line; an error means that the client has disconnected already.
        connection.stream().write(format!("{response}\n").as_bytes());
    }

    fn register(&mut self, connection: Connection) {
        let token = self.next_token;
        let interest = Interest::READABLE | Interest::WRITABLE;
        // A connection that cannot be registered (ENOMEM, ENOSPC: epoll_ctl(2)) is closed: it would never be read.
        if self.registry.register(&mut SourceFd(&connection.stream().as_raw_fd()), Token(token), interest).is_ok() {
            self.next_token += 1;
            let mut client = ConnectedClient::new(connection);
            let process = client.process();
            let is_same = |other: &ConnectedClient| other.is_trusted && other.process() == process;
            client.is_trusted = process.is_some() && self.clients.values().any(is_same);
            self.clients.insert(token, client);
        }
    }

    fn close(&mut self, token: usize) {
        if let Some(client) = self.clients.remove(&token) {
            // An error is harmless: the close that follows removes the descriptor from the poll too (epoll(7)).
            let _ = self.registry.deregister(&mut SourceFd(&client.as_raw_fd()));
            if client.written() >= TRIM_THRESHOLD {
                drop(client);
                memory::trim_heap();
            }
        }
        let orphaned: Vec<RequestId> = self
            .open_requests
            .iter()
            .filter(|(_, open)| open.token == token)
            .map(|(request_id, _)| *request_id)
            .collect();
        for request_id in orphaned {
            self.open_requests.remove(&request_id);
            self.cancelled.push_back(request_id);
        }
    }
}
