//! Rows of the alternate screen on their way to triggers and readers of lines: they are tried as drawn, once the output
//! rests.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::idle_timer::PAUSE;
use super::line_sinks::{CandidateLine, LinePlace};
use crate::core::trigger::LineStage;
use crate::core::vt::DrawnRow;

/// Time after its first change at which a row is tried, though the output goes on.
const UNREST: Duration = Duration::from_millis(100);
/// Further time for which an open escape sequence or synchronized update delays that. Terminals too end an update that its
/// program does not end.
const OPEN: Duration = Duration::from_secs(1);
/// Maximum number of rows that are to be tried again.
const MOST_HELD: usize = 256;

/// The rows of the alternate screen that are to be tried.
#[derive(Debug, Default)]
pub(super) struct DrawnRows {
    /// End of the pause of the output that is waited for.
    rest: Option<Instant>,
    /// Time of the next try, though the output does not pause. `None` if no row has changed since the last one.
    latest: Option<Instant>,
    /// Offset in the stream of the output since which rows have changed.
    start: u64,
    /// Whether the program is amid an escape sequence or a synchronized update.
    is_open: bool,
    /// Rows that instant triggers have been tried on, and nothing else.
    taken: Vec<DrawnRow>,
    /// Rows that were tried while the output went on, and may have been half drawn.
    unrested: Vec<CandidateLine>,
    /// Rows to be tried again, and when.
    held: VecDeque<(Instant, CandidateLine)>,
}

impl DrawnRows {
    /// Records output that began at the offset `start`. `changed` is whether rows have changed that were not taken, and
    /// `is_open` whether the output ends amid an escape sequence or a synchronized update.
    pub(super) fn printed(&mut self, now: Instant, start: u64, changed: bool, is_open: bool) {
        self.is_open = is_open;
        if changed && self.latest.is_none() {
            (self.latest, self.start) = (Some(now + UNREST), start);
        }
        if self.latest.is_some() || !self.unrested.is_empty() {
            self.rest = Some(now + PAUSE);
        }
    }

    /// Forgets all rows, because the alternate screen is not shown.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns the offset in the stream from which raw bytes may be needed.
    pub(super) fn start(&self) -> Option<u64> {
        let held = self.held.iter().map(|(_, line)| line.start);
        self.latest.map(|_| self.start).into_iter().chain(held).min()
    }

    /// Keeps rows, on which instant triggers are tried now, for the next try; `most` is the number of rows of the screen.
    pub(super) fn keep(&mut self, rows: Vec<DrawnRow>, most: usize) {
        self.taken.retain(|old| rows.iter().all(|row| row.id != old.id));
        self.taken.extend(rows);
        // The first ones have scrolled off the screen.
        self.taken.drain(..self.taken.len().saturating_sub(most));
    }

    /// Returns the stage at which the changed rows are to be tried, if that is due.
    pub(super) fn due(&self, now: Instant) -> Option<LineStage> {
        self.changes_at().filter(|at| now >= *at)?;
        let rests = self.rest.is_some_and(|at| now >= at);
        Some(if rests { LineStage::Paused } else { LineStage::Unrested })
    }

    /// Returns what is to be tried at `stage`, which `due` has returned, of `rows`, which have changed. The lines have the
    /// number `number`. Blank rows are not given to readers of lines.
    pub(super) fn tries(
        &mut self,
        stage: LineStage,
        rows: Vec<DrawnRow>,
        number: u64,
        place: &LinePlace,
    ) -> Vec<(CandidateLine, LineStage)> {
        self.latest = None;
        let rests = stage != LineStage::Unrested;
        if rests {
            self.rest = None;
        }
        let most = self.taken.len() + rows.len();
        self.keep(rows, most);
        let rows = std::mem::take(&mut self.taken);
        let is_new = |line: &CandidateLine| rows.iter().any(|row| row.id.0 == line.id);
        self.held.retain(|(_, line)| !is_new(line));
        let mut tries = Vec::with_capacity(rows.len());
        for line in std::mem::take(&mut self.unrested) {
            // A row that has not changed since has rested. A held one is tried again anyway.
            if !is_new(&line) && self.held.iter().all(|(_, held)| held.id != line.id) {
                tries.push((line, LineStage::Settled));
            }
        }
        for row in rows {
            let line = CandidateLine::drawn(row, number, place.clone());
            if !rests {
                self.unrested.push(line.clone());
            }
            match (line.text.is_empty(), rests) {
                (true, true) => tries.push((line, LineStage::Settled)),
                (true, false) => {}
                (false, _) => tries.push((line, stage)),
            }
        }
        tries
    }

