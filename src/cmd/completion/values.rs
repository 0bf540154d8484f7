//! Completes the values of arguments from the tables that check them or from the running sessions.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Arg;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use crate::cmd::{configuration, sessions};
use crate::core::Chord;
use crate::core::event_kind::EventKind;
use crate::core::key_press;
use crate::core::request::{Request, TriggerRequest};
use crate::core::response::{TriggerListResponse, TriggerResponse};
use crate::core::trigger::When;
use crate::core::trigger::event::EVENTS;
use crate::types::signal_names;

/// What the command line says of the values that are completed.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    /// The session.
    session: Option<String>,
    /// The configuration file.
    config: Option<PathBuf>,
}

impl Context {
    /// Reads the words of the command line up to the cursor.
    pub(super) fn of(words: &[OsString]) -> Self {
        let config = value_of(words, &["--config", "-f"]);
        Self { session: value_of(words, &["--session"]), config: config.map(PathBuf::from) }
    }
}

/// Returns a completer for the values of `arg`, if they are known.
pub(super) fn of(arg: &Arg, context: &Context) -> Option<ArgValueCandidates> {
    let Context { session, config } = context.clone();
    Some(match (arg.get_id().as_str(), arg.is_positional()) {
        // The user types the name of the job.
        ("when", _) => fixed(|| When::NAMES.iter().map(|name| name.trim_end_matches("NAME"))),
        ("event", _) => fixed(|| EVENTS.iter().map(|row| row.name)),
        ("assume", _) => fixed(|| ["no-echo", "job="]),
        ("hotkey", _) => fixed(|| Chord::names().chain(["none".to_owned()])),
        ("signal", _) => fixed(signal_names),
        ("key", false) => fixed(key_press::names),
        ("events", _) => fixed(|| EventKind::NAMES),
        ("profile", false) => fixed(move || configuration::profiles(config.clone())),
        ("session", _) => fixed(|| sessions::running().flat_map(|(session, _)| session.names())),
        ("trigger", true) => ArgValueCandidates::new(move || triggers(session.as_deref())),
        _ => return None,
    })
}

/// Returns the value that `words` give one of `options`, behind it or behind an equals sign.
fn value_of(words: &[OsString], options: &[&str]) -> Option<String> {
    let (value, option) = (words.iter().skip(1), words.iter());
    let is_option = |word: &OsString| options.iter().any(|option| word == option);
    let behind = value.zip(option).find(|(_, option)| is_option(option)).map(|(value, _)| value.to_str());
    let split = |word: &'_ OsString| Some(word.to_str()?.split_once('=')?.1.to_owned());
    let joined = || {
        let starts = |word: &&OsString| {
            word.to_str().and_then(|word| word.split_once('=')).is_some_and(|(name, _)| options.contains(&name))
        };
        words.iter().find(starts).and_then(split)
    };
    behind.flatten().map(str::to_owned).or_else(joined)
}

fn fixed<I>(names: impl Fn() -> I + Send + Sync + 'static) -> ArgValueCandidates
where
    I: IntoIterator<Item: Into<OsString>>,
{
    ArgValueCandidates::new(move || names().into_iter().map(CompletionCandidate::new).collect())
}

/// Returns the triggers of the session, by name or else by number, with their patterns or events as the description.
fn triggers(session: Option<&str>) -> Vec<CompletionCandidate> {
    let list = Request::Trigger(TriggerRequest::List { toml: false });
    // Without a session, or if it does not respond, there are no candidates.
    let answer: Option<TriggerListResponse> =
        sessions::connect(session).ok().and_then(|mut client| client.ask_in_time(&list));
    let candidate = |trigger: TriggerResponse| {
        let name = trigger.name.unwrap_or_else(|| trigger.number.to_string());
        let opener = trigger.regex.or(trigger.event);
        CompletionCandidate::new(name).help(opener.map(Into::into))
    };
    answer.into_iter().flat_map(|answer| answer.triggers).map(candidate).collect()
}
