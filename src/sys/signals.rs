//! Signals as events in the poll, and the dispositions that programs inside inherit.

use std::io;

use nix::sys::signal::{SigSet, SigmaskHow, Signal, raise, sigprocmask};
use signal_hook::consts::{SIGCHLD, SIGCONT, SIGTSTP, SIGWINCH};
use signal_hook_mio::v1_0::Signals;

/// What coshell was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalEvent {
    /// A child ended.
    Child,
    /// The window has a new size.
    Resize,
    /// coshell is asked to stop.
    Stop,
    /// It has been continued.
    Continue,
    /// It is to end.
    Terminate(i32),
}

impl SignalEvent {
    /// What this signal is.
    pub fn of(signal: i32) -> Self {
        match signal {
            SIGCHLD => Self::Child,
            SIGWINCH => Self::Resize,
            SIGTSTP => Self::Stop,
            SIGCONT => Self::Continue,
            other => Self::Terminate(other),
        }
    }
}

/// Signals whose default is to end the process and that a loop can handle.
const TERMINATING: &[i32] = &[
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGALRM,
    libc::SIGVTALRM,
    libc::SIGPROF,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGXCPU,
    libc::SIGSYS,
    libc::SIGTRAP,
    #[cfg(target_os = "linux")]
    libc::SIGIO,
    #[cfg(target_os = "linux")]
    libc::SIGPWR,
    #[cfg(all(
        target_os = "linux",
        any(
            target_arch = "x86_64",
            target_arch = "x86",
            target_arch = "aarch64",
            target_arch = "arm",
            target_arch = "riscv64"
        )
    ))]
    libc::SIGSTKFLT,
];

/// The signals that programs inside should find ignored, as coshell found them.
#[derive(Clone, Debug)]
pub struct Inherited {
    ignored: Vec<i32>,
    blocked: SigSet,
}

impl Inherited {
    /// What coshell was started with; asked before any handler is set. coshell itself blocks nothing from here on: it
    /// would never learn of the end of its children.
    pub fn take() -> Self {
        let mut ignored: Vec<i32> =
            (1..=last()).filter(|&signal| signal != libc::SIGPIPE && is_ignored(signal)).collect();
        if startup::pipe_was_ignored() {
            ignored.push(libc::SIGPIPE);
        }
        let mut blocked = SigSet::empty();
        // It fails for a bad argument only.
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), Some(&mut blocked));
        Self { ignored, blocked }
    }

    /// Ignores and blocks them again, in a child between fork and exec: both calls are async-signal-safe.
    pub(super) fn restore(&self) {
        // coshell ignores it, they need not.
        set(libc::SIGXFSZ, libc::SIG_DFL);
        for &signal in &self.ignored {
            set(signal, libc::SIG_IGN);
        }
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.blocked), None);
    }
}

/// All signals at their defaults and none blocked, in a child between fork and exec.
pub(super) fn reset_all() {
    for signal in 1..=last() {
        set(signal, libc::SIG_DFL);
    }
    // SAFETY: sigemptyset fills the set that sigprocmask then reads; both are async-signal-safe.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Handles every signal that a loop can handle and that was not ignored when coshell started, but for the real-time ones,
/// which `crash` has, and that of a file's size, which is ignored.
pub fn register(inherited: &Inherited) -> io::Result<Signals> {
    // A file that may grow no further is an error of the write, as a full disk is, and no end of the session.
    set(libc::SIGXFSZ, libc::SIG_IGN);
    let acting = TERMINATING.iter().copied().chain([SIGTSTP]).filter(|signal| !inherited.ignored.contains(signal));
    Signals::new(acting.chain([SIGCHLD, SIGWINCH, SIGCONT]))
}

/// Stops this process as SIGTSTP does where nobody handles it: not at all where nobody could continue it, in an orphaned
/// process group (setpgid(2)), nor where SIGCONT comes meanwhile. `continued` says whether it has come before.
pub fn stop_self(continued: impl FnOnce() -> bool) {
    let mut stop = SigSet::empty();
    stop.add(Signal::SIGTSTP);
    // None of these calls can fail: their arguments are valid, and a process may always signal itself.
    let _ = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&stop), None);
    let _ = raise(Signal::SIGTSTP);
    // It is pending, which a SIGCONT that comes from now on undoes, as ignoring it does.
    let before = replace(SIGTSTP, if continued() { libc::SIG_IGN } else { libc::SIG_DFL });
    let _ = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&stop), None);
    restore(SIGTSTP, &before);
}

/// The real-time signals, where the system has names for them.
#[cfg(target_os = "linux")]
pub(super) fn real_time() -> impl Iterator<Item = i32> {
    libc::SIGRTMIN()..=last()
}

#[cfg(target_os = "linux")]
fn last() -> i32 {
    libc::SIGRTMAX()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn real_time() -> impl Iterator<Item = i32> {
    std::iter::empty()
}

#[cfg(not(target_os = "linux"))]
fn last() -> i32 {
    31
}

fn set(signal: i32, handler: libc::sighandler_t) {
    replace(signal, handler);
}

/// The same, and gives what there was.
fn replace(signal: i32, handler: libc::sighandler_t) -> libc::sigaction {
    // SAFETY: whole, zeroed structures, the first with one of the two constants that are no function; sigaction is
    // async-signal-safe. It fails for SIGKILL and SIGSTOP, which cannot be anything but their defaults.
    unsafe {
        let (mut action, mut before): (libc::sigaction, libc::sigaction) = (std::mem::zeroed(), std::mem::zeroed());
        action.sa_sigaction = handler;
        libc::sigaction(signal, &raw const action, &raw mut before);
        before
    }
}

/// Back to what `replace` gave.
fn restore(signal: i32, before: &libc::sigaction) {
    // SAFETY: the structure was filled by sigaction, so the handler in it is one for this signal. It cannot fail: what was
    // accepted once is accepted again.
    unsafe {
        libc::sigaction(signal, before, std::ptr::null_mut());
    }
}

pub(super) fn is_ignored(signal: i32) -> bool {
    // SAFETY: with a null pointer for the new action, sigaction only writes the old one, into a whole structure.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}

/// What was the case before Rust's runtime, which ignores SIGPIPE before `main`.
mod startup {
    use std::sync::atomic::{AtomicBool, Ordering};

    static PIPE_IGNORED: AtomicBool = AtomicBool::new(false);

    pub(super) fn pipe_was_ignored() -> bool {
        PIPE_IGNORED.load(Ordering::Relaxed)
    }

    extern "C" fn look() {
        PIPE_IGNORED.store(super::is_ignored(libc::SIGPIPE), Ordering::Relaxed);
    }

    // SAFETY: the loader calls the functions in this section before main, with arguments that a function without
    // parameters ignores; `look` makes one system call and stores a flag.
    #[used]
    #[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
    #[cfg_attr(not(target_os = "macos"), unsafe(link_section = ".init_array"))]
    static LOOK: extern "C" fn() = look;
}
