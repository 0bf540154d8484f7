//! Hotkey menu over shells and full-screen programs: it disappears without a trace.

use std::time::Duration;

use crate::support::{Launch, PROMPT, Terminal, TestDir, bash, contains, coshell, direct, needs, proc, shell, wrapped};

const MENU_KEYS: &str = " r run  s stop  e errors  t triggers  n notes  q status  Esc closes";

/// Visible state of a screen.
#[derive(Debug, PartialEq)]
struct ScreenState {
    rows: Vec<String>,
    cursor: (u16, u16),
    hidden: bool,
    formatted: Vec<u8>,
}

fn screen_state(term: &Terminal) -> ScreenState {
    let screen = term.screen();
    let formatted = screen.contents_formatted();
    ScreenState { rows: term.rows(), cursor: screen.cursor_position(), hidden: screen.hide_cursor(), formatted }
}

/// Waits until the last row in reverse video is the menu row `text`, and returns its index.
#[track_caller]
fn wait_menu(term: &mut Terminal, text: &str) -> usize {
    term.wait_for(&format!("the menu {text:?}"), |term| {
        let screen = term.screen();
        let row =
            (0..term.rows().len()).rev().find(|&row| screen.cell(row as u16, 0).is_some_and(|cell| cell.inverse()));
        // The menu row is cut to the width of the terminal.
        row.filter(|&row| !term.rows()[row].is_empty() && text.starts_with(&*term.rows()[row]))
    })
}

#[track_caller]
fn wait_screen_state(term: &mut Terminal, wanted: &ScreenState) {
    let what = format!("the screen to be as before:\n{}\n{:?}", wanted.rows.join("\n"), wanted.cursor);
    term.wait_until(&what, |term| screen_state(term) == *wanted);
}

/// Waits until the screen shows `text` and the output has ended.
#[track_caller]
fn wait_screen(term: &mut Terminal, text: &str) -> ScreenState {
    term.wait_until(&format!("{text:?} on the screen"), |term| term.rows().iter().any(|row| row.contains(text)));
    term.wait_quiet();
    screen_state(term)
}

/// Opens the menu over a screen that shows `text`, closes it, fails unless the screen is as before, and returns the
/// menu's row.
#[track_caller]
fn open_and_close_menu(term: &mut Terminal, text: &str) -> usize {
    let before = wait_screen(term, text);
    term.send("\x1d");
    let row = wait_menu(term, MENU_KEYS);
    term.send("\x1b");
    wait_screen_state(term, &before);
    row
}

/// Opens the menu and presses `keys` in it.
#[track_caller]
fn press_in_menu(term: &mut Terminal, keys: &str) {
    term.send("\x1d");
    wait_menu(term, MENU_KEYS);
    term.send(keys);
}

/// Waits until the menu is closed.
#[track_caller]
fn wait_no_menu(term: &mut Terminal) {
    term.wait_until("no menu", |term| {
        let screen = term.screen();
        (0..term.rows().len()).all(|row| screen.cell(row as u16, 0).is_some_and(|cell| !cell.inverse()))
    });
}

fn without_state_home(launch: Launch) -> Launch {
    launch.without("XDG_STATE_HOME")
}

#[test]
fn menu_over_edited_bash_line_leaves_no_trace() {
    let mut term = bash(&[]).size(24, 40, 0, 0).start();
    term.wait(PROMPT);
    let long = "echo 'a line that is longer than the terminal is wide'";
    term.send(format!("{long}\x1b[D\x1b[D\x1b[D"));
    assert_eq!(open_and_close_menu(&mut term, "wide'"), 2, "below the line: nothing is known of the last row");
    term.send("r\r");
    term.wait("than the terminal is wirde");
    term.wait(PROMPT);
    term.send("seq 40\r");
    assert_eq!(open_and_close_menu(&mut term, "40"), 23);
    term.send("clear; echo top\r");
    assert_eq!(open_and_close_menu(&mut term, "top"), 23);
}

