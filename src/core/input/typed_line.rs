//! The line that the user is typing. Text of clients waits for its end, so that no line has parts of both.
//!
//! A line is open from the first key that puts text into it, or a paste, until Enter, Ctrl-C, Ctrl-D or Ctrl-U, until the
//! command that was typed at a prompt begins to run (OSC 133;C), or until a full-screen program that took the keys has left the
//! alternate screen. Text that coshell types opens no line.

use std::collections::VecDeque;
use std::time::Instant;

use super::keys::{Key, decoded_key};
use crate::core::vt::{InputParser, MarkedZone};

/// Maximum number of places that are kept at which something was typed.
const PLACES: usize = 64;
/// Bytes that end a line: Enter, Ctrl-C, Ctrl-D and Ctrl-U.
const LINE_ENDS: &[u8] = b"\r\n\x03\x04\x15";
/// Maximum number of bytes of an open sequence. No key is longer.
const LONGEST: usize = 64;

/// How far the output had come when something was typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::core) struct TypedPlace {
    /// The part of the output by the marks of the shell.
    pub(in crate::core) zone: MarkedZone,
    /// Offset in the stream.
    pub(in crate::core) offset: u64,
    /// Number of the last command, or of the prompt at which it may be typed.
    pub(in crate::core) command: u64,
}

/// The line that the user is typing, if any.
#[derive(Debug, Default)]
pub(in crate::core) struct TypedLine {
    input: InputParser,
    /// Bytes of the sequence that is not complete.
    sequence: Vec<u8>,
    /// Time of the last key.
    last: Option<Instant>,
    /// Where the line was opened.
    open: Option<TypedPlace>,
    /// Number of lines that were ended, by the user or by coshell, and for which neither a command nor another prompt has
    /// come. It is too large where a program has read lines, or a command has several.
    submitted: usize,
    /// Number of the last command when something was typed last.
    command: u64,
    /// Offset of the last mark of a prompt.
    prompt: Option<u64>,
    /// Whether a command has run since.
    has_run: bool,
    /// Offsets in the stream at which something was typed, oldest first.
    typed_at: VecDeque<u64>,
    alt_screen: bool,
}

impl TypedLine {
    /// Takes keys of the user that are typed into the shell.
    pub(in crate::core) fn keys(&mut self, now: Instant, bytes: &[u8], place: TypedPlace) {
        if self.last.is_some_and(|last| now >= last + self.input.timeout()) && !self.input.in_ground_state() {
            // The rest of the sequence was lost, or Escape was pressed.
            (self.input, self.sequence) = (InputParser::new(), Vec::new());
        }
        self.last = Some(now);
        bytes.iter().for_each(|&byte| self.byte(byte, place));
        self.typed(place);
    }

    fn byte(&mut self, byte: u8, place: TypedPlace) {
        let (begins_key, was_pasted) = (self.input.has_whole_keys(), self.input.in_paste());
        self.input.feed(&[byte]);
        if was_pasted || self.input.in_paste() {
            self.sequence.clear();
            // The mark at the end of a paste is no text.
            if was_pasted && begins_key && byte != 0x1b {
                self.begin(place);
            }
            return;
        }
        if !begins_key && self.sequence.is_empty() {
            // The rest of a character.
            return;
        }
        if self.sequence.len() < LONGEST {
            self.sequence.push(byte);
        }
        // A character may come byte by byte; its first one tells enough.
        if self.input.has_whole_keys() || self.sequence == [byte] && byte >= 0x80 {
            let sequence = std::mem::take(&mut self.sequence);
            if byte >= 0x80 { self.begin(place) } else { self.key(decoded_key(sequence), place) }
        }
    }

