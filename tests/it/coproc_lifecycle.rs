//! Start and end of coprocesses: environment, signals, descriptors, and processes left behind.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::support::{
    Ended, PROMPT, Session, Terminal, TestDir, bash, coshell, fresh_modes, proc, run, shell, show, wrapped,
};

fn wait_no_processes(term: &mut Terminal) {
    term.wait_until("no process to be left", |term| term.descendants().is_empty());
}

/// Shell loop that waits until the coprocess has created `over`.
const UNTIL_OVER: &str = "until [ -e over ]; do sleep 0.02; done";

/// Starts a coprocess by a trigger on "job 42 of build" and returns its output.
fn triggered_output(options: &[&str], command: &str) -> String {
    let dir = TestDir::new();
    let out = dir.path_str("out");
    let trigger = r"job (\d+) of (?P<what>\w+)";
    let command = format!("({command}) > {out}; : > over");
    let options = [options, &["--name", "the jobs", "-c", &command]].concat();
    let options = [&["-q", "-t", trigger], &options[..]].concat();
    run(wrapped(&options, &format!("printf 'a job 42 of build, \\033[1mnow\\033[0m\\n'; {UNTIL_OVER}")));
    String::from_utf8(dir.read("out")).unwrap()
}

#[test]
fn coproc_environment_describes_trigger() {
    let out = triggered_output(&[], "env | grep ^COSHELL_");
    let has = |line: &str| assert!(out.lines().any(|l| l == line), "{line} is missing in {out}");
    has("COSHELL_TRIGGER=the jobs");
    has("COSHELL_LINE=a job 42 of build, now");
    has("COSHELL_MATCH=job 42 of build");
    has("COSHELL_MATCH_what=build");
    assert!(out.lines().any(|l| l.starts_with("COSHELL_TTY=/dev/")), "{out}");
    assert!(out.lines().any(|l| l.starts_with("COSHELL_SESSION=") && l.len() > 16), "{out}");
}

#[test]
fn coproc_positional_parameters_are_captures() {
    assert_eq!(triggered_output(&[], "echo \"$#:$1:$2\"; printf '%s' \"$0\" | head -c 0"), "2:42:build\n");
}

#[test]
fn coproc_without_trigger_has_no_trigger_variables() {
    let dir = TestDir::new();
    let out = dir.path_str("out");
    run(wrapped(&["-c", &format!("env > {out}; : > over; cat > /dev/null")], UNTIL_OVER));
    let out = String::from_utf8(dir.read("out")).unwrap();
    assert!(!out.contains("COSHELL_LINE=") && !out.contains("COSHELL_MATCH"), "{out}");
    assert!(out.contains("COSHELL_TTY=/dev/") && out.contains("COSHELL_SESSION="), "{out}");
}

#[test]
fn children_see_no_variables_of_an_outer_session() {
    let dir = TestDir::new();
    let write = |name: &str| {
        let path = dir.path_str(name);
        format!("env | grep ^COSHELL_ > {path}.part; mv {path}.part {path}")
    };
    let [by_hand, job, coproc, lent, shell] = ["by-hand", "job", "coproc", "lent", "shell"].map(write);
    let mut launch = bash(&["-c", &by_hand, "-t", "(?P<a>no)|(?P<b>yes)", "--run", &job, "-t", "go", "-c", &coproc]);
    for name in ["TRIGGER", "LINE", "MATCH", "MATCH_a", "MATCH_other", "SESSION", "TTY", "SOCKET"] {
        launch = launch.env(&format!("COSHELL_{name}"), "stale");
    }
    let mut session = Session::start(launch);
    session.term.wait(PROMPT);
    session.wait_coproc_end();
    session.term.send(format!("{shell}\recho y''es\recho g''o\r"));
    session.term.wait_until("the commands to end", |_| ["job", "coproc"].iter().all(|name| dir.path(name).exists()));
    // Without an environment of its own the lent program gets that of coshell.
    session.request("lend", json!({"command": ["sh", "-c", lent]}));
    let socket = format!("COSHELL_SOCKET={}", session.socket().display());
    for (name, own) in [
        ("by-hand", &[][..]),
        ("shell", &[]),
        ("lent", &[]),
        ("job", &["LINE=yes", "MATCH=yes", "MATCH_a=", "MATCH_b=yes", "TRIGGER=(?P<a>no)|(?P<b>yes)"]),
        ("coproc", &["LINE=go", "MATCH=go", "TRIGGER=go"]),
    ] {
        let seen = String::from_utf8(dir.read(name)).unwrap();
        let of_match = |line: &&str| ["LINE", "MATCH", "TRIGGER"].iter().any(|it| line[8..].starts_with(it));
        let mut matched: Vec<&str> = seen.lines().filter(of_match).map(|line| &line[8..]).collect();
        matched.sort_unstable();
        assert_eq!(matched, own, "{name}");
        assert!(!seen.contains("=stale") && seen.lines().any(|line| line == socket), "{name}: {seen}");
    }
}

