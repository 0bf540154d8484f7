//! One control client: its connection, read and written as far as it goes, and since when it has taken nothing.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use super::rpc_connection::RpcConnection;
use crate::sys::socket::Connection;
use crate::sys::stream::{ReadResult, WriteResult};

/// What is read of one client in one turn.
const CHUNK: usize = 16 * 1024;
/// A client that takes nothing for this long, with something waiting for it, is let go.
const STUCK: Duration = Duration::from_secs(30);

/// A connection, and what is on the way.
#[derive(Debug)]
pub(super) struct ConnectedClient {
    connection: Connection,
    pub(super) talk: RpcConnection,
    readable: bool,
    writable: bool,
    /// The client has closed its side, or is not heard any more: it is let go when it has its answers.
    closed: bool,
    /// Both sides are closed: it waits for nothing any more, but what it asked for before is done.
    hung_up: bool,
    /// Nothing can be written to it any more.
    gone: bool,
    /// Since when it has taken nothing of what waits.
    stuck: Option<Instant>,
    /// How much it has taken in all.
    taken: usize,
}

impl ConnectedClient {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            talk: RpcConnection::default(),
            readable: true,
            writable: true,
            closed: false,
            hung_up: false,
            gone: false,
            stuck: None,
            taken: 0,
        }
    }

    pub(super) fn mark(&mut self, event: &mio::event::Event) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
        self.hung_up |= event.is_write_closed();
    }

    /// Whether reading it, or writing to it, would get on. `share` is what may wait for it.
    pub(super) fn has_work(&self, now: Instant, share: usize) -> bool {
        let heard = self.talk.is_heard(share);
        let reads = self.readable && !self.closed;
        (heard && (reads || self.talk.has_more()))
            || (self.writable && self.talk.waiting() > 0)
            || self.is_over(now, share)
    }

    /// Whether it has gone, or takes nothing, and nothing is left to be done for it.
    pub(super) fn is_over(&self, now: Instant, share: usize) -> bool {
        let asks = self.talk.has_more();
        let served = !self.talk.is_open() && self.talk.waiting() == 0 && !asks;
        let given_up = self.hung_up && !(asks && self.talk.is_heard(share));
        self.gone || (self.closed && (served || given_up)) || self.stuck_until().is_some_and(|at| now >= at)
    }

    /// When it will have taken nothing for too long.
    pub(super) fn stuck_until(&self) -> Option<Instant> {
        self.stuck.map(|since| since + STUCK)
    }

    pub(super) fn take_passed(&mut self) -> Vec<OwnedFd> {
        self.connection.take_passed()
    }

    /// How much it has taken in all.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// Reads it once, unless there is something to be read before.
    pub(super) fn read(&mut self, share: usize) {
        if !self.readable || self.closed || self.talk.has_more() || !self.talk.is_heard(share) {
            return;
        }
        let mut buffer = [0; CHUNK];
        match self.connection.read(&mut buffer) {
            ReadResult::Bytes(n) => self.closed = !self.talk.say(&buffer[..n]),
            ReadResult::Nothing => self.readable = false,
            // It may still wait for answers, as `printf ... | nc -U` does.
            ReadResult::End => self.closed = true,
        }
    }

    /// The line that it has begun is too much: it is told, and not heard any more.
    pub(super) fn refuse_line(&mut self) {
        self.talk.refuse_line();
        self.closed = true;
    }

    /// Writes what it takes.
    pub(super) fn flush(&mut self, now: Instant) {
        while self.writable && self.talk.waiting() > 0 {
            match self.connection.end().write(self.talk.pending()) {
                WriteResult::Bytes(n) => {
                    self.talk.took(n);
                    self.taken += n;
                    self.stuck = None;
                }
                WriteResult::Full => {
                    self.writable = false;
                    self.stuck.get_or_insert(now);
                }
                WriteResult::Gone(_) => {
                    self.gone = true;
                    return;
                }
            }
        }
    }
}

impl AsRawFd for ConnectedClient {
    fn as_raw_fd(&self) -> RawFd {
        self.connection.end().as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    use serde_json::json;

    use super::*;

    const SHARE: usize = 1024 * 1024;

    fn pair() -> (ConnectedClient, UnixStream) {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        (ConnectedClient::new(Connection::new(ours).expect("it can be owned")), theirs)
    }

    /// More than a socket holds.
    fn overfill(client: &mut ConnectedClient, now: Instant) {
        let event = json!({"text": "x".repeat(64 * 1024)}).to_string();
        for _ in 0..12 {
            client.talk.tell(&event, SHARE);
            client.flush(now);
        }
        assert!(client.talk.waiting() > 0, "the socket has taken it all");
    }

    #[test]
    fn one_that_takes_nothing_is_let_go_after_a_while_and_one_that_takes_a_little_is_not() {
        let (mut client, mut peer) = pair();
        let now = Instant::now();
        overfill(&mut client, now);
        assert!(!client.is_over(now + STUCK / 2, SHARE) && client.is_over(now + STUCK, SHARE));
        peer.read_exact(&mut [0; 200_000]).expect("it was sent");
        client.writable = true;
        client.flush(now + STUCK / 2);
        assert!(!client.is_over(now + STUCK, SHARE));
        assert!(client.talk.waiting() == 0 || client.is_over(now + STUCK / 2 + STUCK, SHARE));
    }

    #[test]
    fn one_that_has_closed_its_side_is_still_answered() {
        let (mut client, mut peer) = pair();
        let now = Instant::now();
        peer.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait\"}\n").expect("it is there");
        peer.shutdown(std::net::Shutdown::Write).expect("it is there");
        client.read(SHARE);
        let (caller, _) = client.talk.next(SHARE).expect("a request");
        client.read(SHARE);
        assert!(client.closed && !client.is_over(now, SHARE));
        client.talk.answer(&caller, Ok(json!({})));
        client.flush(now);
        assert!(client.is_over(now, SHARE));
        drop(client);
        let mut answer = String::new();
        peer.read_to_string(&mut answer).expect("it is text");
        assert_eq!(answer, "{\"id\":1,\"jsonrpc\":\"2.0\",\"result\":{}}\n");
    }

    #[test]
    fn a_line_without_an_end_is_refused_and_not_kept() {
        let (mut client, mut peer) = pair();
        let mut sent = 0;
        peer.set_nonblocking(true).expect("it can be");
        while !client.closed {
            sent += peer.write(&[b'x'; 8192]).unwrap_or(0);
            client.readable = true;
            client.read(SHARE);
            assert!(sent < 2 * crate::wire::rpc::LINE_LIMIT, "it is read on and on");
        }
        assert_eq!(client.talk.unread(), 0);
        assert!(String::from_utf8_lossy(client.talk.pending()).contains("-32600"));
    }
}
