//! Notices while real programs draw: they take nothing away and leave nothing behind, whatever is drawn next.

use crate::notices::{ScreenState, screen_state, wait_screen, with_notice};
use crate::support::programs::{
    BARS, BASH_MARKS, DOCKER_BUILD, DOCKER_PULL, FISH_MARKS, LaunchShell, RICH, TQDM, ZSH_MARKS, bash_with, fish_with,
    wait_answering, wait_bars, write_bars, zsh_with,
};
use crate::support::tools::{PYTHON, STARSHIP, fetched};
use crate::support::{Launch, Session, Terminal, TestDir, coshell, needs};

/// Options of coshell: the title shows nothing of the session.
const OPTIONS: [&str; 2] = ["--indicator", "none"];

/// Has the session show a note on its first line.
fn show_notice(session: &mut Session) {
    session.term.skip_unread();
    session.call(&["annotate", "1", "NOTE"]).success();
    session.term.wait("NOTE");
}

/// Returns the rows of the notice among `rows`; fails unless it is whole.
#[track_caller]
fn notice_in(rows: &[String]) -> std::ops::Range<usize> {
    let first = rows.iter().position(|row| row.starts_with("coshell: note on line 1"));
    let last = rows.iter().position(|row| row == "  NOTE");
    let (Some(first), Some(last)) = (first, last) else { panic!("the notice is not whole: {rows:#?}") };
    assert!(first < last && last <= first + 2, "the notice is not whole: {rows:#?}");
    first..last + 1
}

/// Has the session show a notice, and fails unless it stands above row `first` of the screen `before` and nothing else
/// has changed.
#[track_caller]
fn assert_notice_above(session: &mut Session, first: usize, before: &ScreenState, what: &str) {
    show_notice(session);
    session.term.wait_quiet();
    let now = screen_state(&session.term);
    let notice = now.rows[notice_in(&now.rows)].to_vec();
    let expected = with_notice(before, first, &notice);
    assert_eq!(now, expected, "left: the screen, right: the notice above row {first} of the screen before; {what}");
}

/// Shows a notice amid a program's bars, and fails unless each bar stands once on the terminal in the end, the bars next
/// to each other, and the notice whole above them. `mode` is that of the program: it rests or runs meanwhile.
fn assert_bars_with_notice(python: &str, program: &str, mode: &str, rows: u16) {
    let dir = TestDir::new();
    let file = write_bars(&dir, program);
    let script = "echo TARGET; seq 5; \"$0\" \"$1\" \"$2\"; read x";
    let launch = coshell(&[&OPTIONS[..], &["--", "sh", "-c", script, python, &file, mode]].concat());
    let mut session = Session::start(launch.size(rows, 80, 0, 0));
    wait_bars(&mut session.term);
    if mode == "rests" {
        session.term.wait_quiet();
    }
    show_notice(&mut session);
    session.term.release();
    session.term.wait("finished");
    session.term.wait_quiet();
    let shown = session.term.lines();
    let what = format!("{mode}, {rows} rows: {shown:#?}");
    let place = |text: &str| {
        let found: Vec<_> = shown.iter().enumerate().filter(|(_, line)| line.contains(text)).collect();
        assert!(found.len() == 1, "{text} stands {} times on the terminal; {what}", found.len());
        found[0].0
    };
    let bars = BARS.map(&place);
    assert!(bars.iter().all(|at| shown[*at].contains("100%")), "{what}");
    assert_eq!(bars, [bars[0], bars[0] + 1, bars[0] + 2], "{what}");
    let notice = notice_in(&shown);
    assert_eq!(shown[notice.clone()], ["coshell: note on line 1: TARGET", "  NOTE"], "{what}");
    assert!(notice.end <= bars[0] && (!program.contains("Building") || place("[+]") + 1 == bars[0]), "{what}");
    assert_eq!(place("finished") + 1, shown.len(), "{what}");
    let answer = session.call(&["lines", "--json"]).json();
    let lines: Vec<_> = answer["lines"].as_array().expect("lines").iter().map(|line| &line["text"]).collect();
    for name in BARS {
        let count = lines.iter().filter(|line| line.as_str().is_some_and(|line| line.contains(name))).count();
        assert_eq!(count, 1, "{name}: coshell lines: {lines:#?}");
    }
}

