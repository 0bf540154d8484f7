//! The files of a transfer, by the frames of both sides: what is moving, what was moved, and what was refused. lrzsz says
//! that a file was refused on stderr at most, and exits as after a success.

use std::time::{Duration, Instant};

use super::peer_stream::StreamPart;
use crate::core::width::{max_width, truncate_to_width};
use crate::display::{Bytes, one_line};
use crate::wire::zmodem::header::FrameType;
use crate::wire::zmodem::offer::FileOffer;

/// Maximum number of refused files that are named, and the length of a name in bytes.
const MOST: usize = 8;
const NAME_LEN: usize = 255;
/// Maximum width of the name in the progress.
const NAME_WIDTH: usize = 24;
/// Time without data after which the progress says so.
const STALLED: Duration = Duration::from_secs(5);

/// A file that the sender has offered.
#[derive(Clone, Debug)]
struct OfferedFile {
    name: Vec<u8>,
    size: Option<u64>,
    /// Number of files that are left, with this one.
    left: Option<u64>,
    /// Position of the first data, and of the next.
    begun_at: Option<u64>,
    position: u64,
    has_ended: bool,
}

/// The files of a transfer.
#[derive(Clone, Debug)]
pub(super) struct FileLog {
    current: Option<OfferedFile>,
    /// Number of files that were offered.
    number: u64,
    moved: u64,
    bytes: u64,
    refused: Vec<String>,
    more_refused: usize,
    started: Instant,
    last_data: Instant,
}

