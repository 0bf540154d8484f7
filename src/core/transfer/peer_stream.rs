//! What one side of a transfer has sent, as far as the other decisions need it.

use crate::wire::zmodem::header::{FrameHeader, FrameType};
use crate::wire::zmodem::reader::{FrameEvent, FrameReader};

/// Part of a side's stream, without the bytes of a subpacket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamPart<'a> {
    /// Bytes that belong to no frame.
    Outside(&'a [u8]),
    Header(FrameHeader),
    /// A subpacket of the frame of this type, which is not ZDATA; the first of that frame or not.
    Subpacket {
        of: FrameType,
        first: bool,
        data: &'a [u8],
    },
    /// A subpacket of ZDATA, with this number of bytes.
    Data(usize),
    /// A broken header or subpacket, or what is behind it outside of frames: it may be the rest of the data.
    Broken,
    /// Five CAN.
    Cancel,
    /// `OO`.
    OverAndOut,
}

impl StreamPart<'_> {
    /// Returns the header, if it is one.
    pub(super) fn header(self) -> Option<FrameHeader> {
        match self {
            Self::Header(header) => Some(header),
            _ => None,
        }
    }
}

/// One side's stream.
#[derive(Clone, Debug)]
pub(super) struct PeerStream {
    reader: FrameReader,
    /// Type of the first header.
    pub(super) first: Option<FrameType>,
    /// Type of the last header, and whether a subpacket has followed it.
    last: (FrameType, bool),
    /// Whether ZFIN has come.
    pub(super) fin: bool,
    /// Whether a cancel has come.
    pub(super) cancelled: bool,
    /// Whether a file was begun: ZFILE or a subpacket has come.
    pub(super) has_data: bool,
    /// Whether the last part was whole, so that what is outside of it is no data.
    is_intact: bool,
}

impl PeerStream {
    /// Creates the stream of a sender or of a receiver.
    pub(super) fn new(sends: bool) -> Self {
        Self {
            reader: if sends { FrameReader::of_sender().counting() } else { FrameReader::of_receiver() },
            first: None,
            last: (FrameType::ZRqInit, false),
            fin: false,
            cancelled: false,
            has_data: false,
            is_intact: true,
        }
    }

    /// Returns whether the next bytes may be the rest of a subpacket, of which nothing tells where it ends.
    pub(super) fn may_be_in_data(&self) -> bool {
        self.has_data && !self.cancelled && !self.fin
    }

    /// Takes bytes from the front of `bytes` up to the end of the next part, which it returns; `None` if all were taken.
    pub(super) fn next<'a, 'b: 'a>(&'a mut self, bytes: &mut &'b [u8]) -> Option<StreamPart<'a>> {
        Some(match self.reader.next(bytes)? {
            FrameEvent::Outside(bytes) if self.is_intact => StreamPart::Outside(bytes),
            FrameEvent::Outside(_) => StreamPart::Broken,
            FrameEvent::Header(header) => {
                self.first.get_or_insert(header.frame);
                self.last = (header.frame, false);
                self.fin |= header.frame == FrameType::ZFin;
                self.has_data |= header.frame == FrameType::ZFile;
                self.is_intact = true;
                StreamPart::Header(header)
            }
            FrameEvent::Subpacket(data, _) => {
                (self.has_data, self.is_intact) = (true, true);
                let (of, has_followed) = self.last;
                self.last.1 = true;
                StreamPart::Subpacket { of, first: !has_followed, data }
            }
            FrameEvent::Counted(n) => {
                (self.has_data, self.is_intact) = (true, true);
                StreamPart::Data(n)
            }
            FrameEvent::BrokenHeader | FrameEvent::BrokenSubpacket => {
                self.is_intact = false;
                StreamPart::Broken
            }
            FrameEvent::Cancel => {
                (self.cancelled, self.is_intact) = (true, true);
                StreamPart::Cancel
            }
            FrameEvent::OverAndOut => StreamPart::OverAndOut,
        })
    }
}
