//! The pty of the shell: its master, and the state of the line discipline that is read and changed through it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::pty::openpty;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, tcgetpgrp};
use termios::{ECHO, ICANON, ISIG, NOFLSH, TCIFLUSH, Termios, VEOF, VINTR, VQUIT, VSUSP};

use super::retry::retry;
use super::stream::{ReadResult, StreamFd, close_on_exec};
use super::tty;
use super::typed_ahead;
use super::typed_ahead::TypedAhead;
use crate::types::{Echo, Size};

/// Flushes per discard: a Linux pty holds about 20 KB of input, and one flush drops the 4 KB of the line discipline.
const MAX_FLUSHES: usize = 8;

/// Maximum time for which the line discipline may take to queue keys that were typed ahead.
const FEED_TIMEOUT: Duration = Duration::from_millis(100);

/// The pty: its master, and a descriptor of its slave as long as the shell runs.
#[derive(Debug)]
pub struct Pty {
    master: OwnedFd,
    /// When the last descriptor of a slave is closed, Linux takes the controlling terminal away from its session, and the
    /// master reads EIO as it does after the last process has ended. A shell may close all of its own for a moment.
    slave: Option<OwnedFd>,
    /// Path of the slave, as tty(1) prints it inside.
    pub name: PathBuf,
    /// Modes before any program ran.
    first_modes: Termios,
}

impl Pty {
    /// Opens a new pty with window size `size` and `attributes`.
    pub fn open(size: Size, attributes: Option<&Termios>) -> io::Result<Self> {
        // openpty(3) sets no FD_CLOEXEC, and a child that inherits the master keeps the pty alive: programs inside would
        // get no SIGHUP when coshell ends.
        let pair = openpty(None, None)?;
        close_on_exec(&pair.master)?;
        close_on_exec(&pair.slave)?;
        tty::set_size(&pair.slave, size)?;
        if let Some(attributes) = attributes {
            tty::set_attributes(&pair.slave, attributes)?;
        }
        let first_modes = tty::attributes(&pair.slave)?;
        let name = nix::unistd::ttyname(&pair.slave)?;
        Ok(Self { master: pair.master, slave: Some(pair.slave), name, first_modes })
    }

