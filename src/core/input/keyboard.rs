//! What the keyboard's bytes do: typed into the shell, kept from it while a silent coprocess runs, or turned into a
//! signal where they would wait behind a full pty.

use std::time::{Duration, Instant};

use super::keys::{Chord, Keys};
use super::pty_input::PtyInput;
use crate::core::event::{Cx, Effect};

/// How long a byte that is to become a signal may wait in the queue towards the pty.
const SIGNAL_WITHIN: Duration = Duration::from_millis(50);
/// The end-of-file character is typed again at growing distances while the shell lives: one that arrives between two
/// readers is lost, since end of input is a state and the character an event.
const AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// What the keyboard does while a silent coprocess runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SilentKeys {
    /// Nothing but Ctrl-C, which stops the coprocess.
    #[default]
    Lock,
    /// What it does otherwise.
    Pass,
}

/// How the end of redirected input is being typed.
#[derive(Clone, Copy, Debug)]
struct EndOfInput {
    at: Instant,
    again: Duration,
}

/// The keyboard, or redirected input in its place.
#[derive(Debug)]
pub(in crate::core) struct Keyboard {
    keys: Keys,
    silent_keys: SilentKeys,
    /// The characters that the line discipline makes signals of.
    signals: [u8; 3],
    /// A byte that is to become a signal, and when it is overdue.
    pending_signal: Option<(u8, Instant)>,
    end_of_input: Option<EndOfInput>,
}

/// What has become of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum KeysTyped {
    /// The keys go to the shell, or are locked out.
    Done,
    /// Ctrl-C, while a silent coprocess has the keyboard locked: it is to be stopped.
    StopCoproc,
}

impl Keyboard {
    /// Creates a keyboard with this hotkey; `signals` are the pty's VINTR, VQUIT and VSUSP.
    pub(in crate::core) fn new(hotkey: Option<Chord>, silent_keys: SilentKeys, signals: [u8; 3]) -> Self {
        Self { keys: Keys::new(hotkey), silent_keys, signals, pending_signal: None, end_of_input: None }
    }

    /// Whether keys are locked out while a silent coprocess runs.
    pub(in crate::core) fn locks(&self) -> bool {
        self.silent_keys == SilentKeys::Lock
    }

    /// Takes bytes up to the hotkey. Returns how many, what of them is to be typed, and the hotkey's own bytes if it came.
    /// `escape_alone` is whether the Escape key sends an ESC and nothing more.
    pub(in crate::core) fn take(
        &mut self,
        now: Instant,
        bytes: &[u8],
        escape_alone: bool,
    ) -> (usize, Vec<u8>, Option<Vec<u8>>) {
        let mut passed = Vec::new();
        let (used, hotkey) = self.keys.take(now, bytes, escape_alone, &mut passed);
        (used, passed, hotkey)
    }

    /// Notes bytes that bypass the search for the hotkey.
    pub(in crate::core) fn skip(&mut self, now: Instant, bytes: &[u8]) {
        self.keys.skip(now, bytes);
    }

    /// Types bytes into the shell, or locks them out where a silent coprocess runs.
    pub(in crate::core) fn type_keys(
        &mut self,
        now: Instant,
        bytes: &[u8],
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
        }
        KeysTyped::Done
    }

    /// Everything that waited for the pty has been written.
    pub(in crate::core) fn pty_took_all(&mut self) {
        self.pending_signal = None;
    }

    /// Redirected input has ended.
    pub(in crate::core) fn ended(&mut self, now: Instant) {
        self.end_of_input = Some(EndOfInput { at: now, again: AGAIN.0 });
    }

    /// Does what is due by now; `pty_reads` is whether everything typed has been written and the shell lives. Returns
    /// what was held back as a possible beginning of the hotkey and is to be typed.
    pub(in crate::core) fn tick(&mut self, cx: &mut Cx<'_>, pty_reads: bool) -> Vec<u8> {
        if let Some((byte, _)) = self.pending_signal.take_if(|(_, at)| cx.now >= *at) {
            cx.push(Effect::Interrupt(byte));
        }
        if let Some(end) = self.end_of_input.as_mut().filter(|end| cx.now >= end.at) {
            *end = EndOfInput { at: cx.now + end.again, again: (end.again * 2).min(AGAIN.1) };
            if pty_reads {
                cx.push(Effect::EndInput);
            }
        }
        let mut passed = Vec::new();
        self.keys.tick(cx.now, &mut passed);
        passed
    }

    /// Returns when `tick` has something to do.
    pub(in crate::core) fn deadline(&self) -> Option<Instant> {
        let signal = self.pending_signal.map(|(_, at)| at);
        [signal, self.end_of_input.map(|end| end.at), self.keys.deadline()].into_iter().flatten().min()
    }
}

/// Ctrl-C as a terminal sends it: plain, or as the kitty protocol and modifyOtherKeys spell it.
fn is_ctrl_c(bytes: &[u8]) -> bool {
    bytes.contains(&0x03)
        || [&b"\x1b[99;5u"[..], b"\x1b[27;5;99~"].iter().any(|key| memchr::memmem::find(bytes, key).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ctrl_c_has_three_spellings() {
        assert!(is_ctrl_c(b"\x03") && is_ctrl_c(b"\x1b[99;5u") && is_ctrl_c(b"x\x1b[27;5;99~"));
        assert!(!is_ctrl_c(b"c") && !is_ctrl_c(b"\x1b[99;6u"));
    }
}
