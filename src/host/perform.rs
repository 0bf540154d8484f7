//! Performs effects: one match arm for each.

use std::env::consts::{ARCH, OS};
use std::io;
use std::process;
use std::time::Instant;

use nix::unistd::Pid;

use super::Host;
use crate::core::command_line::CommandLine;
use crate::core::event::{ForegroundJob, PtyState, RecentError, RecordFileError};
use crate::core::{Effect, Input, LentProgram};
use crate::display;
use crate::fault;
use crate::fault::panic_for_test;
use crate::sys::process::{ChildChange, JobNames, working_directory};
use crate::sys::stream::{ReadResult, StreamFd};
use crate::types::{Child, ExitStatus, RequestId, SIGKILL, Sink, Source, reason};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Default capacity of a pipe on Linux (pipe(7)), and an upper bound for other systems.
const PIPE_CAPACITY: usize = 64 * 1024;

impl Host {
    /// Performs the queued effects, and those that the inputs they cause add.
    pub(super) fn perform(&mut self, now: Instant) {
        while !self.effects.is_empty() {
            for effect in std::mem::take(&mut self.effects) {
                panic_for_test("perform");
                self.log.effect(&effect);
                if let Some(input) = self.perform_effect(now, effect) {
                    self.log.input(&input);
                    self.core.handle(now, input, &mut self.effects);
                }
            }
        }
    }