impl FileLog {
    /// Creates the log of a transfer that begins now.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            current: None,
            number: 0,
            moved: 0,
            bytes: 0,
            refused: Vec::new(),
            more_refused: 0,
            started: now,
            last_data: now,
        }
    }

    /// Records a part of the sender's stream.
    pub(super) fn sent(&mut self, now: Instant, part: StreamPart<'_>) {
        match (part, &mut self.current) {
            (StreamPart::Subpacket { of: FrameType::ZFile, first: true, data }, _) => self.offered(now, data),
            (StreamPart::Data(n), Some(file)) => {
                file.position += n as u64;
                self.last_data = now;
            }
            (StreamPart::Header(header), Some(file)) if header.frame == FrameType::ZData => {
                file.position = header.position().into();
                file.begun_at.get_or_insert(file.position);
            }
            (StreamPart::Header(header), Some(file)) if header.frame == FrameType::ZEof => {
                // The data of a frame that noise has broken was not counted.
                file.position = header.position().into();
                file.has_ended = true;
            }
            _ => {}
        }
    }

    /// Records a part of the receiver's stream.
    pub(super) fn received(&mut self, part: StreamPart<'_>) {
        let StreamPart::Header(header) = part else { return };
        match (header.frame, &self.current) {
            (FrameType::ZSkip | FrameType::ZFErr, Some(file)) => {
                if self.refused.len() < MOST {
                    self.refused.push(String::from_utf8_lossy(&file.name).into_owned());
                } else {
                    self.more_refused += 1;
                }
                self.current = None;
            }
            (FrameType::ZRInit, Some(file)) if file.has_ended => {
                self.moved += 1;
                self.bytes += file.position.saturating_sub(file.begun_at.unwrap_or(0));
                self.current = None;
            }
            _ => {}
        }
    }

    /// Records the subpacket of ZFILE.
    fn offered(&mut self, now: Instant, data: &[u8]) {
        let FileOffer { mut name, size, left, .. } = FileOffer::read(data);
        name.truncate(NAME_LEN);
        // A sender repeats the offer until it is answered, and lrzsz even when it sends the file.
        if self.current.as_ref().is_some_and(|file| file.name == name) {
            return;
        }
        self.number += 1;
        if self.number == 1 {
            // The user may have been asked for the files until now.
            self.started = now;
        }
        let left = left.map(|(files, _)| files);
        self.last_data = now;
        self.current = Some(OfferedFile { name, size, left, begun_at: None, position: 0, has_ended: false });
    }

    /// Returns the progress of the file that moves, if one does: which of the files, size, rate, and time left.
    pub(super) fn progress(&self, now: Instant) -> Option<String> {
        let file = self.current.as_ref()?;
        let clean = one_line(&String::from_utf8_lossy(&file.name));
        let mut text = match max_width(&clean) > NAME_WIDTH {
            true => format!("{}...", truncate_to_width(&clean, NAME_WIDTH - 3)),
            false => clean,
        };
        if let Some(left) = file.left.filter(|left| self.number.saturating_add(*left) > 2) {
            text += &format!(" ({} of {})", self.number, self.number.saturating_add(left.max(1) - 1));
        }
        let done = self.bytes + file.position.saturating_sub(file.begun_at.unwrap_or(0));
        let seconds = now.duration_since(self.started).as_secs_f64().max(0.001);
        let rate = done as f64 / seconds;
        match file.size.filter(|size| *size > 0) {
            Some(size) => text += &format!(", {} % of {}", 100 * file.position.min(size) / size, Bytes(size)),
            None => text += &format!(", {}", Bytes(file.position)),
        }
        text += &format!(", {}/s", Bytes(rate as u64));
        let stalled = now.duration_since(self.last_data);
        if stalled >= STALLED {
            text += &format!(", nothing for {} s", stalled.as_secs());
        } else if let Some(size) = file.size.filter(|_| rate >= 1.0) {
            let left = (size.saturating_sub(file.position) as f64 / rate) as u64;
            text += &format!(", {}:{:02} left", left / 60, left % 60);
        }
        Some(text)
    }

    /// Returns a sentence about what was moved, if anything was; `verb` is `sent` or `received`.
    pub(super) fn moved(&self, now: Instant, verb: &str) -> Option<String> {
        let files = if self.moved == 1 { "1 file".to_owned() } else { format!("{} files", self.moved) };
        let seconds = now.duration_since(self.started).as_secs_f64();
        let rate = Bytes((self.bytes as f64 / seconds.max(0.001)) as u64);
        (self.moved > 0).then(|| format!("{verb} {files}, {} in {seconds:.1} s ({rate}/s)", Bytes(self.bytes)))
    }

    /// Returns the names of the refused files in a list; `None` where all were taken.
    pub(super) fn refused(&self) -> Option<String> {
        let names: Vec<String> = self.refused.iter().map(|name| format!("\"{name}\"")).collect();
        let mut list = names.join(", ");
        if self.more_refused > 0 {
            list += &format!(" and {} more", self.more_refused);
        }
        (!names.is_empty()).then_some(list)
    }

    /// Returns the time since the beginning.
    pub(super) fn elapsed(&self, now: Instant) -> Duration {
        now.duration_since(self.started)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::zmodem::header::FrameHeader;

    fn header(frame: FrameType, position: u32) -> StreamPart<'static> {
        StreamPart::Header(FrameHeader::at(frame, position))
    }

    #[test]
    fn progress_and_summary_follow_the_frames() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut log = FileLog::new(start);
        assert_eq!((log.progress(at(0)), log.moved(at(0), "sent")), (None, None));
        let offer = |info| StreamPart::Subpacket { of: FrameType::ZFile, first: true, data: info };
        let data = StreamPart::Data(1000);
        // An offer that is repeated counts once.
        log.sent(at(0), offer(b"a b\x004000 0 644 0 2 5000"));
        log.sent(at(0), offer(b"a b\x004000 0 644 0 2 5000"));
        log.sent(at(0), header(FrameType::ZData, 1000));
        log.sent(at(500), offer(b"a b\x004000 0 644 0 2 5000"));
        log.sent(at(1000), data);
        assert_eq!(log.progress(at(1000)).as_deref(), Some("a b (1 of 2), 50 % of 4.0 kB, 1.0 kB/s, 0:02 left"));
        assert_eq!(log.progress(at(6000)).as_deref(), Some("a b (1 of 2), 50 % of 4.0 kB, 166 B/s, nothing for 5 s"));
        log.sent(at(2000), header(FrameType::ZEof, 2000));
        log.received(header(FrameType::ZRInit, 0));
        log.received(header(FrameType::ZRInit, 0));
        log.sent(at(2000), offer("\u{4e2d}".repeat(20).as_bytes()));
        assert!(
            log.progress(at(2000))
                .is_some_and(|line| line.starts_with("\u{4e2d}\u{4e2d}") && line.contains("..., 0 B"))
        );
        log.received(header(FrameType::ZSkip, 0));
        assert_eq!(log.moved(at(2000), "sent").as_deref(), Some("sent 1 file, 1.0 kB in 2.0 s (500 B/s)"));
        assert_eq!(log.refused(), Some(format!("\"{}\"", "\u{4e2d}".repeat(20))));
    }
}
