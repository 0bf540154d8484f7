//! Tests of the history without a session.

use proptest::prelude::*;

use super::*;
use crate::core::vt::tests::random::stream;

const SIZE: Size = Size { rows: 6, cols: 30, xpixel: 0, ypixel: 0 };

/// A history with a clock.
struct Fixture {
    history: History,
    now: Instant,
    text: VtState,
    /// The same output, in another emulator.
    oracle: vt100::Parser,
}

impl Fixture {
    fn new() -> Self {
        let oracle = vt100::Parser::new(SIZE.rows, SIZE.cols, 0);
        Self { history: History::new(SIZE, 1000), now: Instant::now(), text: VtState::new(SIZE), oracle }
    }

    fn print(&mut self, text: &str) -> &mut Self {
        self.text.feed(text.as_bytes(), &mut NullSink);
        self.history.push_shell(self.now, text.as_bytes(), &self.text);
        self.oracle.process(text.as_bytes());
        self
    }

    /// Prints more bytes or segments than the log holds, with the interval `every` between two texts.
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
        self.history.finish();
        let screen = self.history.screen().expect("it was read");
        (0..screen.rows()).map(|row| screen.text(row)).collect()
    }

    fn agree(&mut self) {
        let theirs: Vec<_> = self.oracle.screen().rows(0, SIZE.cols).map(|row| row.trim_end().to_owned()).collect();
        assert_eq!(self.rows(), theirs);
    }
}

#[test]
fn screen_includes_own_bytes() {
    let mut fixture = Fixture::new();
    fixture.print("one\r\n");
    fixture.history.push_own(fixture.now, b"\x1b[2mnotice\x1b[m\r\n", &fixture.text);
    fixture.print("$ ");
    assert_eq!(fixture.rows()[..3], ["one", "notice", "$"]);
}

#[test]
fn resize_applies_at_its_position() {
    let mut fixture = Fixture::new();
    fixture.print("0123456789abcdef\r\n");
    fixture.text.resize(Size { cols: 10, ..SIZE }, &mut NullSink);
    fixture.history.resized(fixture.now, &fixture.text);
    fixture.print("0123456789abcdef");
    assert_eq!(fixture.rows()[..4], ["0123456789", "abcdef", "0123456789", "abcdef"]);
    assert_eq!(fixture.history.screen().map(|screen| screen.columns()), Some(10));
}

#[test]
fn screen_after_flood_is_rebuilt_from_rest() {
    let mut fixture = Fixture::new();
    fixture.print("\x1b[5;1Hfirst");
    fixture.rows();
    fixture.flood(Duration::ZERO, |n| format!("\x1b[3{}mline {n}\x1b[m of many\r\n", n % 8));
    assert!(fixture.history.screen().is_none(), "the screen was dropped");
    fixture.agree();
    fixture.print("more\r\n").agree();
}

#[test]
fn screen_after_flood_is_alternate_one() {
    let mut fixture = Fixture::new();
    fixture.print("shell\x1b[?1049h\x1b[2J");
    fixture.flood(Duration::ZERO, |n| format!("\x1b[{};1H\x1b[Krow {n}", n % 6 + 1));
    fixture.agree();
    assert!(fixture.history.screen().is_some_and(|screen| screen.alt_screen()));
}

#[test]
fn bytes_dropped_slowly_stay_on_screen() {
    let mut fixture = Fixture::new();
    fixture.print("\x1b[?1049h\x1b[2J\x1b[1;1Hheader that is drawn once");
    fixture.flood(Duration::from_millis(60), |n| {
        format!("\x1b[3;1H\x1b[K{n:>29}\x1b[5;1H{}\x1b[m\x1b[m\x1b[m\x1b[m", "x".repeat(20))
    });
    fixture.agree();
    assert_eq!(fixture.rows()[0], "header that is drawn once");
}

#[test]
fn slow_output_after_flood_stays_on_screen() {
    let mut fixture = Fixture::new();
    fixture.flood(Duration::ZERO, |n| format!("line {n}\r\n"));
    fixture.print("\x1b[?1049h\x1b[2J\x1b[1;1Hheader that is drawn once");
    fixture.now += NO_FLOOD;
    fixture.flood(Duration::from_millis(60), |n| format!("\x1b[3;1H\x1b[K{n:>29}\x1b[5;1H{}", "x".repeat(20)));
    fixture.agree();
    assert_eq!(fixture.rows()[0], "header that is drawn once");
}

