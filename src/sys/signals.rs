//! Signals as poll events, and the signal dispositions that child processes inherit.

use std::io;
use std::os::fd::AsRawFd;

use mio::event::Source;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, killpg, raise, sigprocmask};
use nix::unistd::getpgrp;
use signal_hook::consts::{SIGCHLD, SIGCONT, SIGTSTP, SIGUSR1, SIGWINCH};
use signal_hook_mio::v1_0::Signals as HandledSignals;

use super::stop_request::StopRequest;

/// A signal that coshell received, by its effect on the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalEvent {
    /// SIGCHLD: a child has ended or stopped.
    Child,
    /// SIGWINCH: the window size may have changed.
    Resize,
    /// SIGTSTP: coshell is to stop.
    Stop,
    /// SIGCONT: coshell has been continued.
    Continue,
    /// SIGUSR1: the configuration is to be read again.
    Reload,
    /// A signal with this number that ends the session.
    Terminate(i32),
}

impl SignalEvent {
    /// Classifies the signal number `signal`.
    fn of(signal: i32) -> Self {
        match signal {
            SIGCHLD => Self::Child,
            SIGWINCH => Self::Resize,
            SIGTSTP => Self::Stop,
            SIGCONT => Self::Continue,
            SIGUSR1 => Self::Reload,
            other => Self::Terminate(other),
        }
    }
}

/// Signals whose default action ends the process (signal(7)) and that the event loop can handle: all but SIGKILL, the
/// synchronous faults and the real-time signals.
const TERMINATING: &[i32] = &[
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGALRM,
    libc::SIGVTALRM,
    libc::SIGPROF,
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

/// The dispositions and the mask that coshell was started with, for the programs that it runs.
#[derive(Clone, Debug)]
pub struct InheritedSignals {
    ignored: Vec<i32>,
    blocked: SigSet,
}

impl InheritedSignals {
    /// Records which signals are ignored and blocked, then unblocks all of them: with SIGCHLD blocked, coshell would not
    /// learn that a child has ended. Must run before any handler is set.
    pub fn take() -> Self {
        let mut ignored: Vec<i32> =
            (1..=max_signal()).filter(|&signal| signal != libc::SIGPIPE && is_ignored(signal)).collect();
        if startup::pipe_was_ignored() {
            ignored.push(libc::SIGPIPE);
        }
        let mut blocked = SigSet::empty();
        // sigprocmask(2) fails only with EINVAL or EFAULT, which these arguments exclude.
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), Some(&mut blocked));
        Self { ignored, blocked }
    }

    /// Returns whether this process is an asynchronous command of a shell without job control (`COMMAND &` in a script), for
    /// which the shell ignores SIGINT and SIGQUIT: POSIX, Shell Command Language, 2.12. Its process group is the script's,
    /// so that it seems to be in the foreground.
    pub fn of_asynchronous_command(&self) -> bool {
        [libc::SIGINT, libc::SIGQUIT].iter().all(|signal| self.ignored.contains(signal))
    }

    /// Ignores and blocks the recorded signals again. Async-signal-safe: runs in a child between fork and exec.
    pub(super) fn restore(&self) {
        // coshell ignores SIGXFSZ (see `register`), and exec keeps an ignored signal ignored: execve(2).
        set_handler(libc::SIGXFSZ, libc::SIG_DFL);
        for &signal in &self.ignored {
            set_handler(signal, libc::SIG_IGN);
        }
        // As above: the arguments are valid, and a child between fork and exec could not report an error.
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.blocked), None);
    }
}

/// Resets every signal to its default action and unblocks all. Async-signal-safe: runs between fork and exec.
pub(super) fn reset_all() {
    for signal in 1..=max_signal() {
        set_handler(signal, libc::SIG_DFL);
    }
    // SAFETY: `none` lives through both calls; sigemptyset initializes it before sigprocmask reads it, and a null pointer
    // for the old mask is allowed (sigprocmask(2)). Both functions are async-signal-safe.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Why coshell stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It was sent SIGTSTP.
    Requested,
    /// The shell has stopped itself.
    WithShell,
    /// The process group needs the terminal in the background.
    NeedsTerminal,
}

/// The signals that the event loop handles, as a source of poll events.
pub struct Signals {
    handled: HandledSignals,
    stop: StopRequest,
    /// Whether SIGTSTP was returned and is pending still.
    stop_is_taken: bool,
}

