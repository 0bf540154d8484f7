//! Matches shown in colours and as hyperlinks.

use super::*;
use crate::core::split::at_every_split;

/// Returns what a session with these options shows of a stream that comes in these pieces.
fn shown(options: &[&str], pieces: &[&[u8]]) -> String {
    let mut bench = Bench::new(options);
    pieces.iter().for_each(|piece| {
        bench.shell(piece);
    });
    bench.shown.escape_ascii().to_string()
}

#[test]
fn match_is_coloured_in_the_bytes_and_the_pen_put_back() {
    for (options, stream, expected) in [
        (&["--highlight", "red"][..], "an ERROR here\r\n", r"an \x1b[31mERROR\x1b[39m here\r\n"),
        (
            &["--highlight", "bold red on black"],
            "\x1b[1;4mERROR\x1b[m\r\n",
            r"\x1b[1;4m\x1b[31;40mERROR\x1b[39;49m\x1b[m\r\n",
        ),
        (
            &["--highlight", "bold red"],
            "\x1b[2;35mx ERROR x\x1b[m\r\n",
            r"\x1b[2;35mx \x1b[1;31mERROR\x1b[22;2;35m x\x1b[m\r\n",
        ),
        // What the program does inside of the match it does in its own pen.
        (
            &["--highlight", "inverse"],
            "\x1b[1mER\x1b[m\x1b[KROR\r\n",
            r"\x1b[1m\x1b[7mER\x1b[27m\x1b[m\x1b[K\x1b[7mROR\x1b[27m\r\n",
        ),
        (
            &["--highlight", "underline"],
            "\x1b[4:3;58;5;9mERROR\x1b[m\r\n",
            r"\x1b[4:3;58;5;9m\x1b[4mERROR\x1b[4:3m\x1b[m\r\n",
        ),
        (&["--highlight-line", "red"], "an ERROR\there\r\n", r"\x1b[31man ERROR\x1b[39m\t\x1b[31mhere\x1b[39m\r\n"),
        (
            &["--link", "https://a/$0"],
            "\x1b]8;id=1;http://b\x1b\\an ERROR\x1b]8;;\x1b\\\r\n",
            r"\x1b]8;id=1;http://b\x1b\\an \x1b]8;;https://a/ERROR\x1b\\ERROR\x1b]8;id=1;http://b\x1b\\\x1b]8;;\x1b\\\r\n",
        ),
        // cargo clears its progress line so.
        (
            &["--highlight", "red"],
            "\x1b[32mbar ERROR\r\x1b[K\x1b[mERROR\r\n",
            r"\x1b[32mbar ERROR\r\x1b[K\x1b[m\x1b[31mERROR\x1b[39m\r\n",
        ),
        // Spinners of Node and Rust do it so.
        (&["--highlight", "red"], "- ERROR\x1b[2K\x1b[1GERROR\r\n", r"- ERROR\x1b[2K\x1b[1G\x1b[31mERROR\x1b[39m\r\n"),
        (
            &["--highlight", "red"],
            "- ERROR\r\x1b[2K\x1b[?25hERROR\r\n",
            r"- ERROR\r\x1b[2K\x1b[?25h\x1b[31mERROR\x1b[39m\r\n",
        ),
        // Attributes off (sgr0) in tmux and screen, as fish prints them in front of a command's output.
        (
            &["--highlight", "red"],
            "\x1b[30m\x1b[m\x0f\x1b]0;t\x07\rERROR\x1b[m\x0f x\r\n",
            r"\x1b[30m\x1b[m\x0f\x1b]0;t\x07\r\x1b[31mERROR\x1b[39m\x1b[m\x0f x\r\n",
        ),
        // Several matches on a line.
        (&["--all", "--highlight", "red"], "ERROR ERROR\r\n", r"\x1b[31mERROR\x1b[39m \x1b[31mERROR\x1b[39m\r\n"),
        (&["--highlight", "red"], "ERROR ERROR\r\n", r"\x1b[31mERROR\x1b[39m ERROR\r\n"),
    ] {
        let options = [&["-t", "ERROR"], options].concat();
        assert_eq!(shown(&options, &[stream.as_bytes()]), expected, "{options:?} {stream:?}");
    }
}

