//! Sentences for the errors of clap, in the style of coshell's other messages.

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{Arg, Command};

use crate::core::trigger::OptionError;
use crate::display::one_line;
use crate::error::Usage;

/// Returns the sentence for `error` in the arguments of `subcommand`, which is empty for a session.
pub(super) fn explained(error: &Error, subcommand: &str) -> Usage {
    let context = |kind| error.get(kind).map(listed).unwrap_or_default();
    let value = one_line(&context(ContextKind::InvalidValue).concat());
    let of = |sentence: String| Usage::of(subcommand, &sentence);
    let Some(argument) = context(ContextKind::InvalidArg).first().map(|argument| one_line(argument)) else {
        return of(without_argument(error, subcommand));
    };
    let name = bare(&argument);
    let valid = context(ContextKind::ValidValue);
    of(match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() && valid.is_empty() => {
            format!("{name}: its value is missing; write {argument}", argument = argument.replace(['<', '>'], ""))
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            format!("{name}: its value is missing; write {name} and one of {}", either(&valid))
        }
        ErrorKind::InvalidValue => format!("{name}: '{value}' is not one of {}", either(&valid)),
        ErrorKind::ValueValidation => {
            let source = std::error::Error::source(error).map(|source| one_line(&source.to_string()));
            format!("{name}: {}", source.unwrap_or_else(|| format!("'{value}' cannot be used here")))
        }
        ErrorKind::UnknownArgument => {
            let similar = context(ContextKind::SuggestedArg).into_iter().next();
            let meant = similar.map(|similar| format!("; did you mean {similar}?")).unwrap_or_default();
            let (what, rest) = if argument.starts_with('-') { ("option", meant) } else { ("argument", usage(error)) };
            format!("{}there is no {what} '{argument}'{rest}", owner(subcommand))
        }
        ErrorKind::MissingRequiredArgument => format!("{}{name} is missing{}", owner(subcommand), usage(error)),
        ErrorKind::ArgumentConflict => {
            let others = context(ContextKind::PriorArg);
            let others: Vec<&str> = others.iter().map(|other| bare(other)).collect();
            format!("{name}: does not go together with {}; leave one of them out", others.join(" and "))
        }
        ErrorKind::TooManyValues => format!("{name}: {}", OptionError::Value(value)),
        _ => format!("{name}: {}", first_line(error)),
    })
}

/// Returns the sentence for an error without an argument.
fn without_argument(error: &Error, subcommand: &str) -> String {
    match (error.kind(), error.get(ContextKind::ValidSubcommand)) {
        (ErrorKind::MissingSubcommand, Some(valid)) => {
            let names: Vec<String> = listed(valid).into_iter().filter(|name| name != "help").collect();
            format!("{}a subcommand is missing: write {}", owner(subcommand), either(&names))
        }
        (ErrorKind::InvalidUtf8, _) => {
            format!(
                "{}an argument is not UTF-8; only the arguments of a wrapped command, after --, may be otherwise",
                owner(subcommand)
            )
        }
        _ => format!("{}{}", owner(subcommand), first_line(error)),
    }
}

/// Returns the sentence for `option`, which is followed by `next` and not by its value.
pub(super) fn forgotten(subcommand: &str, option: &Arg, next: &str) -> Usage {
    let name = option.get_long().unwrap_or_default();
    let value = value_name(option);
    let next = one_line(next);
    let sentence = format!(
        "--{name}: its value is missing before '{next}'; write --{name} {value}, or {} if that is the value",
        quoted(&format!("--{name}={next}"))
    );
    Usage::of(subcommand, &sentence)
}

/// Returns the sentence for the required argument `missing`, which `option` has taken for its value, `value`.
pub(super) fn taken(subcommand: &str, option: &Arg, value: &str, missing: &Arg) -> Usage {
    let name = option.get_long().unwrap_or_default();
    let (value_name, argument) = (value_name(option), value_name(missing));
    let (value, word) = (one_line(value), quoted(value));
    let sentence = format!(
        "{}{argument} is missing, since --{name} takes '{value}' for its {value_name}; write --{name} -- {word}",
        owner(subcommand)
    );
    Usage::of(subcommand, &sentence)
}

/// Returns the name that the help gives the value of an argument.
fn value_name(arg: &Arg) -> &str {
    arg.get_value_names().and_then(<[_]>::first).map_or("VALUE", |value| value.as_str())
}

/// Returns the prefix that names the subcommand.
fn owner(subcommand: &str) -> String {
    if subcommand.is_empty() { String::new() } else { format!("{subcommand}: ") }
}

/// Returns the end of a sentence that shows the usage of the subcommand; empty for a session, whose usage has several
/// lines.
fn usage(error: &Error) -> String {
    let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) else { return String::new() };
    let usage = usage.to_string();
    let written = usage.trim().trim_start_matches("Usage: ").replace(['<', '>'], "");
    written.lines().next().filter(|_| !written.contains('\n')).map(|line| format!("; write {line}")).unwrap_or_default()
}

/// Returns the texts of an error's context.
fn listed(value: &ContextValue) -> Vec<String> {
    match value {
        ContextValue::String(text) => vec![text.clone()],
        ContextValue::Strings(texts) => texts.clone(),
        _ => Vec::new(),
    }
}

