//! Rows of the primary screen that are printed again: which text fires once more.

use super::*;
use crate::core::split::at_every_split;

/// Returns how often `fail` fires in this output, however it is cut. A `|` is a pause of the output.
fn failures(argv: &[&str], output: &str) -> u64 {
    at_every_split(output.as_bytes(), |pieces| {
        let mut bench = Bench::sized(6, 40, &[argv, &["-t", "fail", "--bell"]].concat());
        for piece in pieces {
            for (i, part) in piece.split(|&byte| byte == b'|').enumerate() {
                bench.wait(if i == 0 { 0 } else { 30 }).shell(part);
            }
        }
        bench.fired(usize::from(argv.contains(&"never")))
    })
}

#[test]
fn fail_pass_fail_on_one_row_is_two_failures() {
    for between in ["", "|"] {
        for (output, want) in [
            ("\rfail\r\n@\x1b[A\rfail\r\n", 1),
            ("\rfail\r\n@\x1b[A\rpass\r\n@\x1b[A\rfail\r\n", 2),
            // Plain lines, of which most are only counted.
            ("a\r\nfail\r\nb\r\n@\x1b[2Apass\r\nb\r\n@\x1b[2Afail\r\nb\r\n", 2),
            ("fail\r\nb\r\n@\x1b[2Afail\r\nb\r\n@\x1b[2Afail\r\nb\r\n", 1),
            ("\x1b[6Hfail\x1b[5H@\x1b[6Hpass\x1b[5H@\x1b[6Hfail\x1b[5H", 2),
            // Each row is erased before it is drawn again, from the last to the first or from the first to the last.
            ("fail\r\nb\r\n@\x1b[2K\x1b[A\x1b[2K\x1b[A\x1b[2Kfail\r\nb\r\n", 1),
            ("fail\r\nb\r\n@\x1b[2A\x1b[2K\n\x1b[2K\n\x1b[2Afail\r\nb\r\n", 1),
        ] {
            let output = output.replace('@', between);
            assert_eq!(failures(&[], &output), want, "{output:?}");
            // A reader of lines, and a trigger for which lines are examined one by one, change nothing.
            assert_eq!(failures(&["-c", "bot", "-i", "json"], &output), want, "{output:?}");
            assert_eq!(failures(&["-t", "never", "--silent-coproc", "cat"], &output), want, "{output:?}");
        }
    }
}

#[test]
fn only_text_that_rests_ends_a_match_on_the_unfinished_line() {
    for (output, want) in [
        ("fail|\rpass|\rfail|", 2),
        ("fail|\rpass\rfail|", 1),
        ("fail|\r\x1b[K|\rfail|", 2),
        ("fail|\r\x1b[Kfail|", 1),
        ("fail|\r    \rfail|", 1),
        ("fail|\r    |\rfail|", 2),
        ("$ fail|\x08 \x08|l|", 2),
    ] {
        let mut bench = Bench::new(&["-t", "fail", "--bell"]);
        output.split('|').for_each(|part| {
            bench.shell(part.as_bytes()).wait(30);
        });
        assert_eq!(bench.fired(0), want, "{output:?}");
    }
}
