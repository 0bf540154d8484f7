//! Decoder of the keyboard's bytes into keys, for the menu. It separates terminal responses, which belong to the program
//! inside.

use std::time::Instant;

use super::chord::{ALT, CTRL, Chord, KeySequence, LOCKS, REPEAT, SHIFT};
use super::taken::{TakenKeys, is_release};
use crate::core::vt::InputParser;

/// A key, as far as the menu distinguishes keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) enum Key {
    /// A character was typed.
    Char(char),
    /// A character was pasted.
    Pasted(char),
    /// Ctrl and a lower-case letter.
    Ctrl(char),
    /// Alt and a character.
    Alt(char),
    Enter,
    Escape,
    Tab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    /// Left and right with Ctrl or Alt.
    WordLeft,
    WordRight,
    Home,
    End,
    /// The hotkey, as the terminal encoded it.
    Hotkey(Vec<u8>),
    /// A response of the terminal to a query, a report that a program has turned on, or the release of a key whose press
    /// a program got.
    Answer(Vec<u8>),
    /// Another key or sequence.
    Other,
}

/// Maximum number of bytes of an open sequence. No key is longer; a response is passed on in pieces.
const LONGEST: usize = 256;

/// Decoder of bytes into keys.
#[derive(Debug)]
pub(in crate::core) struct Decoder {
    hotkey: Option<Chord>,
    input: InputParser,
    /// The bytes of the open sequence; at most `LONGEST`.
    open: Vec<u8>,
    /// Whether the open sequence continues a response.
    answering: bool,
    last: Option<Instant>,
}

impl Decoder {
    /// Creates a decoder for a keyboard with this hotkey.
    pub(in crate::core) fn new(hotkey: Option<Chord>) -> Self {
        Self { hotkey, input: InputParser::new(), open: Vec::new(), answering: false, last: None }
    }

    /// Takes bytes up to the end of a key. Returns their number, and the key, which is noted in `taken`.
    pub(in crate::core) fn take(&mut self, now: Instant, bytes: &[u8], taken: &mut TakenKeys) -> (usize, Option<Key>) {
        self.last = Some(now);
        for (at, &byte) in bytes.iter().enumerate() {
            let inside = self.answering || is_answer(&self.open) || self.input.in_paste();
            if byte == 0x1b && !self.open.is_empty() && !inside {
                return (at, Some(self.give_up()));
            }
            let pasted = self.input.in_paste();
            self.input.feed(&[byte]);
            self.open.push(byte);
            let whole = self.input.has_whole_keys();
            if !whole && self.open.len() < LONGEST {
                continue;
            }
            let open = std::mem::take(&mut self.open);
            let answers = self.answering || is_answer(&open);
            self.answering = answers && !whole;
            let key = match (answers, pasted || self.input.in_paste()) {
                (true, _) => Some(Key::Answer(open)),
                (false, true) => pasted_character(&open),
                (false, false) if is_release(&open) => {
                    Some(if taken.follows(&open) { Key::Other } else { Key::Answer(open) })
                }
                (false, false) => {
                    taken.press(&open);
                    Some(key(open, self.hotkey))
                }
            };
            if key.is_some() {
                return (at + 1, key);
            }
        }
        (bytes.len(), None)
    }

    /// Returns when `tick` has something to do.
    pub(in crate::core) fn deadline(&self) -> Option<Instant> {
        let open = !self.open.is_empty() || self.answering || self.input.in_paste();
        self.last.filter(|_| open).map(|last| last + self.input.timeout())
    }

    /// Gives up a sequence that has been open for too long. ESC alone is the Escape key.
    pub(in crate::core) fn tick(&mut self, now: Instant) -> Option<Key> {
        self.deadline().is_some_and(|at| now >= at).then(|| self.give_up())
    }

    fn give_up(&mut self) -> Key {
        self.input = InputParser::new();
        self.answering = false;
        let open = std::mem::take(&mut self.open);
        if open == [0x1b] { Key::Escape } else { Key::Other }
    }
}

/// Whether the bytes begin with OSC, DCS, APC, PM or SOS, as no key does.
fn is_answer(open: &[u8]) -> bool {
    matches!(open, [0x1b, b']' | b'P' | b'_' | b'^' | b'X', ..])
}

/// Decodes a pasted character. An end of line becomes a blank; other controls are dropped.
fn pasted_character(open: &[u8]) -> Option<Key> {
    match open {
        [b'\r' | b'\n' | b'\t'] => Some(Key::Pasted(' ')),
        _ => character(open).filter(|c| !c.is_control()).map(Key::Pasted),
    }
}

