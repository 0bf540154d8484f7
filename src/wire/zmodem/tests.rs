use proptest::prelude::*;

use super::escape::Escaping;
use super::header::{FrameHeader, FrameType, HeaderForm};
use super::reader::{FrameEvent, FrameReader};
use super::subpacket::{self, SubpacketEnd};
use super::{CANCEL_SEQUENCE, OVER_AND_OUT};
use crate::core::split::at_every_split;

/// A part with its bytes; those outside that follow each other are one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Outside(Vec<u8>),
    Header(FrameHeader),
    BrokenHeader,
    Subpacket(Vec<u8>, SubpacketEnd),
    Counted(usize),
    BrokenSubpacket,
    Cancel,
    OverAndOut,
}

fn read(mut reader: FrameReader, pieces: &[&[u8]]) -> Vec<Part> {
    let mut parts = Vec::new();
    let outside = |parts: &mut Vec<Part>, bytes: &[u8]| match parts.last_mut() {
        _ if bytes.is_empty() => {}
        Some(Part::Outside(before)) => before.extend_from_slice(bytes),
        _ => parts.push(Part::Outside(bytes.to_vec())),
    };
    for mut piece in pieces.iter().copied() {
        while let Some(event) = reader.next(&mut piece) {
            match event {
                FrameEvent::Outside(bytes) => outside(&mut parts, bytes),
                FrameEvent::Header(header) => parts.push(Part::Header(header)),
                FrameEvent::BrokenHeader => parts.push(Part::BrokenHeader),
                FrameEvent::Subpacket(data, end) => parts.push(Part::Subpacket(data.to_vec(), end)),
                FrameEvent::Counted(n) => parts.push(Part::Counted(n)),
                FrameEvent::BrokenSubpacket => parts.push(Part::BrokenSubpacket),
                FrameEvent::Cancel => parts.push(Part::Cancel),
                FrameEvent::OverAndOut => parts.push(Part::OverAndOut),
            }
        }
        assert!(piece.is_empty(), "bytes are left");
    }
    let held = reader.resync();
    outside(&mut parts, &held);
    parts
}

fn sent(bytes: &[u8]) -> Vec<Part> {
    at_every_split(bytes, |pieces| read(FrameReader::of_sender(), pieces))
}

/// Returns what a reader that counts data makes of these parts.
fn counted(parts: &[Part]) -> Vec<Part> {
    let mut is_data = false;
    let counted = parts.iter().map(|part| match part {
        Part::Header(header) => {
            is_data = header.frame == FrameType::ZData;
            part.clone()
        }
        Part::Subpacket(data, _) if is_data => Part::Counted(data.len()),
        _ => part.clone(),
    });
    counted.collect()
}

fn outside(text: &str) -> Part {
    Part::Outside(text.as_bytes().to_vec())
}

fn header(frame: FrameType) -> Part {
    Part::Header(FrameHeader::at(frame, 0))
}

fn hex(frame: FrameType) -> Vec<u8> {
    let mut out = Vec::new();
    FrameHeader::at(frame, 0).append(HeaderForm::Hex, Escaping::Needed, &mut out);
    out
}

const FORMS: [HeaderForm; 3] = [HeaderForm::Hex, HeaderForm::Binary16, HeaderForm::Binary32];

#[test]
fn headers_of_lrzsz_are_read_and_written() {
    for (bytes, frame, position) in [
        (&b"**\x18B00000000000000\r\x8a\x11"[..], FrameType::ZRqInit, 0),
        (b"**\x18B0100000023be50\r\x8a\x11", FrameType::ZRInit, 0x2300_0000),
        (b"**\x18B0800000000022d\r\x8a", FrameType::ZFin, 0),
        (b"**\x18B0900000000a87c\r\x8a\x11", FrameType::ZRPos, 0),
    ] {
        let header = FrameHeader::at(frame, position);
        let mut written = Vec::new();
        header.append(HeaderForm::Hex, Escaping::Needed, &mut written);
        assert_eq!(written, bytes);
        assert_eq!(sent(bytes), [Part::Header(header)]);
    }
}

