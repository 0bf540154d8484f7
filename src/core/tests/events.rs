//! Triggers that events open: every event with its filters, its values, and the rules of all triggers.

use super::*;
use crate::core::trigger::event::EVENTS;

/// What happens in a session: bytes of the shell, or a time without.
enum Step {
    Shell(&'static str),
    Wait(u64),
}

use Step::{Shell, Wait};

const SECOND: u64 = 1000;
/// A command of a second that fails, in a directory, with the prompts around it.
const FAILS: &[Step] = &[
    Shell("\x1b]7;file://host/src\x07\x1b]133;A\x07$ \x1b]133;B\x07make\r\n\x1b]133;C;cmdline_url=make%20all\x07"),
    Wait(SECOND),
    Shell("error\r\n\x1b]133;D;2\x07\x1b]133;A\x07$ \x1b]133;B\x07"),
];
const LONG: &[Step] = &[
    Shell("\x1b]133;C;cmdline_url=sleep%2090\x07"),
    Wait(59 * SECOND),
    Shell("."),
    Wait(2 * SECOND),
    Wait(29 * SECOND),
    Shell("\x1b]133;D;0\x07"),
];
const SILENCES: &[Step] = &[
    Wait(29 * SECOND),
    Shell("two "),
    Wait(40 * SECOND),
    Wait(100 * SECOND),
    Shell("lines\r\n"),
    Wait(SECOND),
    Shell("x"),
    Wait(31 * SECOND),
];

/// Runs a session with these options. Returns what the triggers have typed, without the ends of lines.
fn typed(options: &[&str], steps: &[Step]) -> Vec<String> {
    let mut bench = Bench::new(options);
    for step in steps {
        match step {
            Shell(bytes) => bench.shell(bytes.as_bytes()),
            Wait(ms) => bench.wait(*ms),
        };
    }
    String::from_utf8_lossy(&bench.typed).lines().map(str::to_owned).collect()
}

/// An event, its filters, the text that is typed, what happens, and what is typed then.
type Row<'a> = (&'a str, &'a [&'a str], &'a str, &'a [Step], &'a [&'a str]);

