//! Parser of the bytes that the user's terminal sends: it finds the places where other input may be inserted.

use std::time::Duration;

use super::utf8::PartialChar;

/// Time after which a lone ESC is the Escape key: a terminal sends the bytes of a key at once.
const ESCAPE_TIMEOUT: Duration = Duration::from_millis(25);
/// Time after which an unfinished sequence is given up.
const SEQUENCE_TIMEOUT: Duration = Duration::from_millis(500);
/// Time without a byte after which a bracketed paste is given up: its end was lost.
const PASTE_TIMEOUT: Duration = Duration::from_secs(5);

/// State of the parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InputState {
    Ground,
    /// After ESC.
    Escape,
    /// After ESC O (SS3): one byte follows.
    Ss3,
    /// After `ESC [`: the parameters read so far, compared with those of a paste's mark.
    Csi(PasteMark),
    /// In an X10 mouse report (`CSI M`): number of bytes that follow.
    Mouse(u8),
    /// In an OSC, DCS, APC, PM or SOS.
    String,
}

/// Prefix of `200` or `201`, the parameters of a bracketed paste's marks, that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PasteMark {
    /// Number of digits read, and the last of them.
    Read(u8, u8),
    /// Other parameters.
    Other,
}

impl PasteMark {
    const NONE: Self = Self::Read(0, 0);

    fn next(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Read(0, _), b'2') => Self::Read(1, byte),
            (Self::Read(1, _), b'0') => Self::Read(2, byte),
            (Self::Read(2, _), b'0' | b'1') => Self::Read(3, byte),
            _ => Self::Other,
        }
    }
}

/// Parser of the bytes from the keyboard.
#[derive(Clone, Debug)]
pub struct InputParser {
    state: InputState,
    paste: bool,
    carry: PartialChar,
}

impl Default for InputParser {
    fn default() -> Self {
        Self { state: InputState::Ground, paste: false, carry: PartialChar::default() }
    }
}

impl InputParser {
    /// Creates a parser in the ground state.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses bytes that the terminal sent.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(&byte) = rest.first() {
            if self.state != InputState::Ground {
                self.step(byte);
                rest = &rest[1..];
                continue;
            }
            let end = memchr::memchr(0x1b, rest).unwrap_or(rest.len());
            if end > 0 {
                self.carry.follow(&rest[..end]);
            }
            if end < rest.len() {
                self.carry.take();
                self.state = InputState::Escape;
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }

    /// Returns whether the input is outside of pastes, sequences and multi-byte characters.
    pub fn in_ground_state(&self) -> bool {
        !self.paste && self.state == InputState::Ground && self.carry.is_empty()
    }

    /// Returns whether the last byte was an ESC outside of a paste, which may be the Escape key.
    pub fn lone_escape(&self) -> bool {
        !self.paste && self.state == InputState::Escape
    }

    /// Returns whether the input is inside a bracketed paste.
    pub fn in_paste(&self) -> bool {
        self.paste
    }

    /// Returns whether the next byte begins a key, inside a paste too.
    pub fn has_whole_keys(&self) -> bool {
        self.state == InputState::Ground && self.carry.is_empty()
    }

    /// Returns whether the next byte may begin a typed key. An incomplete character does not count: in a locale that is not
    /// UTF-8 each byte is a character.
    pub fn is_between_keys(&self) -> bool {
        !self.paste && self.state == InputState::Ground
    }

    /// Returns whether an ESC as the next byte begins a key: in a string it begins ST, in a paste it is pasted or begins
    /// the end mark.
    pub fn escape_begins_key(&self) -> bool {
        !self.paste && !matches!(self.state, InputState::String | InputState::Mouse(_))
    }

    /// Returns the time without another byte after which the unfinished paste, key or sequence is to be given up.
    pub fn timeout(&self) -> Duration {
        if self.paste {
            PASTE_TIMEOUT
        } else if self.lone_escape() {
            ESCAPE_TIMEOUT
        } else {
            SEQUENCE_TIMEOUT
        }
    }

    /// Takes a lone ESC as the Escape key.
    pub fn close_escape(&mut self) {
        if self.lone_escape() {
            self.state = InputState::Ground;
        }
    }

