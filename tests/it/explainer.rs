//! The explainer of errors (`examples/ts-error-explainer`) by itself: which errors it finds in what the real tsc, rustc and
//! pytest print, and what it asks and notes of them. `explaining` has it in a session.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::support::tools::{PYTEST, TSC, fetched};
use crate::support::{Place, contains, coshell, direct, proc};

pub const EXPLAINER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ts-error-explainer");
pub const RUSTC_PYTEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/explain-rustc-pytest");

/// Two files with three errors, one of which takes more than a line to say.
pub fn typescript(place: &Place) {
    std::fs::create_dir(place.path("src")).expect("a directory");
    place.file("src/one.ts", "export const count: number = \"three\";\n");
    let two = "const wrong: (a: { x: number }) => { x: string } = (a) => a;\nlet text: string;\ntext = 1;\n";
    place.file("src/two.ts", two);
}

/// What a program prints on a terminal in this directory.
fn printed(place: &Place, argv: &[&str]) -> Vec<u8> {
    // The home is where rustup keeps its compilers.
    let home = std::env::var("HOME").expect("a home");
    let mut term = direct(argv).cwd(place.dir()).env("HOME", home).size(24, 200, 0, 0).start();
    term.wait_end();
    term.seen().to_vec()
}

/// The errors that the explainer finds in what was printed.
fn parsed(printed: &[u8], options: &[&str]) -> Vec<Value> {
    let mut child = Command::new(EXPLAINER);
    let mut child = child.arg("--parse").args(options).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(printed).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Where each of them is, and its code.
fn places(errors: &[Value]) -> Vec<String> {
    let text = |error: &Value, key: &str| error[key].as_str().unwrap_or_default().to_owned();
    let place = |error: &Value| format!("{}:{} {}", text(error, "file"), text(error, "line"), text(error, "code"));
    errors.iter().map(place).collect()
}

/// The pattern of this name in the example for rustc and pytest.
fn pattern(name: &str) -> String {
    let script = std::fs::read_to_string(RUSTC_PYTEST).expect("the example");
    let start = format!("{name}='");
    let line = script.lines().find_map(|line| line.strip_prefix(&start)?.strip_suffix('\''));
    line.expect("the pattern").to_owned()
}

#[test]
fn the_errors_of_tsc_are_found_in_both_forms() {
    let Some(tsc) = fetched(TSC) else { return };
    let place = Place::new();
    typescript(&place);
    let mut texts = Vec::new();
    for form in ["true", "false"] {
        let tsc = tsc.to_string_lossy();
        let shown = printed(&place, &[&tsc, "--noEmit", "--pretty", form, "src/one.ts", "src/two.ts"]);
        assert_eq!(shown.contains(&0x1b), form == "true", "colours");
        let errors = parsed(&shown, &[]);
        assert_eq!(places(&errors), ["src/one.ts:1 TS2322", "src/two.ts:1 TS2322", "src/two.ts:3 TS2322"]);
        assert!(errors[1]["message"].as_str().unwrap().contains("incompatible"), "{}", errors[1]);
        texts.push(errors.iter().map(|error| error["message"].clone()).collect::<Vec<_>>());
    }
    assert_eq!(texts[0], texts[1]);
}

#[test]
fn names_with_blanks_and_brackets_are_names() {
    let errors = parsed(b"a (b)/c d.ts(12,3): error TS1: x\na (b)/c d.ts:13:3 - error TS2: y\n", &[]);
    assert_eq!(places(&errors), ["a (b)/c d.ts:12 TS1", "a (b)/c d.ts:13 TS2"]);
}

/// A watching tsc prints everything again: the note goes where it is seen.
#[test]
fn an_error_that_was_printed_twice_is_found_where_it_was_last() {
    let errors = parsed(b"a.ts(1,1): error TS1: x\nb.ts(1,1): error TS1: y\na.ts(1,1): error TS1: x\n", &[]);
    assert_eq!(errors.iter().map(|error| error["number"].as_u64()).collect::<Vec<_>>(), [Some(2), Some(3)]);
}

#[test]
fn other_programs_differ_by_the_pattern_only() {
    let place = Place::new();
    place.file("main.rs", "fn main() {\n    let a: i32 = \"one\";\n    b;\n}\n");
    let errors = parsed(&printed(&place, &["rustc", "--color=always", "main.rs"]), &["--pattern", &pattern("rustc")]);
    let mut found = places(&errors);
    found.sort();
    assert_eq!(found, ["main.rs:2 E0308", "main.rs:3 E0425"]);
    assert!(errors[0]["printed"].as_array().unwrap().len() > 4, "{}", errors[0]);
    let Some(pytest) = fetched(PYTEST) else { return };
    let tests = "def test_one():\n    assert [1] == [2]\n\ndef test_two():\n    fail = int('x')\n";
    place.file("test_sums.py", tests);
    let shown = printed(&place, &[&pytest.to_string_lossy(), "--color=yes", "-p", "no:cacheprovider"]);
    let errors = parsed(&shown, &["--pattern", &pattern("pytest")]);
    assert_eq!(places(&errors), ["test_sums.py:2 AssertionError", "test_sums.py:5 ValueError"]);
}

/// The explainer against a coshell that is a script: these lines are the last command's, and the notes go to a file.
fn explained(place: &Place, lines: &[&str], explain: &str, options: &[&str]) -> Output {
    let objects: Vec<Value> = (7..).zip(lines).map(|(number, text)| json!({"number": number, "text": text})).collect();
    place.file("lines.json", json!({"lines": objects}).to_string());
    let stub = "#!/bin/sh\ncase $1 in lines) cat lines.json ;; annotate) echo \"$2: $3\" >> notes ;; esac\n";
    let stub = place.program("coshell", stub);
    let mut child = Command::new(EXPLAINER);
    let child = child.args(options).current_dir(place.dir()).env("COSHELL", stub).env("COSHELL_EXPLAIN", explain);
    let child = child.env("PYTHONPATH", place.dir());
    child.stdin(Stdio::piped()).output().unwrap()
}

/// What was noted.
fn notes(place: &Place) -> String {
    String::from_utf8(place.read("notes")).unwrap()
}

const LINES: [&str; 4] =
    ["a.ts(2,1): error TS1: one", "  and more", "b.ts(1,1): error TS2: two", "c.ts(1,1): error TS3: three"];

#[test]
fn each_error_is_asked_about_with_its_source() {
    let place = Place::new();
    place.file("a.ts", "first\nsecond\n");
    let output = explained(&place, &LINES, "tee -a asked | head -1", &[]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    assert_eq!(
        notes(&place),
        "7: a.ts(2,1): error TS1: one\n9: b.ts(1,1): error TS2: two\n10: c.ts(1,1): error TS3: three\n"
    );
    let first = "a.ts(2,1): error TS1: one\n  and more\n\na.ts:\n      1 | first\n>     2 | second\nb.ts";
    assert!(String::from_utf8(place.read("asked")).unwrap().starts_with(first));
    let progress = String::from_utf8(output.stderr).unwrap();
    assert!(progress.contains("2 of 3: b.ts:1"), "{progress}");
}

#[test]
fn an_error_that_cannot_be_explained_stops_no_other() {
    let place = Place::new();
    let explain =
        "read -r line; case $line in *TS1*) echo no key >&2; exit 3 ;; *TS2*) sleep 1000 & wait ;; esac; echo yes";
    // As long as the others may take on a loaded machine.
    let output = explained(&place, &LINES, explain, &["--timeout", "6"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(notes(&place), "10: yes\n");
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("a.ts:2: status 3: no key") && complaint.contains("b.ts:1: no answer within 6 s"));
}

#[test]
fn it_explains_so_many_and_no_more() {
    let place = Place::new();
    let output = explained(&place, &LINES, "echo yes", &["--max", "2"]);
    assert_eq!(notes(&place), "7: yes\n9: yes\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 more"), "{output:?}");
    let output = explained(&place, &["nothing"], "echo yes", &[]);
    assert_eq!(output.status.code(), Some(1));
}

/// However early it is told to end, no command is left behind.
#[test]
fn one_that_is_stopped_while_its_command_starts_ends_it() {
    let place = Place::new();
    let stopped = "import os, signal, subprocess\n\
        class Stopped(subprocess.Popen):\n    \
            def __init__(self, argv, **options):\n        \
                super().__init__(argv, **options)\n        \
                if argv[0] == '/bin/sh':\n            \
                    open('pid', 'w').write(str(self.pid))\n            \
                    os.kill(os.getpid(), signal.SIGTERM)\n\
        subprocess.Popen = Stopped\n";
    place.file("sitecustomize.py", stopped);
    let output = explained(&place, &LINES, "sleep 1000", &[]);
    assert_eq!(output.status.code(), Some(128 + 15), "{output:?}");
    let pid = Pid::from_raw(String::from_utf8(place.read("pid")).unwrap().parse().unwrap());
    let lives = proc::lives(pid);
    if lives {
        killpg(pid, Signal::SIGKILL).unwrap();
    }
    assert!(!lives);
}

/// Anything can print an error about any file: only the project's go to the command.
#[test]
fn files_of_others_are_not_read() {
    let (place, other) = (Place::new(), Place::new());
    let secret = other.file("key.ts", "secret\n");
    std::os::unix::fs::symlink(&secret, place.path("link.ts")).unwrap();
    let name = other.dir().file_name().unwrap().to_string_lossy().into_owned();
    let lines =
        [secret.as_str(), "link.ts", &format!("../{name}/key.ts")].map(|path| format!("{path}(1,1): error TS1: x"));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    explained(&place, &lines, "tee -a asked", &[]);
    let asked = String::from_utf8(place.read("asked")).unwrap();
    assert!(asked.contains("link.ts(1,1)") && !asked.contains("secret"), "{asked}");
}

/// What fails is a notice, which says what to do.
#[test]
fn without_a_command_it_says_what_to_set() {
    let place = Place::new();
    let mut term = coshell(&["--indicator", "none", "-c", EXPLAINER, "--", "sh"]).cwd(place.dir()).start();
    term.wait("set COSHELL_EXPLAIN");
    assert!(!contains(term.seen(), "Traceback"), "{}", term.text());
}

#[test]
fn one_that_is_stopped_takes_its_command_with_it() {
    let place = Place::new();
    let stub = "#!/bin/sh\necho '{\"lines\":[{\"number\":1,\"text\":\"a.ts(1,1): error TS1: x\"}]}'\n";
    let stub = place.program("coshell", stub);
    let explain = "echo $$ > pid; sleep 1000; true";
    let launch = coshell(&["-q", "-c", EXPLAINER, "--", "sh"]).cwd(place.dir());
    let mut term = launch.env("COSHELL", stub).env("COSHELL_EXPLAIN", explain).start();
    term.wait_until("the command to run", |_| place.read("pid").ends_with(b"\n"));
    let pid = Pid::from_raw(String::from_utf8(place.read("pid")).unwrap().trim().parse().unwrap());
    term.send("$WRAP stop\r");
    term.wait_until("its end", |_| !proc::lives(pid));
}
