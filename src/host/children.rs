//! The processes that run: the shell, the coprocess with its guard, background commands.

use std::ffi::OsString;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process;

use nix::unistd::Pid;

use crate::core::command_line::CommandLine;
use crate::core::{JOB_SLOTS, LentProgram};
use crate::sys::child;
use crate::sys::child::{ShellLine, StreamRequest, Streams};
use crate::sys::foreground;
use crate::sys::process as other;
use crate::sys::pty::Pty;
use crate::sys::stream::StreamFd;
use crate::sys::watchdog;
use crate::sys::watchdog::Watchdog;
use crate::types::{Child, ExitStatus};

/// A child until it has been waited for.
#[derive(Debug)]
pub(super) struct RunningChild {
    process: process::Child,
    exited: bool,
}

impl RunningChild {
    fn new(process: process::Child) -> Self {
        Self { process, exited: false }
    }

    /// How it ended, told once.
    fn exit(&mut self) -> Option<ExitStatus> {
        if self.exited {
            return None;
        }
        let exit = child::exit_of(&mut self.process)?;
        self.exited = true;
        Some(exit)
    }
}

#[derive(Debug)]
struct Coprocess {
    running: RunningChild,
    /// What its stdin is told by.
    stdin: Option<foreground::Identity>,
    guard: Option<Watchdog>,
    /// Where what it has not read can be read back.
    unread: Option<StreamFd>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Children {
    shell: RunningChild,
    coproc: Option<Coprocess>,
    jobs: [Option<RunningChild>; JOB_SLOTS],
    /// The program that is lent the terminal.
    guest: Option<foreground::ForegroundProcess>,
    /// Guards that are at the end of their work.
    guards: Vec<Pid>,
    /// What tells every child of the session.
    names: Vec<(&'static str, OsString)>,
}

impl Children {
    pub(super) fn new(shell: process::Child, names: Vec<(&'static str, OsString)>) -> Self {
        let (shell, jobs) = (RunningChild::new(shell), [const { None }; JOB_SLOTS]);
        Self { shell, coproc: None, jobs, guest: None, guards: Vec::new(), names }
    }

    /// Starts the coprocess. Where `reclaim_unread`, what it leaves unread in its pipe can be read back.
    pub(super) fn start_coproc(
        &mut self,
        command: &CommandLine,
        reclaim_unread: bool,
        pty: &Pty,
    ) -> io::Result<Streams> {
        let wanted = if reclaim_unread { StreamRequest::OutputAndUnread } else { StreamRequest::Output };
        let (process, mut streams) = self.start(command, wanted, pty)?;
        // Without a guard it is still ended with the session, only not if coshell itself is killed.
        let guard = child::guard(&process).ok();
        let running = RunningChild::new(process);
        self.coproc = Some(Coprocess { running, stdin: streams.known, guard, unread: streams.unread.take() });
        Ok(streams)
    }

    /// Starts a background command in this slot.
    pub(super) fn start_job(&mut self, slot: u8, command: &CommandLine, pty: &Pty) -> io::Result<Streams> {
        let (process, streams) = self.start(command, StreamRequest::Nothing, pty)?;
        self.jobs[usize::from(slot)] = Some(RunningChild::new(process));
        Ok(streams)
    }

    fn start(&self, command: &CommandLine, wanted: StreamRequest, pty: &Pty) -> io::Result<(process::Child, Streams)> {
        let directory = self.directory(pty);
        let mut env = command.env.clone();
        env.extend(self.names.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())));
        let (text, args) = (&command.command, &command.args);
        let line = ShellLine { command: text, args, env: &env, directory: directory.as_deref() };
        child::start_at_pipes(&line, wanted)
    }

    /// The working directory of the pty's foreground job, else of the shell.
    fn directory(&self, pty: &Pty) -> Option<PathBuf> {
        pty.foreground().and_then(other::working_directory).or_else(|| other::working_directory(self.shell()))
    }

    /// The names of the pty's foreground job and of its ancestors up to the shell.
    pub(super) fn jobs(&self, pty: &Pty) -> Vec<String> {
        pty.foreground().map(|pid| other::names(pid, self.shell())).unwrap_or_default()
    }

    /// Sends a signal to this child's process group.
    pub(super) fn signal(&self, child: Child, signal: i32) {
        let running = match child {
            Child::Lent => {
                if let Some(guest) = &self.guest {
                    other::signal_process_group(guest.group(), signal);
                }
                None
            }
            Child::Shell => Some(&self.shell),
            Child::Coproc => self.coproc.as_ref().map(|coproc| &coproc.running),
            Child::Job(slot) => self.jobs[usize::from(slot)].as_ref(),
        };
        if let Some(running) = running.filter(|running| !running.exited) {
            child::signal_group(&running.process, signal);
        }
    }

    /// Hangs up the shell.
    pub(super) fn hang_up(&self, pty: &Pty) {
        if !self.shell.exited {
            child::hang_up(&self.shell.process, pty.foreground());
        }
    }

    /// Lends the terminal to a program. What a coprocess reads itself is not meant for it.
    pub(super) fn lend(&mut self, guest: &LentProgram, passed: Vec<OwnedFd>, tty: BorrowedFd<'_>) -> io::Result<u32> {
        let own = self.coproc.as_ref().and_then(|coproc| coproc.stdin);
        let mut streams = [None, None, None];
        for (&stream, fd) in guest.streams.iter().zip(passed) {
            let is_own = own.is_some() && own == foreground::identity(&fd);
            if let Some(place) = streams.get_mut(usize::from(stream)).filter(|_| !is_own) {
                *place = Some(fd);
            }
        }
        let (command, environment) = (&guest.command[..], &guest.environment[..]);
        let wanted =
            foreground::ForegroundRequest { command, directory: guest.directory.as_deref(), environment, streams };
        let running = foreground::ForegroundProcess::start(wanted, tty)?;
        let pid = running.group().as_raw().cast_unsigned();
        self.guest = Some(running);
        Ok(pid)
    }

    /// Those that have ended since the last call.
    pub(super) fn reap(&mut self) -> Vec<(Child, ExitStatus)> {
        self.guards.retain(|&pid| !watchdog::is_over(pid));
        let mut ended = Vec::new();
        ended.extend(self.shell.exit().map(|exit| (Child::Shell, exit)));
        if let Some(exit) = self.guest.as_ref().and_then(foreground::ForegroundProcess::exit) {
            self.guest = None;
            ended.push((Child::Lent, exit));
        }
        if let Some(coproc) = &mut self.coproc
            && let Some(exit) = coproc.running.exit()
        {
            ended.push((Child::Coproc, exit));
        }
        for (slot, job) in self.jobs.iter_mut().enumerate() {
            ended.extend(job.as_mut().and_then(RunningChild::exit).map(|exit| (Child::Job(slot as u8), exit)));
        }
        ended
    }

    /// What the coprocess has not read of its pipe.
    pub(super) fn unread(&mut self) -> Option<StreamFd> {
        self.coproc.as_mut()?.unread.take()
    }

    /// The coprocess is over; what is left of its process group is ended by its guard.
    pub(super) fn release_coproc(&mut self) {
        if let Some(guard) = self.coproc.take().and_then(|coproc| coproc.guard) {
            guard.leader_exited();
            self.guards.push(guard.pid());
        }
    }

    /// The background command in this slot is over.
    pub(super) fn release_job(&mut self, slot: u8) {
        self.jobs[usize::from(slot)] = None;
    }

    fn shell(&self) -> Pid {
        child::pid_of(&self.shell.process)
    }
}
