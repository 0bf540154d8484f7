//! The keyboard: its bytes are typed into the shell, locked out while a silent coprocess runs, or turned into a signal
//! where they would wait behind a full pty.

use std::time::{Duration, Instant};

use super::keys::{Chord, InputModes, Keys, TakenKeys};
use super::pty_input::PtyInput;
use super::typed_line::{TypedLine, TypedPlace};
use crate::core::event::{Cx, Effect};
use crate::core::vt::Modes;

/// Time for which a signal character waits in the queue to the pty before the host sends its signal.
const SIGNAL_WITHIN: Duration = Duration::from_millis(50);
/// First and last interval at which the end-of-file character is typed again while the shell lives. Between two readers
/// the character is lost, since it ends one read(2) only.
const EOF_INTERVALS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// Function of the keyboard while a silent coprocess runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SilentKeys {
    /// Keys are locked out, except that Ctrl-C stops the coprocess.
    #[default]
    Lock,
    /// Keys are typed into the shell as always.
    Pass,
}

/// Timer for typing the end-of-file character of redirected input.
#[derive(Clone, Copy, Debug)]
pub(in crate::core) struct EndOfInput {
    at: Instant,
    interval: Duration,
}

impl EndOfInput {
    /// Starts the timer, which is due at once.
    pub(in crate::core) fn new(now: Instant) -> Self {
        Self { at: now, interval: EOF_INTERVALS.0 }
    }

    /// Returns whether the character is due, and if so starts the next, longer interval.
    pub(in crate::core) fn take_due(&mut self, now: Instant) -> bool {
        let due = now >= self.at;
        if due {
            *self = Self { at: now + self.interval, interval: (self.interval * 2).min(EOF_INTERVALS.1) };
        }
        due
    }

    /// Returns when the character is due.
    pub(in crate::core) fn at(&self) -> Instant {
        self.at
    }
}

/// The keyboard, or redirected input in its place.
#[derive(Debug)]
pub(in crate::core) struct Keyboard {
    keys: Keys,
    silent_keys: SilentKeys,
    /// The signal characters VINTR, VQUIT and VSUSP of the line discipline.
    signals: [u8; 3],
    /// A signal character in the queue to the pty, and when the host sends its signal.
    pending_signal: Option<(u8, Instant)>,
    end_of_input: Option<EndOfInput>,
    /// Whether the window of the terminal has the focus, as far as it reports that. It has it at the start, when the user
    /// has typed the command.
    is_focused: bool,
    /// The line that the user is typing.
    pub(in crate::core) line: TypedLine,
}

/// Result of typing keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum KeysTyped {
    /// The keys were typed or locked out.
    Done,
    /// Ctrl-C was pressed while the keyboard is locked: the coprocess is to be stopped.
    StopCoproc,
}

impl Keyboard {
    /// Creates a keyboard with this hotkey; `signals` are the pty's VINTR, VQUIT and VSUSP.
    pub(in crate::core) fn new(hotkey: Option<Chord>, silent_keys: SilentKeys, signals: [u8; 3]) -> Self {
        Self {
            keys: Keys::new(hotkey),
            silent_keys,
            signals,
            pending_signal: None,
            end_of_input: None,
            is_focused: true,
            line: TypedLine::default(),
        }
    }

    /// Changes the function of the keyboard while a silent coprocess runs.
    pub(in crate::core) fn set_silent_keys(&mut self, silent_keys: SilentKeys) {
        self.silent_keys = silent_keys;
    }

    /// Whether keys are locked out while a silent coprocess runs.
    pub(in crate::core) fn locks(&self) -> bool {
        self.silent_keys == SilentKeys::Lock
    }

    /// Takes bytes of one read up to a press of the hotkey; no bytes where `tick` says that it was pressed. Returns their
    /// number, the bytes to type, and the hotkey's own bytes if it was pressed.
    pub(in crate::core) fn take(
        &mut self,
        now: Instant,
        bytes: &[u8],
        modes: InputModes,
        taken: &mut TakenKeys,
    ) -> (usize, Vec<u8>, Option<Vec<u8>>) {
        let mut passed = Vec::new();
        let (used, hotkey) = self.keys.take(now, bytes, modes, taken, &mut passed);
        (used, passed, hotkey)
    }

