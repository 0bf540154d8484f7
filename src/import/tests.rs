//! Whole files, and the names that the tables hold.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::core::trigger::action::KINDS;
use crate::core::trigger::definition::{EVENT, MODIFIERS};

fn imported(file: &Value) -> Conversion {
    let profiles = read(file.to_string().as_bytes()).unwrap_or_else(|error| panic!("{file}: {error}"));
    convert(&[ImportedFile { name: "profile.json".to_owned(), profiles }])
}

/// Converts one trigger; returns its lines without the head.
fn converted(trigger: &Value) -> String {
    let text = imported(trigger).text;
    let (_, body) = text.split_once(": one trigger\n\n").unwrap_or_else(|| panic!("{text}"));
    body.to_owned()
}

fn parsed(text: &str) -> toml::Table {
    text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn every_option_is_one_of_a_trigger() {
    let actions = action::ACTIONS.iter().filter_map(action::ActionRow::option_name);
    for option in actions.chain(event::OPTIONS.iter().copied()).chain(trigger::OPTIONS.iter().copied()) {
        let is_row = KINDS.iter().any(|kind| kind.name == option) || MODIFIERS.iter().any(|row| row.name == option);
        assert!(is_row || option == EVENT, "{option}");
    }
}

#[test]
fn each_action_becomes_its_option() {
    for (action, parameter, want) in [
        ("AlertTrigger", json!("\\1!"), "notify = '$1!'"),
        ("AnnotateTrigger", json!("see $\\0"), "annotate = 'see $$$0'"),
        ("BellTrigger", json!(""), "bell = true"),
        ("BounceTrigger", json!(1), "bell = true"),
        ("CaptureTrigger", json!("vim \\1"), "capture = true"),
        ("CoprocessTrigger", json!("bot '\\1'"), "coproc = 'bot \"$1\"'"),
        ("MuteCoprocessTrigger", json!("/usr/local/bin/rz.sh"), "silent-coproc = '/usr/local/bin/rz.sh'"),
        ("ScriptTrigger", json!("say \\1"), "run = 'say \"$1\"'"),
        ("SendTextTrigger", json!("it's \\1\\r"), "send = \"it's $1\\\\r\""),
        ("GrowlTrigger", json!("done"), "notify = 'done'"),
        ("iTermUserNotificationTrigger", json!("done"), "notify = 'done'"),
        ("HighlightTrigger", json!("{#ff0000,}"), "highlight = '#ff0000'"),
        ("HighlightTrigger", json!(3), "highlight = '#ff0000 on #ffffff'"),
        ("iTermHighlightLineTrigger", json!("{,#ff0000}"), "highlight-line = 'on #ff0000'"),
        ("iTermSGRTrigger", json!("1;31"), "highlight = 'bold red'"),
        ("iTermHyperlinkTrigger", json!("https://host/\\1"), "link = 'https://host/$1'"),
        ("iTermInjectTrigger", json!("\\e[1m\\0"), "inject = '\\e[1m$0'"),
        ("iTermSetTitleTrigger", json!("\\0"), "title = '$0'"),
        ("iTermSetUserVariableTrigger", json!("user.branch\u{1}\\1"), "set = 'branch=$1'"),
        ("MarkTrigger", json!(0), "mark = true"),
        ("iTermSetNamedMarkTrigger", json!("here"), "mark = 'here'"),
        ("iTermSetNamedMarkTrigger", json!(""), "mark = true"),
        ("StopTrigger", json!(""), "stop = true"),
    ] {
        let text = converted(&json!({"action": action, "regex": "^a (b)$", "parameter": parameter}));
        let lines = text.lines().filter(|line| !line.starts_with("# "));
        assert_eq!(lines.collect::<Vec<_>>(), ["[[trigger]]", "regex = '^a (b)$'", want], "{action}: {text}");
    }
}

#[test]
fn each_action_of_the_table_has_a_test() {
    let source = include_str!("tests.rs");
    for row in action::ACTIONS {
        let nothing = matches!(row.becomes, action::Becomes::Nothing(..));
        assert!(nothing || source.contains(row.title) || row.option_name().is_some_and(|name| source.contains(name)));
    }
}

#[test]
fn action_without_equivalent_is_commented_out_with_the_reason() {
    let rows = action::ACTIONS.iter().filter(|row| matches!(row.becomes, action::Becomes::Nothing(..)));
    let mut count = 0;
    for class in rows.map(|row| row.class()) {
        let conversion = imported(&json!({"action": class, "regex": "^a$", "parameter": "x"}));
        let [left_out] = &conversion.left_out[..] else { panic!("{class}: {conversion:?}") };
        assert!(matches!(left_out.reason, Reason::Action { .. }), "{class}");
        assert!(parsed(&conversion.text).is_empty(), "{}", conversion.text);
        assert!(conversion.text.contains("\n#[[trigger]]\n#regex = '^a$'\n"), "{}", conversion.text);
        count += 1;
    }
    assert_eq!(count, 10);
    for (class, part) in [("iTermReloadBrowserTrigger", "iTerm2's browser"), ("FooTrigger", "FooTrigger is not known")]
    {
        let conversion = imported(&json!({"action": class, "regex": "a"}));
        assert!(conversion.left_out[0].to_string().contains(part), "{:?}", conversion.left_out);
    }
}

#[test]
fn password_trigger_proposes_a_command() {
    let trigger = json!({"action": "PasswordTrigger", "regex": "word: $", "partial": true, "parameter": "it's\u{2002}\u{2014}\u{2002}me"});
    let text = converted(&trigger);
    let want = "#[[trigger]]\n#regex = 'word: $'\n#instant = true\n\
                #run = \"pass show 'it'\\\\''s' | coshell send --secret --enter\"\n";
    assert!(text.ends_with(want), "{text}");
}

#[test]
fn modifiers_are_carried_over() {
    let trigger = json!({
        "action": "BellTrigger", "regex": "(?x) error | warning", "partial": 1, "disabled": true, "name": "errors",
        "job": "Claude", "provenance": "onboarding\n2", "performance": {"x": 1}, "contentregex": "", "matchType": 0,
    });
    let want = "# Provenance: onboarding 2\n# iTerm2 ignores case in the name of the job; here it is as ps -o comm shows it.\n\
                [[trigger]]\nname = 'errors'\nregex = 'error|warning'\nall = true\n\
                instant = true\nwhen = ['job=Claude']\nbell = true\nenabled = false\n";
    assert_eq!(converted(&trigger), want);
}

#[test]
fn trigger_acts_on_each_match_as_in_iterm2() {
    for (action, regex, all) in [
        ("BellTrigger", "error", true),
        ("BellTrigger", "^error", false),
        ("BellTrigger", "error.*", false),
        ("BellTrigger", "^a|b", true),
        ("HighlightTrigger", "a", true),
        ("iTermHighlightLineTrigger", "a", false),
        ("CaptureTrigger", "a", false),
        ("StopTrigger", "a", false),
        ("CoprocessTrigger", "a", false),
    ] {
        let text = converted(&json!({"action": action, "regex": regex, "parameter": "{#000000,}"}));
        assert_eq!(text.contains("\nall = true\n"), all, "{action} {regex}: {text}");
    }
}

#[test]
fn events_are_carried_over_with_their_values() {
    let trigger = json!({
        "action": "ScriptTrigger", "parameter": "log \\0", "regex": "", "matchType": 101, "partial": true,
        "eventParams": {"exitCodeFilter": "!0"},
    });
    let want = "[[trigger]]\nevent = 'command-finished'\nstatus = 'nonzero'\nrun = 'log \"$COSHELL_MATCH_status\"'\n";
    assert_eq!(converted(&trigger), want);
    let trigger = json!({"action": "GrowlTrigger", "parameter": "\\0 runs for \\1", "matchType": 109, "eventParams": {"threshold": 90}});
    let want = "[[trigger]]\nevent = 'long-command'\nafter = '90s'\nnotify = '${command} runs for ${duration}'\n";
    assert_eq!(converted(&trigger), want);
    for (match_type, action, part) in [
        (108, "HighlightTrigger", "an event has none"),
        (110, "BellTrigger", "\"Custom Escape Sequence\" has no equivalent"),
        (200, "BellTrigger", "match type 200 is not known"),
        (1, "BellTrigger", "iTerm2's browser"),
    ] {
        let conversion = imported(&json!({"action": action, "matchType": match_type, "regex": "a", "parameter": 1}));
        assert!(conversion.left_out[0].to_string().contains(part), "{:?}", conversion.left_out);
    }
}

#[test]
fn trigger_that_coshell_would_refuse_is_left_out() {
    for (trigger, part) in [
        (json!({"action": "BellTrigger", "regex": ""}), "has no pattern"),
        (json!({"action": "BellTrigger", "regex": "a".repeat(70_000)}), "its pattern is too long"),
        (
            json!({"action": "ScriptTrigger", "regex": "a", "parameter": "$(".repeat(9_000)}),
            "its parameter is too long",
        ),
        (json!({"action": "BellTrigger", "regex": "(?=a)"}), "'(?=a)' at character 1 of the pattern looks around"),
        (json!({"action": "BellTrigger", "regex": "(\\w{500}){500}"}), "refuses its pattern: too big when compiled"),
        (json!({"action": "HighlightTrigger", "regex": "\\w{90000}", "parameter": 1}), "refuses its pattern: too big"),
        (json!({"action": "ScriptTrigger", "regex": "a"}), "its parameter is missing"),
        (json!({"action": "ScriptTrigger", "regex": "a", "parameter": "eval \\0"}), "part of a program for eval"),
        (
            json!({"action": "SendTextTrigger", "regex": "a", "parameter": "\\(session.name)"}),
            "the expression \\(session.name)",
        ),
        (json!({"action": "iTermSetUserVariableTrigger", "regex": "a", "parameter": "a b\u{1}c"}), "refuses its set: "),
        (json!({"action": "HighlightTrigger", "regex": "a", "parameter": "blue"}), "'blue' is no colour"),
        (json!([{"action": 1, "regex": "a"}]), "this is no trigger"),
    ] {
        let conversion = imported(&trigger);
        let [left_out] = &conversion.left_out[..] else { panic!("{trigger}: {conversion:?}") };
        assert!(left_out.to_string().contains(part), "{left_out}");
        assert!(parsed(&conversion.text).is_empty(), "{}", conversion.text);
    }
}

#[test]
fn several_profiles_become_profiles() {
    let bell = json!({"action": "BellTrigger", "regex": "^a", "name": "same"});
    let profile = |name: &str| json!({"Name": name, "Triggers": [bell, bell]});
    let file = json!({"Profiles": [profile("Default"), profile("a.b 'c'"), profile("Default"), {"Name": "Bare", "Guid": "1"}]});
    let text = imported(&file).text;
    let table = parsed(&text);
    let profiles = table["profile"].as_table().expect("there are profiles");
    assert_eq!(profiles.keys().collect::<Vec<_>>(), ["Default", "Default 2", "a.b 'c'"]);
    for profile in profiles.values() {
        let names: Vec<_> =
            profile["trigger"].as_array().expect("triggers").iter().map(|one| one["name"].as_str()).collect();
        assert_eq!(names, [Some("same"), Some("same 2")]);
    }
    assert!(text.contains("# coshell --profile NAME takes the triggers of one profile.\n"), "{text}");
    assert!(text.contains("# Profiles without triggers of their own: \"Bare\".\n"), "{text}");
    let one = imported(&json!({"New Bookmarks": [profile("Default"), {"Name": "Bare"}]})).text;
    assert_eq!(parsed(&one)["trigger"].as_array().map(Vec::len), Some(2), "{one}");
}

#[test]
fn sentence_names_file_profile_and_trigger() {
    let conversion = imported(&json!({"Name": "Work", "Triggers": [
        {"action": "BellTrigger", "regex": "a"}, {"action": "BellTrigger", "regex": "x(?<=\n)".to_owned() + &"y".repeat(99)},
    ]}));
    assert_eq!((conversion.carried, conversion.left_out.len()), (1, 1));
    let sentence = conversion.left_out[0].to_string();
    assert!(sentence.starts_with("profile.json: profile 'Work', trigger 2 ('x(?<= )yyy"), "{sentence}");
    assert!(sentence.contains("y…') is left out: '(?<=\n)' at character 2 of the pattern"), "{sentence}");
}

#[test]
fn equal_names_are_numbered() {
    let bell = |name: &str| json!({"action": "BellTrigger", "regex": "^a", "name": name});
    let text = imported(&json!([bell("a"), bell("a 2"), bell("a"), bell("b"), bell("a"), bell("a 2")])).text;
    let table = parsed(&text);
    let names: Vec<_> = table["trigger"].as_array().expect("triggers").iter().map(|one| one["name"].as_str()).collect();
    assert_eq!(names.into_iter().flatten().collect::<Vec<_>>(), ["a", "a 2", "a 3", "b", "a 4", "a 2 2"]);
}

proptest! {
    /// The fuzz target puts the text into every place of a trigger.
    #[test]
    fn any_text_becomes_valid_toml(
        pieces in prop::collection::vec(prop::sample::select(&[
            "a", "é", "'", "\"", "\\", "\n", "\u{1}", "\u{202e}", "$", "$1", "$(", "${", ")", "}", "`", "(", "(?", "(?<n>", "[", "]",
            "*+", "++", "{2}", "|", "^", "-", "&&", "\\1", "\\0", "\\(", "\\x41", "\\Q", "\\p{L}", "#", "{#ff0000,", "1;31", " ", "say ",
        ][..]), 0..12),
    ) {
        fuzzing::import(pieces.concat().as_bytes());
    }
}
