//! Search for the hotkey in the keyboard's bytes, independent of how they are cut. Other bytes pass unchanged. Only a
//! possible beginning of the hotkey is held back, for a short time. `encode` does the reverse for keys that clients press.

mod burst;
mod chord;
mod decode;
mod encode;
mod taken;

use std::time::{Duration, Instant};

use burst::{AWAIT, Burst, Verdict};
pub use chord::Chord;
pub(in crate::core) use decode::{Decoder, Key, decoded_key};
pub(in crate::core) use encode::{KeyModes, KeySet, encode_all};
pub(in crate::core) use taken::TakenKeys;

use crate::core::vt::{FocusReports, InputParser, Modes};

/// Maximum time for which a possible beginning is held. A terminal sends the bytes of a key at once.
const HOLD: Duration = Duration::from_millis(50);
/// Maximum length of an encoded key in bytes, alternatives and text included.
const LONGEST: usize = 64;

/// Modes of the terminal that say how keys and pastes are sent.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::core) struct InputModes {
    /// Whether the Escape key sends ESC alone.
    pub(in crate::core) escape_alone: bool,
    /// Whether pastes are bracketed.
    pub(in crate::core) bracketed_paste: bool,
    /// For whom the focus of the window is reported.
    pub(in crate::core) focus_reports: FocusReports,
}

impl InputModes {
    /// Returns those of a terminal with these modes.
    pub(in crate::core) fn of(modes: &Modes) -> Self {
        Self {
            escape_alone: modes.escape_alone(),
            bracketed_paste: modes.bracketed_paste(),
            focus_reports: modes.focus_reports(),
        }
    }
}

/// Searcher for the hotkey and for reports of the focus.
#[derive(Debug)]
pub(in crate::core) struct Keys {
    hotkey: Option<Chord>,
    /// Parser state behind the bytes that have passed.
    input: InputParser,
    /// The possible beginning of a key's sequence: `ESC`, or `ESC [` and more; at most `LONGEST` bytes.
    held: Vec<u8>,
    /// Whether other bytes of the burst came before `held`.
    held_inside: bool,
    /// The hotkey, of which the next read decides whether it is a press.
    open: Option<Vec<u8>>,
    burst: Burst,
    /// Whether the window has the focus, by the last report since `take_focus`.
    focused: Option<bool>,
    /// Time of the last bytes.
    last: Option<Instant>,
}

/// Result of matching a possible beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyMatch {
    Hotkey,
    Beginning,
    /// A whole sequence of another key.
    Key,
    Other,
}

impl Keys {
    /// Creates a searcher for `hotkey`, if there is one.
    pub(in crate::core) fn new(hotkey: Option<Chord>) -> Self {
        let (input, burst) = (InputParser::new(), Burst::default());
        Self { hotkey, input, held: Vec::new(), held_inside: false, open: None, burst, focused: None, last: None }
    }

