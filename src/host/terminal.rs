//! The real terminal of the session, if there is one: standard input and output may also be files or pipes.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use termios::Termios;

use crate::core::OutputKind;
use crate::sys::tty;
use crate::sys::tty::{RawMode, TtySides};
use crate::sys::typed_ahead::TypedAhead;
use crate::types::Size;

/// The terminal or the redirected streams that coshell was started on.
#[derive(Debug)]
pub(super) struct OuterTerminal {
    /// Kind of standard input.
    pub(super) keyboard: OutputKind,
    /// Kind of standard output.
    pub(super) screen: OutputKind,
    raw: Option<RawMode>,
    size: Size,
}

impl OuterTerminal {
    /// Inspects the standard streams and puts the terminal, if there is one, into raw mode. A background process waits
    /// until it is in the foreground. Returns the keys that were typed before raw mode too.
    pub(super) fn open() -> io::Result<(Self, TypedAhead)> {
        let (keyboard, screen) = (kind_of(&io::stdin()), kind_of(&io::stdout()));
        let entered = match (keyboard, screen) {
            (OutputKind::Terminal, OutputKind::Terminal) => Some(RawMode::enter(io::stdin().as_fd(), TtySides::Both)?),
            (OutputKind::Terminal, OutputKind::Pipe) => Some(RawMode::enter(io::stdin().as_fd(), TtySides::Keyboard)?),
            (OutputKind::Pipe, OutputKind::Terminal) => Some(RawMode::enter(io::stdout().as_fd(), TtySides::Screen)?),
            (OutputKind::Pipe, OutputKind::Pipe) => None,
        };
        let (raw, typed) = entered.unzip();
        Ok((Self { keyboard, screen, raw, size: current_size() }, typed.unwrap_or_default()))
    }

    /// Returns the attributes from before raw mode, which the pty starts with.
    pub(super) fn attributes(&self) -> Option<&Termios> {
        self.raw.as_ref().map(RawMode::saved)
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

    /// Restores the terminal's attributes until `resume`.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        self.raw.as_mut().map_or(Ok(()), RawMode::suspend)
    }

    /// Returns the terminal's descriptor, for a program that is lent the terminal.
    pub(super) fn tty(&self) -> Option<BorrowedFd<'_>> {
        self.raw.as_ref().map(RawMode::tty)
    }

    /// Takes the terminal back from a program that was lent it, and enters raw mode. Returns the keys that
    /// were typed before raw mode.
    pub(super) fn reclaim(&mut self) -> io::Result<TypedAhead> {
        self.raw.as_mut().map_or_else(|| Ok(TypedAhead::default()), RawMode::reclaim)
    }

    /// Enters raw mode again after `suspend`. Returns the keys that were typed before raw mode.
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
