//! Refuses an option in the place of another option's missing value: clap would take it for the value, wherever a value
//! may begin with a dash. Refuses as well an argument that clap takes for the value of an option which needs none.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command};

use super::refusal;
use crate::error::Usage;

/// Refuses the first option of `argv` whose value is missing in front of another option, and a required argument that is
/// missing because an option has taken it. Other faults are left to clap.
pub(super) fn refuse(command: &Command, argv: &[OsString]) -> Result<(), Usage> {
    let (mut here, mut path) = (command, Vec::new());
    // An option with the word that it takes though it needs none, until an argument comes.
    let (mut taken, mut has_argument) = (None, false);
    let mut words = argv.iter().skip(1).map(|word| word.to_string_lossy()).peekable();
    while let Some(word) = words.next() {
        if !word.starts_with('-') || word == "-" {
            match (here.find_subcommand(&*word), here.get_positionals().any(|arg| !arg.is_last_set())) {
                (Some(below), _) => {
                    here = below;
                    path.push(word);
                }
                (None, true) => has_argument = true,
                (None, false) => return Ok(()),
            }
            continue;
        }
        let Some(last) = last_option(here, &word) else {
            if here.get_positionals().any(Arg::is_allow_hyphen_values_set) {
                continue;
            }
            return Ok(());
        };
        match awaits(last) {
            Awaits::Nothing => {}
            // clap prints the help and reads no further.
            Awaits::Page => return Ok(()),
            Awaits::Perhaps => {
                let value = words.next_if(|next| !next.starts_with('-'));
                taken = value.map(|value| (last.arg, value)).or(taken);
            }
            Awaits::Value => {
                let Some(next) = words.next() else { return Ok(()) };
                if next == "--" || last_option(here, &next).is_some() {
                    return Err(refusal::forgotten(&path.join(" "), last.arg, &next));
                }
            }
        }
    }
    let required = here.get_positionals().find(|arg| arg.is_required_set());
    match (taken, required) {
        (Some((option, value)), Some(missing)) if !has_argument => {
            Err(refusal::taken(&path.join(" "), option, &value, missing))
        }
        _ => Ok(()),
    }
}

/// The last option of a word, and whether its value is in the same word.
#[derive(Clone, Copy)]
struct Last<'a> {
    arg: &'a Arg,
    valued: bool,
}

/// What an option takes of the next word.
enum Awaits {
    Nothing,
    Perhaps,
    Value,
    Page,
}

fn awaits(last: Last<'_>) -> Awaits {
    let values = last.arg.get_num_args();
    match last.arg.get_action() {
        ArgAction::Help | ArgAction::Version => Awaits::Page,
        action if !action.takes_values() || last.valued || last.arg.is_require_equals_set() => Awaits::Nothing,
        _ if values.is_some_and(|values| values.max_values() == 0) => Awaits::Nothing,
        _ if values.is_some_and(|values| values.min_values() == 0) => Awaits::Perhaps,
        _ => Awaits::Value,
    }
}