#[test]
fn menu_over_line_filling_its_row_leaves_no_trace() {
    let mut term = bash(&[]).size(10, 20, 0, 0).start();
    term.wait(PROMPT);
    term.send("clear\r");
    // Keys typed before the prompt are echoed by the line discipline, in front of the prompt.
    term.wait(PROMPT);
    term.send("echo 7890123");
    open_and_close_menu(&mut term, "ready> echo 7890123");
    term.send("4");
    open_and_close_menu(&mut term, "ready> echo 78901234");
    term.send("5\r");
    term.wait("\r789012345\r\n");
}

#[test]
fn menu_over_zsh_and_fish_leaves_no_trace() {
    needs("zsh");
    needs("fish");
    let mut term = coshell(&["--", "zsh", "-f", "-i"]).env("PS1", "%F{green}zsh>%f ").start();
    term.wait("zsh>");
    term.send("echo ab\x1b[D\x1b[D");
    open_and_close_menu(&mut term, "zsh> echo ab");
    term.send("x\r");
    term.wait("\nxab\r\n");

    let prompt = "function fish_prompt; echo 'fish> '; end; set -g fish_greeting";
    let mut term = coshell(&["--", "fish", "--private", "-C", prompt]).start();
    term.wait("fish>");
    term.send("echo ab\x1b[D\x1b[D");
    open_and_close_menu(&mut term, "fish> echo ab");
    term.send("x\r");
    term.wait_until("the output", |term| term.rows().iter().any(|row| row == "xab"));
}

#[test]
fn menu_over_vim_less_and_htop_leaves_no_trace() {
    for name in ["vim", "less", "htop"] {
        needs(name);
    }
    let dir = TestDir::new();
    dir.write_file("text", (1..=200).map(|n| format!("line {n} \u{e9}\u{4e2d}\ttab\n")).collect::<String>());
    let vim = ["vim", "-u", "NONE", "-i", "NONE", "-n", "--cmd", "syntax on", "text"];
    for (argv, text) in [(&vim[..], "line 1"), (&["less", "-R", "text"], "line 1")] {
        let mut term = coshell(&[&["--"], argv].concat()).cwd(dir.root()).start();
        assert_eq!(open_and_close_menu(&mut term, text), 23, "{argv:?}");
        term.send(":");
        term.wait_until("the colon", |term| term.rows()[23].trim_start().starts_with(':'));
        assert_eq!(open_and_close_menu(&mut term, ":"), 23, "{argv:?}");
    }
    // htop redraws continuously: only its last row, the key bar, is compared.
    let mut term = coshell(&["--", "htop", "-d", "5"]).env("HOME", dir.root()).start();
    term.wait_until("htop", |term| term.rows()[23].starts_with("F1Help"));
    let keys = term.rows()[23].clone();
    term.send("\x1d");
    assert_eq!(wait_menu(&mut term, MENU_KEYS), 23);
    term.read_for(Duration::from_millis(1200));
    assert_eq!(term.rows()[23], MENU_KEYS, "what it drew meanwhile waits");
    term.send("\x1b");
    term.wait_until("its keys again", |term| term.rows()[23] == keys);
    term.send("q");
    term.wait_end();
}

#[test]
fn menu_inside_and_outside_tmux_leaves_no_trace() {
    needs("tmux");
    let dir = TestDir::new();
    dir.write_file(
        "tmux.conf",
        "set -g status-right ''\nset -g automatic-rename off\nset -g default-command 'PS1=\"in> \" sh'\n",
    );
    let tmux = ["tmux", "-u", "-f", "tmux.conf", "-S", "./socket", "new-session"];
    let keep = [";", "set", "-g", "destroy-unattached", "on"];
    let outside = [&["--"][..], &tmux, &keep].concat();
    let mut term = coshell(&outside).cwd(dir.root()).start();
    assert_eq!(open_and_close_menu(&mut term, "in>"), 23);
    press_in_menu(&mut term, "\x1d");
    wait_no_menu(&mut term);
    term.send("\x02d");
    drop(term);

    let dir = TestDir::new();
    dir.write_file("tmux.conf", "set -g status-right ''\nset -g automatic-rename off\n");
    let inside = [&tmux[..], &["exec \"$WRAP\" -- env PS1='in> ' sh"], &keep].concat();
    let mut term = direct(&inside).cwd(dir.root()).start();
    wait_screen(&mut term, "in>");
    term.send("clear; echo top\r");
    term.wait_until("a clear screen", |term| term.rows()[..2] == ["top", "in>"]);
    term.send("half");
    assert_eq!(open_and_close_menu(&mut term, "in> half"), 22, "above tmux's own line");
}

