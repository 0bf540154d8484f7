//! Compares the documents with the program: the man pages and the JSON schema are generated from the tables, every option is
//! described and none is made up, every command line and configuration that is shown is accepted, every file and function
//! that is named exists.
//!
//! `COSHELL_BLESS=1 cargo test --test docs` writes the man pages, the schema and the table of messages anew.

#[path = "docs/messages.rs"]
mod messages;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use coshell::cli;
use coshell::cli::{Typed, keys};
use coshell::cmd::manual;
use coshell::config;
use coshell::config::Environment;
use coshell::config::load::load;
use coshell::config::schema::schema;
use coshell::core::event_kind::EventKind;
use coshell::core::request::{OptionArgsError, Request};
use coshell::core::response::samples;
use coshell::core::rpc_error::ErrorCode;
use coshell::core::trigger::When;
use coshell::core::trigger::action::KINDS;
use coshell::core::trigger::definition::MODIFIERS;
use regex::Regex;
use serde_json::{Value, json};

/// The documents in the root of the repository.
const DOCUMENTS: &[&str] = &["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns every option of the program, without its dashes.
fn options() -> BTreeSet<String> {
    let mut command = cli::command();
    command.build();
    long_options(&command)
}

fn long_options(command: &clap::Command) -> BTreeSet<String> {
    let below = command.get_subcommands().flat_map(long_options);
    command.get_arguments().filter_map(|arg| arg.get_long()).map(str::to_owned).chain(below).collect()
}

/// Returns the man page without fonts and escaped characters.
fn plain(roff: &str) -> String {
    let fonts = ["\\fB", "\\fI", "\\fR"].iter().fold(roff.to_owned(), |text, font| text.replace(font, ""));
    fonts.replace("\\-", "-").replace("\\(aq", "'").replace("\\(dq", "\"").replace("\\e", "\\")
}

fn capitalised(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}

/// Fails unless the file `name` has the content `generated`, or writes it.
fn assert_up_to_date(name: &str, generated: &str) {
    if std::env::var_os("COSHELL_BLESS").is_some() {
        fs::write(path(name), generated).expect("the file can be written");
    }
    let same = read(name) == generated;
    assert!(same, "{name} differs from its template and the tables: COSHELL_BLESS=1 cargo test --test docs");
}

#[test]
fn man_pages_and_schema_are_up_to_date() {
    assert_up_to_date("man/coshell.1", &manual::page());
    assert_up_to_date("man/coshell.toml.5", &manual::configuration_page());
    assert_up_to_date("assets/coshell.schema.json", &schema());
}

#[test]
fn configuration_page_and_schema_have_every_key() {
    let page = plain(&manual::configuration_page());
    assert!(!page.lines().any(|line| line.starts_with('@')), "a slot was not filled");
    let schema: Value = serde_json::from_str(&schema()).expect("the schema is JSON");
    let trigger_keys = keys::trigger_keys();
    for (keys, properties) in [
        (&keys::session_keys(), &schema["properties"]),
        (&keys::session_keys(), &schema["definitions"]["profile"]["properties"]),
        (&trigger_keys, &schema["definitions"]["trigger"]["properties"]),
    ] {
        for key in keys {
            assert!(page.contains(&format!(".TP\n{} (", key.name)), "{} has no entry", key.name);
            assert_eq!(properties[&*key.name]["description"], json!(key.summary), "{}", key.name);
        }
    }
}

/// Reads a configuration; files that it includes are empty.
fn load_text(name: &str, text: &str) -> Result<usize, String> {
    let mut first = Some(text.as_bytes().to_vec());
    let mut read = |_: &Path| Ok(first.take().unwrap_or_default());
    let loaded = load(Path::new(name), None, Some(Path::new("/home/u")), &mut read);
    loaded.map(|loaded| loaded.triggers.len()).map_err(|error| error.failure(false).to_string())
}

#[test]
fn shown_configurations_are_accepted() {
    let example = read("examples/config.toml");
    assert_eq!(load_text("examples/config.toml", &example), Ok(4));
    // A line of the configuration that is commented out has no blank behind the #.
    let uncommented = |line: &str| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') => rest.to_owned(),
        _ => line.to_owned(),
    };
    let whole: Vec<String> = example.lines().map(uncommented).collect();
    assert_eq!(load_text("examples/config.toml", &whole.join("\n")), Ok(12));
    let between = |text: &str, start: &str, end: &str| -> Vec<String> {
        let parts = text.split(start).skip(1);
        parts.filter_map(|part| Some(part.split_once(end)?.0.to_owned())).collect()
    };
    let mut shown = between(&plain(&manual::configuration_page()), ".nf\n", ".fi\n");
    shown.extend(between(&read("README.md"), "```toml\n", "```"));
    shown.retain(|text| text.contains(" = "));
    assert!(shown.len() > 2, "only {} configurations were found", shown.len());
    for text in shown {
        load_text("document", &text).unwrap_or_else(|error| panic!("{text}\n{error}"));
    }
}