    /// Notes a whole key that bypasses the search for the hotkey. Returns what of it is to be typed: nothing of a report that
    /// coshell alone has asked for.
    pub(in crate::core) fn skip<'a>(&mut self, now: Instant, key: &'a [u8], modes: &Modes) -> &'a [u8] {
        let is_own = self.keys.note_report(key, modes.focus_reports());
        self.keys.skip(now, key);
        if is_own { &[] } else { key }
    }

    /// Whether the window of the terminal has the focus.
    pub(in crate::core) fn is_focused(&self) -> bool {
        self.is_focused
    }

    /// Sets whether the window has the focus, as if it had been reported.
    pub(in crate::core) fn assume_focus(&mut self, is_focused: bool) {
        self.is_focused = is_focused;
    }

    /// Returns whether the window has the focus, where a report says that this has changed.
    pub(in crate::core) fn take_focus_change(&mut self) -> Option<bool> {
        let focused = self.keys.take_focus().filter(|&focused| focused != self.is_focused)?;
        self.is_focused = focused;
        Some(focused)
    }

    /// Types bytes into the shell at `place`, or locks them out where a silent coprocess runs.
    pub(in crate::core) fn type_keys(
        &mut self,
        now: Instant,
        bytes: &[u8],
        place: TypedPlace,
        silent: bool,
        pty: &mut PtyInput,
    ) -> KeysTyped {
        if silent && self.locks() {
            return if is_ctrl_c(bytes) { KeysTyped::StopCoproc } else { KeysTyped::Done };
        }
        if !bytes.is_empty() {
            if let Some(&byte) = bytes.iter().rev().find(|byte| self.signals.contains(byte)) {
                self.pending_signal = Some((byte, now + SIGNAL_WITHIN));
            }
            pty.key(now, bytes);
            self.line.keys(now, bytes, place);
        }
        KeysTyped::Done
    }

    /// Cancels the pending signal, because the pty has taken all bytes.
    pub(in crate::core) fn pty_took_all(&mut self) {
        self.pending_signal = None;
    }

    /// Starts typing the end-of-file character, because redirected input has ended.
    pub(in crate::core) fn ended(&mut self, now: Instant) {
        self.end_of_input = Some(EndOfInput::new(now));
    }

    /// Returns the timer for the end-of-file character, if redirected input has ended.
    pub(in crate::core) fn end_of_input(&self) -> Option<EndOfInput> {
        self.end_of_input
    }

    /// Takes the bytes that are held back: the possible beginning of the hotkey, or the hotkey that may be pasted.
    pub(in crate::core) fn held(&mut self) -> Vec<u8> {
        self.keys.take_held()
    }

    /// Does what is due by now; `pty_reads` is whether everything typed has been written and the shell lives. Returns bytes
    /// to type that were held back as the possible beginning of the hotkey, and whether the hotkey was pressed.
    pub(in crate::core) fn tick(&mut self, cx: &mut Cx<'_>, pty_reads: bool, taken: &mut TakenKeys) -> (Vec<u8>, bool) {
        if let Some((byte, _)) = self.pending_signal.take_if(|(_, at)| cx.now >= *at) {
            cx.push(Effect::Interrupt(byte));
        }
        if self.end_of_input.as_mut().is_some_and(|end| end.take_due(cx.now)) && pty_reads {
            cx.push(Effect::EndInput);
        }
        let mut passed = Vec::new();
        let pressed = self.keys.tick(cx.now, taken, &mut passed);
        (passed, pressed)
    }

    /// Returns when `tick` has something to do.
    pub(in crate::core) fn deadline(&self) -> Option<Instant> {
        let signal = self.pending_signal.map(|(_, at)| at);
        [signal, self.end_of_input.map(|end| end.at), self.keys.deadline()].into_iter().flatten().min()
    }
}

/// Whether the bytes contain Ctrl-C: plain, or as the kitty protocol and modifyOtherKeys encode it.
pub(in crate::core) fn is_ctrl_c(bytes: &[u8]) -> bool {
    bytes.contains(&0x03)
        || [&b"\x1b[99;5u"[..], b"\x1b[27;5;99~"].iter().any(|key| memchr::memmem::find(bytes, key).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ctrl_c_has_three_encodings() {
        assert!(is_ctrl_c(b"\x03") && is_ctrl_c(b"\x1b[99;5u") && is_ctrl_c(b"x\x1b[27;5;99~"));
        assert!(!is_ctrl_c(b"c") && !is_ctrl_c(b"\x1b[99;6u"));
    }
}
