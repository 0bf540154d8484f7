//! A helper process that ends a process group after coshell, the coprocess's or that of a program that is lent the terminal:
//! SIGTERM, and SIGKILL two seconds later. It reads a pipe, so that it also notices when coshell was killed by SIGKILL.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{ForkResult, Pid, fork, getpgrp, pipe, tcgetpgrp, write};
use termios::Termios;

use super::process::{ChildChange, child_change, send_group};
use super::retry::retry;
use super::signals;
use super::stream::close_on_exec;

/// Checks between SIGTERM and SIGKILL, `STEP` apart.
const STEPS: usize = 20;
/// Byte in the pipe: the group is empty or left alone.
const DISMISSED: u8 = b'.';
/// Byte in the pipe: the group was sent SIGTERM.
const TERMINATED: u8 = b'T';
static STEP: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// First descriptor that is not closed where the system has no call to close a range.
const MAX_DESCRIPTORS: RawFd = 4096;

/// The terminal that a watched process group is lent.
#[derive(Clone, Copy, Debug)]
pub struct LentTerminal<'a> {
    /// The terminal.
    pub tty: BorrowedFd<'a>,
    /// Its attributes before they were changed.
    pub saved: &'a Termios,
}

/// Handle of the watchdog process of one process group; drop makes it end the remaining processes of the group.
#[derive(Debug)]
pub struct Watchdog {
    pid: Pid,
    group: Pid,
    /// The kernel closes this descriptor at the latest when coshell ends, and the watchdog reads end of file.
    write_end: OwnedFd,
}

impl Watchdog {
    /// Forks a watchdog for `group`. It also puts a `terminal` back that the group has in the foreground in the end.
    pub fn start(group: Pid, terminal: Option<LentTerminal<'_>>) -> io::Result<Self> {
        let (read_end, write_end) = pipe()?;
        close_on_exec(&read_end)?;
        close_on_exec(&write_end)?;
        let owner = getpgrp();
        // SAFETY: the child calls async-signal-safe functions only and allocates nothing, so that it needs no lock that the
        // thread which writes a recording may hold at fork. It never returns from `run`, so no destructor of the parent's
        // values runs twice.
        match unsafe { fork() }? {
            ForkResult::Child => run(read_end.as_raw_fd(), group, terminal, owner),
            ForkResult::Parent { child } => Ok(Self { pid: child, group, write_end }),
        }
    }

    /// Tells the watchdog to exit where the group is empty, now that its leader has been reaped. A group that was
    /// `terminated` gets no second SIGTERM, which could interrupt what a program does at the first.
    pub fn leader_exited(&self, terminated: bool) {
        if killpg(self.group, None).is_err() {
            self.dismiss();
        } else if terminated {
            self.tell(TERMINATED);
        }
    }

    /// Tells the watchdog to exit and to leave the rest of the group alone.
    pub fn dismiss(&self) {
        self.tell(DISMISSED);
    }

    fn tell(&self, byte: u8) {
        // EPIPE: the watchdog has exited already.
        let _ = retry(|| write(&self.write_end, &[byte]));
    }

    /// Returns the pid of the watchdog, which must be reaped after the handle is dropped.
    pub fn pid(&self) -> Pid {
        self.pid
    }
}

/// Returns whether the watchdog `pid` has exited, and reaps it.
pub fn has_exited(pid: Pid) -> bool {
    matches!(child_change(pid), Some(ChildChange::Ended(_) | ChildChange::Lost))
}

