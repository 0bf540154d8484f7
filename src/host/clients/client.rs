//! One control client: non-blocking reads and writes of its connection, and the timeout of blocked writes.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::rpc_connection::RpcConnection;
use crate::core::access::ClientAccess;
use crate::sys::socket::Connection;
use crate::sys::stream::{ReadResult, WriteResult};

/// Maximum number of bytes read from one client in one turn.
const CHUNK: usize = 16 * 1024;
/// Time after which a client that reads none of the data pending for it is disconnected.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection with its protocol state.
#[derive(Debug)]
pub(super) struct ConnectedClient {
    connection: Connection,
    pub(super) rpc: RpcConnection,
    /// What the client has asked to be allowed.
    pub(super) access: ClientAccess,
    /// Whether the user has allowed all that the client does, so that no question is asked.
    pub(super) is_trusted: bool,
    readable: bool,
    writable: bool,
    /// No more input is read: the client has shut down its side, or sent a line that is too long. The connection closes
    /// when all responses are written.
    input_closed: bool,
    /// The client has closed the connection: no response is awaited, but requests that were sent before are performed.
    hung_up: bool,
    /// A write failed: nothing can be written any more.
    broken: bool,
    /// Time since which pending data could not be written.
    blocked_since: Option<Instant>,
    /// Total bytes written.
    written: usize,
}

impl ConnectedClient {
    /// Returns the leader of the session of the client's process, as far as is known.
    pub(super) fn leader(&self) -> Option<Pid> {
        self.connection.leader()
    }

    /// Returns the client's process, as far as is known.
    pub(super) fn process(&self) -> Option<Pid> {
        self.connection.process()
    }

    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            rpc: RpcConnection::default(),
            access: ClientAccess::default(),
            is_trusted: false,
            readable: true,
            writable: true,
            input_closed: false,
            hung_up: false,
            broken: false,
            blocked_since: None,
            written: 0,
        }
    }

    pub(super) fn mark(&mut self, event: &mio::event::Event) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
        self.hung_up |= event.is_write_closed();
    }

    /// Returns whether the client can be read, written, served or closed now; `share` is the limit of its pending bytes.
    pub(super) fn has_work(&self, now: Instant, share: usize) -> bool {
        let accepts = self.rpc.accepts_requests(share);
        let reads = self.readable && !self.input_closed;
        (accepts && (reads || self.rpc.has_input()))
            || (self.writable && self.rpc.pending_len() > 0)
            || self.is_finished(now, share)
    }

    /// Returns whether the connection is to be closed: broken, blocked for too long, or at its end with nothing left to do.
    pub(super) fn is_finished(&self, now: Instant, share: usize) -> bool {
        let has_input = self.rpc.has_input();
        let served = !self.rpc.has_unanswered() && self.rpc.pending_len() == 0 && !has_input;
        let abandoned = self.hung_up && !(has_input && self.rpc.accepts_requests(share));
        self.broken || (self.input_closed && (served || abandoned)) || self.write_deadline().is_some_and(|at| now >= at)
    }

    /// Returns when a blocked write times out.
    pub(super) fn write_deadline(&self) -> Option<Instant> {
        self.blocked_since.map(|since| since + WRITE_TIMEOUT)
    }

    pub(super) fn take_passed(&mut self) -> Vec<OwnedFd> {
        self.connection.take_passed()
    }

    /// Closes the descriptors that were passed with a request that takes none.
    pub(super) fn close_unwanted(&mut self) {
        // Unprocessed input may hold the request that they belong to.
        if self.rpc.unread_len() == 0 && !self.rpc.has_input() {
            drop(self.take_passed());
        }
    }

    /// Returns the total bytes written.
    pub(super) fn written(&self) -> usize {
        self.written
    }

    /// Reads once, unless input that was read before is still to be processed, or the client must wait.
    pub(super) fn read(&mut self, share: usize) {
        if !self.readable || self.input_closed || self.rpc.has_input() || !self.rpc.accepts_requests(share) {
            return;
        }
        let mut buffer = [0; CHUNK];
        match self.connection.read(&mut buffer) {
            ReadResult::Bytes(n) => self.input_closed = !self.rpc.feed(&buffer[..n]),
            ReadResult::Nothing => self.readable = false,
            // Only this direction may be shut down: `printf ... | nc -U` still waits for responses.
            ReadResult::End => self.input_closed = true,
        }
    }

    /// Drops the unfinished line with an error response, and reads no more input.
    pub(super) fn refuse_line(&mut self) {
        self.rpc.refuse_line();
        self.input_closed = true;
    }

    /// Writes pending data until the socket is full.
    pub(super) fn flush(&mut self, now: Instant) {
        while self.writable && self.rpc.pending_len() > 0 {
            match self.connection.stream().write(self.rpc.pending()) {
                WriteResult::Bytes(n) => {
                    self.rpc.consume(n);
                    self.written += n;
                    self.blocked_since = None;
                }
                WriteResult::Full => {
                    self.writable = false;
                    self.blocked_since.get_or_insert(now);
                }
                WriteResult::Gone(_) => {
                    self.broken = true;
                    return;
                }
            }
        }
    }
}