/// Returns the key of a complete sequence of bytes.
pub(in crate::core) fn decoded_key(bytes: Vec<u8>) -> Key {
    key(bytes, None)
}

fn character(bytes: &[u8]) -> Option<char> {
    let mut chars = std::str::from_utf8(bytes).ok()?.chars();
    chars.next().filter(|_| chars.next().is_none())
}

fn key(open: Vec<u8>, hotkey: Option<Chord>) -> Key {
    let spelled = |body: &[u8], fin| hotkey.is_some_and(|hotkey| hotkey.is_spelled(body, fin));
    match &open[..] {
        &[byte] if hotkey.is_some_and(|hotkey| hotkey.byte() == byte) => Key::Hotkey(open),
        &[byte] => plain(byte),
        [0x1b, b'[', body @ .., fin] if spelled(body, *fin) => Key::Hotkey(open),
        [0x1b, b'O', fin] => cursor_key(*fin, 0),
        [0x1b, b'[', b'M', ..] | [0x1b, b'[', b'<', .., b'M' | b'm'] => Key::Other,
        [0x1b, b'[', b'?' | b'>' | b'=' | b'<', ..] | [0x1b, b'[', .., b'R' | b'c' | b'n' | b't' | b'y' | b'x'] => {
            Key::Answer(open)
        }
        [0x1b, b'[', b'I' | b'O'] => Key::Answer(open),
        [0x1b, b'[', body @ .., fin] => KeySequence::read(body).map_or(Key::Other, |sequence| control(&sequence, *fin)),
        [0x1b, rest @ ..] => character(rest).map_or(Key::Other, Key::Alt),
        bytes => character(bytes).map_or(Key::Other, Key::Char),
    }
}

fn plain(byte: u8) -> Key {
    match byte {
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Tab,
        0x08 | 0x7f => Key::Backspace,
        1..=26 => Key::Ctrl(char::from(byte | 0x60)),
        0x20..=0x7e => Key::Char(char::from(byte)),
        _ => Key::Other,
    }
}

fn control(sequence: &KeySequence, fin: u8) -> Key {
    let [first, [modifiers, event, _], third] = sequence.groups;
    if event > REPEAT {
        return Key::Other;
    }
    let modifiers = modifiers.saturating_sub(1) & !LOCKS;
    match (fin, first[0]) {
        (b'u', code) => code_key(code, if third[0] > 0 { third[0] } else { first[1] }, modifiers),
        (b'~', 27) => code_key(third[0], third[0], modifiers),
        (b'~', 1 | 7) => Key::Home,
        (b'~', 4 | 8) => Key::End,
        (b'~', 3) => Key::Delete,
        _ => cursor_key(fin, modifiers),
    }
}

fn cursor_key(fin: u8, modifiers: u32) -> Key {
    let word = modifiers & (CTRL | ALT) != 0;
    match fin {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' if word => Key::WordRight,
        b'D' if word => Key::WordLeft,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        b'M' => Key::Enter,
        _ => Key::Other,
    }
}

/// Decodes a key that the kitty protocol or modifyOtherKeys gives by its Unicode code point; `text` is the character with
/// Shift and layout applied, or 0.
fn code_key(code: u32, text: u32, modifiers: u32) -> Key {
    let character = |code| char::from_u32(code).filter(|c| !c.is_control() && !is_functional(*c));
    match (code, modifiers & (CTRL | ALT)) {
        (13 | 57414, _) => Key::Enter,
        (27, _) => Key::Escape,
        (9, _) => Key::Tab,
        (8 | 127, ALT) => Key::Alt('\x7f'),
        (8 | 127, _) => Key::Backspace,
        (57417, _) => Key::Left,
        (57418, _) => Key::Right,
        (57419, _) => Key::Up,
        (57420, _) => Key::Down,
        (57423, _) => Key::Home,
        (57424, _) => Key::End,
        (57426, _) => Key::Delete,
        (_, CTRL) => {
            character(code).filter(char::is_ascii_alphabetic).map_or(Key::Other, |c| Key::Ctrl(c.to_ascii_lowercase()))
        }
        (_, ALT) => character(code).map_or(Key::Other, Key::Alt),
        (_, 0) if text > 0 => character(text).map_or(Key::Other, Key::Char),
        (_, 0) if modifiers & SHIFT != 0 => character(code).map_or(Key::Other, |c| Key::Char(c.to_ascii_uppercase())),
        (_, 0) => character(code).map_or(Key::Other, Key::Char),
        _ => Key::Other,
    }
}

