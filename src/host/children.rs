//! The child processes of a session: the shell, the coprocess and its watchdog, background commands, the lent program.

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
use crate::sys::process as os_process;
use crate::sys::process::JobNames;
use crate::sys::pty::Pty;
use crate::sys::stream::StreamFd;
use crate::sys::watchdog;
use crate::sys::watchdog::Watchdog;
use crate::types::{Child, ExitStatus};

/// A child process, and whether it has been reaped.
#[derive(Debug)]
pub(super) struct RunningChild {
    process: process::Child,
    exited: bool,
}

impl RunningChild {
    fn new(process: process::Child) -> Self {
        Self { process, exited: false }
    }

    /// Reaps the child; returns how it ended, once.
    fn exit(&mut self) -> Option<ExitStatus> {
        if self.exited {
            return None;
        }
        let exit = child::exit_status(&mut self.process)?;
        self.exited = true;
        Some(exit)
    }
}

#[derive(Debug)]
struct Coprocess {
    running: RunningChild,
    /// Identity of the pipe that the coprocess has as stdin.
    stdin: Option<foreground::Identity>,
    watchdog: Option<Watchdog>,
    /// Second read end of that pipe, for bytes that the coprocess leaves unread.
    unread: Option<StreamFd>,
}

/// The child processes of a session.
#[derive(Debug)]
pub(super) struct Children {
    shell: RunningChild,
    coproc: Option<Coprocess>,
    jobs: [Option<RunningChild>; JOB_SLOTS],
    /// The program that is lent the terminal.
    lent: Option<foreground::ForegroundProcess>,
    /// Pids of watchdogs whose handle is dropped, to be reaped.
    old_watchdogs: Vec<Pid>,
    /// Environment variables that identify the session to its children.
    session_env: Vec<(&'static str, OsString)>,
}

impl Children {
    pub(super) fn new(shell: process::Child, session_env: Vec<(&'static str, OsString)>) -> Self {
        let (shell, jobs) = (RunningChild::new(shell), [const { None }; JOB_SLOTS]);
        Self { shell, coproc: None, jobs, lent: None, old_watchdogs: Vec::new(), session_env }
    }

    /// Starts `command` as the coprocess; with `reclaim_unread` the bytes that it leaves unread in its pipe can be read back.
    pub(super) fn start_coproc(
        &mut self,
        command: &CommandLine,
        reclaim_unread: bool,
        pty: &Pty,
    ) -> io::Result<Streams> {
        let request = if reclaim_unread { StreamRequest::OutputAndUnread } else { StreamRequest::Output };
        let (process, mut streams) = self.start(command, request, pty)?;
        // Without a watchdog (fork failed) the coprocess still ends with the session, except where coshell is killed by
        // SIGKILL.
        let watchdog = child::start_watchdog(&process).ok();
        let running = RunningChild::new(process);
        self.coproc =
            Some(Coprocess { running, stdin: streams.stdin_identity, watchdog, unread: streams.unread.take() });
        Ok(streams)
    }

    /// Starts `command` as the background command in `slot`.
    pub(super) fn start_job(&mut self, slot: u8, command: &CommandLine, pty: &Pty) -> io::Result<Streams> {
        let (process, streams) = self.start(command, StreamRequest::NoOutput, pty)?;
        self.jobs[usize::from(slot)] = Some(RunningChild::new(process));
        Ok(streams)
    }

    fn start(&self, command: &CommandLine, request: StreamRequest, pty: &Pty) -> io::Result<(process::Child, Streams)> {
        let directory = self.directory(pty);
        let mut env = command.env.clone();
        env.extend(self.session_env.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())));
        let (text, args) = (&command.command, &command.args);
        let line = ShellLine { command: text, args, env: &env, directory: directory.as_deref() };
        child::start_at_pipes(&line, request)
    }

    /// Returns the working directory of the pty's foreground job, else that of the shell.
    fn directory(&self, pty: &Pty) -> Option<PathBuf> {
        pty.foreground().and_then(os_process::working_directory).or_else(|| os_process::working_directory(self.shell()))
    }

    /// Returns the process group of the pty's foreground job, or 0, and the names of its processes and of its ancestors up
    /// to the shell.
    pub(super) fn foreground_job(&self, pty: &Pty) -> (i32, JobNames) {
        pty.foreground()
            .map_or_else(Default::default, |group| (group.as_raw(), os_process::job_names(group, self.shell())))
    }