impl AsRawFd for ConnectedClient {
    fn as_raw_fd(&self) -> RawFd {
        self.connection.stream().as_raw_fd()
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
        let (ours, theirs) = UnixStream::pair().expect("a socket pair is created");
        (ConnectedClient::new(Connection::new(ours).expect("fcntl succeeds")), theirs)
    }

    /// Queues more data than a socket buffer holds.
    fn overfill(client: &mut ConnectedClient, now: Instant) {
        let event = json!({"text": "x".repeat(64 * 1024)}).to_string();
        for _ in 0..12 {
            client.rpc.send_event(&event, SHARE);
            client.flush(now);
        }
        assert!(client.rpc.pending_len() > 0, "the socket buffer holds less than this");
    }

    #[test]
    fn client_that_reads_nothing_is_dropped_after_timeout() {
        let (mut client, mut peer) = pair();
        let now = Instant::now();
        overfill(&mut client, now);
        assert!(!client.is_finished(now + WRITE_TIMEOUT / 2, SHARE) && client.is_finished(now + WRITE_TIMEOUT, SHARE));
        peer.read_exact(&mut [0; 200_000]).expect("data was sent");
        client.writable = true;
        client.flush(now + WRITE_TIMEOUT / 2);
        assert!(!client.is_finished(now + WRITE_TIMEOUT, SHARE));
        assert!(client.rpc.pending_len() == 0 || client.is_finished(now + WRITE_TIMEOUT / 2 + WRITE_TIMEOUT, SHARE));
    }

    #[test]
    fn client_that_shut_down_writing_is_still_answered() {
        let (mut client, mut peer) = pair();
        let now = Instant::now();
        peer.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait\"}\n").expect("the peer is open");
        peer.shutdown(std::net::Shutdown::Write).expect("the peer is open");
        client.read(SHARE);
        let (caller, _) = client.rpc.next_request(SHARE).expect("a request was read");
        client.read(SHARE);
        assert!(client.input_closed && !client.is_finished(now, SHARE));
        client.rpc.respond(&caller, Ok(json!({})));
        client.flush(now);
        assert!(client.is_finished(now, SHARE));
        drop(client);
        let mut respond = String::new();
        peer.read_to_string(&mut respond).expect("the response is UTF-8");
        assert_eq!(respond, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n");
    }

    #[test]
    fn endless_line_is_refused_and_dropped() {
        let (mut client, mut peer) = pair();
        let mut sent = 0;
        peer.set_nonblocking(true).expect("fcntl succeeds");
        while !client.input_closed {
            // WouldBlock: the socket buffer is full until the client reads.
            sent += peer.write(&[b'x'; 8192]).unwrap_or(0);
            client.readable = true;
            client.read(SHARE);
            assert!(sent < 2 * crate::wire::rpc::LINE_LIMIT, "the line is bounded");
        }
        assert_eq!(client.rpc.unread_len(), 0);
        assert!(String::from_utf8_lossy(client.rpc.pending()).contains("-32600"));
    }
}
