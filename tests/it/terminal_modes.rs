//! Terminal modes: the inner terminal begins with the outer ones, and the outer ones are restored.

use std::time::Duration;

use crate::support::{Ended, Terminal, bash, coshell, fresh_modes, run, same_output, show, wrapped};

/// Modes that no terminal has by default, so that copied modes differ from default ones.
const UNUSUAL_MODES: &str = "stty erase ^H intr ^X -ixon -iutf8 tostop -echok min 3 time 2 2>/dev/null";

#[test]
fn inner_modes_equal_outer_modes() {
    let shown = same_output("stty -a", |l| l);
    assert!(shown.len() > 200, "{}", show(&shown));
}

#[test]
fn inner_modes_equal_unusual_outer_modes() {
    let wrapped = format!("{UNUSUAL_MODES}; \"$WRAP\" -- stty -a");
    let plain = format!("{UNUSUAL_MODES}; stty -a");
    let plain = run(crate::support::direct(&["sh", "-c", &plain])).bytes;
    let through = run(crate::support::direct(&["sh", "-c", &wrapped])).bytes;
    assert_eq!(show(&plain), show(&through));
}

#[test]
fn terminal_is_raw_during_session_and_restored_after() {
    let mut term = wrapped(&[], "echo up; read x; exit 3").start();
    term.wait("up");
    let raw = term.modes();
    assert_eq!(raw.c_lflag & (libc::ICANON | libc::ECHO | libc::ISIG | libc::IEXTEN), 0);
    assert_eq!(raw.c_oflag & libc::OPOST, 0);
    assert_eq!(raw.c_iflag & (libc::IXON | libc::ICRNL | libc::ISTRIP), 0);
    term.send("\r");
    assert_eq!(term.wait_end(), Ended::Code(3));
    assert_eq!(term.modes(), fresh_modes());
}

#[test]
fn unusual_modes_are_restored() {
    let script = format!("{UNUSUAL_MODES}; stty -g; \"$WRAP\" -- sh -c 'stty raw -echo; echo in'; stty -g");
    let shown = String::from_utf8_lossy(&run(crate::support::direct(&["sh", "-c", &script])).bytes).into_owned();
    let lines: Vec<_> = shown.lines().map(str::trim).filter(|line| line.contains(':')).collect();
    assert_eq!(lines.len(), 2, "{shown:?}");
    assert_eq!(lines[0], lines[1]);
}

/// The parent shell shares the open file description of the terminal.
#[test]
fn inherited_terminal_is_never_made_non_blocking() {
    let mut term = wrapped(&[], "echo up; read x; echo on; yes | head -20000; read x").start();
    let blocking = |term: &Terminal| !term.inherited_flags().contains(nix::fcntl::OFlag::O_NONBLOCK);
    assert!(blocking(&term), "before anything");
    term.wait_until("up", |term| {
        assert!(blocking(term), "at the start");
        term.text().contains("up")
    });
    term.send("\r");
    term.wait("on");
    term.wait_until("the flood's end", |term| {
        assert!(blocking(term), "in a flood");
        crate::support::count(term.output(), "y\r\n") == 20_000
    });
    term.send("\r");
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert!(blocking(&term), "after the end");
}

/// Kills the shell of a session that has printed `set`, and returns the bytes shown after that.
fn output_after_kill(set: &str) -> Vec<u8> {
    let mut term = coshell(&["-q", "--", "sh", "-c", &format!("printf '{set}'; echo up; kill -KILL $$")]).start();
    assert_eq!(term.wait_end(), Ended::Code(128 + 9));
    term.wait("up\r\n");
    term.unread().to_vec()
}

#[test]
fn exit_without_modes_left_on_writes_nothing() {
    assert_eq!(show(&output_after_kill("")), "");
}

#[test]
fn modes_already_off_are_not_turned_off_again() {
    assert_eq!(
        show(&output_after_kill(r"\033[?2004h\033[?1049h\033[?25l\033[>1u\033[<u\033[?25h\033[?1049l\033[?2004l")),
        ""
    );
}

/// Colours, titles and cursor position stay as without coshell.
#[test]
fn colours_titles_and_cursor_position_are_not_reset() {
    assert_eq!(show(&output_after_kill(r"\033[31m\033]0;title\007\033[5;5H")), "");
}

#[test]
fn bracketed_paste_left_on_is_turned_off() {
    assert_eq!(show(&output_after_kill(r"\033[?2004h")), r"\x1b[?2004l");
}

#[test]
fn hidden_cursor_is_shown_at_exit() {
    assert_eq!(show(&output_after_kill(r"\033[?25l")), r"\x1b[?25h");
}

#[test]
fn alternate_screen_is_left_at_exit() {
    let after = show(&output_after_kill(r"\033[?1049h"));
    assert!(after.contains(r"\x1b[?1049l") && !after.contains("2004"), "{after}");
}

#[test]
fn mouse_reports_left_on_are_turned_off() {
    let after = show(&output_after_kill(r"\033[?1000;1002h\033[?1006h\033[?1004h"));
    for mode in ["1000", "1002", "1006", "1004"] {
        let off = regex::Regex::new(&format!(r"x1b\[\?([0-9;]*;)?{mode}(;[0-9;]*)?l")).unwrap();
        assert!(off.is_match(&after), "{mode} in {after}");
    }
}

#[test]
fn kitty_keyboard_flags_left_on_are_popped() {
    let after = show(&output_after_kill(r"\033[>1u"));
    assert!(after.contains(r"\x1b[<") || after.contains(r"\x1b[=0"), "{after}");
}

/// An escape sequence that arrives in several reads is recognized.
#[test]
fn mode_set_byte_by_byte_is_turned_off() {
    let script = r"for b in '\033' '[' '?' 20 04 h; do printf $b; sleep 0.01; done; echo up; kill -KILL $$";
    let mut term = coshell(&["-q", "--", "sh", "-c", script]).start();
    assert_eq!(term.wait_end(), Ended::Code(137));
    term.wait("up\r\n");
    assert_eq!(show(term.unread()), r"\x1b[?2004l");
}

#[test]
fn orderly_exit_of_bash_adds_no_output() {
    let mut term = bash(&[]).start();
    term.wait("ready> ");
    term.send("exit 4\r");
    assert_eq!(term.wait_end(), Ended::Code(4));
    // bash turns bracketed paste off before it runs the command.
    assert_eq!(
        crate::support::count(term.output(), "\x1b[?2004h"),
        crate::support::count(term.output(), "\x1b[?2004l")
    );
    term.read_for(Duration::from_millis(50));
    assert!(term.text().ends_with("exit\r\n"), "{}", show(term.output()));
}
