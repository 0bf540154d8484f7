//! What the user's terminal sends, so that nothing is typed into the middle of it.

use std::time::Duration;

use super::utf8::PartialChar;

/// A terminal sends the bytes of a key at once, so an ESC alone for this long is the Escape key.
const LONE_ESCAPE: Duration = Duration::from_millis(25);
/// A sequence that stays open for this long was never one.
const OPEN_SEQUENCE: Duration = Duration::from_millis(500);
/// A paste of which nothing came for this long has lost its end.
const OPEN_PASTE: Duration = Duration::from_secs(5);

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InputState {
    Ground,
    /// Behind ESC.
    Escape,
    /// Behind ESC O: one byte follows.
    Shift,
    /// Behind `ESC [`: the parameters read so far, as far as the mark of a paste has matched.
    Control(PasteMark),
    /// X10's report of the mouse: so many bytes follow.
    Mouse(u8),
    /// OSC, DCS, APC, PM or SOS.
    String,
}

/// How much of `200` or `201` has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PasteMark {
    /// So many of its digits, the last of them being this one.
    Read(u8, u8),
    /// It is something else.
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

/// Follows the bytes from the keyboard.
#[derive(Clone, Debug)]
pub struct InputText {
    state: InputState,
    paste: bool,
    carry: PartialChar,
}

impl Default for InputText {
    fn default() -> Self {
        Self { state: InputState::Ground, paste: false, carry: PartialChar::default() }
    }
}

impl InputText {
    /// At rest.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what the terminal sent.
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

    /// Whether nothing is open: no paste, no sequence, no character.
    pub fn in_ground_state(&self) -> bool {
        !self.paste && self.state == InputState::Ground && self.carry.is_empty()
    }

    /// Whether all that is open is an ESC just received, which may be the key of that name.
    pub fn lone_escape(&self) -> bool {
        !self.paste && self.state == InputState::Escape
    }

    /// Whether pasted text is coming.
    pub fn in_paste(&self) -> bool {
        self.paste
    }

    /// Whether what comes next begins a key, in a paste or not.
    pub fn has_whole_keys(&self) -> bool {
        self.state == InputState::Ground && self.carry.is_empty()
    }

    /// Whether what comes next begins a key that was typed, though a character may lack its end: in a locale that is not
    /// UTF-8 each byte is one.
    pub fn is_between_keys(&self) -> bool {
        !self.paste && self.state == InputState::Ground
    }

    /// Whether an ESC that comes next begins a key, though something may be open that lacks its end: in a string it is the
    /// beginning of the end, in a paste it is pasted or the end.
    pub fn escape_begins_key(&self) -> bool {
        !self.paste && !matches!(self.state, InputState::String | InputState::Mouse(_))
    }

    /// How long what is open may stay so without another byte: it was never what it looked like, or has lost its end.
    pub fn patience(&self) -> Duration {
        if self.paste {
            OPEN_PASTE
        } else if self.lone_escape() {
            LONE_ESCAPE
        } else {
            OPEN_SEQUENCE
        }
    }

    /// Waits no longer for what would follow a lone ESC: it was the key.
    pub fn close_escape(&mut self) {
        if self.lone_escape() {
            self.state = InputState::Ground;
        }
    }

    /// The length of the longest prefix of `bytes` behind which nothing is open.
    pub fn cut(&self, bytes: &[u8]) -> usize {
        let mut ahead = self.clone();
        let mut longest = 0;
        for (at, byte) in bytes.chunks(1).enumerate() {
            ahead.feed(byte);
            if ahead.in_ground_state() {
                longest = at + 1;
            }
        }
        longest
    }

    fn step(&mut self, byte: u8) {
        self.state = match (self.state, byte) {
            (InputState::Mouse(left), _) if left > 1 => InputState::Mouse(left - 1),
            (InputState::Mouse(_), _) => InputState::Ground,
            // In a string it is the beginning of ST, elsewhere of another sequence.
            (_, 0x1b) => InputState::Escape,
            (InputState::Escape, b'[') => InputState::Control(PasteMark::NONE),
            (InputState::Escape, b'O') => InputState::Shift,
            (InputState::Escape, b']' | b'P' | b'_' | b'^' | b'X') if !self.paste => InputState::String,
            (InputState::Escape | InputState::Shift, 0x80..) => {
                self.carry.follow(&[byte]);
                InputState::Ground
            }
            (InputState::Escape | InputState::Shift, _) => InputState::Ground,
            (InputState::Control(PasteMark::NONE), b'M') if !self.paste => InputState::Mouse(3),
            (InputState::Control(mark), b'~') => {
                if let PasteMark::Read(3, last) = mark {
                    self.paste = last == b'0';
                }
                InputState::Ground
            }
            (InputState::Control(mark), 0x20..=0x3f) => InputState::Control(mark.next(byte)),
            (InputState::String, 0x07 | 0x18 | 0x1a) => InputState::Ground,
            (InputState::String, _) => InputState::String,
            (InputState::Control(_), 0x80..) => {
                self.carry.follow(&[byte]);
                InputState::Ground
            }
            (InputState::Control(_) | InputState::Ground, _) => InputState::Ground,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::InputText;
    use crate::core::split::everywhere;

    /// At rest, a lone ESC, in a paste.
    fn state(pieces: &[&[u8]]) -> [bool; 3] {
        let mut input = InputText::new();
        for piece in pieces {
            input.feed(piece);
        }
        [input.in_ground_state(), input.lone_escape(), input.in_paste()]
    }

    #[test]
    fn what_is_open() {
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
            assert_eq!(everywhere(bytes, state), expected, "{name}");
        }
    }

    #[test]
    fn an_escape_key_is_closed_by_the_clock() {
        let mut input = InputText::new();
        input.feed(b"\x1b");
        assert!(input.lone_escape());
        input.close_escape();
        assert!(input.in_ground_state());
        input.feed(b"[");
        assert!(input.in_ground_state(), "the bracket is a key of its own then");
        input.feed(b"\x1b[");
        input.close_escape();
        assert!(!input.in_ground_state(), "what is more than an ESC is not closed");
    }

    #[test]
    fn where_it_can_be_cut() {
        for (before, bytes, expected) in [
            ("", "abc", 3),
            ("", "abc\x1b[1", 3),
            ("", "abc\x1b[1A\x1b", 7),
            ("", "\x1b[200~abc", 0),
            ("\x1b[200~abc", "def\x1b[201~x\x1b", 10),
            ("\x1b[200~abc", "def", 0),
            ("", "", 0),
        ] {
            let mut input = InputText::new();
            input.feed(before.as_bytes());
            assert_eq!(input.cut(bytes.as_bytes()), expected, "{before:?} {bytes:?}");
        }
    }
}