#[test]
fn end_of_line_and_one_xon_belong_to_header() {
    for (behind, outside) in [
        ("\r\n$ ", "$ "),
        ("\n$ ", "$ "),
        ("\r\n\x11$ ", "$ "),
        ("\r\n\x11\x11", "\x11"),
        ("\r\r\n", "\r\n"),
        ("\r\n\r\n$", "\r\n$"),
        ("$ ", "$ "),
    ] {
        let parts = sent(&[b"**\x18B0800000000022d", behind.as_bytes()].concat());
        assert_eq!(parts, [header(FrameType::ZFin), Part::Outside(outside.into())], "{behind:?}");
    }
}

#[test]
fn text_that_is_no_frame_is_outside() {
    for text in [
        "* one\n** two\n*** three\n****************\n",
        "**\x18B01000000",
        "**\x18B010000002zzz",
        "**B0100000023be50",
        "*\x18Dx",
        "\x18\x18\x18\x18x",
        "OO",
        "^X^X^X^X^X^X",
        "*",
        "\x18",
    ] {
        assert_eq!(sent(text.as_bytes()), [outside(text)], "{text:?}");
    }
}

/// Flow control is ignored in a header, but does not accumulate.
#[test]
fn flow_control_in_header_is_held_up_to_limit() {
    for start in ["**\x18B", "*\x18A", "*\x18C\x18", "**\x18B01"] {
        for flow in [0x11, 0x13, 0x91, 0x93] {
            let bytes = [start.as_bytes(), &[flow; 1000], &hex(FrameType::ZFin)].concat();
            let mut reader = FrameReader::of_sender();
            for mut byte in bytes.chunks(1) {
                while reader.next(&mut byte).is_some() {}
                assert!(reader.held().len() <= 64, "{start:?}");
            }
            let flood = [start.as_bytes(), &[flow; 1000]].concat();
            let parts = read(FrameReader::of_sender(), &[&bytes]);
            assert_eq!(parts, [Part::Outside(flood), header(FrameType::ZFin)], "{start:?}");
        }
        let short = [start.as_bytes(), &[0x11; 70], &hex(FrameType::ZFin)].concat();
        assert_eq!(sent(&short).last(), Some(&header(FrameType::ZFin)), "{start:?}");
    }
}

#[test]
fn broken_header_is_told_and_its_bytes_are_outside() {
    let broken = "**\x18B0100000023be51";
    assert_eq!(sent(broken.as_bytes()), [Part::BrokenHeader, outside(broken)]);
    let fin = hex(FrameType::ZFin);
    // The check value takes the pads of the next header.
    let torn = [b"*\x18C\x0a\0\0\0\0\x01\x02", &fin[..]].concat();
    let parts = sent(&torn);
    assert_eq!(parts[0], Part::BrokenHeader);
    assert_eq!(parts.last(), Some(&header(FrameType::ZFin)), "{parts:?}");
    let twice = [b"**\x18B08", &fin[..]].concat();
    assert_eq!(sent(&twice), [outside("**\x18B08"), header(FrameType::ZFin)]);
}

#[test]
fn cancel_is_found_between_and_inside_frames() {
    let twice = [CANCEL_SEQUENCE, CANCEL_SEQUENCE, b"$ "].concat();
    assert_eq!(sent(&twice), [Part::Cancel, Part::Cancel, outside("$ ")]);
    let mut bytes = Vec::new();
    FrameHeader::at(FrameType::ZData, 0).append(HeaderForm::Binary32, Escaping::Needed, &mut bytes);
    for data in [&b"data"[..], b"data\x18", b"", b"data\x18kab"] {
        let parts = sent(&[&bytes, data, CANCEL_SEQUENCE, b"more"].concat());
        assert_eq!(parts, [header(FrameType::ZData), Part::Cancel, outside("more")]);
    }
}