#[test]
fn each_event_fires_by_its_filters_with_its_values() {
    let bells: &[Step] = &[Shell("a\x07b"), Shell("\x1b]0;title\x07"), Shell("\x07")];
    let titles: &[Step] = &[Shell("\x1b]0;one\x07\x1b]2;two\x1b\\"), Shell("\x1bkthree\x1b\\\x1b]1;icon\x07")];
    let notes: &[Step] = &[Shell("\x1b]9;done\x07\x1b]777;notify;make;failed\x07\x1b]9;4;1;50\x07\x1b]99;;ok\x1b\\")];
    let screens: &[Step] = &[Shell("\x1b[?1049h"), Shell("\x1b[?1049l\x1b[?1049h\x1b[?1049l")];
    let visits: &[Step] = &[
        Shell("\x1b]1337;RemoteHost=ann@home\x07\x1b]7;file://home/src\x07"),
        Shell("\x1b]7;file://web/src\x07\x1b]1337;RemoteHost=root@web.example.org\x1b\\"),
        Shell("\x1b]1337;RemoteHost=ann@web\x07\x1b]1337;RemoteHost=ann@web\x07"),
    ];
    let variables: &[Step] = &[
        Shell("\x1b]1337;SetUserVar=branch=bWFpbg==\x07\x1b]1337;SetUserVar=user=YW5u\x07"),
        Shell("\x1b]1337;SetUserVar=branch=bWFpbg==\x07\x1b]1337;SetUserVar=branch=\x07"),
    ];
    let finished = "${status} ${duration} ${command} ${directory} $0";
    let table: &[Row] = &[
        ("prompt", &[], "$0|${directory}", FAILS, &["/src|/src", "/src|/src"]),
        ("prompt", &["--matching", "^/src$"], "$0", FAILS, &["/src", "/src"]),
        ("prompt", &["--matching", "^/tmp"], "$0", FAILS, &[]),
        ("command-finished", &[], finished, FAILS, &["2 1.0 make all /src make all"]),
        ("command-finished", &["--status", "nonzero"], "$1", FAILS, &["2"]),
        ("command-finished", &["--status", "2"], "$1", FAILS, &["2"]),
        ("command-finished", &["--status", "0"], "$1", FAILS, &[]),
        ("command-finished", &["--status", "nonzero"], "$1", LONG, &[]),
        ("command-finished", &["--status", "0"], "$1", LONG, &["0"]),
        ("command-finished", &["--longer", "1s"], "$2", FAILS, &["1.0"]),
        ("command-finished", &["--longer", "1100ms"], "$2", FAILS, &[]),
        ("command-finished", &["--matching", "^make"], "$0", FAILS, &["make all"]),
        ("command-finished", &["--matching", "^sleep", "--status", "0"], "$0", FAILS, &[]),
        ("long-command", &[], "${duration} ${command} $0", LONG, &["60.0 sleep 90 sleep 90"]),
        ("long-command", &["--after", "62s"], "${duration}", LONG, &["62.0"]),
        ("long-command", &["--after", "91s"], "${duration}", LONG, &[]),
        ("long-command", &["--matching", "make"], "$0", LONG, &[]),
        ("long-command", &["--after", "500ms"], "${directory}", FAILS, &["/src"]),
        ("directory", &[], "$0 ${directory}", FAILS, &["/src /src"]),
        ("directory", &["--matching", "tmp"], "$0", FAILS, &[]),
        ("host", &[], "$0 ${host} ${user}", visits, &["home home ann", "web web "]),
        ("host", &["--matching", "^w"], "$1", visits, &["web"]),
        ("user", &[], "$0 ${user} ${host}", visits, &["ann ann home", "root root web", "ann ann web"]),
        ("user", &["--matching", "root"], "$1@$2", visits, &["root@web"]),
        ("variable", &[], "${name}=${value} $0", variables, &["branch=main main", "user=ann ann", "branch= "]),
        ("variable", &["--variable", "branch"], "$1=$2", variables, &["branch=main", "branch="]),
        ("variable", &["--variable", "branch", "--matching", "."], "$0", variables, &["main"]),
        ("variable", &["--variable", "other"], "$0", variables, &[]),
        ("title", &[], "$0", titles, &["one", "two", "three"]),
        ("title", &["--matching", "^t"], "$0", titles, &["two", "three"]),
        ("bell", &[], "rang$0", bells, &["rang", "rang"]),
        ("notification", &[], "$0|${title}", notes, &["done|", "failed|make", "ok|"]),
        ("notification", &["--matching", "fail"], "$0", notes, &["failed"]),
        ("idle", &[], "$0 ${duration}", SILENCES, &["two  30.0", "x 30.0"]),
        ("idle", &["--after", "10s"], "${duration}", SILENCES, &["10.0", "10.0", "10.0"]),
        ("idle", &["--after", "50s", "--matching", "^two"], "${duration}", SILENCES, &["50.0"]),
        ("activity", &[], "${duration}", SILENCES, &["140.0"]),
        ("activity", &["--after", "29s"], "${duration}", SILENCES, &["29.0", "140.0"]),
        ("activity", &["--after", "200s"], "${duration}", SILENCES, &[]),
        ("full-screen", &[], "full$0", screens, &["full", "full"]),
        ("start", &[], "started$0", &[Wait(SECOND)], &["started"]),
    ];
    for (event, filters, text, steps, want) in table {
        let send = format!("{text}\\r\\n");
        let options = [&["--event", event, "--send", &send], *filters].concat();
        assert_eq!(typed(&options, steps), *want, "{options:?}");
    }
    let tested: Vec<_> =
        table.iter().map(|(event, ..)| *event).chain(["exit", "asks", "password", "focused", "unfocused"]).collect();
    assert!(EVENTS.iter().all(|row| tested.contains(&row.name)));
}

