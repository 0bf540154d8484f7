//! Session on a pty: the harness acts as the terminal, and a wrapper or the inner program alone runs on the slave.

use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{self, Pid};

use crate::board::{self, Board};

/// Environment variable by which the processes of a session are found.
const MARK: &str = "COSHELL_BENCH_SESSION";

/// Result of a read from the pty master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    Bytes(usize),
    Nothing,
    End,
}

/// Running session.
#[derive(Debug)]
pub(crate) struct Session {
    master: OwnedFd,
    child: Child,
    mark: String,
    /// Time of the start.
    pub(crate) started: u64,
}

/// Returns a word that is unique to a session.
pub(crate) fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("csb{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed))
}

/// Sets up a command on the tty `slave`, which becomes the controlling terminal of a new session.
#[allow(unsafe_code)]
pub(crate) fn on_tty(mut command: Command, slave: OwnedFd, master: &OwnedFd) -> io::Result<Command> {
    for fd in [&slave, master] {
        fcntl(fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    command.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(slave);
    // SAFETY: between fork and exec it makes two system calls and allocates nothing.
    unsafe {
        command.pre_exec(|| {
            unistd::setsid()?;
            match libc::ioctl(0, libc::TIOCSCTTY as _, 0) {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            }
        });
    }
    Ok(command)
}

/// Returns the window size of a terminal.
#[allow(unsafe_code)]
pub(crate) fn size_of(tty: BorrowedFd<'_>) -> Winsize {
    let mut size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 640, ws_ypixel: 384 };
    // SAFETY: the pointer is to a winsize that lives during the call; one that fails leaves it as it is.
    unsafe { libc::ioctl(tty.as_raw_fd(), libc::TIOCGWINSZ, &raw mut size) };
    size
}

impl Session {
    /// Starts a command; `mark` is a word from [`unique`], `home` a directory without configuration.
    pub(crate) fn start(words: &[String], mark: &str, home: &Path) -> io::Result<Self> {
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 640, ws_ypixel: 384 };
        let pty = openpty(Some(&size), None)?;
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env(MARK, mark).env("XDG_CONFIG_HOME", home).env("TERM", "xterm-256color");
        command.env("SHELL", "/bin/sh").env_remove("COSHELL_TTY").env_remove("COSHELL_SESSION").env_remove("TMUX");
        let mut command = on_tty(command, pty.slave, &pty.master)?;
        fcntl(&pty.master, FcntlArg::F_SETFL(OFlag::O_RDWR | OFlag::O_NONBLOCK))?;
        let started = board::now();
        let child = command.spawn()?;
        // The command holds the slave, and the master sees no end of file while it is open.
        drop(command);
        Ok(Self { master: pty.master, child, mark: mark.to_owned(), started })
    }

    /// Reads once, without blocking.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> Got {
        match unistd::read(&self.master, buffer) {
            Ok(0) => Got::End,
            Ok(n) => Got::Bytes(n),
            Err(Errno::EAGAIN | Errno::EINTR) => Got::Nothing,
            Err(_) => Got::End,
        }
    }

    /// Waits until the master is readable, at most `limit`.
    pub(crate) fn wait(&self, limit: Duration) {
        let millis = u16::try_from(limit.as_millis()).unwrap_or(u16::MAX);
        _ = poll(&mut [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)], PollTimeout::from(millis));
    }

    /// Writes keys; returns whether the tty accepted all of them.
    pub(crate) fn press(&self, keys: &[u8]) -> bool {
        unistd::write(&self.master, keys) == Ok(keys.len())
    }

    /// Discards output until the inner program has reached `state`.
    pub(crate) fn until_state(&self, board: &Board, state: u64) -> Result<(), String> {
        let (mut buffer, end) = (vec![0; 64 * 1024], Instant::now() + Duration::from_secs(10));
        while board.get(board::STATE) < state {
            match self.read(&mut buffer) {
                Got::Bytes(_) => {}
                Got::Nothing => self.wait(Duration::from_millis(1)),
                Got::End => return Err("it ended before the inner program ran".into()),
            }
            if Instant::now() > end {
                return Err("the inner program never ran".into());
            }
        }
        Ok(())
    }

    /// Returns all processes of the session except the inner program.
    pub(crate) fn wrapper(&self, board: &Board) -> Vec<Pid> {
        let inner = Pid::from_raw(board.get(board::PID) as i32);
        self.processes().into_iter().filter(|&pid| pid != inner).collect()
    }

    fn processes(&self) -> Vec<Pid> {
        let wanted = format!("{MARK}={}", self.mark);
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|&byte| byte == 0).any(|variable| variable == wanted.as_bytes())
        })
        .map(Pid::from_raw)
        .collect()
    }

    /// Reads to the end and waits for the child; returns the output and whether it ended within `limit`.
    pub(crate) fn drain(&mut self, limit: Duration) -> (Vec<u8>, bool) {
        let (mut buffer, mut all, end) = (vec![0; 64 * 1024], Vec::new(), Instant::now() + limit);
        loop {
            match self.read(&mut buffer) {
                Got::Bytes(n) => all.extend_from_slice(&buffer[..n]),
                Got::Nothing => self.wait(Duration::from_millis(100)),
                Got::End => {
                    drop(self.child.wait());
                    return (all, true);
                }
            }
            if Instant::now() > end {
                return (all, false);
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        for pid in self.processes() {
            _ = kill(pid, Signal::SIGKILL);
        }
        drop(self.child.kill());
        drop(self.child.wait());
        // Processes that are not children of the harness cannot be waited for.
        for _ in 0..100 {
            if self.processes().is_empty() {
                break;
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Resource usage of processes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// CPU time in nanoseconds.
    pub(crate) cpu: u64,
    /// Number of context switches.
    pub(crate) switches: u64,
    /// Current and peak resident memory, in KB.
    pub(crate) resident: u64,
    pub(crate) peak: u64,
}

/// Returns the resource usage of processes with all their threads; zero without /proc.
pub(crate) fn usage(pids: &[Pid]) -> Usage {
    let mut sum = Usage::default();
    for pid in pids {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        sum.resident += field(&status, "VmRSS:");
        sum.peak += field(&status, "VmHWM:");
        let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { continue };
        for task in tasks.flatten() {
            let schedstat = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            sum.cpu += schedstat.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0);
            let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
            sum.switches += field(&status, "voluntary_ctxt_switches:");
            sum.switches += field(&status, "nonvoluntary_ctxt_switches:");
        }
    }
    sum
}

fn field(status: &str, name: &str) -> u64 {
    let value = status.lines().find_map(|line| line.strip_prefix(name));
    value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
