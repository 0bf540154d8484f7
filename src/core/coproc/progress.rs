//! The text of the progress line of a silent coprocess. `output::terminal` draws it.

use std::time::{Duration, Instant};

use crate::core::command_line::quoted;
use crate::core::width::truncate_to_width;
use crate::display::Bytes;

/// Time from the start to the first drawing. A coprocess that ends sooner draws no line.
const FIRST_AFTER: Duration = Duration::from_millis(300);
/// Time from one drawing to the next.
const EVERY: Duration = Duration::from_millis(200);

/// Progress of a silent coprocess, and the time of the next drawing.
#[derive(Debug)]
pub(super) struct Progress {
    started: Instant,
    received: u64,
    sent: u64,
    /// Time of the next drawing; `None` where nothing may be drawn.
    next: Option<Instant>,
    drawn: bool,
    /// End of the line: how the user stops the coprocess.
    stop_hint: &'static str,
}

impl Progress {
    /// Creates the progress of a coprocess that starts now. It is drawn where `visible`; `locked` is whether Ctrl-C stops
    /// the coprocess.
    pub(super) fn begin(now: Instant, visible: bool, locked: bool) -> Self {
        let stop_hint = if locked { ", Ctrl-C stops it" } else { "" };
        Self { started: now, received: 0, sent: 0, next: visible.then(|| now + FIRST_AFTER), drawn: false, stop_hint }
    }

    /// Counts `n` bytes of its input.
    pub(super) fn received(&mut self, n: usize) {
        self.received += n as u64;
    }

    /// Counts `n` bytes of its output.
    pub(super) fn sent(&mut self, n: usize) {
        self.sent += n as u64;
    }

    /// Returns the time of the next drawing.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// Returns the line, if it is due: the progress of a file transfer, if there is one, else the bytes both ways. All of it but
    /// the command fits into `cols` columns.
    pub(super) fn draw(
        &mut self,
        now: Instant,
        command: &str,
        transfer: impl FnOnce() -> Option<String>,
        cols: u16,
    ) -> Option<String> {
        if self.next.is_none_or(|at| now < at) {
            return None;
        }
        self.next = Some(now + EVERY);
        self.drawn = true;
        let stop_hint = self.stop_hint;
        if let Some(transfer) = transfer() {
            return Some(truncate_to_width(&(transfer + stop_hint), usize::from(cols).saturating_sub(1)).to_owned());
        }
        let seconds = now.duration_since(self.started).as_secs_f64().max(0.001);
        let rate = Bytes((self.received.max(self.sent) as f64 / seconds) as u64);
        let (received, sent, elapsed) = (Bytes(self.received), Bytes(self.sent), seconds as u64);
        let (minutes, seconds) = (elapsed / 60, elapsed % 60);
        let facts = format!(": received {received}, sent {sent}, {rate}/s, {minutes}:{seconds:02}{stop_hint}");
        let room = usize::from(cols).saturating_sub(facts.len() + 1);
        Some(quoted(command, room.clamp(SHORTEST, LONGEST)) + &facts)
    }

    /// Stops drawing. Returns whether a line is on the screen and must be cleared.
    pub(super) fn finish(&mut self) -> bool {
        self.next = None;
        std::mem::take(&mut self.drawn)
    }
}

/// Minimum and maximum width of the command, quotes included.
const SHORTEST: usize = 12;
const LONGEST: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::width::max_width;

    #[test]
    fn short_run_draws_no_line() {
        let now = Instant::now();
        let mut progress = Progress::begin(now, true, true);
        assert_eq!(progress.draw(now + Duration::from_millis(299), "rz", || None, 80), None);
        assert!(!progress.finish());
    }

    #[test]
    fn line_shows_bytes_rate_time_and_stop_hint() {
        let now = Instant::now();
        let mut progress = Progress::begin(now, true, true);
        progress.received(6_000_000);
        progress.sent(999);
        assert_eq!(
            progress.draw(now + Duration::from_secs(2), "rz -y", || None, 80).as_deref(),
            Some("\"rz -y\": received 6.0 MB, sent 999 B, 3.0 MB/s, 0:02, Ctrl-C stops it")
        );
        assert_eq!(progress.draw(now + Duration::from_millis(2100), "rz", || None, 80), None);
        let wide =
            progress.draw(now + Duration::from_secs(3), &"\u{4e2d}".repeat(40), || None, 80).expect("it is time");
        assert!(max_width(&wide) < 80 && wide.ends_with("Ctrl-C stops it"), "{wide}");
        assert!(progress.finish());
        assert_eq!(progress.deadline(), None);
    }
}
