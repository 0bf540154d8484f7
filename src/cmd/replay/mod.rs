//! `coshell replay`: runs recordings through the triggers of a session with a virtual clock, and prints what would fire.

mod explain;
pub(super) mod progress;
pub(super) mod report;
pub(super) mod source;
mod timed;

use std::path::Path;
use std::time::{Duration, Instant};

use super::configuration;
use super::listing::Listing;
use super::output::{Form, Pager, complain};
use crate::cli::{Assumption, ReplayArgs};
use crate::config;
use crate::core::Settings;
use crate::core::replay::{Assumed, Replay};
use crate::core::trigger::When;
use crate::core::trigger::rehearsal::RehearsalEvent;
use crate::error::{Failure, Usage};
use crate::wire::recording::{RecordedEvent, TimedEvent};
use explain::Explanation;
use progress::ReplayProgress;
use report::{Report, Summary};
use source::RecordingSource;

/// Exit statuses, as those of grep(1).
const FIRED: u8 = 0;
const NOTHING_FIRED: u8 = 1;
const UNREADABLE: u8 = 2;

/// Replays the files; returns the exit status.
pub(super) fn run(args: &ReplayArgs, json: bool) -> Result<u8, Failure> {
    // Before anything is read: a fault of the options is told once.
    settings(args)?;
    let mut printer =
        Printer { listing: Listing::open(), form: if json { Form::Json } else { Form::Text }, is_gone: false };
    let (mut total, mut failed) = (Summary::default(), false);
    for file in &args.files {
        let mut of_file = OfFile::new(args, file, json)?;
        if let Err(sentence) = of_file.run(&mut printer)? {
            complain(&sentence);
            failed = true;
        }
        total.add(&of_file.report.summary);
        if printer.is_gone {
            break;
        }
    }
    printer.print(&total.text(json))?;
    Ok(match (failed, total.fired > 0) {
        (true, _) => UNREADABLE,
        (false, true) => FIRED,
        (false, false) => NOTHING_FIRED,
    })
}

/// Makes the settings of one replay. The one place that says where triggers come from.
fn settings(args: &ReplayArgs) -> Result<Settings, Failure> {
    let mut settings = config::replay_settings(args.triggers.0.clone()).map_err(Failure::Usage)?;
    let refused = |sentence: &str| Failure::Usage(Usage::of("replay", sentence));
    if args.reads_configuration() {
        let mut files = configuration::files(&args.configuration)?;
        let path = files.shown_path();
        let loaded = files.load().map_err(configuration::failure)?;
        let Some(loaded) = loaded else {
            let remedy = "write --trigger REGEX and an action, as for a session";
            return Err(refused(&format!("no trigger is given: {remedy}; {}", configuration::missing(&path))));
        };
        // As in a session, those of the command line come last.
        let given = std::mem::take(&mut settings.triggers);
        settings.triggers = loaded.triggers.into_iter().map(|trigger| trigger.definition).chain(given).collect();
    }
    if settings.triggers.is_empty() {
        return Err(refused("the configuration has no trigger: add one, or write --trigger REGEX and an action"));
    }
    Ok(settings)
}

fn assumed(assumptions: &[Assumption]) -> Assumed {
    let mut assumed = Assumed::default();
    for Assumption(condition) in assumptions {
        match condition {
            When::Job(name) => assumed.jobs.push(name.clone()),
            When::Asks => assumed.asks = true,
            When::Unfocused => assumed.unfocused = true,
            When::Focused => assumed.unfocused = false,
            _ => assumed.no_echo = true,
        }
    }
    assumed
}

/// The way to stdout.
struct Printer {
    listing: Listing,
    form: Form,
    /// The reader of stdout is gone.
    is_gone: bool,
}

impl Printer {
    fn print(&mut self, text: &str) -> Result<(), Failure> {
        if !text.is_empty() && !self.is_gone {
            self.is_gone = self.listing.print(text, self.form)? == Pager::Gone;
        }
        Ok(())
    }
}

/// The replay of one file.
struct OfFile<'a> {
    args: &'a ReplayArgs,
    file: &'a Path,
    replay: Replay,
    report: Report,
    explanation: Option<Explanation>,
    progress: ReplayProgress,
}

impl<'a> OfFile<'a> {
    fn new(args: &'a ReplayArgs, file: &'a Path, json: bool) -> Result<Self, Failure> {
        let assumed = assumed(&args.assume);
        let report = Report::new(file, json, assumed.clone());
        let replay = Replay::new(Instant::now(), settings(args)?, assumed, args.explain);
        let explanation = args.explain.map(|line| Explanation::new(file, json, line));
        Ok(Self { args, file, replay, report, explanation, progress: ReplayProgress::new(file) })
    }

    /// Replays the file. The inner error is a sentence about the file.
    fn run(&mut self, printer: &mut Printer) -> Result<Result<(), String>, Failure> {
        let mut recording = match RecordingSource::open(self.file, self.args.format, self.args.timing.as_deref()) {
            Ok(recording) => recording,
            Err(sentence) => return Ok(Err(sentence)),
        };
        let (mut events, mut result) = (Vec::new(), Ok(true));
        while matches!(result, Ok(true)) && !printer.is_gone && !self.is_explained() {
            result = recording.read(&mut events);
            events.drain(..).for_each(|event| self.apply(event));
            self.print(printer)?;
            self.progress.show(recording.position());
        }
        let length = self.replay.now();
        self.replay.finish();
        self.report.summary.end(self.replay.lines(), length, recording.position());
        self.print(printer)?;
        self.progress.clear();
        if let Some(explanation) = &self.explanation {
            printer.print(&explanation.text(&self.replay))?;
        }
        recording.take_cut_off().iter().for_each(|sentence| complain(sentence));
        Ok(result.map(|_| ()))
    }

    /// Whether the explained line has left the screen.
    fn is_explained(&self) -> bool {
        self.args.explain.is_some_and(|line| self.replay.is_past(line))
    }

    fn apply(&mut self, event: TimedEvent) {
        let at: Duration = event.at;
        match event.event {
            RecordedEvent::Output(bytes) => self.replay.output(at, &bytes),
            RecordedEvent::Resize { cols, rows } => self.replay.resize(at, cols, rows),
            RecordedEvent::Exit(status) => self.replay.exit(at, status),
            // Keys and markers are in the recording for people; the triggers of a session do not see them.
            RecordedEvent::Input(_) | RecordedEvent::Marker(_) => self.replay.wait(at),
        }
    }

    /// Reports the events so far: with `--explain` only to the explanation.
    fn print(&mut self, printer: &mut Printer) -> Result<(), Failure> {
        for event in self.replay.take_events() {
            if let (Some(explanation), RehearsalEvent::Tried(tried)) = (&mut self.explanation, &event.event) {
                explanation.tried(event.at, tried);
            }
            self.report.event(&self.replay, event, self.explanation.is_some());
        }
        let text = self.report.take_text();
        if !text.is_empty() {
            self.progress.clear();
        }
        printer.print(&text)
    }
}