impl Signals {
    /// Registers the signals, except those that were ignored when coshell started. Real-time signals are handled by `crash`;
    /// SIGXFSZ is ignored; SIGTTIN and SIGTTOU are blocked.
    pub fn register(inherited: &InheritedSignals) -> io::Result<Self> {
        // With SIGXFSZ ignored, a write beyond RLIMIT_FSIZE fails with EFBIG (setrlimit(2)) and is treated like a full disk.
        set_handler(libc::SIGXFSZ, libc::SIG_IGN);
        // The system call of a background process on its terminal would stop the process, and stop it again after each
        // SIGCONT before a handled SIGTERM is looked at. Blocked, a read fails with EIO and all else has its effect
        // (termios(3)), so coshell itself finds out whether it is in the background, and stops by `stop`.
        let mut background = SigSet::empty();
        background.add(Signal::SIGTTIN);
        background.add(Signal::SIGTTOU);
        sigprocmask(SigmaskHow::SIG_BLOCK, Some(&background), None)?;
        let stop = StopRequest::open(inherited.ignored.contains(&SIGTSTP))?;
        let stop_handler = stop.fd().is_none().then_some(SIGTSTP);
        let handled = TERMINATING.iter().copied().chain([SIGUSR1]).chain(stop_handler);
        let handled = handled.filter(|signal| !inherited.ignored.contains(signal));
        Ok(Self {
            handled: HandledSignals::new(handled.chain([SIGCHLD, SIGWINCH, SIGCONT]))?,
            stop,
            stop_is_taken: false,
        })
    }

    /// Returns the signals that have come since the last call, in no order. SIGTSTP is not among them where a SIGCONT has
    /// followed it, and is to be passed to `stop` or `discard_stop`.
    pub fn take(&mut self) -> Vec<SignalEvent> {
        let mut events: Vec<SignalEvent> = self.handled.pending().map(SignalEvent::of).collect();
        // Both were handled: the order is unknown, and a stop would wait for another SIGCONT.
        if events.contains(&SignalEvent::Continue) {
            events.retain(|event| *event != SignalEvent::Stop);
        }
        self.stop_is_taken = self.stop.is_pending();
        events.extend(self.stop_is_taken.then_some(SignalEvent::Stop));
        events
    }

    /// Discards the SIGTSTP that `take` has returned, where coshell has not stopped since.
    pub fn discard_stop(&mut self) {
        if std::mem::take(&mut self.stop_is_taken) {
            self.stop.discard();
        }
    }

    /// Stops with the default action of a stop signal, and returns when continued. Appends the signals that come to `events`;
    /// returns whether SIGCONT or one that ends the session is among them.
    ///
    /// The process does not stop in an orphaned process group, which no shell could continue (setpgid(2)), where the signal
    /// was ignored when coshell started, nor where a signal has come that is to be handled first. A SIGCONT or SIGTERM that
    /// comes later continues the process, or keeps it from stopping.
    pub fn stop(&mut self, how: Stop, events: &mut Vec<SignalEvent>) -> bool {
        let from = events.len();
        let signal = if how == Stop::NeedsTerminal { Signal::SIGTTOU } else { Signal::SIGTSTP };
        let is_sent = how == Stop::Requested && self.stop.fd().is_some();
        self.stop_is_taken &= signal != Signal::SIGTSTP;
        let mut stop_set = SigSet::empty();
        stop_set.add(signal);
        let mut before = SigSet::empty();
        // These calls cannot fail: their arguments are valid, and a process may always signal itself (kill(2)) and its group.
        let _ = sigprocmask(SigmaskHow::SIG_BLOCK, Some(&stop_set), Some(&mut before));
        let _ = match how {
            // A second signal would discard a SIGCONT that is on its way.
            _ if is_sent => Ok(()),
            Stop::Requested | Stop::WithShell => raise(signal),
            Stop::NeedsTerminal => killpg(getpgrp(), signal),
        };
        events.extend(self.handled.pending().map(SignalEvent::of));
        // The signal is pending now. A SIGCONT from here on discards it (signal(7)), and so does SIG_IGN: no SIGCONT is missed
        // between the check and the stop. Where coshell did not send the signal, an earlier SIGCONT has discarded it, too.
        let is_cancelled = events[from..].iter().any(|event| match event {
            SignalEvent::Continue => !is_sent,
            SignalEvent::Terminate(_) => true,
            SignalEvent::Child | SignalEvent::Resize | SignalEvent::Stop | SignalEvent::Reload => false,
        });
        let stays = is_cancelled || is_ignored(signal as i32);
        let action = replace(signal as i32, if stays { libc::SIG_IGN } else { libc::SIG_DFL });
        let _ = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&stop_set), None);
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
        restore(signal as i32, &action);
        events.extend(self.handled.pending().map(SignalEvent::of));
        events[from..].iter().any(|event| matches!(event, SignalEvent::Continue | SignalEvent::Terminate(_)))
    }
}

