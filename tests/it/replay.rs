//! `coshell replay`: recordings of script(1) and of asciinema, and plain files.

use std::fs;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{COSHELL, TestDir};

/// Runs `coshell replay` with these arguments.
fn replay(args: &[&str]) -> Output {
    Command::new(COSHELL).arg("replay").args(args).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Returns the JSON objects that a replay with status `status` prints.
#[track_caller]
fn objects(status: i32, args: &[&str]) -> Vec<Value> {
    let output = replay(&[&["--json"], args].concat());
    assert_eq!(output.status.code(), Some(status), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Records `command` with script(1) and these options, in `dir`.
fn script(dir: &TestDir, options: &[&str], command: &str) {
    let mut script = Command::new("script");
    script.args(["-q", "-c", command]).args(options).current_dir(dir.root());
    let status = script.env("SHELL", "/bin/sh").stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
    assert!(status.success());
}

#[test]
fn firings_of_asciicast_are_printed_with_captures_and_effects() {
    let dir = TestDir::new();
    let cast = "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n[0.5,\"o\",\"$ make\\r\\n\"]\n\
                [1.25,\"o\",\"\\u001b[31m3 failed\\u001b[m\\r\\n\"]\n[0.5,\"o\",\"sure? [y/n] \"]\n[3.25,\"x\",\"2\"]\n";
    let file = dir.write_file("make.cast", cast);
    let triggers = [
        "-t",
        r"(?<n>\d+) failed",
        "--name",
        "tests",
        "--notify",
        "${n} of them",
        "--bell",
        "-t",
        "sure",
        "--send",
        "y\\r",
    ];
    let output = replay(&[&triggers[..], &[&file]].concat());
    assert_eq!(output.status.code(), Some(0));
    let expected = format!(
        "{file}:2: 1.750 s: trigger \"tests\" matched \"3 failed\"\n    ${{n}}: \"3\"\n    would notify \"3 of them\"\n    \
         would ring the bell\n{file}:3: 2.270 s: trigger \"sure\" matched \"sure\"\n    would type \"y\\r\"\n\
         2 fired: 2 lines, {} bytes, 5.5 s\n",
        cast.len()
    );
    assert_eq!(text(&output.stdout), expected);
    let all = objects(0, &[&triggers[..], &[&file]].concat());
    assert_eq!(
        all[0],
        json!({
            "type": "fired", "file": file, "line": 2, "time": 1.75, "alternate_screen": false, "text": "3 failed",
            "trigger": 1, "name": "tests", "groups": ["3 failed", "3"], "named": {"n": "3"},
            "actions": [{"action": "notify", "would": "notify \"3 of them\""}, {"action": "bell", "would": "ring the bell"}],
        })
    );
    assert_eq!((&all[2]["type"], &all[2]["fired"], all.len()), (&json!("summary"), &json!(2), 3));
}

#[test]
fn exit_status_is_that_of_grep() {
    let dir = TestDir::new();
    let file = dir.write_file("log", "one\ntwo\n");
    let status = |args: &[&str]| replay(args).status.code();
    assert_eq!(status(&["-t", "^two$", "--bell", &file]), Some(0));
    assert_eq!(status(&["-t", "three", "--bell", &file]), Some(1));
    assert_eq!(status(&["-t", "two", "--bell", &dir.path_str("missing"), &file]), Some(2));
    for refused in [
        &[&*file][..],
        &["-t", "two", &file],
        &["-c", "bot", "-t", "two", "--bell", &file],
        &["-t", "(", "--bell", &file],
        &["-t", "two", "--bell"],
        &["-t", "two", "--bell", "--explain", "1", &file, &file],
        &["-t", "two", "--bell", "--assume", "alt-screen", &file],
        &["-t", "two", "--bell", "--timing", &file, "--format", "text", &file],
    ] {
        let output = replay(refused);
        assert_eq!((output.status.code(), output.stdout), (Some(2), Vec::new()), "{refused:?}");
        assert!(text(&output.stderr).starts_with("coshell: "), "{refused:?}: {}", text(&output.stderr));
    }
}

#[test]
fn faulty_recording_is_named_with_line_and_column() {
    let dir = TestDir::new();
    let file = dir.write_file(
        "bad.cast",
        "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n[1,\"o\",\"go\\r\\n\"]\n[1,\"o\"]\n",
    );
    let output = replay(&["-t", "go", "--bell", &file]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stdout).contains("matched \"go\""));
    assert!(
        text(&output.stderr).starts_with(&format!("coshell: {file}: line 3, column 7: ")),
        "{}",
        text(&output.stderr)
    );
    // A recording that was cut off is replayed as far as it goes.
    let file = dir.write_file(
        "cut.cast",
        "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n[1,\"o\",\"go\\r\\n\"]\n[1,\"o\",\"g",
    );
    let output = replay(&["-t", "go", "--bell", &file]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("ends within this line"));
}

#[test]
fn typescripts_with_and_without_timing_fire_alike() {
    let dir = TestDir::new();
    let command = "printf 'one\\n'; stty rows 30 cols 100; printf '\\033[1mgo\\033[m 1\\n'; printf 'sure? '";
    script(&dir, &["classic.log", "--timing=classic.timing"], command);
    script(&dir, &["--log-out", "out.log", "--log-timing", "out.timing", "-m", "advanced"], command);
    script(&dir, &["--log-io", "io.log", "--log-timing", "io.timing"], command);
    let triggers = ["-t", "^go (.)$", "--bell", "-t", "sure\\? $", "--send", "y"];
    for (log, timing) in [
        ("classic.log", None),
        ("classic.log", Some("classic.timing")),
        ("out.log", None),
        ("out.log", Some("out.timing")),
        ("io.log", Some("io.timing")),
    ] {
        let (log, timing) = (dir.path_str(log), timing.map(|timing| dir.path_str(timing)));
        let timing: Vec<&str> = timing.iter().flat_map(|timing| ["--timing", timing]).collect();
        let all = objects(0, &[&triggers[..], &timing, &[&log]].concat());
        let fired: Vec<_> = all.iter().map(|object| (&object["line"], &object["text"])).collect();
        let null = Value::Null;
        assert_eq!(fired[..2], [(&json!(2), &json!("go 1")), (&json!(3), &json!("sure? "))], "{log} {timing:?}");
        assert_eq!((fired.len(), fired[2].1), (3, &null));
    }
}

#[test]
fn input_in_same_log_is_no_output() {
    let dir = TestDir::new();
    let log = dir.write_file("io.log", "Script started on x\ngo\ngo\r\nok\r\n");
    let timing = dir.write_file("io.timing", "H 0 OUTPUT_LOG a\nH 0 INPUT_LOG a\nI 0.1 3\nO 0.1 4\nO 0.1 4\n");
    let all = objects(0, &["-t", "go", "--bell", "--timing", &timing, &log]);
    assert_eq!((all.len(), &all[0]["time"]), (2, &json!(0.2)));
    let separate =
        dir.write_file("o.timing", "H 0 OUTPUT_LOG a\nH 0 INPUT_LOG b\nI 0.1 3\nO 0.1 3\nO 0.1 4\nO 0.1 4\n");
    assert_eq!(objects(0, &["-t", "go", "--bell", "--timing", &separate, &log]).len(), 3);
    let short = dir.write_file("short.timing", "0.1 999\n");
    let output = replay(&["-t", "go", "--bell", "--timing", &short, &log]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("ends before"), "{}", text(&output.stderr));
}

#[test]
fn explanation_says_why_and_nothing_is_run() {
    let dir = TestDir::new();
    let witness = dir.path_str("witness");
    let run = format!("touch {witness}");
    let file = dir.write_file("log", "Error one\nno\nerror two\n");
    let triggers = [
        "-t",
        "error",
        "--run",
        &run,
        "-t",
        "^two",
        "--bell",
        "-t",
        "two",
        "--cooldown",
        "5s",
        "--stop",
        "-t",
        "t",
        "--bell",
        "-t",
        "no",
        "--bell",
    ];
    let output = replay(&[&triggers[..], &["--explain", "3", &file]].concat());
    assert_eq!(output.status.code(), Some(0));
    let stops = "trigger 3 \"two\" stops later triggers";
    let expected = format!(
        "{file}:3: 0.000 s, when it was finished: \"error two\"\n    1 \"error\": fires\n    2 \"^two\": the pattern does not \
         match; it matches without ^ at its start, since other text precedes\n    3 \"two\": fires\n    4 \"t\": {stops}\n    \
         5 \"no\": {stops}\n3 fired: 3 lines, 23 bytes, 0.0 s\n"
    );
    assert_eq!(text(&output.stdout), expected);
    let output = replay(&[&triggers[..], &["--explain", "1", &file]].concat());
    assert!(text(&output.stdout).contains("it matches line 2"), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("it matches if case is ignored"), "{}", text(&output.stdout));
    let once = replay(&["-t", "one", "--once", "--bell", "--explain", "3", &file]);
    assert!(text(&once.stdout).contains("1 \"one\": the pattern does not match"), "{}", text(&once.stdout));
    let once = replay(&["-t", "(?i)error", "--once", "--bell", "--explain", "3", &file]);
    assert!(text(&once.stdout).contains("it is --once, and has fired"), "{}", text(&once.stdout));
    let output = replay(&[&triggers[..], &["--explain", "9", &file]].concat());
    assert!(text(&output.stdout).contains("there is no line 9: the last one is 3"));
    assert!(!dir.exists("witness"));
}

#[test]
fn standard_input_and_several_files_are_replayed() {
    let dir = TestDir::new();
    let file = dir.write_file("log", "go\n");
    let command = format!("printf 'no\\ngo\\n' | {COSHELL} replay --json -t go --bell - {file}");
    let output = Command::new("sh").args(["-c", &command]).output().unwrap();
    let lines: Vec<Value> = text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let places: Vec<_> = lines[..2].iter().map(|object| (object["file"].as_str().unwrap(), &object["line"])).collect();
    assert_eq!(places, [("-", &json!(2)), (&*file, &json!(1))]);
    assert_eq!((&lines[2]["files"], &lines[2]["fired"]), (&json!(2), &json!(2)));
}

#[test]
fn unknown_conditions_are_told() {
    let dir = TestDir::new();
    let file = dir.write_file("log", "go\n");
    let all = objects(1, &["-t", "go", "--when", "job=ssh", "--bell", &file]);
    assert_eq!((&all[0]["type"], &all[0]["depends_on"]), (&json!("unknown"), &json!(["job=ssh"])));
    assert_eq!(
        objects(0, &["-t", "go", "--when", "job=ssh", "--bell", "--assume", "job=ssh", &file])[0]["type"],
        "fired"
    );
    let output = replay(&["-t", "go", "--when", "job=ssh", "--bell", &file]);
    assert!(text(&output.stdout).contains("unknown, it would depend on job=ssh"), "{}", text(&output.stdout));
}

#[test]
fn unknown_conditions_of_events_are_told_with_the_event() {
    let dir = TestDir::new();
    let file = dir.write_file("log", "one\n\x1b]9;done\x07\x07");
    let triggers = ["--event", "bell", "--when", "job=ssh", "--bell"];
    let note = ["--event", "notification", "--name", "n", "--when", "job=ssh", "--when", "no-echo", "--bell"];
    let all = objects(1, &[&triggers[..], &note, &[&file]].concat());
    let told = |object: &Value| ["type", "event", "line", "text", "depends_on"].map(|key| object[key].clone());
    assert_eq!(
        all[..2].iter().map(told).collect::<Vec<_>>(),
        [
            [json!("unknown"), json!("notification"), json!(2), json!("done"), json!(["job=ssh", "no-echo"])],
            [json!("unknown"), json!("bell"), json!(2), json!(""), json!(["job=ssh"])],
        ]
    );
    let output = replay(&[&triggers[..], &note, &[&file]].concat());
    let depends = "unknown, it would depend on job=ssh";
    assert_eq!(
        text(&output.stdout),
        format!(
            "{file}:2: 0.000 s: trigger \"n\" on event notification \"done\": {depends} and no-echo (--assume job=ssh \
             --assume no-echo)\n{file}:2: 0.000 s: trigger \"bell\" on event bell: {depends} (--assume job=ssh)\n\
             0 fired, 2 unknown: 1 lines, 14 bytes, 0.0 s\n"
        )
    );
    assert_eq!(replay(&[&triggers[..], &["--assume", "job=ssh", &file]].concat()).status.code(), Some(0));
}

/// Each format that tells the exit of the program: asciicast, and both lines of script(1).
#[test]
fn exit_in_a_recording_is_an_event() {
    let dir = TestDir::new();
    let cast = "{\"version\":3,\"term\":{\"cols\":80,\"rows\":24}}\n[0.5,\"o\",\"bye\\r\\n\"]\n[0.25,\"x\",\"3\"]\n";
    dir.write_file("exit.cast", cast);
    let mut script = Command::new("script");
    script.args(["-q", "-e", "-c", "echo bye; exit 3", "--log-out", "out.log", "--log-timing", "out.timing"]);
    script.args(["-m", "advanced"]).current_dir(dir.root()).env("SHELL", "/bin/sh");
    let status = script.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(3));
    for (log, timing) in [("exit.cast", None), ("out.log", None), ("out.log", Some("out.timing"))] {
        let (log, timing) = (dir.path_str(log), timing.map(|timing| dir.path_str(timing)));
        let timing: Vec<&str> = timing.iter().flat_map(|timing| ["--timing", timing]).collect();
        let triggers = ["--event", "exit", "--notify", "${status}", "--event", "exit", "--status", "0", "--bell"];
        let all = objects(0, &[&triggers[..], &timing, &[&log]].concat());
        let fired: Vec<_> = all.iter().map(|object| (&object["event"], &object["actions"][0]["would"])).collect();
        assert_eq!(fired, [(&json!("exit"), &json!("notify \"3\"")), (&Value::Null, &Value::Null)], "{log} {timing:?}");
    }
}

/// The user's own configuration counts only where no trigger is given.
#[test]
fn triggers_of_configuration_are_replayed() {
    let dir = TestDir::new();
    let log = dir.write_file("log", "one\ntwo\n");
    let written = |regex: &str| format!("[[trigger]]\nregex = '{regex}'\nbell = true\n");
    let file =
        dir.write_file("c.toml", format!("{}[[profile.p.trigger]]\nevent = 'start'\nbell = true\n", written("one")));
    fs::create_dir(dir.path("coshell")).unwrap();
    dir.write_file("coshell/config.toml", written("two"));
    let fired = |args: &[&str]| -> Vec<String> {
        let mut command = Command::new(COSHELL);
        command.args(["replay", "--json"]).args(args).arg(&log).env("XDG_CONFIG_HOME", dir.root()).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let objects = text(&output.stdout);
        let objects = objects.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        objects.filter_map(|object| Some(object["name"].as_str()?.to_owned())).collect()
    };
    assert_eq!(fired(&[]), ["two"]);
    assert_eq!(fired(&["-t", "o", "--bell"]), ["o", "o"]);
    assert_eq!(fired(&["-f", &file, "-t", "o", "--bell"]), ["one", "o", "o"]);
    assert_eq!(fired(&["-f", &file, "--profile", "p"]), ["start", "one"]);
    let marked = dir.write_file("marked", "\x1b]133;C\x07out\r\n\x1b]133;D;2\x07$ ");
    let shown = replay(&["--event", "command-finished", "--status", "2", "--notify", "${status}", &marked]);
    let place = format!("{marked}:2: 0.000 s: trigger \"command-finished\" on event command-finished\n");
    assert!(text(&shown.stdout).starts_with(&place), "{}", text(&shown.stdout));
    assert!(text(&shown.stdout).contains("\n    would notify \"2\"\n"), "{}", text(&shown.stdout));

    let bad = dir.write_file("bad.toml", written("a("));
    let output = replay(&["-f", &bad, &log]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("regex: unclosed group"), "{}", text(&output.stderr));
}

#[test]
fn assumed_question_lets_condition_and_event_hold() {
    let dir = TestDir::new();
    let file = dir.write_file("log.cast", "{\"version\":2,\"width\":80,\"height\":24}\n[0.1,\"o\",\"sure? \"]\n");
    let triggers = ["-t", "sure", "--when", "asks", "--bell", "-t", "sure", "--when", "no-echo", "--bell"];
    let event = ["--event", "asks", "--send", "y\\r", "--confirm", "--assume", "asks", &file];
    let all = objects(0, &[&triggers[..], &event].concat());
    let fired: Vec<_> = all.iter().filter(|object| object["type"] == "fired").collect();
    assert_eq!(fired.iter().map(|object| &object["trigger"]).collect::<Vec<_>>(), [&json!(1), &json!(3)]);
    assert_eq!((&fired[0]["event"], &fired[0]["text"]), (&Value::Null, &json!("sure? ")));
    assert_eq!(
        (&fired[1]["event"], &fired[1]["text"], &fired[1]["line"]),
        (&json!("asks"), &json!("sure? "), &json!(1))
    );
    assert_eq!(fired[1]["actions"][0]["would"], "ask, and type \"y\\r\"");
}

#[test]
fn events_are_printed_with_text_and_values() {
    let dir = TestDir::new();
    let file = dir.write_file("log", "one\x07\n\x1b]9;done\x07two\n");
    let triggers = ["--event", "start", "--bell", "--event", "bell", "--name", "b", "--mark"];
    let output = replay(&[&triggers[..], &["--event", "notification", "--send", "$0", &file]].concat());
    assert_eq!(
        text(&output.stdout),
        format!(
            "{file}:1: 0.000 s: trigger \"start\" on event start\n    would ring the bell\n\
             {file}:1: 0.000 s: trigger \"b\" on event bell\n    would mark the line as \"b\"\n\
             {file}:2: 0.000 s: trigger \"notification\" on event notification \"done\"\n    ${{title}}: \"\"\n    \
             would type \"done\"\n3 fired: 2 lines, 18 bytes, 0.0 s\n"
        )
    );
}
