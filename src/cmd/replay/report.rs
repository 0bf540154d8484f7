//! The report of a replay: one entry for each firing, and a summary, as text or as JSON.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::core::replay::{Assumed, Replay, ReplayEvent};
use crate::core::trigger::event::TriggerEvent;
use crate::core::trigger::rehearsal::{RehearsalEvent, RehearsedFiring, TriedLine};
use crate::core::trigger::verdict::TriggerVerdict;
use crate::core::trigger::{Captures, LineStage, When};
use crate::display::one_line;

/// Maximum number of characters of a line that an entry quotes.
const QUOTE: usize = 200;

/// Numbers of one replay, or of all.
#[derive(Clone, Debug, Default)]
pub(super) struct Summary {
    files: u64,
    lines: u64,
    bytes: u64,
    seconds: f64,
    pub(super) fired: u64,
    unknown: u64,
}

impl Summary {
    /// Records the end of a file.
    pub(super) fn end(&mut self, lines: u64, time: Duration, (bytes, _): (u64, Option<u64>)) {
        (self.files, self.lines, self.bytes, self.seconds) = (1, lines, bytes, time.as_secs_f64());
    }

    /// Adds the numbers of another file.
    pub(super) fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.lines += other.lines;
        self.bytes += other.bytes;
        self.seconds += other.seconds;
        self.fired += other.fired;
        self.unknown += other.unknown;
    }

    /// Returns the last entry of the report.
    pub(super) fn text(&self, json: bool) -> String {
        let Self { files, lines, bytes, seconds, fired, unknown } = self;
        if json {
            let summary = json!({
                "type": "summary", "files": files, "lines": lines, "bytes": bytes, "seconds": rounded(*seconds),
                "fired": fired, "unknown": unknown,
            });
            return format!("{summary}\n");
        }
        let unknown = if *unknown > 0 { format!(", {unknown} unknown") } else { String::new() };
        let files = if *files == 1 { String::new() } else { format!(" in {files} files") };
        format!("{fired} fired{unknown}: {lines} lines, {bytes} bytes, {seconds:.1} s{files}\n")
    }
}

/// The report of one file.
pub(super) struct Report {
    file: String,
    json: bool,
    assumed: Assumed,
    /// The line of the firings that follow.
    tried: Option<TriedLine>,
    /// The last entry about a match that depends on what is unknown: line, text and trigger.
    told: Option<(u64, Vec<u8>, usize)>,
    text: String,
    pub(super) summary: Summary,
}

impl Report {
    pub(super) fn new(file: &Path, json: bool, assumed: Assumed) -> Self {
        let file = file.display().to_string();
        Self { file, json, assumed, tried: None, told: None, text: String::new(), summary: Summary::default() }
    }

    /// Takes the text of the report since the last call.
    pub(super) fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Reports an event, or only counts it where `quiet`.
    pub(super) fn event(&mut self, replay: &Replay, ReplayEvent { at, line, event }: ReplayEvent, quiet: bool) {
        let before = self.text.len();
        match event {
            RehearsalEvent::Tried(tried) => {
                for (trigger, verdict) in &tried.verdicts {
                    if let TriggerVerdict::Conditions(conditions) = verdict
                        && self.is_unknown(conditions)
                    {
                        self.unknown(replay, at, &tried, *trigger, conditions);
                    }
                }
                self.tried = Some(tried);
            }
            RehearsalEvent::Fired(firing) if firing.hit.event.is_some() => {
                // An event has no line: the place is behind the last one.
                let (text, stage) = (firing.hit.line.to_vec(), LineStage::Finished);
                let event = TriedLine { number: line, stage, alt_screen: false, text, verdicts: Vec::new() };
                let tried = self.tried.replace(event);
                self.fired(replay, at, &firing);
                self.tried = tried;
            }
            RehearsalEvent::Fired(firing) => self.fired(replay, at, &firing),
        }
        if quiet {
            self.text.truncate(before);
        }
    }

    /// Whether conditions that do not hold depend on what a recording does not tell, and nothing was assumed about them.
    fn is_unknown(&self, conditions: &[When]) -> bool {
        conditions.iter().all(|condition| match condition {
            When::Job(_) => self.assumed.jobs.is_empty(),
            other => other.needs_system(),
        })
    }