#[test]
fn groups_are_coloured_alone_and_later_triggers_lie_on_top() {
    let options = [
        "-t",
        r"(?<key>\w+)=(\d+)",
        "--highlight",
        "key:blue",
        "--highlight",
        "2:bold",
        "-t",
        "a=1",
        "--highlight",
        "red",
    ];
    assert_eq!(shown(&options, &[b"b=2\r\n"]), r"\x1b[34mb\x1b[39m=\x1b[1m2\x1b[22m\r\n");
    assert_eq!(shown(&options, &[b"a=1\r\n"]), r"\x1b[31ma=\x1b[1m1\x1b[22;39m\r\n");
}

#[test]
fn unknown_group_and_bad_style_are_refused() {
    for (style, sentence) in [
        (
            "3:red",
            "--highlight: the pattern has no group '3': write the number or the name of one in front of the colon",
        ),
        (
            "word:red",
            "--highlight: the pattern has no group 'word': write the number or the name of one in front of the colon",
        ),
        ("bold rde", "--highlight: there is no style 'rde'; write bold, faint, italic, "),
    ] {
        let args = cli::parse_session(["coshell", "-t", "(a)(b)", "--highlight", style].map(OsString::from).to_vec())
            .expect("the options are known");
        let error = config::settings(args, &Environment::default()).expect_err("the style is bad").to_string();
        assert!(error.contains(sentence), "{error}");
    }
}

#[test]
fn cut_line_is_printed_again_before_its_end() {
    let options = ["-t", "ERROR", "--highlight", "red"];
    assert_eq!(
        shown(&options, &[b"x\r\nan \x1b[1mER", b"ROR\x1b[m here\r\n"]),
        r"x\r\nan \x1b[1mERROR\x1b[m here\r\x1b[0man \x1b[1;31mERROR\x1b[22;39m\r\n".replace(r"\x1b[0m", "")
    );
    // The match lies in the second piece.
    assert_eq!(shown(&options, &[b"an ", b"ERROR here\r\n"]), r"an \x1b[31mERROR\x1b[39m here\r\n");
}

#[test]
fn lines_that_are_not_printed_plainly_are_left_alone() {
    for stream in [
        // Unfinished: a prompt, an echo.
        "ERROR",
        "ERROR\x1b[m",
        "ERROR\n",
        "ERROR\r",
        // Cursor motions, overprinting, editing.
        "ER\x1b[CROR\x1b[D\r\n",
        "ERRO\x08OR\r\n",
        "xERROR\rE\r\n",
        "\x1b[4hERROR\x1b[4l\r\n",
        "ERROR\x1b[1K\r\n",
        "x\x1b[2KERROR\r\n",
        "ERR\x1b[s\x1b[uOR\r\n",
        // Regions, other character sets, the alternate screen.
        "\x1b[2;5rERROR\r\n",
        "\x1b[?6hERROR\r\n",
        "\x1b(0ERROR\r\n\x1b(B",
        "\x1b)0\x0eERROR\x0f ERROR\r\n",
        "\x1b[?1049hERROR\r\n\x1b[?1049l",
        "\x1b[?7lERROR\r\n",
        // Images, text in other sizes, bytes that are not UTF-8.
        "\x1bPq#0\x1b\\ERROR\r\n",
        "\x1b]1337;File=a:b\x07ERROR\r\n",
        "\x1b]66;s=2;x\x07ERROR\r\n",
        // A shell's line editor and its prompt.
        "\x1b[?2004hERROR\r\n",
        "$ \x1b[?2004hERROR\x1b[?2004l\r\n",
        "\x1b]133;A\x07ERROR\x1b]133;B\x07 x\r\n",
        "\x1b]133;B\x07ERROR\r\n",
    ] {
        at_every_split(stream.as_bytes(), |pieces| {
            let shown = shown(&["-t", "ERROR", "--highlight", "red"], pieces);
            assert_eq!(shown, stream.as_bytes().escape_ascii().to_string());
        });
    }
    let raw = b"ERROR \xff\r\n";
    assert_eq!(shown(&["-t", "ERROR", "--highlight", "red"], &[raw]), raw.escape_ascii().to_string());
}