    /// Has a row tried again at `at`, or when that was due before.
    pub(super) fn hold(&mut self, at: Instant, line: &CandidateLine) {
        let known = self.held.iter().position(|(_, held)| held.id == line.id);
        let known = known.and_then(|known| self.held.remove(known));
        if self.held.len() >= MOST_HELD {
            self.held.pop_front();
        }
        self.held.push_back((known.map_or(at, |(before, _)| before.min(at)), line.clone()));
    }

    /// Takes the rows that are to be tried again by now. While rows wait for a try, the text of these may have changed too.
    pub(super) fn settled(&mut self, now: Instant) -> Vec<CandidateLine> {
        if self.settles_at().is_none_or(|at| now < at) {
            return Vec::new();
        }
        let (due, later) = std::mem::take(&mut self.held).into_iter().partition(|(at, _)| now >= *at);
        self.held = later;
        VecDeque::into_iter(due).map(|(_, line)| line).collect()
    }

    /// Returns when `due` or `settled` has something to return.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.changes_at(), self.settles_at()].into_iter().flatten().min()
    }

    fn changes_at(&self) -> Option<Instant> {
        if self.is_open {
            return self.latest.map(|latest| latest + OPEN);
        }
        [self.rest, self.latest].into_iter().flatten().min()
    }

    fn settles_at(&self) -> Option<Instant> {
        self.held.iter().map(|(at, _)| *at).min().filter(|_| self.latest.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::core::vt::LineId;

    fn row(id: u64, text: &str) -> DrawnRow {
        DrawnRow { id: LineId(id), text: text.as_bytes().to_vec(), start: 100 * id }
    }

    /// Rows with a virtual clock; a try is shown as `id text stage`.
    struct Bench {
        drawn: DrawnRows,
        start: Instant,
        now: u64,
    }

    impl Bench {
        fn new() -> Self {
            Self { drawn: DrawnRows::default(), start: Instant::now(), now: 0 }
        }

        fn now(&self) -> Instant {
            self.start + Duration::from_millis(self.now)
        }

        /// Returns the time of the deadline in milliseconds.
        fn deadline(&self) -> Option<u128> {
            self.drawn.deadline().map(|at| at.saturating_duration_since(self.start).as_millis())
        }

        fn prints(&mut self, at: u64, changed: bool, is_open: bool) -> &mut Self {
            self.now = at;
            self.drawn.printed(self.now(), at, changed, is_open);
            self
        }

        fn stage(&mut self, at: u64) -> Option<LineStage> {
            self.now = at;
            self.drawn.due(self.now())
        }

        fn tries(&mut self, at: u64, rows: &[DrawnRow]) -> Vec<String> {
            let stage = self.stage(at).expect("a try is due");
            let tries = self.drawn.tries(stage, rows.to_vec(), 7, &LinePlace::default());
            let shown = |(line, stage): (CandidateLine, LineStage)| {
                assert!(line.alt_screen && line.number == 7 && line.start == 100 * line.id);
                // Blank rows are not given to readers.
                assert!(!line.text.is_empty() || line.event(stage).is_none());
                format!("{} {} {stage:?}", line.id, String::from_utf8_lossy(&line.text))
            };
            tries.into_iter().map(shown).collect()
        }

        fn hold(&mut self, ms: u64, id: u64, text: &str) {
            let line = CandidateLine::drawn(row(id, text), 7, LinePlace::default());
            self.drawn.hold(self.now() + Duration::from_millis(ms), &line);
        }

        fn settled(&mut self, at: u64) -> Vec<String> {
            self.now = at;
            let lines = self.drawn.settled(self.now());
            lines.into_iter().map(|line| String::from_utf8_lossy(&line.text).into_owned()).collect()
        }
    }

    const NONE: [&str; 0] = [];

    #[test]
    fn changed_rows_are_tried_when_output_rests() {
        let mut bench = Bench::new();
        assert_eq!(bench.prints(0, false, false).deadline(), None);
        assert_eq!(bench.prints(5, true, false).deadline(), Some(25));
        // Output that changes no row is output.
        assert_eq!(bench.prints(20, false, false).deadline(), Some(40));
        assert_eq!(bench.stage(39), None);
        let rows = [row(1, "one"), row(2, "  "), row(3, "three")];
        assert_eq!(bench.tries(40, &rows), ["1 one Paused", "2  Settled", "3 three Paused"]);
        assert_eq!((bench.deadline(), bench.stage(1000)), (None, None));
        bench.prints(1000, true, false).drawn.clear();
        assert_eq!(bench.deadline(), None);
    }

    #[test]
    fn changed_rows_are_tried_after_100_ms_without_rest() {
        let mut bench = Bench::new();
        for at in (0..100).step_by(16) {
            assert_eq!(bench.prints(at, true, false).stage(at), None);
        }
        assert_eq!(bench.deadline(), Some(100));
        assert_eq!(
            bench.tries(100, &[row(1, "half"), row(2, " "), row(3, "whole")]),
            ["1 half Unrested", "3 whole Unrested"]
        );
        // The first row is drawn on, and the other two have rested with their text.
        for at in (112..212).step_by(16) {
            assert_eq!(bench.prints(at, true, false).stage(at), None);
        }
        assert_eq!(bench.deadline(), Some(212));
        let tries = bench.tries(212, &[row(1, "half, whole")]);
        assert_eq!(tries, ["2  Settled", "3 whole Settled", "1 half, whole Unrested"]);
        // Nothing more comes.
        assert_eq!(bench.deadline(), Some(228));
        assert_eq!(bench.tries(228, &[]), ["1 half, whole Settled"]);
        assert_eq!(bench.deadline(), None);
    }

    #[test]
    fn open_update_delays_a_try() {
        let mut bench = Bench::new();
        assert_eq!(bench.prints(0, true, true).stage(500), None);
        // It is closed, and the output goes on.
        assert_eq!(bench.prints(510, true, false).stage(510), Some(LineStage::Unrested));
        assert_eq!(bench.stage(530), Some(LineStage::Paused));
        // It is never closed.
        let mut bench = Bench::new();
        assert_eq!(bench.prints(0, true, true).deadline(), Some(1100));
        assert_eq!(bench.stage(1099), None);
        assert_eq!(bench.tries(1100, &[row(1, "a")]), ["1 a Paused"]);
        assert_eq!(bench.deadline(), None);
    }

    #[test]
    fn held_rows_settle_unless_they_change() {
        let mut bench = Bench::new();
        bench.prints(0, true, false);
        assert_eq!(bench.tries(20, &[row(1, "task a"), row(2, "task b")]).len(), 2);
        bench.hold(500, 1, "task a");
        bench.hold(500, 2, "task b");
        assert_eq!(bench.deadline(), Some(520));
        // The second row changes shortly before: its text is not complete.
        bench.prints(515, true, false);
        assert_eq!((bench.deadline(), bench.settled(520)), (Some(535), vec![]));
        assert_eq!(bench.tries(535, &[row(2, "task bb")]), ["2 task bb Paused"]);
        // The match is held since it was first seen.
        bench.now = 520;
        bench.hold(0, 2, "task bb");
        assert_eq!(bench.settled(535), ["task a", "task bb"]);
        assert_eq!(bench.deadline(), None);
        // The first of two times counts.
        bench.hold(500, 1, "x");
        bench.hold(200, 1, "x");
        bench.hold(300, 1, "x");
        assert_eq!((bench.settled(734), bench.settled(735)), (vec![], vec!["x".to_owned()]));
        assert_eq!(bench.settled(9999), NONE);
        for id in 0..1000 {
            bench.hold(500, id, "x");
        }
        assert_eq!(bench.drawn.held.len(), MOST_HELD);
    }

    #[test]
    fn unrested_row_with_held_match_is_tried_once_more() {
        let mut bench = Bench::new();
        bench.prints(0, true, false).prints(90, false, false);
        assert_eq!(bench.tries(100, &[row(1, "task a")]), ["1 task a Unrested"]);
        bench.hold(500, 1, "task a");
        assert_eq!(bench.tries(110, &[]), NONE);
        assert_eq!(bench.settled(600), ["task a"]);
    }

    #[test]
    fn rows_of_instant_tries_wait_for_rest() {
        let mut bench = Bench::new();
        bench.prints(0, true, false).drawn.keep(vec![row(1, "a"), row(2, "b")], 3);
        bench.prints(1, true, false).drawn.keep(vec![row(1, "aa"), row(3, "c")], 3);
        bench.prints(2, true, false).drawn.keep(vec![row(4, "d")], 3);
        assert_eq!(bench.tries(22, &[row(3, "cc")]), ["1 aa Paused", "4 d Paused", "3 cc Paused"]);
    }

    #[test]
    fn raw_bytes_are_needed_from_first_change_on() {
        let mut bench = Bench::new();
        assert_eq!(bench.prints(3, false, false).drawn.start(), None);
        assert_eq!(bench.prints(5, true, false).prints(7, true, false).drawn.start(), Some(5));
        assert_eq!(bench.tries(27, &[row(2, "a")]).len(), 1);
        assert_eq!(bench.drawn.start(), None);
        bench.hold(500, 2, "a");
        assert_eq!(bench.drawn.start(), Some(200));
        assert_eq!(bench.prints(30, true, false).drawn.start(), Some(30));
    }
}
