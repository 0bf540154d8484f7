//! `coshell suggest`: proposes triggers from recordings, and prints them as a configuration.
//!
//! Each recording is replayed twice: the lines of the first replay give candidates, and the second one says where they fire.

use std::borrow::Cow;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use super::listing::Listing;
use super::output::{Form, complain};
use super::replay::progress::ReplayProgress;
use super::replay::source::RecordingSource;
use crate::cli::SuggestArgs;
use crate::config;
use crate::config::{REGEX, toml_text};
use crate::core::Settings;
use crate::core::replay::Replay;
use crate::core::trigger::definition::{EVENT, TriggerDef};
use crate::core::trigger::rehearsal::RehearsalEvent;
use crate::display::toml_comment;
use crate::error::Failure;
use crate::suggest::{Proposal, ProposalPlace, Survey, ranked};
use crate::wire::recording::{RecordedEvent, TimedEvent};

/// Exit statuses, as those of `coshell replay`.
const PROPOSED: u8 = 0;
const NOTHING_PROPOSED: u8 = 1;
const UNREADABLE: u8 = 2;

/// Maximum number of bytes of a recording that cannot be read twice, such as standard input: its events are kept.
const MOST_KEPT: usize = 64 << 20;

/// Prints the proposals; returns the exit status.
pub(super) fn run(args: &SuggestArgs, json: bool) -> Result<u8, Failure> {
    let mut recordings: Vec<Recording<'_>> = args.files.iter().map(|file| Recording::new(args, file)).collect();
    let mut survey = Survey::default();
    for recording in &mut recordings {
        survey.begin();
        recording.survey(&mut survey)?;
    }
    let mut candidates = survey.into_candidates();
    for (number, recording) in recordings.iter_mut().enumerate() {
        recording.count(number, &mut candidates)?;
    }
    let is_failed = recordings.iter().any(|recording| recording.is_failed);
    let (all, names) =
        (ranked(candidates), recordings.iter().map(|recording| recording.name.clone()).collect::<Vec<_>>());
    let shown = &all[..all.len().min(args.max)];
    let text = if json { objects(shown, all.len(), &names) } else { configuration(shown, all.len(), &names) };
    Listing::open().print(&text, if json { Form::Json } else { Form::Text })?;
    Ok(match (is_failed, shown.is_empty()) {
        (true, _) => UNREADABLE,
        (false, false) => PROPOSED,
        (false, true) => {
            complain(
                "nothing to propose: no prompt was answered, and no line recurs that looks like an error or a result",
            );
            NOTHING_PROPOSED
        }
    })
}

/// Makes the settings of a replay with these triggers.
fn settings(triggers: Vec<TriggerDef>) -> Result<Settings, Failure> {
    let settings = config::replay_settings(Vec::new()).map_err(Failure::Usage)?;
    Ok(Settings { triggers, ..settings })
}

/// A recording that is read twice.
struct Recording<'a> {
    args: &'a SuggestArgs,
    file: &'a Path,
    name: String,
    /// The events, if the file cannot be opened again.
    kept: Option<Vec<TimedEvent>>,
    /// Whether it could not be read to its end.
    is_failed: bool,
}

impl<'a> Recording<'a> {
    fn new(args: &'a SuggestArgs, file: &'a Path) -> Self {
        let name = if file == Path::new("-") { "standard input".into() } else { file.to_string_lossy() };
        Self { args, file, name: Cow::into_owned(name), kept: None, is_failed: false }
    }

    /// Gives the lines and the keys to the survey.
    fn survey(&mut self, survey: &mut Survey) -> Result<(), Failure> {
        let mut replay = Replay::of_all_lines(Instant::now(), settings(Vec::new())?);
        let tell = |survey: &mut Survey, replay: &mut Replay| {
            for event in replay.take_events() {
                if let RehearsalEvent::Tried(tried) = event.event {
                    survey.tried(&tried);
                }
            }
        };
        let read = self.read_first(|event| {
            let TimedEvent { at, event } = event;
            match event {
                RecordedEvent::Input(keys) => {
                    replay.wait(*at);
                    // What was printed before is heard before.
                    tell(survey, &mut replay);
                    survey.typed(keys);
                }
                event => apply(&mut replay, *at, event),
            }
            tell(survey, &mut replay);
        });
        if let Err(sentence) = read {
            complain(&sentence);
            self.is_failed = true;
        }
        replay.finish();
        tell(survey, &mut replay);
        Ok(())
    }

    /// Counts the firings of the candidates in the recording, whose number is `number`.
    fn count(&mut self, number: usize, candidates: &mut [Proposal]) -> Result<(), Failure> {
        // A definition that is refused would be no candidate.
        let triggers = candidates.iter().flat_map(Proposal::definition).collect();
        let mut replay = Replay::new(Instant::now(), settings(triggers)?, Default::default(), None);
        let mut count = |replay: &mut Replay| {
            for event in replay.take_events() {
                if let RehearsalEvent::Fired(firing) = event.event {
                    let place = ProposalPlace { recording: number, line: firing.place.number, at: event.at };
                    candidates[firing.hit.trigger].fires(place);
                }
            }
        };
        let read = self.read_again(|TimedEvent { at, event }| {
            apply(&mut replay, *at, event);
            count(&mut replay);
        });
        replay.finish();
        count(&mut replay);
        // A fault that the first reading found is the same again.
        if let Err(sentence) = read
            && !self.is_failed
        {
            complain(&sentence);
            self.is_failed = true;
        }
        Ok(())
    }