#[test]
fn output_behind_the_line_editor_is_coloured() {
    for stream in [
        // bash, zsh, and a shell with marks.
        "\x1b[?2004h$ ls\r\n\x1b[?2004l\rERROR\r\n",
        "$ \x1b[?2004hls\x1b[?2004l\r\r\nERROR\r\n",
        "\x1b]133;A\x07$ \x1b]133;B\x07ls\r\n\x1b]133;C\x07ERROR\r\n",
    ] {
        let expected = stream.as_bytes().escape_ascii().to_string().replace("ERROR", r"\x1b[31mERROR\x1b[39m");
        assert_eq!(shown(&["-t", "ERROR", "--highlight", "red"], &[stream.as_bytes()]), expected);
    }
}

#[test]
fn line_in_which_keys_were_typed_is_left_alone() {
    let mut bench = Bench::new(&["-t", "ERROR", "--highlight", "red"]);
    bench.shell(b"$ ").keys(b"ERR").shell(b"ERR").keys(b"OR\r").shell(b"OR\r\nERROR\r\n");
    assert_eq!(bench.shown.escape_ascii().to_string(), r"$ ERROR\r\n\x1b[31mERROR\x1b[39m\r\n");
}

#[test]
fn line_is_left_alone_where_the_terminal_was_changed_meanwhile() {
    let disturb: [fn(&mut Bench); 2] = [
        |bench| {
            bench.input(Input::Resized(Size { rows: 24, cols: 70, ..Size::default() }));
        },
        |bench| {
            bench.input(Input::Resumed);
        },
    ];
    for disturb in disturb {
        let mut bench = Bench::new(&["-t", "ERROR", "--highlight", "red"]);
        bench.shell(b"an ERR");
        disturb(&mut bench);
        bench.shell(b"OR\r\nERROR\r\n");
        assert_eq!(bench.shown.escape_ascii().to_string(), r"an ERROR\r\n\x1b[31mERROR\x1b[39m\r\n");
    }
}

#[test]
fn line_that_is_shown_again_is_coloured_again_and_fires_once() {
    let mut bench = Bench::new(&["-t", "ERROR", "--highlight", "red"]);
    bench.shell(b"ERROR\r\n").shell(b"\x1b[A\r\x1b[KERROR\r\n");
    let coloured = r"\x1b[31mERROR\x1b[39m\r\n";
    // A motion in front of the line does not print.
    assert_eq!(bench.shown.escape_ascii().to_string(), format!(r"{coloured}\x1b[A\r\x1b[K{coloured}"));
    assert_eq!(bench.core.triggers.fired(0), 1);
}

#[test]
fn modifiers_and_conditions_are_respected() {
    let lines = b"ERROR\r\nERROR\r\n";
    let (plain, coloured) = (r"ERROR\r\n", r"\x1b[31mERROR\x1b[39m\r\n");
    for (options, expected) in [
        (&["--once"][..], [coloured, plain]),
        (&["--cooldown", "5s"], [coloured, plain]),
        (&["--when", "coproc"], [plain, plain]),
        (&["--when", "no-coproc"], [coloured, coloured]),
        (&["--when", "alt-screen"], [plain, plain]),
    ] {
        let options = [&["-t", "ERROR"], options, &["--highlight", "red"]].concat();
        assert_eq!(shown(&options, &[lines]), expected.concat(), "{options:?}");
    }
    let stop = ["-t", "ERROR", "--stop", "-t", "ER", "--highlight", "red"];
    assert_eq!(shown(&stop, &[lines]), plain.repeat(2));
    let mut bench = Bench::new(&["-t", "ERROR", "--highlight", "red"]);
    bench.core.triggers.set_enabled(0, false);
    assert_eq!(bench.shell(b"ERROR\r\n").shown, b"ERROR\r\n");
    bench.core.triggers.set_enabled(0, true);
    bench.input(Input::Deadline).shown.clear();
    assert_eq!(bench.shell(b"ERROR\r\n").shell(b"ERROR\r\n").shown.escape_ascii().to_string(), coloured.repeat(2));
}

