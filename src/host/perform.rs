//! One arm for each effect.

use std::io;
use std::time::Instant;

use super::Host;
use crate::core::command_line::CommandLine;
use crate::core::event::{PtyState, RecentError};
use crate::core::{Effect, Input, LentProgram};
use crate::sys::signals;
use crate::sys::signals::SignalEvent;
use crate::sys::stream::{ReadResult, StreamFd};
use crate::types::{Child, RequestId, Sink, Source, reason};

/// A pipe's capacity on Linux, and more than elsewhere.
const PIPE: usize = 64 * 1024;

impl Host {
    /// Does everything that the core has decided, and what follows from that.
    pub(super) fn perform(&mut self, now: Instant) {
        while !self.effects.is_empty() {
            for effect in std::mem::take(&mut self.effects) {
                self.log.effect(&effect);
                if let Some(answer) = self.do_one(now, effect) {
                    self.log.input(&answer);
                    self.core.handle(now, answer, &mut self.effects);
                }
            }
        }
    }

    /// Does one thing; what the core is told of it.
    fn do_one(&mut self, now: Instant, effect: Effect) -> Option<Input<'static>> {
        match effect {
            Effect::StartCoproc { command, reclaim_unread } => {
                return Some(match self.start_coproc(&command, reclaim_unread) {
                    Ok(pid) => Input::CoprocStarted(pid),
                    Err(error) => Input::CoprocStartFailed(reason(&error)),
                });
            }
            Effect::StartJob { slot, command } => {
                let started = self.start_job(slot, &command);
                return started.err().map(|error| Input::JobStartFailed(slot, reason(&error)));
            }
            Effect::Signal(child, signal) => self.children.signal(child, signal),
            Effect::HangUp => self.children.hang_up(&self.pty),
            Effect::ReleaseCoproc => self.release_coproc(),
            Effect::ReleaseJob(slot) => self.release_job(slot),
            Effect::CloseWrite(sink) => self.ports.close_writer(sink),
            Effect::Reclaim => return Some(Input::Unread(self.children.unread().map(rest_of).unwrap_or_default())),
            Effect::QueryPty => {
                let looked = PtyState { no_echo: self.pty.hides_input(), jobs: self.children.jobs(&self.pty) };
                return Some(Input::PtyState(looked));
            }
            Effect::Interrupt(byte) => return Some(Input::Interrupted(byte, self.pty.interrupt(byte))),
            Effect::DiscardTyped => self.pty.discard_typed(),
            Effect::EndInput => return Some(Input::EndOfFile(self.pty.end_of_file())),
            // A pty that cannot be resized is closed, which is an event of its own.
            Effect::Resize(size) => drop(self.pty.resize(size)),
            Effect::Suspend => self.suspend(now),
            Effect::Lend(request_id, program) => {
                return self.lend(request_id, &program).err().map(Input::LendFailed);
            }
            Effect::Answer(request_id, reply) => self.clients.answer(request_id, reply),
            Effect::Tell(request_id, event) => self.clients.tell(request_id, &event),
            Effect::RecallRecent => return Some(Input::Recent(self.recent.recall().map_err(RecentError))),
            Effect::KeepRecent(command) => {
                return self.recent.keep(&command).err().map(|sentence| Input::Recent(Err(RecentError(sentence))));
            }
            Effect::Warn(line) => self.warnings.push(line),
            Effect::Finish(exit) => {
                // What the terminal has not taken of the end is written where it is put back.
                self.remember_modes();
                self.finished = Some(exit);
            }
        }
        None
    }

    fn start_coproc(&mut self, command: &CommandLine, reclaim_unread: bool) -> io::Result<u32> {
        let streams = self.children.start_coproc(command, reclaim_unread, &self.pty)?;
        self.ports.add_writer(Sink::Coproc, streams.stdin);
        self.ports.add_reader(Source::CoprocErr, streams.stderr);
        if let Some(stdout) = streams.stdout {
            self.ports.add_reader(Source::Coproc, stdout);
        }
        Ok(streams.pid)
    }

    fn start_job(&mut self, slot: u8, command: &CommandLine) -> io::Result<()> {
        let streams = self.children.start_job(slot, command, &self.pty)?;
        self.ports.add_writer(Sink::Job(slot), streams.stdin);
        self.ports.add_reader(Source::Job(slot), streams.stderr);
        Ok(())
    }

    /// Lends the terminal to a program, or takes it back and says why the program could not be started.
    fn lend(&mut self, request_id: RequestId, program: &LentProgram) -> Result<(), String> {
        let passed = self.clients.passed(request_id);
        let lent = match (self.terminal.suspend(), self.terminal.tty()) {
            (Ok(()), Some(tty)) => self.children.lend(program, passed, tty),
            (Err(error), _) => Err(error),
            (_, None) => Err(io::Error::other("there is no terminal")),
        };
        lent.map(drop).map_err(|error| {
            self.take_terminal_back();
            let name = program.command.first().map_or("", String::as_str);
            format!("{name} could not be run: {}", reason(&error))
        })
    }

    fn take_terminal_back(&mut self) {
        // A terminal that is gone cannot be taken back; its hang-up is on the way.
        drop(self.terminal.take_back());
    }

    fn release_coproc(&mut self) {
        self.ports.close_writer(Sink::Coproc);
        self.ports.close_reader(Source::Coproc);
        self.ports.close_reader(Source::CoprocErr);
        self.children.release_coproc();
    }

    fn release_job(&mut self, slot: u8) {
        self.ports.close_writer(Sink::Job(slot));
        self.ports.close_reader(Source::Job(slot));
        self.children.release_job(slot);
    }

    fn suspend(&mut self, now: Instant) {
        // A terminal that is gone needs no restoring; its hang-up is on the way.
        drop(self.terminal.suspend());
        let mut events = Vec::new();
        signals::stop_self(|| {
            events.extend(self.signals.pending().map(SignalEvent::of));
            events.contains(&SignalEvent::Continue)
        });
        self.take_terminal_again(now);
        self.obey(now, events);
    }

    /// Waits for the children that have ended, and reads what they left before they are told of.
    pub(super) fn reap(&mut self, now: Instant) {
        for (child, exit) in self.children.reap() {
            match child {
                Child::Coproc => {
                    self.read_rest(now, Source::CoprocErr);
                    // Its last words may have been read already: then only a read that finds nothing tells.
                    self.ports.look_again(Source::Coproc);
                }
                Child::Job(slot) => self.read_rest(now, Source::Job(slot)),
                // It is coshell's again before a word of the core goes to it.
                Child::Lent => {
                    self.take_terminal_back();
                    // A change of the window's size was told to whoever had the terminal.
                    self.resize(now);
                }
                Child::Shell => {}
            }
            self.handle(now, Input::Exited(child, exit));
        }
    }

    /// Reads what is in a pipe of stderr, whose writer is gone.
    fn read_rest(&mut self, now: Instant, port: Source) {
        let mut buffer = vec![0; PIPE];
        for _ in 0..4 {
            let ReadResult::Bytes(n) = self.ports.read(port, &mut buffer) else { return };
            self.handle(now, Input::Bytes(port, &buffer[..n]));
        }
    }
}

/// Everything that is in a pipe now.
fn rest_of(end: StreamFd) -> Vec<u8> {
    let (mut rest, mut buffer) = (Vec::new(), vec![0; PIPE]);
    while let ReadResult::Bytes(n) = end.read(&mut buffer) {
        rest.extend_from_slice(&buffer[..n]);
        if rest.len() >= 2 * PIPE {
            // Somebody else still writes to it, which cannot be: the only writing end was ours.
            break;
        }
    }
    rest
}
