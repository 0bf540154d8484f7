//! Processes: the shell in its pty, the coprocess and background commands at pipes.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{self, Child, Command, Stdio};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::foreground;
use super::process::{send_group, signal_process_group};
use super::signals;
use super::signals::Inherited;
use super::stream::{StreamFd, close_on_exec};
use super::watchdog::Watchdog;
use crate::types::ExitStatus;

/// The program that the session is about.
#[derive(Clone, Debug)]
pub struct Program {
    /// What is looked for in `PATH`.
    pub path: OsString,
    /// What it is called: `argv[0]`.
    pub name: OsString,
    /// The rest of `argv`.
    pub args: Vec<OsString>,
}

/// A command line for `/bin/sh -c`.
#[derive(Clone, Copy, Debug)]
pub struct ShellLine<'a> {
    /// The command line itself.
    pub command: &'a str,
    /// `$0`, `$1`, ...
    pub args: &'a [Vec<u8>],
    /// Variables besides those of coshell.
    pub env: &'a [(String, Vec<u8>)],
    /// Where it runs, if that is known.
    pub directory: Option<&'a Path>,
}

/// The ends of a command's standard streams.
#[derive(Debug)]
pub struct Streams {
    /// The id of its process.
    pub pid: u32,
    /// What its stdin is told by.
    pub known: Option<foreground::Identity>,
    /// What it reads.
    pub stdin: StreamFd,
    /// What it writes, unless that goes nowhere.
    pub stdout: Option<StreamFd>,
    /// What it complains.
    pub stderr: StreamFd,
    /// The end of its stdin that it reads from itself, to read back what it leaves there.
    pub unread: Option<StreamFd>,
}

/// What a command at pipes is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamRequest {
    /// Its output is typed.
    Output,
    /// The same, and what it does not read is wanted back.
    OutputAndUnread,
    /// Its output goes nowhere.
    Nothing,
}

/// Starts the program in the pty behind `slave`, as the leader of a session of its own.
pub fn start_in_pty(
    program: &Program,
    slave: &OwnedFd,
    env: &[(&str, OsString)],
    inherited: &Inherited,
) -> io::Result<Child> {
    let mut command = Command::new(&program.path);
    command.arg0(&program.name).args(&program.args).envs(env.iter().map(|(name, value)| (name, value)));
    command.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(slave.try_clone()?);
    let inherited = inherited.clone();
    // SAFETY: between fork and exec the closure makes async-signal-safe calls only and allocates nothing.
    unsafe {
        command.pre_exec(move || {
            nix::unistd::setsid()?;
            if libc::ioctl(0, libc::TIOCSCTTY as _, 0) < 0 {
                return Err(io::Error::last_os_error());
            }
            inherited.restore();
            Ok(())
        });
    }
    command.spawn()
}

/// Starts a command line at pipes, as the leader of a session of its own, with all signals at their defaults and
/// no descriptor but its standard streams.
pub fn start_at_pipes(line: &ShellLine<'_>, wanted: StreamRequest) -> io::Result<(Child, Streams)> {
    let (reads, stdin) = nix::unistd::pipe()?;
    close_on_exec(&reads)?;
    let stdin = StreamFd::own(stdin)?;
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(line.command);
    command.args(line.args.iter().map(|arg| OsStr::from_bytes(arg)));
    command.envs(line.env.iter().map(|(name, value)| (name, OsStr::from_bytes(value))));
    command.stdin(reads.try_clone()?).stderr(Stdio::piped());
    command.stdout(if wanted == StreamRequest::Nothing { Stdio::null() } else { Stdio::piped() });
    if let Some(directory) = line.directory {
        command.current_dir(directory);
    }
    let inherited = inherited_descriptors();
    // SAFETY: between fork and exec the closure makes async-signal-safe calls only and allocates nothing; the
    // descriptors that it marks are closed by exec, and nothing uses them until then.
    unsafe {
        command.pre_exec(move || {
            nix::unistd::setsid()?;
            signals::reset_all();
            for &fd in &inherited {
                libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
            }
            Ok(())
        });
    }
    let mut child = command.spawn()?;
    let stdout = child.stdout.take().map(|pipe| StreamFd::own(pipe.into())).transpose()?;
    let stderr = child.stderr.take().ok_or_else(|| io::Error::other("the pipe for stderr is missing"))?;
    // O_NONBLOCK would be seen by the child, which has the same description: this end is asked instead.
    let unread = (wanted == StreamRequest::OutputAndUnread).then(|| StreamFd::inherited(reads.as_fd())).transpose()?;
    let streams = Streams {
        known: foreground::identity(&reads),
        pid: child.id(),
        stdin,
        stdout,
        stderr: StreamFd::own(stderr.into())?,
        unread,
    };
    Ok((child, streams))
}

/// The descriptors above 2 that coshell was started with and that exec would pass on.
fn inherited_descriptors() -> Vec<RawFd> {
    // Where /dev/fd does not list them (a BSD without fdescfs) there is nothing better to go by.
    let Ok(entries) = fs::read_dir("/dev/fd") else { return Vec::new() };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<RawFd>().ok());
    numbers.filter(|&fd| fd > 2 && passes_exec(fd)).collect()
}

fn passes_exec(fd: RawFd) -> bool {
    // SAFETY: the number was just listed as open; it is borrowed for one call that changes nothing.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    fcntl(fd, FcntlArg::F_GETFD).is_ok_and(|flags| !FdFlag::from_bits_retain(flags).contains(FdFlag::FD_CLOEXEC))
}

/// How the child ended, if it has.
pub fn exit_of(child: &mut Child) -> Option<ExitStatus> {
    // A child that cannot be waited for has been reaped: it is over.
    let status = child.try_wait().unwrap_or_else(|_| Some(process::ExitStatus::from_raw(0)))?;
    Some(match (status.code(), status.signal()) {
        (Some(code), _) => ExitStatus::Code(u8::try_from(code & 0xff).unwrap_or(u8::MAX)),
        (None, signal) => ExitStatus::Signal(signal.unwrap_or(0)),
    })
}

/// The process that this child is, and by `setsid` the group that it leads.
pub fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

/// Guards the process group of a child that leads one.
pub fn guard(child: &Child) -> io::Result<Watchdog> {
    Watchdog::start(pid_of(child))
}

/// Sends a signal to the process group that this child leads. A group that is gone needs none.
pub fn signal_group(child: &Child, signal: i32) {
    signal_process_group(pid_of(child), signal);
}

/// Hangs up the shell and the foreground job of its terminal, stopped or not.
pub fn hang_up(shell: &Child, foreground: Option<Pid>) {
    for signal in [Signal::SIGHUP, Signal::SIGCONT] {
        if let Some(group) = foreground {
            send_group(group, signal);
        }
        // It may be gone already.
        let _ = kill(pid_of(shell), signal);
    }
}
