//! Every sentence that coshell can print, collected from the source into the table `docs/messages.md`, and the rules of
//! their form. A sentence is a string literal of two words or more outside of tests and of the tables below.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{assert_up_to_date, path};

/// Parts of the source, and where their sentences appear. Of several that fit a file, the first counts; `None` for texts that
/// are no messages.
const PLACES: &[(&str, Option<&str>)] = &[
    // The man pages, the schema, examples for them, and what completions offer.
    ("cmd/manual/", None),
    ("cmd/completion/", None),
    ("config/schema.rs", None),
    ("core/response/samples.rs", None),
    // Patterns and words of secrets.
    ("core/redact/builtin.rs", None),
    ("core/password.rs", None),
    // Invariants that the compiler asks for, and records for developers.
    ("core/vt/", None),
    ("core/write_buffer.rs", None),
    ("core/response/", None),
    ("core/trigger/pattern/size.rs", Some("options, files, requests")),
    ("host/log.rs", None),
    ("cli/", Some("command line")),
    ("cmd/answer.rs", Some("output of subcommands")),
    ("cmd/ask/", Some("coshell ask")),
    ("cmd/check.rs", Some("coshell check")),
    ("cmd/import.rs", Some("coshell import")),
    ("cmd/lend.rs", Some("coshell lend")),
    ("cmd/replay/", Some("coshell replay")),
    ("cmd/archive.rs", Some("file transfers")),
    ("cmd/received_file.rs", Some("file transfers")),
    ("cmd/rz.rs", Some("file transfers")),
    ("cmd/sz.rs", Some("file transfers")),
    ("cmd/transfer_", Some("file transfers")),
    ("cmd/session.rs", Some("start of a session")),
    ("cmd/shell.rs", Some("start of a session")),
    ("cmd/suggest", Some("coshell suggest")),
    ("suggest/", Some("coshell suggest")),
    ("cmd/mcp/tools.rs", None),
    ("cmd/mcp/", Some("coshell mcp")),
    ("cmd/", Some("subcommands")),
    ("config/", Some("options, files")),
    ("core/annotations.rs", Some("options, files, requests, notices")),
    ("core/background.rs", Some("notices")),
    ("core/bare_relay.rs", Some("requests after a fault")),
    ("core/command_line.rs", Some("options, files, requests")),
    ("core/confirm/", Some("questions")),
    ("core/control/", Some("requests")),
    ("core/coproc/slot/requests.rs", Some("requests")),
    ("core/coproc/waiters.rs", Some("requests")),
    ("core/coproc/", Some("notices, requests, progress")),
    ("core/event_kind.rs", Some("requests")),
    ("core/input/", Some("options, files")),
    ("core/key_press.rs", Some("requests")),
    ("core/source_place.rs", None),
    ("core/lend.rs", Some("requests")),
    ("core/menu/", Some("menu")),
    ("core/mod.rs", Some("notices, requests, menu")),
    ("core/named_enum.rs", Some("options, files, requests")),
    ("core/notices.rs", Some("notices")),
    ("core/notifications.rs", Some("notifications")),
    ("core/output/", Some("input of commands, standard error")),
    ("core/recorder", Some("requests, recordings")),
    ("core/redact/", Some("options, files")),
    ("core/request.rs", Some("command line, requests")),
    ("core/rpc_error.rs", Some("requests")),
    ("core/settings.rs", Some("notices")),
    ("core/transfer/", Some("file transfers")),
    ("core/trigger/action/", Some("questions, coshell replay")),
    ("core/trigger/idle.rs", Some("coshell check")),
    ("core/trigger/table.rs", Some("notices, requests")),
    ("core/trigger/", Some("options, files, requests")),
    ("error.rs", Some("command line")),
    ("fault.rs", Some("fault of coshell")),
    ("host/clients/", Some("requests")),
    ("host/", Some("start of a session, standard error")),
    ("import/", Some("coshell import")),
    ("sys/line_file.rs", Some("notices")),
    ("sys/part_file.rs", Some("file transfers")),
    ("sys/", Some("start of a session, options")),
    ("types.rs", Some("options, files, requests")),
    ("wire/rpc.rs", Some("requests")),
    ("wire/", Some("coshell replay")),
    ("zmodem/", Some("file transfers")),
];

/// Ends of the code in front of a literal that is no message: invariants, and texts of the help and the manual.
const NO_MESSAGE: &[&str] = &[
    "panic_for_test(",
    ".expect(",
    "panic!(",
    "assert!(",
    "unreachable!(",
    ".help(",
    "about(",
    "override_usage(",
    "after_help(",
    "help_heading(",
    "help_heading =",
    "help =",
    "summary:",
    "manual:",
    "manual =",
    "EXAMPLES: &str =",
    "starts_with(",
    "split(",
    "after_help(format!(",
    "HEADING: &str =",
    "SUMMARY: &'static str =",
    "concat!(",
];

