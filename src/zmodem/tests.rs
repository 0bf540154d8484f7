use std::collections::VecDeque;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::SessionEnd;
use super::offer::FileOffer;
use super::receiver::Receiver;
use super::sender::{Demand, FileFate, Sender, SenderOptions, SenderStep};
use super::simulation::{Fault, Session, Simulation};
use crate::wire::zmodem::escape::Escaping;
use crate::wire::zmodem::header::{CANFC32, CANFDX, CANOVIO, FrameHeader, FrameType, HeaderForm};
use crate::wire::zmodem::reader::{FrameEvent, FrameReader};

type File = (&'static [u8], &'static [u8]);

fn bytes(len: usize) -> Vec<u8> {
    let mut state = 12345_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(next).collect()
}

fn leaked(len: usize) -> &'static [u8] {
    bytes(len).leak()
}

/// Fails unless each file that either side takes for whole is whole; returns whether both sides say that all are.
fn check(files: &[(&[u8], &[u8])], session: &Session) -> bool {
    for ((name, content), stored) in files.iter().zip(&session.stored) {
        assert!(stored.0 == *name && stored.1 == *content, "{session:?}");
    }
    let received = session.fates.iter().filter(|fate| **fate == FileFate::Received).count();
    assert!(received <= session.stored.len(), "the sender takes a file for received that is not");
    let ends = [session.sender, session.receiver].map(|end| end == SessionEnd::Done);
    assert!(!ends[1] || session.stored.len() >= received);
    ends == [true; 2] && received == files.len()
}

#[test]
fn files_of_all_sizes_and_bytes_arrive() {
    let sizes = [0, 1, 1023, 1024, 1025, 8192, 300_000].map(leaked);
    let files: Vec<File> = sizes.iter().map(|content| (&b"name"[..], *content)).collect();
    let all: Vec<u8> = (0..=255).chain([0x18; 100]).collect();
    for escapes_least in [false, true] {
        for files in [&files[..], &[(b"all", &all[..])], &[]] {
            let mut simulation = Simulation::new(files);
            simulation.options.escapes_least = escapes_least;
            assert!(check(files, &simulation.run()));
        }
    }
}

/// The side that reads broken frames says why; the other one learns of its cancel.
#[test]
fn way_of_seven_bits_is_told_at_once() {
    let files = [(&b"name"[..], leaked(10_000))];
    let mut simulation = Simulation::new(&files);
    simulation.ways.iter_mut().for_each(|way| way.is_seven_bit = true);
    let session = simulation.run();
    assert_eq!((session.receiver, session.sender), (SessionEnd::SevenBits, SessionEnd::CancelledThere));
    assert!(session.time < Duration::from_secs(10), "{session:?}");
}

/// Ctrl-C of the user ends a receiver that waits; the rest of a broken frame holds any byte.
#[test]
fn interrupt_key_is_not_looked_for_in_broken_frame() {
    let offer = FrameHeader::at(FrameType::ZRqInit, 0);
    let file = FrameHeader::at(FrameType::ZFile, 0);
    for (is_broken, end) in [(false, Some(SessionEnd::Interrupted)), (true, None)] {
        let now = Instant::now();
        let mut receiver = Receiver::new(now, false);
        let mut bytes = Vec::new();
        offer.append(HeaderForm::Hex, Escaping::Needed, &mut bytes);
        if is_broken {
            let from = bytes.len();
            file.append(HeaderForm::Binary32, Escaping::Needed, &mut bytes);
            bytes[from..].iter_mut().for_each(|byte| *byte &= 0x7f);
        }
        bytes.extend_from_slice(b"name\x03");
        let mut rest = &bytes[..];
        while receiver.next(now, &mut rest).is_some() {}
        assert_eq!(receiver.end(), end);
    }
}

