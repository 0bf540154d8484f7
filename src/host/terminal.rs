//! The real terminal of the session, if there is one: standard input and output may also be files or pipes.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use termios::Termios;

use crate::core::OutputKind;
use crate::sys::tty;
use crate::sys::tty::{RawMode, TtySides};
use crate::sys::typed_ahead::TypedAhead;
use crate::sys::watchdog::LentTerminal;
use crate::types::Size;

/// Minimum time between two looks at the window size.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// The terminal or the redirected streams that coshell was started on.
#[derive(Debug)]
pub(super) struct OuterTerminal {
    /// Kind of standard input.
    pub(super) keyboard: OutputKind,
    /// Kind of standard output.
    pub(super) screen: OutputKind,
    raw: Option<RawMode>,
    /// The attributes of a terminal whose modes are left alone.
    untouched: Option<Termios>,
    is_given_up: bool,
    size: Size,
    /// Time from which the size is looked at again when bytes pass.
    next_look: Option<Instant>,
}

impl OuterTerminal {
    /// Inspects the standard streams. `is_asynchronous`: a script has started coshell in its own process group and has not
    /// waited, so that the terminal may belong to another program at any time. Where only the output is a terminal, its modes
    /// are left alone then.
    pub(super) fn open(is_asynchronous: bool) -> io::Result<Self> {
        let (keyboard, screen) = (kind_of(&io::stdin()), kind_of(&io::stdout()));
        let (mut raw, mut untouched) = (None, None);
        match (keyboard, screen) {
            (OutputKind::Terminal, OutputKind::Terminal) => {
                raw = Some(RawMode::new(io::stdin().as_fd(), TtySides::Both)?);
            }
            (OutputKind::Terminal, OutputKind::Pipe) => {
                raw = Some(RawMode::new(io::stdin().as_fd(), TtySides::Keyboard)?);
            }
            (OutputKind::Pipe, OutputKind::Terminal) if is_asynchronous => {
                untouched = Some(tty::attributes(&io::stdout())?);
            }
            (OutputKind::Pipe, OutputKind::Terminal) => {
                raw = Some(RawMode::new(io::stdout().as_fd(), TtySides::Screen)?);
            }
            (OutputKind::Pipe, OutputKind::Pipe) => {}
        }
        Ok(Self { keyboard, screen, raw, untouched, is_given_up: false, size: current_size(), next_look: None })
    }

    /// Enters raw mode at the start, and reads the window size. Fails in the background where the keyboard is wanted; where
    /// only the output is a terminal, its modes are left alone then. Returns the keys that were typed before raw mode.
    pub(super) fn enter(&mut self) -> io::Result<TypedAhead> {
        if self.is_background() && self.keyboard == OutputKind::Terminal {
            return Err(io::Error::other(
                "coshell runs in the background of a terminal, and no shell can bring it forward",
            ));
        }
        let typed = self.resume()?;
        self.size = current_size();
        Ok(typed)
    }

    /// Returns the attributes from before raw mode, which the pty starts with.
    pub(super) fn attributes(&self) -> Option<&Termios> {
        self.raw.as_ref().map(RawMode::saved).or(self.untouched.as_ref())
    }

    /// Returns whether coshell needs the terminal and is in the background.
    pub(super) fn is_background(&self) -> bool {
        !self.is_given_up && self.raw.as_ref().is_some_and(RawMode::is_background)
    }

    /// Records that the session is ending, for which coshell does not need the terminal: it does not stop in the background.
    pub(super) fn give_up(&mut self) {
        self.is_given_up = true;
    }

    /// Returns the window size as last read.
    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// Reads the window size, and returns it if it has changed.
    pub(super) fn new_size(&mut self) -> Option<Size> {
        let size = current_size();
        (std::mem::replace(&mut self.size, size) != size).then_some(size)
    }

    /// Looks at the window size because bytes pass, at most once in `LOOK_INTERVAL`: a session without a controlling terminal
    /// and a process in the background get no SIGWINCH.
    pub(super) fn look_at_size(&mut self, now: Instant) -> Option<Size> {
        if self.next_look.is_some_and(|at| now < at) {
            return None;
        }
        self.next_look = Some(now + LOOK_INTERVAL);
        self.new_size()
    }

    /// Restores the terminal's attributes until `resume`.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        self.raw.as_mut().map_or(Ok(()), RawMode::suspend)
    }

    /// Returns the terminal, for a program that is to be lent it.
    pub(super) fn lent(&self) -> Option<LentTerminal<'_>> {
        self.raw.as_ref().map(|raw| LentTerminal { tty: raw.tty(), saved: raw.saved() })
    }

    /// Records that the terminal is lent to the process group `group`.
    pub(super) fn lend(&mut self, group: Pid) {
        if let Some(raw) = &mut self.raw {
            raw.lend(group);
        }
    }

    /// Takes the terminal back from a program that was lent it, and enters raw mode. Returns the keys that
    /// were typed before raw mode.
    pub(super) fn reclaim(&mut self) -> io::Result<TypedAhead> {
        self.raw.as_mut().map_or_else(|| Ok(TypedAhead::default()), RawMode::reclaim)
    }

    /// Enters raw mode, at the start and again after `suspend`. Returns the keys that were typed before raw mode.
    pub(super) fn resume(&mut self) -> io::Result<TypedAhead> {
        self.raw.as_mut().map_or_else(|| Ok(TypedAhead::default()), RawMode::resume)
    }
}

fn kind_of(stream: &impl AsFd) -> OutputKind {
    if tty::is_terminal(stream.as_fd()) { OutputKind::Terminal } else { OutputKind::Pipe }
}

/// Returns the window size of the first standard stream that is a terminal, else the default.
fn current_size() -> Size {
    let streams = tty::size(&io::stdin()).or_else(|| tty::size(&io::stdout()));
    streams.or_else(|| tty::size(&io::stderr())).unwrap_or_default()
}