/// Does so for both modes, in a terminal with room below the bars and in one that scrolls.
fn assert_bars_with_notices(python: &str, program: &str) {
    for (mode, rows) in [("rests", 24), ("rests", 8), ("runs", 24), ("runs", 8)] {
        assert_bars_with_notice(python, program, mode, rows);
    }
}

#[test]
fn notice_amid_bars_of_rich_leaves_each_once() {
    let Some(python) = fetched(PYTHON) else { return };
    assert_bars_with_notices(&python.to_string_lossy(), RICH);
}

#[test]
fn notice_amid_bars_of_tqdm_leaves_each_once() {
    let Some(python) = fetched(PYTHON) else { return };
    assert_bars_with_notices(&python.to_string_lossy(), TQDM);
}

#[test]
fn notice_amid_bars_of_docker_pull_leaves_each_once() {
    assert_bars_with_notices("python3", DOCKER_PULL);
}

#[test]
fn notice_amid_bars_of_docker_build_leaves_each_once() {
    assert_bars_with_notices("python3", DOCKER_BUILD);
}

/// Shell with a prompt of several rows.
struct PromptRows {
    launch: LaunchShell,
    startup: String,
    /// Text of a row of the prompt, and the number of rows of the prompt above it.
    row: &'static str,
    above: usize,
    /// Text of the last row of the prompt.
    last: &'static str,
    /// Key that has the shell draw the prompt anew.
    redraw: &'static str,
}

impl PromptRows {
    fn new(launch: LaunchShell, startup: &str) -> Self {
        Self { launch, startup: startup.to_owned(), row: "TOP", above: 0, last: "BOT>", redraw: "" }
    }

    fn rows(self, row: &'static str, above: usize, last: &'static str) -> Self {
        Self { row, above, last, ..self }
    }

    fn redrawn(mut self) -> Self {
        self.startup += match self.startup.contains("fish_prompt") || self.startup.contains("fish |") {
            true => "\nbind \\cx repaint",
            false => "\nbindkey '^X' reset-prompt",
        };
        Self { redraw: "\x18", ..self }
    }

    fn start(&self, dir: &TestDir, rows: u16) -> Session {
        let mut session =
            Session::start((self.launch)(dir, &OPTIONS, &self.startup).cwd(dir.root()).size(rows, 60, 0, 0));
        wait_screen(&mut session.term, self.last);
        session
    }

    /// Fails unless a notice stands above the whole prompt, and the prompt and the line typed in it are drawn and edited on
    /// as before. The second terminal scrolls.
    fn assert_whole_under_notice(&self) {
        let long = "echo 'a line that is longer than the terminal is wide, so that it wraps'; echo ab";
        self.assert_whole_with_line(24, "echo before", "");
        self.assert_whole_with_line(24, "echo before", long);
        self.assert_whole_with_line(10, "seq 20", "echo ab");
    }

    fn assert_whole_with_line(&self, rows: u16, command: &str, typed: &str) {
        let what = format!("{}\n{rows} rows, typed {typed:?}", self.startup);
        let dir = TestDir::new();
        let mut session = self.start(&dir, rows);
        session.term.send(format!("{command}\r"));
        wait_screen(&mut session.term, command.rsplit(' ').next().expect("an argument"));
        session.term.send(typed);
        session.term.wait_quiet();
        let before = screen_state(&session.term);
        let row = before.rows.iter().rposition(|row| row.contains(self.row)).expect("the prompt");
        assert_notice_above(&mut session, row - self.above, &before, &what);
        if !self.redraw.is_empty() {
            let before = screen_state(&session.term);
            session.term.send(self.redraw);
            session.term.wait_quiet();
            assert_eq!(screen_state(&session.term), before, "left: after a redraw; {what}");
        }
        session.term.send(if typed.is_empty() { "echo ab" } else { "c" });
        session.term.wait_quiet();
        session.term.send("\r");
        let output = if typed.is_empty() { "ab" } else { "abc" };
        session.term.wait_until("the output", |term| term.rows().iter().any(|row| row == output));
        session.term.wait_quiet();
        let now = session.term.lines();
        let notice = notice_in(&now);
        let below = &now[notice.end..];
        let count = |text: &str| below.iter().filter(|line| line.contains(text)).count();
        assert_eq!((count(self.row), count("echo")), (2, 1), "{what}: {now:#?}");
    }
}

