//! The fuzz target of the roles: a way with faults, and a hostile other side.

use std::time::{Duration, Instant};

use super::SessionEnd;
use super::offer::FileOffer;
use super::receiver::{Receiver, ReceiverStep};
use super::sender::{Demand, FileFate, Sender, SenderOptions, SenderStep};
use super::simulation::{Fault, Session, Simulation};
use crate::wire::zmodem::escape::Escaping;
use crate::wire::zmodem::header::{FrameHeader, FrameType, HeaderForm};
use crate::wire::zmodem::reader::{FrameEvent, FrameReader};
use crate::wire::zmodem::subpacket::{self, SubpacketEnd};

const FILES: &[(&[u8], &[u8])] = &[(b"one", &[0x18; 3000]), (b"two", b""), (b"three", b"**\x18B0800000000022d\r\x8a")];
/// Maximum number of bytes that a role keeps for the other side, when that reads nothing.
const PENDING_MAX: usize = 1024 * 1024;

/// Checks that a stream is read equally however it is cut, that faults on the way end in the right files or in an error, and
/// that no other side makes a role panic or grow.
pub fn zmodem(input: &[u8]) {
    let Some((choice, rest)) = input.split_first() else { return };
    match choice % 3 {
        0 => reads_equally(rest),
        1 => survives_faults(rest),
        _ => survives_other_side(rest),
    }
}

/// Returns the bytes outside of frames, and all else as text.
fn parts(mut reader: FrameReader, bytes: &[u8], len: usize) -> (Vec<u8>, Vec<String>) {
    let (mut outside, mut others) = (Vec::new(), Vec::new());
    for mut piece in bytes.chunks(len.max(1)) {
        while let Some(event) = reader.next(&mut piece) {
            match event {
                FrameEvent::Outside(bytes) => outside.extend_from_slice(bytes),
                other => others.push(format!("{other:?}")),
            }
        }
        assert!(piece.is_empty(), "all bytes are taken");
    }
    outside.extend(reader.resync());
    assert!(outside.len() <= bytes.len(), "no byte is given twice");
    (outside, others)
}

fn reads_equally(input: &[u8]) {
    let Some((len, bytes)) = input.split_first() else { return };
    let bytes = if len & 0x80 == 0 { bytes.to_vec() } else { frames(bytes) };
    for reader in [FrameReader::of_sender(), FrameReader::of_receiver()] {
        let whole = parts(reader.clone(), &bytes, bytes.len());
        assert_eq!(parts(reader.clone(), &bytes, 1), whole);
        assert_eq!(parts(reader, &bytes, usize::from(len & 0x7f)), whole);
    }
}

fn survives_faults(input: &[u8]) {
    let mut simulation = Simulation::new(FILES);
    simulation.options.escapes_least = input.len().is_multiple_of(2);
    for fault in input.chunks_exact(4) {
        let at = usize::from(u16::from_le_bytes([fault[0], fault[1]]) % 8000);
        let kind = match fault[2] % 3 {
            0 => Fault::Lose,
            1 => Fault::Double,
            _ => Fault::Change(fault[3].max(1)),
        };
        let way = &mut simulation.ways[usize::from(fault[2] >> 7)];
        way.faults.insert(at, kind);
        match fault[2] >> 3 & 7 {
            0 => way.cuts.push(usize::from(fault[3])),
            1 => way.capacity = Some(usize::from(fault[3]).max(1)),
            _ => {}
        }
    }
    check(&simulation.run());
}

fn check(session: &Session) {
    for (stored, (name, content)) in session.stored.iter().zip(FILES) {
        assert!(stored.0 == *name && stored.1 == *content, "{session:?}");
    }
    let received = session.fates.iter().filter(|fate| **fate == FileFate::Received).count();
    assert!(received <= session.stored.len(), "{session:?}");
    let is_done = session.receiver == SessionEnd::Done && session.sender == SessionEnd::Done;
    assert!(!is_done || session.stored.len() == FILES.len(), "{session:?}");
}

/// Returns frames that follow from `script`.
fn frames(script: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let ends = [SubpacketEnd::FrameEnd, SubpacketEnd::GoesOn, SubpacketEnd::GoesOnAck, SubpacketEnd::FrameEndAck];
    let types = [
        FrameType::ZRInit,
        FrameType::ZFile,
        FrameType::ZRPos,
        FrameType::ZData,
        FrameType::ZEof,
        FrameType::ZAck,
        FrameType::ZCrc,
        FrameType::ZFin,
        FrameType::ZSkip,
        FrameType::ZNak,
        FrameType::ZRqInit,
        FrameType::ZFErr,
    ];
    for piece in script.chunks(6) {
        let form = [HeaderForm::Hex, HeaderForm::Binary16, HeaderForm::Binary32][usize::from(piece[0]) % 3];
        let mut bytes = [0; 4];
        piece.iter().skip(2).zip(&mut bytes).for_each(|(from, to)| *to = *from);
        match piece.get(1).copied().unwrap_or(0) {
            kind @ 0..0xc0 => {
                let frame = types[usize::from(kind) % types.len()];
                FrameHeader { frame, bytes }.append(form, Escaping::Needed, &mut out);
            }
            0xf0.. => out.extend_from_slice(piece),
            kind => {
                let end = ends[usize::from(kind) % 4];
                subpacket::append(&bytes[..usize::from(bytes[3] % 5)], end, form, Escaping::Needed, &mut out);
            }
        }
    }
    out
}

fn survives_other_side(input: &[u8]) {
    let Some((len, script)) = input.split_first() else { return };
    let (bytes, mut now) = (frames(script), Instant::now());
    let mut receiver = Receiver::new(now, false);
    let mut sender = Sender::new(now, SenderOptions::default());
    for piece in bytes.chunks(usize::from(*len).max(1)) {
        now += Duration::from_millis(u64::from(*len) * 20);
        let (mut to_receiver, mut to_sender) = (piece, piece);
        while let Some(step) = receiver.next(now, &mut to_receiver) {
            match step {
                ReceiverStep::Offer(offer) if offer.name.len() % 3 == 0 => receiver.compare(now, 7),
                ReceiverStep::Offer(offer) if offer.name.len() % 3 == 1 => receiver.skip(now),
                ReceiverStep::Offer(_) => receiver.accept(now, 0),
                ReceiverStep::Compared(crc) => receiver.accept(now, crc),
                ReceiverStep::Store([]) => receiver.fail(now),
                ReceiverStep::Close => receiver.stored(now),
                ReceiverStep::Store(_) | ReceiverStep::Abandon | ReceiverStep::Continue => {}
            }
        }
        while let Some(step) = sender.next(now, &mut to_sender) {
            match step {
                SenderStep::Ready | SenderStep::FileEnd(_) => {
                    let size = Some(u64::from(*len) * 1_000_000);
                    sender.offer(now, FileOffer { name: b"name".to_vec(), size, ..FileOffer::default() });
                }
                SenderStep::Compare(len) => sender.compared(len),
                SenderStep::Start(_) | SenderStep::Continue => {}
            }
            while let Some(demand) = sender.demand() {
                match demand {
                    Demand::Data(_, len) => sender.data(now, &vec![0x18; len as usize]),
                    Demand::Check => sender.complete(),
                }
            }
        }
        for deadline in [receiver.deadline(), sender.deadline()].into_iter().flatten().filter(|at| *at <= now) {
            assert!(deadline <= now);
            receiver.tick(now);
            sender.tick(now);
        }
        assert!(receiver.pending().len() <= PENDING_MAX && sender.pending().len() <= PENDING_MAX);
    }
}
