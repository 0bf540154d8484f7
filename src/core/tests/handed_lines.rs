//! Lines that triggers hand to their commands: those before the line, and blocks. Notifications and failures that come too
//! often.

use super::*;

/// Returns the input of the command in the first slot.
fn input(bench: &Bench) -> String {
    String::from_utf8_lossy(bench.core.pending(Sink::Job(0))).into_owned()
}

const BUILD: &[u8] = b"start\r\none\r\n\x1b[1mtwo\x1b[m\r\nerror: bad\r\n  at x\r\n  at y\r\nend of error\r\nmore\r\n";

#[test]
fn command_gets_lines_before_the_line() {
    let table: &[(&str, &str, &str)] = &[
        ("1", "^error", "two\nerror: bad\n"),
        ("2", "^error", "one\ntwo\nerror: bad\n"),
        ("1000", "^error", "start\none\ntwo\nerror: bad\n"),
        ("3", "^start", "start\n"),
        ("1", "^more", "end of error\nmore\n"),
    ];
    for (lines, pattern, want) in table {
        crate::core::split::at_every_split(BUILD, |pieces| {
            let mut bench = Bench::new(&["-t", pattern, "--context", lines, "--run", "handle"]);
            pieces.iter().for_each(|piece| {
                bench.shell(piece);
            });
            assert_eq!((bench.started(), input(&bench)), (vec!["handle"], (*want).to_owned()), "{lines} {pattern}");
        });
    }
}

#[test]
fn block_is_collected_up_to_its_end() {
    let block = "error: bad\n  at x\n  at y\nend of error\n";
    for (pattern, end, want) in
        [("^error", "^end", block), ("bad", "y$", "error: bad\n  at x\n  at y\n"), ("^one", "^none", "")]
    {
        crate::core::split::at_every_split(BUILD, |pieces| {
            let mut bench = Bench::new(&["-t", pattern, "--until", end, "--run", "handle"]);
            pieces.iter().for_each(|piece| {
                bench.shell(piece);
            });
            let started = bench.started().len();
            assert_eq!((started, input(&bench)), (usize::from(!want.is_empty()), want.to_owned()), "{pattern}");
        });
    }
    let mut bench = Bench::new(&["-t", "^error", "--context", "2", "--until", "^end", "--run", "handle"]);
    bench.shell(BUILD);
    assert_eq!(input(&bench), format!("one\ntwo\n{block}"), "with the lines before it");
    // The match at a pause begins the block too, and the captures are those of its first line.
    let mut bench = Bench::new(&["-t", r"^error: (\w+)", "--until", "^$", "--send", "$1|"]);
    bench.shell(b"error: bad").wait(100).shell(b" luck\r\nmore\r\n").wait(100);
    assert_eq!(bench.typed, b"");
    bench.shell(b"\r\n");
    assert_eq!(String::from_utf8_lossy(&bench.typed), "bad|");
}

/// Whatever counts firings counts a block when it ends.
#[test]
fn trigger_fires_when_its_block_ends() {
    let block = |n: u8| format!("begin {n}\r\nbegin inside\r\nend {n}\r\n").into_bytes();
    let stream = [block(1), b"between\r\n".to_vec(), block(2), b"begin 3\r\n".to_vec()].concat();
    for (modifiers, want) in [(&[][..], 2), (&["--once"], 1), (&["--cooldown", "5s"], 1)] {
        crate::core::split::at_every_split(&stream, |pieces| {
            let options = ["-t", r"^begin (\d)", "--until", "^end", "--send", "$1"];
            let mut bench = Bench::new(&[&options[..], modifiers].concat());
            pieces.iter().for_each(|piece| {
                bench.shell(piece);
            });
            let typed = String::from_utf8_lossy(&bench.typed).into_owned();
            assert_eq!((typed.as_str(), bench.core.triggers.fired(0)), (&"12"[..want], want as u64), "{modifiers:?}");
        });
    }
    let mut bench = Bench::new(&["-t", "^begin", "--until", "^end", "--send", "x", "--cooldown", "5s"]);
    bench.shell(b"begin\r\n").wait(6000).shell(b"end\r\n").wait(4000).shell(&block(2)).wait(6000).shell(&block(3));
    assert_eq!((bench.typed.as_slice(), bench.core.triggers.fired(0)), (&b"xx"[..], 2));
    // A block that is dropped was no firing.
    let mut bench = Bench::new(&["-t", "^begin", "--until", "^end", "--send", "x", "--once"]);
    bench.shell(b"begin\r\n");
    bench.core.triggers.set_enabled(0, false);
    bench.shell(b"end\r\n");
    bench.core.triggers.set_enabled(0, true);
    bench.input(Input::Deadline).shell(b"end\r\n");
    assert_eq!((bench.typed.as_slice(), bench.core.triggers.fired(0)), (&b""[..], 0));
    bench.shell(&block(1));
    assert_eq!((bench.typed.as_slice(), bench.core.triggers.fired(0)), (&b"x"[..], 1));
}

/// Lines wait for the state of the pty, and those behind them are recorded meanwhile.
#[test]
fn blocks_under_a_condition_of_the_pty_are_the_same() {
    let stream = b"begin 1\r\nend\r\nbegin 2\r\nend\r\n";
    crate::core::split::at_every_split(stream, |pieces| {
        let mut bench = Bench::new(&["-t", r"^begin (\d)", "--until", "^end", "--when", "job=make", "--send", "$1"]);
        bench.pty_state.jobs = vec!["make".to_owned()];
        pieces.iter().for_each(|piece| {
            bench.shell(piece);
        });
        bench.shell(b"more\r\n");
        assert_eq!(String::from_utf8_lossy(&bench.typed), "12");
    });
}

