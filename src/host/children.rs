//! The child processes of a session: the shell, the coprocess and its watchdog, background commands, the lent program.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use nix::unistd::Pid;

use crate::core::command_line::CommandLine;
use crate::core::{JOB_SLOTS, LentProgram};
use crate::sys::child;
use crate::sys::child::{ShellLine, StreamRequest, Streams};
use crate::sys::foreground;
use crate::sys::process as os_process;
use crate::sys::process::{ChildChange, JobNames};
use crate::sys::pty::Pty;
use crate::sys::stream::StreamFd;
use crate::sys::watchdog;
use crate::sys::watchdog::{LentTerminal, Watchdog};
use crate::types::{Child, SIGCONT, SIGKILL, SIGTERM};

/// A child process, which leads a process group, and whether it has been reaped.
#[derive(Debug)]
pub(super) struct RunningChild {
    pid: Pid,
    exited: bool,
}

impl RunningChild {
    fn new(pid: Pid) -> Self {
        Self { pid, exited: false }
    }

    /// Returns the next change of the child's state; reaps it.
    fn change(&mut self) -> Option<ChildChange> {
        if self.exited {
            return None;
        }
        let change = os_process::child_change(self.pid)?;
        self.exited = change != ChildChange::Stopped;
        Some(change)
    }
}

#[derive(Debug)]
struct Coprocess {
    running: RunningChild,
    /// Whether its process group was sent SIGTERM.
    terminated: bool,
    /// Identity of the pipe that the coprocess has as stdin.
    stdin: Option<foreground::Identity>,
    watchdog: Option<Watchdog>,
    /// Second read end of that pipe, for bytes that the coprocess leaves unread.
    unread: Option<StreamFd>,
}

/// The program that is lent the terminal.
#[derive(Debug)]
struct LentChild {
    running: RunningChild,
    watchdog: Option<Watchdog>,
}

/// The child processes of a session.
#[derive(Debug)]
pub(super) struct Children {
    shell: RunningChild,
    coproc: Option<Coprocess>,
    jobs: [Option<RunningChild>; JOB_SLOTS],
    lent: Option<LentChild>,
    /// Pids of watchdogs whose handle is dropped, to be reaped.
    old_watchdogs: Vec<Pid>,
    /// Environment variables that identify the session to its children.
    session_env: Vec<(&'static str, OsString)>,
}

impl Children {
    pub(super) fn new(shell: Pid, session_env: Vec<(&'static str, OsString)>) -> Self {
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
        let mut streams = self.start(command, request, pty)?;
        // Without a watchdog (fork failed) the coprocess still ends with the session, except where coshell is killed by
        // SIGKILL.
        let watchdog = Watchdog::start(streams.pid, None).ok();
        let running = RunningChild::new(streams.pid);
        self.coproc = Some(Coprocess {
            running,
            terminated: false,
            stdin: streams.stdin_identity,
            watchdog,
            unread: streams.unread.take(),
        });
        Ok(streams)
    }

    /// Starts `command` as the background command in `slot`.
    pub(super) fn start_job(&mut self, slot: u8, command: &CommandLine, pty: &Pty) -> io::Result<Streams> {
        let streams = self.start(command, StreamRequest::NoOutput, pty)?;
        self.jobs[usize::from(slot)] = Some(RunningChild::new(streams.pid));
        Ok(streams)
    }

    fn start(&self, command: &CommandLine, request: StreamRequest, pty: &Pty) -> io::Result<Streams> {
        let directory = self.directory(pty);
        let mut env = command.env.clone();
        env.extend(self.session_env.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())));
        let (text, args) = (&command.command, &command.args);
        let line = ShellLine { command: text, args, env: &env, directory: directory.as_deref() };
        child::start_at_pipes(&line, request)
    }

    /// Returns the working directory of the pty's foreground job, else that of the shell.
    fn directory(&self, pty: &Pty) -> Option<PathBuf> {
        pty.foreground()
            .and_then(os_process::working_directory)
            .or_else(|| os_process::working_directory(self.shell.pid))
    }

    /// Returns the process group of the pty's foreground job, or 0, and the names of its processes and of its ancestors up
    /// to the shell.
    pub(super) fn foreground_job(&self, pty: &Pty) -> (i32, JobNames) {
        let names = |group| os_process::job_names(group, self.shell.pid, pty.device());
        pty.foreground().map_or_else(Default::default, |group| (group.as_raw(), names(group)))
    }

    /// Returns whether `group` is the process group that the shell leads.
    pub(super) fn shell_leads(&self, group: i32) -> bool {
        group == self.shell.pid.as_raw()
    }

