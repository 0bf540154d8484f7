//! Fuzz targets of the formats of recordings.

use std::time::Duration;

use super::asciicast::reader::AsciicastReader;
use super::asciicast::writer::{AsciicastHeader, AsciicastWriter};
use super::recording::{RecordedEvent, RecordingError, TimedEvent};
use super::typescript::{TimingEntry, TimingReader, TypescriptReader};

/// Returns the pieces of `bytes` of these lengths in turn; 0 stands for all at once.
fn cut(lengths: u8, bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.chunks(if lengths == 0 { bytes.len().max(1) } else { lengths.into() })
}

fn read(lengths: u8, file: &[u8]) -> Vec<Result<TimedEvent, RecordingError>> {
    let (mut reader, mut all) = (AsciicastReader::default(), Vec::new());
    for piece in cut(lengths, file) {
        reader.push(piece);
        all.extend(std::iter::from_fn(|| reader.next_event().transpose()));
    }
    all.extend(reader.finish().transpose());
    all
}

/// Checks that an asciicast is read alike however it is cut, that its times never decrease, and that output is read as it
/// was written.
pub fn asciicast(input: &[u8]) {
    let Some((lengths, file)) = input.split_first() else { return };
    let whole = read(0, file);
    assert_eq!(read(1, file), whole, "byte by byte");
    assert_eq!(read(*lengths, file), whole, "cut");
    assert!(whole.iter().flatten().is_sorted_by_key(|timed| timed.at), "times never decrease");

    let (mut writer, header) =
        (AsciicastWriter::default(), AsciicastHeader { cols: 80, rows: 24, ..Default::default() });
    let mut out = header.line().into_bytes();
    for (at, piece) in cut(*lengths, file).enumerate() {
        writer.output(Duration::from_micros(at as u64), piece, &mut out);
    }
    writer.exit(Duration::from_secs(1), 0, &mut out);
    let mut shown = Vec::new();
    for event in read(0, &out) {
        if let RecordedEvent::Output(bytes) = event.expect("what is written can be read").event {
            shown.extend(bytes);
        }
    }
    assert_eq!(shown, String::from_utf8_lossy(file).as_bytes(), "output is kept as far as it is UTF-8");
}

fn entries(lengths: u8, file: &[u8]) -> Vec<Result<TimingEntry, RecordingError>> {
    let (mut reader, mut all) = (TimingReader::default(), Vec::new());
    for piece in cut(lengths, file) {
        reader.push(piece);
        all.extend(std::iter::from_fn(|| reader.next_entry().transpose()));
    }
    all.extend(reader.finish().transpose());
    all
}

fn body(lengths: u8, file: &[u8]) -> (Vec<u8>, Option<(u16, u16)>) {
    let (mut reader, mut out) = (TypescriptReader::default(), Vec::new());
    cut(lengths, file).for_each(|piece| reader.push(piece, &mut out));
    reader.finish(&mut out);
    (out, reader.size())
}

/// Checks that a typescript and a timing file are read alike however they are cut, and that of a typescript at most the
/// first and the last line are left out.
pub fn typescript(input: &[u8]) {
    let Some((lengths, file)) = input.split_first() else { return };
    let whole = entries(0, file);
    assert_eq!((entries(1, file), entries(*lengths, file)), (whole.clone(), whole), "timing");
    let whole = body(0, file);
    assert_eq!((body(1, file), body(*lengths, file)), (whole.clone(), whole.clone()), "typescript");
    assert!(whole.0.len() <= file.len() && memchr::memmem::find(file, &whole.0).is_some());
}
