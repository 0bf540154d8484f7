//! Both roles connected by a way that loses, doubles and changes bytes, with a virtual clock and files in memory.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::SessionEnd;
use super::offer::FileOffer;
use super::receiver::{Receiver, ReceiverStep};
use super::sender::{Demand, FileFate, Sender, SenderOptions, SenderStep};
use crate::wire::zmodem::crc32;

/// What happens to a byte on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Lose,
    Double,
    /// The bits that change.
    Change(u8),
}

/// One direction of the way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Way {
    /// Faults by the index of the byte.
    pub(crate) faults: BTreeMap<usize, Fault>,
    /// Lengths of the pieces in which bytes arrive, in turn; whole if empty.
    pub(crate) cuts: Vec<usize>,
    /// Whether the way removes the high bit.
    pub(crate) is_seven_bit: bool,
    /// Maximum number of bytes on the way, unlimited for `None`.
    pub(crate) capacity: Option<usize>,
    sent: usize,
    pieces: usize,
    bytes: Vec<u8>,
}

impl Way {
    /// Takes as many of `bytes` as have room. Returns their number.
    fn send(&mut self, bytes: &[u8]) -> usize {
        let room = self.capacity.map_or(usize::MAX, |most| most.saturating_sub(self.bytes.len()));
        let bytes = &bytes[..bytes.len().min(room)];
        let mask = if self.is_seven_bit { 0x7f } else { 0xff };
        for byte in bytes.iter().map(|byte| byte & mask) {
            match self.faults.get(&self.sent) {
                None => self.bytes.push(byte),
                Some(Fault::Lose) => {}
                Some(Fault::Double) => self.bytes.extend([byte, byte]),
                Some(Fault::Change(bits)) => self.bytes.push(byte ^ bits),
            }
            self.sent += 1;
        }
        bytes.len()
    }

    fn arrive(&mut self) -> Vec<u8> {
        let len = self.cuts.get(self.pieces % self.cuts.len().max(1)).copied().unwrap_or(usize::MAX).max(1);
        self.pieces += 1;
        self.bytes.drain(..len.min(self.bytes.len())).collect()
    }
}

/// What came of a session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) sender: SessionEnd,
    pub(crate) receiver: SessionEnd,
    /// The files that were stored, by name.
    pub(crate) stored: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) fates: Vec<FileFate>,
    /// Number of bytes sent in each direction.
    pub(crate) sent: (usize, usize),
    pub(crate) time: Duration,
}

/// A session of both roles.
pub(crate) struct Simulation<'a> {
    /// Files that the receiver skips once this number of bytes of them has arrived.
    pub(crate) skips: BTreeMap<Vec<u8>, usize>,
    /// Files to send, by name.
    pub(crate) files: &'a [(&'a [u8], &'a [u8])],
    /// Beginning that the receiver has of each file that it continues.
    pub(crate) part: &'a [u8],
    pub(crate) options: SenderOptions,
    /// Towards the receiver, and towards the sender.
    pub(crate) ways: [Way; 2],
    now: Instant,
    next: usize,
    file: (Vec<u8>, Vec<u8>),
    stored: Vec<(Vec<u8>, Vec<u8>)>,
    fates: Vec<FileFate>,
}

impl<'a> Simulation<'a> {
    pub(crate) fn new(files: &'a [(&'a [u8], &'a [u8])]) -> Self {
        Self {
            skips: BTreeMap::new(),
            files,
            part: b"",
            options: SenderOptions::default(),
            ways: [Way::default(), Way::default()],
            now: Instant::now(),
            next: 0,
            file: (Vec::new(), Vec::new()),
            stored: Vec::new(),
            fates: Vec::new(),
        }
    }