    /// Takes bytes of one read up to a press of the hotkey, and appends those that pass to `passed`. Returns the number
    /// taken, and the hotkey's bytes if it was pressed. Repeats and releases of the keys in `taken` do not pass, nor do reports
    /// of the focus that coshell alone has asked for.
    ///
    /// No bytes are a read that found none until the deadline.
    pub(in crate::core) fn take(
        &mut self,
        now: Instant,
        bytes: &[u8],
        modes: InputModes,
        taken: &mut TakenKeys,
        passed: &mut Vec<u8>,
    ) -> (usize, Option<Vec<u8>>) {
        let hotkey = self.hotkey;
        if hotkey.is_none() && modes.focus_reports == FocusReports::Off && self.held.is_empty() {
            self.skip(now, bytes);
            passed.extend_from_slice(bytes);
            return (bytes.len(), None);
        }
        if let Some(open) = self.open.take() {
            if hotkey.is_some_and(|hotkey| burst::are_reports(now, hotkey, bytes)) {
                return (0, Some(self.pressed(open, taken)));
            }
            self.pass(&open, taken, passed);
        }
        self.reset_if_stale(now);
        let continues = self.burst.read(now, modes.bracketed_paste);
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if self.held.is_empty() {
                let first = hotkey.map_or(0x1b, Chord::byte);
                let end = memchr::memchr2(first, 0x1b, &bytes[at..]).map_or(bytes.len(), |n| at + n);
                self.pass(&bytes[at..end], taken, passed);
                at = end;
                let Some(&byte) = bytes.get(at) else { break };
                self.held_inside = continues || at > 0;
                at += 1;
                if byte == 0x1b {
                    self.hold(byte, taken, passed);
                } else if let Some(hotkey) = hotkey.filter(|_| self.input.is_between_keys()) {
                    if let Some(pressed) = self.found(now, hotkey, vec![byte], &bytes[at..], taken, passed) {
                        return (at, Some(pressed));
                    }
                } else {
                    self.pass(&[byte], taken, passed);
                }
                continue;
            }
            let mut sequence = self.held.clone();
            sequence.push(byte);
            match matched(hotkey, &sequence) {
                KeyMatch::Beginning => self.held = sequence,
                KeyMatch::Hotkey => {
                    self.held.clear();
                    if let Some(hotkey) = hotkey
                        && let Some(pressed) = self.found(now, hotkey, sequence, &bytes[at + 1..], taken, passed)
                    {
                        return (at + 1, Some(pressed));
                    }
                }
                KeyMatch::Key => {
                    self.held.clear();
                    let is_own = self.note_report(&sequence, modes.focus_reports);
                    if !is_own && !taken.follows(&sequence) {
                        self.pass(&sequence, taken, passed);
                    }
                }
                // The byte may be the beginning of something itself.
                KeyMatch::Other => {
                    self.release(taken, passed);
                    continue;
                }
            }
            at += 1;
        }
        if self.held == [0x1b] && modes.escape_alone {
            self.release(taken, passed);
        }
        (at, None)
    }

    /// Notes a key that is a report of the focus which was asked for. Returns whether coshell alone asked.
    pub(in crate::core) fn note_report(&mut self, key: &[u8], reports: FocusReports) -> bool {
        let focused = match key {
            b"\x1b[I" => true,
            b"\x1b[O" => false,
            _ => return false,
        };
        if reports != FocusReports::Off {
            self.focused = Some(focused);
        }
        reports == FocusReports::Own
    }

    /// Takes what the last report says: whether the window has the focus.
    pub(in crate::core) fn take_focus(&mut self) -> Option<bool> {
        self.focused.take()
    }

    /// Returns when `tick` has something to do.
    pub(in crate::core) fn deadline(&self) -> Option<Instant> {
        let held = self.last.filter(|_| !self.held.is_empty()).map(|at| at + HOLD);
        held.or_else(|| self.last.filter(|_| self.open.is_some()).map(|at| at + AWAIT))
    }

    /// Appends the held bytes to `passed`, if they have been held for long enough. Returns whether the hotkey was pressed,
    /// which `take` then returns.
    pub(in crate::core) fn tick(&mut self, now: Instant, taken: &mut TakenKeys, passed: &mut Vec<u8>) -> bool {
        let due = self.deadline().is_some_and(|at| now >= at);
        if due {
            self.release(taken, passed);
        }
        due && self.open.is_some()
    }

    /// Takes the held bytes, for a reader that searches no hotkey.
    pub(in crate::core) fn take_held(&mut self) -> Vec<u8> {
        let open = self.open.take().unwrap_or_default();
        [open, std::mem::take(&mut self.held)].concat()
    }

    /// Parses bytes that bypass the search.
    pub(in crate::core) fn skip(&mut self, now: Instant, bytes: &[u8]) {
        self.last = Some(now);
        self.input.feed(bytes);
    }

    /// Takes the hotkey, `behind` which the rest of its read stands. Returns it if it was pressed.
    fn found(
        &mut self,
        now: Instant,
        hotkey: Chord,
        spelled: Vec<u8>,
        behind: &[u8],
        taken: &mut TakenKeys,
        passed: &mut Vec<u8>,
    ) -> Option<Vec<u8>> {
        match self.burst.verdict(now, hotkey, self.held_inside, behind) {
            Verdict::Press => return Some(self.pressed(spelled, taken)),
            Verdict::Open => self.open = Some(spelled),
            Verdict::Text => self.pass(&spelled, taken, passed),
        }
        None
    }

    fn pressed(&mut self, spelled: Vec<u8>, taken: &mut TakenKeys) -> Vec<u8> {
        self.burst.end();
        taken.press(&spelled);
        spelled
    }

    /// Resets the parser, if a sequence has been open for too long.
    fn reset_if_stale(&mut self, now: Instant) {
        if self.last.is_some_and(|last| now >= last + self.input.timeout()) {
            self.input = InputParser::new();
        }
        self.last = Some(now);
    }

    fn hold(&mut self, escape: u8, taken: &mut TakenKeys, passed: &mut Vec<u8>) {
        if self.input.escape_begins_key() {
            self.held.push(escape);
        } else {
            self.pass(&[escape], taken, passed);
        }
    }

    fn release(&mut self, taken: &mut TakenKeys, passed: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.held);
        self.pass(&held, taken, passed);
    }

    fn pass(&mut self, bytes: &[u8], taken: &mut TakenKeys, passed: &mut Vec<u8>) {
        taken.pass(bytes);
        self.input.feed(bytes);
        passed.extend_from_slice(bytes);
    }
}

