//! Transfers by the real lrzsz: the far end in the shell, the near end as a silent coprocess.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::terminal::DEADLINE;
use crate::support::{PROMPT, Place, Terminal, bash, contains, needs, noise, proc, show};

const UP: &str = "rz waiting";
const DOWN: &str = r"\*\*B00000000000000";

/// The near and the far directory, with a file of noise in `from`.
fn places(from: &str, len: usize) -> Place {
    with_data(from, &noise(len, 77))
}

/// The same with more than can be sent before the test is over. Letters only: where a transfer breaks down, what is
/// still on its way is typed into a shell, and that must not be a command.
fn with_letters(from: &str) -> Place {
    let letters: Vec<u8> = noise(1_000_000, 77).into_iter().map(|byte| b'a' + byte % 26).collect();
    with_data(from, &letters.repeat(150))
}

fn with_data(from: &str, data: &[u8]) -> Place {
    needs("rz");
    needs("sz");
    let place = Place::new();
    for side in ["near", "far"] {
        std::fs::create_dir(place.path(side)).unwrap();
    }
    std::fs::write(place.path(from).join("data"), data).unwrap();
    place
}

/// A session in the far directory.
fn session(place: &Place, trigger: &str, command: &str) -> Terminal {
    let command = format!("cd {} && {command}", place.text("near"));
    // A title that is put back would stand in the middle of what the tests compare.
    let args = ["--indicator", "none", "--trigger", trigger, "--silent-coproc", &command];
    let mut term = bash(&args).cwd(place.path("far")).start();
    term.wait(PROMPT);
    term
}

/// The transfer is over, and there is a prompt with nothing behind it.
fn at_prompt(term: &mut Terminal) {
    term.wait_until("the end of the transfer", |term| transfers(term).is_empty());
    let row = |term: &Terminal| term.rows().swap_remove(term.screen().cursor_position().0.into());
    let is_prompt = |row: &str| row.trim_end_matches("^C").ends_with(PROMPT.trim_end());
    term.wait_until("the prompt", |term| is_prompt(&row(term)));
    term.settle();
    assert!(is_prompt(&row(term)), "behind the prompt: {}", show(term.seen()));
    term.forget();
}

/// The same as `usable` where the shell was interrupted: bash may see an interrupt that comes just before it waits for a
/// key with that key only. Here that is an empty line's.
fn usable_again(term: &mut Terminal) {
    at_prompt(term);
    term.send("\r");
    term.wait(PROMPT);
    usable(term);
}

/// The prompt is back, the shell usable, the screen clean.
fn usable(term: &mut Terminal) {
    at_prompt(term);
    term.send("echo us'able' $?\r");
    term.wait_match(r"usable \d+\r\n");
    term.wait(PROMPT);
    let screen = term.rows().join("\n");
    for rubbish in ["B0100000023be50", "B00000000000000", "**", "\u{18}", "B08", "B09"] {
        assert!(!screen.contains(rubbish), "{rubbish:?} is on the screen:\n{screen}\n{}", show(term.seen()));
    }
    term.send("exit\r");
    term.wait_end();
    term.wait_until("nothing to be left", |term| term.relatives().is_empty());
}

/// The pids of all ends of transfers.
fn transfers(term: &Terminal) -> Vec<Pid> {
    let ends = |pid: &Pid| ["rz", "sz", "lrz", "lsz"].iter().any(|name| program(*pid) == *name);
    term.relatives().into_iter().filter(ends).collect()
}

fn program(pid: Pid) -> String {
    let line = proc::command_line(pid);
    line.split(' ').next().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned()
}

fn wait_progress(term: &mut Terminal) {
    term.wait_until("the line of progress", |term| term.rows().iter().any(|row| row.contains(" MB")));
}

#[test]
fn three_megabytes_go_up() {
    let place = places("near", 3_000_000);
    let mut term = session(&place, UP, "sz -e data");
    term.send("rz -y\r");
    term.wait_until("the file there", |_| place.read("far/data").len() == 3_000_000);
    usable(&mut term);
    assert!(place.read("far/data") == place.read("near/data"));
}

#[test]
fn three_megabytes_come_down() {
    let place = places("far", 3_000_000);
    let mut term = session(&place, DOWN, "rz -y -E");
    term.send("sz -e data\r");
    term.wait_until("the file here", |_| place.read("near/data").len() == 3_000_000);
    usable(&mut term);
    assert!(place.read("far/data") == place.read("near/data"));
}

/// More than a pty holds: the session has read the beginning of it when the far shell has written all of it. The escape
/// sequence is the one that a shell's prompt begins with.
const BEHIND: &str = r"printf '\e[?2004hbe%s\n' hind; seq 20000; echo > ../go";