/// A line that cannot be changed fires the trigger, and neither `--once` nor a cooldown is spent on its colours.
#[test]
fn colours_count_where_they_are_shown() {
    let coloured = r"\x1b[31mERROR\x1b[39m\r\n";
    let unchanged: [fn(&mut Bench); 4] = [
        |bench| {
            bench.shell(b"$ ").keys(b"ERROR\r").shell(b"ERROR\r\n");
        },
        |bench| {
            bench.shell(b"\x1b]133;A\x07$ \x1b]133;B\x07ERROR\r\n\x1b]133;C\x07");
        },
        |bench| {
            bench.shell(b"ERROR?").wait(100).shell(b"\x1b[2D\r\n");
        },
        |bench| {
            bench.shell(b"\x1b[?1049hERROR").wait(200).shell(b"\x1b[?1049l\r\n");
        },
    ];
    for modifier in [&["--once"][..], &["--cooldown", "5s"]] {
        for change in unchanged {
            let mut bench = Bench::new(&[&["-t", "ERROR", "--highlight", "red"], modifier].concat());
            change(&mut bench);
            let echo = String::from_utf8_lossy(&std::mem::take(&mut bench.shown)).into_owned();
            assert_eq!((echo.contains("[31m"), bench.core.triggers.fired(0)), (false, 1), "{echo:?}");
            bench.shell(b"ERROR\r\nERROR\r\n").shell(b"ERROR\r\n");
            let shown = bench.shown.escape_ascii().to_string();
            assert_eq!(shown, format!(r"{coloured}ERROR\r\nERROR\r\n"), "{modifier:?} behind {echo:?}");
            assert_eq!(bench.core.triggers.fired(0), 1);
        }
    }
    // One that is spent and has shown its colours is not searched for any more.
    let mut bench = Bench::new(&["-t", "ERROR", "--highlight", "red", "--once"]);
    bench.shell(b"$ ").keys(b"ERROR\r").shell(b"ERROR\r\n");
    assert!(bench.core.triggers.demand().any);
    bench.shell(b"ERROR\r\n");
    assert!(!bench.core.triggers.demand().any);
}

#[test]
fn conditions_on_the_pty_are_looked_up_before_the_line_is_shown() {
    let mut bench = Bench::new(&["-t", "ERROR", "--when", "job=ssh", "--highlight", "red"]);
    bench.shell(b"ERROR\r\n");
    bench.pty_state.jobs = vec!["ssh".to_owned()];
    bench.wait(100).shell(b"an ERR").shell(b"OR\r\nERROR\r\n");
    bench.pty_state.jobs = Default::default();
    bench.wait(100).shell(b"ERROR\r\n");
    assert_eq!(
        bench.shown.escape_ascii().to_string(),
        r"ERROR\r\nan ERROR\ran \x1b[31mERROR\x1b[39m\r\n\x1b[31mERROR\x1b[39m\r\nERROR\r\n"
    );
}

#[test]
fn relative_path_is_linked_where_the_directory_is_reported() {
    let options = ["-t", r"(\S+:\d+): error", "--link", "$1"];
    assert_eq!(shown(&options, &[b"a.c:3: error\r\n"]), r"a.c:3: error\r\n");
    assert_eq!(
        shown(&options, &[b"\x1b]7;file://host/src\x07a.c:3: error\r\n"]),
        r"\x1b]7;file://host/src\x07\x1b]8;;file://host/src/a.c#3\x1b\\a.c:3: error\x1b]8;;\x1b\\\r\n"
    );
}

#[test]
fn wrapped_line_with_a_background_is_printed_again() {
    let mut bench = Bench::sized(3, 10, &["-t", "ERROR", "--highlight", "on red"]);
    bench.shell(b"a\r\nb\r\n1234567ERROR\r\n");
    let screen = bench.screen();
    let red =
        |row, col| screen.screen().cell(row, col).expect("it is on the screen").bgcolor() != vt100::Color::Default;
    let coloured: Vec<_> =
        (0..3).flat_map(|row| (0..10).map(move |col| (row, col))).filter(|&(row, col)| red(row, col)).collect();
    assert_eq!(coloured, [(0, 7), (0, 8), (0, 9), (1, 0), (1, 1)]);
    assert_eq!(bench.lines(), ["1234567ERROR"], "the rows are one line");
}

