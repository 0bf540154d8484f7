//! File transfers with a terminal multiplexer, tmux or screen, around the session or in its shell.

use crate::support::transfers::{BASH, answering, assert_same, dirs_with, is_at_prompt, programs, send_files, started};
use crate::support::{COSHELL, PROMPT, Terminal, TestDir, direct, needs};

/// Returns the commands that start tmux and screen, with sockets in `dir`, in front of the command of their window.
fn multiplexers(dir: &TestDir) -> [Vec<String>; 2] {
    let (tmux, screens, settings) = (dir.path_str("tmux"), dir.path_str("screen"), dir.path_str("screenrc"));
    dir.write_file("screenrc", "startup_message off\n");
    let directory = format!("SCREENDIR={screens}");
    [&["tmux", "-S", &tmux, "-f", "/dev/null", "new"][..], &["env", &directory, "screen", "-c", &settings]].map(
        |words| {
            needs(if words[0] == "env" { "screen" } else { words[0] });
            words.iter().map(|word| (*word).to_owned()).collect()
        },
    )
}

/// Command line of bash in the window of a multiplexer.
fn far_bash() -> String {
    format!("env PS1='{PROMPT}' {}", BASH.join(" "))
}

/// Waits for a prompt behind `summary`: the far program drops what is typed before it has exited.
fn wait_prompt_behind(term: &mut Terminal, summary: &str) {
    term.wait_until("the summary and the prompt", |term| {
        term.rows().join("\n").contains(summary) && is_at_prompt(term)
    });
}

/// The terminal is a multiplexer here, in whose window the session runs.
#[test]
fn session_in_multiplexer_transfers_both_ways() {
    for at in [0, 1] {
        let dir = dirs_with(300_000, 300_000);
        let near = dir.path_str("near");
        let mut command = multiplexers(&dir)[at].clone();
        command.extend([COSHELL, "--zmodem", "--zmodem-dir", &near, "--"].map(str::to_owned));
        command.extend(BASH.iter().map(|word| (*word).to_owned()));
        let mut term = started(direct(&command).cwd(dir.path("far")));
        term.send("sz down\r");
        wait_prompt_behind(&mut term, "coshell: received ");
        assert_same(&dir, &["down"]);
        send_files(&mut term, "rz", &dir.path_str("near/up"));
        wait_prompt_behind(&mut term, "coshell: sent ");
        assert_same(&dir, &["up"]);
        // The multiplexer ends with its only window.
        term.send("exit\r");
        term.wait_end();
    }
}

/// The protocol does not pass through a multiplexer in the shell.
#[test]
fn transfer_in_far_multiplexer_is_told() {
    for at in [0, 1] {
        let dir = dirs_with(1000, 1000);
        let mut term = started(answering(&dir, &[], BASH));
        term.send(format!("{} {}\r", multiplexers(&dir)[at].join(" "), far_bash()));
        term.wait("\x1b[?1049h");
        term.wait(PROMPT);
        term.send("sz down\r");
        // The notification.
        term.wait("\x1b]9;");
        term.wait("swallows ZMODEM");
        term.wait("\x07");
        term.send("\x18\x18\x18\x18\x18\x18");
        // A multiplexer may draw the earlier prompt again.
        term.wait_until("the end of sz", |term| programs(term, true).is_empty());
        term.send("exit\r");
        term.wait("coshell: tmux or screen in this session swallows ZMODEM");
        term.wait_until("the prompt", |term| term.rows().join("\n").trim_end().ends_with(PROMPT.trim_end()));
        assert!(!dir.exists("near/down"));
    }
}