    /// Returns the running coprocess or background command whose pid is `leader`.
    pub(super) fn led_by(&self, leader: Pid) -> Option<Child> {
        let jobs = self.jobs.iter().enumerate();
        let jobs = jobs.filter_map(|(slot, job)| Some((Child::Job(slot as u8), job.as_ref()?)));
        let coproc = self.coproc.iter().map(|coproc| (Child::Coproc, &coproc.running));
        coproc.chain(jobs).find(|(_, running)| running.pid == leader).map(|(child, _)| child)
    }

    /// Sends `signal` to the process group of `child`; nothing where it is not running. SIGKILL also ends the group of a
    /// coprocess whose leader has exited since it was sent SIGTERM.
    pub(super) fn signal(&mut self, child: Child, signal: i32) {
        let mut ends_group = false;
        let running = match child {
            Child::Lent => self.lent.as_ref().map(|lent| &lent.running),
            Child::Shell => Some(&self.shell),
            Child::Coproc => self.coproc.as_mut().map(|coproc| {
                ends_group = coproc.terminated && signal == SIGKILL;
                coproc.terminated |= signal == SIGTERM;
                &coproc.running
            }),
            Child::Job(slot) => self.jobs[usize::from(slot)].as_ref(),
        };
        // The pid of a child that has been reaped may belong to another process by now, though hardly within the 2 s from
        // SIGTERM to SIGKILL, and not where its group has a process left.
        if let Some(running) = running.filter(|running| !running.exited || ends_group) {
            os_process::signal_process_group(running.pid, signal);
        }
    }

    /// Sends SIGHUP to the shell and its foreground job.
    pub(super) fn hang_up(&self, pty: &Pty) {
        if !self.shell.exited {
            os_process::hang_up(self.shell.pid, pty.foreground());
        }
    }

    /// Starts a program that is lent `terminal`; `passed` are descriptors for its standard streams. Returns its process group.
    pub(super) fn lend(
        &mut self,
        lent: &LentProgram,
        passed: Vec<OwnedFd>,
        terminal: LentTerminal<'_>,
    ) -> io::Result<Pid> {
        if passed.len() != lent.streams.len() {
            // Without its pipe the program would read the keyboard or write to the screen instead.
            let sentence = "its standard streams did not arrive with the request; the session may have no free descriptor \
                            (ulimit -n)";
            return Err(io::Error::other(sentence));
        }
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
        let group = foreground::start(request, terminal.tty)?;
        // Without a watchdog (fork failed) the program outlives coshell only where coshell is killed by SIGKILL.
        let watchdog = Watchdog::start(group, Some(terminal)).ok();
        self.lent = Some(LentChild { running: RunningChild::new(group), watchdog });
        Ok(group)
    }

    /// Returns whether a program has the terminal.
    pub(super) fn has_lent(&self) -> bool {
        self.lent.is_some()
    }

    /// Reaps children; returns the changes since the last call, except those of watchdogs. A stopped lent program is
    /// continued, since no shell is there to resume it.
    pub(super) fn reap(&mut self) -> Vec<(Child, ChildChange)> {
        self.old_watchdogs.retain(|&pid| !watchdog::has_exited(pid));
        let mut changes = Vec::new();
        changes.extend(self.shell.change().map(|change| (Child::Shell, change)));
        match self.lent.as_mut().and_then(|lent| lent.running.change()) {
            Some(ChildChange::Stopped) => self.signal(Child::Lent, SIGCONT),
            Some(change) => {
                if let Some(watchdog) = self.lent.take().and_then(|lent| lent.watchdog) {
                    watchdog.dismiss();
                    self.old_watchdogs.push(watchdog.pid());
                }
                changes.push((Child::Lent, change));
            }
            None => {}
        }
        changes.extend(
            self.coproc.as_mut().and_then(|coproc| coproc.running.change()).map(|change| (Child::Coproc, change)),
        );
        for (slot, job) in self.jobs.iter_mut().enumerate() {
            changes.extend(job.as_mut().and_then(RunningChild::change).map(|change| (Child::Job(slot as u8), change)));
        }
        changes
    }

    /// Removes and returns the stream that has the bytes that the coprocess left unread.
    pub(super) fn unread(&mut self) -> Option<StreamFd> {
        self.coproc.as_mut()?.unread.take()
    }

    /// Forgets the coprocess, which has ended; its watchdog ends the rest of its process group.
    pub(super) fn release_coproc(&mut self) {
        let Some(coproc) = self.coproc.take() else { return };
        if let Some(watchdog) = coproc.watchdog {
            // Where the group is empty the watchdog exits at once, else when the handle is dropped at the end of this block.
            watchdog.leader_exited(coproc.terminated);
            self.old_watchdogs.push(watchdog.pid());
        }
    }

    /// Forgets the background command in `slot`, which has ended.
    pub(super) fn release_job(&mut self, slot: u8) {
        self.jobs[usize::from(slot)] = None;
    }
}