#[test]
fn history_and_readers_see_the_output_of_the_program() {
    let mut bench = Bench::new(&["-c", "bot", "-t", "ERROR", "--highlight", "red"]);
    bench.shell(b"an ERR").shell(b"OR\r\nERROR\r\n");
    assert_eq!(bench.read, b"an ERROR\r\nERROR\r\n");
    assert!(bench.shown.len() > bench.read.len());
    bench.core.output.terminal.finish_lines();
    let screen = bench.core.output.terminal.screen().map(|screen| screen.repaint_row(1));
    assert_eq!(screen.map(|row| row.escape_ascii().to_string()).as_deref(), Some(r"\x1b[mERROR\x1b[K"));
}

/// What coshell draws again, it draws in the colours that the terminal showed.
#[test]
fn colours_come_back_with_the_rows_that_coshell_draws_again() {
    let options =
        ["-t", r"(ERR)OR(.*)", "--highlight", "bold red", "--highlight", "1:on blue", "--highlight-line", "4"];
    for last in ["an ERROR", "ERROR 漢 e\u{301}", "\x1b[32mgreen ERROR\x1b[m", "1234567890ERROR", "no match"] {
        let mut bench = Bench::sized(5, 12, &options);
        bench.shell(format!("1\r\n2\r\n3\r\n4\r\n{last}\r\n").as_bytes());
        // RI moves the line into the last row.
        bench.shell(b"\x1b[1;1H\x1bM").wait(100);
        let visible = |bench: &Bench| bench.screen().screen().contents_formatted();
        let before = visible(&bench);
        bench.keys(b"\x1d");
        assert_ne!(visible(&bench), before, "the menu stands there");
        bench.keys(b"\x1b").wait(100);
        assert_eq!(visible(&bench).escape_ascii().to_string(), before.escape_ascii().to_string(), "{last}");
        let screen = bench.screen();
        let is_coloured =
            |col| screen.screen().cell(4, col).is_some_and(|cell| cell.fgcolor() != vt100::Color::Default);
        assert_eq!((0..12).any(is_coloured), last != "no match", "{last}");
    }
    // Text that stands there since is the program's own.
    let mut bench = Bench::sized(5, 12, &options);
    bench.shell(b"1\r\n2\r\n3\r\n4\r\nERROR\r\n\x1b[1;1H\x1bM\x1b[5;1Hplain\x1b[K\x1b[1;1H");
    let before = bench.screen().screen().contents_formatted();
    bench.keys(b"\x1d").keys(b"\x1b").wait(100);
    assert_eq!(bench.screen().screen().contents_formatted(), before);
}

#[test]
fn output_to_no_terminal_is_unchanged() {
    let options = ["-t", "ERROR", "--highlight", "red"];
    let environment = Environment { term_caps: TermCaps::Dumb, ..Environment::default() };
    let mut dumb = Bench::within(&environment, Size { rows: 24, cols: 80, ..Size::default() }, &options);
    assert_eq!(dumb.shell(b"ERROR\r\n").shown, b"ERROR\r\n");
}

#[test]
fn console_of_linux_gets_colours_and_no_links() {
    let environment = Environment { term_caps: TermCaps::NoTitle, ..Environment::default() };
    let options = ["-t", "ERROR", "--highlight", "red", "--link", "https://a"];
    let mut console = Bench::within(&environment, Size { rows: 24, cols: 80, ..Size::default() }, &options);
    assert_eq!(console.shell(b"ERROR\r\n").shown.escape_ascii().to_string(), r"\x1b[31mERROR\x1b[39m\r\n");
}

#[test]
fn decorations_are_bounded() {
    let line = [&b"x ".repeat(600)[..], b"\r\n"].concat();
    let triggers = ["-t", "x", "--all", "--link", "https://a"].repeat(3);
    let mut bench = Bench::new(&triggers);
    bench.shell(&line.repeat(5));
    // 256 of the 600 matches have links.
    assert!(bench.shown.len() > 5 * line.len() && bench.shown.len() < 5 * (line.len() + 256 * 40));
    assert_eq!(bench.core.output.terminal.text().offset(), 5 * line.len() as u64, "the lines are the program's");
}

