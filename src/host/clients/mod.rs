//! The control clients: their connections, and which answer belongs to whom. What is asked is for the core.
//!
//! They are served behind everything else, each a little in every turn. A client that does not take what it has asked for
//! is not read any further, and is let go after a while; what all of them together have waiting is bounded.

mod client;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use serde_json::Value;

use crate::core::command::Command;
use crate::core::control::Refusal;
use crate::sys::socket::{Connection, Listener};
use crate::words::Ticket;
use client::{Caller, Client};

/// The token of the listener, far behind those of the ports; the clients have those from the next on.
const LISTENER: usize = 1000;
/// More clients than any set of tools has; further ones are turned away.
const MOST: usize = 512;
/// What all clients together may have waiting before none is read.
const WAITING: usize = 32 * 1024 * 1024;
/// A client that takes nothing for this long, with something waiting for it, is let go.
const STUCK: Duration = Duration::from_secs(30);

/// A request, on its way to the core.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) ticket: Ticket,
    pub(super) command: Command,
}

/// Who waits for an answer.
#[derive(Clone, Debug)]
struct Waiting {
    token: usize,
    caller: Caller,
    /// The answer is the first of what comes.
    subscribes: bool,
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
    all: BTreeMap<usize, Client>,
    next_token: usize,
    next_ticket: u64,
    /// Who waits for which answer.
    callers: HashMap<Ticket, Waiting>,
    /// Those that have gone with answers open.
    withdrawn: VecDeque<Ticket>,
}

impl Clients {
    pub(super) fn new(registry: Registry, listener: Option<Listener>) -> Self {
        let listener = listener.filter(|listener| {
            // Without it in the poll nobody would ever be let in.
            registry.register(&mut SourceFd(&listener.as_raw_fd()), Token(LISTENER), Interest::READABLE).is_ok()
        });
        Self {
            registry,
            called: listener.is_some(),
            listener,
            all: BTreeMap::new(),
            next_token: LISTENER + 1,
            next_ticket: 0,
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
    pub(super) fn has_work(&self) -> bool {
        let may_read = self.may_read();
        self.called || !self.withdrawn.is_empty() || self.all.values().any(|client| client.has_work(may_read))
    }

    /// When a client that takes nothing is let go.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.all.values().filter_map(Client::stuck_since).min().map(|since| since + STUCK)
    }

    /// Serves everybody a little; what is asked.
    pub(super) fn serve(&mut self, now: Instant) -> Vec<Asked> {
        if std::mem::take(&mut self.called) {
            self.accept();
        }
        let mut asked = Vec::new();
        let may_read = self.may_read();
        let tokens: Vec<usize> = self.all.keys().copied().collect();
        for token in tokens {
            let Some(client) = self.all.get_mut(&token) else { continue };
            if may_read {
                client.read();
            }
            for (caller, command) in client.requests() {
                let ticket = Ticket(self.next_ticket);
                self.next_ticket += 1;
                let subscribes = matches!(command, Command::Subscribe { .. });
                self.callers.insert(ticket, Waiting { token, caller, subscribes });
                asked.push(Asked { ticket, command });
            }
            client.flush(now);
            if client.is_over() || client.stuck_since().is_some_and(|since| now >= since + STUCK) {
                self.let_go(token);
            }
        }
        asked
    }

    /// The next answer that nobody waits for any more.
    pub(super) fn next_withdrawn(&mut self) -> Option<Ticket> {
        self.withdrawn.pop_front()
    }

    /// This is the answer to what was asked with this ticket.
    pub(super) fn answer(&mut self, now: Instant, ticket: Ticket, reply: Result<Value, Refusal>) {
        let Some(waiting) = self.callers.get(&ticket).cloned() else { return };
        if !waiting.subscribes || reply.is_err() {
            self.callers.remove(&ticket);
        }
        if let Some(client) = self.all.get_mut(&waiting.token) {
            client.answer(&waiting.caller, reply);
            client.flush(now);
        }
    }

    /// This has happened; who asked with this ticket wants to be told.
    pub(super) fn tell(&mut self, now: Instant, ticket: Ticket, event: &Value) {
        if let Some(waiting) = self.callers.get(&ticket)
            && let Some(client) = self.all.get_mut(&waiting.token)
        {
            client.tell(event);
            client.flush(now);
        }
    }

    fn may_read(&self) -> bool {
        self.all.values().map(Client::waiting).sum::<usize>() < WAITING
    }

    fn accept(&mut self) {
        while let Some(connection) = self.listener.as_ref().and_then(Listener::accept) {
            if self.all.len() < MOST {
                self.welcome(connection);
            }
        }
    }

    fn welcome(&mut self, connection: Connection) {
        let token = self.next_token;
        let interest = Interest::READABLE | Interest::WRITABLE;
        // One that cannot be registered is turned away: nothing of it would ever be heard.
        if self.registry.register(&mut SourceFd(&connection.end().as_raw_fd()), Token(token), interest).is_ok() {
            self.next_token += 1;
            self.all.insert(token, Client::new(connection));
        }
    }

    fn let_go(&mut self, token: usize) {
        if let Some(client) = self.all.remove(&token) {
            // It is closed next, which takes it out of the poll too.
            let _ = self.registry.deregister(&mut SourceFd(&client.as_raw_fd()));
        }
        let gone: Vec<Ticket> =
            self.callers.iter().filter(|(_, waiting)| waiting.token == token).map(|(ticket, _)| *ticket).collect();
        for ticket in gone {
            self.callers.remove(&ticket);
            self.withdrawn.push_back(ticket);
        }
    }
}
