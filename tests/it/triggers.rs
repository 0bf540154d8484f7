//! Firing of triggers: on finished and paused lines, once per line, and by modifiers.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{
    Ended, PROMPT, Session, Terminal, TestDir, contains, coshell, count, needs, proc, run, shell, show,
    takes_less_than, wrapped,
};

/// Runs `script` under a trigger that runs `action`, and returns the content of `out` in the home, empty where no
/// action has written it.
fn run_output(trigger: &[&str], action: &str, script: &str) -> Vec<u8> {
    let options = [&["-q"], trigger, &["--run", action]].concat();
    let mut term = wrapped(&options, &format!("{script}; : > over; read told")).start();
    term.wait_until("the end of the script", |term| term.read_home("over").is_some());
    // Commands started by the trigger are done then, however slow the machine is.
    term.wait_quiet();
    term.send("\r");
    term.wait_end();
    term.read_home("out").unwrap_or_default()
}

/// Returns how often the trigger fires.
fn firings(trigger: &[&str], script: &str) -> usize {
    count(&run_output(trigger, "echo fired >> out", script), "fired\n")
}

/// Returns the first captures of all firings, sorted.
fn captured(trigger: &[&str], script: &str) -> Vec<String> {
    let out = run_output(trigger, "echo \"$1\" >> out", script);
    let mut lines: Vec<_> = String::from_utf8_lossy(&out).lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn trigger_fires_on_finished_line() {
    assert_eq!(firings(&["-t", "hello"], "echo say hello now"), 1);
    assert_eq!(firings(&["-t", "hello"], "echo nothing"), 0);
}

#[test]
fn trigger_fires_on_prompt_without_delay() {
    let round = || {
        let script = "printf 'Password: '; read -r p; echo \"got [$p]\"";
        let mut term = wrapped(&["-t", "assword: $", "--send", "secret\\r"], script).start();
        term.wait("Password: ");
        let asked = Instant::now();
        term.wait("got [secret]");
        assert_eq!(term.wait_end(), Ended::Code(0));
        asked.elapsed()
    };
    takes_less_than(Duration::from_millis(120), round);
}

#[test]
fn line_matched_at_pause_does_not_fire_again_when_finished() {
    assert_eq!(firings(&["-t", "ready"], "printf 'ready'; sleep 0.2; printf ' now'; sleep 0.2; echo ' on'"), 1);
    assert_eq!(firings(&["-t", "ready"], "printf 'ready'; sleep 0.2; echo; echo ready"), 2);
}

#[test]
fn overprinted_line_fires_again_on_other_match() {
    // The first firing shows that the pause was noticed.
    let script = r"printf 'at 10%%'; until [ -s out ]; do sleep 0.02; done; printf '\rat 20%%'; sleep 0.2; echo";
    assert_eq!(captured(&["-t", r"at (\d+)%"], script), ["10", "20"]);
    assert_eq!(firings(&["-t", r"at (\d+)%"], r"printf 'at 10%%'; sleep 0.2; printf '\rat 10%%'; sleep 0.2; echo"), 1);
}

#[test]
fn same_text_fires_again_after_row_has_shown_another() {
    let rows = |texts: [&str; 3]| {
        let print = |text: &str| format!(r"printf '\033[A\r{text}\n'");
        format!("echo; {}", texts.map(print).join("; "))
    };
    assert_eq!(firings(&["-t", "fail"], &rows(["fail", "pass", "fail"])), 2);
    assert_eq!(firings(&["-t", "fail"], &rows(["fail", "fail", "fail"])), 1);
}

#[test]
fn growing_match_waits_for_end_of_line() {
    // Several rounds, since on a loaded machine a pause may exceed the 0.5 s after which a growing match fires.
    let script = "printf 'task ab'; sleep 0.1; printf 'cd'; sleep 0.1; echo ef";
    let waits = |_: &i32| captured(&["-t", "task (.*)"], script) == ["abcdef"];
    assert!((0..10).any(|round| waits(&round)), "{:?}", captured(&["-t", "task (.*)"], script));
}

#[test]
fn growing_match_fires_on_prompt() {
    let mut term =
        wrapped(&["-t", "name (.*)", "--send", "I am $1\\r"], "printf 'name x'; read -r a; echo \"got [$a]\"").start();
    term.wait("got [I am x]");
}

#[test]
fn escape_sequences_neither_hide_nor_make_match() {
    assert_eq!(firings(&["-t", "^a red word$"], r"printf 'a \033[31mr\033[1me\033[0md wo\033]0;x\007rd\n'"), 1);
    assert_eq!(firings(&["-t", "secret"], r"printf '\033]0;secret\007\033Psecret\033\\\033_secret\033\\text\n'"), 0);
}

#[test]
fn line_printed_byte_by_byte_fires_once() {
    let script = "for c in h e l l o ' ' w o r l d; do printf \"$c\"; sleep 0.03; done; echo";
    assert_eq!(firings(&["-t", "hello"], script), 1);
}

#[test]
fn all_fires_for_every_match_in_line() {
    assert_eq!(captured(&["-t", r"e(\d)"], "echo e1 e2 e3"), ["1"]);
    assert_eq!(captured(&["-t", r"e(\d)", "--all"], "echo e1 e2 e3"), ["1", "2", "3"]);
}

#[test]
fn once_fires_once_per_session() {
    assert_eq!(firings(&["-t", "hit", "--once"], "echo hit; echo hit; sleep 0.1; echo hit"), 1);
    assert_eq!(firings(&["-t", "hit"], "echo hit; echo hit; sleep 0.1; echo hit"), 3);
}

#[test]
fn cooldown_suppresses_firings_until_it_ends() {
    assert_eq!(firings(&["-t", "hit", "--cooldown", "60s"], "echo hit; sleep 0.1; echo hit"), 1);
    // Two lines in one write, and the third after the cooldown has certainly ended.
    let script = r"printf 'hit\nhit\n'; until [ -s out ]; do sleep 0.02; done; sleep 0.6; echo hit";
    assert_eq!(firings(&["-t", "hit", "--cooldown", "500ms"], script), 2);
}

#[test]
fn instant_fires_without_pause() {
    // The output has no pause of 20 ms on this line before the line is long.
    let script = "printf 'go:'; i=0; while [ $i -lt 20000 ]; do printf x; i=$((i+1)); done; echo";
    let out = run_output(&["-t", "go:", "--instant"], "printf '%s' \"$COSHELL_LINE\" | wc -c > out", script);
    let length: usize = String::from_utf8(out).unwrap().trim().parse().unwrap();
    assert!(length < 19_000, "it saw {length} bytes of the line");
    assert_eq!(firings(&["-t", "go:", "--instant"], script), 1);
}

#[test]
fn when_alt_screen_selects_by_screen() {
    let script = r"echo hit; sleep 0.1; printf '\033[?1049h'; echo hit here; sleep 0.1; echo hit there; sleep 0.1; printf '\033[?1049l'";
    assert_eq!(firings(&["-t", "hit", "--when", "no-alt-screen"], script), 1);
    assert_eq!(firings(&["-t", "hit", "--when", "alt-screen"], script), 2);
}

/// Launches a full-screen program under a trigger for each of `patterns`, which appends the row to `out`.
fn full_screen(patterns: &[&str], script: &str) -> Terminal {
    let trigger = |pattern| ["-t", pattern, "--run", "cat >> out"];
    let options: Vec<&str> = patterns.iter().flat_map(|pattern| trigger(*pattern)).collect();
    wrapped(&[&["-q"], &options[..]].concat(), script).start()
}

/// Waits until triggers have fired on these rows, in this order.
#[track_caller]
fn wait_for_rows(term: &mut Terminal, rows: &[&str]) {
    let out = |term: &Terminal| String::from_utf8(term.read_home("out").unwrap_or_default()).expect("it is text");
    term.wait_until(&format!("{rows:?} in out"), |term| out(term).lines().count() >= rows.len());
    assert_eq!(out(term).lines().collect::<Vec<_>>(), rows);
}

#[test]
fn watch_fires_on_rows_as_drawn() {
    needs("watch");
    let script = "until [ -e state ]; do sleep 0.02; done; exec watch -t -n 0.1 cat state";
    let mut term = full_screen(&[r"^job 7: failed +\d+ s$", r"^job 7: running +\d+ s$"], script);
    let rows = [
        "job 7: running  8 s",
        "job 7: failed   8 s",
        "job 7: failed   9 s",
        "job 7: running  9 s",
        // It stood there before.
        "job 7: failed   9 s",
    ];
    for (i, row) in rows.iter().enumerate() {
        // `watch` sends the cells that have changed.
        let (new, state) = (term.home().join("new"), term.home().join("state"));
        std::fs::write(&new, format!("first row\n{row}\nlast row\n")).unwrap();
        std::fs::rename(new, state).unwrap();
        wait_for_rows(&mut term, &rows[..=i]);
    }
    term.wait("last row");
}

/// Draws the next state of two jobs at each key. curses sends the cells that have changed.
const JOBS: &str = r#"
import curses
def main(screen):
    for row, state in [(2, 'running'), (3, 'running'), (3, 'failed'), (2, 'failed'), (3, 'running'), (3, 'failed')]:
        screen.addstr(row, 4, f'job {row}: {state:10}|')
        screen.move(10, 0)
        screen.refresh()
        screen.getch()
curses.wrapper(main)
"#;

#[test]
fn curses_program_fires_on_rows_as_drawn() {
    needs("python3");
    let dir = TestDir::new();
    let program = dir.write_file("jobs.py", JOBS);
    let mut term = full_screen(&[r"^    job \d: failed", r"^    job \d: running"], &format!("python3 {program}"));
    let rows = [
        "    job 2: running   |",
        "    job 3: running   |",
        "    job 3: failed    |",
        "    job 2: failed    |",
        "    job 3: running   |",
        "    job 3: failed    |",
    ];
    for fired in 1..=rows.len() {
        wait_for_rows(&mut term, &rows[..fired]);
        term.send("x");
    }
    assert_eq!(term.wait_end(), Ended::Code(0));
    wait_for_rows(&mut term, &rows);
}

#[test]
fn readers_get_rows_of_curses_program_as_lines() {
    needs("python3");
    let dir = TestDir::new();
    let program = dir.write_file("jobs.py", JOBS);
    for format in ["text", "json"] {
        let bot = "while IFS= read -r row; do echo \"$row\" >> rows; done";
        let script = format!("echo begin; python3 {program}");
        let mut term = wrapped(&["-q", "-i", format, "-c", bot], &script).start();
        let row = |n: usize, state: &str| match format {
            "text" => format!("    job {n}: {state:10}|\n"),
            _ => format!("{{\"number\":2,\"text\":\"    job {n}: {state:10}|\",\"type\":\"line\"}}\n"),
        };
        let mut want = String::new();
        for (n, state) in [(2, "running"), (3, "running"), (3, "failed"), (2, "failed")] {
            want += &row(n, state);
            term.wait_until(&want, |term| {
                let read = String::from_utf8(term.read_home("rows").unwrap_or_default()).expect("it is text");
                read.split_inclusive('\n').filter(|row| row.contains("job")).collect::<String>() == want
            });
            term.send("x");
        }
    }
}

#[test]
fn less_fires_on_rows_that_scroll_in() {
    needs("less");
    let dir = TestDir::new();
    let line = |i| if i % 25 == 5 { format!("needle {i};\n") } else { format!("line {i}\n") };
    let file = dir.write_file("file", (1..60).map(line).collect::<String>());
    let mut term = full_screen(&[r"^needle \d+;$"], &format!("LESS= less {file}"));
    wait_for_rows(&mut term, &["needle 5;"]);
    term.send("d");
    wait_for_rows(&mut term, &["needle 5;", "needle 30;"]);
    term.send("q");
    assert_eq!(term.wait_end(), Ended::Code(0));
    wait_for_rows(&mut term, &["needle 5;", "needle 30;"]);
}

#[test]
fn vim_fires_on_row_whose_end_was_replaced() {
    needs("vim");
    let dir = TestDir::new();
    let file = dir.write_file("file", "first\nerror: alpha;\nlast\n");
    let mut term = full_screen(&[r"^error: \w+;$"], &format!("vim -u NONE -i NONE -n {file}"));
    wait_for_rows(&mut term, &["error: alpha;"]);
    term.send(":%s/ha;/ine;/\r");
    wait_for_rows(&mut term, &["error: alpha;", "error: alpine;"]);
    term.send(":q!\r");
    assert_eq!(term.wait_end(), Ended::Code(0));
    wait_for_rows(&mut term, &["error: alpha;", "error: alpine;"]);
}

/// Reads a password key by key and draws a star for each, as sudo with pwfeedback does.
const STARS: &str = r#"printf '[sudo] password: '; word=; while IFS= read -rsn1 key && [ "$key" ]; do
                       word=$word$key; printf '*'; done; echo; echo "got [$word]""#;

#[test]
fn password_with_stars_is_typed_for_known_program_only() {
    let dir = TestDir::new();
    for name in ["sudo", "my-sudo"] {
        std::os::unix::fs::symlink("/bin/bash", dir.path(name)).unwrap();
    }
    for (name, options, typed) in
        [("sudo", &[][..], true), ("my-sudo", &[], false), ("my-sudo", &["--password-job", "my-sudo"], true)]
    {
        let fires =
            ["-t", "^\\[sudo\\] password: $", "--when", "no-echo", "--send", "s3cret\\r", "-t", "pass", "--bell"];
        let command = ["--", &dir.path_str(name), "-c", STARS];
        let mut term = coshell(&[options, &fires, &command].concat()).start();
        if typed {
            term.wait("got [s3cret]");
        } else {
            term.wait("\x07");
            // Twice the time in which a password is recognised.
            term.read_for(Duration::from_millis(500));
            term.send("other\r");
            term.wait("got [other]");
        }
        assert_eq!(contains(term.output(), "******"), typed, "{name} {options:?}");
    }
}

#[test]
fn when_no_echo_fires_at_password_prompt_only() {
    let plain = "printf 'Password: '; sleep 0.3; echo";
    assert_eq!(firings(&["-t", "assword: $", "--when", "no-echo"], plain), 0);
    assert_eq!(firings(&["-t", "assword: $", "--when", "no-echo"], &format!("stty -echo; {plain}")), 1);
    let mut term = coshell(&[
        "-t",
        "assword: $",
        "--when",
        "no-echo",
        "--send",
        "s3cret\\r",
        "--",
        "bash",
        "-c",
        "read -s -p 'Password: ' p; echo \"got [$p]\"",
    ])
    .start();
    term.wait("got [s3cret]");
}

#[test]
fn when_job_fires_for_job_and_its_children() {
    let mut term = shell(&[
        "-t",
        "hit",
        "--when",
        "job=awk",
        "--run",
        "echo $COSHELL_LINE >> out",
        "-t",
        "hit",
        "--when",
        "job=no-such",
        "--bell",
    ])
    .start();
    term.wait(PROMPT);
    term.send("echo h'it' one\r");
    term.wait("hit one\r\n");
    term.wait(PROMPT);
    term.send("awk 'BEGIN { print \"h\" \"it two\"; fflush(); system(\"sleep 0.5\") }'\r");
    term.wait("hit two\r\n");
    term.wait_until("the run", |term| term.read_home("out").is_some_and(|out| out == b"hit two\n"));
    assert_eq!(count(term.output(), "\x07"), 0);
}

#[test]
fn when_coproc_selects_by_running_coproc() {
    let script = "echo hit; sleep 0.2";
    assert_eq!(firings(&["-t", "hit", "--when", "coproc"], script), 0);
    assert_eq!(firings(&["-t", "hit", "--when", "no-coproc"], script), 1);
    assert_eq!(firings(&["-c", "cat > /dev/null", "-t", "hit", "--when", "coproc"], script), 1);
    assert_eq!(firings(&["-c", "cat > /dev/null", "-t", "hit", "--when", "no-coproc"], script), 0);
}

#[test]
fn looping_trigger_is_disabled_with_notice() {
    let mut term = shell(&["-t", "foo", "--name", "looper", "--send", "echo foo\\r"]).start();
    term.wait(PROMPT);
    term.send("echo foo\r");
    term.wait("looper");
    term.wait_quiet();
    term.send("echo still'-'here\r");
    term.wait("still-here\r\n");
}

#[test]
fn command_that_sends_its_match_is_stopped() {
    let again = "\"$WRAP\" send --enter 'echo again'";
    let mut session = Session::bash(&["-t", "^again", "--name", "looper", "--run", again]);
    session.term.send("echo again\r");
    // Slow starts of the command may spread the firings: the loop goes on until 20 of them are within 2 seconds.
    session.term.wait("\"looper\" fired 20 times");
    assert!(session.call(&["trigger", "list"]).success().contains("stopped"));
    session.term.wait_quiet();
    session.term.send("echo still'-'here\r");
    session.term.wait("still-here\r\n");
}

#[test]
fn listing_on_the_terminal_inside_fires_nothing() {
    let mut session = Session::bash(&["-t", "warning", "--capture", "--annotate", "noted", "--mark"]);
    session.term.send("echo a warn''ing\r");
    session.term.wait("a warning\r\n");
    // Not a listing of the session, but the output of another program.
    let all = ["captured", "captured --json", "lines", "notes", "marks", "trigger list", "screen", "captured | cat"];
    for (n, line) in all.into_iter().enumerate() {
        session.term.wait(PROMPT);
        assert_eq!(session.request("trigger-list", json!({}))["triggers"][0]["fired"], 1, "before {line}");
        session.term.send(format!("\"$WRAP\" {line}; echo \"number $(({n}))=$?=\"\r"));
        session.term.wait(&format!("number {n}=0=\r\n"));
    }
    assert_eq!(session.request("trigger-list", json!({}))["triggers"][0]["fired"], 2);
}

#[test]
fn listing_stops_at_ctrl_s() {
    let mut session = Session::bash(&["-t", "warning", "--capture"]);
    session.term.send("echo a warn''ing; echo wai''ting; read x; \"$WRAP\" captured; echo d''one\r");
    session.term.wait("waiting\r\n");
    session.term.send("\x13\r");
    session.term.wait_until("the subcommand to run", |term| {
        term.descendants().into_iter().any(|pid| proc::command_line(pid).ends_with(" captured"))
    });
    session.term.wait_quiet();
    let shown = session.term.output().len();
    assert!(!contains(session.term.output(), "2  a warning"), "{}", show(session.term.output()));
    session.term.send("\x11");
    session.term.wait("a warning\r\ndone\r\n");
    assert!(session.term.output().len() > shown);
}

#[test]
fn burst_of_matches_runs_a_command_for_each() {
    let mut term = wrapped(&["-t", "^hit", "--run", "cat >> out"], "seq -f 'hit %g' 300; read told").start();
    term.wait_until("every command to run", |term| {
        term.read_home("out").is_some_and(|out| out.iter().filter(|&&byte| byte == b'\n').count() == 300)
    });
    let mut lines: Vec<u32> = String::from_utf8(term.read_home("out").expect("it was read"))
        .expect("lines are text")
        .lines()
        .map(|line| line["hit ".len()..].parse().expect("a number"))
        .collect();
    lines.sort_unstable();
    assert!(lines.into_iter().eq(1..=300));
}

#[test]
fn coproc_trigger_does_not_fire_while_coproc_runs() {
    let dir = TestDir::new();
    let log = dir.path_str("log");
    let start = format!("echo started >> {log}; exec cat > /dev/null");
    let script = format!("echo hit; until [ -s {log} ]; do sleep 0.02; done; echo hit again; sleep 0.2");
    run(wrapped(&["-q", "-t", "hit", "-c", &start], &script));
    assert_eq!(show(&dir.read("log")), "started\\n\n");
}

#[test]
fn pattern_matches_invalid_utf_8() {
    assert_eq!(firings(&["-t", r"(?-u:\xff)end"], r"printf 'a\377end\n'"), 1);
    assert_eq!(captured(&["-t", r"n(.)me"], r"printf 'n\303\251me\n'"), ["\u{e9}"]);
}

/// Patterns of a class, a literal and a class, for which the regex engine may search backwards from the literal.
const CLASS_LITERAL_CLASS: [(&str, &str, &str); 3] =
    [("[^0-9]404[^0-9]", "a40", "4b"), ("[^/]home/[^/]+/", "xho", "me/u/"), ("[^ ] ERROR .", "x ERR", "OR y")];

#[test]
fn literal_between_classes_matches() {
    for (pattern, begin, end) in CLASS_LITERAL_CLASS {
        let mut term = wrapped(&["-t", pattern, "--bell"], &format!("echo '{begin}{end}'")).start();
        term.wait("\x07");
        assert_eq!(term.wait_end(), Ended::Code(0), "{pattern}");
    }
}

#[test]
fn added_literal_between_classes_matches() {
    let mut session = Session::bash(&[]);
    for (pattern, begin, end) in CLASS_LITERAL_CLASS {
        session.call(&["trigger", "add", pattern, "--bell"]).success();
        session.term.send(format!("echo '{begin}''{end}'\r"));
        session.term.wait(&format!("{begin}{end}\r\n"));
        session.term.wait("\x07");
        session.call(&["trigger", "remove", pattern]).success();
    }
    session.term.send("exit\r");
    assert_eq!(session.term.wait_end(), Ended::Code(0));
}

#[test]
fn triggers_do_not_change_output() {
    let script = r"printf 'one hit\n\033[31mtwo hit\033[0m\r\nprompt hit: '; sleep 0.2; echo";
    let plain = run(wrapped(&["-q"], script)).bytes;
    let with =
        run(wrapped(&["-q", "-t", "hit", "--run", "true", "-t", "t.*o", "--all", "--run", "true"], script)).bytes;
    assert_eq!(show(&plain), show(&with));
}