    /// Returns the slave; an error after `release_slave`.
    pub fn slave(&self) -> io::Result<BorrowedFd<'_>> {
        self.slave.as_ref().map(AsFd::as_fd).ok_or_else(|| io::Error::other("the pty is closed"))
    }

    /// Closes the slave, since the shell has exited: the master reads its end once all other processes have closed it too.
    pub fn release_slave(&mut self) {
        self.slave = None;
    }

    /// Opens the slave anew after the end of the master has been read while the shell runs: vhangup(2), as login(1) calls
    /// it, disconnects every descriptor of the slave before the program opens it again by its path. Returns whether the
    /// slave is open.
    pub fn reopen_slave(&mut self) -> bool {
        // Where it cannot be opened, the shell cannot open it either.
        self.slave = self.slave.take().and_then(|_| tty::reopen(&self.name).ok()).map(OwnedFd::from);
        self.slave.is_some()
    }

    /// Duplicates the master for reading and writing.
    pub fn stream(&self) -> io::Result<StreamFd> {
        StreamFd::own(self.master.try_clone()?)
    }

    /// Queues keys that were typed ahead, as cooked input of the slave, before a program has it. Shows nothing: the
    /// terminal has echoed them. Returns keys that can only be typed while a program runs.
    pub fn type_ahead(&self, mut typed: TypedAhead) -> io::Result<Vec<u8>> {
        let late = typed.split_special();
        let mut feed = typed.feed();
        if !feed.is_empty() {
            let slave = self.slave()?;
            let attributes = tty::attributes(&slave)?;
            tty::set_attributes(&slave, &typed_ahead::feeding(&attributes))?;
            // The line discipline works in the background on Linux. Its answer to VREPRINT, which is this character, a
            // newline and the open line, comes when everything before has been queued.
            feed.push(typed_ahead::FEED_REPRINT);
            let stream = self.stream()?;
            // No more than one terminal's queue held, so that it fits.
            stream.write(&feed);
            discard_output(&stream, typed.echoed() + 2 + typed.open_line());
            tty::set_attributes(&slave, &attributes)?;
        }
        Ok(late)
    }

    /// Sets the window size; the kernel sends SIGWINCH to the foreground process group.
    pub fn resize(&self, size: Size) -> io::Result<()> {
        tty::set_size(&self.master, size)
    }

    /// Returns the foreground process group of the pty, if there is one.
    pub fn foreground(&self) -> Option<Pid> {
        // While no session has the slave as its controlling terminal Linux gives 0; other systems give an error.
        tcgetpgrp(&self.master).ok().filter(|group| group.as_raw() > 1)
    }

    /// Returns the device number of the slave, if it is known.
    pub fn device(&self) -> Option<libc::dev_t> {
        // Without /dev/pts, as in some containers, it is not known.
        nix::sys::stat::stat(&self.name).ok().map(|stat| stat.st_rdev)
    }

    /// Returns whether the line discipline echoes; where the attributes cannot be read, it is taken to.
    pub fn echo(&self) -> Echo {
        let modes = tty::attributes(&self.master).map_or(ECHO, |attributes| attributes.c_lflag);
        match () {
            () if modes & ECHO != 0 => Echo::On,
            () if modes & ICANON != 0 => Echo::OffInLines,
            () if modes & ISIG != 0 => Echo::OffInKeys,
            () => Echo::On,
        }
    }

    /// Gives the pty its first modes, if the line discipline passes each byte as it is and makes no signals.
    pub fn leave_raw_mode(&self) {
        let is_raw = |attributes: &Termios| attributes.c_lflag & (ICANON | ECHO | ISIG) == 0;
        if tty::attributes(&self.master).is_ok_and(|attributes| is_raw(&attributes)) {
            // Fails only where the pty is closed, which the next read of the master reports.
            let _ = tty::set_attributes(&self.master, &self.first_modes);
        }
    }

    /// Returns whether the line discipline edits lines (ICANON); `false` where it cannot be asked.
    pub fn is_canonical(&self) -> bool {
        tty::attributes(&self.master).is_ok_and(|attributes| attributes.c_lflag & ICANON != 0)
    }

    /// Sends the foreground process group the signal that the line discipline makes of `byte`; returns whether one was sent.
    pub fn interrupt(&self, byte: u8) -> bool {
        let Ok(attributes) = tty::attributes(&self.master) else { return false };
        let signal = match () {
            () if attributes.c_lflag & ISIG == 0 => return false,
            () if attributes.c_cc[VINTR] == byte => Signal::SIGINT,
            () if attributes.c_cc[VQUIT] == byte => Signal::SIGQUIT,
            () if attributes.c_cc[VSUSP] == byte => Signal::SIGTSTP,
            () => return false,
        };
        let sent = self.foreground().is_some_and(|group| killpg(group, signal).is_ok());
        // The line discipline flushes its input too, unless NOFLSH is set: termios(3).
        if sent && attributes.c_lflag & NOFLSH == 0 {
            self.discard_typed();
        }
        sent
    }

    /// Discards input that was written to the pty and has not been read.
    pub fn discard_typed(&self) {
        // Through the slave: tcflush(3) on the master leaves the bytes that the slave's line discipline holds. Where
        // it cannot be opened any more, no process is left that would read the input.
        let Ok(slave) = tty::reopen(&self.name) else { return };
        for _ in 0..MAX_FLUSHES {
            // Bytes queued in front of the line discipline move up as it is emptied; the next round drops them.
            if retry(|| termios::tcflush(slave.as_raw_fd(), TCIFLUSH)).is_err() {
                return;
            }
        }
    }

    /// Returns the characters that raise signals: VINTR, VQUIT, VSUSP (termios(3)).
    pub fn signal_characters(&self) -> io::Result<[u8; 3]> {
        let attributes = tty::attributes(&self.master)?;
        Ok([attributes.c_cc[VINTR], attributes.c_cc[VQUIT], attributes.c_cc[VSUSP]])
    }

    /// Returns the current VEOF character, or Ctrl-D where the attributes cannot be read.
    pub fn end_of_file(&self) -> u8 {
        tty::attributes(&self.master).map_or(0x04, |attributes| attributes.c_cc[VEOF])
    }
}

/// Reads and discards `count` bytes, for at most [`FEED_TIMEOUT`].
fn discard_output(stream: &StreamFd, count: usize) {
    let until = Instant::now() + FEED_TIMEOUT;
    let (mut left, mut buffer) = (count, [0; 4096]);
    while left > 0 && stream.is_readable_within(until.saturating_duration_since(Instant::now())) {
        match stream.read(&mut buffer[..left.min(4096)]) {
            ReadResult::Bytes(n) => left -= n,
            ReadResult::Nothing => {}
            ReadResult::End => return,
        }
    }
}

impl AsFd for Pty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.master.as_fd()
    }
}