#[test]
fn nothing_is_parsed_without_request() {
    let mut fixture = Fixture::new();
    fixture.print("one\r\n");
    fixture.flood(Duration::ZERO, |n| format!("line {n}\r\n"));
    assert!(fixture.history.screen().is_none());
    assert_eq!(fixture.history.lines.kept().len(), 0);
}

#[test]
fn log_beginning_inside_sequence_shows_none_of_it() {
    let mut fixture = Fixture::new();
    let title = format!("\x1b]0;{}\x07", "t".repeat(4990));
    fixture.flood(Duration::ZERO, |n| title[n % 5 * 1000..].chars().take(1000).collect());
    assert!(!fixture.history.start_state.in_ground_state(), "the log is cut inside a sequence");
    assert_eq!(fixture.rows(), [""; 6]);
}

fn numbered(history: &mut History, now: Instant) -> Vec<(u64, Vec<u8>)> {
    history.finish();
    history.lines(now).filter(|line| !line.open).map(|line| (line.number, line.text.to_vec())).collect()
}

proptest! {
    #[test]
    fn lines_do_not_depend_on_times_of_requests(bytes in stream(40), size in 1..40_usize, cols in 3..20_u16) {
        let (now, other) = (Instant::now(), Size { cols, ..SIZE });
        let (mut often, mut once) = (History::new(SIZE, 1000), History::new(SIZE, 1000));
        let mut text = VtState::new(SIZE);
        text.assemble(true);
        for (n, part) in bytes.chunks(size).enumerate() {
            let now = now + Duration::from_millis(30) * n as u32;
            text.feed(part, &mut NullSink);
            often.push_shell(now, part, &text);
            once.push_shell(now, part, &text);
            if n == 3 {
                text.resize(other, &mut NullSink);
                often.resized(now, &text);
                once.resized(now, &text);
            }
            once.counted(text.offset(), text.number(), n % 2 == 0);
            numbered(&mut often, now);
        }
        let all: Vec<HistoryLine> = often.lines(now).collect();
        once.finish();
        prop_assert_eq!(&once.lines(now).collect::<Vec<_>>(), &all);
    }
}

#[test]
fn line_has_time_of_its_end() {
    let mut fixture = Fixture::new();
    let start = fixture.now;
    fixture.print("one ");
    fixture.now += Duration::from_secs(1);
    fixture.print("line\r\ntwo");
    fixture.now += Duration::from_secs(1);
    fixture.print(" lines\r\n");
    fixture.history.finish();
    let times: Vec<_> = fixture.history.lines(fixture.now).map(|line| (line.time - start).as_secs()).collect();
    assert_eq!(times, [1, 2]);
}

#[test]
fn flood_keeps_last_lines_with_their_numbers() {
    let mut fixture = Fixture::new();
    fixture.print("before\r\n");
    numbered(&mut fixture.history, fixture.now);
    fixture.flood(Duration::ZERO, |n| format!("line {}\r\n", n + 2));
    assert!(fixture.history.lines.assembled().1.is_none(), "the dropped bytes were not parsed");
    let lines = numbered(&mut fixture.history, fixture.now);
    assert_eq!(lines.len(), 1000 + usize::from(SIZE.rows) - 1, "those on the screen are kept too");
    for (number, text) in lines {
        assert_eq!(text, format!("line {number}").into_bytes());
    }
}

#[test]
fn long_lines_are_parsed_before_slow_drop() {
    let long = |n| format!("{} {n}\r\n", "x".repeat(10_000));
    let mut fixture = Fixture::new();
    fixture.flood(Duration::ZERO, long);
    let lines = numbered(&mut fixture.history, fixture.now);
    assert!((300..450).contains(&lines.len()), "as many as the log holds");
    assert!(lines.iter().all(|(number, text)| text.ends_with(format!("x {}", number - 1).as_bytes())));
    let mut fixture = Fixture::new();
    fixture.flood(Duration::from_millis(60), long);
    let lines = numbered(&mut fixture.history, fixture.now);
    assert!(lines.len() > 500, "more than the log holds");
    for (number, text) in lines {
        assert!(text.ends_with(format!("x {}", number - 1).as_bytes()));
    }
}

#[test]
fn recorded_line_count_overrides_own() {
    let mut fixture = Fixture::new();
    fixture.print("one\r\ntwo");
    fixture.history.counted(8, 41, true);
    fixture.print(" and more\r\nthree\r\n");
    fixture.history.finish();
    let numbers: Vec<_> = fixture.history.lines(fixture.now).map(|line| line.number).collect();
    assert_eq!(numbers, [1, 42, 43]);
}

