//! `coshell screen` returns the visible screen, `coshell lines` the lines printed.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::signal::{Signal, kill};
use serde_json::{Value, json};

use crate::support::terminal::DEADLINE;
use crate::support::{COSHELL, PROMPT, Session, TestDir, bash, coshell, needs, proc};

/// Cell of a screen: text, foreground, background, and the attributes bold, italic, underline, inverse.
type Cell = (String, Value, Value, [bool; 4]);

/// Returns the cells of a `screen` response, without blanks at the ends of rows.
fn response_cells(screen: &Value) -> Vec<Vec<Cell>> {
    let runs = screen["runs"].as_array().expect("rows").iter();
    let row = |row: &Value| {
        let mut cells = Vec::new();
        for run in row.as_array().expect("runs") {
            let flags = ["bold", "italic", "underline", "inverse"].map(|name| run[name] == true);
            for char in run["text"].as_str().expect("a text").chars() {
                cells.push((char.to_string(), run["foreground"].clone(), run["background"].clone(), flags));
            }
        }
        trim_blank(cells)
    };
    runs.map(row).collect()
}

/// Returns the cells of the same screen in another terminal emulation (vt100).
fn emulated_cells(screen: &vt100::Screen) -> Vec<Vec<Cell>> {
    let (rows, cols) = screen.size();
    let colour = |colour| match colour {
        vt100::Color::Default => Value::Null,
        vt100::Color::Idx(index) => index.into(),
        vt100::Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}").into(),
    };
    let cell = |row, col| {
        let cell = screen.cell(row, col).expect("the cell is on the screen");
        let flags = [cell.bold(), cell.italic(), cell.underline(), cell.inverse()];
        let (foreground, background) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
        (!cell.is_wide_continuation()).then(|| match cell.has_contents() {
            true => (cell.contents().to_owned(), foreground, background, flags),
            false => (" ".to_owned(), Value::Null, background, [false; 4]),
        })
    };
    (0..rows).map(|row| trim_blank((0..cols).filter_map(|col| cell(row, col)).collect())).collect()
}

fn trim_blank(mut cells: Vec<Cell>) -> Vec<Cell> {
    let blank = |(text, foreground, background, flags): &Cell| {
        text == " " && foreground.is_null() && background.is_null() && *flags == [false; 4]
    };
    while cells.last().is_some_and(blank) {
        cells.pop();
    }
    cells
}

/// Returns row, column and visibility of the cursor, and whether the alternate screen is shown.
fn response_state(screen: &Value) -> (u64, u64, bool, bool) {
    let cursor = &screen["cursor"];
    let at = |name: &str| cursor[name].as_u64().expect("a number");
    (at("row"), at("column"), cursor["visible"] == true, screen["alternate_screen"] == true)
}

fn emulated_state(screen: &vt100::Screen) -> (u64, u64, bool, bool) {
    let (row, column) = screen.cursor_position();
    let column = column.min(screen.size().1 - 1);
    (row.into(), column.into(), !screen.hide_cursor(), screen.alternate_screen())
}

/// Session, and a second emulation of its terminal with the same size and output.
struct EmulatedSession {
    session: Session,
    parser: vt100::Parser,
    fed: usize,
}

impl EmulatedSession {
    fn new(session: Session) -> Self {
        Self { session, parser: vt100::Parser::new(24, 80, 0), fed: 0 }
    }

    fn update(&mut self) {
        self.session.term.read_for(Duration::from_millis(20));
        self.parser.process(&self.session.term.output()[self.fed..]);
        self.fed = self.session.term.output().len();
    }

    fn resize(&mut self, rows: u16, cols: u16) {
        self.update();
        self.parser.screen_mut().set_size(rows, cols);
        self.session.term.resize(rows, cols, 0, 0);
    }

    /// Waits until the response to `screen` equals the second emulation.
    #[track_caller]
    fn assert_equal(&mut self) {
        self.assert_equal_with_redraw("");
    }

