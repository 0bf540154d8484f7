//! The queue to the pty: the keyboard's bytes and the chunks of other writers, merged so that neither splits a paste or
//! an escape sequence of the other.

use std::collections::VecDeque;
use std::time::Instant;

use crate::core::vt::InputParser;
use crate::core::write_buffer::WriteBuffer;

/// Maximum number of waiting keyboard bytes. Then the keyboard is not read.
const KEYS_LIMIT: usize = 64 * 1024;
/// Maximum number of waiting bytes of the coprocess. Then its stdout is not read, and it blocks.
pub(in crate::core) const CHUNKS_LIMIT: usize = 16 * 1024;
/// Maximum number of further waiting bytes, for the action `send` and for clients.
const SENT_LIMIT: usize = 64 * 1024;
/// Maximum number of waiting bytes when the action `send` or a client adds some.
pub(in crate::core) const SEND_LIMIT: usize = CHUNKS_LIMIT + SENT_LIMIT;

/// Writer whose bytes are written now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    /// The keyboard, or none.
    Keys,
    /// A chunk of which this number of bytes is left, and the trigger for which it is typed.
    Chunk(usize, Option<usize>),
}

/// The queue in front of the pty master.
#[derive(Debug)]
pub(in crate::core) struct PtyInput {
    keys: WriteBuffer,
    chunk_bytes: WriteBuffer,
    /// Lengths of the chunks in `chunk_bytes`, without the one that `writer` has begun, and the triggers for which they
    /// are typed.
    chunks: VecDeque<(usize, Option<usize>)>,
    writer: Writer,
    /// Whether the chunk that is being written is a secret.
    secret: bool,
    input: InputParser,
    /// Time of the last keyboard bytes.
    last_key: Option<Instant>,
    /// Number of keyboard bytes queued since the session's start.
    typed: u64,
    /// Time of the last write to the pty.
    wrote_at: Option<Instant>,
}

impl PtyInput {
    /// Creates an empty queue.
    pub(in crate::core) fn new() -> Self {
        Self {
            keys: WriteBuffer::new(KEYS_LIMIT),
            chunk_bytes: WriteBuffer::new(CHUNKS_LIMIT),
            chunks: VecDeque::new(),
            writer: Writer::Keys,
            secret: false,
            input: InputParser::new(),
            last_key: None,
            typed: 0,
            wrote_at: None,
        }
    }

    /// Returns the number of keyboard bytes queued since the session's start.
    pub(in crate::core) fn typed(&self) -> u64 {
        self.typed
    }

    /// Returns the waiting keyboard bytes, behind the rest of a chunk that was written in part.
    pub(in crate::core) fn unfinished(&self) -> Vec<u8> {
        let chunk = match self.writer {
            Writer::Keys => &[],
            Writer::Chunk(left, _) => &self.chunk_bytes.pending()[..left],
        };
        [chunk, self.keys.pending()].concat()
    }

    /// Queues bytes of the keyboard.
    pub(in crate::core) fn key(&mut self, now: Instant, bytes: &[u8]) {
        self.input.feed(bytes);
        self.last_key = Some(now);
        self.keys.push(bytes);
        self.typed += bytes.len() as u64;
        self.settle(now);
    }

    /// Queues a chunk, which is written in one piece, for the trigger `for_trigger` if it is due to one.
    pub(in crate::core) fn chunk(&mut self, now: Instant, bytes: &[u8], for_trigger: Option<usize>) {
        if !bytes.is_empty() {
            self.chunk_bytes.push(bytes);
            self.chunks.push_back((bytes.len(), for_trigger));
            self.settle(now);
        }
    }

    /// Queues a chunk of an action or a client. Returns false where too much waits already.
    pub(in crate::core) fn send(&mut self, now: Instant, bytes: &[u8], for_trigger: Option<usize>) -> bool {
        let fits = self.chunk_bytes.len() + bytes.len() <= SEND_LIMIT;
        if fits {
            self.chunk(now, bytes, for_trigger);
        }
        fits
    }

    /// Returns when the pty took the last of what was queued, `start` where nothing was; `None` while something waits.
    pub(in crate::core) fn taken_at(&self, start: Instant) -> Option<Instant> {
        Some(self.wrote_at.unwrap_or(start)).filter(|_| self.is_empty())
    }

