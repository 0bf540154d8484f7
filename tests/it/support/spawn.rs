//! Starts a program on a new terminal, as a job of a session whose leader outlives it.
//!
//! When a session leader ends, the kernel hangs its terminal up and discards bytes that the reader has not taken. A
//! *supervisor* therefore leads the session, so that such a loss is not taken for a fault of coshell: it starts the
//! program in the foreground, writes its pid and then its wait status to a pipe, and stays. Only async-signal-safe
//! functions run between fork and exec.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
use std::ptr;

use nix::fcntl::OFlag;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, pipe2};

/// Role of the program in the terminal's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Foreground job of the session, as a shell starts it.
    Job,
    /// Leader of the session, as `xterm -e` starts it.
    Leader,
}

/// Arguments of `execve` and attributes of the process to start.
#[derive(Debug)]
pub struct Plan {
    pub file: CString,
    pub argv: Vec<CString>,
    pub env: Vec<CString>,
    pub cwd: CString,
    pub role: Role,
    pub blocked: Vec<Signal>,
    pub ignored: Vec<Signal>,
}

/// Running program, and the supervisor that waits for it.
#[derive(Debug)]
pub struct Started {
    pub supervisor: Pid,
    pub program: Pid,
    /// Becomes readable when the program has ended; carries the raw wait status, four bytes.
    pub status_pipe: OwnedFd,
}

/// Starts the program of `plan` with `tty` as its three standard descriptors and its controlling terminal.
pub fn start(plan: &Plan, tty: RawFd) -> io::Result<Started> {
    let (status_pipe, writer) = pipe2(OFlag::O_CLOEXEC)?;
    let argv = pointers(&plan.argv);
    let env = pointers(&plan.env);
    // SAFETY: the child calls nothing but async-signal-safe functions, on memory prepared here, and never returns.
    let supervisor = match unsafe { libc::fork() } {
        -1 => return Err(io::Error::last_os_error()),
        // SAFETY: as above.
        0 => unsafe { supervise(plan, &argv, &env, tty, writer.as_raw_fd()) },
        pid => Pid::from_raw(pid),
    };
    drop(writer);
    let mut pid = [0; 4];
    File::from(status_pipe.try_clone()?).read_exact(&mut pid)?;
    Ok(Started { supervisor, program: Pid::from_raw(i32::from_ne_bytes(pid)), status_pipe })
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|s| s.as_ptr()).chain([ptr::null()]).collect()
}

type Pointers<'a> = &'a [*const libc::c_char];

/// Runs the supervisor.
///
/// SAFETY: only in a freshly forked child; `argv` and `env` end in a null pointer.
unsafe fn supervise(plan: &Plan, argv: Pointers<'_>, env: Pointers<'_>, tty: RawFd, status_pipe: RawFd) -> ! {
    // SAFETY: system calls on descriptors that this process owns, and on its own stack.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if plan.role == Role::Job {
            become_session_leader(tty);
        }
        let program = match libc::fork() {
            0 => exec_program(plan, argv, env, tty),
            pid => pid,
        };
        for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGPIPE, libc::SIGTTOU] {
            libc::signal(signal, libc::SIG_IGN);
        }
        libc::dup2(tty, 0);
        libc::dup2(status_pipe, 3);
        libc::syscall(libc::SYS_close_range, 4, libc::c_uint::MAX, 0);
        libc::write(3, (&raw const program).cast(), 4);
        let mut status: libc::c_int = 0;
        while libc::waitpid(program, &raw mut status, 0) != program {}
        libc::write(3, (&raw const status).cast(), 4);
        loop {
            libc::pause();
        }
    }
}

/// Creates a session with `tty` as its controlling terminal.
unsafe fn become_session_leader(tty: RawFd) {
    // SAFETY: system calls without memory.
    unsafe {
        libc::setsid();
        libc::ioctl(tty, libc::TIOCSCTTY, 0);
    }
}

/// Executes the program in place of the current process.
///
/// SAFETY: as for `supervise`.
unsafe fn exec_program(plan: &Plan, argv: Pointers<'_>, env: Pointers<'_>, tty: RawFd) -> ! {
    // SAFETY: system calls on descriptors that this process owns, and on memory that outlives the exec.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, 0);
        match plan.role {
            Role::Leader => become_session_leader(tty),
            Role::Job => {
                libc::signal(libc::SIGTTOU, libc::SIG_IGN);
                libc::setpgid(0, 0);
                libc::tcsetpgrp(tty, libc::getpid());
            }
        }
        reset_signals(plan);
        for fd in 0..3 {
            libc::dup2(tty, fd);
        }
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC);
        if libc::chdir(plan.cwd.as_ptr()) == 0 {
            libc::execve(plan.file.as_ptr(), argv.as_ptr(), env.as_ptr());
        }
        let failure = b"rig: exec failed\r\n";
        libc::write(2, failure.as_ptr().cast(), failure.len());
        libc::_exit(199)
    }
}

/// Sets all signals to their defaults, then ignores and blocks those of the plan.
unsafe fn reset_signals(plan: &Plan) {
    // SAFETY: a zeroed sigset_t is valid to be emptied; the rest are calls without memory of ours.
    unsafe {
        for signal in 1..=libc::SIGRTMAX() {
            libc::signal(signal, libc::SIG_DFL);
        }
        for signal in &plan.ignored {
            libc::signal(*signal as libc::c_int, libc::SIG_IGN);
        }
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in &plan.blocked {
            libc::sigaddset(&raw mut set, *signal as libc::c_int);
        }
        libc::sigprocmask(libc::SIG_SETMASK, &raw const set, ptr::null_mut());
    }
}

/// Sends a signal by number: real-time signals have no name in `nix`.
pub fn kill(pid: nix::unistd::Pid, signal: libc::c_int) {
    // SAFETY: kill takes two numbers and touches no memory.
    assert_eq!(unsafe { libc::kill(pid.as_raw(), signal) }, 0, "the program is there");
}

/// Sets the window size of the terminal whose master is `fd`.
pub fn set_size(fd: RawFd, size: &libc::winsize) {
    // SAFETY: TIOCSWINSZ reads one winsize.
    unsafe { libc::ioctl(fd, libc::TIOCSWINSZ, ptr::from_ref(size)) };
}

/// Duplicates `fd`.
pub fn duplicate(fd: RawFd) -> OwnedFd {
    // SAFETY: fcntl returns a new descriptor without an owner, or -1, which is checked.
    let copy = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) };
    assert!(copy >= 0, "a descriptor to spare");
    // SAFETY: just made and checked.
    unsafe { OwnedFd::from_raw_fd(copy) }
}