#[test]
fn marked_prompt_of_two_rows_stays_whole_under_notice() {
    let prompts = [
        PromptRows::new(bash_with, &format!("PS1='TOP\\nBOT> '\n{BASH_MARKS}")),
        PromptRows::new(zsh_with, &format!("PS1=$'TOP\\nBOT> '\n{ZSH_MARKS}")).redrawn(),
        PromptRows::new(zsh_with, &format!("PS1=$'\\nTOP\\nBOT> '; RPROMPT=12:00\n{ZSH_MARKS}"))
            .rows("TOP", 1, "BOT>")
            .redrawn(),
    ];
    prompts.iter().for_each(PromptRows::assert_whole_under_notice);
}

/// fish 3 erases behind A, and draws the first row of this prompt as an empty one.
#[test]
fn marked_fish_prompt_beginning_with_erasure_stays_whole_under_notice() {
    let two = "function fish_prompt; echo TOP; echo -n 'BOT> '; end";
    let three = "function fish_prompt; echo; echo TOP; echo -n 'BOT> '; end";
    let prompts = [
        PromptRows::new(fish_with, &format!("{two}\n{FISH_MARKS}")).redrawn(),
        PromptRows::new(fish_with, &format!("{three}\n{FISH_MARKS}")).rows("TOP", 1, "BOT>").redrawn(),
    ];
    prompts.iter().for_each(PromptRows::assert_whole_under_notice);
}

/// Starts starship in fish, zsh and bash, each with or without marks. The prompt has an empty row, one with the directory
/// and one with the character.
fn starship_prompts(dir: &TestDir, marks: bool) -> Vec<PromptRows> {
    let Some(starship) = fetched(STARSHIP) else { return Vec::new() };
    let starship = starship.display();
    let marked = |line: &'static str| if marks { line } else { "" };
    let config = "format = \"[TOP](bold) $directory\\n$character\"\n";
    let file = dir.write_file("starship.toml", config);
    let posix = |shell| format!("eval \"$({starship} init {shell})\"");
    let prompt = |launch, startup: String| PromptRows::new(launch, &startup).rows("TOP", 1, "❯");
    vec![
        prompt(
            fish_with,
            format!("set -x STARSHIP_CONFIG {file}\n{starship} init fish | source\n{}", marked(FISH_MARKS)),
        )
        .redrawn(),
        prompt(zsh_with, format!("export STARSHIP_CONFIG={file}\n{}\n{}", posix("zsh"), marked(ZSH_MARKS))).redrawn(),
        prompt(bash_with, format!("export STARSHIP_CONFIG={file}\n{}\n{}", posix("bash"), marked(BASH_MARKS))),
    ]
}

#[test]
fn marked_starship_prompt_stays_whole_under_notice() {
    starship_prompts(&TestDir::new(), true).iter().for_each(PromptRows::assert_whole_under_notice);
}

#[test]
fn unmarked_bash_prompt_of_two_rows_stays_whole_under_notice() {
    for prompt in ["PS1='TOP\\nBOT> '", "PS1='TOP\\n\\w\\nBOT> '", "PS1='\\[\\e[1m\\]TOP\\[\\e[m\\]\\nBOT> '"] {
        PromptRows::new(bash_with, prompt).assert_whole_under_notice();
    }
}

#[test]
fn unmarked_zsh_prompt_of_two_rows_stays_whole_under_notice() {
    let prompts = [
        PromptRows::new(zsh_with, "PS1=$'TOP\\nBOT> '").redrawn(),
        PromptRows::new(zsh_with, "PS1=$'TOP\\n%~\\nBOT> '; RPROMPT=12:00").redrawn(),
        PromptRows::new(zsh_with, "PS1=$'\\nTOP\\nBOT> '").rows("TOP", 1, "BOT>").redrawn(),
    ];
    prompts.iter().for_each(PromptRows::assert_whole_under_notice);
}

#[test]
fn unmarked_fish_prompt_of_two_rows_stays_whole_under_notice() {
    PromptRows::new(fish_with, "function fish_prompt; echo TOP; echo -n 'BOT> '; end")
        .redrawn()
        .assert_whole_under_notice();
}

#[test]
fn unmarked_starship_prompt_stays_whole_under_notice() {
    starship_prompts(&TestDir::new(), false)
        .iter()
        .filter(|prompt| !prompt.redraw.is_empty())
        .for_each(PromptRows::assert_whole_under_notice);
}

