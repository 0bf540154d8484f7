//! Notices on the screen: they appear above the line being typed, which keeps its text and cursor.

use crate::support::{Launch, PROMPT, Terminal, TestDir, bash, contains, coshell, direct, needs};

/// Command of a coprocess that sleeps until a line arrives in the FIFO `go`, and fails then.
const FAILING_COPROC: &str = "mkfifo \"$HOME/go\"; read -r go < \"$HOME/go\"; echo the-reason >&2; exit 3";

fn options() -> [&'static str; 4] {
    ["--indicator", "none", "-c", FAILING_COPROC]
}

/// Visible state of a screen.
#[derive(Debug, PartialEq)]
pub struct ScreenState {
    pub rows: Vec<String>,
    pub cursor: (u16, u16),
}

pub fn screen_state(term: &Terminal) -> ScreenState {
    ScreenState { rows: term.rows(), cursor: term.screen().cursor_position() }
}

/// Waits until the screen shows `text` and the output has ended.
#[track_caller]
pub fn wait_screen(term: &mut Terminal, text: &str) -> ScreenState {
    term.wait_until(&format!("{text:?} on the screen"), |term| term.rows().iter().any(|row| row.contains(text)));
    term.wait_quiet();
    screen_state(term)
}

/// Lets the coprocess fail, and fails unless its notice appears above row `first` of the screen `before` and nothing
/// else changes. Returns the number of its rows.
#[track_caller]
fn assert_notice_above(term: &mut Terminal, first: usize, before: &ScreenState) -> usize {
    std::fs::write(term.home().join("go"), "").unwrap();
    let what = format!("the notice above row {first} of {before:#?}");
    term.wait_for(&what, |term| {
        let now = screen_state(term);
        let begins = now.rows.iter().position(|row| row.starts_with("coshell: coprocess"))?;
        let count = now.rows.iter().position(|row| row == "  the-reason")? + 1 - begins;
        (now == with_notice(before, first, &now.rows[begins..begins + count])).then_some(count)
    })
}

/// Returns the screen `before` with `notice` inserted above row `first`.
pub fn with_notice(before: &ScreenState, first: usize, notice: &[String]) -> ScreenState {
    let mut rows = before.rows.clone();
    let used = rows.iter().rposition(|row| !row.is_empty()).unwrap_or(0).max(usize::from(before.cursor.0)) + 1;
    rows.splice(first..first, notice.to_vec());
    let scrolled = (used + notice.len()).saturating_sub(before.rows.len());
    rows.drain(..scrolled);
    rows.truncate(before.rows.len());
    let row = usize::from(before.cursor.0) + notice.len() - scrolled;
    ScreenState { rows, cursor: (row as u16, before.cursor.1) }
}

/// Starts a shell, types `typed`, and fails unless the notice appears above the row with the prompt.
#[track_caller]
fn start_and_assert_notice(launch: Launch, prompt: &str, typed: &str, text: &str) -> Terminal {
    let mut term = launch.start();
    term.wait(prompt);
    wait_screen(&mut term, prompt.trim_end());
    term.send(typed);
    let before = wait_screen(&mut term, text);
    let first = before.rows.iter().rposition(|row| row.contains(prompt.trim_end())).expect("the prompt");
    assert_notice_above(&mut term, first, &before);
    term
}

#[test]
fn notice_appears_above_edited_bash_line() {
    let mut term = start_and_assert_notice(bash(&options()), PROMPT, "echo ab\x1b[D\x1b[D", "echo ab");
    term.send("x\r");
    term.wait_until("the output", |term| term.rows().contains(&"xab".to_owned()));
    let row = format!("{PROMPT}echo xab");
    assert!(term.rows().contains(&row), "{:#?}", term.rows());
}

#[test]
fn notice_appears_above_wrapped_line() {
    let line = "echo 'this line is longer than the terminal is wide, in fact it takes three rows of it'";
    for back in [0, 3, 30, 60] {
        let launch = bash(&options()).size(12, 40, 0, 0);
        let mut term =
            start_and_assert_notice(launch, PROMPT, &format!("{line}{}", "\x1b[D".repeat(back)), "rows of it'");
        term.send("\x05; echo 'do'ne\r");
        term.wait_until("the output", |term| term.rows().contains(&"done".to_owned()));
    }
}

