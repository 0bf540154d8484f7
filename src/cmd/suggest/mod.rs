//! `coshell suggest`: proposes triggers from recordings, and prints them as a configuration.
//!
//! Each recording is replayed twice: the lines of the first replay give candidates, and the second one says where they fire.
//! `recording` reads a recording twice, `report` prints the proposals.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod recording;
mod report;

use std::time::{Duration, Instant};

use super::listing::Listing;
use super::output::{Form, complain};
use crate::cli::SuggestArgs;
use crate::config;
use crate::core::Settings;
use crate::core::replay::{Assumed, Replay};
use crate::core::trigger::definition::TriggerDef;
use crate::core::trigger::rehearsal::RehearsalEvent;
use crate::error::Failure;
use crate::suggest::{Proposal, ProposalPlace, Survey, ranked};
use crate::wire::recording::{RecordedEvent, TimedEvent};
use recording::TwiceReadRecording;

/// Exit statuses, as those of `coshell replay`.
const PROPOSED: u8 = 0;
const NOTHING_PROPOSED: u8 = 1;
const UNREADABLE: u8 = 2;

/// Prints the proposals; returns the exit status.
pub(super) fn run(args: &SuggestArgs, json: bool) -> Result<u8, Failure> {
    let mut recordings: Vec<_> = args.files.iter().map(|file| TwiceReadRecording::new(args, file)).collect();
    let mut lines = Survey::default();
    for recording in &mut recordings {
        lines.begin();
        survey(recording, &mut lines)?;
    }
    let mut candidates = lines.into_candidates();
    for (number, recording) in recordings.iter_mut().enumerate() {
        count(recording, number, &mut candidates)?;
    }
    let names: Vec<String> = recordings.iter().map(|recording| recording.name.clone()).collect();
    let all = ranked(candidates);
    let shown = &all[..all.len().min(args.max)];
    let (text, form) = if json {
        (report::objects(shown, all.len(), &names), Form::Json)
    } else {
        (report::configuration(shown, all.len(), &names), Form::Text)
    };
    Listing::open().print(&text, form)?;
    let is_failed = recordings.iter().any(|recording| recording.is_failed);
    Ok(match (is_failed, shown.is_empty()) {
        (true, _) => UNREADABLE,
        (false, false) => PROPOSED,
        (false, true) => {
            complain("nothing to propose: no prompt was answered, and no line looks like an error or a result");
            NOTHING_PROPOSED
        }
    })
}

/// Makes the settings of a replay with these triggers.
fn settings(triggers: Vec<TriggerDef>) -> Result<Settings, Failure> {
    let settings = config::replay_settings(Vec::new()).map_err(Failure::Usage)?;
    Ok(Settings { triggers, ..settings })
}

/// Gives the lines and the keys of a recording to the survey.
fn survey(recording: &mut TwiceReadRecording<'_>, lines: &mut Survey) -> Result<(), Failure> {
    let mut replay = Replay::of_all_lines(Instant::now(), settings(Vec::new())?);
    recording.read(|event| survey_event(&mut replay, event, lines));
    replay.finish();
    tell(&mut replay, lines);
    Ok(())
}

/// Gives what comes with an event of a recording to the survey.
fn survey_event(replay: &mut Replay, TimedEvent { at, event }: &TimedEvent, lines: &mut Survey) {
    apply(replay, *at, event);
    tell(replay, lines);
    // Behind what was printed before.
    if let RecordedEvent::Input(keys) = event {
        lines.typed(keys);
    }
}

/// Gives the lines that the replay has come to, to the survey.
fn tell(replay: &mut Replay, lines: &mut Survey) {
    for event in replay.take_events() {
        if let RehearsalEvent::Tried(tried) = event.event {
            lines.tried(&tried);
        }
    }
}

/// Counts the firings of the candidates in a recording, whose number is `number`.
fn count(recording: &mut TwiceReadRecording<'_>, number: usize, candidates: &mut [Proposal]) -> Result<(), Failure> {
    let mut replay = replay_of(candidates)?;
    recording.read_again(|TimedEvent { at, event }| {
        apply(&mut replay, *at, event);
        count_firings(&mut replay, number, candidates);
    });
    replay.finish();
    count_firings(&mut replay, number, candidates);
    Ok(())
}

/// Creates the replay of a recording with the candidates as its triggers.
fn replay_of(candidates: &[Proposal]) -> Result<Replay, Failure> {
    // A definition that is refused would be no candidate.
    let triggers = candidates.iter().flat_map(Proposal::definition).collect();
    Ok(Replay::new(Instant::now(), settings(triggers)?, Assumed::default(), None))
}

/// Counts the firings that the replay has come to.
fn count_firings(replay: &mut Replay, number: usize, candidates: &mut [Proposal]) {
    for event in replay.take_events() {
        if let RehearsalEvent::Fired(firing) = event.event {
            let place = ProposalPlace { recording: number, line: firing.place.number, at: event.at };
            candidates[firing.hit.trigger].fires(place);
        }
    }
}

fn apply(replay: &mut Replay, at: Duration, event: &RecordedEvent) {
    match event {
        RecordedEvent::Output(bytes) => replay.output(at, bytes),
        RecordedEvent::Resize { cols, rows } => replay.resize(at, *cols, *rows),
        RecordedEvent::Input(_) | RecordedEvent::Marker(_) | RecordedEvent::Exit(_) => replay.wait(at),
    }
}