#[test]
fn coproc_starts_in_directory_of_foreground_job() {
    let dir = TestDir::new();
    let (out, cwd) = (dir.path_str("out"), dir.path("some where"));
    std::fs::create_dir(&cwd).unwrap();
    let mut term = bash(&["-t", "where-am-i", "-c", &format!("pwd > {out}")]).start();
    term.wait(PROMPT);
    term.send(format!("cd '{}'; echo where'-'am-i\r", cwd.display()));
    term.wait("where-am-i\r\n");
    term.wait_until("the directory", |_| !dir.read("out").is_empty());
    assert_eq!(String::from_utf8(dir.read("out")).unwrap().trim(), cwd.to_str().unwrap());
}

#[test]
fn coproc_has_three_descriptors_default_signals_and_own_session() {
    let dir = TestDir::new();
    let out = dir.path_str("out");
    let inspect =
        "ls /proc/$$/fd; grep -E '^Sig(Blk|Ign)' /proc/self/status; tty < /dev/tty; cut -d' ' -f1,6 /proc/$$/stat";
    run(wrapped(&["-q", "-c", &format!("exec > {out} 2>&1; {inspect}; : > over")], UNTIL_OVER));
    let text = String::from_utf8(dir.read("out")).unwrap();
    assert!(text.starts_with("0\n1\n2\nSigBlk:\t0000000000000000\nSigIgn:\t"), "{text}");
    // Signals 32 to 34 belong to the C library, which refuses to change them; the tests' parent may ignore them.
    let ignored = text.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    assert_eq!(u64::from_str_radix(ignored, 16).unwrap() & !(0b111 << 31), 0, "{text}");
    assert!(!text.contains("/dev/pts"), "it has a controlling terminal: {text}");
    let (pid, session) = text.lines().last().unwrap().split_once(' ').unwrap();
    assert_eq!(pid, session, "not the leader of its session: {text}");
}

#[test]
fn coproc_finishes_after_shell_ends_and_closes_its_stdin() {
    let dir = TestDir::new();
    let out = dir.path_str("out");
    // The coprocess has one second to finish.
    let command = format!(": > over; cat > /dev/null; sleep 0.2; echo finished > {out}");
    let mut term = wrapped(&["-c", &command], &format!("echo up; {UNTIL_OVER}; sleep 0.2; exit 5")).start();
    assert_eq!(term.wait_end(), Ended::Code(5));
    assert_eq!(show(&dir.read("out")), "finished\\n\n");
}

#[test]
fn coproc_still_running_after_shell_ends_gets_sigterm() {
    let begun = Instant::now();
    let mut term = wrapped(
        &["-q", "-c", "echo up > up; trap 'echo term > term; exit' TERM; while :; do sleep 0.05; done"],
        "while [ ! -e up ]; do sleep 0.01; done; exit 6",
    )
    .start();
    assert_eq!(term.wait_end(), Ended::Code(6));
    assert!(term.read_home("term").is_some(), "no SIGTERM");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    wait_no_processes(&mut term);
}

#[test]
fn coproc_ignoring_sigterm_is_killed_with_its_children() {
    let begun = Instant::now();
    let command = "trap '' TERM HUP INT; echo up > up; sleep 1000 & sleep 1001; sleep 1002; sleep 1003";
    let mut term = wrapped(&["-q", "-c", command], "while [ ! -e up ]; do sleep 0.01; done; exit 6").start();
    assert_eq!(term.wait_end(), Ended::Code(6));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    wait_no_processes(&mut term);
}

/// /bin/sh runs the program as its child or in its own place, and ends at SIGTERM at once where it does the former.
#[test]
fn stopped_program_types_its_last_output_whether_shell_is_its_parent() {
    let slow = "import os, signal, time\nterms = []\nsignal.signal(signal.SIGTERM, lambda *_: terms.append(1))\n\
        open('there', 'w').close()\nwhile not terms: time.sleep(0.01)\n\
        time.sleep(0.3)\nos.write(1, b'echo last > typed\\n')\nos.close(1)\ntime.sleep(0.3)\n\
        open('terms', 'w').write(str(len(terms)))\n";
    for command in ["exec python3 slow.py", "python3 slow.py", "python3 slow.py; true", "cat | python3 slow.py"] {
        for kind in ["-c", "--silent-coproc"] {
            let dir = TestDir::new();
            dir.write_file("slow.py", slow);
            let mut term = coshell(&["-q", kind, command, "--", "sh"]).cwd(dir.root()).start();
            term.wait_until("the program", |_| dir.path("there").exists());
            // Ctrl-C stops a silent coprocess.
            term.send(if kind == "-c" { "$WRAP stop\r" } else { "\x03" });
            term.wait_until("its last output to be typed", |_| dir.path("typed").exists());
            term.wait_until("its end", |_| dir.path("terms").exists() && !dir.read("terms").is_empty());
            assert_eq!(show(&dir.read("terms")), "1", "{kind} {command}");
            term.wait_until("only the shell to be left", |term| proc::children(term.pid()).len() == 1);
        }
    }
}