#[test]
fn man_page_has_every_option_action_modifier_and_condition() {
    let page = plain(&manual::page());
    for option in options() {
        let headed = page.lines().any(|line| line.contains(&format!("--{option}")) && !line.starts_with('.'));
        assert!(headed, "--{option} is missing");
    }
    for kind in KINDS {
        let paragraph = plain(&kind.manual.replace(". ", ".\n"));
        assert!(page.contains(&paragraph), "--{} has no paragraph", kind.name);
    }
    for modifier in MODIFIERS {
        let described = page.matches(&format!("--{}", modifier.name)).count() >= 1;
        assert!(described && page.contains(&capitalised(modifier.summary)), "--{}", modifier.name);
    }
    for condition in When::NAMES {
        assert!(page.contains(condition.trim_end_matches("NAME")), "{condition}");
    }
    assert!(!page.lines().any(|line| line.starts_with('@')), "a slot was not filled");
}

/// Returns the part of the man page between these headings.
fn part(from: &str, to: &str) -> String {
    let page = plain(&manual::page());
    let (_, rest) = page.split_once(&format!(".SS {from}\n")).unwrap_or_else(|| panic!("no heading {from}"));
    rest.split(&format!(".SS {to}\n")).next().unwrap_or_default().split(".SH ").next().unwrap_or_default().to_owned()
}

#[test]
fn man_page_has_every_method_with_its_parameters_in_order() {
    let methods = part("Methods", "Errors");
    let entries: Vec<&str> = methods.split(".TP\n").skip(1).collect();
    let described: BTreeSet<&str> = entries.iter().filter_map(|entry| entry.lines().next()).collect();
    assert_eq!(described, Request::methods().collect());
    for entry in entries {
        let (method, body) = entry.split_once('\n').expect("a heading");
        let names: Vec<&str> = body.lines().filter_map(|line| line.split_once(" (")).map(|(name, _)| name).collect();
        assert_eq!(names, Request::parameters(method), "{method}");
        for line in body.lines().filter(|line| line.contains(" (")) {
            let (name, rest) = line.split_once(" (").expect("it is there");
            let missed = match Request::read(method, None) {
                Err(OptionArgsError::Params(reason)) => reason.contains(&format!("`{name}`")),
                _ => false,
            };
            assert!(!missed || !rest.contains("optional"), "{method} wants {name}");
            assert!(!line.ends_with(": ;") && !line.ends_with(": ."), "{method}: {name} is not described");
        }
    }
}

#[test]
fn man_page_has_every_response_of_every_method() {
    let methods = part("Methods", "Errors");
    for entry in methods.split(".TP\n").skip(1) {
        let (method, body) = entry.split_once('\n').expect("a heading");
        let shown = body.lines().filter_map(|line| line.strip_prefix("Response: "));
        let shown: Vec<Value> = shown.map(|json| serde_json::from_str(json).expect("it is JSON")).collect();
        let answers: Vec<Value> = samples(method).iter().map(|answer| json!(answer)).collect();
        assert!(!shown.is_empty() && shown == answers, "{method}: {shown:?}");
    }
}

#[test]
fn man_page_has_every_error_and_every_event() {
    let errors = part("Errors", "Events");
    for (code, _) in ErrorCode::ALL {
        assert!(errors.contains(&format!(".TP\n{}\n", *code as i64)), "{code:?} is missing");
    }
    let events = part("Events", "ENVIRONMENT");
    for kind in EventKind::ALL.map(EventKind::name) {
        assert!(events.lines().any(|line| line.trim_end_matches([',', '.']) == kind), "{kind} is missing");
    }
}