/// Of a trigger that acts as well the firings count: what it colours is what it fires on.
#[test]
fn colours_of_a_trigger_that_acts_go_with_its_firings() {
    let coloured = r"\x1b[31mERROR\x1b[39m\r\n";
    for modifier in [&["--once"][..], &["--cooldown", "5s"]] {
        let options = [&["-t", "ERROR", "--highlight", "red", "--capture"], modifier].concat();
        // Two lines at once, and one by one.
        for pieces in
            [&[&b"ERROR\r\nERROR\r\n"[..]][..], &[b"ERROR\r\n", b"ERROR\r\n"], &[b"ERR", b"OR\r\nERR", b"OR\r\n"]]
        {
            let mut bench = Bench::new(&options);
            pieces.iter().for_each(|piece| {
                bench.shell(piece);
            });
            let shown = bench.shown.escape_ascii().to_string();
            assert_eq!((shown.matches("[31m").count(), bench.core.triggers.fired(0)), (1, 1), "{modifier:?} {shown}");
            assert!(shown.replace(r"ERROR\r\x1b", r"\x1b").starts_with(coloured), "{shown}");
        }
        // The echo of a typed command fires it, and a line that is no text.
        for echo in [&b"ERROR\r\n"[..], b"ERROR \xff\r\n"] {
            let mut bench = Bench::new(&options);
            bench.shell(b"$ ").keys(b"ERROR\r").shell(&[echo, b"ERROR\r\n"].concat());
            assert_eq!(bench.shown, [b"$ ", echo, b"ERROR\r\n"].concat(), "{modifier:?}");
            assert_eq!(bench.core.triggers.fired(0), 1);
            bench.wait(5000).shell(b"ERROR\r\n");
            let again = usize::from(modifier != ["--once"]);
            let shown = bench.shown.escape_ascii().to_string();
            assert_eq!(
                (shown.matches("[31m").count(), bench.core.triggers.fired(0)),
                (again, 1 + again as u64),
                "{shown}"
            );
        }
    }
    // The line on which it has fired is coloured when it ends.
    let mut bench = Bench::new(&["-t", "ERROR", "--highlight", "red", "--capture", "--cooldown", "5s"]);
    bench.shell(b"an ERROR").wait(100);
    assert_eq!(bench.core.triggers.fired(0), 1);
    bench.shell(b" here\r\nERROR\r\n");
    let shown = bench.shown.escape_ascii().to_string();
    assert_eq!(shown, r"an ERROR here\ran \x1b[31mERROR\x1b[39m\r\nERROR\r\n");
    // Without a modifier each line is coloured and fires; the echo only fires.
    let mut bench = Bench::new(&["-t", "ERROR", "--highlight", "red", "--capture"]);
    bench.shell(b"$ ").keys(b"ERROR\r").shell(b"ERROR\r\nERROR\r\nERROR\r\n");
    assert_eq!(bench.shown.escape_ascii().to_string(), format!(r"$ ERROR\r\n{coloured}{coloured}"));
    assert_eq!(bench.core.triggers.fired(0), 3);
}

/// A line with a match that is coloured is searched once for it, whatever else the trigger does.
#[test]
fn coloured_line_is_searched_once() {
    use std::cell::Cell;
    use std::time::Duration;
    thread_local! {
        static LOOKS: Cell<u64> = const { Cell::new(0) };
    }
    // The clock is looked at in front of each search and behind it.
    fn time() -> Duration {
        LOOKS.set(LOOKS.get() + 1);
        Duration::from_micros(LOOKS.get())
    }
    for (options, searches) in [
        (&["--highlight", "red"][..], 3),
        (&["--highlight", "red", "--capture", "--all"], 3),
        (&["--capture"], 3),
        // A trigger behind one that stops is searched for on no line.
        (&["--highlight", "red", "--stop", "-t", "ER", "--capture"], 3),
        (&["--highlight", "red", "-t", "ER", "--capture", "--highlight", "blue"], 6),
    ] {
        let mut bench = Bench::new(&[&["-t", "ERROR"], options].concat());
        bench.core.triggers.measure(crate::core::trigger::CostClock { time, cpu: || Duration::ZERO });
        LOOKS.set(0);
        bench.shell(b"ERROR\r\nno\r\nan ERROR ERROR\r\nERROR\r\n");
        assert_eq!(LOOKS.get(), 2 * searches, "{options:?}");
        assert_eq!(bench.core.triggers.fired(0), if options.contains(&"--all") { 4 } else { 3 });
    }
}
