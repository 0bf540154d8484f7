//! Transfers by the example for trzsz, with the real `trz` and `tsz` at the far end, also inside a far tmux.

use std::path::Path;

use crate::support::tools::{PYTHON, fetched};
use crate::support::{PROMPT, Terminal, TestDir, bash, needs, noise};

const ANSWER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/trzsz");
const COSHELL: &str = env!("CARGO_BIN_EXE_coshell");

/// Waits for the prompt of the far shell: trz and tsz discard what is typed before they have ended.
fn wait_prompt(term: &mut Terminal) {
    let row = |term: &Terminal| term.rows().swap_remove(term.screen().cursor_position().0.into());
    term.wait_until("the far prompt", |term| row(term).trim_end() == "in>");
}

/// Moves a file each way and ends an offer at the question, in a shell that the command `far` starts.
fn assert_transfers(far: &str) {
    let Some(python) = fetched(PYTHON) else { return };
    let dir = TestDir::new();
    for side in ["near", "far"] {
        std::fs::create_dir(dir.path(side)).unwrap();
    }
    dir.write_file("far/down", noise(300_000, 81));
    dir.write_file("near/up it", noise(300_000, 82));
    let programs = [python.as_path(), Path::new(COSHELL)].map(|path| path.parent().expect("a directory").display());
    let path = format!("{}:{}:{}", programs[0], programs[1], std::env::var("PATH").unwrap_or_default());
    let answer = format!("cd {} && exec {ANSWER}", dir.path_str("near"));
    let options = ["--indicator", "none", "-t", r"::TRZSZ:TRANSFER:[SRD]:\S+", "-s", &answer];
    let mut term = bash(&options).cwd(dir.path("far")).env("PATH", path).start();
    term.wait(PROMPT);
    term.send(format!("PS1='in> ' exec {far}\r"));
    wait_prompt(&mut term);

    term.send("tsz down\r");
    term.wait_until("the file here", |_| dir.read("near/down") == dir.read("far/down"));
    let says = |what| move |term: &Terminal| term.rows().iter().any(|row| row.contains(what));
    term.wait_until("the end of the first", says("- down"));
    wait_prompt(&mut term);

    term.send("clear; trz\r");
    term.wait_until("the question", says("Esc sends none"));
    term.send("up\\ it\r");
    term.wait_until("the file there", |_| dir.read("far/up it") == dir.read("near/up it"));
    term.wait_until("the end of the second", says("- up it"));
    wait_prompt(&mut term);

    term.send("clear; trz\r");
    term.wait_until("the question", says("Esc sends none"));
    term.send("\x1b");
    term.wait_until("the end of the third", says("Cancelled"));
    wait_prompt(&mut term);
    term.send("clear; echo us'able'\r");
    term.wait_until("an answer of the far shell", says("usable"));
    wait_prompt(&mut term);
    term.send("exit\r");
    term.wait_end();
}

#[test]
fn trz_and_tsz_are_answered() {
    assert_transfers("bash --norc --noprofile");
}

#[test]
fn trz_and_tsz_in_far_tmux_are_answered() {
    needs("tmux");
    assert_transfers("tmux -u -f /dev/null -S ../socket new-session 'bash --norc --noprofile'");
}