/// Whether the code point is one that the kitty protocol gives to a key without a character.
fn is_functional(c: char) -> bool {
    ('\u{e000}'..='\u{f8ff}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::split::at_every_split;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        at_every_split(bytes, |pieces| {
            let (now, mut decoder) = (Instant::now(), Decoder::new("ctrl-]".parse().ok()));
            let mut taken = TakenKeys::default();
            let mut keys = Vec::new();
            for piece in pieces {
                let mut rest = *piece;
                while !rest.is_empty() {
                    let (used, key) = decoder.take(now, rest, &mut taken);
                    keys.extend(key);
                    rest = &rest[used..];
                }
            }
            keys.extend(decoder.deadline().and_then(|at| decoder.tick(at)));
            assert_eq!(decoder.deadline(), None);
            keys
        })
    }

    #[test]
    fn keys_are_decoded_at_every_split() {
        let table: &[(&[u8], &[Key])] = &[
            (b"r", &[Key::Char('r')]),
            ("\u{e9}\u{6f22}".as_bytes(), &[Key::Char('\u{e9}'), Key::Char('\u{6f22}')]),
            (b"\r\x7f\x03", &[Key::Enter, Key::Backspace, Key::Ctrl('c')]),
            (b"\x1d", &[Key::Hotkey(vec![0x1d])]),
            (b"\x1b[93;5u", &[Key::Hotkey(b"\x1b[93;5u".to_vec())]),
            (b"\x1b[93;5u\x1b[93;5:2u\x1b[93;5:3u", &[Key::Hotkey(b"\x1b[93;5u".to_vec()), Key::Other, Key::Other]),
            (b"\x1b[93;5:3u", &[Key::Answer(b"\x1b[93;5:3u".to_vec())]),
            (b"\x1b", &[Key::Escape]),
            (b"\x1b\x1b", &[Key::Escape, Key::Escape]),
            (b"\x1b[27u\x1b[27;1:3u", &[Key::Escape, Key::Other]),
            (b"\x1b[A\x1bOB\x1b[1;1:1C\x1b[1;1:3C", &[Key::Up, Key::Down, Key::Right, Key::Other]),
            (b"\x1b[1;5D\x1b[1;3C", &[Key::WordLeft, Key::WordRight]),
            (b"\x1b[H\x1bOF\x1b[1~\x1b[8~\x1b[3~", &[Key::Home, Key::End, Key::Home, Key::End, Key::Delete]),
            (b"\x1bb\x1b\x7f", &[Key::Alt('b'), Key::Alt('\x7f')]),
            (b"\x1b[114u\x1b[114;1:1u\x1b[114:82;2u", &[Key::Char('r'), Key::Char('r'), Key::Char('R')]),
            (b"\x1b[97;2u\x1b[97;;228u\x1b[119;5u", &[Key::Char('A'), Key::Char('\u{e4}'), Key::Ctrl('w')]),
            (b"\x1b[27;5;119~\x1b[27;2;82~\x1b[27;2;13~", &[Key::Ctrl('w'), Key::Char('R'), Key::Enter]),
            (b"\x1b[57441;2u", &[Key::Other]),
            (b"\x1b[200~a\rb\x1b[201~c", &[Key::Pasted('a'), Key::Pasted(' '), Key::Pasted('b'), Key::Char('c')]),
            (b"\x1b[<0;1;1Mx\x1b[M!!!y", &[Key::Other, Key::Char('x'), Key::Other, Key::Char('y')]),
            (b"\xffx", &[Key::Other, Key::Char('x')]),
            (b"\x1b[1;\x1b[A", &[Key::Other, Key::Up]),
        ];
        for (bytes, expected) in table {
            assert_eq!(keys(bytes), *expected, "{:?}", bytes.escape_ascii().to_string());
        }
    }

    #[test]
    fn terminal_responses_are_separated() {
        for answer in [&b"\x1b]11;rgb:0/0/0\x1b\\"[..], b"\x1bP1$r0m\x1b\\", b"\x1b[?62;c", b"\x1b[12;40R", b"\x1b[I"] {
            assert_eq!(keys(&[answer, b"r"].concat()), [Key::Answer(answer.to_vec()), Key::Char('r')]);
        }
    }

    #[test]
    fn long_response_comes_in_pieces() {
        let long = [&b"\x1b]52;c;"[..], &[b'x'; 1000], b"\x07r"].concat();
        let mut pieces = keys(&long);
        assert_eq!(pieces.pop(), Some(Key::Char('r')));
        let bytes = pieces.into_iter().flat_map(|key| match key {
            Key::Answer(bytes) => bytes,
            other => panic!("{other:?}"),
        });
        assert_eq!(bytes.collect::<Vec<u8>>(), long[..long.len() - 1]);
    }
}
