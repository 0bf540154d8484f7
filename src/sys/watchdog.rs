//! A process that outlives coshell for the time that it takes to end the coprocess's process group: SIGTERM, and
//! SIGKILL two seconds later. It waits on a pipe, so that it also learns when coshell itself was killed.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pipe, write};

use super::process::send_group;
use super::signals;
use super::stream::close_on_exec;

/// Twenty steps of a tenth of a second from SIGTERM to SIGKILL.
const STEPS: usize = 20;
static STEP: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// Beyond this no descriptor is looked for where the system cannot close a range of them.
const DESCRIPTORS: RawFd = 4096;

/// The guard of one process group. Dropped, it ends what is left of the group.
#[derive(Debug)]
pub struct Watchdog {
    pid: Pid,
    group: Pid,
    /// Its other end closes when coshell is gone, however that came about.
    lifeline: OwnedFd,
}

impl Watchdog {
    /// Guards this process group.
    pub fn start(group: Pid) -> io::Result<Self> {
        let (waits, lifeline) = pipe()?;
        close_on_exec(&waits)?;
        close_on_exec(&lifeline)?;
        // SAFETY: coshell has one thread. The child allocates nothing, makes async-signal-safe calls only, and never
        // returns from `watch`.
        match unsafe { fork() }? {
            ForkResult::Child => watch(waits.as_raw_fd(), group),
            ForkResult::Parent { child } => Ok(Self { pid: child, group, lifeline }),
        }
    }

    /// The group's leader has exited: whether nothing else is left of it, so that the guard can leave at once.
    pub fn leader_exited(&self) -> bool {
        let empty = killpg(self.group, None).is_err();
        if empty {
            // The guard may be gone already, which is what is wanted.
            let _ = write(&self.lifeline, b".");
        }
        empty
    }

    /// The guard's process, to be waited for when it is dropped.
    pub fn pid(&self) -> Pid {
        self.pid
    }
}

/// Whether this guard has ended; it is reaped by that.
pub fn is_over(pid: Pid) -> bool {
    !matches!(waitpid(pid, Some(WaitPidFlag::WNOHANG)), Ok(WaitStatus::StillAlive))
}

/// The guard's own life.
fn watch(waits: RawFd, group: Pid) -> ! {
    // SAFETY: dup2, setsid, read, kill, nanosleep, close and _exit are async-signal-safe (signal-safety(7)) and take
    // numbers and a pointer to a local; no descriptor but the pipe is used after the others are closed.
    unsafe {
        libc::setsid();
        signals::reset_all();
        for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
            libc::signal(signal, libc::SIG_IGN);
        }
        if waits != 0 {
            libc::dup2(waits, 0);
        }
        close_from(1);
        let mut byte = 0_u8;
        let mut got = libc::read(0, (&raw mut byte).cast(), 1);
        while got < 0 && nix::errno::Errno::last_raw() == libc::EINTR {
            got = libc::read(0, (&raw mut byte).cast(), 1);
        }
        if got != 1 {
            end(group);
        }
        libc::_exit(0)
    }
}

/// Ends a process group.
fn end(group: Pid) {
    send_group(group, Signal::SIGTERM);
    send_group(group, Signal::SIGCONT);
    for _ in 0..STEPS {
        if killpg(group, None).is_err() {
            return;
        }
        // SAFETY: nanosleep reads one timespec, which is a constant, and may be given a null pointer for the rest.
        unsafe { libc::nanosleep(&raw const STEP, std::ptr::null_mut()) };
    }
    send_group(group, Signal::SIGKILL);
}

/// Closes every descriptor from this one on.
///
/// # Safety
/// None of them may be used afterwards.
unsafe fn close_from(first: RawFd) {
    // musl, and glibc before 2.34, have no function for this system call.
    #[cfg(target_os = "linux")]
    // SAFETY: as the caller promises.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) };
    #[cfg(target_os = "freebsd")]
    // SAFETY: as the caller promises.
    let result = unsafe { libc::close_range(first as libc::c_uint, libc::c_uint::MAX, 0) };
    #[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
    let result = -1;
    if result == 0 {
        return;
    }
    for fd in first..DESCRIPTORS {
        // SAFETY: as the caller promises; closing what is not open is an error that means nothing here.
        unsafe { libc::close(fd) };
    }
}