/// Words that no message has, each with what is said in its place.
const AVOIDED: &[(&str, &str)] = &[
    ("invalid", "say what is wrong, and what to write"),
    ("illegal", "say what is wrong, and what to write"),
    ("please", "say what to do"),
    ("sorry", "say what to do"),
    ("failed to", "could not be"),
    ("unable to", "cannot"),
    ("n't", "write the two words"),
    ("`", "'...' around what was written, \"...\" around names"),
    ("!", "end without a mark"),
];

/// Words with which a message may begin though they have a capital letter: names.
const CAPITALS: &[&str] =
    &["CMD", "COSHELL", "Ctrl-C", "Enter", "Esc", "Esc)", "FILE", "JSON", "OSC", "SHELL", "Tab", "UTF-8", "ZMODEM"];

/// Sources of texts that are sentences in a document or prompts and not messages: they begin with a capital letter, and may
/// end in a period. The comments of converted and proposed configurations, names that
/// iTerm2 gives, and the question of `coshell sz`.
const PROSE: &[&str] = &[
    "import/mod.rs",
    "import/action.rs",
    "import/event.rs",
    "import/profile.rs",
    "import/trigger.rs",
    "cmd/sz.rs",
    "cmd/rz.rs",
    "cmd/suggest/report.rs",
    "suggest/diagnostic.rs",
    "suggest/mod.rs",
    "suggest/proposal.rs",
    "suggest/question.rs",
    "suggest/reference.rs",
    "suggest/summary.rs",
];

/// Number of words from which two equal sentences are one that two places make.
const SENTENCE: usize = 5;

struct Literal {
    file: String,
    text: String,
}

/// Returns the sources below `folder` that are no tests, in order.
fn sources(folder: &Path, all: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("src can be read").map(|entry| entry.expect("src can be read").path());
    let mut entries: Vec<PathBuf> = entries.collect();
    entries.sort();
    for entry in entries {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if ["tests", "fuzzing", "simulation", "split.rs"].iter().any(|part| name.contains(part)) {
            continue;
        }
        if entry.is_dir() {
            sources(&entry, all);
        } else if name.ends_with(".rs") {
            all.push(entry);
        }
    }
}

/// Calls `with` for each string literal of a source outside of comments: the code in front of it, and its text.
fn for_each_literal(code: &str, mut with: impl FnMut(&str, &str)) {
    let mut at = 0;
    while let Some(found) = code[at..].find(['"', '\'', '/', 'r']) {
        at += found;
        let rest = &code[at..];
        let is_word = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        at += if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with('r') && (!is_word || code[..at].ends_with('b')) && raw_mark(&rest[1..]).is_some() {
            let mark = raw_mark(&rest[1..]).unwrap_or_default();
            let (begin, end) = (1 + mark.len(), format!("\"{}", &mark[..mark.len() - 1]));
            begin + rest[begin..].find(&end).expect("the literal has an end") + end.len()
        } else if let Some(text) = rest.strip_prefix('"') {
            let len = string_len(text);
            if !code[..at].ends_with('b') {
                with(&code[..at], &text[..len]);
            }
            len + 2
        } else if rest.starts_with('\'') {
            char_len(rest)
        } else {
            1
        };
    }
}

/// Returns `#...#"` at the beginning of a raw literal behind its `r`.
fn raw_mark(rest: &str) -> Option<&str> {
    let hashes = rest.bytes().take_while(|&byte| byte == b'#').count();
    rest[hashes..].starts_with('"').then(|| &rest[..=hashes])
}

/// Returns the length of a literal's text up to its closing quote.
fn string_len(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    end.expect("the literal has an end")
}

/// Returns the length of a character literal, or 1 for the quote of a lifetime.
fn char_len(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => rest[3..].find('\'').map_or(1, |end| end + 4),
        Some(_) => chars.next().filter(|(_, next)| *next == '\'').map_or(1, |(end, _)| end + 1),
        None => 1,
    }
}

/// Returns the text of a literal as it is written in the source, with folded lines joined.
fn joined(text: &str) -> String {
    let mut lines = text.split("\\\n");
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |joined, line| joined + line.trim_start())
}

/// Returns the words of a text outside of placeholders.
fn words(text: &str) -> Vec<&str> {
    let is_word =
        |word: &&str| word.chars().filter(char::is_ascii_alphabetic).count() >= 2 && !word.contains(['{', '}']);
    text.split(' ').filter(is_word).collect()
}

fn place(file: &str) -> Option<&'static str> {
    let found = PLACES.iter().find(|(prefix, _)| file.starts_with(prefix));
    found.unwrap_or_else(|| panic!("{file} has sentences: add it to PLACES")).1
}