    fn key(&mut self, key: Key, place: TypedPlace) {
        match key {
            Key::Enter => {
                self.open = None;
                self.submitted += 1;
            }
            // The line discipline drops what was typed before.
            Key::Ctrl('c') => self.forget(),
            Key::Ctrl('d' | 'u') => self.open = None,
            // Keys that recall or insert text open a line as characters do.
            Key::Char(_) | Key::Pasted(_) | Key::Alt(_) | Key::Up | Key::Down | Key::Ctrl('n' | 'p' | 'r' | 'y') => {
                self.begin(place);
            }
            _ => {}
        }
    }

    fn begin(&mut self, place: TypedPlace) {
        self.open.get_or_insert(place);
    }

    fn typed(&mut self, place: TypedPlace) {
        self.command = place.command;
        if self.typed_at.back() != Some(&place.offset) {
            self.typed_at.push_back(place.offset);
            self.typed_at.drain(..self.typed_at.len().saturating_sub(PLACES));
        }
    }

    /// Takes note of bytes that coshell types. Where they end a line, they end that of the user.
    pub(in crate::core) fn sent(&mut self, bytes: &[u8], place: TypedPlace) {
        self.typed(place);
        if bytes.iter().any(|byte| LINE_ENDS.contains(byte)) {
            self.open = None;
        }
        self.submitted += bytes.iter().filter(|byte| b"\r\n".contains(byte)).count();
    }

    /// Takes note that a command has begun to run: that of a line that was ended before or, where there is none, of the open line,
    /// which another key than Enter has ended.
    pub(in crate::core) fn command_started(&mut self) {
        self.has_run = true;
        match self.submitted.checked_sub(1) {
            Some(left) => self.submitted = left,
            None => self.open = None,
        }
    }

    /// Takes note of the last mark of a prompt, by its offset in the stream, and of the alternate screen.
    pub(in crate::core) fn update(&mut self, prompt: Option<u64>, alt_screen: bool) {
        if std::mem::replace(&mut self.prompt, prompt) != prompt && !std::mem::take(&mut self.has_run) {
            self.submitted = self.submitted.saturating_sub(1);
        }
        if std::mem::replace(&mut self.alt_screen, alt_screen) && !alt_screen {
            self.open = None;
        }
    }

    /// Forgets all that was typed, since it was read or dropped.
    pub(in crate::core) fn forget(&mut self) {
        (self.open, self.submitted) = (None, 0);
    }

    /// Whether the user is typing a line.
    pub(in crate::core) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether a line was ended, for which neither a command nor another prompt has come.
    pub(in crate::core) fn is_submitted(&self) -> bool {
        self.submitted > 0
    }

    /// Whether all that was typed was typed before the prompt numbered `command` came, and some of it is not known to be read: what
    /// has read it may have been the program before.
    pub(in crate::core) fn is_older_than(&self, command: u64) -> bool {
        (self.is_open() || self.is_submitted()) && self.command < command
    }

    /// Whether the line of output that begins at the offset `start` has come since the user's line was opened.
    pub(in crate::core) fn is_before(&self, start: u64) -> bool {
        self.open.is_none_or(|opened| opened.offset <= start)
    }