#[test]
fn over_and_out_is_told_behind_fin_of_sender_only() {
    let ended = [&hex(FrameType::ZFin)[..], OVER_AND_OUT, b"OO$ "].concat();
    assert_eq!(sent(&ended), [header(FrameType::ZFin), Part::OverAndOut, outside("OO$ ")]);
    let received = at_every_split(&ended, |pieces| read(FrameReader::of_receiver(), pieces));
    assert_eq!(received, [header(FrameType::ZFin), outside("OOOO$ ")]);
    let once = [&hex(FrameType::ZFin)[..], b"O$ OO"].concat();
    assert_eq!(sent(&once), [header(FrameType::ZFin), outside("O$ OO")]);
}

/// A receiver's terminal may echo what is sent to it.
#[test]
fn receiver_has_no_data() {
    let mut bytes = Vec::new();
    FrameHeader::at(FrameType::ZData, 0).append(HeaderForm::Binary32, Escaping::Needed, &mut bytes);
    bytes.extend_from_slice(b"text");
    let parts = at_every_split(&bytes, |pieces| read(FrameReader::of_receiver(), pieces));
    assert_eq!(parts, [header(FrameType::ZData), outside("text")]);
}

#[test]
fn frame_with_every_byte_is_read_back() {
    let all: Vec<u8> = (0..=255).chain([0x18; 12]).collect();
    for (form, escaping) in FORMS.into_iter().flat_map(|form| [(form, Escaping::Needed), (form, Escaping::Controls)]) {
        let file = FrameHeader::at(FrameType::ZFile, 0x1812_ff7f);
        let data = FrameHeader::at(FrameType::ZData, 0x0d8d_1391);
        let mut bytes = Vec::new();
        file.append(form, escaping, &mut bytes);
        subpacket::append(b"name\0", SubpacketEnd::FrameEndAck, form, escaping, &mut bytes);
        data.append(form, escaping, &mut bytes);
        subpacket::append(&all, SubpacketEnd::GoesOn, form, escaping, &mut bytes);
        subpacket::append(b"", SubpacketEnd::GoesOnAck, form, escaping, &mut bytes);
        subpacket::append(b"x", SubpacketEnd::FrameEnd, form, escaping, &mut bytes);
        bytes.extend_from_slice(b"$ ");
        let parts = [
            Part::Header(file),
            Part::Subpacket(b"name\0".to_vec(), SubpacketEnd::FrameEndAck),
            Part::Header(data),
            Part::Subpacket(all.clone(), SubpacketEnd::GoesOn),
            Part::Subpacket(Vec::new(), SubpacketEnd::GoesOnAck),
            Part::Subpacket(b"x".to_vec(), SubpacketEnd::FrameEnd),
            outside("$ "),
        ];
        assert_eq!(sent(&bytes), parts, "{form:?} {escaping:?}");
        let counts = at_every_split(&bytes, |pieces| read(FrameReader::of_sender().counting(), pieces));
        assert_eq!(counts, counted(&parts), "{form:?} {escaping:?}");
        // XOFF and XON that the line has inserted are ignored inside frames.
        if form != HeaderForm::Hex {
            let marked: Vec<u8> = bytes
                .iter()
                .flat_map(|byte| match *byte {
                    b'*' | 0x18 => vec![*byte],
                    byte => vec![byte, 0x13, 0x91],
                })
                .collect();
            let frames = |parts: &[Part]| {
                let frames = parts.iter().filter(|part| !matches!(part, Part::Outside(_)));
                frames.cloned().collect::<Vec<_>>()
            };
            assert_eq!(frames(&sent(&marked)), frames(&parts));
            assert_eq!(frames(&read(FrameReader::of_sender().counting(), &[&marked])), frames(&counted(&parts)));
        }
    }
}

