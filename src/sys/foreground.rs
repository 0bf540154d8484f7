//! A program that is lent the real terminal: it runs as the foreground process group, as a shell starts a job.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::sys::stat::fstat;
use nix::unistd::Pid;

use super::process::remove_outer_session;
use super::signals;

/// A program to run on the real terminal.
#[derive(Debug)]
pub struct ForegroundRequest<'a> {
    /// The program and its arguments.
    pub command: &'a [String],
    /// Working directory; `None` for coshell's own.
    pub directory: Option<&'a str>,
    /// Whole environment; empty for coshell's own.
    pub environment: &'a [(String, String)],
    /// Variables that identify the session; they replace those of `environment`.
    pub session_env: &'a [(&'static str, OsString)],
    /// Standard streams by number; `None` for the terminal.
    pub streams: [Option<OwnedFd>; 3],
}

/// Starts the program on `tty`, as the leader of a new process group that becomes the foreground group of `tty`. Returns
/// the process group.
pub fn start(request: ForegroundRequest<'_>, tty: BorrowedFd<'_>) -> io::Result<Pid> {
    let (program, args) = request.command.split_first().ok_or_else(|| io::Error::other("there is no command"))?;
    let mut command = Command::new(program);
    command.args(args).process_group(0);
    if request.environment.is_empty() {
        remove_outer_session(&mut command);
    } else {
        command.env_clear().envs(request.environment.iter().map(|(name, value)| (name, value)));
    }
    command.envs(request.session_env.iter().map(|(name, value)| (name, value)));
    if let Some(directory) = request.directory {
        command.current_dir(directory);
    }
    let [stdin, stdout, stderr] = request.streams;
    command.stdin(stdio_for(stdin, tty)?).stdout(stdio_for(stdout, tty)?).stderr(stdio_for(stderr, tty)?);
    let tty_number = tty.as_raw_fd();
    // SAFETY: the closure runs between fork and exec and makes async-signal-safe calls only (signal, tcsetpgrp, getpid,
    // sigaction, sigprocmask); it allocates nothing. `tty_number` is open in the child: `tty` outlives `spawn`, the child
    // has a copy of the descriptor table, and exec closes the descriptor only afterwards.
    unsafe {
        command.pre_exec(move || {
            // A background process that does not ignore or block SIGTTOU is stopped by this call: tcsetpgrp(3). It
            // fails with ENOTTY where `tty` is not the controlling terminal, which then has no foreground group to set.
            libc::signal(libc::SIGTTOU, libc::SIG_IGN);
            libc::tcsetpgrp(tty_number, libc::getpid());
            signals::reset_all();
            Ok(())
        });
    }
    let child = command.spawn()?;
    Ok(Pid::from_raw(child.id().cast_signed()))
}

fn stdio_for(passed: Option<OwnedFd>, tty: BorrowedFd<'_>) -> io::Result<Stdio> {
    Ok(Stdio::from(match passed {
        Some(fd) => fd,
        None => tty.try_clone_to_owned()?,
    }))
}

/// Device and inode number, which identify an open file.
pub type Identity = (libc::dev_t, libc::ino_t);

/// Returns the identity of the file behind `fd`. Both ends of a pipe have the same identity on Linux; on other systems they
/// may differ.
pub fn identity(fd: &OwnedFd) -> Option<Identity> {
    // Without an identity a file is equal to no other, which callers treat as a different file.
    fstat(fd).ok().map(|stat| (stat.st_dev, stat.st_ino))
}