    /// Reads the file and gives each event to `with`. Keeps the events where the file cannot be opened again.
    fn read_first(&mut self, mut with: impl FnMut(&TimedEvent)) -> Result<(), String> {
        let kept = self.must_keep().then(Vec::new);
        let (mut kept, mut bytes) = (kept, 0);
        let read = self.read(true, |event| {
            with(&event);
            if let Some(kept) = &mut kept {
                bytes += size(&event);
                kept.push(event);
            }
            if bytes > MOST_KEPT { Err(()) } else { Ok(()) }
        });
        self.kept = kept;
        match read {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!(
                "{} cannot be read twice, so that what is beyond {} MiB is left out: write it to a file and name that",
                self.name,
                MOST_KEPT >> 20
            )),
            Err(sentence) => Err(sentence),
        }
    }

    fn read_again(&mut self, mut with: impl FnMut(&TimedEvent)) -> Result<(), String> {
        if let Some(kept) = self.kept.take() {
            kept.iter().for_each(with);
            return Ok(());
        }
        self.read(false, |event| {
            with(&event);
            Ok(())
        })
        .map(|_| ())
    }

    /// Whether the file, or its timing file, is a pipe or the like.
    fn must_keep(&self) -> bool {
        let files = [Some(self.file), self.args.timing.as_deref()];
        // A file that cannot be looked at is named when it is opened.
        files.into_iter().flatten().any(|file| !file.metadata().is_ok_and(|data| data.is_file()))
    }

    /// Reads the file and gives each event to `with`, as long as that wants more. Returns whether it did to the end. A reading
    /// that is the first one tells where the recording was cut off: it is used as far as it goes.
    fn read(&self, is_first: bool, mut with: impl FnMut(TimedEvent) -> Result<(), ()>) -> Result<bool, String> {
        let mut source = RecordingSource::open(self.file, self.args.format, self.args.timing.as_deref())?;
        let (mut progress, mut events, mut wants_more) = (ReplayProgress::new(self.file), Vec::new(), true);
        let mut more = Ok(true);
        while wants_more && matches!(more, Ok(true)) {
            more = source.read(&mut events);
            wants_more = events.drain(..).try_for_each(&mut with).is_ok();
            progress.show(source.position());
        }
        progress.clear();
        source.take_cut_off().iter().filter(|_| is_first).for_each(|sentence| complain(sentence));
        more.map(|_| wants_more)
    }
}

/// Returns the memory that an event takes, about.
fn size(event: &TimedEvent) -> usize {
    let bytes = match &event.event {
        RecordedEvent::Output(bytes) | RecordedEvent::Input(bytes) => bytes.len(),
        RecordedEvent::Marker(label) => label.len(),
        RecordedEvent::Resize { .. } | RecordedEvent::Exit(_) => 0,
    };
    size_of::<TimedEvent>() + bytes
}

fn apply(replay: &mut Replay, at: std::time::Duration, event: &RecordedEvent) {
    match event {
        RecordedEvent::Output(bytes) => replay.output(at, bytes),
        RecordedEvent::Resize { cols, rows } => replay.resize(at, *cols, *rows),
        RecordedEvent::Input(_) | RecordedEvent::Marker(_) | RecordedEvent::Exit(_) => replay.wait(at),
    }
}

/// Returns the key that opens a proposal.
fn opener_key(proposal: &Proposal) -> &'static str {
    if proposal.is_of_event() { EVENT } else { REGEX }
}

/// Returns the proposals as a configuration. `found` is the number of all.
fn configuration(shown: &[Proposal], found: usize, names: &[String]) -> String {
    if shown.is_empty() {
        return String::new();
    }
    let of = if found > shown.len() { format!(" of {found}") } else { String::new() };
    let mut text = toml_comment(&format!(
        "Triggers proposed by coshell suggest from {}: {}{of}, the most useful first. Which lines report an error or a \
         result is guessed by their words. Keep what is of use.",
        names.join(", "),
        shown.len()
    ));
    for proposal in shown {
        text.push('\n');
        text.push_str(&toml_comment(&proposal.why));
        text.push_str(&toml_comment(&proposal.place_sentence(names)));
        text.push_str(&toml_text::trigger((opener_key(proposal), proposal.opener_text()), &proposal.options));
    }
    text
}

/// Returns the proposals as JSON, an object a line, and a last one that counts them.
fn objects(shown: &[Proposal], found: usize, names: &[String]) -> String {
    let place = |place: &ProposalPlace| {
        let time = (place.at.as_secs_f64() * 1e6).round() / 1e6;
        json!({"file": names[place.recording], "line": place.line, "time": time})
    };
    let object = |proposal: &Proposal| {
        let mut object = json!({
            "type": "proposal", "kind": proposal.kind.name(), "options": proposal.options, "why": proposal.why,
            "fired": proposal.fired, "places": proposal.places.iter().map(place).collect::<Vec<Value>>(),
        });
        object[opener_key(proposal)] = proposal.opener_text().into();
        object
    };
    let summary = json!({"type": "summary", "proposals": shown.len(), "left_out": found - shown.len()});
    shown.iter().map(object).chain([summary]).map(|object| format!("{object}\n")).collect()
}