fn matched(hotkey: Option<Chord>, sequence: &[u8]) -> KeyMatch {
    let is_spelled = |body: &[u8], fin| hotkey.is_some_and(|hotkey| hotkey.is_spelled(body, fin));
    match sequence {
        [0x1b, b'['] => KeyMatch::Beginning,
        [0x1b, b'[', body @ .., fin @ (b'u' | b'~')] if is_spelled(body, *fin) => KeyMatch::Hotkey,
        [0x1b, b'[', .., b'0'..=b'9' | b';' | b':'] if sequence.len() < LONGEST => KeyMatch::Beginning,
        [0x1b, b'[', .., b'u' | b'~' | b'A'..=b'Z'] => KeyMatch::Key,
        _ => KeyMatch::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::split::at_every_split;

    const CTRL_BRACKET: &str = "ctrl-]";
    const PAUSE: &str = "pause";

    /// Returns the bytes that pass, with `#` for each press of the hotkey. The reads follow each other at once; `PAUSE`
    /// is a read that finds nothing in time.
    fn passed_bytes(modes: InputModes, reads: &[&[u8]]) -> String {
        let mut now = Instant::now();
        let (mut keys, mut taken) = (Keys::new(CTRL_BRACKET.parse().ok()), TakenKeys::default());
        let mut passed = Vec::new();
        for read in reads.iter().chain([&PAUSE.as_bytes()]) {
            let pause = *read == PAUSE.as_bytes();
            now += if pause { AWAIT } else { Duration::ZERO };
            let pressed = pause && keys.tick(now, &mut taken, &mut passed);
            let mut rest = if pause { &[][..] } else { *read };
            while !rest.is_empty() || pressed {
                let (used, hotkey) = keys.take(now, rest, modes, &mut taken, &mut passed);
                if hotkey.is_some() {
                    passed.push(b'#');
                }
                rest = &rest[used..];
                if pause {
                    break;
                }
            }
        }
        passed.escape_ascii().to_string()
    }

    const PLAIN: InputModes =
        InputModes { escape_alone: false, bracketed_paste: false, focus_reports: FocusReports::Off };
    const BRACKETED: InputModes = InputModes { bracketed_paste: true, ..PLAIN };

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
    fn report_of_focus_is_noted_where_asked_for_and_hidden_where_own_at_every_split() {
        use FocusReports::{Off, Own, Program};
        let table: &[(&str, FocusReports, &str, Option<bool>)] = &[
            ("a\x1b[Ob", Own, "ab", Some(false)),
            ("a\x1b[O\x1b[Ib", Own, "ab", Some(true)),
            ("a\x1b[Ob", Program, "a\x1b[Ob", Some(false)),
            ("a\x1b[Ob", Off, "a\x1b[Ob", None),
            // Longer keys, SS3, and text in a paste.
            ("\x1b[1;2O\x1bO\x1b[OA", Own, "\x1b[1;2O\x1bOA", Some(false)),
            ("\x1b[200~\x1b[O\x1b[201~", Own, "\x1b[200~\x1b[O\x1b[201~", None),
            ("\x1b]11;\x1b[O\x07", Own, "\x1b]11;\x1b[O\x07", None),
        ];
        for (stream, focus_reports, want, focused) in table {
            for hotkey in [None, CTRL_BRACKET.parse().ok()] {
                let modes = InputModes { focus_reports: *focus_reports, ..BRACKETED };
                let passed = at_every_split(stream.as_bytes(), |reads| {
                    let (mut keys, mut taken, mut passed) = (Keys::new(hotkey), TakenKeys::default(), Vec::new());
                    let now = Instant::now();
                    reads.iter().for_each(|read| {
                        assert_eq!(keys.take(now, read, modes, &mut taken, &mut passed).0, read.len())
                    });
                    keys.tick(now + HOLD, &mut taken, &mut passed);
                    (String::from_utf8(passed).expect("ASCII"), keys.take_focus())
                });
                assert_eq!(passed, ((*want).to_owned(), *focused), "{stream:?} {focus_reports:?} {hotkey:?}");
            }
        }
    }

    #[test]
    fn hotkey_outside_brackets_is_press_at_every_split() {
        for (bytes, expected) in STREAMS {
            let passed = at_every_split(bytes.as_bytes(), |reads| passed_bytes(BRACKETED, reads));
            assert_eq!(passed, expected, "{bytes:?}");
        }
    }

    #[test]
    fn hotkey_in_unbracketed_text_passes_at_every_split() {
        for text in [
            "a line\x1drtouch f\rand another\r",
            "a\x1b[93;5urtouch f\r",
            "a\x1b[27;5;93~r",
            "a\x1d\x1d\x1d\x1drtouch f\r",
            "a\x1b[3;1:3u\x1d\x1b[93;5:3ur",
        ] {
            let passed = at_every_split(text.as_bytes(), |reads| passed_bytes(PLAIN, reads));
            assert_eq!(passed, text.as_bytes().escape_ascii().to_string());
        }
    }

    #[test]
    fn unbracketed_hotkey_is_press_where_it_stands_alone() {
        for (reads, expected) in [
            (&["\x1d"][..], "#"),
            (&["\x1b[93;5u"], "#"),
            (&["\x1d", "r"], "#r"),
            (&["\x1dr"], "\\x1dr"),
            (&["\x1d\x1b[A"], "\\x1d\\x1b[A"),
            (&["\x1d\x1b[200~x\x1b[201~"], "\\x1d\\x1b[200~x\\x1b[201~"),
            // More presses, releases and reports of the terminal are no text.
            (&["\x1d\x1d"], "##"),
            (&["\x1b[93;5u\x1b[93;5:3u"], "#"),
            (&["\x1b[93;5u\x1b[93;5:3ur"], "\\x1b[93;5u\\x1b[93;5:3ur"),
            (&["\x1d\x1b[<35;1;1M\x1b[I"], "#\\x1b[<35;1;1M\\x1b[I"),
            // At the end of a burst it is a press once nothing follows.
            (&["ls\x1d"], "ls#"),
            (&["ls\x1d", PAUSE, "r"], "ls#r"),
            (&["ls\x1d", "r"], "ls\\x1dr"),
            (&["ls", "\x1d", "r"], "ls\\x1dr"),
            (&["ls", PAUSE, "\x1d", "r"], "ls#r"),
            (&["ls\x1b[93;5u", "\x1b[93;5:3u"], "ls#"),
            (&["ls\x1d", "\x1d"], "ls\\x1d#"),
            (&["ls\x1b", "[93;5", "u", "r"], "ls\\x1b[93;5ur"),
            (&["\x1b", "[93;5", "u", "r"], "#r"),
        ] {
            let bytes: Vec<&[u8]> = reads.iter().map(|read| read.as_bytes()).collect();
            assert_eq!(passed_bytes(PLAIN, &bytes), expected, "{reads:?}");
        }
    }

    #[test]
    fn paste_begun_before_brackets_were_on_is_text() {
        let (now, mut passed) = (Instant::now(), Vec::new());
        let (mut keys, mut taken) = (Keys::new(CTRL_BRACKET.parse().ok()), TakenKeys::default());
        keys.take(now, b"a line", PLAIN, &mut taken, &mut passed);
        let (_, pressed) = keys.take(now, b"\x1drtouch f\r", BRACKETED, &mut taken, &mut passed);
        assert_eq!((pressed, &passed[..]), (None, &b"a line\x1drtouch f\r"[..]));
        let later = now + Duration::from_millis(30);
        assert!(keys.take(later, b"\x1dr", BRACKETED, &mut taken, &mut passed).1.is_some());
    }

    #[test]
    fn release_of_hotkey_passes_at_every_split_only_where_its_press_did() {
        for (bytes, expected) in [
            ("\x1b[93;5u\x1b[93;5:2u\x1b[93;5:3ux", "#x"),
            ("\x1b[93;5:3ux", "\\x1b[93;5:3ux"),
            ("\x1b[93;5u\x1b[120;1:3u", "#\\x1b[120;1:3u"),
            ("\x1b[93;5u\x1b[93u\x1b[93;1:3u", "#\\x1b[93u\\x1b[93;1:3u"),
            ("\x1b[93;5u]\x1b[93;1:3u", "#]\\x1b[93;1:3u"),
        ] {
            let passed = at_every_split(bytes.as_bytes(), |reads| passed_bytes(BRACKETED, reads));
            assert_eq!(passed, expected, "{bytes:?}");
        }
    }

    #[test]
    fn lone_escape_passes_at_once_where_escape_key_sends_it() {
        let modes = InputModes { escape_alone: true, ..BRACKETED };
        for (bytes, expected) in STREAMS {
            assert_eq!(passed_bytes(modes, &[bytes.as_bytes()]), expected, "{bytes:?}");
        }
        let (now, mut keys, mut taken) = (Instant::now(), Keys::new(CTRL_BRACKET.parse().ok()), TakenKeys::default());
        let mut passed = Vec::new();
        keys.take(now, b"a\x1b", modes, &mut taken, &mut passed);
        assert_eq!((&passed[..], keys.deadline()), (&b"a\x1b"[..], None));
        keys.take(now, b"[93;5u", modes, &mut taken, &mut passed);
        assert_eq!(passed, b"a\x1b[93;5u", "it came too late, and passes whole");
    }

    #[test]
    fn beginning_is_held_for_50_ms() {
        let (now, mut keys, mut taken) = (Instant::now(), Keys::new(CTRL_BRACKET.parse().ok()), TakenKeys::default());
        let mut passed = Vec::new();
        keys.take(now, b"\x1b[9", InputModes { escape_alone: true, ..PLAIN }, &mut taken, &mut passed);
        assert_eq!((&passed[..], keys.deadline()), (&b""[..], Some(now + HOLD)));
        assert!(!keys.tick(now + HOLD, &mut taken, &mut passed));
        assert_eq!((&passed[..], keys.deadline()), (&b"\x1b[9"[..], None));
    }

    #[test]
    fn unterminated_sequence_hides_hotkey_for_limited_time() {
        let (now, mut keys, mut taken) = (Instant::now(), Keys::new(CTRL_BRACKET.parse().ok()), TakenKeys::default());
        let mut passed = Vec::new();
        // Alt-] looks like the beginning of an OSC.
        keys.take(now, b"\x1b]", PLAIN, &mut taken, &mut passed);
        assert_eq!(keys.take(now, b"\x1d", PLAIN, &mut taken, &mut passed).1, None);
        let later = now + keys.input.timeout();
        assert!(keys.take(later, b"\x1d", PLAIN, &mut taken, &mut passed).1.is_some());
    }

    #[test]
    fn without_hotkey_everything_passes() {
        let mut passed = Vec::new();
        let taken = Keys::new(None).take(Instant::now(), b"\x1d\x1b", PLAIN, &mut TakenKeys::default(), &mut passed);
        assert_eq!((taken, &passed[..]), ((2, None), &b"\x1d\x1b"[..]));
    }
}