/// Sets up the program here to end, with this status, only once the far shell has printed `BEHIND`.
fn lingering(place: &Place, program: &str, status: u8) -> String {
    nix::unistd::mkfifo(&place.path("go"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    format!("{program}; read x < ../go; exit {status}")
}

/// What the far shell printed behind the transfer is there, whole and once; the session has typed nothing and says no
/// more than this notice.
fn shows_what_is_behind(term: &mut Terminal, place: &Place, notice: Option<&str>) {
    term.wait("\n20000\r\n");
    notice.into_iter().for_each(|notice| term.wait(notice));
    at_prompt(term);
    let seen = String::from_utf8_lossy(term.seen()).into_owned();
    let behind = seen.split("behind\r\n").nth(1).unwrap_or_else(|| panic!("{}", show(term.seen())));
    let numbers: Vec<u32> = behind.lines().map_while(|line| line.trim_end().parse().ok()).collect();
    let odd = behind.lines().nth(numbers.len());
    assert!(numbers == (1..=20_000).collect::<Vec<_>>(), "{} lines, then {odd:?}", numbers.len());
    assert!(!contains(term.seen(), "^C"), "{}", show(term.seen()));
    let notices: Vec<_> = term.rows().into_iter().filter(|row| row.contains("coshell: ")).collect();
    assert!(
        notices.len() == notice.iter().len() && notices.iter().zip(notice).all(|(row, notice)| row.contains(notice)),
        "{notices:?}"
    );
    usable(term);
    assert!(place.read("far/data") == place.read("near/data"));
}

#[test]
fn upload_shows_what_came_before_near_sz_exited() {
    let place = places("near", 100_000);
    let mut term = session(&place, UP, &lingering(&place, "sz -e data", 0));
    term.send(format!("rz -y; {BEHIND}\r"));
    shows_what_is_behind(&mut term, &place, None);
}

#[test]
fn download_shows_what_came_before_near_rz_exited() {
    let place = places("far", 100_000);
    let mut term = session(&place, DOWN, &lingering(&place, "rz -y -E", 0));
    term.send(format!("sz -e data; {BEHIND}\r"));
    shows_what_is_behind(&mut term, &place, None);
}

#[test]
fn failure_of_near_program_behind_the_end_is_all_that_is_said() {
    let place = places("near", 100_000);
    let mut term = session(&place, UP, &lingering(&place, "sz -e data", 3));
    term.send(format!("rz -y; {BEHIND}\r"));
    shows_what_is_behind(&mut term, &place, Some("failed: status 3"));
}

/// Several files are one session with one ZFIN of each side.
#[test]
fn upload_of_several_files_shows_what_came_before_near_sz_exited() {
    let place = places("near", 100_000);
    std::fs::write(place.path("near/first"), noise(50_000, 78)).unwrap();
    let mut term = session(&place, UP, &lingering(&place, "sz -e first data", 0));
    term.send(format!("rz -y; {BEHIND}\r"));
    shows_what_is_behind(&mut term, &place, None);
    assert!(place.read("far/first") == place.read("near/first"));
}

#[test]
fn two_transfers_in_one_session() {
    let place = places("far", 100_000);
    let mut term = session(&place, DOWN, "rz -y -E");
    for _ in 0..2 {
        term.send("sz -e data\r");
        term.wait_until("the file here", |_| place.read("near/data").len() == 100_000);
        term.wait_until("its end", |term| transfers(term).is_empty());
        term.wait(PROMPT);
        std::fs::remove_file(place.path("near/data")).unwrap();
    }
    usable(&mut term);
}

#[test]
fn ctrl_c_in_the_middle_of_an_upload_leaves_both_ends_usable() {
    let place = with_letters("near");
    let mut term = session(&place, UP, "sz -e data");
    term.send("rz -y\r");
    wait_progress(&mut term);
    term.send("\x03");
    usable_again(&mut term);
}

#[test]
fn ctrl_c_in_the_middle_of_a_download_leaves_both_ends_usable() {
    let place = with_letters("far");
    let mut term = session(&place, DOWN, "rz -y -E");
    term.send("sz -e data\r");
    wait_progress(&mut term);
    term.send("\x03");
    usable_again(&mut term);
}

/// A name that is wrong here. The far `rz` may leave without a cancel, and what comes next there is not its business.
#[test]
fn an_upload_of_no_file_leaves_alone_what_runs_behind_it() {
    let place = places("near", 0);
    let mut term = session(&place, UP, "exec sz -e nofile");
    for _ in 0..5 {
        term.send("rz; echo rc'='$?; sleep 1; echo sl'ept'\r");
        term.wait("rc=128\r\n");
        term.wait("slept\r\n");
        term.wait(PROMPT);
    }
    assert!(!contains(term.seen(), "^C"), "{}", show(term.seen()));
    assert!(term.rows().join("\n").contains("cannot open nofile"), "{}", show(term.seen()));
    usable(&mut term);
}

/// Ends the far end by a signal in the middle.
fn far_end_killed(mut term: Terminal, far: &str, start: &str) {
    term.send(start);
    wait_progress(&mut term);
    let pid = transfers(&term).into_iter().find(|&pid| program(pid).ends_with(far)).unwrap();
    kill(pid, Signal::SIGTERM).unwrap();
    usable_again(&mut term);
}

#[test]
fn a_far_receiver_that_is_terminated_leaves_both_ends_usable() {
    let place = with_letters("near");
    far_end_killed(session(&place, UP, "sz -e data"), "rz", "rz -y\r");
}

#[test]
fn a_far_sender_that_is_terminated_leaves_both_ends_usable() {
    let place = with_letters("far");
    far_end_killed(session(&place, DOWN, "rz -y -E"), "sz", "sz -e data\r");
}

/// It cannot say goodbye, and what was on its way to it is typed into the shell: the user has Ctrl-C for both.
#[test]
fn a_far_end_that_is_killed_is_left_by_ctrl_c() {
    let place = with_letters("near");
    let mut term = session(&place, UP, "sz -e data");
    term.send("rz -y\r");
    wait_progress(&mut term);
    let pid = transfers(&term).into_iter().find(|&pid| program(pid).ends_with("rz")).unwrap();
    kill(pid, Signal::SIGKILL).unwrap();
    let until = Instant::now() + DEADLINE;
    while !(transfers(&term).is_empty() && term.rows().iter().any(|row| row == PROMPT.trim_end())) {
        assert!(Instant::now() < until, "transfers: {:?}, no prompt: {}", transfers(&term), show(term.seen()));
        term.send("\x03");
        term.watch(Duration::from_millis(300));
    }
    usable_again(&mut term);
}