#[test]
fn exit_of_shell_fires_before_session_ends() {
    for (filters, fires) in [(&[][..], true), (&["--status", "3"], true), (&["--status", "0"], false)] {
        let options = [&["--event", "exit", "--run", "echo $1"], filters].concat();
        let mut bench = Bench::new(&options);
        bench.input(Input::Exited(Child::Shell, ExitStatus::Code(3)));
        let started = bench.effects.iter().find_map(|effect| match effect {
            Effect::StartJob { command, .. } => Some(command.clone()),
            _ => None,
        });
        let args = started.as_ref().map(|command| command.args.clone());
        assert_eq!(args, fires.then(|| vec![b"".to_vec(), b"3".to_vec()]));
        let has = |name: &str, value: &[u8]| {
            started.as_ref().is_some_and(|command| command.env.contains(&(name.to_owned(), value.to_vec())))
        };
        assert_eq!((has("COSHELL_EVENT", b"exit"), has("COSHELL_MATCH_status", b"3")), (fires, fires));
    }
}

#[test]
fn events_do_not_depend_on_how_output_is_cut() {
    let stream = b"a\x07\x1b]9;note\x07\r\n\x1b]133;A\x07$ \x1b]133;B\x07ls\r\n\x1b]133;C;cmdline_url=ls\x07x\r\n\x1b]133;D;1\x07\x1b]133;A\x07$ \x1b]0;t\x07\x1b]1337;RemoteHost=ann@web\x07\x1b]1337;SetUserVar=a=YmM=\x1b\\";
    let options: Vec<String> =
        ["bell", "notification", "prompt", "command-finished", "title", "host", "user", "variable"]
            .iter()
            .flat_map(|event| {
                ["--event", event, "--send"].map(str::to_owned).into_iter().chain([format!("{event} $0\\n")])
            })
            .collect();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    crate::core::split::at_every_split(stream, |pieces| {
        let mut bench = Bench::new(&options);
        pieces.iter().for_each(|piece| {
            bench.shell(piece);
        });
        let want = "bell \nnotification note\nprompt \ncommand-finished ls\nprompt \ntitle t\nhost web\nuser ann\nvariable bc\n";
        assert_eq!(String::from_utf8_lossy(&bench.typed), want);
    });
}

#[test]
fn line_of_an_event_does_not_depend_on_how_output_is_cut() {
    let stream = b"one\r\ntwo \x07two\r\n\x1b]9;note\x07three\r\n\x1b]133;C\x07four\r\n\x1b]133;D;1\x07$ \r\nsix\r\n";
    let events = ["bell", "notification", "command-finished"];
    let options: Vec<&str> = events.iter().flat_map(|event| ["--event", event, "--mark"]).collect();
    crate::core::split::at_every_split(stream, |pieces| {
        let mut bench = Bench::new(&options);
        pieces.iter().for_each(|piece| {
            bench.shell(piece);
        });
        let marks = bench.core.annotations.marks.iter().map(|mark| (mark.line, &*mark.text, &*mark.quote));
        let want = [(2, "bell", "two "), (3, "notification", ""), (5, "command-finished", "")];
        assert_eq!(marks.collect::<Vec<_>>(), want);
    });
}

/// The line of `activity` is that on which the output begins that ends the silence.
#[test]
fn activity_is_on_the_line_of_the_first_byte() {
    for (before, chunk, want) in
        [("one\r\n$ ", "two\r\nthree\r\n", (2, "$ ")), ("one\r\n", "two\r\nthree\r\n", (2, "")), ("", "one", (1, ""))]
    {
        for condition in ["no-coproc", "job=make"] {
            let options = ["--event", "activity", "--after", "10s", "--when", condition, "--capture"];
            let mut bench = Bench::new(&options);
            bench.pty_state.jobs = vec!["make".to_owned()];
            bench.shell(before.as_bytes()).wait(20 * SECOND).shell(chunk.as_bytes());
            let captured = bench.core.annotations.captured.iter().map(|line| (line.line, line.quote.clone()));
            assert_eq!(captured.collect::<Vec<_>>(), [(want.0, want.1.to_owned())], "{before:?} {condition}");
            assert_eq!(bench.shown, [before, chunk].concat().as_bytes());
        }
    }
    let mut bench = Bench::new(&["-q", "--indicator", "none", "--event", "activity", "-s", "bot"]);
    bench.wait(40 * SECOND).shell(b"hidden\r\n");
    assert_eq!((bench.started(), bench.read.as_slice()), (vec!["bot"], &b"hidden\r\n"[..]));
}