/// lrzsz's receiver repeats ZRINIT in place of an answer.
#[test]
fn offer_that_is_not_understood_on_way_of_seven_bits_is_told() {
    for (line_end, end, seconds) in [("\r\n", SessionEnd::SevenBits, 1), ("\r\u{8a}", SessionEnd::TimedOut, 60)] {
        let start = Instant::now();
        let mut now = start;
        let mut sender = Sender::new(now, SenderOptions::default());
        let line_end: Vec<u8> = line_end.chars().map(|char| char as u8).collect();
        let init = [&b"**\x18B0100000023be50"[..], &line_end].concat();
        assert_eq!(sender.next(now, &mut &init[..]), Some(SenderStep::Ready));
        sender.offer(now, FileOffer { name: b"name".to_vec(), size: Some(9), ..FileOffer::default() });
        while sender.end().is_none() {
            let mut bytes = &init[..];
            while sender.next(now, &mut bytes).is_some() {}
            sender.wrote(now, sender.pending().len());
            now = sender.deadline().expect("a sender that has not ended waits for a time");
            sender.tick(now);
        }
        assert_eq!((sender.end(), now.duration_since(start).as_secs()), (Some(end), seconds));
    }
}

/// Noise has broken it: the receiver says that it is ready still.
#[test]
fn offer_that_was_not_read_is_repeated_at_once() {
    let now = Instant::now();
    let mut sender = Sender::new(now, SenderOptions::default());
    let init = b"**\x18B0100000023be50\r\x8a";
    assert_eq!(sender.next(now, &mut &init[..]), Some(SenderStep::Ready));
    sender.offer(now, FileOffer { name: b"name".to_vec(), ..FileOffer::default() });
    sender.wrote(now, sender.pending().len());
    assert_eq!(sender.next(now, &mut &init[..]), Some(SenderStep::Continue));
    assert!(sender.pending().is_empty(), "it may have crossed the offer");
    let at = sender.deadline().expect("a sender that has not ended waits for a time");
    sender.tick(at);
    assert_eq!(at.duration_since(now), Duration::from_secs(2));
    assert!(memchr::memmem::find(sender.pending(), b"name").is_some());
}

#[test]
fn part_that_is_same_is_continued_and_other_is_not() {
    let content = leaked(50_000);
    let files = [(&b"name"[..], content)];
    let sent = |part: &'static [u8], resumes| {
        let mut simulation = Simulation::new(&files);
        simulation.part = part;
        simulation.options = SenderOptions { resumes, escapes_least: true, ..SenderOptions::default() };
        let session = simulation.run();
        assert!(check(&files, &session));
        session.sent.0
    };
    assert!(sent(&content[..40_000], true) < 15_000);
    assert!(sent(content, true) < 1_000);
    assert!(sent(&content[1..40_000], true) > 50_000);
    assert!(sent(&content[..40_000], false) > 50_000);
}

/// The sender has cut a subpacket, since the way takes few bytes at once.
#[test]
fn file_behind_one_that_fails_arrives_at_once() {
    let files = [(&b"large"[..], leaked(300_000)), (b"small", b"x")];
    for capacity in (1..40).chain([500, 1000, 5000]) {
        let mut simulation = Simulation::new(&files);
        simulation.ways[0].capacity = Some(capacity);
        simulation.skips.insert(b"large".to_vec(), 10_000);
        let session = simulation.run();
        assert_eq!(session.stored, [(b"small".to_vec(), b"x".to_vec())], "{capacity}");
        assert_eq!(session.fates, [FileFate::Skipped, FileFate::Received]);
        // Nothing was repeated, which would take place after ten seconds.
        let moved = Duration::from_millis(session.sent.0 as u64 / capacity as u64 + 100);
        assert!(session.time < moved + Duration::from_secs(5), "{capacity}: {session:?}");
    }
}

/// The faults are tried at each byte of a session of two files.
#[test]
fn single_fault_anywhere_ends_in_right_files() {
    let files = [(&b"a"[..], leaked(1500)), (&b"b"[..], leaked(10))];
    let (forth, back) = Simulation::new(&files).run().sent;
    for (way, len) in [(0, forth), (1, back)] {
        for at in 0..len {
            for fault in [Fault::Lose, Fault::Double, Fault::Change(0x40), Fault::Change(0x01), Fault::Change(0x80)] {
                let mut simulation = Simulation::new(&files);
                simulation.ways[way].faults.insert(at, fault);
                let session = simulation.run();
                let whole = check(&files, &session);
                assert!(whole, "{fault:?} at byte {at} of way {way}: {session:?}");
            }
        }
    }
}

