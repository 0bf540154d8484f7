//! Tells a press of the hotkey from pasted text that contains it. Where bracketed paste is on (DEC private mode 2004), the
//! brackets tell. Elsewhere only the times tell: the bytes of a paste come in a *burst*, presses come one by one.
//!
//! The hotkey is a press if it begins a burst and nothing that types stands behind it in the same read. Inside a burst it
//! is text. At the end of a read inside a burst the next read decides: after [`AWAIT`] without a byte it is a press.
//!
//! One paste is taken for a press: a paste that begins with the hotkey, of which the first read holds the hotkey alone, as
//! on a serial line. Two keys that are pressed fast look the same.

use std::time::{Duration, Instant};

use super::chord::Chord;
use super::decode::{Decoder, Key};
use super::taken::TakenKeys;

/// Longest time between two reads of one burst: the pieces of a paste follow each other at once, keys of a fast typist
/// after 30 ms.
const BURST_GAP: Duration = Duration::from_millis(5);
/// Time for which the hotkey at the end of a burst waits for the rest of a paste, which a busy terminal or a slow link may
/// delay.
pub(super) const AWAIT: Duration = Duration::from_millis(50);

/// What the hotkey is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Press,
    Text,
    /// The next read decides.
    Open,
}

/// Bytes that came together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Burst {
    /// Time of the last read.
    last: Option<Instant>,
    /// Whether pastes have been bracketed since the burst began.
    bracketed: bool,
}

impl Burst {
    /// Notes a read of the keyboard; `bracketed` is whether bracketed paste is on. Returns whether the read continues the
    /// burst.
    pub(super) fn read(&mut self, now: Instant, bracketed: bool) -> bool {
        let continues = self.last.is_some_and(|last| now < last + BURST_GAP);
        // A paste that began before a program turned bracketed paste on has no brackets.
        self.bracketed = bracketed && (self.bracketed || !continues);
        self.last = Some(now);
        continues
    }

    /// Ends the burst: what comes next is pressed.
    pub(super) fn end(&mut self) {
        self.last = None;
    }

    /// Returns what the hotkey is outside of brackets; `inside` is whether other bytes of the burst came before it, `behind`
    /// is the rest of its read.
    pub(super) fn verdict(&self, now: Instant, hotkey: Chord, inside: bool, behind: &[u8]) -> Verdict {
        match (inside, behind) {
            _ if self.bracketed => Verdict::Press,
            (false, behind) if types_nothing(now, hotkey, behind) => Verdict::Press,
            (true, []) => Verdict::Open,
            _ => Verdict::Text,
        }
    }
}

/// Whether the bytes are presses of the hotkey, releases of keys and reports of the terminal only, which type nothing.
fn types_nothing(now: Instant, hotkey: Chord, bytes: &[u8]) -> bool {
    consists_of(now, hotkey, bytes, |key| matches!(key, Key::Hotkey(_)))
}

/// Whether the bytes are releases of keys and reports of the terminal only, which no paste ends with.
pub(super) fn are_reports(now: Instant, hotkey: Chord, bytes: &[u8]) -> bool {
    consists_of(now, hotkey, bytes, |_| false)
}

/// Whether the bytes are releases, reports and `other` keys.
fn consists_of(now: Instant, hotkey: Chord, bytes: &[u8], other: impl Fn(&Key) -> bool) -> bool {
    let (mut decoder, mut taken) = (Decoder::new(Some(hotkey)), TakenKeys::default());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (used, key) = decoder.take(now, rest, &mut taken);
        let is_report = match &key {
            Some(Key::Answer(_)) => true,
            Some(Key::Other) => rest[0] == 0x1b,
            Some(key) => other(key),
            None => false,
        };
        if !is_report {
            return false;
        }
        rest = &rest[used..];
    }
    true
}
