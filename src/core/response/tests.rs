use serde_json::{Value, json};

use super::*;
use crate::core::session_event::SessionEvent;

const TIME: f64 = 1_764_354_000.25;

/// Every method: parameters that it takes, and its samples as they go over the wire.
fn golden() -> Vec<(&'static str, Value, Vec<Value>)> {
    let failure = json!({"message": "coprocess \"bot\" failed: status 3", "stderr": ["no route"]});
    let failed = json!({"status": 3, "failure": failure});
    let killed = json!({"status": 143, "signal": 15});
    let note = json!({"line": 12, "quote": "2 errors", "time": TIME, "from": 1, "to": 1, "text": "see the log"});
    vec![
        ("run", json!(["bot"]), vec![json!({"pid": 4711}), failed.clone()]),
        ("stop", json!([]), vec![killed.clone(), json!({})]),
        ("wait", json!([]), vec![failed, killed.clone()]),
        ("record-start", json!(["x"]), vec![recording(true)]),
        ("record-status", json!([]), vec![recording(true)]),
        ("record-stop", json!([]), vec![recording(false)]),
        ("lend", json!([["fzf"]]), vec![json!({"status": 0}), killed]),
        ("status", json!([]), vec![status()]),
        ("errors", json!([]), vec![json!({"command": "bot", "stderr": "no route\n"})]),
        ("send", json!(["text"]), vec![json!({"offset": 840, "typed": 5}), json!({})]),
        ("await", json!({"prompt": true}), awaited()),
        ("exec", json!([["make"]]), vec![executed()]),
        ("lines", json!([]), vec![lines(&note)]),
        ("screen", json!([]), vec![screen()]),
        ("annotate", json!(["12", "text"]), vec![json!({"line": 12, "text": "2 errors"})]),
        ("notes", json!([]), vec![json!({"notes": [note]})]),
        ("captured", json!([]), vec![json!({"captured": [captured()]})]),
        ("inject", json!(["text"]), vec![json!({})]),
        ("set", json!(["host", "a1"]), vec![json!({})]),
        ("get", json!([]), vec![json!({"value": "a1"}), json!({"variables": {"host": "a1"}})]),
        ("marks", json!([]), vec![marks()]),
        ("trigger-list", json!([]), vec![trigger_list()]),
        ("trigger-add", json!(["a"]), vec![json!({"number": 1})]),
        ("trigger-remove", json!(["1"]), vec![json!({"number": 1})]),
        ("trigger-enable", json!(["1"]), vec![json!({"number": 1, "enabled": true})]),
        ("trigger-disable", json!(["1"]), vec![json!({"number": 1, "enabled": false})]),
        ("notify", json!(["text"]), vec![json!({})]),
        ("subscribe", json!([]), vec![json!({"events": ["line"]})]),
        ("access", json!(["annotate"]), vec![json!({"level": "annotate"})]),
    ]
}

fn captured() -> Value {
    let mut captured = quoted("trigger");
    captured["place"] = json!({"file": "src/a.c", "line": 7, "column": 3, "severity": "error", "message": "error: x"});
    captured
}

fn status() -> Value {
    json!({
        "session": "4242", "name": "build", "version": env!("CARGO_PKG_VERSION"), "command": "/bin/bash", "tty": "/dev/pts/3",
        "rows": 24, "cols": 80, "keyboard": "terminal", "screen": "stream", "alternate_screen": false, "triggers": 1,
        "waiting_texts": 1,
        "state": "running", "since": TIME, "seconds": 7.5, "job": {"name": "make", "pid": 4712}, "directory": "/src",
        "last_command": {"status": 2, "seconds": 1.5},
        "coprocess": {
            "command": "bot", "pid": 4711, "silent": false, "input": "json", "seconds": 7, "bytes_read": 2048,
            "bytes_typed": 12,
        },
        "last_coprocess": {"command": "rz", "status": 0},
    })
}

fn awaited() -> Vec<Value> {
    vec![
        json!({"outcome": "timeout"}),
        json!({"outcome": "came", "line": 12, "text": "2 errors", "groups": ["2 errors", "2", null]}),
        json!({"outcome": "came", "command": 3, "status": 2}),
        json!({"outcome": "came", "state": "asks"}),
    ]
}

fn executed() -> Value {
    json!({
        "outcome": "ended", "status": 2, "command": 3, "output": 11, "first": 11, "last": 12,
        "text": "make: start\n2 errors\n", "left_out": 0, "tail": "", "seconds": 1.5, "directory": "/src",
    })
}

fn lines(note: &Value) -> Value {
    let line = json!({
        "number": 12, "time": TIME, "text": "2 errors", "command": 3, "open": true, "more": true, "notes": [note],
    });
    json!({"lines": [line], "left_out": false})
}

fn screen() -> Value {
    let run = json!({
        "text": "$ ls", "foreground": 2, "background": "#1e1e2e", "bold": true, "faint": true, "italic": true,
        "underline": true, "blink": true, "inverse": true, "strikethrough": true,
    });
    json!({
        "rows": 1, "cols": 80, "alternate_screen": false, "cursor": {"row": 0, "column": 4, "visible": true},
        "lines": ["$ ls"], "runs": [[run]], "wrapped": [0], "numbers": [7],
    })
}

fn quoted(key: &str) -> Value {
    json!({"line": 12, "quote": "2 errors", "time": TIME, "from": 1, "to": 1, key: "errors"})
}