/// Gives a sender a header of the receiver.
fn answer(sender: &mut Sender, now: Instant, header: FrameHeader) {
    let mut bytes = Vec::new();
    header.append(HeaderForm::Hex, Escaping::Needed, &mut bytes);
    let mut rest = &bytes[..];
    while sender.next(now, &mut rest).is_some() {}
}

/// Creates a sender of one file of `size` bytes to a receiver with a buffer of `buffer` bytes and these flags, which has asked
/// for the data.
fn sender_to(now: Instant, size: u32, buffer: u16, flags: u8) -> Sender {
    let mut sender = Sender::new(now, SenderOptions::default());
    let [low, high] = buffer.to_le_bytes();
    answer(&mut sender, now, FrameHeader { frame: FrameType::ZRInit, bytes: [low, high, 0, flags] });
    sender.offer(now, FileOffer { name: b"name".to_vec(), size: Some(size.into()), ..FileOffer::default() });
    answer(&mut sender, now, FrameHeader::at(FrameType::ZRPos, 0));
    sender
}

/// Takes what the sender has to send; returns the positions that it wants acknowledged and whether the file has ended.
fn drain(sender: &mut Sender, now: Instant, reader: &mut FrameReader, position: &mut u32) -> (Vec<u32>, bool) {
    let mut bytes = Vec::new();
    loop {
        bytes.extend_from_slice(sender.pending());
        sender.wrote(now, sender.pending().len());
        match sender.demand() {
            Some(Demand::Data(_, len)) => sender.data(now, &vec![b'x'; len as usize]),
            Some(Demand::Check) => sender.complete(),
            None => break,
        }
    }
    let (mut rest, mut is_data, mut wanted, mut has_ended) = (&bytes[..], true, Vec::new(), false);
    while let Some(event) = reader.next(&mut rest) {
        match event {
            FrameEvent::Header(header) => {
                is_data = header.frame == FrameType::ZData;
                has_ended |= header.frame == FrameType::ZEof;
            }
            FrameEvent::Subpacket(data, end) if is_data => {
                *position += u32::try_from(data.len()).expect("subpackets are short");
                wanted.extend(end.wants_ack().then_some(*position));
            }
            _ => {}
        }
    }
    (wanted, has_ended)
}

/// The receiver acknowledges what it is asked to, at once: nothing may wait for the clock.
#[test]
fn sender_to_receiver_with_any_buffer_goes_on_without_a_pause() {
    const SIZE: u32 = 400_000;
    for buffer in [1, 1000, 8191, 8192, 8193, 32_767, 32_768, 32_769, 65_535] {
        for has_lost in [false, true] {
            let now = Instant::now();
            let mut sender = sender_to(now, SIZE, buffer, CANFC32);
            let (mut reader, mut position) = (FrameReader::of_sender(), 0);
            if has_lost {
                drain(&mut sender, now, &mut reader, &mut position);
                position = 0;
                for later in 1..4 {
                    let asked = now + Duration::from_secs(later);
                    answer(&mut sender, asked, FrameHeader::at(FrameType::ZRPos, 0));
                }
            }
            loop {
                let begun_at = position;
                let (wanted, has_ended) = drain(&mut sender, now, &mut reader, &mut position);
                assert!(position - begun_at <= u32::from(buffer), "a frame of {} bytes", position - begun_at);
                if has_ended {
                    break;
                }
                assert_eq!(wanted, [position], "{buffer}, {has_lost}");
                answer(&mut sender, now, FrameHeader::at(FrameType::ZAck, position));
            }
            assert_eq!(position, SIZE);
        }
    }
}

