//! `coshell import`: files of iTerm2 become configurations.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::{COSHELL, TestDir, needs};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/imported");

fn import(folder: &Path, files: &[&str]) -> Output {
    Command::new(COSHELL).args(["import", "iterm2"]).args(files).current_dir(folder).output().expect("coshell runs")
}

/// Returns the configuration and the messages of an import that ends with this status.
#[track_caller]
fn imported(files: &[&str], status: i32) -> (String, String) {
    let output = import(Path::new(FOLDER), files);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it is text");
    assert_eq!(output.status.code(), Some(status), "{}", text(&output.stderr));
    (text(&output.stdout), text(&output.stderr))
}

fn parsed(text: &str) -> toml::Table {
    text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn dynamic_profile_becomes_configuration_with_reasons() {
    let (text, messages) = imported(&["work.json"], 1);
    let triggers = parsed(&text)["trigger"].as_array().expect("there are triggers").clone();
    assert_eq!(triggers.len(), 10, "{text}");
    assert_eq!(triggers[2]["highlight"].as_str(), Some("#ff2600"));
    assert_eq!(triggers[9]["event"].as_str(), Some("long-command"));
    let lines: Vec<&str> = messages.lines().collect();
    assert_eq!(lines.len(), 5, "{messages}");
    assert!(lines.iter().all(|line| line.starts_with("coshell: work.json: profile 'Work', trigger ")), "{messages}");
    assert_eq!(text.matches("\n# Left out: ").count(), 5, "{text}");
}

#[test]
fn settings_are_read_in_both_forms_of_property_list() {
    needs("python3");
    let dir = TestDir::new();
    let program = "import plistlib, sys; plistlib.dump(plistlib.load(open(sys.argv[1], 'rb')), \
                   open(sys.argv[2], 'wb'), fmt=plistlib.FMT_BINARY)";
    let binary = dir.root().join("settings.plist");
    let xml = Path::new(FOLDER).join("settings.plist");
    let status = Command::new("python3").args(["-c", program]).args([&xml, &binary]).status().expect("python3 runs");
    assert!(status.success());
    assert!(std::fs::read(&binary).expect("it was written").starts_with(b"bplist00"));
    let (text, _) = imported(&["settings.plist"], 1);
    let from_binary = import(dir.root(), &["settings.plist"]);
    assert_eq!(String::from_utf8_lossy(&from_binary.stdout), text);
    let table = parsed(&text);
    let profiles = table["profile"].as_table().expect("there are profiles");
    assert_eq!(profiles.keys().collect::<Vec<_>>(), ["Default", "ssh: prod & staging"]);
}

#[test]
fn standard_input_and_several_files_are_read() {
    let shared = File::open(Path::new(FOLDER).join("shared.it2triggers")).expect("the file is there");
    let mut command = Command::new(COSHELL);
    let output = command.args(["import", "iterm2", "-"]).stdin(shared).output().expect("coshell runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(parsed(&text)["trigger"].as_array().map(Vec::len), Some(2), "{text}");
    let (text, _) = imported(&["shared.it2triggers", "work.json"], 1);
    let table = parsed(&text);
    assert_eq!(table["trigger"].as_array().map(Vec::len), Some(2), "{text}");
    assert_eq!(table["profile"]["Work"]["trigger"].as_array().map(Vec::len), Some(10), "{text}");
}

#[test]
fn other_file_is_refused_before_anything_is_printed() {
    let dir = TestDir::new();
    dir.write_file("faulty.json", "{\"Name\": \"A\",\n \"Triggers\": [}\n");
    dir.write_file("other.json", "{\"fonts\": []}");
    dir.write_file("text", "hello\n");
    dir.write_file("good.json", "[]");
    for (file, sentence) in [
        ("faulty.json", "faulty.json: line 2, column 15: the JSON is faulty there"),
        ("other.json", "other.json: the file holds neither a profile nor triggers"),
        ("text", "text: the file is neither JSON nor a property list"),
        ("missing", "missing cannot be read: No such file or directory; name a file that exists"),
        (".", ". cannot be read: Is a directory; name a file in it"),
    ] {
        let output = import(dir.root(), &["good.json", file]);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{message}");
        assert!(message.starts_with(&format!("coshell: {sentence}")), "{message}");
        assert!(message.ends_with("Try 'coshell import iterm2 --help'.\n"), "{message}");
    }
}

/// Returns what `/bin/sh` prints for a command with these parameters from `$0` on.
fn printed(command: &str, parameters: &[&str]) -> String {
    let output = Command::new("/bin/sh").args(["-c", command]).args(parameters).env("HOME", "/").output();
    let output = output.expect("sh runs");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("it is text")
}

#[test]
fn command_prints_what_it_prints_in_iterm2_and_runs_nothing_else() {
    let commands = [
        r#"printf '<%s>\\n' \1 \2"#,
        r#"printf '<%s>\\n' "\1 and \2" '\1' 'a \2 b' \1\2 x\10"#,
        r#"FILE=\1; printf '<%s>\\n' "$FILE" "$(printf %s \2)" $HOME ${NONE:-none}"#,
        r#"printf '<%s>\\n' '\1\2' '' \\$HOME "\\$HOME \1"; echo \2 | cat"#,
        r#"if [ \1 = one ]; then (echo yes \2) && echo 'it'\\''s \1'; fi"#,
        r#"awk '{print $1, $2}' /dev/null; echo \0 "\0" '"\0"'"#,
    ];
    let triggers: Vec<serde_json::Value> = commands
        .iter()
        .map(|command| serde_json::json!({"action": "ScriptTrigger", "regex": "^(a)(b)$", "parameter": command}))
        .collect();
    let dir = TestDir::new();
    dir.write_file("triggers", serde_json::json!(triggers).to_string());
    let output = import(dir.root(), &["triggers"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = parsed(&String::from_utf8_lossy(&output.stdout));
    let converted = table["trigger"].as_array().expect("there are triggers");
    for (command, trigger) in commands.iter().zip(converted) {
        let run = trigger["run"].as_str().expect("it has a command");
        for groups in [["onetwo", "one", "two"], ["x", "x", "y/z.9"]] {
            let pasted = command.replace(r"\\", "\u{1}");
            let pasted =
                (0..3).fold(pasted, |text, i| text.replace(&format!("\\{i}"), groups[i])).replace('\u{1}', r"\");
            assert_eq!(printed(run, &groups), printed(&pasted, &["sh"]), "{command} became {run}");
        }
        let hostile = ["$(touch ran)`touch ran`'\"; touch ran #"; 3];
        let ran = dir.root().join("ran");
        printed(&format!("cd '{}'; {run}", dir.root().display()), &hostile);
        assert!(!ran.exists(), "{command} became {run}");
    }
}
