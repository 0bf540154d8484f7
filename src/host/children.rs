//! The processes that run: the shell, the coprocess with its guard, background commands.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process;

use nix::unistd::Pid;

use crate::core::RUN_SLOTS;
use crate::core::coproc::Order;
use crate::sys::child::{self, Line, Streams, Wanted};
use crate::sys::end::End;
use crate::sys::guard::{self, Guard};
use crate::sys::process as other;
use crate::sys::pty::Pty;
use crate::words::{Child, Exit};

/// A child until it has been waited for.
#[derive(Debug)]
pub(super) struct Running {
    process: process::Child,
    exited: bool,
}

impl Running {
    fn new(process: process::Child) -> Self {
        Self { process, exited: false }
    }

    /// How it ended, told once.
    fn exit(&mut self) -> Option<Exit> {
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
    running: Running,
    guard: Option<Guard>,
    /// Where what it has not read can be read back.
    unread: Option<End>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Children {
    shell: Running,
    coproc: Option<Coprocess>,
    jobs: [Option<Running>; RUN_SLOTS],
    /// Guards that are at the end of their work.
    guards: Vec<Pid>,
    /// What tells every child of the session.
    names: Vec<(&'static str, OsString)>,
}

impl Children {
    pub(super) fn new(shell: process::Child, names: Vec<(&'static str, OsString)>) -> Self {
        Self { shell: Running::new(shell), coproc: None, jobs: [const { None }; RUN_SLOTS], guards: Vec::new(), names }
    }

    /// Starts a command line as this child.
    pub(super) fn start(&mut self, child: Child, order: &Order, wanted: Wanted, pty: &Pty) -> io::Result<Streams> {
        let directory = self.directory(pty);
        let mut env = order.env.clone();
        env.extend(self.names.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())));
        let line = Line { command: &order.command, args: &order.args, env: &env, directory: directory.as_deref() };
        let (process, mut streams) = child::start_at_pipes(&line, wanted)?;
        match child {
            Child::Coproc => {
                // Without a guard it is still ended with the session, only not if coshell itself is killed.
                let guard = child::guard(&process).ok();
                let running = Running::new(process);
                self.coproc = Some(Coprocess { running, guard, unread: streams.unread.take() });
            }
            Child::Run(slot) => self.jobs[usize::from(slot)] = Some(Running::new(process)),
            Child::Shell => debug_assert!(false, "the shell is started in its pty"),
        }
        Ok(streams)
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
            Child::Shell => Some(&self.shell),
            Child::Coproc => self.coproc.as_ref().map(|coproc| &coproc.running),
            Child::Run(slot) => self.jobs[usize::from(slot)].as_ref(),
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

    /// Those that have ended since the last call.
    pub(super) fn reap(&mut self) -> Vec<(Child, Exit)> {
        self.guards.retain(|&pid| !guard::is_over(pid));
        let mut ended = Vec::new();
        ended.extend(self.shell.exit().map(|exit| (Child::Shell, exit)));
        if let Some(coproc) = &mut self.coproc
            && let Some(exit) = coproc.running.exit()
        {
            ended.push((Child::Coproc, exit));
        }
        for (slot, job) in self.jobs.iter_mut().enumerate() {
            ended.extend(job.as_mut().and_then(Running::exit).map(|exit| (Child::Run(slot as u8), exit)));
        }
        ended
    }

    /// What the coprocess has not read of its pipe.
    pub(super) fn unread(&mut self) -> Option<End> {
        self.coproc.as_mut()?.unread.take()
    }

    /// This child is over; what is left of the coprocess's process group is ended by its guard.
    pub(super) fn release(&mut self, child: Child) {
        match child {
            Child::Shell => {}
            Child::Run(slot) => self.jobs[usize::from(slot)] = None,
            Child::Coproc => {
                if let Some(guard) = self.coproc.take().and_then(|coproc| coproc.guard) {
                    guard.leader_exited();
                    self.guards.push(guard.pid());
                }
            }
        }
    }

    fn shell(&self) -> Pid {
        child::pid_of(&self.shell.process)
    }
}
