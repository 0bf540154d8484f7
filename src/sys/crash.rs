//! The terminal put back when coshell itself is shot down: by SIGSEGV and its like, which no loop can handle, and by
//! real-time signals, which nothing sends to a program that has not asked for them. What the handler needs lies in
//! statics, since it may call nothing that is not async-signal-safe (signal-safety(7)).

use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU8, AtomicUsize, Ordering};

use termios::Termios;

use super::signals;

/// The signals that a fault of the program, or somebody with kill(1), sends.
const FATAL: [i32; 5] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT];
/// More than the sequences that turn off every mode there is, and a title.
const MODES: usize = 512;

static TTY: AtomicI32 = AtomicI32::new(-1);
static SAVED: AtomicPtr<Termios> = AtomicPtr::new(ptr::null_mut());
static RESET: [AtomicU8; MODES] = [const { AtomicU8::new(0) }; MODES];
static RESET_LEN: AtomicUsize = AtomicUsize::new(0);

/// From now on a crash puts this terminal back to these attributes.
pub(super) fn arm(tty: &OwnedFd, saved: &Termios) {
    // Leaked on purpose, once for each time that the terminal is taken: the handler may run at any later time.
    SAVED.store(Box::leak(Box::new(*saved)), Ordering::SeqCst);
    TTY.store(tty.as_raw_fd(), Ordering::SeqCst);
    // To register thirty more with signal-hook, which copies all that it has for each, would be a third of a start.
    let real_time = signals::real_time().filter(|&signal| !signals::is_ignored(signal));
    for signal in FATAL.into_iter().chain(real_time) {
        // SAFETY: `sigaction` is given a whole, zeroed structure with a handler of the right type, and the handler
        // itself makes async-signal-safe calls only.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_crash as extern "C" fn(libc::c_int) as libc::sighandler_t;
            action.sa_flags = libc::SA_ONSTACK;
            libc::sigaction(signal, &raw const action, ptr::null_mut());
        }
    }
}

/// These bytes turn off the modes that are on now. Too many of them are left out rather than cut.
pub fn modes(reset: &[u8]) {
    let reset = if reset.len() <= MODES { reset } else { &[] };
    RESET_LEN.store(0, Ordering::SeqCst);
    for (place, byte) in RESET.iter().zip(reset) {
        place.store(*byte, Ordering::SeqCst);
    }
    RESET_LEN.store(reset.len(), Ordering::SeqCst);
}

/// A crash does nothing any more; the bytes that it would have written.
pub(super) fn disarm() -> Vec<u8> {
    TTY.store(-1, Ordering::SeqCst);
    let len = RESET_LEN.swap(0, Ordering::SeqCst);
    RESET[..len].iter().map(|byte| byte.load(Ordering::SeqCst)).collect()
}

extern "C" fn on_crash(signal: libc::c_int) {
    let tty = TTY.load(Ordering::SeqCst);
    let saved = SAVED.load(Ordering::SeqCst);
    let len = RESET_LEN.load(Ordering::SeqCst).min(MODES);
    // SAFETY: write, tcsetattr, signal and raise are async-signal-safe (signal-safety(7)); RESET is a static of MODES
    // bytes, of which AtomicU8 has the layout of u8; SAVED is null or a leaked Termios, which is libc's termios.
    unsafe {
        if tty >= 0 && !saved.is_null() {
            libc::write(tty, RESET.as_ptr().cast(), len);
            libc::tcsetattr(tty, libc::TCSANOW, saved.cast());
        }
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}