#[test]
fn kept_lines_are_bounded() {
    let mut fixture = Fixture::new();
    fixture.history = History::new(SIZE, usize::MAX);
    fixture.flood(Duration::ZERO, |n| format!("{n}\r\n"));
    fixture.flood(Duration::ZERO, |n| format!("{n}\r\n"));
    assert!(fixture.history.lines.kept().len() * 64 <= 8 * 1024 * 1024);
    let mut fixture = Fixture::new();
    fixture.history = History::new(SIZE, 0);
    fixture.print("one\r\n");
    assert_eq!(numbered(&mut fixture.history, fixture.now), []);
}

#[test]
fn last_lines_are_found_by_number() {
    let mut fixture = Fixture::new();
    fixture.print("one\r\n");
    fixture.history.counted(5, 7, true);
    fixture.print("two\r\nthree");
    fixture.history.finish();
    let now = fixture.now;
    assert_eq!([0, 1, 2, 3, 9].map(|count| fixture.history.last(now, count)), [u64::MAX, 9, 8, 1, 1]);
    let from = |fixture: &mut Fixture, number| {
        fixture.history.lines_from(now, number).map(|line| line.number).collect::<Vec<_>>()
    };
    assert_eq!(from(&mut fixture, 8), [8, 9]);
    assert!(from(&mut fixture, u64::MAX).is_empty());
}

proptest! {
    #[test]
    fn slices_give_what_one_reading_gives(bytes in stream(60), size in 1..40_usize, budget in 1..3_000_usize) {
        let (now, other) = (Instant::now(), Size { cols: 17, ..SIZE });
        let (mut sliced, mut once) = (History::new(SIZE, 1000), History::new(SIZE, 1000));
        let mut text = VtState::new(SIZE);
        for (n, part) in bytes.chunks(size).enumerate() {
            text.feed(part, &mut NullSink);
            for history in [&mut sliced, &mut once] {
                history.push_shell(now, part, &text);
                if n == 3 {
                    text.resize(other, &mut NullSink);
                    history.resized(now, &text);
                }
            }
            // Output goes on while the log is read.
            sliced.read(&mut Work::of(budget));
        }
        while !sliced.read(&mut Work::of(budget)) {}
        once.finish();
        prop_assert_eq!(sliced.lines(now).collect::<Vec<_>>(), once.lines(now).collect::<Vec<_>>());
        let screen = |history: &History| {
            let screen = history.screen().expect("it was read");
            (screen.repaint(), screen.resume(false), screen.origin_known())
        };
        prop_assert_eq!(screen(&sliced), screen(&once));
    }
}

impl Fixture {
    /// Prints what costs the most for each of its bytes.
    fn print_costly(&mut self) -> &mut Self {
        self.print(&"a\x1b[65535b".repeat(1000))
    }
}

#[test]
fn reading_stops_after_slice_and_is_continued() {
    let mut fixture = Fixture::new();
    fixture.print_costly().print("\r\nlast\r\n");
    assert!(!fixture.history.catch_up());
    let mut slices = 1;
    while fixture.history.awaits_step() {
        assert!(!fixture.history.catch_up(), "only `step` does work now");
        fixture.history.step();
        slices += 1;
    }
    assert!(slices > 2 && fixture.history.catch_up(), "{slices}");
    assert_eq!(fixture.rows()[4..], ["last", ""]);
    assert_eq!(fixture.history.lines(fixture.now).last().map(|line| line.text.to_vec()), Some(b"last".into()));
}

#[test]
fn reading_that_takes_too_much_begins_anew_at_end() {
    let mut fixture = Fixture::new();
    fixture.print("lost\r\n\x1b[?1049h").print_costly().print("\r\n");
    assert!(!fixture.history.read(&mut Work::of(10)));
    fixture.history.reading.spent = MOST_WORK;
    assert!(fixture.history.read(&mut Work::of(10)), "it is up to date");
    assert!(!fixture.history.awaits_step());
    assert!(fixture.history.screen().is_some_and(|screen| screen.alt_screen()), "the modes are known");
    fixture.print("new");
    assert_eq!(fixture.rows()[0], "new");
    fixture.print("\x1b[?1049l\r\x1b[2Kback");
    fixture.history.finish();
    let lines: Vec<_> = fixture.history.lines(fixture.now).map(|line| (line.number, line.text.to_vec())).collect();
    assert_eq!(lines, [(3, b"back".to_vec())], "the lost lines are counted");
}