    /// Performs `effect`; returns the input that reports its result, if it has one.
    fn perform_effect(&mut self, now: Instant, effect: Effect) -> Option<Input<'static>> {
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
            Effect::Signal(child, signal) => {
                self.children.signal(child, signal);
                if (child, signal) == (Child::Coproc, SIGKILL) {
                    // Where the leader has exited before, the core now waits for stdout to be empty, as behind an exit.
                    self.ports.assume_ready(Source::Coproc);
                }
            }
            Effect::HangUp => self.children.hang_up(&self.pty),
            Effect::ReleaseCoproc => self.release_coproc(),
            Effect::ReleaseJob(slot) => self.release_job(slot),
            Effect::CloseWrite(sink) => self.ports.close_writer(sink),
            Effect::Reclaim => {
                return Some(Input::Unread(self.children.unread().map(read_available).unwrap_or_default()));
            }
            Effect::QueryPty => {
                let (group, names) = self.children.foreground_job(&self.pty);
                let (echo, is_canonical) = (self.pty.echo(), self.pty.is_canonical());
                let JobNames { all: jobs, childless: readers, asks, leader } = names;
                let directory = || Some(working_directory(Pid::from_raw(group))?.to_string_lossy().into_owned());
                let job = leader.map(|name| ForegroundJob { name, pid: group, directory: directory() });
                let shell_is_foreground = self.children.shell_leads(group);
                let state = PtyState { echo, is_canonical, group, readers, jobs, asks, job, shell_is_foreground };
                return Some(Input::PtyState(state));
            }
            Effect::Interrupt(byte) => return Some(Input::Interrupted(byte, self.pty.interrupt(byte))),
            Effect::DiscardTyped => self.pty.discard_typed(),
            Effect::LeaveRawMode => self.pty.leave_raw_mode(),
            Effect::EndInput => return Some(Input::EndOfFile(self.pty.end_of_file())),
            // The ioctl fails only where the pty is closed, which the next read of the master reports.
            Effect::Resize(size) => drop(self.pty.resize(size)),
            Effect::Suspend(why) => {
                self.suspend(now, why);
                return Some(Input::Resumed);
            }
            Effect::Lend(request_id, program) => {
                return self.lend(request_id, &program).err().map(Input::LendFailed);
            }
            Effect::OpenRecording { file, replace } => {
                return Some(Input::RecordingOpened(self.open_recording(&file, replace).map_err(RecordFileError)));
            }
            Effect::CloseRecording => self.close_recording(now),
            Effect::Answer(request_id, reply) => self.clients.respond(request_id, reply),
            Effect::Trust(request_id) => self.clients.trust(request_id),
            Effect::Tell(request_id, event) => self.clients.send_event(request_id, &event),
            Effect::RecallRecent => return Some(Input::Recent(self.recent.load().map_err(RecentError))),
            Effect::KeepRecent(command) => {
                return self.recent.append(&command).err().map(|sentence| Input::Recent(Err(RecentError(sentence))));
            }
            Effect::Warn(line) => self.warnings.push(line),
            Effect::RefuseAll(error) => self.clients.refuse_all(&error),
            Effect::ReportFault => {
                return Some(Input::FaultReported { sentence: self.report_fault(), lent: self.children.has_lent() });
            }
            Effect::Finish(exit) => {
                // Bytes of the last restore sequence that the terminal does not take now are written by RawMode's drop.
                self.update_crash_handler();
                self.finished = Some(exit);
            }
        }
        None
    }

    /// Records the last fault; returns a sentence about it.
    fn report_fault(&mut self) -> String {
        let fault = fault::take();
        let text = display::one_line(&fault.to_string());
        self.log.fault(&text);
        let line = format!("{VERSION} on {OS} {ARCH}, session {}: {text}", process::id());
        let report = match (self.faults.append(&line), self.faults.path()) {
            (Ok(()), Some(path)) => format!("the last line of {}", path.display()),
            (Ok(()), None) => format!("this: {text}"),
            (Err(sentence), _) => format!("this: {text} ({sentence})"),
        };
        format!(
            "coshell: a fault in coshell ({}) ended its coprocesses and triggers; the shell goes on; to report it where you \
             got coshell, send {report}",
            fault.place()
        )
    }

    fn start_coproc(&mut self, command: &CommandLine, reclaim_unread: bool) -> io::Result<u32> {
        let streams = self.children.start_coproc(command, reclaim_unread, &self.pty)?;
        self.ports.add_writer(Sink::Coproc, streams.stdin);
        self.ports.add_reader(Source::CoprocErr, streams.stderr);
        if let Some(stdout) = streams.stdout {
            self.ports.add_reader(Source::Coproc, stdout);
        }
        Ok(streams.pid.as_raw().cast_unsigned())
    }

    fn start_job(&mut self, slot: u8, command: &CommandLine) -> io::Result<()> {
        let streams = self.children.start_job(slot, command, &self.pty)?;
        self.ports.add_writer(Sink::Job(slot), streams.stdin);
        self.ports.add_reader(Source::Job(slot), streams.stderr);
        Ok(())
    }

    /// Lends the terminal to `program`. Where it cannot be started, takes the terminal back; the error is a sentence.
    fn lend(&mut self, request_id: RequestId, program: &LentProgram) -> Result<(), String> {
        let passed = self.clients.take_passed(request_id);
        let lent = match (self.terminal.suspend(), self.terminal.lent()) {
            (Ok(()), Some(_)) if self.terminal.is_background() => {
                Err(io::Error::other("the session runs in the background"))
            }
            (Ok(()), Some(terminal)) => self.children.lend(program, passed, terminal),
            (Err(error), _) => Err(error),
            (_, None) => Err(io::Error::other("the session has no terminal")),
        };
        lent.map(|group| self.terminal.lend(group)).map_err(|error| {
            self.reclaim_terminal();
            let name = program.command.first().map_or("", String::as_str);
            format!("{name} could not be run: {}", reason(&error))
        })
    }

    fn reclaim_terminal(&mut self) {
        // EIO: the terminal is gone, which SIGHUP or a read of the keyboard reports.
        self.typed_ahead.extend(self.terminal.reclaim().unwrap_or_default().into_keys());
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

    /// Reaps the children that have ended, and reports each to the core after the last bytes of its stderr.
    pub(super) fn reap(&mut self, now: Instant) {
        panic_for_test("reap");
        for (child, change) in self.children.reap() {
            let exit = match change {
                ChildChange::Ended(exit) => exit,
                ChildChange::Lost => {
                    self.warnings.push(lost(child));
                    ExitStatus::FAILED
                }
                ChildChange::Stopped => {
                    if child == Child::Shell {
                        // What it printed before it stopped is shown first.
                        self.try_read_port(now, Source::Pty);
                        self.handle(now, Input::ShellStopped);
                    }
                    continue;
                }
            };
            match child {
                Child::Coproc => {
                    self.read_last_stderr(now, Source::CoprocErr);
                    // The core waits for stdout to be empty. If its last bytes have been read already no event comes, and
                    // only a read without a result shows it.
                    self.ports.assume_ready(Source::Coproc);
                }
                Child::Job(slot) => self.read_last_stderr(now, Source::Job(slot)),
                // Before the core hears of the exit and writes to the terminal again.
                Child::Lent => {
                    self.reclaim_terminal();
                    // SIGWINCH went to the foreground process group alone, the lent program's.
                    self.resize(now);
                }
                Child::Shell => {
                    self.pty.release_slave();
                    // The end of the master may have been read before, where vhangup(2) had closed the slave.
                    self.ports.assume_ready(Source::Pty);
                }
            }
            self.handle(now, Input::Exited(child, exit));
        }
    }

    /// Reads the stderr pipe `port` after its writer has exited.
    fn read_last_stderr(&mut self, now: Instant, port: Source) {
        let mut buffer = vec![0; PIPE_CAPACITY];
        // Bounded: another process that has inherited the pipe may go on writing.
        for _ in 0..4 {
            let ReadResult::Bytes(n) = self.ports.read(port, &mut buffer) else { return };
            self.handle(now, Input::Bytes(port, &buffer[..n]));
        }
    }
}

/// Returns the warning that the exit status of `child` is not known.
fn lost(child: Child) -> String {
    let what = match child {
        Child::Shell => "the shell or command",
        Child::Coproc => "the coprocess",
        Child::Job(_) => "a background command",
        Child::Lent => "the program on the terminal",
    };
    format!(
        "coshell: how {what} ended is not known: another process has taken its exit status; status 125 stands for it"
    )
}

/// Reads the bytes that are in the pipe `stream` now.
fn read_available(stream: StreamFd) -> Vec<u8> {
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; PIPE_CAPACITY]);
    while let ReadResult::Bytes(n) = stream.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..n]);
        if bytes.len() >= 2 * PIPE_CAPACITY {
            // More than a pipe holds: a bound for a writer that cannot exist, since the only write end was coshell's.
            break;
        }
    }
    bytes
}
