//! Captured lines for editors, read by the real vim.

use std::process::Command;

use serde_json::json;

use crate::support::programs::{BASH_MARKS, bash_with};
use crate::support::{PROMPT, Session, TestDir, direct, needs};

/// What compilers print, with the place that vim finds in it: file, line, column, type.
const PRINTED: [(&str, &str); 5] = [
    ("src/a.c:12:5: error: no such thing", "src/a.c 12 5"),
    ("src/b.ts(3,7): error TS2304: no name", "src/b.ts 3 7"),
    ("  --> src/main.rs:7:9", "src/main.rs 7 9"),
    ("  File \"/a/c.py\", line 4, in f", "/a/c.py 4 0"),
    ("odd [d.x @ 9] error", "d.x 9 0"),
];

/// Starts a session in which these lines have been captured.
fn captured() -> Session {
    let odd = r"^odd \[(?<file>\S+) @ (?<line>\d+)\] (?<message>.*)$";
    let mut session =
        Session::bash(&["-q", "-t", odd, "--capture", "--stop", "-t", r"error:? |-->|^  File", "--capture"]);
    let mut file = String::new();
    PRINTED.iter().for_each(|(line, _)| file.push_str(&format!("{line}\n")));
    let path = session.dir.write_file("printed", file);
    session.term.send(format!("cat {path}; echo do''ne\r"));
    session.term.wait("done");
    session.term.wait(PROMPT);
    let all = session.request("captured", json!({}));
    assert_eq!(all["captured"].as_array().map(Vec::len), Some(PRINTED.len()), "{all}");
    session
}

/// Returns file, line and column of each item that vim has a place for, as `script` fills its quickfix list.
fn places_in_vim(dir: &TestDir, args: &[&str]) -> Vec<String> {
    needs("vim");
    let write = "call writefile(map(filter(getqflist(), 'v:val.valid'), \
                 'bufname(v:val.bufnr).\" \".v:val.lnum.\" \".v:val.col'), 'places')";
    let status = Command::new("vim")
        .args(["-u", "NONE", "-i", "NONE", "-n", "-N", "-es"])
        .args(args)
        .args(["-c", write, "-c", "qa!"])
        .current_dir(dir.root())
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .status();
    assert!(status.is_ok(), "vim runs");
    String::from_utf8_lossy(&dir.read("places")).lines().map(str::to_owned).collect()
}

#[test]
fn quickfix_form_is_read_by_vim() {
    let mut session = captured();
    let text = session.call(&["captured", "--format", "quickfix"]).success();
    session.dir.write_file("errors", text);
    let expected: Vec<&str> = PRINTED.iter().map(|(_, place)| *place).collect();
    assert_eq!(places_in_vim(&session.dir, &["-q", "errors"]), expected);
}

#[test]
fn json_form_is_taken_by_setqflist() {
    let mut session = captured();
    let text = session.call(&["captured", "--format", "json"]).success();
    session.dir.write_file("errors", text);
    let expected: Vec<&str> = PRINTED.iter().map(|(_, place)| *place).collect();
    let fill = "call setqflist(json_decode(readfile('errors')[0]))";
    assert_eq!(places_in_vim(&session.dir, &["-c", fill]), expected);
}

#[test]
fn lines_of_one_command_are_listed() {
    let files = TestDir::new();
    let mut session = Session::start(bash_with(&files, &["-q", "-t", "error", "--capture"], BASH_MARKS));
    session.term.wait("\x1b]133;B");
    session.call(&["await", "--prompt"]).success();
    for n in 1..4 {
        let line = format!("echo a.c:{n}: err''or; echo b.c:{n}: err''or");
        session.call(&["exec", "--", &line]).success();
    }
    for (command, expected) in [("--command", 3), ("--command=1", 3), ("--command=2", 2), ("--command=3", 1)] {
        let text = session.call(&["captured", "--format", "quickfix", command]).success();
        assert_eq!(text, format!("a.c:{expected}: error\nb.c:{expected}: error\n"), "{command}");
    }
    session.call(&["captured", "--command=4"]).failed(1, "the history has fewer than 4 commands");
    Session::bash(&["-q"]).call(&["captured", "--command"]).failed(1, "the shell does not mark its commands");
}

/// The recipe of the README: the tests are run in the session, and their first failure is opened in another terminal.
#[test]
fn first_failure_of_command_is_opened_in_vim() {
    needs("vim");
    let files = TestDir::new();
    let mut session = Session::start(bash_with(&files, &["-q", "-t", "panicked at", "--capture"], BASH_MARKS));
    session.term.wait("\x1b]133;B");
    session.call(&["await", "--prompt"]).success();
    files.write_file("a.rs", "fn a() {\n    one();\n    two();\n}\n");
    session.call(&["exec", "--", "echo panicked at b.rs:1:1:"]).success();
    let run = "\"$WRAP\" exec -- 'echo \"thread 'main' panicked at a.rs:3:5:\"; false' || \
               vim -u NONE -i NONE -N -q <(\"$WRAP\" captured --command --format quickfix)";
    let launch = direct(&["bash", "-c", run]).cwd(files.root()).env("COSHELL_SOCKET", session.socket());
    let mut term = launch.start();
    term.wait_until("vim on the line", |term| {
        term.rows()[0] == "fn a() {" && term.screen().cursor_position() == (2, 4)
    });
    term.send(":qa!\r");
    term.wait_end();
}

#[test]
fn unknown_form_is_a_usage_error() {
    let mut session = Session::bash(&["-q"]);
    session.call(&["captured", "--format", "no"]).failed(2, "--format");
}
