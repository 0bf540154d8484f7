//! Job control of coshell itself: it stops when a shell or its own command wants it to, waits in the background until it has
//! the terminal, and looks at the signals that end it before and after each stop.

use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use super::Host;
use super::terminal::OuterTerminal;
use crate::core::Suspension;
use crate::sys::signals::{SignalEvent, Signals, Stop};
use crate::sys::tty;
use crate::types::Source;

/// Stops the process group as long as it is in the background of the terminal that it needs, as a job does that uses the
/// terminal there. Returns the signals that arrive; among them is the one that ends coshell, if it ended the wait. In an
/// orphaned process group, which is not stopped, it returns at once.
pub(super) fn await_foreground(terminal: &OuterTerminal, signals: &mut Signals) -> Vec<SignalEvent> {
    let mut events = Vec::new();
    while terminal.is_background() && terminating(&events).is_none() {
        if !signals.stop(Stop::NeedsTerminal, &mut events) {
            break;
        }
    }
    events
}

/// Returns the first of `events` that ends the session.
pub(super) fn terminating(events: &[SignalEvent]) -> Option<i32> {
    events.iter().find_map(|event| match event {
        SignalEvent::Terminate(signal) => Some(*signal),
        _ => None,
    })
}

impl Host {
    /// Restores the terminal, stops, and sets the terminal up again when continued.
    pub(super) fn suspend(&mut self, now: Instant, why: Suspension) {
        self.flush(now);
        // EIO: the terminal is gone, which SIGHUP or a read of the keyboard reports.
        drop(self.terminal.suspend());
        let mut events = Vec::new();
        let how = match why {
            Suspension::Coshell => Stop::Requested,
            Suspension::Shell => Stop::WithShell,
        };
        self.signals.stop(how, &mut events);
        self.resume_terminal(now, events);
    }

    /// Waits for the terminal and enters raw mode, unless a signal ends the session; then handles `events` and the signals
    /// that have arrived.
    pub(super) fn resume_terminal(&mut self, now: Instant, mut events: Vec<SignalEvent>) {
        if terminating(&events).is_none() {
            events.extend(await_foreground(&self.terminal, &mut self.signals));
        }
        if terminating(&events).is_none() {
            // EIO: the terminal is gone, which SIGHUP or a read of the keyboard reports.
            self.typed_ahead.extend(self.terminal.resume().unwrap_or_default().into_keys());
            self.resize(now);
        }
        // The terminal is set up: SIGCONT has been handled, and a stop that it ended is over.
        if events.contains(&SignalEvent::Continue) {
            events.retain(|event| !matches!(event, SignalEvent::Continue | SignalEvent::Stop));
        }
        self.handle_signals(now, events);
    }

    /// Waits for the foreground after the end of the keyboard was read there: in the background a read of the terminal fails
    /// with EIO. Returns whether the keyboard can be read again.
    pub(super) fn regain_keyboard(&mut self, now: Instant) -> bool {
        if !self.terminal.is_background() {
            return false;
        }
        self.resume_terminal(now, Vec::new());
        if self.terminal.is_background() {
            return false;
        }
        // Without a descriptor (EMFILE) the session ends as after a hang-up.
        let keyboard = tty::open(io::stdin().as_fd());
        keyboard.map(|keyboard| self.ports.add_reader(Source::Keyboard, keyboard)).is_ok()
    }
}
