//! Search for the hotkey in the keyboard's bytes, independent of how they are cut. Other bytes pass unchanged. Only a
//! possible beginning of the hotkey is held back, for a short time.

mod chord;
mod decode;

use std::time::{Duration, Instant};

pub use chord::Chord;
pub(in crate::core) use decode::{Decoder, Key};

use crate::core::vt::InputParser;

/// Maximum time for which a possible beginning is held. A terminal sends the bytes of a key at once.
const HOLD: Duration = Duration::from_millis(50);
/// Maximum length of an encoded key in bytes, alternatives and text included.
const LONGEST: usize = 64;

/// Searcher for the hotkey.
#[derive(Debug)]
pub(in crate::core) struct Keys {
    hotkey: Option<Chord>,
    /// Parser state behind the bytes that have passed.
    input: InputParser,
    /// The possible beginning of the hotkey: `ESC`, or `ESC [` and more; at most `LONGEST` bytes.
    held: Vec<u8>,
    /// Time of the last bytes.
    last: Option<Instant>,
}

/// Result of matching a possible beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HotkeyMatch {
    Hotkey,
    Beginning,
    Other,
}

impl Keys {
    /// Creates a searcher for `hotkey`; without one, all bytes pass.
    pub(in crate::core) fn new(hotkey: Option<Chord>) -> Self {
        Self { hotkey, input: InputParser::new(), held: Vec::new(), last: None }
    }

    /// Takes bytes of the terminal up to the hotkey, and appends those that pass to `passed`. Returns the number taken, and
    /// the hotkey's bytes if it came. `escape_alone` is whether the Escape key sends ESC alone.
    pub(in crate::core) fn take(
        &mut self,
        now: Instant,
        bytes: &[u8],
        escape_alone: bool,
        passed: &mut Vec<u8>,
    ) -> (usize, Option<Vec<u8>>) {
        let Some(hotkey) = self.hotkey else {
            passed.extend_from_slice(bytes);
            return (bytes.len(), None);
        };
        self.reset_if_stale(now);
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if self.held.is_empty() {
                let end = memchr::memchr2(hotkey.byte(), 0x1b, &bytes[at..]).map_or(bytes.len(), |n| at + n);
                self.pass(&bytes[at..end], passed);
                at = end;
                let Some(&byte) = bytes.get(at) else { break };
                at += 1;
                if byte == 0x1b {
                    self.hold(byte, passed);
                } else if self.input.is_between_keys() {
                    return (at, Some(vec![byte]));
                } else {
                    self.pass(&[byte], passed);
                }
                continue;
            }
            let mut sequence = self.held.clone();
            sequence.push(byte);
            match matched(hotkey, &sequence) {
                HotkeyMatch::Beginning => self.held = sequence,
                HotkeyMatch::Hotkey => {
                    self.held.clear();
                    return (at + 1, Some(sequence));
                }
                // The byte may be the beginning of something itself.
                HotkeyMatch::Other => {
                    self.release(passed);
                    continue;
                }
            }
            at += 1;
        }
        if self.held == [0x1b] && escape_alone {
            self.release(passed);
        }
        (at, None)
    }

    /// Returns when `tick` has something to do.
    pub(in crate::core) fn deadline(&self) -> Option<Instant> {
        self.last.filter(|_| !self.held.is_empty()).map(|at| at + HOLD)
    }

    /// Appends the held bytes to `passed`, if they have been held for long enough.
    pub(in crate::core) fn tick(&mut self, now: Instant, passed: &mut Vec<u8>) {
        if self.deadline().is_some_and(|at| now >= at) {
            self.release(passed);
        }
    }

    /// Parses bytes that bypass the search.
    pub(in crate::core) fn skip(&mut self, now: Instant, bytes: &[u8]) {
        self.last = Some(now);
        self.input.feed(bytes);
    }

    /// Resets the parser, if a sequence has been open for too long.
    fn reset_if_stale(&mut self, now: Instant) {
        if self.last.is_some_and(|last| now >= last + self.input.timeout()) {
            self.input = InputParser::new();
        }
        self.last = Some(now);
    }

    fn hold(&mut self, escape: u8, passed: &mut Vec<u8>) {
        if self.input.escape_begins_key() {
            self.held.push(escape);
        } else {
            self.pass(&[escape], passed);
        }
    }

    fn release(&mut self, passed: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.held);
        self.pass(&held, passed);
    }

    fn pass(&mut self, bytes: &[u8], passed: &mut Vec<u8>) {
        self.input.feed(bytes);
        passed.extend_from_slice(bytes);
    }
}