#[test]
fn too_long_subpacket_is_broken() {
    let mut bytes = Vec::new();
    FrameHeader::at(FrameType::ZData, 0).append(HeaderForm::Binary16, Escaping::Needed, &mut bytes);
    let head = bytes.len();
    bytes.resize(head + subpacket::MAX_LEN + 7, b'x');
    for len in [1, 1000, bytes.len()] {
        let pieces: Vec<&[u8]> = bytes.chunks(len).collect();
        for reader in [FrameReader::of_sender(), FrameReader::of_sender().counting()] {
            let parts = read(reader, &pieces);
            assert_eq!(parts, [header(FrameType::ZData), Part::BrokenSubpacket, outside("xxxxxx")]);
        }
    }
}

/// Noise in data, or in the end of a subpacket, hides no header behind the frame that is sent again.
#[test]
fn counting_reader_finds_end_of_file_behind_noise() {
    let form = HeaderForm::Binary32;
    let mut frame = Vec::new();
    FrameHeader::at(FrameType::ZData, 0).append(form, Escaping::Needed, &mut frame);
    subpacket::append(&[b'x'; 100], SubpacketEnd::GoesOn, form, Escaping::Needed, &mut frame);
    subpacket::append(b"end", SubpacketEnd::FrameEnd, form, Escaping::Needed, &mut frame);
    let end = hex(FrameType::ZEof);
    for (at, changed) in (0..frame.len()).flat_map(|at| [b'x', b'i', 0x18].map(|changed| (at, changed))) {
        let mut noisy = frame.clone();
        noisy[at] = changed;
        let stream = [&noisy, &end[..], &frame, &end].concat();
        let parts = read(FrameReader::of_sender().counting(), &[&stream]);
        assert_eq!(parts.last(), Some(&header(FrameType::ZEof)), "{at} {changed}");
    }
}

/// Returns a stream of several frames, and what it holds.
fn stream(form: HeaderForm) -> Vec<u8> {
    let mut bytes = b"rz\r".to_vec();
    for (frame, data) in [(FrameType::ZFile, &b"name\x0010 0 0"[..]), (FrameType::ZData, b"ten \x18 bytes")] {
        FrameHeader::at(frame, 0).append(form, Escaping::Needed, &mut bytes);
        subpacket::append(data, SubpacketEnd::FrameEndAck, form, Escaping::Needed, &mut bytes);
    }
    [&bytes, &hex(FrameType::ZEof)[..], &hex(FrameType::ZFin), OVER_AND_OUT].concat()
}

proptest! {
    #[test]
    fn any_stream_is_read_equally_at_any_cut(
        start in prop::sample::select(FORMS.to_vec()),
        edits in prop::collection::vec((0..200_usize, any::<u8>(), 0..3_u8), 0..4),
        cuts in prop::collection::vec(1..40_usize, 1..8),
    ) {
        let mut bytes = stream(start);
        for (at, byte, edit) in edits {
            let at = at % bytes.len();
            match edit {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        let whole = read(FrameReader::of_sender(), &[&bytes]);
        let mut pieces = Vec::new();
        let mut rest = &bytes[..];
        for len in cuts.iter().cycle() {
            let (piece, behind) = rest.split_at((*len).min(rest.len()));
            pieces.push(piece);
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(&read(FrameReader::of_sender(), &pieces), &whole);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&read(FrameReader::of_sender(), &single), &whole);
        let counting = || FrameReader::of_sender().counting();
        let counts = read(counting(), &[&bytes]);
        prop_assert_eq!(&read(counting(), &pieces), &counts);
        prop_assert_eq!(&read(counting(), &single), &counts);
        // A CRC lets no other data through.
        for part in &whole {
            if let Part::Subpacket(data, _) = part {
                prop_assert!(["name\x0010 0 0", "ten \x18 bytes"].iter().any(|sent| sent.as_bytes() == data));
            }
        }
    }
}
