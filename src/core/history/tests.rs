//! The session's memory without a session.

use proptest::prelude::*;

use super::*;
use crate::core::vt::tests::random::stream;
use crate::core::vt::{Line, VtSink};

const SIZE: Size = Size { rows: 6, cols: 30, xpixel: 0, ypixel: 0 };

/// A history and its clock.
struct Desk {
    history: History,
    now: Instant,
    text: VtState,
    /// The same, kept live by another emulation.
    oracle: vt100::Parser,
}

impl Desk {
    fn new() -> Self {
        let oracle = vt100::Parser::new(SIZE.rows, SIZE.cols, 0);
        Self { history: History::new(SIZE, 1000), now: Instant::now(), text: VtState::new(SIZE), oracle }
    }

    fn print(&mut self, text: &str) -> &mut Self {
        self.text.feed(text.as_bytes(), &mut NullSink);
        self.history.printed(self.now, text.as_bytes(), &self.text);
        self.oracle.process(text.as_bytes());
        self
    }

    /// Prints more than the tape holds, of bytes or of stretches, each text this much later than the one before.
    fn flood(&mut self, every: Duration, text: impl Fn(usize) -> String) {
        let mut bytes = 0;
        for n in 0.. {
            let text = text(n);
            bytes += text.len();
            self.print(&text);
            self.now += every;
            if bytes > 5 * 1024 * 1024 || !every.is_zero() && n > 20_000 {
                return;
            }
        }
    }

    fn rows(&mut self) -> Vec<String> {
        let screen = self.history.screen();
        (0..screen.rows()).map(|row| screen.text(row)).collect()
    }

    fn agree(&mut self) {
        let theirs: Vec<_> = self.oracle.screen().rows(0, SIZE.cols).map(|row| row.trim_end().to_owned()).collect();
        assert_eq!(self.rows(), theirs);
    }
}

#[test]
fn shows_what_coshell_shows_too() {
    let mut desk = Desk::new();
    desk.print("one\r\n");
    desk.history.shown(desk.now, b"\x1b[2mnotice\x1b[m\r\n", &desk.text);
    desk.print("$ ");
    assert_eq!(desk.rows()[..3], ["one", "notice", "$"]);
}

#[test]
fn a_resize_takes_its_place_among_the_bytes() {
    let mut desk = Desk::new();
    desk.print("0123456789abcdef\r\n");
    desk.text.resize(Size { cols: 10, ..SIZE });
    desk.history.resized(desk.now, &desk.text);
    desk.print("0123456789abcdef");
    assert_eq!(desk.rows()[..4], ["0123456789", "abcdef", "0123456789", "abcdef"]);
    assert_eq!(desk.history.screen().columns(), 10);
}

#[test]
fn after_a_flood_the_screen_is_made_of_what_is_left() {
    let mut desk = Desk::new();
    desk.print("\x1b[5;1Hfirst");
    desk.rows();
    desk.flood(Duration::ZERO, |n| format!("\x1b[3{}mline {n}\x1b[m of many\r\n", n % 8));
    assert!(desk.history.screen.is_none(), "nobody has time to look");
    desk.agree();
    desk.print("more\r\n").agree();
}

#[test]
fn after_a_flood_on_the_alternate_screen_it_is_that_one() {
    let mut desk = Desk::new();
    desk.print("shell\x1b[?1049h\x1b[2J");
    desk.flood(Duration::ZERO, |n| format!("\x1b[{};1H\x1b[Krow {n}", n % 6 + 1));
    desk.agree();
    assert!(desk.history.screen().alt_screen());
}

#[test]
fn what_is_given_up_in_calm_stays_on_the_screen() {
    let mut desk = Desk::new();
    desk.print("\x1b[?1049h\x1b[2J\x1b[1;1Hheader that is drawn once");
    desk.flood(Duration::from_millis(60), |n| {
        format!("\x1b[3;1H\x1b[K{n:>29}\x1b[5;1H{}\x1b[m\x1b[m\x1b[m\x1b[m", "x".repeat(20))
    });
    desk.agree();
    assert_eq!(desk.rows()[0], "header that is drawn once");
}

#[test]
fn after_a_flood_what_comes_in_calm_stays_on_the_screen() {
    let mut desk = Desk::new();
    desk.flood(Duration::ZERO, |n| format!("line {n}\r\n"));
    desk.print("\x1b[?1049h\x1b[2J\x1b[1;1Hheader that is drawn once");
    desk.now += CALM;
    desk.flood(Duration::from_millis(60), |n| format!("\x1b[3;1H\x1b[K{n:>29}\x1b[5;1H{}", "x".repeat(20)));
    desk.agree();
    assert_eq!(desk.rows()[0], "header that is drawn once");
}

#[test]
fn nothing_is_fed_until_somebody_asks() {
    let mut desk = Desk::new();
    desk.print("one\r\n");
    desk.flood(Duration::ZERO, |n| format!("line {n}\r\n"));
    assert!(desk.history.screen.is_none());
    assert_eq!(desk.history.lines.kept().len(), 0);
}

#[test]
fn a_tape_that_begins_inside_a_sequence_shows_none_of_it() {
    let mut desk = Desk::new();
    let title = format!("\x1b]0;{}\x07", "t".repeat(4990));
    desk.flood(Duration::ZERO, |n| title[n % 5 * 1000..].chars().take(1000).collect());
    assert!(!desk.history.start_state.in_ground_state(), "the test cuts where it means to");
    assert_eq!(desk.rows(), [""; 6]);
}

