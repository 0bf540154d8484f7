//! Annotations by triggers and clients.

use serde_json::{Value, json};

use super::*;
use crate::core::request::Request;
use crate::types::RequestId;

impl Bench {
    /// What a control client is answered.
    #[track_caller]
    pub(super) fn reply(&mut self, method: &str, params: Value) -> Value {
        self.try_reply(method, params).unwrap_or_else(|refusal| panic!("{method}: {refusal:?}"))
    }

    fn try_reply(&mut self, method: &str, params: Value) -> Result<Value, crate::core::rpc_error::RpcError> {
        let command = Request::read(method, Some(params)).unwrap_or_else(|fault| panic!("{method}: {fault:?}"));
        self.input(Input::Request(RequestId(7), command, Requester::default()));
        let answer = self.effects.iter().rposition(|effect| matches!(effect, Effect::Answer(RequestId(7), _)));
        match self.effects.remove(answer.expect("it is answered at once")) {
            Effect::Answer(_, reply) => {
                reply.map(|response| serde_json::to_value(response).expect("it can be written"))
            }
            effect => panic!("{effect:?}"),
        }
    }
}

#[test]
fn note_is_shown_at_once_and_listed_with_its_line() {
    let mut bench = Bench::new(&["-t", "error (\\d+)", "--annotate", "see the list: $1"]);
    bench.shell(b"make\r\nerror 42 in x\r\n$ ls").wait(30);
    assert_eq!(
        bench.lines(),
        ["make", "error 42 in x", "coshell: note on line 2: error 42 in x", "  see the list: 42", "$ ls"]
    );
    let notes = bench.reply("notes", json!({}));
    assert_eq!((&notes["notes"][0]["line"], &notes["notes"][0]["text"]), (&json!(2), &json!("see the list: 42")));
    let lines = bench.reply("lines", json!({}));
    assert_eq!(lines["lines"][1]["notes"], notes["notes"]);
    assert_eq!(lines["lines"][0]["notes"], Value::Null);
}

#[test]
fn line_is_referred_to_by_number_columns_or_text() {
    let mut bench = Bench::new(&[]);
    bench.shell(b"one\r\nabc d\xc3\xa9f ghi\r\n$ coshell annotate /d\xc3\xa9f x\r\n");
    assert_eq!(bench.reply("annotate", json!({"line": "2", "text": "all"}))["text"], "abc d\u{e9}f ghi");
    bench.reply("annotate", json!({"line": "2:5-7", "text": "part\nof it"}));
    assert_eq!(bench.reply("annotate", json!({"line": "/d\u{e9}f", "text": "found"}))["line"], 2);
    let shown = bench.lines().join("\n");
    assert!(shown.contains("note on line 2: d\u{e9}f\n  part\n  of it"), "{shown}");
    let notes = bench.reply("notes", json!({}));
    let parts: Vec<_> = (0..3).map(|n| (notes["notes"][n]["from"].clone(), notes["notes"][n]["to"].clone())).collect();
    assert_eq!(parts, [(Value::Null, Value::Null), (json!(5), json!(7)), (json!(5), json!(7))]);
    for line in ["9", "", "x", "1:0-2", "1:3-2", "/nowhere", "/"] {
        assert!(bench.try_reply("annotate", json!({"line": line, "text": "x"})).is_err(), "{line}");
    }
}

/// Prompts and commands of a shell with marks.
fn marked(typed: &str, c: &str, output: &str) -> String {
    format!("\x1b]133;A\x07$ \x1b]133;B\x07{typed}\r\n\x1b]133;C{c}\x07{output}")
}

#[test]
fn text_is_found_where_call_was_not_typed() {
    let end = "\x1b]133;D;0\x07";
    let call = "coshell annotate /main.rs seen";
    let make = marked("make", "", &format!("src/main.rs:3: bad\r\n{end}"));
    for (what, shell, line) in [
        ("a path", "error: src/main.rs:3\r\n".to_owned(), 1),
        ("a newer path", "main.rs old\r\nsrc/main.rs new\r\n".to_owned(), 2),
        ("a call without marks", format!("src/main.rs:3\r\n$ {call}\r\n"), 1),
        ("two calls without marks", format!("src/main.rs:3\r\n$ {call}\r\n$ {call} again\r\n"), 1),
        ("a call with marks", format!("{make}{}", marked(call, "", "")), 2),
        ("a call as an alias", format!("{make}{}", marked("note main.rs seen", "", "")), 2),
        ("a call of two rows", format!("{make}{}", marked("coshell annotate \\\r\n> /main.rs seen", "", "")), 2),
        ("a call told by C", format!("{make}{}", marked(call, ";cmdline_url=coshell%20annotate%20/main.rs", "")), 2),
        ("no B", format!("{make}\x1b]133;A\x07$ {call}\r\n\x1b]133;C\x07"), 2),
        (
            "an earlier call",
            format!("{make}{}{end}{}", marked(call, "", ""), marked("coshell annotate 1 x", "", "")),
            2,
        ),
        ("an earlier command", format!("{make}{}{end}", marked("vi src/main.rs", "", "")), 3),
        ("a printed call", format!("{make}{}{end}", marked("cat notes", "", &format!("{call}\r\n"))), 4),
        ("a call in a shell without marks", format!("{make}{}", marked("ssh host", "", &format!("$ {call}\r\n"))), 2),
        ("a prompt", format!("{make}\x1b]133;A\x07src/main.rs $ \x1b]133;B\x07"), 3),
    ] {
        let mut bench = Bench::new(&[]);
        bench.shell(shell.as_bytes());
        let found = bench.reply("annotate", json!({"line": "/main.rs", "text": "x"}));
        assert_eq!(found["line"], line, "{what}: {found}");
    }
}