    /// Whether something was typed while the cursor was on the line of output from the offset `start` to `end`, so that it may
    /// hold the echo.
    pub(in crate::core) fn is_on(&self, start: u64, end: u64) -> bool {
        self.typed_at.iter().any(|at| (start..=end).contains(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::split::at_every_split;

    const AT_PROMPT: TypedPlace = TypedPlace { zone: MarkedZone::Prompt, offset: 5, command: 1 };

    fn typed(pieces: &[&[u8]], place: TypedPlace) -> TypedLine {
        let (mut line, now) = (TypedLine::default(), Instant::now());
        pieces.iter().for_each(|piece| line.keys(now, piece, place));
        line
    }

    #[test]
    fn line_is_open_from_first_text_to_its_end() {
        for (keys, open) in [
            (&b""[..], false),
            (b"l", true),
            (b"ls\r", false),
            (b"ls\n", false),
            (b"ls\x03", false),
            (b"ls\x04", false),
            (b"ls\x15", false),
            (b"ls\rx", true),
            ("\u{e9}".as_bytes(), true),
            (b"\x7f\x08\t", false),
            (b"\x1b[D\x1b[C\x1bOH\x1b[3~", false),
            (b"\x1b[A", true),
            (b"\x12", true),
            (b"\x1b.", true),
            (b"\x1b[200~\x1b[201~", false),
            (b"\x1b[200~a\rb\x1b[201~", true),
            (b"\x1b[200~a\x1b[201~\r", false),
            // The kitty protocol: a, a released, Enter, Ctrl-C.
            (b"\x1b[97u", true),
            (b"\x1b[97;1:3u", false),
            (b"\x1b[97u\x1b[13u", false),
            (b"\x1b[97u\x1b[99;5u", false),
            // Reports of the terminal: focus, cursor, mouse, a colour.
            (b"\x1b[I\x1b[12;40R\x1b[<0;10;20M\x1b[M !!\x1b]11;rgb:0/0/0\x1b\\", false),
        ] {
            let found = at_every_split(keys, |pieces| typed(pieces, TypedPlace::default()).is_open());
            assert_eq!(found, open, "{}", keys.escape_ascii());
        }
    }

    #[test]
    fn escape_key_and_later_enter_close_line() {
        let (mut line, now) = (TypedLine::default(), Instant::now());
        line.keys(now, b"abc\x1b", AT_PROMPT);
        line.keys(now + std::time::Duration::from_secs(1), b"\r", AT_PROMPT);
        assert!(!line.is_open());
    }

    #[test]
    fn command_that_starts_closes_line_of_its_prompt_only() {
        let starts = |keys: &[u8], place: TypedPlace| {
            let mut line = typed(&[keys], place);
            line.command_started();
            line.is_open()
        };
        assert!(!starts(b"ls", AT_PROMPT), "ended by another key than Enter");
        assert!(!starts(b"ls\r", AT_PROMPT));
        assert!(starts(b"ls\rrm", AT_PROMPT), "typed ahead");
        let mut line = typed(&[b"\rls\rrm"], AT_PROMPT);
        line.update(Some(9), false);
        line.command_started();
        assert!(line.is_open() && !line.is_submitted(), "an empty line has no command");
    }

    #[test]
    fn line_of_full_screen_program_ends_with_it() {
        let mut line = TypedLine::default();
        line.update(None, true);
        line.keys(Instant::now(), b"jj", AT_PROMPT);
        assert!(line.is_open());
        line.update(None, false);
        assert!(!line.is_open());
    }

    #[test]
    fn submitted_line_is_answered_by_command_or_prompt() {
        let mut line = typed(&[b"\r"], AT_PROMPT);
        assert!(line.is_submitted());
        line.update(Some(9), false);
        assert!(!line.is_submitted());
        line.sent(b"make\r", AT_PROMPT);
        assert!(line.is_submitted() && !line.is_open());
        line.command_started();
        assert!(!line.is_submitted());
        line.update(Some(20), false);
        assert!(!line.is_submitted(), "the prompt behind the command");
        line.keys(Instant::now(), b"for\rdone\r\x03", AT_PROMPT);
        assert!(!line.is_submitted(), "dropped");
    }

    #[test]
    fn what_is_typed_for_program_is_in_doubt_at_next_prompt() {
        let mut line = typed(&[b"yes\r"], AT_PROMPT);
        assert!(!line.is_older_than(1) && line.is_older_than(2));
        line.forget();
        assert!(!line.is_older_than(2));
    }

    #[test]
    fn places_are_bounded() {
        let mut line = TypedLine::default();
        (0..1000).for_each(|offset| line.sent(b"x", TypedPlace { offset, ..AT_PROMPT }));
        assert!(line.typed_at.len() == PLACES && line.is_on(990, 999) && !line.is_on(0, 900));
    }
}