    fn unknown(&mut self, replay: &Replay, at: Duration, tried: &TriedLine, trigger: usize, conditions: &[When]) {
        let key = (tried.number, tried.text.clone(), trigger);
        if self.told.as_ref() == Some(&key) {
            return;
        }
        self.told = Some(key);
        self.summary.unknown += 1;
        let names: Vec<String> = conditions.iter().map(ToString::to_string).collect();
        if self.json {
            let mut object = self.object("unknown", at, replay, trigger, tried);
            object["depends_on"] = json!(names);
            return self.text.push_str(&format!("{object}\n"));
        }
        let place = self.place(at, tried);
        let name = replay.options(trigger).label();
        let assume: Vec<String> = names.iter().map(|name| format!("--assume {name}")).collect();
        self.text.push_str(&format!(
            "{place} trigger \"{}\" on \"{}\": unknown, it would depend on {} ({})\n",
            one_line(name),
            quote(&tried.text),
            names.join(" and "),
            assume.join(" ")
        ));
    }

    fn fired(&mut self, replay: &Replay, at: Duration, firing: &RehearsedFiring) {
        self.summary.fired += 1;
        let trigger = firing.hit.trigger;
        let Some(tried) = self.tried.take() else { return };
        if self.json {
            let mut object = self.object("fired", at, replay, trigger, &tried);
            let groups = groups(&firing.hit.captures);
            (object["groups"], object["named"]) = (groups.0, groups.1);
            object["event"] = json!(firing.hit.event.map(TriggerEvent::name));
            object["actions"] =
                actions(firing).into_iter().map(|(name, would)| json!({"action": name, "would": would})).collect();
            self.text.push_str(&format!("{object}\n"));
        } else {
            let place = self.place(at, &tried);
            let opened = firing.hit.event.map_or_else(|| "matched".to_owned(), |event| format!("on {}", event.name()));
            self.text.push_str(&format!(
                "{place} trigger \"{}\" {opened} \"{}\"\n",
                one_line(replay.options(trigger).label()),
                quote(firing.hit.captures.whole())
            ));
            self.captures(&firing.hit.captures);
            actions(firing).iter().for_each(|(_, would)| self.text.push_str(&format!("    would {would}\n")));
        }
        self.tried = Some(tried);
    }

    fn captures(&mut self, captures: &Captures) {
        for (i, (name, group)) in captures.iter().enumerate().skip(1) {
            let name = name.map_or_else(|| i.to_string(), |name| format!("{{{name}}}"));
            let group =
                group.map_or_else(|| "no part of the match".to_owned(), |group| format!("\"{}\"", quote(group)));
            self.text.push_str(&format!("    ${name}: {group}\n"));
        }
    }

    /// Returns the beginning of an entry: file, line and time.
    fn place(&self, at: Duration, tried: &TriedLine) -> String {
        let screen = if tried.alt_screen { " (alternate screen)" } else { "" };
        format!("{}:{}: {:.3} s{screen}:", one_line(&self.file), tried.number, at.as_secs_f64())
    }

    fn object(&self, kind: &str, at: Duration, replay: &Replay, trigger: usize, tried: &TriedLine) -> Value {
        json!({
            "type": kind,
            "file": self.file,
            "line": tried.number,
            "time": rounded(at.as_secs_f64()),
            "alternate_screen": tried.alt_screen,
            "text": String::from_utf8_lossy(&tried.text),
            "trigger": trigger + 1,
            "name": replay.options(trigger).label(),
        })
    }
}

/// Returns the groups by number, the whole match first, and those that have a name.
fn groups(captures: &Captures) -> (Value, Value) {
    let text = |group: Option<&[u8]>| group.map_or(Value::Null, |group| String::from_utf8_lossy(group).into());
    let named = captures.iter().filter_map(|(name, group)| Some((name?.to_owned(), text(group))));
    (captures.iter().map(|(_, group)| text(group)).collect(), Value::Object(named.collect()))
}

/// Returns the actions by name, each with what it would do.
fn actions(firing: &RehearsedFiring) -> Vec<(&str, String)> {
    let would = |(name, effects): &'_ (String, Vec<_>)| -> String {
        if effects.is_empty() && name == "stop" {
            return "try no later trigger on the line".to_owned();
        }
        effects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    firing.actions.iter().map(|action| (&*action.0, would(action))).collect()
}

/// Returns text for quotation marks, cut where it is long.
pub(super) fn quote(text: &[u8]) -> String {
    let text = one_line(&String::from_utf8_lossy(text));
    if text.chars().count() <= QUOTE {
        return text;
    }
    text.chars().take(QUOTE).chain(['…']).collect()
}

/// Rounds seconds to microseconds.
pub(super) fn rounded(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}
