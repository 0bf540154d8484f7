//! What is typed into the shell: the keyboard's bytes and other writers' chunks, merged so that neither is
//! put inside the other's paste or escape sequence. It knows no terminal and no coprocess.

use std::collections::VecDeque;
use std::time::Instant;

use super::outbox::Outbox;
use super::text::InputText;

/// Keyboard bytes that may wait before the keyboard is no longer read.
const KEYS_LIMIT: usize = 64 * 1024;
/// The coprocess's share (SPEC 3): beyond it, it is not read and blocks.
pub(super) const THEIRS_LIMIT: usize = 16 * 1024;
/// What the action `send` may have waiting besides.
const SENT_LIMIT: usize = 64 * 1024;

/// Whose bytes the writer is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// The keyboard's, or nobody's.
    Keys,
    /// The rest of one chunk, this long.
    Chunk(usize),
}

/// The queue in front of the pty master.
#[derive(Debug)]
pub(super) struct Typing {
    keys: Outbox,
    theirs: Outbox,
    /// The lengths of the chunks in `theirs`: they add up to `theirs.len()`, less what `turn` has begun.
    chunks: VecDeque<usize>,
    turn: Turn,
    /// The chunk whose turn it is is a secret.
    secret: bool,
    input: InputText,
    /// When the keyboard last sent anything.
    last_key: Option<Instant>,
}

impl Typing {
    /// An empty queue.
    pub(super) fn new() -> Self {
        Self {
            keys: Outbox::new(KEYS_LIMIT),
            theirs: Outbox::new(THEIRS_LIMIT),
            chunks: VecDeque::new(),
            turn: Turn::Keys,
            secret: false,
            input: InputText::new(),
            last_key: None,
        }
    }

    /// Bytes from the keyboard.
    pub(super) fn key(&mut self, now: Instant, bytes: &[u8]) {
        self.input.feed(bytes);
        self.last_key = Some(now);
        self.keys.push(bytes);
        self.settle(now);
    }

