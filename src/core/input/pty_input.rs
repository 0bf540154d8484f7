//! What is typed into the shell: the keyboard's bytes and other writers' chunks, merged so that neither is
//! put inside the other's paste or escape sequence. It knows no terminal and no coprocess.

use std::collections::VecDeque;
use std::time::Instant;

use crate::core::vt::InputParser;
use crate::core::write_buffer::WriteBuffer;

/// Keyboard bytes that may wait before the keyboard is no longer read.
const KEYS_LIMIT: usize = 64 * 1024;
/// The coprocess's share (SPEC 3): beyond it, it is not read and blocks.
pub(in crate::core) const THEIRS_LIMIT: usize = 16 * 1024;
/// What the action `send` may have waiting besides.
const SENT_LIMIT: usize = 64 * 1024;

/// Whose bytes the writer is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    /// The keyboard's, or nobody's.
    Keys,
    /// The rest of one chunk, this long.
    Chunk(usize),
}

/// The queue in front of the pty master.
#[derive(Debug)]
pub(in crate::core) struct PtyInput {
    keys: WriteBuffer,
    theirs: WriteBuffer,
    /// The lengths of the chunks in `theirs`: they add up to `theirs.len()`, less what `turn` has begun.
    chunks: VecDeque<usize>,
    turn: Writer,
    /// The chunk whose turn it is is a secret.
    secret: bool,
    input: InputParser,
    /// When the keyboard last sent anything.
    last_key: Option<Instant>,
}

impl PtyInput {
    /// An empty queue.
    pub(in crate::core) fn new() -> Self {
        Self {
            keys: WriteBuffer::new(KEYS_LIMIT),
            theirs: WriteBuffer::new(THEIRS_LIMIT),
            chunks: VecDeque::new(),
            turn: Writer::Keys,
            secret: false,
            input: InputParser::new(),
            last_key: None,
        }
    }

    /// Bytes from the keyboard.
    pub(in crate::core) fn key(&mut self, now: Instant, bytes: &[u8]) {
        self.input.feed(bytes);
        self.last_key = Some(now);
        self.keys.push(bytes);
        self.settle(now);
    }