/// Numbers lines as they come.
#[derive(Default)]
struct Live {
    number: u64,
    lines: Vec<(u64, Vec<u8>)>,
}

impl VtSink for Live {
    fn line(&mut self, line: &Line<'_>) {
        self.lines.push((self.number + 1, line.text.to_vec()));
        self.number += u64::from(!line.more);
    }
}

fn numbered(history: &mut History, now: Instant) -> Vec<(u64, Vec<u8>)> {
    history.lines(now).filter(|line| !line.open).map(|line| (line.number, line.text.to_vec())).collect()
}

proptest! {
    #[test]
    fn lines_are_the_same_whenever_somebody_asks(bytes in stream(40), size in 1..40_usize, cols in 3..20_u16) {
        let (now, other) = (Instant::now(), Size { cols, ..SIZE });
        let (mut often, mut once) = (History::new(SIZE, 1000), History::new(SIZE, 1000));
        let (mut text, mut live) = (VtState::new(SIZE), Live::default());
        text.assemble(true);
        for (n, part) in bytes.chunks(size).enumerate() {
            let now = now + Duration::from_millis(30) * n as u32;
            text.feed(part, &mut live);
            often.printed(now, part, &text);
            once.printed(now, part, &text);
            if n == 3 {
                text.resize(other);
                often.resized(now, &text);
                once.resized(now, &text);
            }
            once.counted(text.offset(), live.number, n % 2 == 0);
            numbered(&mut often, now);
        }
        let all: Vec<HistoryLine> = often.lines(now).collect();
        prop_assert_eq!(&once.lines(now).collect::<Vec<_>>(), &all);
        prop_assert_eq!(numbered(&mut once, now), live.lines);
        let partial = text.partial().map(|line| line.text.to_vec());
        prop_assert_eq!(all.last().filter(|line| line.open).map(|line| line.text.to_vec()), partial);
    }
}

#[test]
fn a_line_has_the_time_at_which_it_was_finished() {
    let mut desk = Desk::new();
    let start = desk.now;
    desk.print("one ");
    desk.now += Duration::from_secs(1);
    desk.print("line\r\ntwo");
    desk.now += Duration::from_secs(1);
    desk.print(" lines\r\n");
    let times: Vec<_> = desk.history.lines(desk.now).map(|line| (line.time - start).as_secs()).collect();
    assert_eq!(times, [1, 2]);
}

#[test]
fn in_a_flood_the_last_lines_are_kept_with_their_numbers() {
    let mut desk = Desk::new();
    desk.print("before\r\n");
    numbered(&mut desk.history, desk.now);
    desk.flood(Duration::ZERO, |n| format!("line {}\r\n", n + 2));
    assert!(desk.history.lines.so_far().1.is_none(), "nobody has read what was given up");
    let lines = numbered(&mut desk.history, desk.now);
    assert_eq!(lines.len(), 1000);
    for (number, text) in lines {
        assert_eq!(text, format!("line {number}").into_bytes());
    }
}

#[test]
fn long_lines_are_read_before_they_are_given_up_if_there_is_time() {
    let long = |n| format!("{} {n}\r\n", "x".repeat(10_000));
    let mut desk = Desk::new();
    desk.flood(Duration::ZERO, long);
    let lines = numbered(&mut desk.history, desk.now);
    assert!((300..450).contains(&lines.len()), "what the tape holds");
    assert!(lines.iter().all(|(number, text)| text.ends_with(format!("x {}", number - 1).as_bytes())));
    let mut desk = Desk::new();
    desk.flood(Duration::from_millis(60), long);
    let lines = numbered(&mut desk.history, desk.now);
    assert!(lines.len() > 500, "more than the tape holds");
    for (number, text) in lines {
        assert!(text.ends_with(format!("x {}", number - 1).as_bytes()));
    }
}

#[test]
fn what_others_have_counted_holds() {
    let mut desk = Desk::new();
    desk.print("one\r\ntwo");
    desk.history.counted(8, 41, true);
    desk.print(" and more\r\nthree\r\n");
    let numbers: Vec<_> = desk.history.lines(desk.now).map(|line| line.number).collect();
    assert_eq!(numbers, [1, 42, 43]);
}

#[test]
fn what_is_kept_is_bounded() {
    let mut desk = Desk::new();
    desk.history = History::new(SIZE, usize::MAX);
    desk.flood(Duration::ZERO, |n| format!("{n}\r\n"));
    desk.flood(Duration::ZERO, |n| format!("{n}\r\n"));
    assert!(desk.history.lines.kept().len() * 64 <= 8 * 1024 * 1024);
    let mut desk = Desk::new();
    desk.history = History::new(SIZE, 0);
    desk.print("one\r\n");
    assert_eq!(numbered(&mut desk.history, desk.now), []);
}

#[test]
fn the_last_lines_are_found_by_their_numbers() {
    let mut desk = Desk::new();
    desk.print("one\r\n");
    desk.history.counted(5, 7, true);
    desk.print("two\r\nthree");
    let now = desk.now;
    assert_eq!([0, 1, 2, 3, 9].map(|count| desk.history.last(now, count)), [u64::MAX, 9, 8, 1, 1]);
    let from =
        |desk: &mut Desk, number| desk.history.lines_from(now, number).map(|line| line.number).collect::<Vec<_>>();
    assert_eq!(from(&mut desk, 8), [8, 9]);
    assert!(from(&mut desk, u64::MAX).is_empty());
}