#[test]
fn man_pages_pass_mandoc_lint() {
    for (section, page) in [(1, manual::page()), (5, manual::configuration_page())] {
        let file = std::env::temp_dir().join(format!("coshell-docs-{}.{section}", std::process::id()));
        fs::write(&file, page).expect("the temporary directory can be written");
        let lint = Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(&file).output();
        fs::remove_file(&file).expect("it was just written");
        match lint {
            Ok(lint) => assert!(lint.stdout.is_empty(), "{}", String::from_utf8_lossy(&lint.stdout)),
            Err(error) => eprintln!("not checked, mandoc could not be run: {error}"),
        }
    }
}

#[test]
fn documents_name_existing_options_only() {
    // Options of cargo, ssh, bash and other programs.
    let others = ["answer", "log-timing", "release", "path", "norc", "test", "install", "locked"];
    let known = options();
    for name in
        ["README.md", "ARCHITECTURE.md", "SECURITY.md", "CHANGELOG.md", "man/coshell.1.in", "man/coshell.toml.5.in"]
    {
        let document = plain(&read(name));
        for (at, _) in document.match_indices("--") {
            let before = document[..at].chars().next_back();
            let option: String =
                document[at + 2..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            let option = option.trim_end_matches('-');
            if option.is_empty() || before.is_some_and(|c| c == '-' || c.is_ascii_alphanumeric()) {
                continue;
            }
            assert!(known.contains(option) || others.contains(&option), "{name}: --{option} is no option");
        }
    }
}

#[test]
fn changelog_has_this_version() {
    let heading = format!("## [{}]", env!("CARGO_PKG_VERSION"));
    assert!(read("CHANGELOG.md").lines().any(|line| line.starts_with(&heading)), "{heading} is missing");
}

#[test]
fn links_of_documents_have_a_target() {
    for name in DOCUMENTS {
        let text = read(name);
        for (at, _) in text.match_indices("](") {
            let target: String = text[at + 2..].chars().take_while(|c| *c != ')').collect();
            let elsewhere = target.starts_with("http") || target.starts_with('#');
            assert!(elsewhere || path(&target).exists(), "{name}: {target} is linked to and does not exist");
        }
    }
}

/// Returns the faults of the references in a text, such as `src/host/mod.rs: turn` or `src/core/vt/` in backquotes.
fn broken_references(text: &str) -> Vec<String> {
    let reference = Regex::new(r"`((?:src|tests|benches|examples|man|assets)/[^`]*)`").expect("a pattern");
    let fault = |reference: &str| {
        let (file, item) =
            reference.split_once(':').map_or((reference, None), |(file, item)| (file, Some(item.trim())));
        // A command has arguments.
        let file = file.split_whitespace().next().unwrap_or_default();
        if !path(file).exists() {
            return Some(format!("{file} does not exist"));
        }
        let item = item?;
        let defines = format!(r"\b(?:fn|const|static|struct|enum|trait|type)\s+{}\b", regex::escape(item));
        let defined = Regex::new(&defines).expect("a pattern").is_match(&read(file));
        (!defined).then(|| format!("{file} does not define {item}"))
    };
    reference.captures_iter(text).filter_map(|found| fault(&found[1])).collect()
}

#[test]
fn files_and_functions_named_in_documents_exist() {
    for name in DOCUMENTS.iter().chain(&["benches/README.md"]) {
        let broken = broken_references(&read(name));
        assert!(broken.is_empty(), "{name}: {broken:#?}");
    }
    let architecture = read("ARCHITECTURE.md");
    let functions = Regex::new(r"`src/[^`:]+:\s+\w+`").expect("a pattern").find_iter(&architecture).count();
    assert!(functions > 50, "only {functions} functions were found in ARCHITECTURE.md");
}

#[test]
fn broken_references_are_found() {
    let text = "`src/lib.rs`, `src/main.rs:\n main`, `tests/run --install`, `src/nowhere/`, `src/main.rs: nothing`";
    assert_eq!(broken_references(text), ["src/nowhere/ does not exist", "src/main.rs does not define nothing"]);
}

#[test]
fn architecture_has_every_module() {
    let text = read("ARCHITECTURE.md");
    for folder in ["src", "src/core"] {
        for entry in fs::read_dir(path(folder)).expect("the folder can be read").flatten() {
            let slash = if entry.path().is_dir() { "/" } else { "" };
            let module = format!("`{folder}/{}{slash}`", entry.file_name().display());
            let explained = text.contains(&module) || text.contains(&format!("{}: ", module.trim_end_matches('`')));
            assert!(explained, "ARCHITECTURE.md does not mention {module}");
        }
    }
}

#[test]
fn documents_name_the_oldest_supported_rust() {
    let version = env!("CARGO_PKG_RUST_VERSION");
    assert!(read("README.md").contains(&format!("Rust {version} or later")), "README.md: Rust {version}");
    // A packaged crate has no workflow.
    if let Ok(workflow) = fs::read_to_string(path(".github/workflows/ci.yml")) {
        let installs = format!("rustup toolchain install {version} --profile minimal && rustup default {version}\n");
        assert!(workflow.contains(&installs), "the workflow builds with another Rust than {version}");
    }
}

#[test]
fn every_file_is_packaged() {
    let output = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).current_dir(path("")).output();
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("the names are UTF-8")
    };
    // A packaged crate has no history that says which files are the project's.
    if !path(".git").exists() {
        return;
    }
    let packaged = output(env!("CARGO"), &["package", "--list", "--allow-dirty", "--offline"]);
    let packaged: BTreeSet<&str> = packaged.lines().collect();
    // A container may run the tests as another user than the one who owns the files: git-config(1), safe.directory.
    let tracked = output("git", &["-c", "safe.directory=*", "ls-files"]);
    // cargo leaves out `fuzz/`, a package of its own.
    for file in tracked.lines().filter(|file| !file.starts_with('.') && !file.starts_with("fuzz/")) {
        assert!(packaged.contains(file), "{file} is not in the package: add it to include in Cargo.toml");
    }
}

