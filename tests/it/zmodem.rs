//! ZMODEM transfers by the real lrzsz: the far end runs in the shell, the near end is a silent coprocess.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use regex::Regex;

use crate::support::terminal::DEADLINE;
use crate::support::{PROMPT, Terminal, TestDir, bash, contains, needs, noise, proc, show};

const UP: &str = "rz waiting";
const DOWN: &str = r"\*\*B00000000000000";

/// Creates the directories `near` and `far`, with `len` bytes of noise as `from/data`.
fn dirs_with_noise(from: &str, len: usize) -> TestDir {
    dirs_with_data(from, &noise(len, 77))
}

/// Does the same with more data than is sent before the test ends. Letters only: where a transfer breaks down, data
/// still on its way is typed into a shell and must not be a command.
fn dirs_with_letters(from: &str) -> TestDir {
    let letters: Vec<u8> = noise(1_000_000, 77).into_iter().map(|byte| b'a' + byte % 26).collect();
    dirs_with_data(from, &letters.repeat(150))
}

fn dirs_with_data(from: &str, data: &[u8]) -> TestDir {
    needs("rz");
    needs("sz");
    let dir = TestDir::new();
    for side in ["near", "far"] {
        std::fs::create_dir(dir.path(side)).unwrap();
    }
    std::fs::write(dir.path(from).join("data"), data).unwrap();
    dir
}

/// Starts a session in the directory `far`.
fn session(dir: &TestDir, trigger: &str, command: &str) -> Terminal {
    let command = format!("cd {} && {command}", dir.path_str("near"));
    // A restored title would stand in the middle of the output that the tests compare.
    let args = ["--indicator", "none", "--trigger", trigger, "--silent-coproc", &command];
    let mut term = bash(&args).cwd(dir.path("far")).start();
    term.wait(PROMPT);
    term
}

/// Waits for the end of the transfer and for a prompt without text behind it.
fn wait_prompt_after_transfer(term: &mut Terminal) {
    term.wait_until("the end of the transfer", |term| transfer_pids(term).is_empty());
    let row = |term: &Terminal| term.rows().swap_remove(term.screen().cursor_position().0.into());
    let is_prompt = |row: &str| row.trim_end_matches("^C").ends_with(PROMPT.trim_end());
    term.wait_until("the prompt", |term| is_prompt(&row(term)));
    term.wait_quiet();
    assert!(is_prompt(&row(term)), "behind the prompt: {}", show(term.output()));
    term.skip_unread();
}

/// Does the same as `assert_usable` after an interrupt: bash sees an interrupt just before it waits for a key only
/// with that key, which here is that of an empty line.
fn assert_usable_after_interrupt(term: &mut Terminal) {
    wait_prompt_after_transfer(term);
    term.send("\r");
    term.wait(PROMPT);
    assert_usable(term);
}

/// Fails unless the prompt returns, commands run, and no protocol bytes are on the screen.
fn assert_usable(term: &mut Terminal) {
    wait_prompt_after_transfer(term);
    term.send("echo us'able' $?\r");
    term.wait_match(r"usable \d+\r\n");
    term.wait(PROMPT);
    let screen = term.rows().join("\n");
    for rubbish in ["B0100000023be50", "B00000000000000", "**", "\u{18}", "B08", "B09"] {
        assert!(!screen.contains(rubbish), "{rubbish:?} is on the screen:\n{screen}\n{}", show(term.output()));
    }
    term.send("exit\r");
    term.wait_end();
    term.wait_until("nothing to be left", |term| term.descendants().is_empty());
}

/// Returns the pids of all running transfer programs.
fn transfer_pids(term: &Terminal) -> Vec<Pid> {
    let ends = |pid: &Pid| ["rz", "sz", "lrz", "lsz"].iter().any(|name| program_name(*pid) == *name);
    term.descendants().into_iter().filter(ends).collect()
}

fn program_name(pid: Pid) -> String {
    let line = proc::command_line(pid);
    line.split(' ').next().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned()
}

fn wait_progress(term: &mut Terminal) {
    term.wait_until("the line of progress", |term| term.rows().iter().any(|row| row.contains(" MB")));
}

#[test]
fn upload_of_three_megabytes_arrives_unchanged() {
    let dir = dirs_with_noise("near", 3_000_000);
    let mut term = session(&dir, UP, "sz -e data");
    term.send("rz -y\r");
    term.wait_until("the file there", |_| dir.read("far/data").len() == 3_000_000);
    assert_usable(&mut term);
    assert!(dir.read("far/data") == dir.read("near/data"));
}

