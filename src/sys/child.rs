//! Child processes: the shell on its pty, the coprocess and background commands on pipes.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::unistd::Pid;

use super::foreground;
use super::process::remove_outer_session;
use super::signals;
use super::signals::InheritedSignals;
use super::stream::{StreamFd, close_on_exec};

/// The program that a session runs in its pty.
#[derive(Clone, Debug)]
pub struct Program {
    /// Name or path, searched in `PATH` as execvp(3) does.
    pub path: OsString,
    /// `argv[0]`; a leading `-` makes a login shell.
    pub name: OsString,
    /// `argv[1..]`.
    pub args: Vec<OsString>,
}

/// A command line for `/bin/sh -c`.
#[derive(Clone, Copy, Debug)]
pub struct ShellLine<'a> {
    /// Argument of `-c`.
    pub command: &'a str,
    /// `$0`, `$1`, ...
    pub args: &'a [Vec<u8>],
    /// Variables added to coshell's own environment.
    pub env: &'a [(String, Vec<u8>)],
    /// Working directory; `None` for coshell's own.
    pub directory: Option<&'a Path>,
}

/// coshell's ends of the pipes to a command.
#[derive(Debug)]
pub struct Streams {
    /// Process id of the command, which is also its process group.
    pub pid: Pid,
    /// Identity of the stdin pipe; `None` where fstat(2) failed.
    pub stdin_identity: Option<foreground::Identity>,
    /// Write end of the command's stdin.
    pub stdin: StreamFd,
    /// Read end of the command's stdout; `None` where that is `/dev/null`.
    pub stdout: Option<StreamFd>,
    /// Read end of the command's stderr.
    pub stderr: StreamFd,
    /// Duplicate of the read end of the command's stdin, for bytes that the command leaves unread.
    pub unread: Option<StreamFd>,
}

/// The streams that a command on pipes is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamRequest {
    /// Stdin, stdout and stderr.
    Output,
    /// The same, and the read end of stdin is kept to reclaim unread bytes.
    OutputAndUnread,
    /// Stdin and stderr; stdout is `/dev/null`.
    NoOutput,
}

/// Starts `program` with `slave` as its standard streams and controlling terminal, as a session leader, with `env` added
/// to the environment and the signal dispositions of `inherited`. Returns its pid, which is also its process group.
pub fn start_in_pty(
    program: &Program,
    slave: BorrowedFd<'_>,
    env: &[(&str, OsString)],
    inherited: &InheritedSignals,
) -> io::Result<Pid> {
    let mut command = Command::new(&program.path);
    remove_outer_session(&mut command);
    command.arg0(&program.name).args(&program.args).envs(env.iter().map(|(name, value)| (name, value)));
    let stream = || slave.try_clone_to_owned().map(Stdio::from);
    command.stdin(stream()?).stdout(stream()?).stderr(stream()?);
    let inherited = inherited.clone();
    // SAFETY: the closure runs between fork and exec, where only async-signal-safe functions may be called. setsid,
    // sigaction and sigprocmask are such (signal-safety(7)); ioctl is not listed there, but is a plain system call. Nothing
    // is allocated: `inherited` was cloned before the fork, and `io::Error::last_os_error` holds a number only.
    unsafe {
        command.pre_exec(move || {
            nix::unistd::setsid()?;
            // Stdin is the slave already: `Command` installs the standard streams before it runs this closure.
            if libc::ioctl(0, libc::TIOCSCTTY as _, 0) < 0 {
                return Err(io::Error::last_os_error());
            }
            inherited.restore();
            Ok(())
        });
    }
    command.spawn().map(|child| pid_of(&child))
}

/// Starts `line` on pipes as a session leader, with default signal dispositions and no inherited descriptor above 2.
pub fn start_at_pipes(line: &ShellLine<'_>, request: StreamRequest) -> io::Result<Streams> {
    let (read_end, stdin) = nix::unistd::pipe()?;
    close_on_exec(&read_end)?;
    let stdin = StreamFd::own(stdin)?;
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(line.command);
    command.args(line.args.iter().map(|arg| OsStr::from_bytes(arg)));
    remove_outer_session(&mut command);
    command.envs(line.env.iter().map(|(name, value)| (name, OsStr::from_bytes(value))));
    command.stdin(read_end.try_clone()?).stderr(Stdio::piped());
    command.stdout(if request == StreamRequest::NoOutput { Stdio::null() } else { Stdio::piped() });
    if let Some(directory) = line.directory {
        command.current_dir(directory);
    }
    let inherited = inherited_descriptors();
    // SAFETY: the closure runs between fork and exec and calls setsid, sigaction, sigprocmask and fcntl, which are
    // async-signal-safe (signal-safety(7)); it allocates nothing, since `inherited` was collected before the fork. F_SETFD changes only the
    // child's copy of the descriptor table, and exec closes the marked descriptors, so no owner in this process is affected.
    unsafe {
        command.pre_exec(move || {
            nix::unistd::setsid()?;
            signals::reset_all();
            for &fd in &inherited {
                // A descriptor closed since the listing gives EBADF, which is as good as closed by exec.
                libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
            }
            Ok(())
        });
    }
    // Before the child runs, since it can fail (EMFILE). O_NONBLOCK belongs to the open file description (open(2)), which the
    // child shares: this end is polled instead.
    let unread =
        (request == StreamRequest::OutputAndUnread).then(|| StreamFd::inherited(read_end.as_fd())).transpose()?;
    let mut child = command.spawn()?;
    // The rest needs no new descriptor, and fcntl(2) on an open one does not fail.
    let stdout = child.stdout.take().map(|pipe| StreamFd::own(pipe.into())).transpose()?;
    let stderr = child.stderr.take().ok_or_else(|| io::Error::other("the pipe for stderr is missing"))?;
    Ok(Streams {
        stdin_identity: foreground::identity(&read_end),
        pid: pid_of(&child),
        stdin,
        stdout,
        stderr: StreamFd::own(stderr.into())?,
        unread,
    })
}

/// Returns the pid of `child`, which is also its process group, since every child here calls setsid(2).
fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

/// Returns the open descriptors above 2 that lack FD_CLOEXEC: coshell's own all have it, so these were inherited.
fn inherited_descriptors() -> Vec<RawFd> {
    // Without /dev/fd, or on FreeBSD without fdescfs(5), where it lists 0 to 2 only, there is no other portable list.
    let Ok(entries) = fs::read_dir("/dev/fd") else { return Vec::new() };
    // A name that is no number is no descriptor.
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<RawFd>().ok());
    numbers.filter(|&fd| fd > 2 && passes_exec(fd)).collect()
}

fn passes_exec(fd: RawFd) -> bool {
    // SAFETY: the number was just listed as open, and this thread has closed nothing since. The thread that writes a recording
    // may have closed its file; F_GETFD, which only reads a flag, then gives EBADF. The borrow ends with this call.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    fcntl(fd, FcntlArg::F_GETFD).is_ok_and(|flags| !FdFlag::from_bits_retain(flags).contains(FdFlag::FD_CLOEXEC))
}
