//! Restores the terminal when a fatal signal ends coshell: a synchronous fault such as SIGSEGV, which the event loop
//! cannot handle, or a real-time signal, whose default action also ends the process (signal(7)). The handler may call
//! only async-signal-safe functions (signal-safety(7)), so its data lies in statics.

use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU8, AtomicUsize, Ordering};

use termios::Termios;

use super::signals;

/// Signals that a program fault raises; kill(1) can send them as well.
const FATAL: [i32; 5] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT];
/// Bytes reserved for the reset sequences: more than those of every known mode together with a window title.
const RESET_CAPACITY: usize = 512;

static TTY: AtomicI32 = AtomicI32::new(-1);
static SAVED: AtomicPtr<Termios> = AtomicPtr::new(ptr::null_mut());
static RESET: [AtomicU8; RESET_CAPACITY] = [const { AtomicU8::new(0) }; RESET_CAPACITY];
static RESET_LEN: AtomicUsize = AtomicUsize::new(0);

/// Installs the crash handler. Must precede the first stop: Rust's own handler of SIGSEGV and SIGBUS ignores the first signal
/// that kill(1) sends.
pub fn install() {
    // Not through signal-hook: it copies its whole table at each registration, and some thirty real-time signals would
    // take a third of the startup time.
    let real_time = signals::real_time().filter(|&signal| !signals::is_ignored(signal));
    for signal in FATAL.into_iter().chain(real_time) {
        // SAFETY: an all-zero `sigaction` is a valid value (SIG_DFL, empty mask, no flags). Without SA_SIGINFO the kernel
        // calls the handler with the signal number alone, which is the type of `handle_crash`, and that function makes
        // async-signal-safe calls only. SA_ONSTACK uses the alternate stack that Rust's runtime sets up, so that a stack
        // overflow is handled too.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handle_crash as extern "C" fn(libc::c_int) as libc::sighandler_t;
            action.sa_flags = libc::SA_ONSTACK;
            libc::sigaction(signal, &raw const action, ptr::null_mut());
        }
    }
}

/// Makes the crash handler restore `tty` to the attributes `saved`.
pub(super) fn arm(tty: &OwnedFd, saved: &Termios) {
    // Leaked: the handler may run at any later time. One structure each time the terminal is entered or resumed.
    SAVED.store(Box::leak(Box::new(*saved)), Ordering::SeqCst);
    TTY.store(tty.as_raw_fd(), Ordering::SeqCst);
}

/// Sets the bytes that the crash handler writes to reset the enabled terminal modes.
///
/// More than 512 bytes are dropped as a whole: half an escape sequence would leave the terminal's parser inside it.
pub fn set_reset_bytes(reset: &[u8]) {
    let reset = if reset.len() <= RESET_CAPACITY { reset } else { &[] };
    // Length 0 while the bytes change: a signal in between writes nothing rather than a mix.
    RESET_LEN.store(0, Ordering::SeqCst);
    for (slot, byte) in RESET.iter().zip(reset) {
        slot.store(*byte, Ordering::SeqCst);
    }
    RESET_LEN.store(reset.len(), Ordering::SeqCst);
}

/// Disarms the crash handler and returns the reset bytes that it had.
pub(super) fn disarm() -> Vec<u8> {
    TTY.store(-1, Ordering::SeqCst);
    let len = RESET_LEN.swap(0, Ordering::SeqCst);
    RESET[..len].iter().map(|byte| byte.load(Ordering::SeqCst)).collect()
}

extern "C" fn handle_crash(signal: libc::c_int) {
    let tty = TTY.load(Ordering::SeqCst);
    let saved = SAVED.load(Ordering::SeqCst);
    let len = RESET_LEN.load(Ordering::SeqCst).min(RESET_CAPACITY);
    // SAFETY: write, tcgetpgrp, getpgrp, tcsetattr, signal and raise are async-signal-safe (signal-safety(7)). RESET is a static of
    // RESET_CAPACITY bytes (AtomicU8 has the layout of u8), and `len` is no larger. SAVED is null, which is checked, or
    // points to a leaked Termios, which is never freed or written and has the layout of libc's termios.
    unsafe {
        if tty >= 0 && !saved.is_null() {
            libc::write(tty, RESET.as_ptr().cast(), len);
            // -1: the terminal is not the controlling one, and belongs to no other process group.
            if matches!(libc::tcgetpgrp(tty), group if group == -1 || group == libc::getpgrp()) {
                libc::tcsetattr(tty, libc::TCSANOW, saved.cast());
            }
        }
        // The signal is blocked while its handler runs: raised now, it ends the process with the right status on return.
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}