    /// One chunk from the coprocess: it goes out in one piece.
    pub(super) fn chunk(&mut self, now: Instant, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.theirs.push(bytes);
            self.chunks.push_back(bytes.len());
            self.settle(now);
        }
    }

    /// A chunk that an action types; false where too much waits already.
    pub(super) fn send(&mut self, now: Instant, bytes: &[u8]) -> bool {
        let fits = self.theirs.len() + bytes.len() <= THEIRS_LIMIT + SENT_LIMIT;
        if fits {
            self.chunk(now, bytes);
        }
        fits
    }

    /// Whether nothing is being typed, so that a chunk would be typed at once.
    pub(super) fn is_free(&self, now: Instant) -> bool {
        self.is_empty() && self.turn == Turn::Keys && self.rests(now)
    }

    /// A chunk that nobody may see, while nothing else is being typed; false where it is too much.
    pub(super) fn secret(&mut self, now: Instant, bytes: &[u8]) -> bool {
        let taken = self.send(now, bytes);
        self.secret = taken && self.turn != Turn::Keys;
        taken
    }

    /// Whether what is pending is a secret.
    pub(super) fn is_secret(&self) -> bool {
        self.secret
    }

    /// What the pty should be given next.
    pub(super) fn pending(&self) -> &[u8] {
        match self.turn {
            Turn::Chunk(rest) => &self.theirs.pending()[..rest],
            Turn::Keys => self.keys.pending(),
        }
    }

    /// The pty took the first `n` bytes of `pending`.
    pub(super) fn wrote(&mut self, now: Instant, n: usize) {
        match &mut self.turn {
            Turn::Chunk(rest) => {
                *rest -= n;
                self.theirs.wrote(n);
                if *rest == 0 {
                    self.turn = Turn::Keys;
                    self.secret = false;
                }
            }
            Turn::Keys => self.keys.wrote(n),
        }
        self.settle(now);
    }

    /// Begins the next chunk where the keyboard has nothing to say and is not in the middle of something.
    pub(super) fn settle(&mut self, now: Instant) {
        let free = self.turn == Turn::Keys && self.keys.is_empty();
        if free
            && !self.chunks.is_empty()
            && self.rests(now)
            && let Some(n) = self.chunks.pop_front()
        {
            self.turn = Turn::Chunk(n);
        }
    }

    /// When `settle` should be called again although nothing came.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.chunks.is_empty() || !self.keys.is_empty() || self.turn != Turn::Keys || self.input.at_rest() {
            return None;
        }
        self.last_key.map(|at| at + self.input.patience())
    }

    /// How many keyboard bytes may come.
    pub(super) fn room_for_keys(&self) -> usize {
        self.keys.room()
    }

    /// How many bytes of the coprocess may come.
    pub(super) fn room_for_chunks(&self) -> usize {
        self.theirs.room()
    }

    /// Whether nothing waits at all.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.theirs.is_empty()
    }

    /// Forgets the chunks that have not been begun, and the rest of the one that has.
    pub(super) fn forget_chunks(&mut self) {
        self.theirs.clear();
        self.chunks.clear();
        self.turn = Turn::Keys;
        self.secret = false;
    }

    /// A waiting byte has become a signal: as the line discipline does (termios(3), NOFLSH), what was typed
    /// before it is dropped with it.
    pub(super) fn interrupt(&mut self, now: Instant, byte: u8) {
        if let Some(at) = memchr::memrchr(byte, self.keys.pending()) {
            self.keys.wrote(at + 1);
        }
        self.settle(now);
    }

    /// Forgets all of it: nobody is left to type to.
    pub(super) fn clear(&mut self) {
        self.keys.clear();
        self.forget_chunks();
    }

    fn rests(&self, now: Instant) -> bool {
        self.input.at_rest() || self.last_key.is_none_or(|at| now >= at + self.input.patience())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that goes out now, in the pieces in which it goes.
    fn drain(typing: &mut Typing, now: Instant) -> Vec<String> {
        let mut pieces = Vec::new();
        while !typing.pending().is_empty() {
            let piece = typing.pending().to_vec();
            typing.wrote(now, piece.len());
            pieces.push(String::from_utf8_lossy(&piece).replace('\x1b', "^["));
        }
        pieces
    }

    #[test]
    fn a_chunk_waits_for_the_end_of_a_paste() {
        let (now, mut typing) = (Instant::now(), Typing::new());
        typing.key(now, b"\x1b[200~one");
        typing.chunk(now, b"Yes\n");
        assert_eq!(drain(&mut typing, now), ["^[[200~one"]);
        typing.key(now, b" two\x1b[201~");
        assert_eq!(drain(&mut typing, now), [" two^[[201~", "Yes\n"]);
    }

    #[test]
    fn a_chunk_waits_for_the_end_of_a_key() {
        let (now, mut typing) = (Instant::now(), Typing::new());
        typing.key(now, b"\x1b[1;");
        typing.chunk(now, b"Yes\n");
        assert_eq!(drain(&mut typing, now), ["^[[1;"]);
        typing.key(now, b"5A");
        assert_eq!(drain(&mut typing, now), ["5A", "Yes\n"]);
    }

    #[test]
    fn the_escape_key_holds_a_chunk_up_for_25_ms_only() {
        let (now, mut typing) = (Instant::now(), Typing::new());
        typing.key(now, b"\x1b");
        typing.chunk(now, b"Yes\n");
        assert_eq!(drain(&mut typing, now), ["^["]);
        let later = typing.deadline().expect("the chunk waits");
        assert_eq!(later, now + std::time::Duration::from_millis(25));
        typing.settle(later);
        assert_eq!(drain(&mut typing, later), ["Yes\n"]);
    }

    #[test]
    fn a_secret_is_one_until_it_has_been_typed() {
        let (now, mut typing) = (Instant::now(), Typing::new());
        typing.key(now, b"\x1b[200~one");
        assert!(!typing.is_free(now));
        typing.wrote(now, 9);
        assert!(!typing.is_free(now), "a paste is open");
        typing.key(now, b"\x1b[201~");
        typing.wrote(now, 6);
        assert!(typing.is_free(now) && typing.secret(now, b"abc"));
        typing.key(now, b"K");
        typing.wrote(now, 2);
        assert!(typing.is_secret());
        typing.wrote(now, 1);
        assert!(!typing.is_secret());
        assert_eq!(drain(&mut typing, now), ["K"]);
    }

    #[test]
    fn a_key_waits_for_the_end_of_a_chunk() {
        let (now, mut typing) = (Instant::now(), Typing::new());
        typing.chunk(now, b"abcdef");
        typing.chunk(now, b"ghi");
        typing.wrote(now, 2);
        typing.key(now, b"K");
        assert_eq!(drain(&mut typing, now), ["cdef", "K", "ghi"]);
    }

    #[test]
    fn the_keyboard_has_a_room_of_its_own() {
        let (now, mut typing) = (Instant::now(), Typing::new());
        typing.chunk(now, &[b'x'; THEIRS_LIMIT]);
        assert_eq!(typing.room_for_chunks(), 0);
        assert_eq!(typing.room_for_keys(), KEYS_LIMIT);
        assert!(typing.send(now, &[b'x'; SENT_LIMIT]) && !typing.send(now, b"x"));
    }
}
