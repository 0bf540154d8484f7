//! `coshell suggest`: triggers from recordings of real sessions. Each proposal is accepted by `coshell check`, and fires in
//! `coshell replay` as often as it says.

use std::fs::File;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{COSHELL, Ended, PROMPT, Terminal, TestDir, bash, coshell, direct, needs};

/// Time for which a user reads a prompt: the output pauses.
const READING: Duration = Duration::from_millis(150);

/// A program that asks, reports and sums up.
const DEPLOY: &str = "for i in 1 2; do
    printf 'Remove %s files? [y/N] ' \"$i\"; read answer
    echo \"error[E038$i]: borrow of moved value\"
    echo \"  --> src/main.rs:1$i:3\"
    echo \"test result: FAILED. 3 passed; $i failed; finished in 0.0${i}s\"
done
stty -echo; printf 'Password: '; read password; stty echo; echo
echo \"error[E0999]: $password is wrong\"
echo 'error: token ghp_aB3dE5gH7jK9mN1pQ3sT5vW7xY9zA1cD3fG5'
";

fn run(args: &[&str], stdin: Stdio) -> Output {
    Command::new(COSHELL).args(args).env("XDG_CONFIG_HOME", "/nonexistent").stdin(stdin).output().unwrap()
}

fn suggest(args: &[&str]) -> Output {
    run(&[&["suggest"], args].concat(), Stdio::null())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Returns the JSON objects that a command prints.
fn objects(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns the proposals for the recordings that `args` name, as kind and pattern or event, after a check that `coshell check`
/// accepts them and that each fires in a replay as often, and first on the line, as it says.
#[track_caller]
fn checked_proposals(dir: &TestDir, args: &[&str]) -> Vec<(String, String)> {
    let output = suggest(args);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let file = dir.write_file("proposed.toml", &output.stdout);
    let check = run(&["check", "-f", &file], Stdio::null());
    assert_eq!(check.status.code(), Some(0), "{}\n{}", text(&check.stderr), text(&output.stdout));
    let as_json = suggest(&[&["--json"], args].concat());
    let mut proposals = objects(&as_json);
    let summary = proposals.pop().unwrap();
    assert_eq!((&summary["type"], &summary["proposals"]), (&"summary".into(), &proposals.len().into()));
    let replay = run(&[&["replay", "--json", "-f", &file], args].concat(), Stdio::null());
    let fired: Vec<Value> = objects(&replay).into_iter().filter(|object| object["type"] == "fired").collect();
    for (number, proposal) in (1..).zip(&proposals) {
        let of_it: Vec<&Value> = fired.iter().filter(|object| object["trigger"] == number).collect();
        assert_eq!(proposal["fired"], of_it.len(), "{proposal}\n{of_it:#?}");
        assert_eq!(proposal["places"][0]["line"], of_it[0]["line"], "{proposal}");
        assert_eq!(proposal["places"][0]["time"], of_it[0]["time"], "{proposal}");
    }
    let opener =
        |proposal: &Value| proposal["regex"].as_str().or_else(|| proposal["event"].as_str()).unwrap().to_owned();
    proposals.iter().map(|proposal| (proposal["kind"].as_str().unwrap().to_owned(), opener(proposal))).collect()
}

/// Answers a prompt after a time for reading it.
fn answer(term: &mut Terminal, prompt: &str, keys: &str) {
    term.wait(prompt);
    term.read_for(READING);
    term.send(keys);
}

/// Answers the prompts of `DEPLOY`.
fn deploy(term: &mut Terminal) {
    answer(term, "Remove 1 files? [y/N] ", "y\r");
    answer(term, "Remove 2 files? [y/N] ", "y\r");
    answer(term, "Password: ", "hunter2\r");
    term.wait("cD3fG5");
}

/// The proposals for a session with `DEPLOY`.
const DEPLOYED: [(&str, &str); 4] = [
    ("question", r"^Remove \d+ files\? \[y/N\] $"),
    ("summary", r"^test result: FAILED\. \d+ passed; \d+ failed; finished in [\d.,]+s$"),
    ("error", r"^error\[E\d+\]: "),
    ("place", r"([\w./@+~-]+\.rs:\d+)(?::\d+)?"),
];

/// Checks that the proposals for `args` are those of `DEPLOY`, in any order, and that none tells what was typed without echo or
/// a token.
#[track_caller]
fn assert_deployed(dir: &TestDir, args: &[&str]) {
    let mut found = checked_proposals(dir, args);
    let mut want = DEPLOYED.map(|(kind, pattern)| (kind.to_owned(), pattern.to_owned()));
    found.sort();
    want.sort();
    assert_eq!(found, want);
    let output = suggest(args);
    for secret in ["hunter2", "ghp_", "Password"] {
        assert!(!text(&output.stdout).contains(secret), "{}", text(&output.stdout));
    }
    assert!(text(&output.stdout).contains("send = 'y\\r'\nconfirm = true\n"), "{}", text(&output.stdout));
}

#[test]
fn session_of_bash_gives_proposals() {
    let dir = TestDir::new();
    let (script, file) = (dir.write_file("deploy", DEPLOY), dir.path_str("bash.cast"));
    for options in [&["--record", &*file][..], &["--record", &file, "--record-input"]] {
        let mut term = bash(options).start();
        term.wait(PROMPT);
        for line in ["echo error: typed", "echo error: typed"] {
            term.send(format!("{line}\r"));
            term.wait("\rerror: typed");
            answer(&mut term, PROMPT, "");
        }
        term.send(format!("sh {script}\r"));
        deploy(&mut term);
        answer(&mut term, PROMPT, "exit\r");
        assert_eq!(term.wait_end(), Ended::Code(0));
        let found = checked_proposals(&dir, &[&file]);
        // The command lines are none of the lines.
        let typed = found.iter().find(|(_, pattern)| pattern == "^error: ").expect("echo has printed two lines");
        assert_eq!(typed.0, "error");
        assert!(DEPLOYED.iter().all(|(_, pattern)| found.iter().any(|(_, known)| known == pattern)), "{found:?}");
        std::fs::remove_file(&file).unwrap();
    }
}

#[test]
fn session_of_zsh_gives_proposals() {
    needs("zsh");
    let dir = TestDir::new();
    dir.write_file(".zshrc", "eval \"$(\"$WRAP\" integration zsh)\"");
    let (script, file) = (dir.write_file("deploy", DEPLOY), dir.path_str("zsh.cast"));
    let mut term = coshell(&["--record", &file, "--", "zsh", "-d", "-i"]).env("ZDOTDIR", dir.root()).start();
    let prompt_end = "\x1b]133;B\x07";
    term.wait(prompt_end);
    term.send(": error: typed\r");
    term.wait(prompt_end);
    term.send(": error: typed\r");
    term.wait(prompt_end);
    term.send(format!("sh {script}\r"));
    deploy(&mut term);
    answer(&mut term, prompt_end, "exit\r");
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert_deployed(&dir, &[&file]);
}

#[test]
fn typescript_gives_proposals() {
    needs("script");
    let dir = TestDir::new();
    let script = format!("sh {}", dir.write_file("deploy", DEPLOY));
    let (log, timing, io) = (dir.path_str("out.log"), dir.path_str("out.timing"), dir.path_str("io.log"));
    let recorded = |options: &[&str]| {
        let mut term = direct(&[&["script", "-q", "-c", &script, "--log-timing", &timing], options].concat()).start();
        deploy(&mut term);
        assert_eq!(term.wait_end(), Ended::Code(0));
    };
    recorded(&["--log-out", &log]);
    assert_deployed(&dir, &["--timing", &timing, &log]);
    // With keys, of which those of the password are shown nowhere else.
    recorded(&["--log-io", &io]);
    assert!(text(&dir.read("io.log")).contains("hunter2"));
    let output = suggest(&["--timing", &timing, &io]);
    assert!(!text(&output.stdout).contains("hunter2") && text(&output.stdout).contains("Remove"));
    // Without times there are no pauses, and so no prompts.
    let kinds: Vec<String> = checked_proposals(&dir, &[&log]).into_iter().map(|(kind, _)| kind).collect();
    assert!(!kinds.contains(&"question".to_owned()) && kinds.contains(&"summary".to_owned()), "{kinds:?}");
}

#[test]
fn transfer_of_real_sz_gives_proposal() {
    needs("sz");
    let dir = TestDir::new();
    let (sent, file) = (dir.write_file("sent", "text"), dir.path_str("sz.cast"));
    let mut term = bash(&["--record", &file]).start();
    term.wait(PROMPT);
    term.send(format!("sz {sent}\r"));
    term.wait("B00000000000000");
    term.read_for(READING);
    term.send("\x18\x18\x18\x18\x18\x18\x18\x18");
    term.wait(PROMPT);
    term.send("exit 0\r");
    assert_eq!(term.wait_end(), Ended::Code(0));
    let found = checked_proposals(&dir, &[&file]);
    assert!(found.contains(&("transfer".to_owned(), r"\*\*B00000000000000".to_owned())), "{found:?}");
}

#[test]
fn standard_input_and_several_files_are_read() {
    let dir = TestDir::new();
    let (one, two) = (dir.write_file("one.log", "error: a\n3 passed\n"), dir.write_file("two.log", "error: b\n"));
    let both = checked_proposals(&dir, &[&one, &two]);
    assert_eq!(both.iter().map(|(kind, _)| &**kind).collect::<Vec<_>>(), ["error", "summary"]);
    let places = |objects: &[Value]| objects[0]["places"].clone();
    let place = |file: &str, line: u32| json!({"file": file, "line": line, "time": 0.0});
    let of_both = objects(&suggest(&["--json", &one, &two]));
    assert_eq!(places(&of_both), json!([place(&one, 1), place(&two, 1)]));
    // In the configuration the places stand in a comment, which a long path folds.
    let folded = text(&suggest(&[&one, &two]).stdout).replace("\n# ", " ");
    assert!(folded.contains(&format!("Fires 2 times: {one} line 1 (0.0 s), {two} line 1 (0.0 s).")), "{folded}");
    let piped = run(&["suggest", "--json", "-"], Stdio::from(File::open(&one).unwrap()));
    assert_eq!((piped.status.code(), places(&objects(&piped))), (Some(0), json!([place("standard input", 2)])));
}

#[test]
fn number_of_proposals_is_bounded() {
    let dir = TestDir::new();
    let lines: String = ('a'..='z').map(|name| format!("3 passed in {name}{name}\n")).collect();
    let file = dir.write_file("log", lines);
    let triggers = |args: &[&str]| text(&suggest(args).stdout).matches("[[trigger]]").count();
    assert_eq!((triggers(&[&file]), triggers(&["--max", "3", &file]), triggers(&["--max", "100", &file])), (20, 3, 26));
    assert!(text(&suggest(&["--max", "3", &file]).stdout).contains(": 3 of 26, the most useful first."));
    let summary = objects(&suggest(&["--json", "--max", "3", &file])).pop().unwrap();
    assert_eq!((&summary["proposals"], &summary["left_out"]), (&3.into(), &23.into()));
}

#[test]
fn exit_status_is_that_of_replay() {
    let dir = TestDir::new();
    let (file, quiet) = (dir.write_file("log", "3 passed\n"), dir.write_file("quiet", "nothing here\n"));
    let status = |args: &[&str]| suggest(args).status.code();
    assert_eq!(status(&[&file]), Some(0));
    let output = suggest(&[&quiet]);
    assert_eq!((output.status.code(), &*output.stdout), (Some(1), &b""[..]));
    assert!(text(&output.stderr).starts_with("coshell: nothing to propose: "));
    let output = suggest(&[&dir.path_str("missing"), &file]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stdout).contains("passed") && text(&output.stderr).matches("cannot be read").count() == 1);
    for refused in [&["--max", "0", &file][..], &["--timing", &file, &file, &file], &[]] {
        assert_eq!(status(refused), Some(2), "{refused:?}");
    }
    let cut = "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n[1,\"o\",\"3 passed\\r\\n\"]\n[1,\"o\",\"g";
    let output = suggest(&[&dir.write_file("cut.cast", cut)]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr).matches("ends within this line").count(), 1);
}