#[test]
fn block_is_bounded_and_says_what_it_lacks() {
    let mut bench = Bench::new(&["-t", "^begin", "--until", "^end", "--run", "handle"]);
    bench.shell(b"begin\r\n");
    (0..11_000).for_each(|n| _ = bench.shell(format!("line {n}\r\n").as_bytes()));
    bench.shell(b"end\r\n");
    let input = input(&bench);
    assert!(input.starts_with("begin\nline 0\n") && input.ends_with("line 9998\n[coshell: 1002 lines left out]\n"));
}

#[test]
fn coprocess_gets_lines_first() {
    let before = ["one\r\n\x1b[1mtwo\x1b[m\r\n", "one\ntwo\nerror: bad\n"];
    for (form, options, want) in [
        ("raw", ["--context", "2"], "one\r\ntwo\r\nerror: bad\r\n"),
        ("text", ["--context", "2"], before[1]),
        ("raw", ["--until", "^  at x"], "error: bad\r\n  at x\r\n"),
        ("text", ["--until", "^  at x"], "error: bad\n  at x\n"),
    ] {
        let mut bench = Bench::new(&[&["-i", form, "-t", "^error", "-c", "bot"][..], &options].concat());
        for line in BUILD.split_inclusive(|&byte| byte == b'\n').take(5) {
            bench.shell(line);
            if !bench.started().is_empty() {
                break;
            }
        }
        assert_eq!(String::from_utf8_lossy(&bench.read), want, "{form} {options:?}");
    }
    let mut bench = Bench::new(&["-i", "json", "-t", "^error", "--context", "1", "-c", "bot"]);
    bench.shell(BUILD);
    let read = String::from_utf8_lossy(&bench.read).into_owned();
    assert!(
        read.starts_with("{\"groups\":[\"error\"],\"line\":\"error: bad\",\"lines\":[\"two\"],\"name\":"),
        "{read}"
    );
}

#[test]
fn lines_are_recorded_for_events_and_only_on_request() {
    let mut bench = Bench::new(&["--event", "bell", "--context", "2", "--run", "handle"]);
    bench.shell(b"one\r\ntwo\r\nthree\r\n\x07");
    assert_eq!(input(&bench), "two\nthree\n\n");
    let mut bench = Bench::new(&["-t", "x", "--context", "2", "--once", "--run", "handle", "-t", "y", "--bell"]);
    bench.shell(b"one\r\nx\r\n").shell(b"two\r\n");
    let line = bench.core.output.current_line();
    assert_eq!(bench.core.output.lines_before(&line, 9), b"");
}

#[test]
fn only_numbers_of_lines_in_reach_are_taken() {
    for (value, good) in [("1", true), ("1000", true), ("0", false), ("1001", false), ("-1", false), ("all", false)] {
        let options = ["-t", "x", "--bell", "--context", value].map(OsString::from);
        let argv = std::iter::once("coshell".into()).chain(options);
        let settings = cli::parse_session(argv.collect()).map(|args| config::settings(args, &Environment::default()));
        let refused = settings.expect("the form is right").err().map(|usage| usage.to_string());
        assert_eq!(refused.is_none(), good, "{refused:?}");
        assert!(refused.is_none_or(|sentence| sentence.starts_with("--context: ") && sentence.contains("1 to 1000")));
    }
}

#[test]
fn notifications_of_a_trigger_come_once_in_a_second() {
    let mut bench =
        Bench::new(&["-t", r"^n(\d)", "--notify", "note $1", "--notify-title", "make $1", "-t", "^x", "--notify", "x"]);
    let new = |bench: &mut Bench| {
        let shown = String::from_utf8_lossy(&std::mem::take(&mut bench.shown)).into_owned();
        shown.matches("\x1b]9;").count().to_string() + shown.split("\x1b]9;").last().unwrap_or_default()
    };
    bench.shell(b"n1\r\n");
    assert_eq!(new(&mut bench), "1make 1: note 1\x07");
    bench.shell(b"n2\r\nn3\r\nn4\r\nx\r\n");
    assert!(new(&mut bench).starts_with("1x\x07"));
    bench.wait(999);
    assert!(new(&mut bench).starts_with('0'));
    bench.wait(1);
    assert_eq!(new(&mut bench), "1make 4: note 4 (and 2 more)\x07");
    assert_eq!(bench.core.deadline(), None);
}

#[test]
fn failures_of_a_trigger_are_told_once_in_ten_seconds() {
    let mut bench = Bench::new(&["-t", "^f", "--run", "false"]);
    for n in 1..=4 {
        bench.shell(b"f\r\n").input(Input::Exited(Child::Job(0), ExitStatus::Code(n)));
    }
    let failures = |bench: &Bench| {
        let lines = bench.lines().into_iter().filter(|line| line.contains("failed"));
        lines.map(|line| line.trim_start_matches("coshell: ").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(failures(&bench), ["\"false\" failed: status 1"]);
    bench.wait(10_000);
    let last = "\"false\" failed: status 4; 2 failures before it were not shown";
    assert_eq!(failures(&bench), ["\"false\" failed: status 1", last]);
}

#[test]
fn trigger_that_fires_once_collects_its_block() {
    let mut bench = Bench::new(&["-t", "^error", "--until", "^end", "--once", "--run", "handle"]);
    bench.shell(b"error: bad\r\n").wait(100).shell(b"  at x\r\n").shell(b"end\r\nmore\r\n");
    assert_eq!((bench.started(), input(&bench)), (vec!["handle"], "error: bad\n  at x\nend\n".to_owned()));
}
