//! The ports: what may be read of each and what each is given, and what becomes of bytes that come in and of ends that are
//! closed. It decides nothing about the bytes themselves.

use std::time::Instant;

use super::coproc::Event;
use super::input::keyboard::EndOfInput;
use super::lend::HELD;
use super::{Core, Effect, OutputKind};
use crate::types::{ExitStatus, Port, SIGHUP, SIGPIPE, WriteError};

impl Core {
    /// Whether this port should be read.
    pub fn wants_read(&self, port: Port) -> bool {
        match port {
            Port::Tty => self.pty_input.room_for_keys() > 0 && !self.is_lent(),
            Port::Shell => {
                let coproc = self.coproc.as_ref().is_none_or(|coproc| coproc.intake.has_room());
                let room = coproc && self.held.len() < HELD;
                room && self.screen.is_empty() && self.looking.is_empty() && !self.session.is_over()
            }
            Port::Coproc => {
                let room = self.pty_input.room_for_chunks() > 0 || self.session.is_over();
                room && self.coproc.as_ref().is_some_and(|coproc| coproc.speech.goes_on())
            }
            Port::CoprocErr | Port::Run(_) => true,
        }
    }

    /// What this port should be given next.
    pub fn pending(&self, port: Port) -> &[u8] {
        match port {
            Port::Tty => self.screen.pending(),
            Port::Shell => self.pty_input.pending(),
            Port::Coproc => self.coproc.as_ref().map_or(&[], |coproc| coproc.intake.pending()),
            Port::Run(slot) => self.background.pending(slot),
            Port::CoprocErr => &[],
        }
    }

    /// Whether what is pending there is for nobody else's eyes.
    pub fn is_secret(&self, port: Port) -> bool {
        port == Port::Shell && self.pty_input.is_secret()
    }

    /// This port took the first `n` bytes of what was pending.
    pub fn wrote(&mut self, now: Instant, port: Port, n: usize, out: &mut Vec<Effect>) {
        self.screen.clock(now);
        match port {
            Port::Tty => self.screen.wrote(n),
            Port::Shell => {
                self.pty_input.wrote(now, n);
                if self.pty_input.is_empty() {
                    self.pending_signal = None;
                }
            }
            Port::Coproc => {
                if let Some(coproc) = &mut self.coproc {
                    coproc.intake.wrote(now, n, out);
                }
            }
            Port::Run(slot) => self.background.wrote(slot, n, out),
            Port::CoprocErr => {}
        }
        self.settle(now, out);
    }

    pub(super) fn bytes(&mut self, now: Instant, port: Port, bytes: &[u8], out: &mut Vec<Effect>) {
        match port {
            Port::Tty => self.keys(now, bytes, out),
            Port::Shell => {
                self.session.printed(now, bytes.len());
                self.received(now, bytes, out);
            }
            Port::Coproc => {
                self.said(now, bytes);
            }
            Port::CoprocErr => {
                if let Some(coproc) = &mut self.coproc {
                    let text = coproc.speech.complained(bytes);
                    self.control.subscribers.tell(&Event::CoprocStderr { text: &text }, out);
                }
            }
            Port::Run(slot) => self.background.complained(slot, bytes),
        }
    }

    pub(super) fn empty(&mut self, port: Port) {
        if let (Port::Coproc, Some(coproc)) = (port, &mut self.coproc) {
            coproc.speech.said_nothing();
        }
    }

    pub(super) fn closed(&mut self, now: Instant, port: Port, out: &mut Vec<Effect>) {
        match port {
            Port::Tty if self.settings.keyboard == OutputKind::Terminal => {
                self.screen.forget();
                self.leave(now, ExitStatus::Signal(SIGHUP), out);
            }
            Port::Tty => self.end_of_input = Some(EndOfInput::new(now)),
            Port::Shell => self.session.pty_closed(now),
            Port::Coproc => {
                if let Some(coproc) = &mut self.coproc {
                    coproc.speech.closed();
                }
            }
            Port::CoprocErr | Port::Run(_) => {}
        }
    }

    pub(super) fn write_closed(&mut self, now: Instant, port: Port, loss: WriteError, out: &mut Vec<Effect>) {
        match port {
            Port::Tty => self.screen_closed(now, loss, out),
            Port::Shell => self.pty_input.clear(),
            Port::Coproc => {
                if let Some(coproc) = &mut self.coproc {
                    coproc.intake.closed();
                }
            }
            Port::Run(slot) => self.background.stdin_closed(slot),
            Port::CoprocErr => {}
        }
    }

    /// Nothing that the shell prints reaches anybody any more. Whoever has left a pipe knows; whoever fills a disk is told.
    fn screen_closed(&mut self, now: Instant, loss: WriteError, out: &mut Vec<Effect>) {
        self.screen.forget();
        let exit = match (self.settings.screen, loss) {
            (OutputKind::Terminal, WriteError::NoReader | WriteError::Device(_)) => ExitStatus::Signal(SIGHUP),
            (OutputKind::Pipe, WriteError::NoReader) => ExitStatus::Signal(SIGPIPE),
            (OutputKind::Terminal, WriteError::Refused(reason))
            | (OutputKind::Pipe, WriteError::Device(reason) | WriteError::Refused(reason)) => {
                out.push(Effect::Warn(format!(
                    "coshell: standard output cannot be written: {reason}; the session was ended. \
                     Make room for it, or send it elsewhere."
                )));
                ExitStatus::FAILED
            }
        };
        self.leave(now, exit, out);
    }
}
