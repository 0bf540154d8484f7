//! Captured lines for editors, read by the real vim.

use std::process::Command;

use serde_json::json;

use crate::support::{PROMPT, Session, TestDir, needs};

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
fn unknown_form_is_a_usage_error() {
    let mut session = Session::bash(&["-q"]);
    session.call(&["captured", "--format", "no"]).failed(2, "--format");
}