#[test]
fn notice_appears_above_line_filling_its_rows() {
    let mut term = start_and_assert_notice(bash(&options()).size(12, 20, 0, 0), PROMPT, "echo 78901234", "78901234");
    term.send("5\r");
    term.wait_until("the output", |term| term.rows().contains(&"789012345".to_owned()));
}

#[test]
fn notice_at_bottom_scrolls_screen() {
    let mut term = bash(&options()).size(8, 40, 0, 0).start();
    term.wait(PROMPT);
    term.send("seq 20\r");
    wait_screen(&mut term, "20");
    term.send("echo ab\x1b[D");
    let before = wait_screen(&mut term, "echo ab");
    assert_notice_above(&mut term, 7, &before);
    term.send("x\r");
    term.wait_until("the output", |term| term.rows().contains(&"axb".to_owned()));
}

#[test]
fn notice_above_coloured_line_keeps_colours() {
    let prompt = "\\[\\e[1;32m\\]green\\[\\e[0m\\] \\[\\e[44m\\]blue\\[\\e[m\\]> ";
    let mut term = bash(&options()).env("PS1", prompt).start();
    term.wait("blue");
    wait_screen(&mut term, "green blue>");
    term.send("echo");
    let before = wait_screen(&mut term, "echo");
    let cells = |term: &Terminal, row: u16| -> Vec<_> {
        let screen = term.screen();
        (0..20).filter_map(|col| screen.cell(row, col).cloned()).collect()
    };
    let (row, line) = (before.cursor.0, cells(&term, before.cursor.0));
    let count = assert_notice_above(&mut term, row.into(), &before);
    assert_eq!(cells(&term, row + count as u16), line);
    assert!(cells(&term, row)[0].dim());
}

#[test]
fn output_after_notice_keeps_its_colour() {
    let script = "mkfifo over; printf '\\033[1;31mred'; read -r go < over; printf ' still'; read x";
    let mut term = coshell(&[&options()[..], &["--", "sh", "-c", script]].concat()).start();
    let before = wait_screen(&mut term, "red");
    let count = assert_notice_above(&mut term, 0, &before);
    std::fs::write(term.home().join("over"), "").unwrap();
    term.wait_until("the rest", |term| term.rows().contains(&"red still".to_owned()));
    let cell = term.screen().cell(count as u16, 5).cloned().expect("the cell is on the screen");
    assert!(cell.bold() && cell.fgcolor() == vt100::Color::Idx(1) && !cell.dim());
}

#[test]
fn notice_appears_above_zsh_line() {
    needs("zsh");
    let zsh = |options: &[&str]| coshell(&[options, &["--", "zsh", "-f", "-i"]].concat());
    let launch = zsh(&options()).env("PS1", "%F{green}zsh>%f ");
    let mut term = start_and_assert_notice(launch, "zsh>", "echo ab\x1b[D\x1b[D", "echo ab");
    term.send("x\r");
    term.wait_until("the output", |term| term.rows().contains(&"xab".to_owned()));

    // A right prompt, and a line that wraps.
    let launch = zsh(&options()).env("PS1", "zsh> ").env("RPROMPT", "%F{red}right%f").size(12, 40, 0, 0);
    let mut term = start_and_assert_notice(launch, "zsh>", "echo 'a line'", "right");
    term.send(" a line that is longer than the terminal is wide\x1b[D\x1b[D");
    wait_screen(&mut term, "wide");
    term.send("\x15echo 'do'ne\r");
    term.wait_until("the output", |term| term.rows().contains(&"done".to_owned()));

    let launch = zsh(&options()).env("PS1", "zsh> ").size(12, 40, 0, 0);
    let line = "echo 'a line that is longer than the terminal is wide by far, it is'";
    let mut term = start_and_assert_notice(launch, "zsh>", &format!("{line}{}", "\x1b[D".repeat(40)), "it is'");
    term.send("\x15\x0becho 'do'ne\r");
    term.wait_until("the output", |term| term.rows().contains(&"done".to_owned()));
}