#[test]
fn download_of_three_megabytes_arrives_unchanged() {
    let dir = dirs_with_noise("far", 3_000_000);
    let mut term = session(&dir, DOWN, "rz -y -E");
    term.send("sz -e data\r");
    term.wait_until("the file here", |_| dir.read("near/data").len() == 3_000_000);
    assert_usable(&mut term);
    assert!(dir.read("far/data") == dir.read("near/data"));
}

/// Command that prints more than a pty holds, so that the session has read its beginning before `go` is written. The
/// escape sequence is one with which prompts begin.
const BEHIND: &str = r"printf '\e[?2004hbe%s\n' hind; seq 20000; echo > ../go";

/// Returns a command that runs `program` and exits with `status` only after the far shell has printed `BEHIND`.
fn delayed_exit(dir: &TestDir, program: &str, status: u8) -> String {
    nix::unistd::mkfifo(&dir.path("go"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    format!("{program}; read x < ../go; exit {status}")
}

/// Fails unless the output behind the transfer is shown completely and once, no key was typed by coshell, and
/// `notice` is the only notice.
fn assert_output_behind(term: &mut Terminal, dir: &TestDir, notice: Option<&str>) {
    term.wait("\n20000\r\n");
    // The near program may exit, and the notice be drawn, while the last of the output is still in the pty.
    notice.into_iter().for_each(|notice| term.wait_until(notice, |term| contains(term.output(), notice)));
    wait_prompt_after_transfer(term);
    // Of one row, or with a line of the program's stderr below.
    let rows = r"\n\x1b\[1A\x1b\[1L[^\n]*\n|\n\n\x1b\[2A\x1b\[2L[^\n]*\n[^\n]*\n";
    let drawn = Regex::new(&format!(r"\r\x1b\[0?m({rows})(\x1b\[\d*C)?")).unwrap();
    let seen = String::from_utf8_lossy(term.output()).into_owned();
    let seen = drawn.replace_all(&seen, "");
    let behind = seen.split("behind\r\n").nth(1).unwrap_or_else(|| panic!("{}", show(term.output())));
    let numbers: Vec<u32> = behind.lines().map_while(|line| line.trim_end().parse().ok()).collect();
    let odd = behind.lines().nth(numbers.len());
    assert!(numbers == (1..=20_000).collect::<Vec<_>>(), "{} lines, then {odd:?}", numbers.len());
    assert!(!contains(term.output(), "^C"), "{}", show(term.output()));
    // A notice above the last of the output may have scrolled off the screen.
    let output = String::from_utf8_lossy(term.output()).into_owned();
    let notices: Vec<_> = output.split("coshell: ").skip(1).filter_map(|rest| rest.lines().next()).collect();
    assert!(
        notices.len() == notice.iter().len() && notices.iter().zip(notice).all(|(row, notice)| row.contains(notice)),
        "{notices:?}"
    );
    assert_usable(term);
    assert!(dir.read("far/data") == dir.read("near/data"));
}

#[test]
fn upload_shows_output_printed_before_near_sz_exits() {
    let dir = dirs_with_noise("near", 100_000);
    let mut term = session(&dir, UP, &delayed_exit(&dir, "sz -e data", 0));
    term.send(format!("rz -y; {BEHIND}\r"));
    assert_output_behind(&mut term, &dir, None);
}

#[test]
fn download_shows_output_printed_before_near_rz_exits() {
    let dir = dirs_with_noise("far", 100_000);
    let mut term = session(&dir, DOWN, &delayed_exit(&dir, "rz -y -E", 0));
    term.send(format!("sz -e data; {BEHIND}\r"));
    assert_output_behind(&mut term, &dir, None);
}

#[test]
fn near_program_failure_after_transfer_shows_one_notice() {
    let dir = dirs_with_noise("near", 100_000);
    let mut term = session(&dir, UP, &delayed_exit(&dir, "sz -e data", 3));
    term.send(format!("rz -y; {BEHIND}\r"));
    assert_output_behind(&mut term, &dir, Some("failed: status 3"));
}

/// Several files form one session with one ZFIN from each side.
#[test]
fn upload_of_several_files_shows_output_printed_before_near_sz_exits() {
    let dir = dirs_with_noise("near", 100_000);
    std::fs::write(dir.path("near/first"), noise(50_000, 78)).unwrap();
    let mut term = session(&dir, UP, &delayed_exit(&dir, "sz -e first data", 0));
    term.send(format!("rz -y; {BEHIND}\r"));
    assert_output_behind(&mut term, &dir, None);
    assert!(dir.read("far/first") == dir.read("near/first"));
}

#[test]
fn complaint_of_far_sender_behind_its_header_is_no_obstacle() {
    let dir = dirs_with_noise("far", 100_000);
    std::fs::create_dir(dir.path("far/sub")).unwrap();
    let mut term = session(&dir, DOWN, "rz -y -E");
    term.send("sz -e sub data missing\r");
    term.wait_until("the file here", |_| dir.read("near/data").len() == 100_000);
    assert_usable(&mut term);
    assert!(dir.read("far/data") == dir.read("near/data"));
}

#[test]
fn transfers_of_one_command_line_succeed() {
    let dir = dirs_with_noise("far", 100_000);
    for name in ["first", "second", "third"] {
        std::fs::write(dir.path(&format!("far/{name}")), noise(50_000, 79)).unwrap();
    }
    let mut term = session(&dir, DOWN, "rz -y -E");
    term.send("sz -e data; for f in first second third; do sz -e $f; done\r");
    for name in ["data", "first", "second", "third"] {
        term.wait_until(name, |_| dir.read(&format!("near/{name}")) == dir.read(&format!("far/{name}")));
    }
    assert_usable(&mut term);
}

#[test]
fn two_transfers_in_one_session_succeed() {
    let dir = dirs_with_noise("far", 100_000);
    let mut term = session(&dir, DOWN, "rz -y -E");
    for _ in 0..2 {
        term.send("sz -e data\r");
        term.wait_until("the file here", |_| dir.read("near/data").len() == 100_000);
        term.wait_until("its end", |term| transfer_pids(term).is_empty());
        term.wait(PROMPT);
        std::fs::remove_file(dir.path("near/data")).unwrap();
    }
    assert_usable(&mut term);
}

#[test]
fn ctrl_c_during_upload_leaves_both_ends_usable() {
    let dir = dirs_with_letters("near");
    let mut term = session(&dir, UP, "sz -e data");
    term.send("rz -y\r");
    wait_progress(&mut term);
    term.send("\x03");
    assert_usable_after_interrupt(&mut term);
}

#[test]
fn ctrl_c_during_download_leaves_both_ends_usable() {
    let dir = dirs_with_letters("far");
    let mut term = session(&dir, DOWN, "rz -y -E");
    term.send("sz -e data\r");
    wait_progress(&mut term);
    term.send("\x03");
    assert_usable_after_interrupt(&mut term);
}

/// Sends a missing file. The far `rz` may exit without a cancel sequence, which must not reach the next command.
#[test]
fn upload_of_missing_file_does_not_interrupt_next_command() {
    let dir = dirs_with_noise("near", 0);
    let mut term = session(&dir, UP, "exec sz -e nofile");
    for _ in 0..5 {
        term.send("rz; echo rc'='$?; sleep 1; echo sl'ept'\r");
        term.wait("rc=128\r\n");
        term.wait("slept\r\n");
        term.wait(PROMPT);
    }
    assert!(!contains(term.output(), "^C"), "{}", show(term.output()));
    assert!(term.rows().join("\n").contains("cannot open nofile"), "{}", show(term.output()));
    assert_usable(&mut term);
}

/// Terminates the far end during a transfer, and fails unless both ends are usable.
fn assert_usable_after_far_end_ends(mut term: Terminal, far: &str, start: &str) {
    term.send(start);
    wait_progress(&mut term);
    let pid = transfer_pids(&term).into_iter().find(|&pid| program_name(pid).ends_with(far)).unwrap();
    kill(pid, Signal::SIGTERM).unwrap();
    assert_usable_after_interrupt(&mut term);
}

#[test]
fn terminated_far_receiver_leaves_both_ends_usable() {
    let dir = dirs_with_letters("near");
    assert_usable_after_far_end_ends(session(&dir, UP, "sz -e data"), "rz", "rz -y\r");
}

#[test]
fn terminated_far_sender_leaves_both_ends_usable() {
    let dir = dirs_with_letters("far");
    assert_usable_after_far_end_ends(session(&dir, DOWN, "rz -y -E"), "sz", "sz -e data\r");
}

/// The killed end sends no cancel, and its data is typed into the shell: Ctrl-C ends both.
#[test]
fn killed_far_end_is_left_by_ctrl_c() {
    let dir = dirs_with_letters("near");
    let mut term = session(&dir, UP, "sz -e data");
    term.send("rz -y\r");
    wait_progress(&mut term);
    let pid = transfer_pids(&term).into_iter().find(|&pid| program_name(pid).ends_with("rz")).unwrap();
    kill(pid, Signal::SIGKILL).unwrap();
    let until = Instant::now() + DEADLINE;
    while !(transfer_pids(&term).is_empty() && term.rows().iter().any(|row| row == PROMPT.trim_end())) {
        assert!(Instant::now() < until, "transfers: {:?}, no prompt: {}", transfer_pids(&term), show(term.output()));
        term.send("\x03");
        term.read_for(Duration::from_millis(300));
    }
    assert_usable_after_interrupt(&mut term);
}