fn matched(hotkey: Chord, sequence: &[u8]) -> HotkeyMatch {
    match sequence {
        [0x1b, b'['] => HotkeyMatch::Beginning,
        [0x1b, b'[', body @ .., fin @ (b'u' | b'~')] if hotkey.is_spelled(body, *fin) => HotkeyMatch::Hotkey,
        [0x1b, b'[', .., b'0'..=b'9' | b';' | b':'] if sequence.len() < LONGEST => HotkeyMatch::Beginning,
        _ => HotkeyMatch::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::split::at_every_split;

    /// Returns the bytes that pass, with `#` for each hotkey.
    fn passed_bytes(escape_alone: bool, pieces: &[&[u8]]) -> String {
        let now = Instant::now();
        let mut keys = Keys::new("ctrl-]".parse().ok());
        let mut passed = Vec::new();
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() {
                let (used, hotkey) = keys.take(now, rest, escape_alone, &mut passed);
                if hotkey.is_some() {
                    passed.push(b'#');
                }
                rest = &rest[used..];
            }
        }
        keys.tick(now + HOLD, &mut passed);
        passed.escape_ascii().to_string()
    }

    const STREAMS: [(&str, &str); 15] = [
        ("ls\r", "ls\\r"),
        ("a\x1db", "a#b"),
        ("\x1d\x1d", "##"),
        ("a\x1b[93;5ub\x1b[27;5;93~c", "a#b#c"),
        ("\x1b[93:125:93;69:1u", "#"),
        ("\x1b[93;5:3u", "\\x1b[93;5:3u"),
        ("\x1b[A\x1bOA\x1b[1;5C\x1b[3~", "\\x1b[A\\x1bOA\\x1b[1;5C\\x1b[3~"),
        ("\x1b[200~\x1d\x1b[93;5u\x1b[201~\x1d", "\\x1b[200~\\x1d\\x1b[93;5u\\x1b[201~#"),
        ("\x1b]11;\x1d\x1b\\\x1d", "\\x1b]11;\\x1d\\x1b\\\\#"),
        ("\x1b\x1d", "\\x1b\\x1d"),
        ("\x1b\x1b[93;5u", "\\x1b#"),
        ("\x1b[93\x1b[93;5u", "\\x1b[93#"),
        ("\x1b[\x1d", "\\x1b[\\x1d"),
        ("\u{e9}\x1d", "\\xc3\\xa9#"),
        ("\x1b[M !\x1d\x1d", "\\x1b[M !\\x1d#"),
    ];

    #[test]
    fn hotkey_is_found_and_other_bytes_pass_at_every_split() {
        for (bytes, expected) in STREAMS {
            assert_eq!(at_every_split(bytes.as_bytes(), |pieces| passed_bytes(false, pieces)), expected, "{bytes:?}");
        }
    }

    #[test]
    fn lone_escape_passes_at_once_where_escape_key_sends_it() {
        for (bytes, expected) in STREAMS {
            assert_eq!(passed_bytes(true, &[bytes.as_bytes()]), expected, "{bytes:?}");
        }
        let (now, mut keys) = (Instant::now(), Keys::new("ctrl-]".parse().ok()));
        let mut passed = Vec::new();
        keys.take(now, b"a\x1b", true, &mut passed);
        assert_eq!((&passed[..], keys.deadline()), (&b"a\x1b"[..], None));
        keys.take(now, b"[93;5u", true, &mut passed);
        assert_eq!(passed, b"a\x1b[93;5u", "it came too late, and passes whole");
    }

    #[test]
    fn beginning_is_held_for_50_ms() {
        let (now, mut keys) = (Instant::now(), Keys::new("ctrl-]".parse().ok()));
        let mut passed = Vec::new();
        keys.take(now, b"\x1b[9", true, &mut passed);
        assert_eq!((&passed[..], keys.deadline()), (&b""[..], Some(now + HOLD)));
        keys.tick(now + HOLD, &mut passed);
        assert_eq!((&passed[..], keys.deadline()), (&b"\x1b[9"[..], None));
    }

    #[test]
    fn unterminated_sequence_hides_hotkey_for_limited_time() {
        let (now, mut keys) = (Instant::now(), Keys::new("ctrl-]".parse().ok()));
        let mut passed = Vec::new();
        // Alt-] looks like the beginning of an OSC.
        keys.take(now, b"\x1b]", true, &mut passed);
        assert_eq!(keys.take(now, b"\x1d", true, &mut passed).1, None);
        let later = now + keys.input.timeout();
        assert!(keys.take(later, b"\x1d", true, &mut passed).1.is_some());
    }

    #[test]
    fn without_hotkey_everything_passes() {
        let mut passed = Vec::new();
        let taken = Keys::new(None).take(Instant::now(), b"\x1d\x1b", false, &mut passed);
        assert_eq!((taken, &passed[..]), ((2, None), &b"\x1d\x1b"[..]));
    }
}