#[test]
fn menu_with_emoji_inside_tmux_does_not_scroll() {
    needs("tmux");
    let dir = TestDir::new();
    dir.write_file("tmux.conf", "set -g status off\n");
    let inside = "exec \"$WRAP\" --indicator none -- env PS1='in> ' sh";
    let argv = ["tmux", "-u", "-f", "tmux.conf", "-S", "./socket", "new-session", inside];
    let keep = [";", "set", "-g", "destroy-unattached", "on"];
    let mut term = direct(&[&argv[..], &keep].concat()).cwd(dir.root()).size(8, 60, 0, 0).start();
    wait_screen(&mut term, "in>");
    let hands = "\u{1f44d}\u{1f3fd}".repeat(4);
    term.send(format!("clear; echo anchor; \"$WRAP\" annotate /anchor '{hands} ok'\r"));
    wait_screen(&mut term, "note on line");
    term.send("clear; seq 20\r");
    let before = wait_screen(&mut term, "20");
    press_in_menu(&mut term, "n");
    term.wait_until("the note", |term| term.rows()[7].contains("ok"));
    assert_eq!(term.rows()[..7], before.rows[..7]);
    term.send("\x1b");
    wait_screen_state(&mut term, &before);
}

#[test]
fn menu_runs_stops_and_remembers_command() {
    let mut term = without_state_home(shell(&[])).start();
    term.wait(PROMPT);
    press_in_menu(&mut term, "r");
    wait_menu(&mut term, " run:");
    term.send("echo $$ > pid; exec slepe\x1b[D\x1b[D\x7fp 1\x1b[D\x1b[D\x1b[D\x1b[D");
    term.send("\x05\x15echo $$ > pid; exec sleep 100\r");
    let pid = term.wait_for("the coprocess", |term| {
        let text = String::from_utf8(term.read_home("pid")?).ok()?;
        text.trim().parse().ok().map(nix::unistd::Pid::from_raw)
    });
    term.wait_until("its title", |term| term.title().is_some_and(|title| title.starts_with("⇄ echo · ")));
    press_in_menu(&mut term, "q");
    term.wait("bytes read");
    term.send("x");
    wait_no_menu(&mut term);
    press_in_menu(&mut term, "s");
    term.wait_until("its end", |_| !proc::is_alive(pid));
    // coshell may learn of the end later.
    term.wait_until("its title to go", |term| term.title().is_none_or(|title| !title.contains("echo")));
    press_in_menu(&mut term, "r\x1b[A");
    wait_menu(&mut term, " run: echo $$ > pid; exec sleep 100");
    term.send("\x1b");
    let kept = |term: &Terminal| term.read_home(".local/state/coshell/history");
    term.wait_until("it to be kept", |term| kept(term).as_deref() == Some(b"echo $$ > pid; exec sleep 100\n"));
}

#[test]
fn unreadable_history_is_reported_and_left_unchanged() {
    let mut term = without_state_home(shell(&[])).start();
    let path = term.home().join(".local/state/coshell");
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("history"), b"\xff\xfe\n").unwrap();
    term.wait(PROMPT);
    press_in_menu(&mut term, "r");
    wait_menu(&mut term, " run:");
    term.send("true\r");
    term.wait("UTF-8;");
    assert_eq!(std::fs::read(path.join("history")).unwrap(), b"\xff\xfe\n");
}

#[test]
fn hotkey_in_extended_encodings_opens_menu_and_twice_types_it() {
    let script = "stty raw -echo; echo up; dd bs=1 count=14 2>/dev/null | od -An -c; echo over";
    let mut term = wrapped(&["-q"], script).start();
    term.wait("up");
    for spelled in ["\x1b[93;5u", "\x1b[27;5;93~"] {
        term.send(spelled);
        wait_menu(&mut term, MENU_KEYS);
        term.send("\x1b");
        wait_no_menu(&mut term);
    }
    term.send("\x1b[93;5u\x1b[93;5u");
    press_in_menu(&mut term, "\x1d");
    wait_no_menu(&mut term);
    term.send("abcdef");
    term.wait("033");
    term.wait("over");
    let text = term.text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("033 [ 9 3 ; 5 u 035 a b c d e f"), "{text}");
}

