//! The two roles of a ZMODEM transfer, without I/O, files and clock: `Sender` and `Receiver` take bytes of the other side and
//! the results of work on files, and return what is to be done next. Frames are `wire::zmodem`'s.
//!
//! The caller writes what is `pending`, gives what it reads to `next` until that returns `None`, does what each step says,
//! and calls `tick` at the `deadline`. It reads nothing while much is pending: each request of the other side adds an answer.

#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod offer;
mod outbox;
mod patience;
pub mod receiver;
pub mod sender;
#[cfg(any(test, fuzzing))]
pub(crate) mod simulation;
mod subpackets;
#[cfg(test)]
mod tests;
mod window;

use std::fmt;

use crate::wire::zmodem::ZDLE;

/// Maximum size of a file in bytes: positions have 32 bits.
pub const MAX_SIZE: u64 = u32::MAX as u64;
/// Ctrl-C.
const INTERRUPT: u8 = 0x03;

/// Finds the Ctrl-C that a user types to a program that waits for the other side to begin.
#[derive(Debug, Default)]
struct InterruptKey {
    /// Whether the last byte was ZDLE: behind it Ctrl-C is part of a broken header.
    is_behind_zdle: bool,
}

impl InterruptKey {
    /// Returns whether these bytes, which follow the last ones, hold the key.
    fn is_in(&mut self, text: &[u8]) -> bool {
        text.iter().any(|byte| {
            let behind_zdle = std::mem::replace(&mut self.is_behind_zdle, *byte == ZDLE);
            *byte == INTERRUPT && !behind_zdle
        })
    }
}

/// How a session has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// Both sides have said so.
    Done,
    /// The other side has cancelled.
    CancelledThere,
    /// This side has cancelled.
    CancelledHere,
    /// Ctrl-C was typed before the other side had begun.
    Interrupted,
    /// The other side has not answered.
    TimedOut,
    /// The other side has not begun.
    NotBegun,
    /// The connection passes seven bits of each byte, as far as one can tell.
    SevenBits,
    /// The input has ended.
    Closed,
    /// The other side does not keep to the protocol, or asks for what is refused.
    Violated(Violation),
}

/// What the other side did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// It went on to another file, or to the end, before the whole file had arrived.
    LeftFile,
    /// It asked to run a command.
    Command,
    /// It sent more than a file can hold.
    TooLong,
    /// It asked for data behind the file's end.
    BehindEnd,
}

impl fmt::Display for SessionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "the transfer is complete",
            Self::CancelledThere => "the other side cancelled the transfer",
            Self::CancelledHere => "the transfer was cancelled",
            Self::Interrupted => "the transfer was cancelled from the keyboard",
            Self::TimedOut => {
                "the other side has not answered for a minute: check the connection and start the transfer again, with \
                 sz -r or rz -r to continue a part"
            }
            Self::NotBegun => {
                "the other side has not begun within five minutes: start rz at one end and sz at the other"
            }
            Self::SevenBits => {
                "the connection seems to pass only 7 bits of each byte: set its line to 8 bits without parity, or copy the \
                 file as text, which base64 makes of it"
            }
            Self::Closed => "the connection to the other side was closed",
            Self::Violated(Violation::LeftFile) => "the other side went on before the whole file had arrived",
            Self::Violated(Violation::Command) => "the other side asked to run a command, which is refused",
            Self::Violated(Violation::TooLong) => "the other side sent more than 4 GiB, which ZMODEM cannot carry",
            Self::Violated(Violation::BehindEnd) => "the other side asked for data behind the end of the file",
        })
    }
}
