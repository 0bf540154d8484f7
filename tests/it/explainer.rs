//! The error explainer (`examples/ts-error-explainer`) without a session: errors found in real output of tsc, rustc
//! and pytest, and the requests and notes made from them. `explainer_session` runs it in a session.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::support::tools::{PYTEST, TSC, fetched};
use crate::support::{TestDir, contains, coshell, direct, proc};

pub const EXPLAINER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ts-error-explainer");
pub const RUSTC_PYTEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/explain-rustc-pytest");

/// Writes two TypeScript files with three errors, one of which has a message of several lines.
pub fn write_typescript(dir: &TestDir) {
    std::fs::create_dir(dir.path("src")).expect("a directory");
    dir.write_file("src/one.ts", "export const count: number = \"three\";\n");
    let two = "const wrong: (a: { x: number }) => { x: string } = (a) => a;\nlet text: string;\ntext = 1;\n";
    dir.write_file("src/two.ts", two);
}

/// Returns the output of `argv` on a terminal in `dir`.
fn terminal_output(dir: &TestDir, argv: &[&str]) -> Vec<u8> {
    // rustup keeps its compilers in the real home.
    let home = std::env::var("HOME").expect("a home");
    let mut term = direct(argv).cwd(dir.root()).env("HOME", home).size(24, 200, 0, 0).start();
    term.wait_end();
    term.output().to_vec()
}

