//! Takes plainly written options of triggers off the front of a command line, so that a start with a thousand
//! triggers does not wait for clap, which keeps several copies of every value. Other forms, and all faults, are left
//! to clap. Measured with 1,000 triggers: 4.0 million instructions for a start, 14.1 million without this module; 2.5 ms.

use std::ffi::{OsStr, OsString};
use std::iter::Peekable;

use clap::{ArgAction, Command};

use crate::core::request::OptionArg;
use crate::core::trigger::action::KINDS;
use crate::core::trigger::definition::{EVENT, MODIFIERS, TRIGGER};

/// Returns the options of triggers that were taken off, in order, and the rest of the command line.
pub(super) fn take(command: &Command, argv: impl IntoIterator<Item = OsString>) -> (Vec<OptionArg>, Vec<OsString>) {
    let mut argv = argv.into_iter().peekable();
    let (mut items, mut left): (_, Vec<_>) =
        (Vec::with_capacity(argv.size_hint().0), argv.next().into_iter().collect());
    while let Some(option) = argv.next() {
        let written = Written::of(&option);
        if let Some(item) = of_trigger(written, &mut argv) {
            items.push(item);
            continue;
        }
        let value = of_session(command, written, argv.peek());
        left.push(option);
        match value {
            Some(Value::None) => {}
            Some(Value::Next) => left.extend(argv.next()),
            None => break,
        }
    }
    left.extend(argv);
    (items, left)
}

/// Place of an option's value.
enum Value {
    None,
    Next,
}

/// Returns the option of a trigger with its value, which is taken only if it is plain.
fn of_trigger(written: Written<'_>, behind: &mut Peekable<impl Iterator<Item = OsString>>) -> Option<OptionArg> {
    let openers = [(TRIGGER, Some('t'), true), (EVENT, None, true)];
    let kinds = KINDS.iter().map(|kind| (kind.name, kind.letter, kind.value.is_some()));
    let modifiers = MODIFIERS.iter().map(|modifier| (modifier.name, None, modifier.value.is_some()));
    let mut all = openers.into_iter().chain(kinds).chain(modifiers);
    let (name, _, takes_value) = all.find(|&(name, letter, _)| written.is(Some(name), letter))?;
    let value = if takes_value { behind.next_if(|next| is_plain(next))?.into_string().ok()? } else { String::new() };
    Some(OptionArg { name: name.into(), value })
}

/// Returns where the value of a session's option is, if the option cannot be wrong: clap would report its fault later
/// than a fault behind it.
fn of_session(command: &Command, written: Written<'_>, next: Option<&OsString>) -> Option<Value> {
    let arg = command.get_arguments().find(|arg| written.is(arg.get_long(), arg.get_short()))?;
    match arg.get_action() {
        ArgAction::SetTrue => Some(Value::None),
        ArgAction::Set => {
            let possible = arg.get_possible_values();
            possible.iter().any(|value| next.is_some_and(|next| next == value.get_name())).then_some(Value::Next)
        }
        _ => None,
    }
}

/// Returns whether `next` can only be a value where one is expected.
fn is_plain(next: &OsStr) -> bool {
    next.to_str().is_some_and(|next| !next.starts_with('-'))
}

/// Form of an option: `--name`, or `-n`.
#[derive(Clone, Copy)]
enum Written<'a> {
    Name(&'a str),
    Letter(char),
    /// No option, or more than an option.
    Otherwise,
}

impl<'a> Written<'a> {
    fn of(typed: &'a OsStr) -> Self {
        // No name of an option is invalid UTF-8: clap refuses it.
        let typed = typed.to_str().unwrap_or_default();
        match typed.strip_prefix('-').map(|one| (one, one.strip_prefix('-'))) {
            Some((_, Some(name))) => Self::Name(name),
            Some((one, None)) => {
                let mut letters = one.chars();
                letters.next().filter(|_| letters.next().is_none()).map_or(Self::Otherwise, Self::Letter)
            }
            None => Self::Otherwise,
        }
    }

    /// Returns whether this is the option with this name or letter.
    fn is(self, name: Option<&str>, letter: Option<char>) -> bool {
        match self {
            Self::Name(written) => name == Some(written),
            Self::Letter(written) => letter == Some(written),
            Self::Otherwise => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use proptest::prelude::*;

    use super::*;
    use crate::cli::{Answer, Args, finish, parse_session, session};

    const TYPED: [&str; 39] = [
        "--trigger",
        "-t",
        "--bell",
        "--send",
        "-c",
        "--coproc",
        "-s",
        "--all",
        "--name",
        "--cooldown",
        "--stop",
        "--mark",
        "--title",
        "--title=--bell",
        "-tq",
        "--session",
        "--session=7",
        "status",
        "--trigger=x",
        "-tx",
        "-qt",
        "-q",
        "--quiet",
        "-l",
        "--input",
        "-i",
        "--log",
        "--silent-keys",
        "--nested",
        "--",
        "-",
        "",
        "text",
        "raw",
        "é",
        "-x",
        "--bogus",
        "-h",
        "-V",
    ];

    fn shown(result: Result<Args, Answer>) -> Result<String, String> {
        result.map(|args| format!("{:?}", Args { typed: Vec::new(), ..args })).map_err(|error| error.to_string())
    }

    proptest! {
        #[test]
        fn quick_parser_agrees_with_clap(
            mut typed in prop::collection::vec(prop::sample::select(&TYPED[..]).prop_map(OsString::from), 0..12),
            stray in prop::option::weighted(0.1, Just(OsString::from_vec(vec![b'a', 0xff]))),
        ) {
            typed.insert(0, "coshell".into());
            typed.extend(stray);
            prop_assert_eq!(shown(parse_session(typed.clone())), shown(finish(session(), Vec::new(), &typed)));
        }
    }

    #[test]
    fn plain_options_are_taken_off() {
        let argv =
            ["coshell", "-q", "-t", "a", "--bell", "-i", "text", "--trigger", "b", "--send", "-x", "--all", "--", "ls"];
        let (items, left) = take(&session(), argv.map(OsString::from));
        assert_eq!(items.iter().map(|item| &*item.name).collect::<Vec<_>>(), ["trigger", "bell", "trigger"]);
        assert_eq!(left, ["coshell", "-q", "-i", "text", "--send", "-x", "--all", "--", "ls"]);
    }
}
