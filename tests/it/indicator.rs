//! Coprocess indicator in the window title, and the title restored after it.

use crate::support::{Launch, PROMPT, Terminal, TestDir, bash, contains, coshell, direct, needs, shell, wrapped};

#[track_caller]
fn wait_title(term: &mut Terminal, title: &str) {
    term.wait_until(&format!("the title {title:?}"), |term| term.title().as_deref() == Some(title));
}

/// Launches a bash that sets the title before each prompt, as most start-up files do.
fn titled_bash(options: &[&str]) -> Launch {
    bash(options).env("PROMPT_COMMAND", "printf '\\033]0;at %s\\007' \"$n\"").env("n", "one")
}

const UNTIL_ENOUGH: &str = "while [ ! -e enough ]; do sleep 0.05; done";

#[test]
fn shell_title_follows_indicator_and_is_restored() {
    let mut term = titled_bash(&["-t", "go-now", "-c", UNTIL_ENOUGH]).start();
    wait_title(&mut term, "at one");
    term.send("n=two; echo go'-'now\r");
    wait_title(&mut term, "⇄ while · at two");
    term.send("n=three\r");
    wait_title(&mut term, "⇄ while · at three");
    term.send("touch enough\r");
    wait_title(&mut term, "at three");
}

#[test]
fn vim_restores_title_without_ended_coproc() {
    needs("vim");
    let mut term = titled_bash(&["-c", UNTIL_ENOUGH]).start();
    wait_title(&mut term, "⇄ while · at one");
    term.send("vim -u NONE -i NONE -n --cmd 'set title titlestring=editor'\r");
    wait_title(&mut term, "⇄ while · editor");
    term.send(":!touch enough\r\r");
    wait_title(&mut term, "editor");
    term.send(":q!\r");
    wait_title(&mut term, "at one");
}

#[test]
fn unset_title_is_restored_after_session() {
    let mut term = shell(&["-c", "cat > /dev/null"]).start();
    wait_title(&mut term, "⇄ cat · ");
    term.wait(PROMPT);
    term.send("exit\r");
    term.wait_end();
    assert_eq!(term.title(), None);
}

#[test]
fn terminated_session_restores_title() {
    let mut term = wrapped(&["-c", "cat > /dev/null"], "printf '\\033]2;mine\\033\\\\'; sleep 100").start();
    wait_title(&mut term, "⇄ cat · mine");
    term.signal(nix::sys::signal::Signal::SIGTERM);
    term.wait_end();
    assert_eq!(term.title().as_deref(), Some("mine"));
}

#[test]
fn indicator_is_ascii_in_c_locale_and_absent_without_title_support() {
    let script = "printf '\\033]2;mine\\007'; read x";
    let mut term = wrapped(&["-c", "cat > /dev/null"], script).env("LC_ALL", "C").start();
    wait_title(&mut term, "<> cat - mine");
    for (options, kind) in [(&["-c", "cat > /dev/null"], "dumb"), (&["-c", "cat > /dev/null"], "linux")] {
        let mut term = wrapped(options, script).env("TERM", kind).start();
        wait_title(&mut term, "mine");
        term.send("\r");
        term.wait_end();
        assert!(!contains(term.output(), "cat"));
    }
}

#[test]
fn indicator_is_not_written_to_file() {
    let dir = TestDir::new();
    let script = format!("\"$WRAP\" -c 'cat > /dev/null' -- echo text > {}", dir.path_str("out"));
    let mut term = direct(&["sh", "-c", &script]).start();
    term.wait_end();
    assert_eq!(dir.read("out"), b"text\r\n");
}

#[test]
fn tmux_shows_indicator_in_pane_title() {
    needs("tmux");
    let dir = TestDir::new();
    let conf = "set -g status-right '[#{pane_title}]'\nset -g status-right-length 60\nset -g status-interval 1\n";
    dir.write_file("tmux.conf", conf);
    let inside = "exec \"$WRAP\" -c 'while [ ! -e enough ]; do sleep 0.05; done' -- sh";
    let argv = ["tmux", "-u", "-f", "tmux.conf", "-S", "./socket", "new-session", inside];
    let keep = [";", "set", "-g", "destroy-unattached", "on"];
    let mut term = direct(&[&argv[..], &keep].concat()).cwd(dir.root()).start();
    let last = |term: &Terminal, text: &str| term.rows().last().is_some_and(|row| row.contains(text));
    term.wait_until("the indicator", |term| last(term, "[⇄ while · "));
    term.send("printf '\\033]2;%s\\033\\134' ti'tle'; touch enough\r");
    term.wait_until("the title alone", |term| last(term, "[title]"));
}

#[test]
fn indicator_none_writes_no_title() {
    let mut term =
        coshell(&["--indicator", "none", "-c", "cat > /dev/null", "--", "sh", "-c", "echo up; read x"]).start();
    term.wait("up\r\n");
    assert_eq!(term.title(), None);
    assert!(!contains(term.output(), "\x1b]"));
}
