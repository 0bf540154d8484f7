//! Tests of whole configurations, in files that exist only here.

use std::collections::HashMap;
use std::path::Path;

use proptest::prelude::*;

use super::fuzzing;
use super::load::{LoadError, Loaded, load};
use super::toml_text;
use crate::cli::keys::KeyForm;
use crate::core::request::OptionArg;
use crate::core::response::TriggerResponse;

/// Reads a configuration whose first file is `a.toml`.
fn read(files: &[(&str, &str)], profile: Option<&str>) -> Result<Loaded, LoadError> {
    let files: HashMap<&str, &str> = files.iter().copied().collect();
    let mut read = |path: &Path| {
        let text = path.to_str().and_then(|path| files.get(path));
        text.map(|text| text.as_bytes().to_vec()).ok_or_else(|| "No such file or directory".to_owned())
    };
    load(Path::new("a.toml"), profile, Some(Path::new("/home/u")), &mut read)
}

fn good(text: &str) -> Loaded {
    read(&[("a.toml", text)], None).unwrap_or_else(|error| panic!("{}", error.failure(false)))
}

/// Returns the faults, each in one line without the file.
fn faults_of(files: &[(&str, &str)]) -> Vec<String> {
    match read(files, None) {
        Err(LoadError::Faulty(sources, faults)) => {
            let lines = faults.list().iter().map(|fault| fault.line(&sources));
            lines.map(|line| line.trim_start_matches("a.toml:").to_owned()).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn faults(text: &str) -> Vec<String> {
    faults_of(&[("a.toml", text)])
}

fn options_of(loaded: &Loaded) -> Vec<(String, Vec<String>)> {
    loaded.options.iter().map(|option| (option.key.name.to_string(), option.values.clone())).collect()
}

fn trigger_options(loaded: &Loaded, at: usize) -> Vec<(&str, &str)> {
    let options = &loaded.triggers[at].definition.actions.options;
    options.iter().map(|option| (&*option.name, &*option.value)).collect()
}

fn patterns(loaded: &Loaded) -> Vec<&str> {
    loaded.triggers.iter().map(|trigger| trigger.definition.options.opener.text()).collect()
}

#[test]
fn keys_are_options_in_the_order_of_the_file() {
    let loaded = good(
        "zmodem = true\nhistory = 0x10\ninput = 'json'\npassword-job = ['x', 'y']\nquiet = false\ncoproc = './bot'\n\
         [[trigger]]\nregex = '(a)'\nsend = ['$1', \"\\\\r\"]\nname = 'n'\nbell = true\nmark = true\nonce = false\n\
         when = ['no-echo', 'job=ssh']\nset = { x = '1', y = '$1' }\nenabled = false\n\
         [[trigger]]\ntitle = 't'\nregex = 'b'\nmark = 'm'\n",
    );
    let expected = [
        ("zmodem", &[""][..]),
        ("history", &["16"]),
        ("input", &["json"]),
        ("password-job", &["x", "y"]),
        ("quiet", &[]),
        ("coproc", &["./bot"]),
    ];
    let expected = expected.map(|(name, values)| (name.to_owned(), values.iter().map(|&v| v.to_owned()).collect()));
    assert_eq!(options_of(&loaded), expected);
    let first = [
        ("send", "$1"),
        ("send", "\\r"),
        ("name", "n"),
        ("bell", ""),
        ("mark", ""),
        ("when", "no-echo"),
        ("when", "job=ssh"),
        ("set", "x=1"),
        ("set", "y=$1"),
        ("enabled", "false"),
    ];
    assert_eq!(trigger_options(&loaded, 0), first);
    assert_eq!(trigger_options(&loaded, 1), [("title", "t"), ("mark", "m")]);
    assert_eq!(patterns(&loaded), ["(a)", "b"]);
    let definition = &loaded.triggers[0].definition;
    assert!(definition.is_configured && !definition.options.enabled && !definition.options.once);
}

#[test]
fn each_fault_is_told_with_its_place() {
    for (text, expected) in [
        ("hotky = 'x'", "1:1: there is no key 'hotky'; did you mean hotkey?"),
        ("\n  wizard = 1", "2:3: there is no key 'wizard'; the keys here are input, zmodem, "),
        ("bell = true", "1:1: there is no key 'bell'; a key of a trigger stands below [[trigger]]"),
        ("config = 'x'", "1:1: there is no key 'config'; "),
        ("zmodem = 1", "1:10: zmodem: expected true or false, found an integer"),
        ("history = '5'", "1:11: history: expected a whole number, found a string"),
        ("history = -5", "1:11: history: '-5' is not a whole number: write digits only, such as 100"),
        ("hotkey = 1.5", "1:10: hotkey: expected a string (KEY), found a float"),
        ("hotkey = ['a']", "1:10: hotkey: expected a string (KEY), found an array"),
        ("input = true", "1:9: input: expected one of \"raw\", \"text\", \"json\", found true or false"),
        ("input = 'yaml'", "1:9: input: 'yaml' is not one of raw, text or json"),
        ("hotkey = 'ctrl-ä'", "1:10: hotkey: "),
        ("password-job = [1]", "1:17: password-job: expected a string (NAME), or an array of these, found an integer"),
        ("coproc = ' '", "1:10: coproc: the command is empty"),
        ("zmodem-send = ''", "1:15: zmodem-send: "),
        ("coproc = 'a'\nsilent-coproc = 'b'", "2:17: silent-coproc: a session has one coprocess at a time"),
        ("zmodem-dir = 'a'\nzmodem-receive = 'b'", "1:14: zmodem-dir: does not go together with --zmodem-receive"),
        ("redact-pattern = ['a', 'b(']", "1:24: redact-pattern: 'b(' is not a regular expression: unclosed group"),
        ("hotkey = ", "1:10: TOML: "),
        ("hotkey = ctrl-]", "1:10: TOML: "),
        ("[[trigger]]\nregex = (a)\nbell = true", "2:9: TOML: "),
        ("[[trigger]\nregex = 'a'\nbell = true", "1:"),
        ("zmodem = true\nzmodem = true", "2:1: TOML: duplicate key"),
        ("profile = 'x'", "1:11: profile: expected a table, found a string; write default-profile = \"NAME\""),
        ("default-profile = 'x'", "1:19: default-profile: there is no profile 'x'; the configuration has no profiles"),
        ("[profile]\nx = 1", "2:5: profile 'x': expected a table, found an integer"),
        ("[profile.x]\ninclude = 'y'", "2:1: there is no key 'include'; "),
        ("[profile.x]\nhistory = 'y'", "2:11: history: expected a whole number, found a string"),
        ("[profile.x]\ninput = 'y'", "2:9: input: 'y' is not one of raw, text or json"),
        ("include = 'b.toml'", "1:11: b.toml cannot be read: No such file or directory"),
        ("trigger = 'x'", "1:11: trigger: expected tables [[trigger]], found a string; write [[trigger]] with"),
        ("[trigger]\nregex = 'x'", "1:1: trigger: expected tables [[trigger]], found a table"),
        ("trigger = ['x']", "1:12: trigger: expected a table, found a string"),
        ("[[trigger]]\nbell = true", "1:1: the trigger has no pattern and no event: add regex = '...'"),
        ("[[trigger]]\nregex = 'a'\nevent = 'bell'\nbell = true", "3:1: the trigger has regex too: leave out one"),
        ("[[trigger]]\nevent = 'x'\nbell = true", "2:9: event: there is no event 'x'; the events are start, "),
        ("[[trigger]]\nevent = 'bell'", "2:9: the trigger has no action; add one"),
        ("[[trigger]]\nevent = 'bell'\nbell = true\nstatus = '1'", "4:10: status: event bell has nothing that"),
        ("[[trigger]]\nevent = 'bell'\nsend = '${status}'", "3:9: send: at character 1: event bell has no value"),
        ("[[trigger]]\nevent = 'exit'\nbell = true\nstatus = -1", "4:10: status: '-1' is not an exit status"),
        (
            "[[trigger]]\nregex = 'a'\nrun = 'a'\ncontext = '5'",
            "4:11: context: expected a whole number, found a string",
        ),
        ("[[trigger]]\nregex = 'a'\nrun = 'a'\ncontext = 1001", "4:11: context: '1001' is not a number of lines"),
        ("[[trigger]]\nregex = 'a'\nbell = true\nuntil = 'b('", "4:11: until: unclosed group"),
        ("[[trigger]]\nregex = 'a'", "2:9: the trigger has no action; add one, such as send = \"TEXT\""),
        ("[[trigger]]\nregex = ''\nbell = true", "2:9: regex: the pattern is empty"),
        ("[[trigger]]\nregex = 5\nbell = true", "2:9: regex: expected a string, found an integer"),
        ("[[trigger]]\nregex = 'ab(c'\nbell = true", "2:12: regex: unclosed group"),
        ("[[trigger]]\nregex = \"é\\\\d(c\"\nbell = true", "2:14: regex: unclosed group"),
        ("[[trigger]]\nregex = 'a'\nbel = true", "3:1: there is no key 'bel'; did you mean bell?"),
        (
            "[[trigger]]\nregex = 'a'\nbell = true\nzmodem = true",
            "4:1: there is no key 'zmodem'; zmodem is a key of the whole",
        ),
        (
            "[[trigger]]\nregex = 'a'\nsend = true",
            "3:8: send: expected a string (TEXT), or an array of these, found true",
        ),
        ("[[trigger]]\nregex = 'a'\nbell = 'x'", "3:8: bell: expected true or false, found a string"),
        ("[[trigger]]\nregex = 'a'\nsend = '$1'", "3:9: send: at character 1: the pattern has no groups, only $0"),
        ("[[trigger]]\nregex = 'a'\nsend = \"\\u00e9\\r$1\"", "3:17: send: at character 3: the pattern has no groups"),
        ("[[trigger]]\nregex = 'a'\nset = 'x=$1'", "3:7: set: at character 1: the pattern has no groups"),
        ("[[trigger]]\nregex = 'a'\nset = { x = 1 }", "3:13: set: expected a string for x, found an integer"),
        ("[[trigger]]\nregex = 'a'\nset = 'x'", "3:7: set: has no '=': write NAME=VALUE"),
        ("[[trigger]]\nregex = 'a'\nbell = true\ncooldown = '5'", "4:12: cooldown: '5' is not a duration"),
        ("[[trigger]]\nregex = 'a'\nbell = true\nwhen = ['coproc', 'x']", "4:19: when: there is no condition 'x'"),
        ("[[trigger]]\nregex = 'a'\nrun = ' '", "3:7: run: the command is empty"),
        (
            "[[trigger]]\nregex = 'a'\ncoproc = 'a'\nsilent-coproc = 'b'",
            "4:17: silent-coproc: a session has one coprocess",
        ),
    ] {
        let found = faults(text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{text}\n{found:#?}");
    }
}

/// Of a key that counts once, an array would lose all values but the last.
#[test]
fn array_is_refused_where_one_value_counts() {
    for key in crate::cli::keys::trigger_keys() {
        let (name, value) = (&key.name, if key.form == KeyForm::Number { "1" } else { "'1s'" });
        let action = if name == "bell" { "stop" } else { "bell" };
        let text = format!("[[trigger]]\nregex = 'a'\n{action} = true\n{name} = [{value}]");
        let refused = match read(&[("a.toml", &text)], None) {
            Ok(_) => false,
            Err(_) => faults(&text).iter().any(|fault| fault.contains("found an array")),
        };
        assert_eq!(refused, !key.is_repeatable, "{text}");
    }
}

#[test]
fn all_faults_are_told_at_once_in_order() {
    let found = faults(
        "hotky = 'x'\ninput = 'yaml'\n[[trigger]]\nregex = 'a('\ncooldown = '5'\nbel = true\n[[trigger]]\nregex = 'b'\n\
         name = 'n'\nbell = true\n[[trigger]]\nregex = 'c'\nname = 'n'\nbell = true\n[profile.p]\nhistory = 'x'\n",
    );
    let places: Vec<&str> = found.iter().map(|fault| fault.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(places, ["1:1:", "2:9:", "4:11:", "5:12:", "6:1:", "13:8:", "16:11:"], "{found:#?}");
}

#[test]
fn names_of_triggers_in_use_together_are_unique() {
    let trigger = |name: &str| format!("regex = 'a'\nbell = true\nname = '{name}'\n");
    let both = |first: &str, second: &str| format!("[[{first}]]\n{}[[{second}]]\n{}", trigger("n"), trigger("n"));
    let fault = faults(&both("trigger", "trigger"));
    assert_eq!(fault, ["8:8: another trigger has the name 'n'; give each trigger a name of its own"]);
    assert_eq!(faults(&both("trigger", "profile.p.trigger")).len(), 1);
    let loaded = good(&both("profile.p.trigger", "profile.q.trigger"));
    assert!(loaded.triggers.is_empty() && loaded.profiles == ["p", "q"]);
}

#[test]
fn profile_stands_over_the_rest() {
    let text = "history = 1\ninput = 'text'\ndefault-profile = 'p'\n[[trigger]]\nregex = 'a'\nbell = true\n[profile.p]\n\
                history = 2\n[[profile.p.trigger]]\nregex = 'b'\nbell = true\n[profile.q]\nhistory = 3\n";
    for (profile, history, expected) in [(None, "2", &["a", "b"][..]), (Some("q"), "3", &["a"])] {
        let loaded = read(&[("a.toml", text)], profile).expect("the configuration has no fault");
        let options = [("input", "text"), ("history", history)];
        assert_eq!(options_of(&loaded), options.map(|(name, value)| (name.to_owned(), vec![value.to_owned()])));
        assert_eq!(patterns(&loaded), expected);
    }
    let loaded = read(&[("a.toml", "coproc = 'a'\n[profile.p]\nsilent-coproc = 'b'\n")], Some("p"));
    let options = options_of(&loaded.expect("the profile has another coprocess"));
    assert_eq!(options, [("silent-coproc".to_owned(), vec!["b".to_owned()])]);
    let unknown = read(&[("a.toml", text)], Some("x")).expect_err("there is no such profile");
    assert_eq!(unknown.line(), "there is no profile 'x'; the profiles are p, q");
}

#[test]
fn included_files_come_before_the_file() {
    let trigger = |pattern: &str| format!("[[trigger]]\nregex = '{pattern}'\nbell = true\n");
    let a = format!("include = ['d/b.toml', '~/c.toml']\nhistory = 1\n{}", trigger("a"));
    let b = format!("include = 'e.toml'\nhistory = 2\ninput = 'text'\n{}[profile.p]\nhistory = 4\n", trigger("b"));
    let c = trigger("c");
    let e = format!("{}[[profile.p.trigger]]\nregex = 'p'\nbell = true\n", trigger("e"));
    let files = [("a.toml", &*a), ("d/b.toml", &*b), ("/home/u/c.toml", &*c), ("d/e.toml", &*e)];
    let loaded = read(&files, None).unwrap_or_else(|error| panic!("{}", error.failure(false)));
    assert_eq!(patterns(&loaded), ["e", "b", "c", "a"]);
    let options = [("input", "text"), ("history", "1")];
    assert_eq!(options_of(&loaded), options.map(|(name, value)| (name.to_owned(), vec![value.to_owned()])));
    let loaded = read(&files, Some("p")).expect("the configuration has no fault");
    assert_eq!(patterns(&loaded), ["e", "b", "c", "a", "p"]);
    assert!(options_of(&loaded).contains(&("history".to_owned(), vec!["4".to_owned()])));
}

#[test]
fn include_in_a_circle_or_too_deep_is_a_fault() {
    let circle = [("a.toml", "include = 'b.toml'"), ("b.toml", "\ninclude = './a.toml'")];
    assert_eq!(
        faults_of(&circle),
        ["b.toml:2:11: a.toml includes itself, through the files that it includes: remove one of these includes"]
    );
    let shown = read(&circle, None).expect_err("the files include each other").failure(false).to_string();
    assert!(shown.contains("--> b.toml:2:11\n") && shown.contains("::: a.toml:1:11\n"), "{shown}");
    let twice = [("a.toml", "include = ['b.toml', 'c.toml']"), ("b.toml", ""), ("c.toml", "include = 'b.toml'")];
    assert_eq!(faults_of(&twice), ["c.toml:1:11: b.toml is included twice: remove one of the two includes"]);
    let names: Vec<String> = (0..12).map(|n| if n == 0 { "a.toml".to_owned() } else { format!("{n}.toml") }).collect();
    let texts: Vec<String> = (0..12).map(|n| format!("include = '{}.toml'", n + 1)).collect();
    let deep: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    assert_eq!(
        faults_of(&deep),
        ["8.toml:1:11: includes are nested deeper than 8 files: include the last ones from the first file"]
    );
    let many: Vec<String> = (0..70).map(|n| format!("'{n}.toml'")).collect();
    let all = format!("include = [{}]", many.join(", "));
    let files: Vec<String> = (0..70).map(|n| format!("{n}.toml")).collect();
    let files = [("a.toml", &*all)].into_iter().chain(files.iter().map(|name| (name.as_str(), "")));
    let found = faults_of(&files.collect::<Vec<_>>());
    assert!(found.len() == 7 && found[0].contains("a configuration has at most 64 files"), "{found:#?}");
}

#[test]
fn file_that_is_not_utf8_is_a_fault_at_the_byte() {
    let mut bytes = Some(b"zmodem = true\n# \xe9".to_vec());
    let read = load(Path::new("a.toml"), None, None, &mut |_: &Path| bytes.take().ok_or_else(String::new));
    let line = read.expect_err("the file is not UTF-8").line();
    assert!(line.starts_with("a.toml:2:3: the file is not UTF-8 from here on; save"), "{line}");
    assert!(load(Path::new("a.toml"), None, None, &mut |_: &Path| Ok(b"\xef\xbb\xbfzmodem = true".to_vec())).is_ok());
}

#[test]
fn triggers_of_a_session_are_written_as_a_configuration() {
    let option = |name: &'static str, value: &str| OptionArg { name: name.into(), value: value.to_owned() };
    let trigger = |regex: &str, options: Vec<OptionArg>, enabled| TriggerResponse {
        number: 1,
        name: None,
        regex: Some(regex.to_owned()),
        event: None,
        microseconds: 0,
        options,
        enabled,
        stopped: false,
        fired: 0,
        searched: 0,
    };
    let options = vec![
        option("send", "it's\\r"),
        option("name", "n"),
        option("bell", ""),
        option("mark", ""),
        option("when", "no-echo"),
        option("when", "job=ssh"),
        option("set", "x=$1"),
        option("enabled", "true"),
    ];
    let bell = option("bell", "");
    let text = toml_text::triggers(&[
        trigger("(a)\\d", options.clone(), false),
        TriggerResponse {
            regex: None,
            event: Some("exit".to_owned()),
            ..trigger("", vec![option("status", "1"), option("status", "nonzero"), option("context", "05"), bell], true)
        },
        trigger("it's \"b\"\n", vec![option("mark", "m"), option("cooldown", "5s"), option("cooldown", "6s")], true),
    ]);
    let expected = r#"[[trigger]]
regex = '(a)\d'
send = "it's\\r"
name = 'n'
bell = true
mark = true
when = ['no-echo', 'job=ssh']
set = 'x=$1'
enabled = false

[[trigger]]
event = 'exit'
status = 'nonzero'
context = 5
bell = true

[[trigger]]
regex = "it's \"b\"\n"
mark = 'm'
cooldown = '6s'
"#;
    assert_eq!(text, expected);
    let loaded = good(&text);
    let mut wanted: Vec<(&str, &str)> = options.iter().map(|option| (&*option.name, &*option.value)).collect();
    wanted.pop();
    wanted.push(("enabled", "false"));
    assert_eq!(trigger_options(&loaded, 0), wanted);
    assert_eq!(trigger_options(&loaded, 1), [("status", "nonzero"), ("context", "5"), ("bell", "")]);
    assert_eq!(patterns(&loaded), ["(a)\\d", "exit", "it's \"b\"\n"]);
}

/// Parts of configurations, right and wrong.
const PARTS: &[&str] = &[
    "[[trigger]]\n",
    "[profile.p]\n",
    "[[profile.p.trigger]]\n",
    "[[trigger\n",
    "regex = ",
    "name = ",
    "send = ",
    "set = ",
    "mark = ",
    "when = ",
    "bell = ",
    "cooldown = ",
    "enabled = ",
    "history = ",
    "hotkey = ",
    "zmodem = ",
    "input = ",
    "include = ",
    "default-profile = ",
    "profile = ",
    "password-job = ",
    "hotky = ",
    "'a(b'",
    "'(?<n>a)'",
    "\"\\u00e9(\\\\d\"",
    "\"\"\"\n\\\n  x(\"\"\"",
    "'''\r\ny['''",
    "'${n}'",
    "'$9'",
    "\"\\x41$1\"",
    "'x=$1'",
    "{ x = 'y', z = 1 }",
    "[ 'a', ",
    "]",
    "true",
    "false",
    "5",
    "-0x1",
    "1.5",
    "'5s'",
    "1979-05-27",
    "\n",
    "\r\n",
    " ",
    "=",
    "\"",
    "'",
    "#",
    "é",
    "\u{1b}",
    "\u{9b}",
    "\u{202e}",
    "\0",
    "\\",
];

proptest! {
    #[test]
    fn any_text_has_faults_with_places_or_none(parts in prop::collection::vec(prop::sample::select(PARTS), 0..24)) {
        fuzzing::config(parts.concat().as_bytes());
    }

    #[test]
    fn any_bytes_have_faults_with_places_or_none(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        fuzzing::config(&bytes);
    }
}

#[test]
fn name_that_two_triggers_have_is_written_once() {
    let trigger = |regex: &str| TriggerResponse {
        number: 1,
        name: Some("n".to_owned()),
        regex: Some(regex.to_owned()),
        event: None,
        microseconds: 0,
        options: [("name", "n"), ("bell", "")]
            .map(|(name, value)| OptionArg { name: name.into(), value: value.into() })
            .into(),
        enabled: true,
        stopped: false,
        fired: 0,
        searched: 0,
    };
    let text = toml_text::triggers(&[trigger("a"), trigger("b")]);
    let loaded = good(&text);
    assert_eq!(trigger_options(&loaded, 0), [("name", "n"), ("bell", "")]);
    assert_eq!(trigger_options(&loaded, 1), [("bell", "")], "{text}");
}