/// A shell whose marks do not give the text: it is what was typed between B and C, for triggers and for other readers.
#[test]
fn text_of_a_command_is_what_was_typed_where_the_shell_does_not_tell() {
    for (given, want) in [("", "make all"), (";cmdline_url=make%20-j8", "make -j8")] {
        let stream = format!(
            "\x1b]133;A\x07$ \x1b]133;B\x07make  x\x08\x08\x08 all\x1b[2D\x1b[2C\r\n\x1b]133;C{given}\x07made\r\n\
             \x1b]133;D;0\x07\x1b]133;A\x07$ \x1b]133;B\x07"
        );
        let options = ["-i", "json", "-c", "bot", "--event", "command-finished", "--send", "${command}|$0\n"];
        crate::core::split::at_every_split(stream.as_bytes(), |pieces| {
            let mut bench = Bench::new(&options);
            bench.input(Input::CoprocStarted(7)).subscribe(1, &["command-start"]);
            pieces.iter().for_each(|piece| {
                bench.shell(piece);
            });
            assert_eq!(String::from_utf8_lossy(&bench.typed), format!("{want}|{want}\n"));
            let read = String::from_utf8_lossy(&bench.read).into_owned();
            assert!(read.contains(&format!("\"text\":\"{want}\",\"type\":\"command-start\"")), "{read}");
            assert_eq!(bench.heard(1), [("command-start".to_owned(), 0, want.to_owned())]);
        });
        // A subscriber alone.
        let mut bench = Bench::new(&[]);
        bench.subscribe(1, &["command-start"]).shell(stream.as_bytes());
        assert_eq!(bench.heard(1), [("command-start".to_owned(), 0, want.to_owned())]);
        let long = ["--event", "long-command", "--after", "1s", "--send", "${command}|$0"];
        let mut bench = Bench::new(&long);
        let running = stream.split("made").next().expect("it runs");
        bench.shell(running.as_bytes()).wait(2 * SECOND);
        assert_eq!(String::from_utf8_lossy(&bench.typed), format!("{want}|{want}"));
    }
}

#[test]
fn event_comes_between_the_lines_around_it() {
    let mut bench = Bench::new(&["-t", "^line", "--send", "$0 ", "--event", "bell", "--send", "bell "]);
    bench.shell(b"line 1\r\n\x07line 2\r\n\x07");
    assert_eq!(String::from_utf8_lossy(&bench.typed), "line bell line bell ");
}

#[test]
fn rules_of_all_triggers_hold_for_events() {
    let ring: &[Step] = &[Shell("\x07"), Wait(SECOND), Shell("\x07"), Wait(5 * SECOND), Shell("\x07")];
    let table: &[(&[&str], &[&str])] = &[
        (&["--event", "bell", "--send", "a\\n", "--once"], &["a"]),
        (&["--event", "bell", "--send", "a\\n", "--cooldown", "3s"], &["a", "a"]),
        (&["--event", "bell", "--send", "a\\n", "--when", "alt-screen"], &[]),
        (&["--event", "bell", "--send", "a\\n", "--when", "no-coproc"], &["a", "a", "a"]),
        (&["--event", "bell", "--send", "a\\n", "--once", "--event", "bell", "--send", "b\\n", "--once"], &["a", "b"]),
        (
            &[
                "--event", "bell", "--send", "a\\n", "--stop", "--event", "bell", "--send", "b\\n", "--event", "title",
                "--send", "t",
            ],
            &["a", "a", "a"],
        ),
        (&["--event", "bell", "--send", "b\\n", "--event", "bell", "--stop", "--bell"], &["b", "b", "b"]),
    ];
    for (options, want) in table {
        assert_eq!(typed(options, ring), *want, "{options:?}");
    }
}