    /// Does the same, and sends SIGWINCH and `key` in every twentieth round: some programs do not redraw completely
    /// after a resize, and mc at times misses one although its terminal has the new size.
    #[track_caller]
    fn assert_equal_with_redraw(&mut self, key: &str) {
        let mut client = self.session.client();
        let mut last = String::new();
        let until = Instant::now() + DEADLINE;
        for round in 0.. {
            if Instant::now() > until {
                break;
            }
            if round % 20 == 0 && !key.is_empty() {
                for program in proc::children(self.session.term.pid()) {
                    kill(program, Signal::SIGWINCH).expect("the process runs");
                }
                self.session.term.send(key);
            }
            let answer = client.request("screen", json!({}));
            self.update();
            let screen = self.parser.screen();
            let (response, emulated) = (response_cells(&answer), emulated_cells(screen));
            if response == emulated && response_state(&answer) == emulated_state(screen) {
                return;
            }
            last = match response.iter().zip(&emulated).position(|(response, emulated)| response != emulated) {
                Some(row) => {
                    let cell =
                        response[row].iter().zip(&emulated[row]).position(|(response, emulated)| response != emulated);
                    let cell = cell.unwrap_or_else(|| response[row].len().min(emulated[row].len()));
                    format!("row {row}, cell {cell}: {:?}, not {:?}", response[row].get(cell), emulated[row].get(cell))
                }
                None => format!("{:?}, not {:?}", response_state(&answer), emulated_state(screen)),
            };
        }
        panic!("the screens differ: {last}\n{}", self.parser.screen().contents());
    }
}

/// Runs `program` in a session and compares screens when it shows `text`, after `keys`, and in other window sizes.
fn assert_screen_responses(program: &[&str], text: &str, keys: &str) {
    needs(program[0]);
    let dir = TestDir::new();
    dir.write_file("text", (1..=200).map(|n| format!("line {n} \u{e9}\u{4e2d}\ttab\n")).collect::<String>());
    dir.write_file("tmux.conf", "set -g status-right ''\nset -g default-command 'PS1=\"in> \" sh'\n");
    let args = [&["-q", "--indicator", "none", "--"], program].concat();
    let launch = coshell(&args).cwd(dir.root()).env("HOME", dir.root()).env("TERM", "xterm-256color");
    let mut emulated = EmulatedSession::new(Session::start(launch.size(24, 80, 0, 0)));
    emulated.session.term.wait_until(text, |term| term.rows().iter().any(|row| row.contains(text)));
    emulated.assert_equal();
    emulated.session.term.send(keys);
    emulated.assert_equal();
    for (rows, cols) in [(31, 103), (17, 61)] {
        emulated.resize(rows, cols);
        emulated.assert_equal_with_redraw("\x0c");
    }
}

#[test]
fn screen_response_equals_vim_screen() {
    assert_screen_responses(
        &["vim", "-u", "NONE", "-c", "set number hlsearch cursorline | syntax on", "text"],
        "line 3",
        "\x04/ine\r",
    );
}

#[test]
fn screen_response_equals_less_screen() {
    assert_screen_responses(&["less", "-N", "text"], "line 3", " j/9\rnn");
}

#[test]
fn screen_response_equals_htop_screen() {
    assert_screen_responses(&["htop", "-d", "100"], "Load average", "\x1bOB\x1bOB");
}

#[test]
fn screen_response_equals_tmux_screen() {
    assert_screen_responses(&["tmux", "-L", "reading", "-f", "tmux.conf"], "in>", "seq 30\r\x02%ls\r");
}

#[test]
fn screen_response_equals_mc_screen() {
    assert_screen_responses(&["mc", "--nosubshell", "-u"], "1Help", "\x1b[B\t");
}

#[test]
fn screen_response_equals_bash_screen() {
    let mut emulated = EmulatedSession::new(Session::bash(&["-q"]));
    emulated.session.term.send("clear; seq 40; printf '\\033[1;32mgreen \\033[44m\\033[K\\033[m\\n'\r");
    emulated.session.term.wait("\x1b[1;32mgreen");
    emulated.session.term.wait(PROMPT);
    emulated.assert_equal();
    emulated.session.term.send("echo not sent yet \x1b[D\x1b[D\x1b[D");
    emulated.assert_equal();
}