    /// Returns the number of waiting bytes of chunks.
    pub(in crate::core) fn chunks_len(&self) -> usize {
        self.chunk_bytes.len()
    }

    /// Returns when the queue will be free although no input comes: when an unfinished key is given up.
    pub(in crate::core) fn free_at(&self, now: Instant) -> Option<Instant> {
        let waits = self.is_empty() && !self.is_between_keys(now);
        self.last_key.filter(|_| waits).map(|at| at + self.input.timeout())
    }

    /// Whether no keyboard bytes wait, and the keyboard is between two keys.
    pub(in crate::core) fn has_no_keys(&self, now: Instant) -> bool {
        self.keys.is_empty() && self.is_between_keys(now)
    }

    /// Whether a chunk would be written at once.
    pub(in crate::core) fn is_free(&self, now: Instant) -> bool {
        self.is_empty() && self.writer == Writer::Keys && self.is_between_keys(now)
    }

    /// Queues a secret while the queue is free. Returns false where it is too long.
    pub(in crate::core) fn secret(&mut self, now: Instant, bytes: &[u8]) -> bool {
        let taken = self.send(now, bytes, None);
        self.secret = taken && self.writer != Writer::Keys;
        taken
    }

    /// Whether the pending bytes are a secret.
    pub(in crate::core) fn is_secret(&self) -> bool {
        self.secret
    }

    /// Returns the bytes to write to the pty.
    pub(in crate::core) fn pending(&self) -> &[u8] {
        match self.writer {
            Writer::Chunk(rest, _) => &self.chunk_bytes.pending()[..rest],
            Writer::Keys => self.keys.pending(),
        }
    }

    /// Removes the first `n` pending bytes, which were written. Returns the trigger for which they were typed, if any.
    pub(in crate::core) fn wrote(&mut self, now: Instant, n: usize) -> Option<usize> {
        self.wrote_at = Some(now);
        let mut typed_for = None;
        match &mut self.writer {
            Writer::Chunk(rest, for_trigger) => {
                typed_for = *for_trigger;
                *rest -= n;
                self.chunk_bytes.wrote(n);
                if *rest == 0 {
                    self.writer = Writer::Keys;
                    self.secret = false;
                }
            }
            Writer::Keys => self.keys.wrote(n),
        }
        self.settle(now);
        typed_for
    }

    /// Begins the next chunk, if no keyboard bytes wait and the keyboard is between two keys.
    pub(in crate::core) fn settle(&mut self, now: Instant) {
        let free = self.writer == Writer::Keys && self.keys.is_empty();
        if free
            && !self.chunks.is_empty()
            && self.is_between_keys(now)
            && let Some((n, for_trigger)) = self.chunks.pop_front()
        {
            self.writer = Writer::Chunk(n, for_trigger);
        }
    }

    /// Returns when `settle` has something to do although no input came.
    pub(in crate::core) fn deadline(&self) -> Option<Instant> {
        if self.chunks.is_empty()
            || !self.keys.is_empty()
            || self.writer != Writer::Keys
            || self.input.in_ground_state()
        {
            return None;
        }
        self.last_key.map(|at| at + self.input.timeout())
    }

    /// Returns the number of keyboard bytes that fit.
    pub(in crate::core) fn room_for_keys(&self) -> usize {
        self.keys.room()
    }

    /// Returns the number of bytes of the coprocess that fit.
    pub(in crate::core) fn room_for_chunks(&self) -> usize {
        self.chunk_bytes.room()
    }

    /// Whether no bytes wait.
    pub(in crate::core) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.chunk_bytes.is_empty()
    }

    /// Drops all chunks, and the rest of the one that is being written. Returns whether there were any.
    pub(in crate::core) fn forget_chunks(&mut self) -> bool {
        let were_any = !self.chunk_bytes.is_empty();
        self.chunk_bytes.clear();
        self.chunks.clear();
        self.writer = Writer::Keys;
        self.secret = false;
        were_any
    }

    /// Drops the waiting keyboard bytes up to the signal character `byte`, whose signal was sent, as the line discipline
    /// does without NOFLSH (termios(3)).
    pub(in crate::core) fn interrupt(&mut self, now: Instant, byte: u8) {
        if let Some(at) = memchr::memrchr(byte, self.keys.pending()) {
            self.keys.wrote(at + 1);
        }
        self.settle(now);
    }

    /// Drops everything, because the shell has exited.
    pub(in crate::core) fn clear(&mut self) {
        self.keys.clear();
        self.forget_chunks();
    }

    fn is_between_keys(&self, now: Instant) -> bool {
        self.input.in_ground_state() || self.last_key.is_none_or(|at| now >= at + self.input.timeout())
    }
}