#[test]
fn every_shown_command_line_is_accepted() {
    let mut help = cli::command();
    let help = help.render_long_help().to_string();
    let mut shown = vec![("--help".to_owned(), help), ("man page".to_owned(), plain(&manual::page()))];
    shown.push(("README.md".to_owned(), read("README.md")));
    for entry in fs::read_dir(path("examples")).expect("there are examples").flatten() {
        if entry.path().is_file() {
            let name = format!("examples/{}", entry.file_name().display());
            shown.push((name.clone(), read(&name)));
        }
    }
    let mut count = 0;
    for (name, text) in &shown {
        for words in command_lines(text) {
            let line = words.join(" ");
            let argv = ["coshell".to_owned()].into_iter().chain(words).map(OsString::from);
            let args = cli::parse(argv).unwrap_or_else(|error| panic!("{name}: {line}\n{error}"));
            let Typed::Session(args) = args else { continue };
            config::settings(args, &Environment::default()).unwrap_or_else(|error| panic!("{name}: {line}\n{error}"));
            count += 1;
        }
    }
    assert!(count > 20, "only {count} command lines were found");
}

/// Beginnings of a command line, up to the program's arguments.
const STARTS: &[&str] =
    &["coshell ", "cargo run --release -- ", "exec coshell ", "exec \"${COSHELL:-coshell}\" ", "$ coshell "];

/// Returns the arguments of each command line in a text; a command line is a line of its own, with its continuations.
fn command_lines(text: &str) -> Vec<Vec<String>> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().filter_map(|line| {
        // A comment in a script, or the prompt of a shell, may stand before it.
        let line = line.trim_start_matches(['#', ' ', '>']);
        let rest = STARTS.iter().find_map(|start| line.strip_prefix(start))?;
        // A usage line and a sentence that begins with the name go on otherwise.
        (rest.starts_with('-') && !rest.starts_with("- ")).then(|| words(rest))
    });
    lines.collect()
}

/// Splits a command line into words as a shell does, up to a comment or a second command.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"'), '\\') if chars.peek().is_some_and(|next| "\"\\$`".contains(*next)) => {
                word.get_or_insert_default().extend(chars.next());
            }
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, '#') if word.is_none() => break,
            (None, ';' | '|' | '&') => break,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    // The arguments of a script stand for any.
    words.retain(|word| word != "$@");
    words
}

#[test]
fn command_lines_are_split_as_by_a_shell() {
    let text = "coshell is a program\n  coshell -t 'a b' \\\n    --send \"x\\\"y\" # why\n$ coshell -- ssh host; ls\n";
    assert_eq!(command_lines(text), [vec!["-t", "a b", "--send", "x\"y"], vec!["--", "ssh", "host"]]);
}