#[test]
fn flood_under_menu_waits_and_is_not_lost() {
    let mut term = shell(&["-q"]).start();
    term.wait(PROMPT);
    term.send("seq 1 300000; echo flood'-'over\r");
    term.wait("1000\r\n");
    term.send("\x1d");
    wait_menu(&mut term, MENU_KEYS);
    term.read_for(Duration::from_millis(500));
    assert!(!contains(term.output(), "flood-over"));
    term.send("\x1b");
    term.wait("flood-over\r\n");
    let text = term.text();
    let numbers = text.lines().filter_map(|line| line.trim_end().parse::<u32>().ok());
    // The menu row may be added to the end of a line, which is no number then.
    assert!(numbers.count() >= 299_990);
}

#[test]
fn resize_under_menu_leaves_vim_intact() {
    needs("vim");
    let mut term = coshell(&["--", "vim", "-u", "NONE", "-i", "NONE", "-n"]).start();
    term.wait_until("vim", |term| term.rows().iter().filter(|row| row.starts_with('~')).count() == 22);
    term.send("\x1d");
    wait_menu(&mut term, MENU_KEYS);
    term.resize(30, 100, 0, 0);
    term.wait_until("the menu on the new last row", |term| term.rows().get(29).is_some_and(|row| row == MENU_KEYS));
    term.send("\x1b");
    term.wait_until("vim in the new size", |term| {
        let rows = term.rows();
        rows.iter().filter(|row| row.starts_with('~')).count() == 28 && !rows.iter().any(|row| row.contains("r run"))
    });
}

/// What a terminal pastes where bracketed paste is off, in writes of this many bytes.
#[test]
fn unbracketed_paste_with_hotkey_reaches_program_and_runs_nothing() {
    for reader in ["stty -echo; exec cat", "stty raw -echo; exec cat", "exec cat", "sh"] {
        for size in [1, 7, 1024, 100_000] {
            let mut term = wrapped(&["-q", "--indicator", "none"], &format!("PS1=; echo up; {reader}")).start();
            term.wait("up");
            let filler = ": a line of text\r".repeat(100);
            let paste = format!("{filler}: x\x1drtouch ran\r{filler}: last\r");
            paste.as_bytes().chunks(size).for_each(|piece| term.send(piece));
            // The line is read back by a program or echoed by the line discipline or the shell.
            term.send("echo behind\r");
            term.wait("behind");
            term.wait_quiet();
            assert_eq!(term.read_home("ran"), None, "{reader}, {size} bytes at a time");
            press_in_menu(&mut term, "\x1b");
            wait_no_menu(&mut term);
        }
    }
}

#[test]
fn tmux_send_keys_opens_menu() {
    needs("tmux");
    let dir = TestDir::new();
    dir.write_file("tmux.conf", "set -g status off\n");
    let tmux = ["tmux", "-u", "-f", "tmux.conf", "-S", "./socket", "new-session"];
    let keep = [";", "set", "-g", "destroy-unattached", "on"];
    let argv = [&tmux[..], &["exec \"$WRAP\" -- env PS1='in> ' sh"], &keep].concat();
    let mut term = direct(&argv).cwd(dir.root()).start();
    wait_screen(&mut term, "in>");
    let send_keys = |keys: &[&str]| {
        let tmux = ["-S", "./socket", "send-keys"];
        let sent = std::process::Command::new("tmux").args(tmux).args(keys).current_dir(dir.root()).status();
        assert!(sent.expect("tmux runs").success());
    };
    send_keys(&["C-]"]);
    wait_menu(&mut term, MENU_KEYS);
    send_keys(&["q"]);
    wait_menu(&mut term, " no coprocess is running; 0 triggers, 0 on");
}