/// Returns text with each newline as the Enter key sends it.
pub(in crate::core) fn with_enter_keys(text: &str) -> String {
    text.replace("\r\n", "\r").replace('\n', "\r")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes everything that can be written now. Returns the pieces.
    fn drain(pty_input: &mut PtyInput, now: Instant) -> Vec<String> {
        let mut pieces = Vec::new();
        while !pty_input.pending().is_empty() {
            let piece = pty_input.pending().to_vec();
            pty_input.wrote(now, piece.len());
            pieces.push(String::from_utf8_lossy(&piece).replace('\x1b', "^["));
        }
        pieces
    }

    #[test]
    fn chunk_waits_for_end_of_paste() {
        let (now, mut pty_input) = (Instant::now(), PtyInput::new());
        pty_input.key(now, b"\x1b[200~one");
        pty_input.chunk(now, b"Yes\n", None);
        assert_eq!(drain(&mut pty_input, now), ["^[[200~one"]);
        pty_input.key(now, b" two\x1b[201~");
        assert_eq!(drain(&mut pty_input, now), [" two^[[201~", "Yes\n"]);
    }

    #[test]
    fn chunk_waits_for_end_of_key() {
        let (now, mut pty_input) = (Instant::now(), PtyInput::new());
        pty_input.key(now, b"\x1b[1;");
        pty_input.chunk(now, b"Yes\n", None);
        assert_eq!(drain(&mut pty_input, now), ["^[[1;"]);
        pty_input.key(now, b"5A");
        assert_eq!(drain(&mut pty_input, now), ["5A", "Yes\n"]);
    }

    #[test]
    fn escape_key_delays_chunk_by_25_ms() {
        let (now, mut pty_input) = (Instant::now(), PtyInput::new());
        pty_input.key(now, b"\x1b");
        pty_input.chunk(now, b"Yes\n", None);
        assert_eq!(drain(&mut pty_input, now), ["^["]);
        let later = pty_input.deadline().expect("the chunk waits");
        assert_eq!(later, now + std::time::Duration::from_millis(25));
        pty_input.settle(later);
        assert_eq!(drain(&mut pty_input, later), ["Yes\n"]);
    }

    #[test]
    fn secret_is_marked_until_written() {
        let (now, mut pty_input) = (Instant::now(), PtyInput::new());
        pty_input.key(now, b"\x1b[200~one");
        assert!(!pty_input.is_free(now));
        pty_input.wrote(now, 9);
        assert!(!pty_input.is_free(now), "a paste is open");
        pty_input.key(now, b"\x1b[201~");
        pty_input.wrote(now, 6);
        assert!(pty_input.is_free(now) && pty_input.secret(now, b"abc"));
        pty_input.key(now, b"K");
        pty_input.wrote(now, 2);
        assert!(pty_input.is_secret());
        pty_input.wrote(now, 1);
        assert!(!pty_input.is_secret());
        assert_eq!(drain(&mut pty_input, now), ["K"]);
    }

    #[test]
    fn key_waits_for_end_of_chunk() {
        let (now, mut pty_input) = (Instant::now(), PtyInput::new());
        pty_input.chunk(now, b"abcdef", None);
        pty_input.chunk(now, b"ghi", None);
        pty_input.wrote(now, 2);
        pty_input.key(now, b"K");
        assert_eq!(drain(&mut pty_input, now), ["cdef", "K", "ghi"]);
    }

    #[test]
    fn chunks_do_not_use_up_space_for_keys() {
        let (now, mut pty_input) = (Instant::now(), PtyInput::new());
        pty_input.chunk(now, &[b'x'; CHUNKS_LIMIT], None);
        assert_eq!(pty_input.room_for_chunks(), 0);
        assert_eq!(pty_input.room_for_keys(), KEYS_LIMIT);
        assert!(pty_input.send(now, &[b'x'; SENT_LIMIT], None) && !pty_input.send(now, b"x", None));
    }
}