    fn step(&mut self, byte: u8) {
        self.state = match (self.state, byte) {
            (InputState::Mouse(left), _) if left > 1 => InputState::Mouse(left - 1),
            (InputState::Mouse(_), _) => InputState::Ground,
            // In a string ESC begins ST, elsewhere another sequence.
            (_, 0x1b) => InputState::Escape,
            (InputState::Escape, b'[') => InputState::Csi(PasteMark::NONE),
            (InputState::Escape, b'O') => InputState::Ss3,
            (InputState::Escape, b']' | b'P' | b'_' | b'^' | b'X') if !self.paste => InputState::String,
            (InputState::Escape | InputState::Ss3, 0x80..) => {
                self.carry.follow(&[byte]);
                InputState::Ground
            }
            (InputState::Escape | InputState::Ss3, _) => InputState::Ground,
            (InputState::Csi(PasteMark::NONE), b'M') if !self.paste => InputState::Mouse(3),
            (InputState::Csi(mark), b'~') => {
                if let PasteMark::Read(3, last) = mark {
                    self.paste = last == b'0';
                }
                InputState::Ground
            }
            (InputState::Csi(mark), 0x20..=0x3f) => InputState::Csi(mark.next(byte)),
            (InputState::String, 0x07 | 0x18 | 0x1a) => InputState::Ground,
            (InputState::String, _) => InputState::String,
            (InputState::Csi(_), 0x80..) => {
                self.carry.follow(&[byte]);
                InputState::Ground
            }
            (InputState::Csi(_) | InputState::Ground, _) => InputState::Ground,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::InputParser;
    use crate::core::split::at_every_split;

    /// Returns whether the parser is in the ground state, behind a lone ESC, in a paste.
    fn state(pieces: &[&[u8]]) -> [bool; 3] {
        let mut input = InputParser::new();
        for piece in pieces {
            input.feed(piece);
        }
        [input.in_ground_state(), input.lone_escape(), input.in_paste()]
    }

    #[test]
    fn sequence_and_paste_state() {
        let rest = [true, false, false];
        let open = [false, false, false];
        let escape = [false, true, false];
        let paste = [false, false, true];
        for (name, bytes, expected) in [
            ("nothing", &b""[..], rest),
            ("keys", b"ls\r", rest),
            ("an arrow", b"\x1b[A", rest),
            ("half an arrow", b"\x1b[", open),
            ("an arrow in application mode", b"\x1bOA", rest),
            ("half of it", b"\x1bO", open),
            ("the escape key", b"a\x1b", escape),
            ("twice", b"\x1b\x1b", escape),
            ("alt and a letter", b"\x1bx", rest),
            ("alt and a character", b"\x1b\xc3", open),
            ("all of it", b"\x1b\xc3\xa9", rest),
            ("a key with modifiers", b"\x1b[1;5C", rest),
            ("a key as CSI u", b"\x1b[93;5u", rest),
            ("half a key", b"\x1b[93;5", open),
            ("SGR mouse", b"\x1b[<0;10;20M", rest),
            ("X10 mouse", b"\x1b[M !!", rest),
            ("a part of it", b"\x1b[M !", open),
            ("X10 mouse with an ESC", b"\x1b[M\x1b!!", rest),
            ("a paste's beginning", b"\x1b[200", open),
            ("a paste", b"\x1b[200~text", paste),
            ("a paste with escapes", b"\x1b[200~\x1b[A\x1b]0;", paste),
            ("an ESC in a paste", b"\x1b[200~\x1b", paste),
            ("a paste with an end that is none", b"\x1b[200~\x1b[2010~", paste),
            ("a paste and its end", b"\x1b[200~text\x1b[201~", rest),
            ("a paste, a broken end, the end", b"\x1b[200~\x1b[20\x1b[201~x", rest),
            ("a delete key in a paste", b"\x1b[200~\x1b[3~", paste),
            ("a colour reply", b"\x1b]11;rgb:0/0/0", open),
            ("all of it", b"\x1b]11;rgb:0/0/0\x1b\\", rest),
            ("with BEL", b"\x1b]11;rgb:0/0/0\x07", rest),
            ("a DCS reply", b"\x1bP1$r0m\x1b\\", rest),
            ("a cursor report", b"\x1b[12;40R", rest),
            ("a character", "é漢".as_bytes(), rest),
            ("a part of one", b"\xe6\xbc", open),
            ("not UTF-8", b"\xff\xfe", rest),
        ] {
            assert_eq!(at_every_split(bytes, state), expected, "{name}");
        }
    }

    #[test]
    fn lone_escape_is_key_after_timeout() {
        let mut input = InputParser::new();
        input.feed(b"\x1b");
        assert!(input.lone_escape());
        input.close_escape();
        assert!(input.in_ground_state());
        input.feed(b"[");
        assert!(input.in_ground_state(), "the bracket is a key of its own");
        input.feed(b"\x1b[");
        input.close_escape();
        assert!(!input.in_ground_state(), "a sequence stays open");
    }
}