    /// Runs the session to its end.
    pub(crate) fn run(mut self) -> Session {
        let start = self.now;
        let (mut sender, mut receiver) = (Sender::new(start, self.options), Receiver::new(start, false));
        // A session that does not end is a fault; each step moves a byte or the clock.
        for _ in 0..2_000_000 {
            let moved = self.exchange(&mut sender, &mut receiver);
            if let (Some(sender_end), Some(receiver_end), false) = (sender.end(), receiver.end(), moved) {
                return Session {
                    sender: sender_end,
                    receiver: receiver_end,
                    stored: self.stored,
                    fates: self.fates,
                    sent: (self.ways[0].sent, self.ways[1].sent),
                    time: self.now.duration_since(start),
                };
            }
            if !moved {
                let deadlines = [sender.deadline(), receiver.deadline()];
                self.now = deadlines.into_iter().flatten().min().expect("a side that has not ended waits for a time");
                sender.tick(self.now);
                receiver.tick(self.now);
            }
        }
        panic!("the session does not end: {sender:?} {receiver:?}");
    }

    /// Moves bytes in both directions. Returns whether there were any.
    fn exchange(&mut self, sender: &mut Sender, receiver: &mut Receiver) -> bool {
        while let Some(demand) = sender.demand() {
            self.supply(sender, demand);
        }
        let is_pending = !sender.pending().is_empty() || !receiver.pending().is_empty();
        let written = self.ways[0].send(sender.pending());
        sender.wrote(self.now, written);
        let arrived = self.ways[0].arrive();
        let mut bytes = &arrived[..];
        while let Some(step) = receiver.next(self.now, &mut bytes) {
            match step {
                ReceiverStep::Store(data) => {
                    self.file.1.extend_from_slice(data);
                    if self.skips.get(&self.file.0).is_some_and(|most| self.file.1.len() > *most) {
                        receiver.fail(self.now);
                    }
                }
                ReceiverStep::Offer(offer) => self.offered(receiver, &offer),
                ReceiverStep::Compared(crc) => {
                    let same = crc == crc32(0, self.part);
                    self.file.1 = if same { self.part.to_vec() } else { Vec::new() };
                    receiver.accept(self.now, u32::try_from(self.file.1.len()).expect("parts are short"));
                }
                ReceiverStep::Close => {
                    self.stored.push(std::mem::take(&mut self.file));
                    receiver.stored(self.now);
                }
                ReceiverStep::Abandon | ReceiverStep::Continue => {}
            }
        }
        let written = self.ways[1].send(receiver.pending());
        receiver.wrote(written);
        let answered = self.ways[1].arrive();
        let mut bytes = &answered[..];
        while let Some(step) = sender.next(self.now, &mut bytes) {
            self.send(sender, step);
        }
        self.now += Duration::from_millis(1);
        is_pending || !arrived.is_empty() || !answered.is_empty()
    }

    fn offered(&mut self, receiver: &mut Receiver, offer: &FileOffer) {
        self.file = (offer.harmless_name().unwrap_or_default(), Vec::new());
        let len = u32::try_from(self.part.len()).expect("parts are short");
        if offer.recovers && len > 0 && offer.size >= Some(u64::from(len)) {
            receiver.compare(self.now, len);
        } else {
            receiver.accept(self.now, 0);
        }
    }

    fn send(&mut self, sender: &mut Sender, step: SenderStep) {
        match step {
            SenderStep::Ready => self.offer(sender),
            SenderStep::FileEnd(fate) => {
                self.fates.push(fate);
                self.next += 1;
                self.offer(sender);
            }
            SenderStep::Compare(len) => {
                let content = self.files[self.next].1;
                let len = if len == 0 { content.len() } else { content.len().min(len as usize) };
                sender.compared(crc32(0, &content[..len]));
            }
            SenderStep::Start(_) | SenderStep::Continue => {}
        }
    }

    fn offer(&self, sender: &mut Sender) {
        let Some((name, content)) = self.files.get(self.next) else { return sender.finish(self.now) };
        let size = Some(content.len() as u64);
        sender.offer(self.now, FileOffer { name: name.to_vec(), size, ..FileOffer::default() });
    }

    fn supply(&self, sender: &mut Sender, demand: Demand) {
        match demand {
            Demand::Check => sender.complete(),
            Demand::Data(from, len) => {
                let (from, len) = (from as usize, len as usize);
                sender.data(self.now, &self.files[self.next].1[from..from + len]);
            }
        }
    }
}