/// Fills the screen of a session and starts a program in its last rows by `keys`, typed in turn. Returns the screen when
/// it `shows` them.
fn start_at_bottom(
    launch: Launch,
    keys: &[&str],
    answered: &mut usize,
    shows: fn(&Terminal) -> bool,
) -> (Session, ScreenState) {
    let mut session = Session::start(launch.size(16, 60, 0, 0));
    wait_screen(&mut session.term, "top> ".trim_end());
    session.term.send("seq 30\r");
    wait_screen(&mut session.term, "30");
    for keys in keys {
        session.term.send(keys);
        wait_answering(&mut session.term, answered, "the echo", |_| true);
    }
    wait_answering(&mut session.term, answered, "the program's rows", shows);
    let state = screen_state(&session.term);
    (session, state)
}

/// Shows a notice when the program stands in the last rows, has it go on by `then`, and fails unless its rows are whole
/// and end as they do without a notice.
fn assert_whole_at_bottom(
    launch: impl Fn(&TestDir) -> Launch,
    keys: &[&str],
    shows: fn(&Terminal) -> bool,
    first: fn(&[String]) -> usize,
    then: &[&str],
) {
    let (dir, mut answered) = (TestDir::new(), 0);
    let (mut session, before) = start_at_bottom(launch(&dir), keys, &mut answered, shows);
    let first = first(&before.rows);
    assert_notice_above(&mut session, first, &before, &format!("{keys:?}"));
    let (other_dir, mut other_answered) = (TestDir::new(), 0);
    let (mut other, same) = start_at_bottom(launch(&other_dir), keys, &mut other_answered, shows);
    assert_eq!(same.rows, before.rows, "the program draws the same twice");
    for then in then {
        for (session, answered) in [(&mut session, &mut answered), (&mut other, &mut other_answered)] {
            session.term.skip_unread();
            session.term.send(then);
            wait_answering(&mut session.term, answered, "the reaction", |term| !term.unread().is_empty());
        }
        let (with, without) = (screen_state(&session.term), screen_state(&other.term));
        assert_eq!(with.rows[first..], without.rows[first..], "{keys:?}, then {then:?}; right: without a notice");
        assert_eq!(with.cursor, without.cursor, "{keys:?}, then {then:?}; right: without a notice");
    }
}

const TOP_PROMPT: &str = "PS1='top> '";

fn fzf_shows_list(term: &Terminal) -> bool {
    let rows = term.rows().join("\n");
    rows.contains("100/100") && rows.contains("> alike-1")
}

/// Returns the first row of fzf: the one below the command line.
fn below_command(rows: &[String]) -> usize {
    rows.iter().rposition(|row| row.starts_with("top>")).expect("the command line") + 1
}

#[test]
fn fzf_with_height_stays_whole_under_notice() {
    needs("fzf");
    for layout in ["reverse", "default"] {
        let command = format!("seq -f alike-%g 100 | fzf --height 6 --layout {layout}\r");
        assert_whole_at_bottom(
            |dir| bash_with(dir, &OPTIONS, TOP_PROMPT).cwd(dir.root()),
            &[&command],
            fzf_shows_list,
            below_command,
            &["\x0b", "9", "\x0b"],
        );
    }
}

/// The menu of zsh stands below the line being typed.
#[test]
fn zsh_completion_menu_stays_whole_under_notice() {
    for (marks, menu) in [("", true), (ZSH_MARKS, true), ("", false)] {
        let style = if menu { "zstyle ':completion:*' menu select" } else { "setopt list_ambiguous" };
        let startup = format!("{TOP_PROMPT}\nautoload -U compinit; compinit -D -u\n{style}\n{marks}");
        let launch = |dir: &TestDir| {
            for n in 10..40 {
                dir.write_file(&format!("file-{n}"), "");
            }
            zsh_with(dir, &OPTIONS, &startup).cwd(dir.root())
        };
        let then: &[&str] = if menu { &["\t", "\t", "\r"] } else { &["1", "\t"] };
        let shows = |term: &Terminal| term.rows().iter().any(|row| row.contains("file-39"));
        let line = |rows: &[String]| rows.iter().rposition(|row| row.starts_with("top>")).expect("the line");
        assert_whole_at_bottom(launch, &["cat fi", "\t", "\t"], shows, line, then);
    }
}
