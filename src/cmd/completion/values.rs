//! Completes the values of arguments from the tables that check them or from the running sessions.

use std::ffi::OsString;

use clap::Arg;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use crate::cmd::sessions;
use crate::core::Chord;
use crate::core::event_kind::EventKind;
use crate::core::request::{Request, TriggerRequest};
use crate::core::response::{TriggerListResponse, TriggerResponse};
use crate::core::trigger::When;
use crate::core::trigger::event::EVENTS;
use crate::types::signal_names;

/// Returns a completer for the values of `arg`, if they are known. `session` is the session on the command line.
pub(super) fn of(arg: &Arg, session: Option<&str>) -> Option<ArgValueCandidates> {
    let session = session.map(str::to_owned);
    Some(match (arg.get_id().as_str(), arg.is_positional()) {
        // The user types the name of the job.
        ("when", _) => fixed(|| When::NAMES.iter().map(|name| name.trim_end_matches("NAME"))),
        ("event", _) => fixed(|| EVENTS.iter().map(|row| row.name)),
        ("assume", _) => fixed(|| ["no-echo", "job="]),
        ("hotkey", _) => fixed(|| Chord::names().chain(["none".to_owned()])),
        ("signal", _) => fixed(signal_names),
        ("events", _) => fixed(|| EventKind::ALL.map(EventKind::name)),
        ("session", _) => fixed(|| sessions::alive().into_iter().map(|(id, _)| id)),
        ("trigger", true) => ArgValueCandidates::new(move || triggers(session.as_deref())),
        _ => return None,
    })
}

/// Returns the session that `words` name with `--session`.
pub(super) fn session(words: &[OsString]) -> Option<String> {
    let (value, option) = (words.iter().skip(1), words.iter());
    let behind = value.zip(option).find(|(_, option)| *option == "--session").map(|(value, _)| value.to_str());
    let joined = || words.iter().find_map(|word| word.to_str()?.strip_prefix("--session="));
    behind.flatten().or_else(joined).map(str::to_owned)
}

fn fixed<I>(names: impl Fn() -> I + Send + Sync + 'static) -> ArgValueCandidates
where
    I: IntoIterator<Item: Into<OsString>>,
{
    ArgValueCandidates::new(move || names().into_iter().map(CompletionCandidate::new).collect())
}

/// Returns the triggers of the session, by name or else by number, with their patterns or events as the description.
fn triggers(session: Option<&str>) -> Vec<CompletionCandidate> {
    let list = Request::Trigger(TriggerRequest::List {});
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