/// Body of the watchdog process; `owner` is coshell's process group.
fn run(read_end: RawFd, group: Pid, terminal: Option<LentTerminal<'_>>, owner: Pid) -> ! {
    // SAFETY: setsid, setpgid, signal, dup2, read, close and _exit are async-signal-safe (signal-safety(7)). They take
    // integers, except read, whose pointer is to one byte of a live local. The process uses no descriptor but 0 and 1 after
    // the others are closed, and `_exit` runs no destructor of a closed descriptor's owner.
    unsafe {
        if let Some(lent) = terminal {
            // In coshell's session, the only one whose processes may set the foreground process group of its terminal, and
            // out of the group that the keys of the terminal signal.
            libc::setpgid(0, 0);
            // The pipe may have descriptor 1, where coshell was started without one.
            let pipe = libc::dup(read_end);
            libc::dup2(lent.tty.as_raw_fd(), 1);
            libc::dup2(pipe, 0);
        } else {
            libc::setsid();
            libc::dup2(read_end, 0);
        }
        signals::reset_all();
        // The watchdog must outlive the signals that end a session, such as a kill(1) of every process of the user. SIGTTOU
        // would stop it where it puts the terminal back.
        for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGTTOU] {
            libc::signal(signal, libc::SIG_IGN);
        }
        close_from(if terminal.is_some() { 2 } else { 1 });
        let mut byte = 0_u8;
        let mut count = libc::read(0, (&raw mut byte).cast(), 1);
        while count < 0 && nix::errno::Errno::last_raw() == libc::EINTR {
            count = libc::read(0, (&raw mut byte).cast(), 1);
        }
        // End of file: coshell has closed the pipe or has been killed.
        if count != 1 || byte != DISMISSED {
            if count != 1 {
                send_group(group, Signal::SIGTERM);
                // A stopped process acts on SIGTERM only after it is continued: signal(7).
                send_group(group, Signal::SIGCONT);
            }
            kill_later(group);
            if let Some(lent) = terminal {
                put_back(lent.saved, group, owner);
            }
        }
        libc::_exit(0)
    }
}

/// Puts the terminal, descriptor 1, back: the attributes `saved`, and the process group `owner` in the foreground. A terminal
/// that a shell has taken from `group` meanwhile is left alone.
fn put_back(saved: &Termios, group: Pid, owner: Pid) {
    // SAFETY: descriptor 1 is open until the process ends.
    let tty = unsafe { BorrowedFd::borrow_raw(1) };
    if tcgetpgrp(tty) != Ok(group) {
        return;
    }
    // SAFETY: tcsetattr and tcsetpgrp are async-signal-safe (signal-safety(7)); `saved` is a copy of the parent's memory, and
    // has the layout of libc's termios. Errors mean that the terminal is gone.
    unsafe {
        libc::tcsetattr(1, libc::TCSANOW, std::ptr::from_ref(saved).cast());
        libc::tcsetpgrp(1, owner.as_raw());
    }
    // A script that waited for coshell has been stopped by SIGTTIN if it has read the terminal meanwhile.
    send_group(owner, Signal::SIGCONT);
}

/// Sends SIGKILL to `group` where it still exists two seconds later.
fn kill_later(group: Pid) {
    for _ in 0..STEPS {
        if killpg(group, None).is_err() {
            return;
        }
        // SAFETY: nanosleep reads one timespec, which is a static, and a null pointer for the remainder is allowed
        // (nanosleep(2)). Async-signal-safe; a sleep cut short by a signal only shortens the wait.
        unsafe { libc::nanosleep(&raw const STEP, std::ptr::null_mut()) };
    }
    send_group(group, Signal::SIGKILL);
}

/// Closes every descriptor from `first` on.
///
/// # Safety
/// No owner of these descriptors may use or close them afterwards.
unsafe fn close_from(first: RawFd) {
    // As a bare system call: musl, and glibc before 2.34, have no wrapper. It fails with ENOSYS before Linux 5.9.
    #[cfg(target_os = "linux")]
    // SAFETY: the call takes integers, and the caller promises that no owner uses the descriptors.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) };
    #[cfg(target_os = "freebsd")]
    // SAFETY: the call takes integers, and the caller promises that no owner uses the descriptors.
    let result = unsafe { libc::close_range(first as libc::c_uint, libc::c_uint::MAX, 0) };
    #[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
    let result = -1;
    if result == 0 {
        return;
    }
    for fd in first..MAX_DESCRIPTORS {
        // SAFETY: the caller promises that no owner uses the descriptor; EBADF, for one that is not open, changes nothing.
        unsafe { libc::close(fd) };
    }
}