/// Returns the sentences of all sources.
fn sentences() -> Vec<Literal> {
    let (mut all, mut files, root) = (Vec::new(), Vec::new(), path("src"));
    sources(&root, &mut files);
    for source in files {
        let file = source.strip_prefix(&root).expect("it is in src").to_string_lossy().into_owned();
        let code = fs::read_to_string(&source).expect("the file can be read");
        let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for_each_literal(code, |before, text| {
            let (before, text) = (before.trim_end(), joined(text));
            let is_message = !NO_MESSAGE.iter().any(|end| before.ends_with(end)) && text.trim().contains(' ');
            let words = words(&text);
            // Capital letters throughout are those of names that iTerm2 gives.
            let is_title = words.iter().all(|word| word.starts_with(|first: char| first.is_ascii_uppercase()));
            if is_message && words.len() >= 2 && !is_title && place(&file).is_some() {
                all.push(Literal { file: file.clone(), text });
            }
        });
    }
    assert!(all.len() > 300, "only {} sentences were found", all.len());
    all
}

/// Returns the table: the places in order, each with its sentences.
fn table(sentences: &[Literal]) -> String {
    let mut by_place: BTreeMap<&str, Vec<&Literal>> = BTreeMap::new();
    for sentence in sentences {
        by_place.entry(place(&sentence.file).unwrap_or_default()).or_default().push(sentence);
    }
    let mut out = String::from(
        "# Messages\n\nEvery sentence, and part of one, that coshell can print, by where it appears. `{}` and `{name}` stand for \
         what is filled in.\nA message names the thing, the place and the remedy. `tests/docs/messages.rs` collects this table \
         from the source, and\nchecks its form: `COSHELL_BLESS=1 cargo test --test docs` writes it anew.\n",
    );
    for (place, sentences) in by_place {
        out.push_str(&format!("\n## {place}\n\n| source | message |\n| --- | --- |\n"));
        for Literal { file, text } in sentences {
            out.push_str(&format!("| `{file}` | `{}` |\n", text.replace('|', "\\|").trim()));
        }
    }
    out
}

#[test]
fn table_of_messages_is_up_to_date() {
    assert_up_to_date("docs/messages.md", &table(&sentences()));
}

/// Returns what is wrong with the form of a message, if anything.
fn fault(Literal { file, text }: &Literal) -> Option<String> {
    let lower = text.to_lowercase();
    if let Some((word, instead)) = AVOIDED.iter().find(|(word, _)| lower.contains(word)) {
        return Some(format!("has {word:?}: {instead}"));
    }
    if PROSE.contains(&&**file) {
        return None;
    }
    let text = text.trim().trim_end_matches("\\n");
    // "..." is a mark of what was cut.
    if text.ends_with('.') && !text.ends_with("...") && !text.ends_with("and .") {
        return Some("ends in a period: leave that out".to_owned());
    }
    let first = words(text).first().copied().unwrap_or_default();
    let is_first = text.starts_with(first);
    let is_capital = first.starts_with(|c: char| c.is_ascii_uppercase());
    let is_name = CAPITALS.contains(&first.trim_end_matches([':', ',']));
    (is_first && is_capital && !is_name).then(|| "begins with a capital letter: use a small one".to_owned())
}

#[test]
fn messages_have_one_form() {
    let all = sentences();
    let faults = all.iter().filter_map(|sentence| Some((sentence, fault(sentence)?)));
    let shown: Vec<String> =
        faults.map(|(sentence, fault)| format!("{}: {:?} {fault}", sentence.file, sentence.text)).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

/// The sentence of a fault has one owner, which all places use: else they drift apart.
#[test]
fn each_sentence_is_made_in_one_place() {
    let all = sentences();
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Literal { file, text } in all.iter().filter(|sentence| words(&sentence.text).len() >= SENTENCE) {
        files.entry(text.trim()).or_default().push(file);
    }
    files.retain(|_, files| files.len() > 1);
    assert!(files.is_empty(), "sentences that are written more than once: {files:#?}");
}

#[test]
fn literals_are_found_outside_of_comments_and_characters() {
    let code = r##"// "no 1" '
        let a = ["one", 'x', '"', '\'', b"no 2", r"no 3", r#"no "4""#, "two \"2\" \
            folded"]; fn f<'a>(x: &'a str) {} /// "no 5"
        let error = "three";"##;
    let mut found = Vec::new();
    for_each_literal(code, |_, text| found.push(joined(text)));
    assert_eq!(found, ["one", "two \\\"2\\\" folded", "three"]);
}

#[test]
fn faults_of_form_are_found() {
    let of = |text: &str| fault(&Literal { file: "core/mod.rs".to_owned(), text: text.to_owned() });
    for bad in
        ["an invalid name here", "Write a name here", "write a name here.", "it can't be read", "write a `name` here"]
    {
        assert!(of(bad).is_some(), "{bad}");
    }
    for good in ["there is no line {}", "ZMODEM carries at most 4 GiB", "'{name}' is not a line: write a number"] {
        assert_eq!(of(good), None, "{good}");
    }
}