/// Returns `--name` of `--name <VALUE>`, and `NAME` of `<NAME>...`.
fn bare(argument: &str) -> &str {
    let first = argument.split([' ', '=', '[']).find(|part| !part.is_empty()).unwrap_or(argument);
    first.trim_matches(['<', '>', '[', ']', '.'])
}

fn either(words: &[String]) -> String {
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

fn first_line(error: &Error) -> String {
    let text = error.to_string();
    one_line(text.lines().next().unwrap_or_default().trim_start_matches("error: "))
}

/// Returns `word` quoted for a shell.
pub(super) fn quoted(word: &str) -> String {
    let word = one_line(word);
    let is_plain = |c: char| c.is_alphanumeric() || "-_=+:,./@%^".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Returns the names of the subcommands with which `words` begin, separated by spaces; skips `help`.
pub(super) fn path(command: &Command, words: &[String]) -> String {
    let (mut here, mut path) = (command, Vec::new());
    for word in words.iter().skip_while(|word| *word == "help") {
        let Some(below) = here.find_subcommand(word) else { break };
        path.push(word.as_str());
        here = below;
    }
    path.join(" ")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::*;
    use crate::cli::{Answer, command, parse};
    use crate::display::is_control;

    #[test]
    fn each_fault_is_one_sentence() {
        for (typed, sentence) in [
            (&["--no-such"][..], "there is no option '--no-such'"),
            (&["--histor", "5"], "there is no option '--histor'; did you mean --history?"),
            (&["--nested=3"], "--nested: takes no value, but was given '3': leave that out"),
            (&["--history", "abc"], "--history: 'abc' is not a whole number: write digits only, such as 100"),
            (&["-i"], "--input: its value is missing; write --input and one of raw, text or json"),
            (&["-i", "yaml"], "--input: 'yaml' is not one of raw, text or json"),
            (&["--log"], "--log: its value is missing; write --log FILE"),
            (&["run"], "run: CMD is missing; write coshell run CMD"),
            (&["lend"], "lend: CMD is missing; write coshell lend -- CMD..."),
            (&["trigger"], "trigger: a subcommand is missing: write list, add, remove, enable or disable"),
            (&["trigger", "add", "x", "--bel"], "trigger add: there is no option '--bel'; did you mean --bell?"),
            (&["status", "x"], "status: there is no argument 'x'; write coshell status [OPTIONS]"),
            (
                &["stop", "--signal", "x"],
                "--signal: 'x' is not a signal: write a name, such as TERM or USR1, or a number",
            ),
            (&["lines", "--from", "5", "--to", "4"], "--to: line 4 comes before line 5, the first"),
            (&["lines", "--to", "0"], "--to: line 0 comes before line 1, the first"),
            (
                &["lines", "-f", "--to", "4"],
                "--to: lines that are followed have no last one; leave out the one or the other",
            ),
            (
                &["--zmodem", "--zmodem-dir", "x", "--zmodem-receive", "y"],
                "--zmodem-dir: does not go together with --zmodem-receive; leave one of them out",
            ),
            (&["ask", "-0", "x"], "--null: belongs to --files: add --files"),
            (&["ask", "--dir", "x", "x"], "--dir: belongs to --files: add --files"),
            (&["completions", "csh"], "SHELL: 'csh' is not one of bash, elvish, fish, powershell or zsh"),
        ] {
            let answer = parse(["coshell"].iter().chain(typed).map(OsString::from));
            let Err(Answer::Refused(usage)) = answer else { panic!("{typed:?}: {answer:?}") };
            assert_eq!(usage.to_string(), sentence, "{typed:?}");
        }
    }

    /// clap's own error would name the option that is missing, not the one that needs it.
    #[test]
    fn option_that_needs_another_is_checked_here() {
        fn check(here: &Command) {
            let requires = here.get_arguments().find(|arg| !format!("{arg:?}").contains("requires: []"));
            assert!(requires.is_none(), "use check_owner in place of `requires`: {requires:?}");
            here.get_subcommands().for_each(check);
        }
        check(&command());
    }

    /// Words of clap and the standard library.
    const FOREIGN: [&str; 6] = ["invalid", "error:", "supplied", "unexpected", "provided", "required"];

    #[test]
    fn refusal_is_not_in_the_words_of_a_library() {
        fn check(here: &Command, path: &[OsString]) {
            let positionals = here.get_positionals().map(|_| Vec::new()).take(1);
            let options = here.get_arguments().filter_map(|arg| arg.get_long());
            let places: Vec<_> = positionals.chain(options.map(|long| format!("--{long}=").into_bytes())).collect();
            let values: [&[u8]; 6] = [b"", b"x\x1b\xe2\x80\xaey", b"-1", b"1e9", b"99999999999999999999", b"\xff"];
            for (place, value) in places.iter().flat_map(|place| values.map(|value| (place, value))) {
                let word = OsString::from_vec([place, value].concat());
                let words = [&["coshell".into()], path, &[word]].concat();
                let Err(Answer::Refused(usage)) = parse(words.clone()) else { continue };
                let sentence = usage.to_string();
                let foreign = FOREIGN.iter().find(|foreign| sentence.contains(**foreign));
                assert!(foreign.is_none() && !sentence.contains(is_control), "{words:?}: {sentence:?}");
            }
            for below in here.get_subcommands() {
                check(below, &[path, &[below.get_name().into()]].concat());
            }
        }
        check(&command(), &[]);
    }
}
