//! Refuses a word in place of a subcommand, or a command without `--`: the most common mistakes.

use std::ffi::OsString;

use clap::Command;
use clap::error::ErrorKind;

use super::refusal::quoted;
use super::session;
use crate::display::one_line;
use crate::error::Usage;

/// Returns the sentence for `words`, whose first word behind those in `path` names no subcommand of `command`;
/// `session` was given in front of them.
pub(super) fn unknown(command: &Command, words: &[String], path: &str, session: Option<&str>) -> Usage {
    let is_help = words.first().is_some_and(|word| word == "help");
    let depth = path.split_whitespace().count() + usize::from(is_help);
    let (known, rest) = words.split_at(depth.min(words.len()));
    let Some((stray, behind)) = rest.split_first() else { return Usage::of(path, "a subcommand is missing") };
    let parent = path.split_whitespace().try_fold(command, |here, word| here.find_subcommand(word)).unwrap_or(command);
    let missing = format!("there is no subcommand '{}'", one_line(&words[..=depth].join(" ")));
    let front = session.map(|id| format!("--session {} ", quoted(id))).unwrap_or_default();
    let meant = likely(parent, stray).map(|name| front.clone() + &line(&[known, &[name.to_owned()], behind].concat()));
    let sentence = match (meant, known) {
        (Some(meant), []) => format!(
            "{missing}; did you mean 'coshell {meant}'? To run a program of that name: coshell -- {}",
            line(words)
        ),
        (None, []) => format!("{missing}; to run a program of that name, write coshell -- {}", line(words)),
        (Some(meant), _) => format!("{missing}; did you mean 'coshell {meant}'?"),
        (None, _) => format!("{missing}; the subcommands are {}", names(parent).collect::<Vec<_>>().join(", ")),
    };
    Usage::of(path, &sentence)
}

/// Returns the sentence for `stray`, a word among the options of a session. `left` is the command line, from which
/// others were taken off if `cut`.
pub(super) fn unwrapped(stray: &str, cut: bool, left: &[OsString]) -> Usage {
    let stops = |end: &usize| {
        let parsed = session().try_get_matches_from(&left[..=*end]);
        left[*end] == stray && parsed.is_err_and(|error| error.kind() == ErrorKind::UnknownArgument)
    };
    let place = (1..left.len()).find(stops).unwrap_or(left.len());
    let behind: Vec<String> = left[place..].iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let sentence = if super::command().find_subcommand(stray).is_some() {
        format!("'{stray}' is a subcommand and takes no session options: write coshell {}", line(&behind))
    } else {
        let options = if place == 1 && !cut { "" } else { "... " };
        format!("put the command to wrap after --: write coshell {options}-- {}", line(&behind))
    };
    Usage::of("", &sentence)
}

/// Returns the subcommand that `stray` was most likely meant to be: one a slip of the finger away from it, or the only one
/// that begins with it.
fn likely<'a>(parent: &'a Command, stray: &str) -> Option<&'a str> {
    let letters = stray.chars().count();
    let distance = |name: &str| strsim::osa_distance(name, stray);
    let near = names(parent).filter(|name| distance(name) <= letters / 3).min_by_key(|name| distance(name));
    let mut begun = names(parent).filter(|name| letters >= 2 && name.starts_with(stray));
    near.or_else(|| begun.next().filter(|_| begun.next().is_none()))
}

fn names(parent: &Command) -> impl Iterator<Item = &str> {
    parent.get_subcommands().map(Command::get_name).filter(|name| *name != "help")
}

fn line(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use crate::cli::{Answer, parse};

    fn refused(typed: &str) -> String {
        match parse(["coshell"].into_iter().chain(typed.split(' ')).map(Into::into)) {
            Err(Answer::Refused(usage)) => usage.to_string(),
            other => panic!("{typed}: {other:?}"),
        }
    }

    #[test]
    fn likely_subcommand_is_written_with_the_other_words() {
        let both = |name: &str, meant: &str, wrapped: &str| {
            format!(
                "there is no subcommand '{name}'; did you mean 'coshell {meant}'? To run a program of that name: coshell \
                 -- {wrapped}"
            )
        };
        for (typed, name, meant) in [
            ("stauts --json", "stauts", "status --json"),
            ("sned --enter make", "sned", "send --enter make"),
            ("stat", "stat", "status"),
            ("tr add x --bell", "tr", "trigger add x --bell"),
            ("linse -n 5", "linse", "lines -n 5"),
        ] {
            assert_eq!(refused(typed), both(name, meant, typed));
        }
        assert_eq!(refused("--session 7 stauts"), both("stauts", "--session 7 status", "stauts"));
        assert_eq!(
            refused("trigger ad x --bell"),
            "there is no subcommand 'trigger ad'; did you mean 'coshell trigger add x --bell'?"
        );
        assert_eq!(refused("help stauts"), "there is no subcommand 'help stauts'; did you mean 'coshell help status'?");
        assert!(refused("trigger zzz").ends_with("the subcommands are list, add, remove, enable, disable"));
    }

    #[test]
    fn program_without_dashes_keeps_its_words() {
        for (typed, end) in [
            ("vim -R file", "no subcommand 'vim'; to run a program of that name, write coshell -- vim -R file"),
            ("ls", "write coshell -- ls"),
            ("ssh host -- x;y", "write coshell -- ssh host -- 'x;y'"),
            ("-q vim -R", "write coshell ... -- vim -R"),
            ("-c ls ls -l", "write coshell ... -- ls -l"),
            ("--mark ls ls", "write coshell ... -- ls"),
            ("-q status --json", "takes no session options: write coshell status --json"),
        ] {
            let sentence = refused(typed);
            assert!(sentence.ends_with(end), "{typed}: {sentence}");
        }
    }
}