impl Source for Signals {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.handled.register(registry, token, interests)?;
        self.stop.fd().map_or(Ok(()), |fd| SourceFd(&fd.as_raw_fd()).register(registry, token, interests))
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.handled.reregister(registry, token, interests)?;
        self.stop.fd().map_or(Ok(()), |fd| SourceFd(&fd.as_raw_fd()).reregister(registry, token, interests))
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.handled.deregister(registry)?;
        self.stop.fd().map_or(Ok(()), |fd| SourceFd(&fd.as_raw_fd()).deregister(registry))
    }
}

/// Returns the real-time signals; empty where libc gives no constants for them.
#[cfg(target_os = "linux")]
pub(super) fn real_time() -> impl Iterator<Item = i32> {
    libc::SIGRTMIN()..=max_signal()
}

#[cfg(target_os = "linux")]
fn max_signal() -> i32 {
    libc::SIGRTMAX()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn real_time() -> impl Iterator<Item = i32> {
    std::iter::empty()
}

#[cfg(not(target_os = "linux"))]
fn max_signal() -> i32 {
    31
}

fn set_handler(signal: i32, handler: libc::sighandler_t) {
    replace(signal, handler);
}

/// Sets the disposition of `signal` to SIG_DFL or SIG_IGN and returns the previous action.
fn replace(signal: i32, handler: libc::sighandler_t) -> libc::sigaction {
    // SAFETY: an all-zero `sigaction` is a valid value. Callers pass SIG_DFL or SIG_IGN, so that no address is called as a
    // handler. Both pointers are to locals that live through the call. sigaction is async-signal-safe; it fails for SIGKILL
    // and SIGSTOP, which always have their default, and then `before` stays all zero, which is SIG_DFL.
    unsafe {
        let (mut action, mut before): (libc::sigaction, libc::sigaction) = (std::mem::zeroed(), std::mem::zeroed());
        action.sa_sigaction = handler;
        libc::sigaction(signal, &raw const action, &raw mut before);
        before
    }
}

/// Sets the action of `signal` back to one that `replace` returned.
fn restore(signal: i32, before: &libc::sigaction) {
    // SAFETY: `before` was filled by sigaction for this signal, so its handler, flags and restorer belong together, and the
    // handler still exists: handlers are never unloaded. The call cannot fail where the same values were accepted before.
    unsafe {
        libc::sigaction(signal, before, std::ptr::null_mut());
    }
}

pub(super) fn is_ignored(signal: i32) -> bool {
    // SAFETY: with a null pointer for the new action, sigaction changes nothing and writes the old action to `action`,
    // which lives through the call; its value is used only if the call succeeded.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}

/// The disposition of SIGPIPE at exec, recorded before `main`: Rust's runtime ignores SIGPIPE before it calls `main`.
mod startup {
    use std::sync::atomic::{AtomicBool, Ordering};

    static PIPE_IGNORED: AtomicBool = AtomicBool::new(false);

    pub(super) fn pipe_was_ignored() -> bool {
        PIPE_IGNORED.load(Ordering::Relaxed)
    }

    extern "C" fn record_sigpipe() {
        PIPE_IGNORED.store(super::is_ignored(libc::SIGPIPE), Ordering::Relaxed);
    }

    // SAFETY: the loader calls each pointer in this section once before `main`. It passes argc, argv and envp, which a C
    // function without parameters ignores under the C calling convention. `record_sigpipe` needs nothing of Rust's runtime:
    // it makes one system call and stores a flag.
    #[used]
    #[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
    #[cfg_attr(not(target_os = "macos"), unsafe(link_section = ".init_array"))]
    static RECORD_SIGPIPE: extern "C" fn() = record_sigpipe;
}
