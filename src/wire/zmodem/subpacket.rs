//! Data subpackets: bytes, how they end, and their check value.

use super::escape::{self, Escaping};
use super::header::HeaderForm;
use super::{XON, ZDLE};

/// Maximum length of the data in one subpacket that is read: four times what any program is known to send.
pub const MAX_LEN: usize = 32 * 1024;

/// End of a subpacket, which says what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubpacketEnd {
    /// ZCRCE: a header follows, the frame has ended.
    FrameEnd,
    /// ZCRCG: another subpacket follows.
    GoesOn,
    /// ZCRCQ: another subpacket follows, and ZACK is expected.
    GoesOnAck,
    /// ZCRCW: the frame has ended, and the sender waits for ZACK.
    FrameEndAck,
}

impl SubpacketEnd {
    const ALL: [Self; 4] = [Self::FrameEnd, Self::GoesOn, Self::GoesOnAck, Self::FrameEndAck];

    /// Returns the end that `form` stands for behind ZDLE.
    pub(super) fn of(form: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.form() == form)
    }

    /// Returns the byte behind ZDLE.
    pub(super) fn form(self) -> u8 {
        match self {
            Self::FrameEnd => b'h',
            Self::GoesOn => b'i',
            Self::GoesOnAck => b'j',
            Self::FrameEndAck => b'k',
        }
    }

    /// Returns whether the frame ends with the subpacket.
    pub fn ends_frame(self) -> bool {
        matches!(self, Self::FrameEnd | Self::FrameEndAck)
    }

    /// Returns whether the sender expects ZACK.
    pub fn wants_ack(self) -> bool {
        matches!(self, Self::GoesOnAck | Self::FrameEndAck)
    }
}

/// Appends a subpacket of a frame whose header has the form `form` to `out`.
pub fn append(data: &[u8], end: SubpacketEnd, form: HeaderForm, escaping: Escaping, out: &mut Vec<u8>) {
    escape::append(data, escaping, out);
    out.extend_from_slice(&[ZDLE, end.form()]);
    let crc = form.crc().of(data, &[end.form()]);
    escape::append(&crc[..form.crc().len()], escaping, out);
    // Restarts a side that an XOFF from the line has stopped.
    if end == SubpacketEnd::FrameEndAck {
        out.push(XON);
    }
}
