//! The end of what the near side sends: nothing is typed behind it, since the shell would get it.

use crate::wire::zmodem::header::FrameType;

use super::peer_stream::StreamPart;

/// ZDLE, which is CAN: five of them cancel a session, and data never holds two running.
pub(super) const CAN: u8 = 0x18;
pub(super) const BS: u8 = 0x08;
const XON: u8 = 0x11;

/// How far the near side has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NearState {
    Running,
    /// ZFIN has come, and of the end of its line this number of bytes.
    Fin(usize),
    /// A cancel has come: CAN may follow, and BS where `erases` is set.
    Cancelled {
        erases: bool,
    },
    /// Another byte has followed the cancel. lrzsz sends the cancel twice, and the shell would get the second.
    Over,
}

/// The end of the near side's bytes.
#[derive(Clone, Debug)]
pub(super) struct NearEnd {
    state: NearState,
    /// Number of `O` of the final `OO` that the near side has still to send.
    owed: usize,
}

impl NearEnd {
    /// Creates the end of a sender, which owes `OO`, or of a receiver.
    pub(super) fn new(sends: bool) -> Self {
        Self { state: NearState::Running, owed: if sends { 2 } else { 0 } }
    }

    /// Appends to `typed` those of `bytes` that are typed. They are taken up to the end of `part`; `is_over` is whether the
    /// transfer has ended.
    pub(super) fn filter(&mut self, bytes: &[u8], part: Option<StreamPart<'_>>, is_over: bool, typed: &mut Vec<u8>) {
        if self.state == NearState::Running {
            typed.extend_from_slice(bytes);
        } else {
            typed.extend(bytes.iter().copied().filter(|&byte| self.belongs(byte) || self.goes_on(is_over)));
        }
        match part {
            Some(StreamPart::Cancel) if self.goes_on(is_over) => self.state = NearState::Cancelled { erases: false },
            Some(StreamPart::Header(header)) if header.frame == FrameType::ZFin && self.state == NearState::Running => {
                self.state = NearState::Fin(0);
            }
            _ => {}
        }
    }

    /// Returns whether all bytes of the near side are typed still.
    fn goes_on(&self, is_over: bool) -> bool {
        match self.state {
            NearState::Running => true,
            NearState::Fin(_) => !is_over,
            NearState::Cancelled { .. } | NearState::Over => false,
        }
    }

    /// Takes the next byte. Returns whether it belongs to the end.
    fn belongs(&mut self, byte: u8) -> bool {
        let next = match (self.state, byte) {
            (NearState::Fin(0), b'\r') => NearState::Fin(1),
            (NearState::Fin(0 | 1), 0x8a | b'\n') => NearState::Fin(2),
            (NearState::Fin(2), XON) => NearState::Fin(3),
            (NearState::Fin(_), b'O') if self.owed > 0 => {
                self.owed -= 1;
                NearState::Fin(3)
            }
            (NearState::Fin(_), _) => {
                self.state = NearState::Fin(3);
                return false;
            }
            (NearState::Cancelled { erases: false }, CAN) => self.state,
            (NearState::Cancelled { .. }, BS) => NearState::Cancelled { erases: true },
            (NearState::Cancelled { .. }, _) => NearState::Over,
            (state, _) => state,
        };
        self.state = next;
        next != NearState::Over
    }
}
