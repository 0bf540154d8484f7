//! What the keyboard's bytes do: typed into the shell, kept from it while a silent coprocess runs, or turned
//! into a signal where they would wait behind a full pty.

use std::time::{Duration, Instant};

use crate::core::coproc::{Coproc, StopReason};
use crate::core::{Core, Effect, SilentKeys};

/// A byte that is to become a signal is overdue in the pty's queue after this long.
const OVERDUE: Duration = Duration::from_millis(50);
/// End of input is a state: its character is typed again at growing distances while the shell lives, since one
/// that arrives between two readers is lost.
const AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// How the end of redirected input is being typed.
#[derive(Clone, Copy, Debug)]
pub(in crate::core) struct EndOfInput {
    pub(in crate::core) at: Instant,
    again: Duration,
}

impl EndOfInput {
    /// It has come.
    pub(in crate::core) fn new(now: Instant) -> Self {
        Self { at: now, again: AGAIN.0 }
    }
}

impl Core {
    /// The user typed this to the shell, or redirected input came.
    pub(in crate::core) fn typed(&mut self, now: Instant, bytes: &[u8], out: &mut Vec<Effect>) {
        if self.coproc.as_ref().is_some_and(Coproc::is_silent) && self.settings.silent_keys == SilentKeys::Lock {
            if is_ctrl_c(bytes)
                && let Some(coproc) = &mut self.coproc
            {
                coproc.process.stop(now, StopReason::User, out);
            }
            return;
        }
        if bytes.is_empty() {
            return;
        }
        let signal = bytes.iter().rev().find(|byte| self.settings.signals.contains(byte));
        if let Some(&byte) = signal {
            self.pending_signal = Some((byte, now + OVERDUE));
        }
        self.pty_input.key(now, bytes);
    }

    /// The signal that a waiting byte stands for was sent, or the byte is none to this program.
    pub(in crate::core) fn interrupted(&mut self, now: Instant, byte: u8, sent: bool) {
        if sent {
            self.pty_input.interrupt(now, byte);
        }
    }

    /// Does what the keyboard is late with.
    pub(in crate::core) fn tick_keys(&mut self, now: Instant, out: &mut Vec<Effect>) {
        if let Some((byte, at)) = self.pending_signal
            && now >= at
        {
            self.pending_signal = None;
            out.push(Effect::Interrupt(byte));
        }
        let due = self.pty_input.is_empty() && !self.session.shell_is_gone();
        if let Some(end) = &mut self.end_of_input
            && now >= end.at
        {
            *end = EndOfInput { at: now + end.again, again: (end.again * 2).min(AGAIN.1) };
            if due {
                out.push(Effect::EndInput);
            }
        }
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
