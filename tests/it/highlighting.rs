//! Matches shown in colours, in the output of real programs.

use crate::support::programs::{LaunchShell, bash_with, fish_with, zsh_with};
use crate::support::{Ended, Launch, TestDir, contains, count, direct, needs, show, wrapped};

/// Options that colour ERROR, and the sequence that does so, which no program has.
const OPTIONS: [&str; 8] = ["-q", "-t", "ERROR", "--all", "--highlight", "on 19", "--hotkey", "none"];
const COLOUR: &str = "\x1b[48;5;19m";
const BACKGROUND: vt100::Color = vt100::Color::Idx(19);

/// Returns what the terminal shows once the command has ended.
fn screen(launch: Launch, dir: &TestDir) -> vt100::Screen {
    let mut term = launch.cwd(dir.root()).start();
    term.wait_end();
    term.screen()
}

/// Fails unless coshell shows what the command shows without it, but for the background of each ERROR.
#[track_caller]
fn assert_only_matches_are_coloured(dir: &TestDir, script: &str, matches: usize) {
    let plain = screen(direct(&["sh", "-c", script]), dir);
    let shown = screen(wrapped(&OPTIONS, script), dir);
    assert_eq!((shown.contents(), shown.cursor_position()), (plain.contents(), plain.cursor_position()), "{script}");
    let (rows, cols) = plain.size();
    let (mut coloured, mut row) = (0, 0);
    while row < rows {
        let first = row;
        while plain.row_wrapped(row) {
            row += 1;
        }
        row += 1;
        let places: Vec<_> = (first..row).flat_map(|row| (0..cols).map(move |col| (row, col))).collect();
        let glyph = |&(row, col): &(u16, u16)| plain.cell(row, col).unwrap().contents().chars().next().unwrap_or(' ');
        let text: String = places.iter().map(glyph).collect();
        let starts: Vec<usize> = text.match_indices("ERROR").map(|(at, _)| text[..at].chars().count()).collect();
        coloured += starts.len();
        for (at, &(row, col)) in places.iter().enumerate() {
            let is_match = starts.iter().any(|&start| (start..start + 5).contains(&at));
            let (ours, theirs) = (shown.cell(row, col).unwrap(), plain.cell(row, col).unwrap());
            let background = if is_match { BACKGROUND } else { theirs.bgcolor() };
            let look =
                |cell: &vt100::Cell| (cell.fgcolor(), cell.bold(), cell.underline(), cell.inverse(), cell.italic());
            assert_eq!((ours.bgcolor(), look(ours)), (background, look(theirs)), "{script}: {row}, {col} of {text:?}");
        }
    }
    assert_eq!(coloured, matches, "{script}: {}", plain.contents());
}

#[test]
fn output_of_programs_is_coloured_and_nothing_else_changes() {
    for name in ["git", "grep", "gcc"] {
        needs(name);
    }
    let dir = TestDir::new();
    dir.write_file("log", "one\nan ERROR here\n\tERROR at 1\nno\nwide 漢字 ERROR 漢\n");
    dir.write_file("ERROR.tar", "");
    dir.write_file("bad.c", "#error ERROR\nint ERROR = ;\n");
    let git = "git -c init.defaultBranch=main init -q g; cd g; git config user.name n; git config user.email e; \
               git commit -q --allow-empty -m 'an ERROR'; git commit -q --allow-empty -m 'no'; \
               git --no-pager log --color=always --format='%C(yellow)%an%C(reset) %s'; cd ..; rm -rf g";
    for (script, matches) in [
        ("cat log", 3),
        ("ls --color=always", 1),
        ("LS_COLORS='*.tar=01;31' ls --color=always ERROR.tar", 1),
        ("grep --color=always -n ERR log", 3),
        (git, 1),
        ("LC_ALL=C gcc -fdiagnostics-color=always -c bad.c; true", 3),
        // Wrapped, in pieces, and scrolled.
        ("printf '%078dERROR%090dERROR\\n' 0 0; printf 'an ERR'; echo OR; printf 'a\\r\\033[KERROR\\n'", 4),
        ("seq 100; printf '%078dERROR\\n' 0; seq 5; echo ERROR", 2),
    ] {
        assert_only_matches_are_coloured(&dir, script, matches);
    }
}

#[test]
fn full_screen_programs_are_left_alone() {
    for name in ["vim", "less"] {
        needs(name);
    }
    let dir = TestDir::new();
    dir.write_file("log", "an ERROR\n".repeat(100));
    for (script, keys) in [("vim -u NONE -n log", &["G", "iERROR\r", "\x1b:q!\r"][..]), ("less log", &["G", "q"])] {
        let mut term = wrapped(&OPTIONS, script).cwd(dir.root()).start();
        for keys in keys {
            term.wait_quiet();
            term.send(keys);
        }
        assert_eq!(term.wait_end(), Ended::Code(0));
        assert!(contains(term.output(), "an ERROR") && !contains(term.output(), COLOUR), "{}", show(term.output()));
    }
}

/// Fails unless the output of a command is coloured, and neither the prompt nor the command.
fn assert_typed_text_is_left_alone(launch: LaunchShell, startup: &str) {
    let dir = TestDir::new();
    let mut term = launch(&dir, &OPTIONS, startup).cwd(dir.root()).start();
    term.wait("ERROR$ ");
    term.wait_quiet();
    for keys in ["echo ER", "ROR ", "ERROX", "\x7fR"] {
        term.send(keys);
        term.wait_quiet();
    }
    assert!(!contains(term.output(), COLOUR), "{}", show(term.output()));
    term.send("\r");
    term.wait_until("the output", |term| count(term.output(), COLOUR) == 2);
    term.wait_quiet();
    assert_eq!(count(term.output(), COLOUR), 2, "{}", show(term.output()));
    assert!(term.rows().iter().any(|row| row == "ERROR ERROR"), "{:?}", term.rows());
}

#[test]
fn line_editing_of_bash_is_left_alone() {
    assert_typed_text_is_left_alone(bash_with, "PS1='ERROR$ '");
}

#[test]
fn line_editing_of_zsh_is_left_alone() {
    assert_typed_text_is_left_alone(zsh_with, "PS1='ERROR$ '");
}

#[test]
fn line_editing_of_fish_is_left_alone() {
    assert_typed_text_is_left_alone(fish_with, "function fish_prompt; echo -n 'ERROR$ '; end");
}

#[test]
fn flood_is_coloured_whole() {
    let script =
        "stty -onlcr; i=0; while [ $i -lt 2000 ]; do printf 'line %d with an ERROR in it\\r\\n' $i; i=$((i+1)); done";
    let mut term = wrapped(&OPTIONS, script).start();
    term.wait_end();
    let text = String::from_utf8_lossy(term.output()).into_owned();
    let coloured = text.matches("\x1b[48;5;19mERROR\x1b[49m").count();
    assert_eq!(coloured, 2000);
}

#[test]
fn output_to_a_file_is_unchanged() {
    let dir = TestDir::new();
    let command = format!("{} -q -t ERROR --highlight red -- echo ERROR > out", crate::support::COSHELL);
    let mut term = direct(&["sh", "-c", &command]).cwd(dir.root()).start();
    term.wait_end();
    assert_eq!(dir.read("out"), b"ERROR\r\n");
}