    /// One chunk from the coprocess: it goes out in one piece.
    pub(in crate::core) fn chunk(&mut self, now: Instant, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.theirs.push(bytes);
            self.chunks.push_back(bytes.len());
            self.settle(now);
        }
    }

    /// A chunk that an action types; false where too much waits already.
    pub(in crate::core) fn send(&mut self, now: Instant, bytes: &[u8]) -> bool {
        let fits = self.theirs.len() + bytes.len() <= THEIRS_LIMIT + SENT_LIMIT;
        if fits {
            self.chunk(now, bytes);
        }
        fits
    }

    /// Whether nothing is being typed, so that a chunk would be typed at once.
    pub(in crate::core) fn is_free(&self, now: Instant) -> bool {
        self.is_empty() && self.turn == Writer::Keys && self.rests(now)
    }

    /// A chunk that nobody may see, while nothing else is being typed; false where it is too much.
    pub(in crate::core) fn secret(&mut self, now: Instant, bytes: &[u8]) -> bool {
        let taken = self.send(now, bytes);
        self.secret = taken && self.turn != Writer::Keys;
        taken
    }

    /// Whether what is pending is a secret.
    pub(in crate::core) fn is_secret(&self) -> bool {
        self.secret
    }

    /// What the pty should be given next.
    pub(in crate::core) fn pending(&self) -> &[u8] {
        match self.turn {
            Writer::Chunk(rest) => &self.theirs.pending()[..rest],
            Writer::Keys => self.keys.pending(),
        }
    }

    /// The pty took the first `n` bytes of `pending`.
    pub(in crate::core) fn wrote(&mut self, now: Instant, n: usize) {
        match &mut self.turn {
            Writer::Chunk(rest) => {
                *rest -= n;
                self.theirs.wrote(n);
                if *rest == 0 {
                    self.turn = Writer::Keys;
                    self.secret = false;
                }
            }
            Writer::Keys => self.keys.wrote(n),
        }
        self.settle(now);
    }

    /// Begins the next chunk where the keyboard has nothing to say and is not in the middle of something.
    pub(in crate::core) fn settle(&mut self, now: Instant) {
        let free = self.turn == Writer::Keys && self.keys.is_empty();
        if free
            && !self.chunks.is_empty()
            && self.rests(now)
            && let Some(n) = self.chunks.pop_front()
        {
            self.turn = Writer::Chunk(n);
        }
    }

    /// When `settle` should be called again although nothing came.
    pub(in crate::core) fn deadline(&self) -> Option<Instant> {
        if self.chunks.is_empty() || !self.keys.is_empty() || self.turn != Writer::Keys || self.input.in_ground_state()
        {
            return None;
        }
        self.last_key.map(|at| at + self.input.timeout())
    }

    /// How many keyboard bytes may come.
    pub(in crate::core) fn room_for_keys(&self) -> usize {
        self.keys.room()
    }

    /// How many bytes of the coprocess may come.
    pub(in crate::core) fn room_for_chunks(&self) -> usize {
        self.theirs.room()
    }

    /// Whether nothing waits at all.
    pub(in crate::core) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.theirs.is_empty()
    }

    /// Forgets the chunks that have not been begun, and the rest of the one that has.
    pub(in crate::core) fn forget_chunks(&mut self) {
        self.theirs.clear();
        self.chunks.clear();
        self.turn = Writer::Keys;
        self.secret = false;
    }

    /// A waiting byte has become a signal: as the line discipline does (termios(3), NOFLSH), what was typed
    /// before it is dropped with it.
    pub(in crate::core) fn interrupt(&mut self, now: Instant, byte: u8) {
        if let Some(at) = memchr::memrchr(byte, self.keys.pending()) {
            self.keys.wrote(at + 1);
        }
        self.settle(now);
    }

    /// Forgets all of it: nobody is left to type to.
    pub(in crate::core) fn clear(&mut self) {
        self.keys.clear();
        self.forget_chunks();
    }

    fn rests(&self, now: Instant) -> bool {
        self.input.in_ground_state() || self.last_key.is_none_or(|at| now >= at + self.input.timeout())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that goes out now, in the pieces in which it goes.
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
    fn a_chunk_waits_for_the_end_of_a_paste() {
        let (now, mut pty_input) = (Instant::now(), PtyInput::new());
        pty_input.key(now, b"\x1b[200~one");
        pty_input.chunk(now, b"Yes\n");
        assert_eq!(drain(&mut pty_input, now), ["^[[200~one"]);
        pty_input.key(now, b" two\x1b[201~");
        assert_eq!(drain(&mut pty_input, now), [" two^[[201~", "Yes\n"]);
    }

    #[test]
    fn a_chunk_waits_for_the_end_of_a_key() {
        let (now, mut pty_input) = (Instant::now(), PtyInput::new());
        pty_input.key(now, b"\x1b[1;");
        pty_input.chunk(now, b"Yes\n");
        assert_eq!(drain(&mut pty_input, now), ["^[[1;"]);
        pty_input.key(now, b"5A");
        assert_eq!(drain(&mut pty_input, now), ["5A", "Yes\n"]);
    }

    #[test]
    fn the_escape_key_holds_a_chunk_up_for_25_ms_only() {
        let (now, mut pty_input) = (Instant::now(), PtyInput::new());
        pty_input.key(now, b"\x1b");
        pty_input.chunk(now, b"Yes\n");
        assert_eq!(drain(&mut pty_input, now), ["^["]);
        let later = pty_input.deadline().expect("the chunk waits");
        assert_eq!(later, now + std::time::Duration::from_millis(25));
        pty_input.settle(later);
        assert_eq!(drain(&mut pty_input, later), ["Yes\n"]);
    }

    #[test]
    fn a_secret_is_one_until_it_has_been_typed() {
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
    fn a_key_waits_for_the_end_of_a_chunk() {
        let (now, mut pty_input) = (Instant::now(), PtyInput::new());
        pty_input.chunk(now, b"abcdef");
        pty_input.chunk(now, b"ghi");
        pty_input.wrote(now, 2);
        pty_input.key(now, b"K");
        assert_eq!(drain(&mut pty_input, now), ["cdef", "K", "ghi"]);
    }

    #[test]
    fn the_keyboard_has_a_room_of_its_own() {
        let (now, mut pty_input) = (Instant::now(), PtyInput::new());
        pty_input.chunk(now, &[b'x'; THEIRS_LIMIT]);
        assert_eq!(pty_input.room_for_chunks(), 0);
        assert_eq!(pty_input.room_for_keys(), KEYS_LIMIT);
        assert!(pty_input.send(now, &[b'x'; SENT_LIMIT]) && !pty_input.send(now, b"x"));
    }
}