/// The flags and the buffer of ZRINIT limit what is sent before an answer; only a receiver with both flags has the window.
#[test]
fn frames_are_short_for_receiver_that_cannot_receive_at_any_time() {
    let most = |buffer, flags| {
        let (now, mut position) = (Instant::now(), 0);
        let mut sender = sender_to(now, 1_000_000, buffer, flags);
        let mut reader = FrameReader::of_sender();
        let steps = std::iter::repeat_with(|| {
            let before = position;
            drain(&mut sender, now, &mut reader, &mut position);
            answer(&mut sender, now, FrameHeader::at(FrameType::ZAck, position));
            position - before
        });
        steps.take_while(|step| *step > 0).max()
    };
    for flags in [0, CANFDX, CANOVIO] {
        assert_eq!((most(0, flags), most(3000, flags)), (Some(8192), Some(3000)), "{flags}");
    }
    let streams = most(0, CANFDX | CANOVIO);
    assert!(streams > Some(8192), "{streams:?}");
    assert_eq!(most(3000, CANFDX | CANOVIO), Some(3000));
}

#[test]
fn input_that_ends_behind_all_files_is_no_failure() {
    let now = Instant::now();
    let mut sender = sender_to(now, 0, 0, CANFC32);
    drain(&mut sender, now, &mut FrameReader::of_sender(), &mut 0);
    answer(&mut sender, now, FrameHeader::with_flags(FrameType::ZRInit, CANFC32, 0));
    sender.finish(now);
    sender.close();
    assert_eq!(sender.end(), Some(SessionEnd::Done));
    let mut sender = sender_to(now, 1, 0, CANFC32);
    sender.close();
    assert_eq!(sender.end(), Some(SessionEnd::Closed));
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![Just(Fault::Lose), Just(Fault::Double), (1..=255_u8).prop_map(Fault::Change)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn faults_and_cuts_end_in_right_file_or_error(
        forth in prop::collection::btree_map(0..40_000_usize, fault(), 0..30),
        back in prop::collection::btree_map(0..600_usize, fault(), 0..6),
        cuts in prop::collection::vec(1..5000_usize, 0..4),
        capacity in prop::option::of(1..3000_usize),
        escapes_least: bool,
    ) {
        let files = [(&b"one"[..], leaked(20_000)), (b"two", b""), (b"three", &[0x18; 5000])];
        let mut simulation = Simulation::new(&files);
        simulation.options.escapes_least = escapes_least;
        simulation.ways[0].faults = forth;
        simulation.ways[1].faults = back;
        simulation.ways[0].capacity = capacity;
        simulation.ways.iter_mut().for_each(|way| way.cuts = cuts.clone());
        check(&files, &simulation.run());
    }
}

proptest! {
    // A case takes up to a second without optimisation.
    #![proptest_config(ProptestConfig::with_cases(40))]
    /// However long each answer takes, one is under way until all is sent, so that nothing waits for the clock.
    #[test]
    fn sender_goes_on_with_answers_of_any_delay(delays in prop::collection::vec(prop_oneof![0..10_u64, 0..4000_u64], 1..60)) {
        const SIZE: u32 = 2_000_000;
        let mut now = Instant::now();
        let mut sender = sender_to(now, SIZE, 0, CANFC32 | CANFDX | CANOVIO);
        let (mut reader, mut position, mut wanted) = (FrameReader::of_sender(), 0, VecDeque::new());
        for delay in delays.iter().cycle() {
            let (asked, has_ended) = drain(&mut sender, now, &mut reader, &mut position);
            if has_ended {
                break;
            }
            wanted.extend(asked);
            now += Duration::from_millis(*delay);
            let acked = wanted.pop_front().expect("an acknowledgement is under way");
            answer(&mut sender, now, FrameHeader::at(FrameType::ZAck, acked));
        }
        prop_assert_eq!(position, SIZE);
    }

    #[test]
    fn fuzz_target_holds_on_any_input(input in prop::collection::vec(any::<u8>(), 0..400)) {
        super::fuzzing::zmodem(&input);
    }
}
