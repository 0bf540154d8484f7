//! What the user's terminal sends, so that nothing is typed into the middle of it.

use super::utf8::Carry;

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ground,
    /// Behind ESC.
    Escape,
    /// Behind ESC O: one byte follows.
    Shift,
    /// Behind `ESC [`: the parameters read so far, as far as the mark of a paste has matched.
    Control(Mark),
    /// X10's report of the mouse: so many bytes follow.
    Mouse(u8),
    /// OSC, DCS, APC, PM or SOS.
    String,
}

/// How much of `200` or `201` has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// So many of its digits, the last of them being this one.
    Read(u8, u8),
    /// It is something else.
    Other,
}

impl Mark {
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
#[derive(Debug)]
pub struct InputText {
    state: State,
    paste: bool,
    carry: Carry,
}

impl Default for InputText {
    fn default() -> Self {
        Self { state: State::Ground, paste: false, carry: Carry::default() }
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
            if self.state != State::Ground {
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
                self.state = State::Escape;
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }

    /// Whether nothing is open: no paste, no sequence, no character.
    pub fn at_rest(&self) -> bool {
        !self.paste && self.state == State::Ground && self.carry.is_empty()
    }

    /// Whether all that is open is an ESC just received, which may be the key of that name.
    pub fn lone_escape(&self) -> bool {
        !self.paste && self.state == State::Escape
    }

    /// Whether pasted text is coming.
    pub fn in_paste(&self) -> bool {
        self.paste
    }

    /// Waits no longer for what would follow a lone ESC: it was the key.
    pub fn close_escape(&mut self) {
        if self.lone_escape() {
            self.state = State::Ground;
        }
    }

    fn step(&mut self, byte: u8) {
        self.state = match (self.state, byte) {
            // In a string it is the beginning of ST, elsewhere of another sequence.
            (State::Mouse(left), _) if left > 1 => State::Mouse(left - 1),
            (State::Mouse(_), _) => State::Ground,
            (_, 0x1b) => State::Escape,
            (State::Escape, b'[') => State::Control(Mark::NONE),
            (State::Escape, b'O') => State::Shift,
            (State::Escape, b']' | b'P' | b'_' | b'^' | b'X') if !self.paste => State::String,
            (State::Escape | State::Shift, 0x80..) => {
                self.carry.follow(&[byte]);
                State::Ground
            }
            (State::Escape | State::Shift, _) => State::Ground,
            (State::Control(Mark::NONE), b'M') if !self.paste => State::Mouse(3),
            (State::Control(mark), b'~') => {
                if let Mark::Read(3, last) = mark {
                    self.paste = last == b'0';
                }
                State::Ground
            }
            (State::Control(mark), 0x20..=0x3f) => State::Control(mark.next(byte)),
            (State::String, 0x07 | 0x18 | 0x1a) => State::Ground,
            (State::String, _) => State::String,
            (State::Control(_), 0x80..) => {
                self.carry.follow(&[byte]);
                State::Ground
            }
            (State::Control(_) | State::Ground, _) => State::Ground,
        };
    }
}