#[test]
fn event_waits_for_the_state_of_the_pty() {
    let mut bench = Bench::new(&["--event", "bell", "--when", "job=ssh", "--send", "x"]);
    bench.shell(b"\x07");
    assert_eq!((bench.typed.len(), bench.effects.contains(&Effect::QueryPty)), (0, true));
    bench.pty_state.jobs = vec!["ssh".to_owned()];
    bench.shell(b"\x07");
    assert_eq!(bench.typed, b"x");
}

#[test]
fn question_and_password_are_found_when_output_rests() {
    let mut bench = Bench::new(&["--event", "asks", "--send", "a:$0\\n", "--event", "password", "--send", "p:$0\\n"]);
    bench.pty_state = PtyState { group: 7, asks: true, ..PtyState::default() };
    bench.shell(b"Go on? ").wait(299);
    assert_eq!(String::from_utf8_lossy(&bench.typed), "");
    bench.wait(100_000);
    assert_eq!(String::from_utf8_lossy(&bench.typed), "a:Go on? \n");
    assert_eq!(bench.core.deadline(), None);
    // The user types on the same line, then ends it.
    bench.shell(b"ye").wait(1000);
    assert_eq!(String::from_utf8_lossy(&bench.typed), "a:Go on? \n");
    bench.typed.clear();
    bench.pty_state.echo = Echo::OffInLines;
    bench.shell(b"s\r\nPassword: ").wait(299);
    assert_eq!(bench.typed, b"");
    bench.wait(1000);
    assert_eq!(String::from_utf8_lossy(&bench.typed), "a:Password: \np:Password: \n");
    // A shell at a prompt that it has marked asks nothing, and is not looked at.
    bench.typed.clear();
    bench.shell(b"\r\n\x1b]133;A\x07$ \x1b]133;B\x07").wait(100);
    assert_eq!(bench.core.deadline(), None);
    bench.wait(60 * SECOND);
    assert_eq!(bench.typed, b"");
}

#[test]
fn condition_looks_at_the_part_of_the_output() {
    let stream = b"no marks\r\n\x1b]133;A\x07prompt $ \x1b]133;B\x07typed\r\n\x1b]133;C\x07output\r\nmore output\r\n\x1b]133;D;0\x07\x1b]133;A\x07next $ ";
    let table: &[(&str, &[&str])] = &[
        ("output", &["output", "more output"]),
        ("prompt", &["prompt $ typed", "next $ "]),
        ("no-output", &["no marks", "prompt $ typed", "next $ "]),
        ("no-prompt", &["no marks", "output", "more output"]),
    ];
    for (condition, want) in table {
        crate::core::split::at_every_split(stream, |pieces| {
            let mut bench = Bench::new(&["-t", "^.+$", "--when", condition, "--send", "$0\\n"]);
            pieces.iter().for_each(|piece| {
                bench.shell(piece);
            });
            bench.wait(SECOND);
            let typed = String::from_utf8_lossy(&bench.typed).lines().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(typed, *want, "{condition}");
        });
    }
}

#[test]
fn condition_looks_at_the_host_and_the_user_before_the_line() {
    let stream = b"one\r\n\x1b]1337;RemoteHost=ann@web\x07two\r\nthree\r\n\x1b]7;file://db/\x07four\r\nfive\x1b]1337;RemoteHost=ann@db\x07 \r\n";
    let table: &[(&[&str], &[&str])] = &[
        (&["host=web"], &["two", "three"]),
        (&["host=WEB.example.org", "user=ann"], &["two", "three"]),
        (&["host=db"], &["four", "five "]),
        (&["host=db", "user=ann"], &["five "]),
        (&["user=root"], &[]),
    ];
    for (conditions, want) in table {
        crate::core::split::at_every_split(stream, |pieces| {
            let conditions = conditions.iter().flat_map(|condition| ["--when", condition]);
            let run = |action: [&'static str; 4]| {
                let mut bench = Bench::new(&action.into_iter().chain(conditions.clone()).collect::<Vec<_>>());
                pieces.iter().for_each(|piece| {
                    bench.shell(piece);
                });
                bench
            };
            let typed = run(["-t", "^.+$", "--send", "$0\\n"]).typed;
            assert_eq!(String::from_utf8_lossy(&typed).lines().collect::<Vec<_>>(), *want);
            let shown = run(["-t", "^.", "--highlight", "red"]).shown;
            assert_eq!(memchr::memmem::find_iter(&shown, b"\x1b[31m").count(), want.len());
        });
    }
}