fn marks() -> Value {
    let command = json!({
        "command": 3, "line": 10, "output": 11, "end": 13, "status": 2, "running": false, "time": TIME,
        "seconds": 1.5, "directory": "/src", "text": "make",
    });
    json!({"commands": [command], "marks": [quoted("name")], "directory": "/src"})
}

fn recording(recording: bool) -> Value {
    let file = "/home/me/make.cast";
    json!({"recording": recording, "file": file, "input": true, "seconds": 7, "bytes": 4096, "left_out": 0})
}

fn trigger_list() -> Value {
    let options = json!([{"name": "send", "value": "yes"}]);
    json!({"triggers": [{
        "number": 1, "name": "ask", "regex": "sure\\?", "event": null, "options": options, "enabled": true, "stopped": false, "fired": 2, "searched": 5,
        "microseconds": 12,
    }]})
}

fn request(method: &str, params: Value) -> Request {
    Request::read(method, Some(params)).expect("it is a request")
}

/// Reads the answer as a client does.
fn read(method: &str, params: Value, answer: &Value) -> Response {
    let answer = Response::read(&request(method, params), answer.clone());
    answer.unwrap_or_else(|error| panic!("{method}: {error}"))
}

fn written(answer: &Response) -> Value {
    serde_json::to_value(answer).expect("an answer can be written")
}

#[test]
fn every_method_has_response() {
    let mut methods: Vec<&str> = golden().into_iter().map(|(method, ..)| method).collect();
    let mut known: Vec<&str> = Request::methods().collect();
    methods.sort_unstable();
    known.sort_unstable();
    assert_eq!(methods, known);
}

#[test]
fn response_has_fixed_form_on_wire() {
    for (method, params, answers) in golden() {
        let samples = samples(method);
        assert_eq!(samples.iter().map(written).collect::<Vec<_>>(), answers, "{method}");
        for (sample, answer) in samples.iter().zip(&answers) {
            assert_eq!(read(method, params.clone(), answer), *sample, "{method}");
        }
    }
}

#[test]
fn unknown_value_is_null_or_absent() {
    let line = json!({"number": 1, "time": TIME, "text": ""});
    let quoted = json!({"line": 1, "quote": "", "time": TIME});
    let with = |key: &str| {
        let mut object = quoted.clone();
        object[key] = "".into();
        object
    };
    let command = json!({
        "command": 1, "line": null, "output": null, "end": null, "status": null, "running": true, "time": null,
        "seconds": null, "directory": null, "text": null,
    });
    let mut idle = status();
    for key in ["coprocess", "last_coprocess", "job", "directory", "last_command"] {
        idle[key] = Value::Null;
    }
    let mut starting = status();
    starting["coprocess"]["pid"] = Value::Null;
    let mut plain = screen();
    plain["runs"] = json!([[{"text": ""}], []]);
    plain["numbers"] = json!([null]);
    let mut nameless = trigger_list();
    nameless["triggers"][0]["name"] = Value::Null;
    for (method, answer) in [
        ("status", idle),
        ("status", starting),
        ("screen", plain),
        ("lines", json!({"lines": []})),
        ("lines", json!({"lines": [line], "left_out": true})),
        ("marks", json!({"commands": [], "marks": []})),
        ("marks", json!({"commands": [command], "marks": [with("name")], "directory": null})),
        ("notes", json!({"notes": [with("text")]})),
        ("captured", json!({"captured": [with("trigger")]})),
        ("trigger-list", nameless),
    ] {
        assert_eq!(written(&read(method, json!([]), &answer)), answer, "{method}");
    }
}

#[test]
fn response_without_required_key_is_error() {
    // What a session leaves out, or tells as null where there is none.
    let optional = [
        "name",
        "failure",
        "signal",
        "typed",
        "offset",
        "left_out",
        "directory",
        "coprocess",
        "last_coprocess",
        "file",
        "job",
        "last_command",
    ];
    // An empty object is an answer to stop as well, and of an answer to exec each fact may be unknown.
    for (method, params, answers) in golden().into_iter().filter(|(method, ..)| !["stop", "exec"].contains(method)) {
        let keys = answers[0].as_object().expect("an answer is an object").keys();
        for key in keys.filter(|key| !optional.contains(&key.as_str())) {
            let mut answer = answers[0].clone();
            answer.as_object_mut().and_then(|object| object.remove(key)).expect("it is there");
            let read = Response::read(&request(method, params.clone()), answer);
            assert!(read.is_err(), "{method} without {key}: {read:?}");
        }
    }
}

#[test]
fn unknown_key_is_ignored() {
    for (method, params, answers) in golden() {
        for (sample, mut answer) in samples(method).into_iter().zip(answers) {
            answer["newer"] = json!({"more": [1]});
            assert_eq!(read(method, params.clone(), &answer), sample, "{method}");
        }
    }
}

#[test]
fn followed_event_is_read_as_written() {
    let mut line = SessionEvent::Line { number: 7, text: b"a\xff", more: true }.object();
    line["time"] = TIME.into();
    let expected = LineResponse {
        number: 7,
        time: TIME,
        text: "a\u{fffd}".to_owned(),
        command: None,
        open: false,
        more: true,
        notes: Vec::new(),
    };
    let stderr = SessionEvent::CoprocStderr { text: b"why" }.object();
    for (event, expected) in [
        (line, FollowedEvent::Line(expected)),
        (stderr, FollowedEvent::CoprocStderr { text: "why".to_owned() }),
        (json!({"type": "missed", "count": 3}), FollowedEvent::Missed { count: 3 }),
    ] {
        assert_eq!(serde_json::from_value::<FollowedEvent>(event).expect("it is followed"), expected);
    }
}
