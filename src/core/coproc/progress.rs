//! How the silence of a coprocess looks: one progress line that redraws itself (SPEC 4). It is text only; where
//! on the screen it goes is for `core::screen`.

use std::fmt;
use std::time::{Duration, Instant};

use crate::core::command_line::quoted;

/// A silent coprocess that is over sooner shows nothing.
const FIRST_AFTER: Duration = Duration::from_millis(300);
/// From one drawing to the next.
const EVERY: Duration = Duration::from_millis(200);

/// What a silent coprocess has done so far, and when that is shown next.
#[derive(Debug)]
pub(super) struct Progress {
    started: Instant,
    received: u64,
    sent: u64,
    /// When the line is drawn next; `None` where nothing may be drawn.
    next: Option<Instant>,
    drawn: bool,
    /// What the line says of the way out.
    way_out: &'static str,
}

impl Progress {
    /// It begins now; `visible` is whether there is a place to draw on, `locked` whether Ctrl-C stops it.
    pub(super) fn begin(now: Instant, visible: bool, locked: bool) -> Self {
        let way_out = if locked { ", Ctrl-C stops it" } else { "" };
        Self { started: now, received: 0, sent: 0, next: visible.then(|| now + FIRST_AFTER), drawn: false, way_out }
    }

    /// The coprocess was given `n` bytes.
    pub(super) fn received(&mut self, n: usize) {
        self.received += n as u64;
    }

    /// The coprocess wrote `n` bytes.
    pub(super) fn sent(&mut self, n: usize) {
        self.sent += n as u64;
    }

    /// When the line should be drawn.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// The line, if it is time to draw it, so that all of it but the command fits into `cols` columns.
    pub(super) fn draw(&mut self, now: Instant, command: &str, cols: u16) -> Option<String> {
        if self.next.is_none_or(|at| now < at) {
            return None;
        }
        self.next = Some(now + EVERY);
        self.drawn = true;
        let seconds = now.duration_since(self.started).as_secs_f64().max(0.001);
        let rate = Bytes((self.received.max(self.sent) as f64 / seconds) as u64);
        let (received, sent, elapsed) = (Bytes(self.received), Bytes(self.sent), seconds as u64);
        let (minutes, seconds) = (elapsed / 60, elapsed % 60);
        let way_out = self.way_out;
        let facts = format!(": received {received}, sent {sent}, {rate}/s, {minutes}:{seconds:02}{way_out}");
        let room = usize::from(cols).saturating_sub(facts.len() + 1);
        Some(quoted(command, room.clamp(SHORTEST, LONGEST)) + &facts)
    }

    /// Whether a line stands on the screen that must be taken away. It is not drawn again.
    pub(super) fn finish(&mut self) -> bool {
        self.next = None;
        std::mem::take(&mut self.drawn)
    }
}

/// What is shown of the command, quotes included.
const SHORTEST: usize = 12;
const LONGEST: usize = 40;

/// A number of bytes as a person reads it, in powers of 1,000.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0 as f64;
        match self.0 {
            0..1_000 => write!(f, "{} B", self.0),
            1_000..1_000_000 => write!(f, "{:.1} kB", n / 1e3),
            1_000_000..1_000_000_000 => write!(f, "{:.1} MB", n / 1e6),
            _ => write!(f, "{:.2} GB", n / 1e9),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::width::max_width;

    #[test]
    fn a_short_silence_shows_nothing() {
        let now = Instant::now();
        let mut silence = Progress::begin(now, true, true);
        assert_eq!(silence.draw(now + Duration::from_millis(299), "rz", 80), None);
        assert!(!silence.finish());
    }

    #[test]
    fn a_long_one_shows_bytes_rate_time_and_the_way_out() {
        let now = Instant::now();
        let mut silence = Progress::begin(now, true, true);
        silence.received(6_000_000);
        silence.sent(999);
        assert_eq!(
            silence.draw(now + Duration::from_secs(2), "rz -y", 80).as_deref(),
            Some("\"rz -y\": received 6.0 MB, sent 999 B, 3.0 MB/s, 0:02, Ctrl-C stops it")
        );
        assert_eq!(silence.draw(now + Duration::from_millis(2100), "rz", 80), None);
        let wide = silence.draw(now + Duration::from_secs(3), &"\u{4e2d}".repeat(40), 80).expect("it is time");
        assert!(max_width(&wide) < 80 && wide.ends_with("Ctrl-C stops it"), "{wide}");
        assert!(silence.finish());
        assert_eq!(silence.deadline(), None);
    }
}