#[test]
fn notice_appears_above_fish_line() {
    needs("fish");
    let prompt = "function fish_prompt; set_color green; echo -n 'fish> '; set_color normal; end; set -g fish_greeting";
    let fish = || coshell(&[&options()[..], &["--", "fish", "--private", "-C", prompt]].concat());
    let mut term = start_and_assert_notice(fish(), "fish>", "echo ab\x1b[D\x1b[D", "echo ab");
    term.send("x\r");
    term.wait_until("the output", |term| term.rows().contains(&"xab".to_owned()));

    let line = "echo 'a line that is longer than the terminal is wide'";
    let launch = fish().size(12, 40, 0, 0);
    let mut term = start_and_assert_notice(launch, "fish>", &format!("{line}{}", "\x1b[D".repeat(20)), "wide'");
    term.send("\x05; echo 'do'ne\r");
    term.wait_until("the output", |term| term.rows().contains(&"done".to_owned()));
}

#[test]
fn notice_inside_tmux_appears_above_line() {
    needs("tmux");
    let dir = TestDir::new();
    dir.write_file("tmux.conf", "set -g status-right ''\nset -g automatic-rename off\n");
    dir.write_file("fails", format!("#!/bin/sh\n{FAILING_COPROC}\n"));
    let inside = format!(
        "exec env PS1='in> ' \"$WRAP\" --indicator none -c 'sh {}' -- bash --norc --noprofile",
        dir.path_str("fails")
    );
    let argv = ["tmux", "-u", "-f", "tmux.conf", "-S", "./socket", "new-session", &inside];
    let keep = [";", "set", "-g", "destroy-unattached", "on"];
    let mut term = direct(&[&argv[..], &keep].concat()).cwd(dir.root()).size(12, 40, 0, 0).start();
    wait_screen(&mut term, "in>");
    term.send("echo 'a line that is longer than the terminal is wide'\x1b[D\x1b[D");
    let before = wait_screen(&mut term, "wide'");
    // tmux occupies the last row, so nothing scrolls.
    std::fs::write(term.home().join("go"), "").unwrap();
    term.wait_until("the notice above the line", |term| {
        let now = screen_state(term);
        let rows = &now.rows;
        rows[0].starts_with("coshell: coprocess") && rows[rows.len() - 1] == before.rows[before.rows.len() - 1]
    });
    let now = wait_screen(&mut term, "the-reason");
    let line = now.rows.iter().position(|row| row.starts_with("in> echo")).expect("the line");
    assert_eq!(now.rows[line..line + 2], before.rows[..2]);
    assert_eq!(usize::from(now.cursor.0), usize::from(before.cursor.0) + line);
    assert_eq!(now.cursor.1, before.cursor.1);
}

#[test]
fn notice_on_dumb_terminal_is_plain_line() {
    for kind in ["dumb", ""] {
        let mut term = bash(&[]).env("TERM", kind).start();
        term.wait(PROMPT);
        // On a dumb terminal the hotkey goes to the shell as any other key; Ctrl-V inserts it.
        term.send("echo 'a\x16\x1db'; \"$WRAP\" annotate 1 'a note'\r");
        term.wait("a\x1db\r\n");
        term.wait("coshell: note on line 1: ");
        term.wait("\r\n  a note\r\n");
        term.wait(PROMPT);
        term.send("exit\r");
        term.wait_end();
        assert!(!contains(term.output(), "\x1b["), "{}", term.text());
    }
}

#[test]
fn notice_with_no_color_is_unstyled() {
    let mut term = bash(&options()).env("NO_COLOR", "1").start();
    term.wait(PROMPT);
    let before = wait_screen(&mut term, "ready>");
    assert_notice_above(&mut term, 0, &before);
    assert!(!contains(term.output(), "\x1b[0;2m"));
    assert!(!term.screen().cell(0, 0).is_some_and(vt100::Cell::dim));
}
