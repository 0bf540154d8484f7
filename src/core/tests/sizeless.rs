//! A terminal that does not report its size, such as a serial console, is taken to have 24 rows and 80 columns.

use super::*;

const SIDES: [(u16, u16); 4] = [(24, 80), (0, 0), (0, 80), (24, 0)];

/// On each of them the same is seen in the end; the first says its size.
fn alike(argv: &[&str], act: impl Fn(&mut Bench)) -> Vec<String> {
    let mut seen = SIDES.map(|(rows, cols)| {
        let mut bench = Bench::sized(rows, cols, argv);
        act(&mut bench);
        (bench.lines(), bench.screen().screen().cursor_position())
    });
    let (said, rest) = seen.split_first_mut().expect("there are some");
    rest.iter().for_each(|unsaid| assert_eq!(unsaid, said));
    std::mem::take(&mut said.0)
}

#[test]
fn menu_opens_and_closes() {
    let open = |bench: &mut Bench| {
        bench.shell(b"\x1b[2J\x1b[H$ ls").keys(b"\x1d");
    };
    let rows = alike(&[], open);
    assert!(rows[0] == "$ ls" && rows[23].starts_with(" r run"), "{rows:#?}");
    let rows = alike(&[], |bench| {
        open(bench);
        bench.keys(b"\x1b").wait(30);
    });
    assert_eq!(rows, ["$ ls"]);
}

#[test]
fn notices_and_progress_are_shown() {
    let rows = alike(&["--indicator", "none", "-c", "bot"], |bench| {
        bench.shell("x".repeat(100).as_bytes()).coproc_exits(ExitStatus::Code(3), b"");
    });
    assert_eq!(rows, ["coshell: coprocess \"bot\" failed: status 3".to_owned(), "x".repeat(100)]);
    let rows = alike(&["--indicator", "none", "-s", "rz"], |bench| {
        bench.shell(b"hidden").wait(400);
    });
    assert!(rows[1].starts_with("\"rz\": received 6 B"), "{rows:#?}");
}

#[test]
fn zero_size_is_passed_to_pty() {
    let mut bench = Bench::new(&[]);
    let nothing = Size { rows: 0, cols: 0, ..Size::default() };
    bench.input(Input::Resized(nothing));
    assert!(bench.has(&Effect::Resize(nothing)));
    bench.shell(b"\x1b[2J\x1b[H$ ").keys(b"\x1d");
    assert!(bench.lines()[23].starts_with(" r run"), "{:#?}", bench.lines());
}