#[test]
fn host_user_and_variables_are_told_to_clients_and_coprocesses() {
    let mut bench = Bench::new(&["-i", "json", "-c", "bot"]);
    bench.input(Input::CoprocStarted(7)).subscribe(1, &["host", "user", "variable"]);
    bench.shell(b"\x1b]1337;RemoteHost=ann@web\x07\x1b]1337;SetUserVar=a=YmM=\x07");
    let want = [
        "{\"host\":\"web\",\"type\":\"host\",\"user\":\"ann\"}",
        "{\"host\":\"web\",\"type\":\"user\",\"user\":\"ann\"}",
        "{\"name\":\"a\",\"type\":\"variable\",\"value\":\"bc\"}",
    ];
    assert_eq!(String::from_utf8_lossy(&bench.read).lines().collect::<Vec<_>>(), want);
    let kinds: Vec<String> = bench.heard(1).into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["host", "user", "variable"]);
}

#[test]
fn event_that_sets_itself_off_is_stopped() {
    let mut bench = Bench::new(&["--event", "bell", "--inject", "\\x07", "--name", "echo"]);
    bench.shell(b"\x07").wait(100);
    let lines = bench.lines().join("\n");
    assert!(lines.contains("trigger \"echo\" fired 20 times"), "{lines}");
}

#[test]
fn events_without_triggers_cost_no_wake_up() {
    let mut bench = Bench::new(&["--event", "idle", "--send", "x", "--once", "--event", "long-command", "--bell"]);
    assert!(bench.core.deadline().is_some());
    bench.wait(30 * SECOND);
    assert_eq!((bench.typed.clone(), bench.core.deadline()), (b"x".to_vec(), None));
    bench.shell(b"\x1b]133;C\x07").wait(61 * SECOND);
    assert_eq!(bench.core.deadline(), None);
    let mut bench = Bench::new(&["-t", "x", "--bell"]);
    bench.shell(b"\x1b]133;C\x07\r\n").wait(SECOND);
    assert_eq!(bench.core.deadline(), None);
}

#[test]
fn hidden_output_has_no_events() {
    let mut bench = Bench::new(&["-s", "rz", "--event", "bell", "--send", "x", "--event", "idle", "--send", "y"]);
    bench.input(Input::CoprocStarted(7)).shell(b"\x07").wait(40 * SECOND);
    assert_eq!(bench.typed, b"");
}

#[test]
fn coprocess_of_an_event_reads_from_the_event_on() {
    for (form, want) in [
        ("raw", "behind"),
        ("text", ""),
        ("json", "{\"groups\":[\"/src\",\"/src\"],\"line\":\"/src\",\"name\":\"directory\",\"type\":\"trigger\"}\n"),
    ] {
        let mut bench = Bench::new(&["-i", form, "--event", "directory", "-c", "bot"]);
        bench.shell(b"before\x1b]7;file://h/src\x07behind").input(Input::CoprocStarted(7));
        assert_eq!(String::from_utf8_lossy(&bench.read), want, "{form}");
    }
}

#[test]
fn silent_coprocess_of_an_event_hides_the_output_behind_it() {
    let mut bench = Bench::new(&["-q", "--indicator", "none", "--event", "notification", "-s", "bot"]);
    bench.shell(b"shown\x1b]9;go\x07hidden\r\n\x1b]9;again\x07");
    assert_eq!((bench.started(), bench.lines()), (vec!["bot"], vec!["shown".to_owned()]));
    assert_eq!(bench.read, b"hidden\r\n\x1b]9;again\x07");
}

#[test]
fn actions_on_lines_take_the_line_of_the_cursor() {
    let mut bench = Bench::new(&["--event", "bell", "--capture"]);
    bench.shell(b"one\r\ntwo\x07");
    let captured = bench.core.annotations.captured.iter().map(|line| (line.line, line.quote.clone()));
    assert_eq!(captured.collect::<Vec<_>>(), [(2, "two".to_owned())]);
}