#[test]
fn stopped_program_that_ignores_sigterm_is_killed_whether_shell_is_its_parent() {
    let stubborn = "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n\
        open('there', 'w').write(str(os.getpid()))\ntime.sleep(1000)\n";
    for command in ["exec python3 stubborn.py", "python3 stubborn.py", "python3 stubborn.py >/dev/null 2>&1; true"] {
        let dir = TestDir::new();
        dir.write_file("stubborn.py", stubborn);
        let mut term = coshell(&["-q", "-c", command, "--", "sh"]).cwd(dir.root()).start();
        term.wait_until("the program", |_| dir.path("there").exists() && !dir.read("there").is_empty());
        let pid = Pid::from_raw(String::from_utf8(dir.read("there")).unwrap().parse().unwrap());
        term.send("$WRAP stop\r");
        term.wait_until("its end", |_| !proc::is_alive(pid));
        term.wait_until("only the shell to be left", |term| proc::children(term.pid()).len() == 1);
    }
}

#[test]
fn descendant_holding_pipes_does_not_prolong_coproc() {
    let dir = TestDir::new();
    let out = dir.path_str("out");
    let first = "(trap '' TERM HUP; exec sleep 1000) & echo first";
    let second = format!("echo second > {out}");
    let mut term = shell(&["-q", "-t", "go-one", "-c", first, "-t", "go-two", "-c", &second]).start();
    term.wait(PROMPT);
    term.send("echo go'-'one\r");
    term.wait("go-one\r\n");
    term.wait("first");
    // The coprocess ends when its process does, after which another one may start.
    term.wait_for("the second to start", |term| {
        (!dir.read("out").is_empty()).then_some(()).or_else(|| {
            term.send_some(b"echo go'-'two\r");
            None
        })
    });
    term.send("\rexit\r");
    term.wait_end();
    wait_no_processes(&mut term);
}

#[test]
fn hundred_coprocs_leave_no_zombie_and_no_orphan() {
    // Twenty triggers take turns, since a single one that fires so often is disabled as a loop.
    let patterns: Vec<_> = (0..20).map(|n| format!(r"go-(\d+) by {n} ")).collect();
    let triggers = patterns.iter().flat_map(|pattern| ["-t", pattern, "-c", "echo $1 > last"]);
    let mut term = shell(&["-q", "--indicator", "none"].into_iter().chain(triggers).collect::<Vec<_>>()).start();
    term.wait(PROMPT);
    for n in 1..=100 {
        let word = n.to_string();
        // The trigger does not fire while the previous coprocess runs, so the line is typed again.
        term.wait_for("the next one", |term| {
            let last = term.read_home("last").unwrap_or_default();
            (String::from_utf8_lossy(&last).trim() == word).then_some(()).or_else(|| {
                if term.output().ends_with(PROMPT.as_bytes()) {
                    term.send_some(format!("echo go'-{n}' by {} .\r", n % 20).as_bytes());
                }
                None
            })
        });
        term.wait_until("a prompt", |term| term.output().ends_with(PROMPT.as_bytes()));
    }
    term.wait_until("only the shell to be left", |term| proc::children(term.pid()).len() == 1);
    term.send("\x04");
    term.wait_end();
    wait_no_processes(&mut term);
}

/// Kills coshell with SIGKILL beside a running coprocess and waits until no process is left.
fn assert_killed_coshell_leaves_nothing(command: &str) {
    let mut term = wrapped(&["-q", "-c", command], "echo up; exec sleep 1000").start();
    term.wait("up");
    term.wait_until("the coprocess", |term| term.read_home("there").is_some());
    kill(term.pid(), Signal::SIGKILL).unwrap();
    assert_eq!(term.wait_end(), Ended::Signal(libc::SIGKILL));
    wait_no_processes(&mut term);
}

#[test]
fn killed_coshell_leaves_no_coproc() {
    assert_killed_coshell_leaves_nothing("echo > there; exec cat > /dev/null");
    assert_killed_coshell_leaves_nothing("echo > there; exec sleep 1000");
}

#[test]
fn killed_coshell_leaves_no_coproc_ignoring_term_and_hup() {
    assert_killed_coshell_leaves_nothing("trap '' TERM HUP; sleep 1000 & echo > there; wait");
}

#[test]
fn terminated_coshell_leaves_no_coproc() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let mut term =
            wrapped(&["-q", "-c", "trap '' TERM HUP; sleep 1000 & echo > there; wait"], "echo up; exec sleep 1000")
                .start();
        term.wait("up");
        term.wait_until("the coprocess", |term| term.read_home("there").is_some());
        term.signal(signal);
        assert_eq!(term.wait_end(), Ended::Code(128 + signal as i32));
        wait_no_processes(&mut term);
    }
}

#[test]
fn coproc_start_failure_shows_notice_and_session_goes_on() {
    let mut term = shell(&["-c", "no-such-command-xyz"]).start();
    term.wait("127");
    term.send("echo still'-'here\r");
    term.wait("still-here\r\n");
}

#[test]
fn coproc_ignoring_sigterm_leaves_terminal_modes_restored() {
    let command = "trap '' TERM; : > over; while :; do sleep 0.1; done";
    let mut term = wrapped(&["-q", "-c", command], UNTIL_OVER).start();
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert_eq!(term.modes(), fresh_modes());
}
