//! The session's memory without a session.

use super::*;

const SIZE: Size = Size { rows: 6, cols: 30, xpixel: 0, ypixel: 0 };

/// A history and its clock.
struct Desk {
    history: History,
    now: Instant,
    /// The same, kept live by another emulation.
    oracle: vt100::Parser,
}

impl Desk {
    fn new() -> Self {
        let oracle = vt100::Parser::new(SIZE.rows, SIZE.cols, 0);
        Self { history: History::new(SIZE), now: Instant::now(), oracle }
    }

    fn print(&mut self, text: &str) -> &mut Self {
        self.history.printed(self.now, text.as_bytes());
        self.oracle.process(text.as_bytes());
        self
    }

    /// Prints more than the tape holds, each text this much later than the one before.
    fn flood(&mut self, every: Duration, text: impl Fn(usize) -> String) {
        let mut bytes = 0;
        for n in 0.. {
            let text = text(n);
            bytes += text.len();
            self.print(&text);
            self.now += every;
            if bytes > 5 * 1024 * 1024 {
                return;
            }
        }
    }

    fn rows(&mut self) -> Vec<String> {
        let picture = self.history.picture();
        (0..picture.rows()).map(|row| picture.text(row)).collect()
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
    desk.history.shown(desk.now, b"\x1b[2mnotice\x1b[m\r\n");
    desk.print("$ ");
    assert_eq!(desk.rows()[..3], ["one", "notice", "$"]);
}

#[test]
fn a_resize_takes_its_place_among_the_bytes() {
    let mut desk = Desk::new();
    desk.print("0123456789abcdef\r\n");
    desk.history.resized(desk.now, Size { cols: 10, ..SIZE });
    desk.print("0123456789abcdef");
    assert_eq!(desk.rows()[..4], ["0123456789", "abcdef", "0123456789", "abcdef"]);
    assert_eq!(desk.history.picture().columns(), 10);
}

#[test]
fn after_a_flood_the_screen_is_made_of_what_is_left() {
    let mut desk = Desk::new();
    desk.print("\x1b[5;1Hfirst");
    desk.rows();
    desk.flood(Duration::ZERO, |n| format!("\x1b[3{}mline {n}\x1b[m of many\r\n", n % 8));
    assert!(desk.history.picture.is_none(), "nobody has time to look");
    desk.agree();
    desk.print("more\r\n").agree();
}

#[test]
fn after_a_flood_on_the_alternate_screen_it_is_that_one() {
    let mut desk = Desk::new();
    desk.print("shell\x1b[?1049h\x1b[2J");
    desk.flood(Duration::ZERO, |n| format!("\x1b[{};1H\x1b[Krow {n}", n % 6 + 1));
    desk.agree();
    assert!(desk.history.picture().alt_screen());
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
fn a_tape_that_begins_inside_a_sequence_shows_none_of_it() {
    let mut desk = Desk::new();
    let title = format!("\x1b]0;{}\x07", "t".repeat(3000));
    desk.flood(Duration::ZERO, |_| title.clone());
    assert!(!desk.history.edge.at_rest(), "the test cuts where it means to");
    assert_eq!(desk.rows(), [""; 6]);
}