    /// Returns the running coprocess or background command whose pid is `leader`.
    pub(super) fn led_by(&self, leader: Pid) -> Option<Child> {
        let jobs = self.jobs.iter().enumerate();
        let jobs = jobs.filter_map(|(slot, job)| Some((Child::Job(slot as u8), job.as_ref()?)));
        let coproc = self.coproc.iter().map(|coproc| (Child::Coproc, &coproc.running));
        coproc.chain(jobs).find(|(_, running)| child::pid_of(&running.process) == leader).map(|(child, _)| child)
    }

    /// Sends `signal` to the process group of `child`; nothing where it is not running.
    pub(super) fn signal(&self, child: Child, signal: i32) {
        let running = match child {
            Child::Lent => {
                if let Some(lent) = &self.lent {
                    os_process::signal_process_group(lent.group(), signal);
                }
                None
            }
            Child::Shell => Some(&self.shell),
            Child::Coproc => self.coproc.as_ref().map(|coproc| &coproc.running),
            Child::Job(slot) => self.jobs[usize::from(slot)].as_ref(),
        };
        // The pid of a child that has been reaped may belong to another process by now.
        if let Some(running) = running.filter(|running| !running.exited) {
            child::signal_group(&running.process, signal);
        }
    }

    /// Sends SIGHUP to the shell and its foreground job.
    pub(super) fn hang_up(&self, pty: &Pty) {
        if !self.shell.exited {
            child::hang_up(&self.shell.process, pty.foreground());
        }
    }

    /// Starts a program that is lent the terminal `tty`; `passed` are descriptors for its standard streams. Returns its pid.
    pub(super) fn lend(&mut self, lent: &LentProgram, passed: Vec<OwnedFd>, tty: BorrowedFd<'_>) -> io::Result<u32> {
        let coproc_stdin = self.coproc.as_ref().and_then(|coproc| coproc.stdin);
        let mut streams = [None, None, None];
        for (&stream, fd) in lent.streams.iter().zip(passed) {
            // A client that runs inside the coprocess passes the coprocess's stdin, which carries shell output and is not
            // meant for the program: it reads the terminal instead.
            let is_coproc_stdin = coproc_stdin.is_some() && coproc_stdin == foreground::identity(&fd);
            if let Some(slot) = streams.get_mut(usize::from(stream)).filter(|_| !is_coproc_stdin) {
                *slot = Some(fd);
            }
        }
        let (command, environment) = (&lent.command[..], &lent.environment[..]);
        let (directory, session_env) = (lent.directory.as_deref(), &self.session_env[..]);
        let request = foreground::ForegroundRequest { command, directory, environment, session_env, streams };
        let running = foreground::ForegroundProcess::start(request, tty)?;
        let pid = running.group().as_raw().cast_unsigned();
        self.lent = Some(running);
        Ok(pid)
    }

    /// Returns whether a program has the terminal.
    pub(super) fn has_lent(&self) -> bool {
        self.lent.is_some()
    }

    /// Reaps children; returns those that have ended since the last call, except watchdogs.
    pub(super) fn reap(&mut self) -> Vec<(Child, ExitStatus)> {
        self.old_watchdogs.retain(|&pid| !watchdog::has_exited(pid));
        let mut ended = Vec::new();
        ended.extend(self.shell.exit().map(|exit| (Child::Shell, exit)));
        if let Some(exit) = self.lent.as_ref().and_then(foreground::ForegroundProcess::exit) {
            self.lent = None;
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

    /// Removes and returns the stream that has the bytes that the coprocess left unread.
    pub(super) fn unread(&mut self) -> Option<StreamFd> {
        self.coproc.as_mut()?.unread.take()
    }

    /// Forgets the coprocess, which has ended; its watchdog ends the rest of its process group.
    pub(super) fn release_coproc(&mut self) {
        if let Some(watchdog) = self.coproc.take().and_then(|coproc| coproc.watchdog) {
            // Where the group is empty the watchdog exits at once, else when the handle is dropped at the end of this block.
            watchdog.leader_exited();
            self.old_watchdogs.push(watchdog.pid());
        }
    }

    /// Forgets the background command in `slot`, which has ended.
    pub(super) fn release_job(&mut self, slot: u8) {
        self.jobs[usize::from(slot)] = None;
    }

    fn shell(&self) -> Pid {
        child::pid_of(&self.shell.process)
    }
}