/// Returns the last option of `word`, `--name` or a cluster of letters, if all in it are options of `command`.
fn last_option<'a>(command: &'a Command, word: &str) -> Option<Last<'a>> {
    let options = || command.get_arguments();
    if let Some(long) = word.strip_prefix("--") {
        let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
        let arg = options().find(|arg| arg.get_long() == Some(name))?;
        return Some(Last { arg, valued: value.is_some() });
    }
    let mut letters = word.strip_prefix('-')?.chars();
    let mut last = None;
    while let Some(letter) = letters.next() {
        let arg = options().find(|arg| arg.get_short() == Some(letter))?;
        let valued = arg.get_action().takes_values() && !letters.as_str().is_empty();
        last = Some(Last { arg, valued });
        if valued {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Answer, command, parse, session};

    /// Returns every command that takes options: its words, and its options.
    fn all(here: &Command, path: &[&str]) -> Vec<(Vec<String>, Vec<Arg>)> {
        let words = path.iter().map(|word| (*word).to_owned()).collect();
        let options = here.get_arguments().filter(|arg| arg.get_long().is_some()).cloned().collect();
        let below = here.get_subcommands().filter(|below| below.get_name() != "help");
        let below = below.flat_map(|below| all(below, &[path, &[below.get_name()]].concat()));
        [(words, options)].into_iter().chain(below).collect()
    }

    fn spelled(option: &Arg) -> Vec<String> {
        let long = option.get_long().map(|long| format!("--{long}"));
        let short = option.get_short().map(|short| format!("-{short}"));
        long.into_iter().chain(short).collect()
    }

    #[test]
    fn option_is_not_taken_for_a_value() {
        let mut whole = command();
        whole.build();
        let mut of_session = session();
        of_session.build();
        let mut tried = 0;
        let below = all(&whole, &[]).into_iter().skip(1);
        for (path, options) in all(&of_session, &[]).into_iter().chain(below) {
            let due = options.iter().filter(|option| {
                option.get_action().takes_values()
                    && option.get_num_args().is_some_and(|values| values.min_values() > 0)
            });
            let others: Vec<String> = options.iter().flat_map(spelled).chain(["--".to_owned()]).collect();
            for (option, other) in due.flat_map(|option| others.iter().map(move |other| (option, other))) {
                let long = option.get_long().expect("each option has a long name");
                for written in spelled(option) {
                    let words = [&["coshell".to_owned()][..], &path, &[written, other.clone()]].concat();
                    let answer = parse(words.iter().map(OsString::from));
                    let Err(Answer::Refused(usage)) = answer else { panic!("{words:?}: {answer:?}") };
                    let (start, end) = (format!("--{long}: its value is missing"), format!("--{long}={other} if"));
                    let sentence = usage.to_string();
                    assert!(sentence.starts_with(&start) && sentence.contains(&end), "{words:?}: {sentence}");
                }
                let words = [&["coshell".to_owned()][..], &path, &[format!("--{long}={other}")]].concat();
                let missing = "its value is missing";
                let answer = parse(words.iter().map(OsString::from));
                let refused = answer.is_err_and(|answer| answer.to_string().contains(missing));
                assert!(!refused, "{words:?}");
                tried += 1;
            }
        }
        assert!(tried > 300, "{tried}");
    }

    #[test]
    fn argument_that_an_option_takes_is_missed_by_name() {
        let parsed = |words: &[&str]| parse(["coshell"].iter().chain(words).map(OsString::from));
        for words in [
            &["replay", "--event", "bell", "--mark", "x.cast"][..],
            &["replay", "--mark", "x.cast", "--explain", "5"],
            &["replay", "-t", "x", "--mark", "n", "--bell", "--mark", "x.cast"],
        ] {
            let Err(Answer::Refused(usage)) = parsed(words) else { panic!("{words:?}") };
            let sentence = "replay: FILE is missing, since --mark takes 'x.cast' for its NAME; write --mark -- x.cast";
            assert_eq!(usage.to_string(), sentence, "{words:?}");
        }
        for words in [
            &["replay", "--event", "bell", "--mark", "--", "x.cast"][..],
            &["replay", "x.cast", "--event", "bell", "--mark", "n"],
            &["replay", "--event", "bell", "--mark", "n", "x.cast"],
            &["replay", "--event", "bell", "--mark=n", "x.cast"],
            &["trigger", "add", "--event", "bell", "--mark", "n"],
        ] {
            assert!(parsed(words).is_ok(), "{words:?}");
        }
    }

    #[test]
    fn dashed_text_that_is_no_option_is_a_value() {
        for words in [
            &["-t", "-x", "--send", "-5", "--notify", "- done"][..],
            &["-t", "--bogus", "--bell"],
            &["trigger", "add", "--bogus", "--send", "-x"],
            &["send", "--enter", "--bogus"],
            &["--mark", "--bell"],
            &["-h", "--title", "--bell"],
            &["-q", "--", "--title", "--bell"],
        ] {
            let answer = parse(["coshell"].iter().chain(words).map(OsString::from));
            assert!(!matches!(&answer, Err(Answer::Refused(_))), "{words:?}: {answer:?}");
        }
    }

    #[test]
    fn clusters_and_optional_values_are_recognized() {
        for words in [&["-qt", "--bell"][..], &["--mark", "x", "-t", "-lq"], &["-q", "--mark", "--send", "-tx"]] {
            let answer = parse(["coshell"].iter().chain(words).map(OsString::from));
            let Err(Answer::Refused(usage)) = answer else { panic!("{words:?}: {answer:?}") };
            assert!(usage.to_string().contains("its value is missing"), "{words:?}: {usage}");
        }
    }
}