#[test]
fn lines_are_numbered_from_session_start() {
    let mut session = Session::bash(&["-q"]);
    session.term.send("for i in 1 2 3; do echo \"line $i\"; done\r");
    session.term.wait("line 3");
    session.term.wait(PROMPT);
    let all = session.call(&["lines", "--json"]).json();
    let numbers: Vec<u64> =
        all["lines"].as_array().expect("lines").iter().filter_map(|line| line["number"].as_u64()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    assert_eq!(session.call(&["lines", "-n", "3"]).success(), format!("line 2\nline 3\n{PROMPT}\n"));
    let first = session.call(&["lines", "--from", "2", "--numbers"]).success();
    assert!(first.starts_with("     2  line 1\n"), "{first}");
    assert_eq!(session.call(&["lines", "--from", "2", "--to", "3"]).success(), "line 1\nline 2\n");
    assert_eq!(session.call(&["lines", "--to", "3", "-n", "1"]).success(), "line 2\n");
    session.call(&["lines", "--from", "3", "--to", "2"]).failed(2, "--to: line 2 comes before line 3");
    session.call(&["lines", "--to", "2", "--follow"]).failed(2, "--to: lines that are followed have no last one");
    let refusal = session.client().response("lines", json!({"from": 3, "to": 2}));
    assert_eq!(refusal["error"]["code"], -32602, "{refusal}");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs_f64();
    let time = all["lines"][1]["time"].as_f64().expect("a time");
    assert!((now - 120.0..=now + 1.0).contains(&time), "{time} at {now}");
}

#[test]
fn lines_are_printed_with_their_times() {
    let mut session = Session::bash(&["-q"]);
    session.term.send("echo one\r");
    session.term.wait("\rone\r\n");
    session.term.wait(PROMPT);
    let lines = session.call(&["lines", "--json"]).json();
    let time = |at: usize| lines["lines"][at]["time"].as_f64().expect("a time");
    let seconds: Vec<String> = (0..3).map(|at| format!("{:.0}", time(at).floor())).collect();
    let printed = session.call(&["lines", "--times=%s", "--numbers"]).success();
    let (first, second) = (format!("{}       1  ", seconds[0]), format!("{}       2  one\n", seconds[1]));
    assert!(printed.starts_with(&first) && printed.contains(&second), "{printed} at {seconds:?}");
    // In the time zone of the client.
    let of_zone = |zone: &str| {
        let mut command = std::process::Command::new(COSHELL);
        command.args(["lines", "-n", "2", "--times"]).env("TZ", zone).env("COSHELL_SOCKET", session.socket());
        String::from_utf8(command.output().expect("coshell runs").stdout).expect("text")
    };
    assert!(of_zone("XXX-05:30").lines().all(|line| line[19..].starts_with('.') && line[23..].starts_with("+05:30  ")));
    assert!(of_zone("UTC0").contains("+00:00  one\n"));
    session.call(&["lines", "--times=%Q%n\u{1b}"]).success();
}

#[test]
fn command_output_is_selected_by_marks() {
    needs("bash");
    let mut session = Session::bash(&["-q"]);
    assert!(session.call(&["lines", "--command"]).stderr.contains("integration"));
    session.term.send("eval \"$(\"$WRAP\" integration bash)\"\r");
    session.term.wait(PROMPT);
    session.term.send("printf 'one\\ntwo'; (exit 3)\r");
    session.term.wait("two");
    session.term.wait(PROMPT);
    session.term.send("echo later\r");
    session.term.wait("later\r\n");
    session.term.wait(PROMPT);
    assert_eq!(session.call(&["lines", "--command"]).success(), "later\n");
    assert_eq!(session.call(&["lines", "--command=2"]).success(), "one\ntwo\n");
    let marks = session.call(&["marks", "--json"]).json();
    let commands = marks["commands"].as_array().expect("commands");
    let second = &commands[commands.len() - 2];
    assert_eq!((&second["status"], &second["text"]), (&json!(3), &json!("printf 'one\\ntwo'; (exit 3)")));
    assert!(session.call(&["lines", "--command=99"]).stderr.contains("fewer"));
}

/// Columns of the window in which typed commands fill rows.
const NARROW: u16 = 40;

/// Types commands that end in or near the last column of the first and second row, each followed by `keys`. Fails
/// unless their output is a separate line for triggers and for `lines`.
fn assert_output_is_separate_line(mut session: Session, prompt: &str, print: impl Fn(&str) -> String, keys: &str) {
    let wide = usize::from(NARROW);
    for columns in [wide - 1, wide, wide + 1, 2 * wide - 1, 2 * wide, 2 * wide + 1] {
        let word = format!("OUT{columns}PUT");
        let command = format!("{:x<1$}", print(&word), columns - prompt.len());
        session.term.send(&command);
        session.term.wait_until("the command", |term| term.rows().concat().ends_with(&command));
        session.term.send(keys);
        session.term.wait(&format!("{word}\r\n"));
        session.term.wait(prompt);
        let captured = session.call(&["captured", "--json"]).json();
        let last = captured["captured"].as_array().and_then(|all| all.last()).expect("a captured line");
        assert_eq!(last["quote"], json!(word), "{columns} columns");
        assert_eq!(
            session.call(&["lines", "-n", "3"]).success(),
            format!("{prompt}{command}\n{word}\n{prompt}\n"),
            "{columns} columns"
        );
    }
}

/// Options that capture the output of the commands.
const CAPTURE: [&str; 4] = ["-q", "-t", r"^OUT\d+PUT$", "--capture"];

fn narrow_bash() -> Session {
    needs("bash");
    let mut session = Session::start(bash(&CAPTURE).size(24, NARROW, 0, 0));
    session.term.wait(PROMPT);
    session
}

fn echo_command(word: &str) -> String {
    format!("echo {word} #")
}

#[test]
fn output_after_command_filling_its_row_is_separate_line() {
    assert_output_is_separate_line(narrow_bash(), PROMPT, echo_command, "\r");
}

#[test]
fn output_after_command_entered_with_cursor_at_start_is_separate_line() {
    assert_output_is_separate_line(narrow_bash(), PROMPT, echo_command, "\x01\r");
}

#[test]
fn python_output_after_input_filling_its_row_is_separate_line() {
    needs("python3");
    let program = ["--", "python3", "-q", "-i"];
    let launch = coshell(&[&CAPTURE[..], &program].concat()).env("PYTHON_BASIC_REPL", "1").size(24, NARROW, 0, 0);
    let mut session = Session::start(launch);
    session.term.wait(">>> ");
    assert_output_is_separate_line(session, ">>> ", |word| format!("print('{word}') #"), "\r");
}

#[test]
fn lines_follow_prints_new_lines() {
    let mut session = Session::bash(&["-q"]);
    session.term.send("echo before\r");
    session.term.wait("before\r\n");
    session.term.wait(PROMPT);
    let script = "\"$WRAP\" lines -f > followed & until grep -q before followed; do sleep 0.02; done; echo came";
    session.term.send(format!("{script}\r"));
    session.term.wait("came\r\n");
    session.term.wait(PROMPT);
    session.term.send("until grep -qx came followed; do sleep 0.02; done; kill %1; echo $((1+1)) done\r");
    session.term.wait("2 done");
}

#[test]
fn note_is_shown_above_prompt_and_listed_below_its_line() {
    let mut session = Session::bash(&[]);
    session.term.send("echo an error here\r");
    session.term.wait("here\r\n");
    session.term.wait(PROMPT);
    assert_eq!(session.type_subcommand("annotate /error 'look at this'"), 0);
    let shown = |rows: Vec<String>| rows.join("\n").contains("note on line 2: error\n  look at this");
    session.term.wait_until("the note", |term| shown(term.rows()));
    let listed = session.call(&["notes"]).success();
    assert_eq!(listed, "     2  an error here\n        look at this\n");
    let lines = session.call(&["lines", "--notes", "--from", "2"]).success();
    assert!(lines.starts_with("an error here\n  ^ look at this\n"), "{lines}");
    assert_eq!(session.type_subcommand("set colour blue"), 0);
    assert_eq!(session.call(&["get", "colour"]).success(), "blue\n");
    session.call(&["get", "none"]).failed(1, "no variable");
    session.call(&["annotate", "4711", "x"]).failed(1, "there is no line 4711");
}

#[test]
fn keys_and_requests_are_answered_while_screen_is_replayed() {
    let mut session = Session::bash(&[]);
    // 45 KB that print ten million characters.
    std::fs::write(session.term.home().join("costly"), "a\x1b[65535b".repeat(5000)).expect("the home is writable");
    session.term.send("cat ~/costly; printf '\\nDO''NE\\n'\r");
    session.term.wait("DONE");
    session.term.wait(PROMPT);
    let screen = session.start_call(&["screen"], "");
    for key in ["first", "second", "third"] {
        session.term.send(key);
        session.term.wait(key);
        session.request("status", json!({}));
        assert!(!screen.is_finished(), "the screen takes longer than the key {key:?}");
    }
    let answer = session.finish_call(screen);
    assert!(answer.stdout.contains("firstsecondthird"), "the screen has what was typed meanwhile: {}", answer.stdout);
}
