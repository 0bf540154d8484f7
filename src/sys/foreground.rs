//! A program that is lent the real terminal: the foreground job of the terminal's session, as a shell would start it.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::stat::fstat;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::process::send_group;
use super::signals;
use crate::types::ExitStatus;

/// What is to be run.
#[derive(Debug)]
pub struct ForegroundRequest<'a> {
    /// The program and its arguments.
    pub command: &'a [String],
    /// Where.
    pub directory: Option<&'a str>,
    /// With which environment; coshell's own where it is empty.
    pub environment: &'a [(String, String)],
    /// Its standard streams, where they are not the terminal.
    pub streams: [Option<OwnedFd>; 3],
}

/// The program while it runs.
#[derive(Debug)]
pub struct ForegroundProcess {
    group: Pid,
}

impl ForegroundProcess {
    /// Starts it with this terminal, as the leader of a process group that is the terminal's foreground group.
    pub fn start(wanted: ForegroundRequest<'_>, tty: BorrowedFd<'_>) -> io::Result<Self> {
        let (program, args) = wanted.command.split_first().ok_or_else(|| io::Error::other("there is no command"))?;
        let mut command = Command::new(program);
        command.args(args).process_group(0);
        if !wanted.environment.is_empty() {
            command.env_clear().envs(wanted.environment.iter().map(|(name, value)| (name, value)));
        }
        if let Some(directory) = wanted.directory {
            command.current_dir(directory);
        }
        let [stdin, stdout, stderr] = wanted.streams;
        command.stdin(stream(stdin, tty)?).stdout(stream(stdout, tty)?).stderr(stream(stderr, tty)?);
        let number = tty.as_raw_fd();
        // SAFETY: between fork and exec the closure makes async-signal-safe calls only and allocates nothing; the
        // descriptor is open in the child until exec closes it.
        unsafe {
            command.pre_exec(move || {
                // From the background only a process that ignores SIGTTOU may do this: tcsetpgrp(3). Where the terminal
                // is not the controlling one there is no foreground to be put into.
                libc::signal(libc::SIGTTOU, libc::SIG_IGN);
                libc::tcsetpgrp(number, libc::getpid());
                signals::reset_all();
                Ok(())
            });
        }
        let child = command.spawn()?;
        Ok(Self { group: Pid::from_raw(child.id().cast_signed()) })
    }

    /// How it ended, if it has. One that has stopped goes on: there is no shell that could continue it.
    pub fn exit(&self) -> Option<ExitStatus> {
        match waitpid(self.group, Some(WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED)) {
            Ok(WaitStatus::Exited(_, code)) => Some(ExitStatus::Code(u8::try_from(code & 0xff).unwrap_or(u8::MAX))),
            Ok(WaitStatus::Signaled(_, signal, _)) => Some(ExitStatus::Signal(signal as i32)),
            Ok(WaitStatus::Stopped(..)) => {
                send_group(self.group, Signal::SIGCONT);
                None
            }
            // Somebody else has waited for it: it is over.
            Err(Errno::ECHILD) => Some(ExitStatus::Code(0)),
            _ => None,
        }
    }

    /// The process group that it leads.
    pub fn group(&self) -> Pid {
        self.group
    }
}

fn stream(passed: Option<OwnedFd>, tty: BorrowedFd<'_>) -> io::Result<Stdio> {
    Ok(Stdio::from(match passed {
        Some(fd) => fd,
        None => tty.try_clone_to_owned()?,
    }))
}

/// A file, told from all others.
pub type Identity = (libc::dev_t, libc::ino_t);

/// What tells one pipe from another: both of its ends have the same, as far as the system says.
pub fn identity(fd: &OwnedFd) -> Option<Identity> {
    // One that cannot be asked is like no other.
    fstat(fd).ok().map(|stat| (stat.st_dev, stat.st_ino))
}