/// Returns the errors that the explainer finds in `printed`.
fn parse_errors(printed: &[u8], options: &[&str]) -> Vec<Value> {
    let mut child = Command::new(EXPLAINER);
    let mut child = child.arg("--parse").args(options).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(printed).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns file, line and code of each error.
fn locations(errors: &[Value]) -> Vec<String> {
    let text = |error: &Value, key: &str| error[key].as_str().unwrap_or_default().to_owned();
    let location = |error: &Value| format!("{}:{} {}", text(error, "file"), text(error, "line"), text(error, "code"));
    errors.iter().map(location).collect()
}

/// Returns the pattern `name` of the example for rustc and pytest.
fn pattern(name: &str) -> String {
    let script = std::fs::read_to_string(RUSTC_PYTEST).expect("the example");
    let start = format!("{name}='");
    let line = script.lines().find_map(|line| line.strip_prefix(&start)?.strip_suffix('\''));
    line.expect("the pattern").to_owned()
}

#[test]
fn tsc_errors_are_found_in_pretty_and_plain_form() {
    let Some(tsc) = fetched(TSC) else { return };
    let dir = TestDir::new();
    write_typescript(&dir);
    let mut texts = Vec::new();
    for form in ["true", "false"] {
        let tsc = tsc.to_string_lossy();
        let shown = terminal_output(&dir, &[&tsc, "--noEmit", "--pretty", form, "src/one.ts", "src/two.ts"]);
        assert_eq!(shown.contains(&0x1b), form == "true", "colours");
        let errors = parse_errors(&shown, &[]);
        assert_eq!(locations(&errors), ["src/one.ts:1 TS2322", "src/two.ts:1 TS2322", "src/two.ts:3 TS2322"]);
        assert!(errors[1]["message"].as_str().unwrap().contains("incompatible"), "{}", errors[1]);
        texts.push(errors.iter().map(|error| error["message"].clone()).collect::<Vec<_>>());
    }
    assert_eq!(texts[0], texts[1]);
}

#[test]
fn file_names_with_blanks_and_brackets_are_parsed() {
    let errors = parse_errors(b"a (b)/c d.ts(12,3): error TS1: x\na (b)/c d.ts:13:3 - error TS2: y\n", &[]);
    assert_eq!(locations(&errors), ["a (b)/c d.ts:12 TS1", "a (b)/c d.ts:13 TS2"]);
}

/// `tsc --watch` prints its errors again: the note belongs to the occurrence on the screen.
#[test]
fn error_printed_twice_is_located_at_last_occurrence() {
    let errors = parse_errors(b"a.ts(1,1): error TS1: x\nb.ts(1,1): error TS1: y\na.ts(1,1): error TS1: x\n", &[]);
    assert_eq!(errors.iter().map(|error| error["number"].as_u64()).collect::<Vec<_>>(), [Some(2), Some(3)]);
}

#[test]
fn rustc_and_pytest_errors_are_found_by_pattern() {
    let dir = TestDir::new();
    dir.write_file("main.rs", "fn main() {\n    let a: i32 = \"one\";\n    b;\n}\n");
    let errors = parse_errors(
        &terminal_output(&dir, &["rustc", "--color=always", "main.rs"]),
        &["--pattern", &pattern("rustc")],
    );
    let mut found = locations(&errors);
    found.sort();
    assert_eq!(found, ["main.rs:2 E0308", "main.rs:3 E0425"]);
    assert!(errors[0]["printed"].as_array().unwrap().len() > 4, "{}", errors[0]);
    let Some(pytest) = fetched(PYTEST) else { return };
    let tests = "def test_one():\n    assert [1] == [2]\n\ndef test_two():\n    fail = int('x')\n";
    dir.write_file("test_sums.py", tests);
    let shown = terminal_output(&dir, &[&pytest.to_string_lossy(), "--color=yes", "-p", "no:cacheprovider"]);
    let errors = parse_errors(&shown, &["--pattern", &pattern("pytest")]);
    assert_eq!(locations(&errors), ["test_sums.py:2 AssertionError", "test_sums.py:5 ValueError"]);
}

/// Runs the explainer with a script in place of coshell: `lines` is the output of the last command, and the notes go
/// to a file.
fn run_explainer(dir: &TestDir, lines: &[&str], explain: &str, options: &[&str]) -> Output {
    let objects: Vec<Value> = (7..).zip(lines).map(|(number, text)| json!({"number": number, "text": text})).collect();
    dir.write_file("lines.json", json!({"lines": objects}).to_string());
    let stub = "#!/bin/sh\ncase $1 in lines) cat lines.json ;; annotate) echo \"$2: $3\" >> notes ;; esac\n";
    let stub = dir.write_program("coshell", stub);
    let mut child = Command::new(EXPLAINER);
    let child = child.args(options).current_dir(dir.root()).env("COSHELL", stub).env("COSHELL_EXPLAIN", explain);
    let child = child.env("PYTHONPATH", dir.root());
    child.stdin(Stdio::piped()).output().unwrap()
}

/// Returns the notes made.
fn notes(dir: &TestDir) -> String {
    String::from_utf8(dir.read("notes")).unwrap()
}

const LINES: [&str; 4] =
    ["a.ts(2,1): error TS1: one", "  and more", "b.ts(1,1): error TS2: two", "c.ts(1,1): error TS3: three"];

#[test]
fn each_error_is_explained_with_its_source() {
    let dir = TestDir::new();
    dir.write_file("a.ts", "first\nsecond\n");
    let output = run_explainer(&dir, &LINES, "tee -a asked | head -1", &[]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    assert_eq!(
        notes(&dir),
        "7: a.ts(2,1): error TS1: one\n9: b.ts(1,1): error TS2: two\n10: c.ts(1,1): error TS3: three\n"
    );
    let first = "a.ts(2,1): error TS1: one\n  and more\n\na.ts:\n      1 | first\n>     2 | second\nb.ts";
    assert!(String::from_utf8(dir.read("asked")).unwrap().starts_with(first));
    let progress = String::from_utf8(output.stderr).unwrap();
    assert!(progress.contains("2 of 3: b.ts:1"), "{progress}");
}

#[test]
fn failed_explanation_does_not_stop_the_others() {
    let dir = TestDir::new();
    let explain =
        "read -r line; case $line in *TS1*) echo no key >&2; exit 3 ;; *TS2*) sleep 1000 & wait ;; esac; echo yes";
    // Long enough for the other explanations on a loaded machine.
    let output = run_explainer(&dir, &LINES, explain, &["--timeout", "6"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(notes(&dir), "10: yes\n");
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("a.ts:2: status 3: no key") && complaint.contains("b.ts:1: no answer within 6 s"));
}

#[test]
fn explanations_are_limited_by_max() {
    let dir = TestDir::new();
    let output = run_explainer(&dir, &LINES, "echo yes", &["--max", "2"]);
    assert_eq!(notes(&dir), "7: yes\n9: yes\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 more"), "{output:?}");
    let output = run_explainer(&dir, &["nothing"], "echo yes", &[]);
    assert_eq!(output.status.code(), Some(1));
}

/// Stops the explainer at the start of its command, before it can know the command's pid.
#[test]
fn stopped_explainer_ends_command_that_is_starting() {
    let dir = TestDir::new();
    let stopped = "import os, signal, subprocess\n\
        class Stopped(subprocess.Popen):\n    \
            def __init__(self, argv, **options):\n        \
                super().__init__(argv, **options)\n        \
                if argv[-1] == 'sleep 1000':\n            \
                    open('pid', 'w').write(str(self.pid))\n            \
                    os.kill(os.getpid(), signal.SIGTERM)\n\
        subprocess.Popen = Stopped\n";
    dir.write_file("sitecustomize.py", stopped);
    let output = run_explainer(&dir, &LINES, "sleep 1000", &[]);
    assert_eq!(output.status.signal(), Some(15), "{output:?}");
    let pid = Pid::from_raw(String::from_utf8(dir.read("pid")).unwrap().parse().unwrap());
    let begun = Instant::now();
    while proc::is_alive(pid) {
        if begun.elapsed() > Duration::from_secs(30) {
            kill(pid, Signal::SIGKILL).unwrap();
            panic!("the command runs on");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A program can print an error about any path: only files of the project are sent to the command.
#[test]
fn files_outside_project_are_not_read() {
    let (dir, other) = (TestDir::new(), TestDir::new());
    let secret = other.write_file("key.ts", "secret\n");
    std::os::unix::fs::symlink(&secret, dir.path("link.ts")).unwrap();
    let name = other.root().file_name().unwrap().to_string_lossy().into_owned();
    let lines =
        [secret.as_str(), "link.ts", &format!("../{name}/key.ts")].map(|path| format!("{path}(1,1): error TS1: x"));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    run_explainer(&dir, &lines, "tee -a asked", &[]);
    let asked = String::from_utf8(dir.read("asked")).unwrap();
    assert!(asked.contains("link.ts(1,1)") && !asked.contains("secret"), "{asked}");
}

/// Fails with a notice that names the variable to set.
#[test]
fn missing_command_names_variable_to_set() {
    let dir = TestDir::new();
    let mut term = coshell(&["--indicator", "none", "-c", EXPLAINER, "--", "sh"]).cwd(dir.root()).start();
    term.wait("set COSHELL_EXPLAIN");
    assert!(!contains(term.output(), "Traceback"), "{}", term.text());
}

/// The second program leaves SIGTERM without effect until SIGKILL follows, as a machine without time for it would.
#[test]
fn stopped_explainer_ends_running_command() {
    for site in ["", "import signal\nsignal.signal = lambda *_: None\nsignal.pthread_sigmask(signal.SIG_BLOCK, [15])\n"]
    {
        let dir = TestDir::new();
        let stub = "#!/bin/sh\necho '{\"lines\":[{\"number\":1,\"text\":\"a.ts(1,1): error TS1: x\"}]}'\n";
        let stub = dir.write_program("coshell", stub);
        dir.write_file("sitecustomize.py", site);
        let explain = "echo $$ > pid; sleep 1000; true";
        let launch = coshell(&["-q", "-c", EXPLAINER, "--", "sh"]).cwd(dir.root()).env("PYTHONPATH", dir.root());
        let mut term = launch.env("COSHELL", stub).env("COSHELL_EXPLAIN", explain).start();
        term.wait_until("the command to run", |_| dir.read("pid").ends_with(b"\n"));
        let pid = Pid::from_raw(String::from_utf8(dir.read("pid")).unwrap().trim().parse().unwrap());
        term.send("$WRAP stop\r");
        term.wait_until("its end", |_| !proc::is_alive(pid));
    }
}
