//! Full-screen programs and shells with coshell and without: the same keys lead to the same screen.

use crate::support::{Launch, Terminal, TestDir, coshell, direct, needs};

/// Text that the screen must show, and the keys typed then.
type Step = (&'static str, &'static str);

/// Visible state of a screen.
#[derive(Debug, PartialEq)]
struct ScreenState {
    rows: Vec<String>,
    cursor: (u16, u16),
    hidden: bool,
    alternate: bool,
    formatted: Vec<u8>,
}

fn screen_state(term: &Terminal) -> ScreenState {
    let screen = term.screen();
    ScreenState {
        rows: term.rows(),
        cursor: screen.cursor_position(),
        hidden: screen.hide_cursor(),
        alternate: screen.alternate_screen(),
        formatted: screen.state_formatted(),
    }
}

/// Waits for the text of each step on the screen, then types its keys.
fn type_steps(launch: Launch, steps: &[Step]) -> Terminal {
    let mut term = launch.size(24, 80, 0, 0).start();
    for (text, keys) in steps {
        term.wait_until(text, |term| term.rows().iter().any(|row| row.contains(text.trim_end())));
        term.wait_quiet();
        term.send(keys);
    }
    term.wait_quiet();
    term
}

/// Creates a directory with a text and a configuration of tmux.
fn dir_with_files() -> TestDir {
    let dir = TestDir::new();
    dir.write_file("text", (1..=200).map(|n| format!("line {n} \u{e9}\u{4e2d}\ttab\n")).collect::<String>());
    let start = "set -g default-command 'PS1=\"in> \" sh'\n";
    dir.write_file("tmux.conf", format!("set -g status-right ''\nset -g automatic-rename off\n{start}"));
    dir
}

/// Types `steps` into `argv` directly and through coshell, and waits until the screens are equal.
fn assert_looks_the_same(argv: &[&str], steps: &[Step]) {
    needs(argv[0]);
    let configure =
        |launch: Launch, dir: &TestDir| launch.cwd(dir.root()).env("HOME", "/dev/null/home").env("PS1", "start> ");
    let (one, other) = (dir_with_files(), dir_with_files());
    let plain = type_steps(configure(direct(argv), &one), steps);
    let want = screen_state(&plain);
    let inside: Vec<&str> = ["-q", "--"].iter().chain(argv).copied().collect();
    let mut term = type_steps(configure(coshell(&inside), &other), steps);
    let what = format!("the screen to be as without coshell:\n{}", want.rows.join("\n"));
    term.wait_until(&what, |term| screen_state(term) == want);
}

#[test]
fn vim_looks_the_same() {
    let steps: [Step; 4] =
        [("line 1 ", "/line 150\r"), ("line 150", "ohello\x1b"), ("hello", ":set number\r"), ("150 ", ":split\r")];
    assert_looks_the_same(&["vim", "-u", "NONE", "-i", "NONE", "-n", "text"], &steps);
}

#[test]
fn screen_after_vim_looks_the_same() {
    assert_looks_the_same(
        &["sh", "-c", "echo before; vim -u NONE -i NONE -n text; echo after; sleep 100"],
        &[("line 1 ", ":q!\r"), ("after", "")],
    );
}

#[test]
fn less_looks_the_same() {
    assert_looks_the_same(&["less", "-R", "text"], &[("line 1 ", " "), ("line 24", "/line 99\r"), ("line 99", "k")]);
}

#[test]
fn tmux_looks_the_same() {
    let argv = [
        "tmux",
        "-f",
        "tmux.conf",
        "-S",
        "./socket",
        "new-session",
        "-n",
        "window",
        ";",
        "set",
        "-g",
        "destroy-unattached",
        "on",
    ];
    let steps: [Step; 3] = [("in> ", "echo one'two'\r"), ("onetwo", "\x02%"), ("│", "seq 100\r")];
    assert_looks_the_same(&argv, &steps);
}

#[test]
fn zsh_looks_the_same() {
    let steps: [Step; 3] = [
        ("start>", "PS1='zsh> '\r"),
        ("zsh> ", "echo ab\x1b[D\x1b[Dx\x05; print -P '%F{red}red%f'\r"),
        ("xab", "ls te\t"),
    ];
    assert_looks_the_same(&["zsh", "-f", "-i"], &steps);
}

#[test]
fn fish_looks_the_same() {
    let prompt = "function fish_prompt; echo 'fish> '; end; set -g fish_greeting";
    assert_looks_the_same(&["fish", "--private", "-C", prompt], &[("fish> ", "echo a'b'c\r"), ("abc", "ls tex\t")]);
}

#[test]
fn bash_line_editing_looks_the_same() {
    let steps: [Step; 3] = [
        ("start>", "PS1='bash> '\r"),
        ("bash> ", "echo ab\x1b[D\x1b[Dx\x12ech\x07"),
        ("bash> ", "\x15seq 5 | tail -1 te\t"),
    ];
    assert_looks_the_same(&["bash", "--norc", "--noprofile"], &steps);
}

/// A resize makes a full-screen program redraw itself in the new size.
#[test]
fn vim_redraws_after_resize() {
    needs("vim");
    let mut term = coshell(&["-q", "--", "vim", "-u", "NONE", "-i", "NONE", "-n"]).start();
    term.wait_until("vim", |term| term.rows().iter().filter(|row| row.starts_with('~')).count() == 22);
    term.resize(40, 100, 0, 0);
    term.wait_until("tildes", |term| term.rows().iter().filter(|row| row.starts_with('~')).count() == 38);
}