#[test]
fn note_shows_no_escape_sequence() {
    let mut bench = Bench::new(&[]);
    bench.shell(b"one\r\n").reply("annotate", json!({"line": "1", "text": "a\x1b]0;evil\x07b"}));
    assert!(!String::from_utf8_lossy(&bench.shown).contains("\x1b]0;evil"));
}

#[test]
fn lines_are_captured_and_marked() {
    let mut bench = Bench::new(&["-t", "warn", "--capture", "--mark", "-t", "step (\\d)", "--mark", "step $1"]);
    bench.shell(b"a warning\r\nstep 2\r\nnothing\r\n").wait(30);
    let captured = bench.reply("captured", json!({}))["captured"].clone();
    assert_eq!(
        (&captured[0]["line"], &captured[0]["quote"], &captured[0]["trigger"]),
        (&json!(1), &json!("a warning"), &json!("warn"))
    );
    assert_eq!(captured[1], Value::Null);
    let marks = bench.reply("marks", json!({}))["marks"].clone();
    assert_eq!(
        (&marks[0]["name"], &marks[1]["name"], &marks[1]["line"]),
        (&json!("warn"), &json!("step 2"), &json!(2))
    );
}

#[test]
fn variables_are_set_and_read() {
    let mut bench = Bench::new(&["-t", "^at (\\S+)", "--set", "place=<$1>"]);
    bench.shell(b"at home\r\n").wait(30);
    assert_eq!(bench.reply("get", json!({"name": "place"})), json!({"value": "<home>"}));
    bench.reply("set", json!({"name": "x", "value": "1"}));
    assert_eq!(bench.reply("get", json!({})), json!({"variables": {"place": "<home>", "x": "1"}}));
    assert!(bench.try_reply("get", json!({"name": "y"})).is_err());
    assert!(bench.try_reply("set", json!({"name": "a b", "value": ""})).is_err());
}

#[test]
fn injected_text_is_shown_like_shell_output() {
    let mut bench =
        Bench::new(&["-c", "bot", "-i", "text", "-t", "^go$", "--inject", "told\\r\\n", "-t", "^told$", "--bell"]);
    bench.shell(b"go\r\n\x1b[3");
    bench.reply("inject", json!({"text": "asked\n"}));
    assert_eq!(bench.lines()[0], "go");
    bench.shell(b"1mred\x1b[m\r\n").wait(30);
    let read = String::from_utf8_lossy(&bench.read).into_owned();
    assert_eq!(read, "go\nred\ntold\nasked\n");
    assert!(bench.shown.contains(&0x07));
    assert_eq!(bench.kept().len(), 4);
}

#[test]
fn trigger_injecting_its_own_match_is_stopped() {
    let mut bench = Bench::new(&["-t", "again", "--inject", "again\\r\\n"]);
    bench.shell(b"again\r\n").wait(100);
    assert!(bench.lines().iter().any(|line| line.contains("stopped until")), "{:?}", bench.lines());
    assert_eq!(bench.core.deadline(), None);
}

#[test]
fn text_injected_during_silence_is_shown_once_behind_hidden_output() {
    for silent in [&["-s", "bot"][..], &["-i", "text", "-s", "bot"]] {
        let mut bench = Bench::new(silent);
        bench.shell(b"hidden\r\n").reply("inject", json!({"text": "told\n"}));
        assert_eq!(bench.lines(), Vec::<String>::new());
        let unread = std::mem::take(&mut bench.read);
        bench.coproc_exits(ExitStatus::Code(0), &unread);
        assert_eq!(bench.lines(), ["hidden", "told"]);
    }
}
