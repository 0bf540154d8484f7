//! The report of a replay: one entry for each firing, and a summary, as text or as JSON.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::core::replay::{Assumed, Replay, ReplayEvent};
use crate::core::trigger::event::TriggerEvent;
use crate::core::trigger::rehearsal::{FiringPlace, RehearsalEvent, RehearsedAction, RehearsedFiring, TriedEvent};
use crate::core::trigger::verdict::TriggerVerdict;
use crate::core::trigger::{Captures, When};
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
    /// The last entry about a match that depends on what is unknown: line, text and trigger.
    told: Option<(u64, Vec<u8>, usize)>,
    text: String,
    pub(super) summary: Summary,
}

impl Report {
    pub(super) fn new(file: &Path, json: bool, assumed: Assumed) -> Self {
        let file = file.display().to_string();
        Self { file, json, assumed, told: None, text: String::new(), summary: Summary::default() }
    }

    /// Takes the text of the report since the last call.
    pub(super) fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Reports an event, or only counts it where `quiet`.
    pub(super) fn event(&mut self, replay: &Replay, ReplayEvent { at, event }: ReplayEvent, quiet: bool) {
        let before = self.text.len();
        match event {
            RehearsalEvent::Tried(tried) => {
                let place = FiringPlace { number: tried.number, alt_screen: tried.alt_screen };
                for (trigger, conditions) in self.unknown_of(&tried.verdicts) {
                    let told = Some((tried.number, tried.text.clone(), trigger));
                    if self.told != told {
                        self.told = told;
                        let unknown = Unknown { place, text: &tried.text, event: None, trigger, conditions };
                        self.unknown(replay, at, &unknown);
                    }
                }
            }
            RehearsalEvent::TriedEvent(TriedEvent { event, place, text, verdicts }) => {
                for (trigger, conditions) in self.unknown_of(&verdicts) {
                    let unknown = Unknown { place, text: &text, event: Some(event), trigger, conditions };
                    self.unknown(replay, at, &unknown);
                }
            }
            RehearsalEvent::Fired(firing) => self.fired(replay, at, &firing),
        }
        if quiet {
            self.text.truncate(before);
        }
    }

    /// Returns the triggers on which the verdict is not known, each with the conditions that it depends on.
    fn unknown_of<'a>(&self, verdicts: &'a [(usize, TriggerVerdict)]) -> Vec<(usize, &'a [When])> {
        let unknown = verdicts.iter().filter_map(|(trigger, verdict)| match verdict {
            TriggerVerdict::Conditions(conditions) if self.is_unknown(conditions) => Some((*trigger, &conditions[..])),
            _ => None,
        });
        unknown.collect()
    }

    /// Whether conditions that do not hold depend on what a recording does not tell, and nothing was assumed about them.
    fn is_unknown(&self, conditions: &[When]) -> bool {
        conditions.iter().all(|condition| match condition {
            When::Job(_) => self.assumed.jobs.is_empty(),
            // It fails only where the contrary was assumed.
            When::Focused => false,
            other => other.needs_system(),
        })
    }

    fn unknown(&mut self, replay: &Replay, at: Duration, unknown: &Unknown<'_>) {
        let Unknown { place, text, event, trigger, conditions } = *unknown;
        self.summary.unknown += 1;
        let names: Vec<String> = conditions.iter().map(ToString::to_string).collect();
        if self.json {
            let mut object = self.object("unknown", at, replay, trigger, place);
            object["text"] = String::from_utf8_lossy(text).into();
            if let Some(event) = event {
                object["event"] = event.name().into();
            }
            object["depends_on"] = json!(names);
            return self.text.push_str(&format!("{object}\n"));
        }
        let place = self.place(at, place);
        let name = replay.options(trigger).label();
        let on = on(event, text, |text| format!("on \"{text}\""));
        let assume: Vec<String> = names.iter().map(|name| format!("--assume {name}")).collect();
        self.text.push_str(&format!(
            "{place} trigger \"{}\" {on}: unknown, it would depend on {} ({})\n",
            one_line(name),
            names.join(" and "),
            assume.join(" ")
        ));
    }

    fn fired(&mut self, replay: &Replay, at: Duration, firing: &RehearsedFiring) {
        self.summary.fired += 1;
        let RehearsedFiring { hit, place, .. } = firing;
        let asks = replay.options(hit.trigger).confirm;
        if self.json {
            let mut object = self.object("fired", at, replay, hit.trigger, *place);
            object["text"] = String::from_utf8_lossy(&hit.line).into();
            if let Some(event) = hit.event {
                object["event"] = event.name().into();
            }
            (object["groups"], object["named"]) = groups(&hit.captures);
            object["actions"] = actions(firing, asks)
                .into_iter()
                .map(|(name, would)| json!({"action": name, "would": would}))
                .collect();
            self.text.push_str(&format!("{object}\n"));
        } else {
            let (place, name) = (self.place(at, *place), one_line(replay.options(hit.trigger).label()));
            let on = on(hit.event, hit.captures.whole(), |whole| format!("matched \"{whole}\""));
            self.text.push_str(&format!("{place} trigger \"{name}\" {on}\n"));
            self.captures(&hit.captures);
            actions(firing, asks).iter().for_each(|(_, would)| self.text.push_str(&format!("    would {would}\n")));
        }
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
    fn place(&self, at: Duration, place: FiringPlace) -> String {
        let screen = if place.alt_screen { " (alternate screen)" } else { "" };
        format!("{}:{}: {:.3} s{screen}:", one_line(&self.file), place.number, at.as_secs_f64())
    }

    fn object(&self, kind: &str, at: Duration, replay: &Replay, trigger: usize, place: FiringPlace) -> Value {
        json!({
            "type": kind,
            "file": self.file,
            "line": place.number,
            "time": rounded(at.as_secs_f64()),
            "alternate_screen": place.alt_screen,
            "trigger": trigger + 1,
            "name": replay.options(trigger).label(),
        })
    }
}

/// A match, or an event, of which a recording does not tell whether it fires a trigger.
struct Unknown<'a> {
    place: FiringPlace,
    text: &'a [u8],
    event: Option<TriggerEvent>,
    trigger: usize,
    /// What it depends on.
    conditions: &'a [When],
}

/// Says that a trigger was on an event with this text, or else what `of_line` says of the text.
fn on(event: Option<TriggerEvent>, text: &[u8], of_line: impl Fn(&str) -> String) -> String {
    let text = quote(text);
    match event {
        None => of_line(&text),
        Some(event) if text.is_empty() => format!("on event {}", event.name()),
        Some(event) => format!("on event {} \"{text}\"", event.name()),
    }
}

/// Returns the groups by number, the whole match first, and those that have a name.
fn groups(captures: &Captures) -> (Value, Value) {
    let text = |group: Option<&[u8]>| group.map_or(Value::Null, |group| String::from_utf8_lossy(group).into());
    let named = captures.iter().filter_map(|(name, group)| Some((name?.to_owned(), text(group))));
    (captures.iter().map(|(_, group)| text(group)).collect(), Value::Object(named.collect()))
}

/// Returns the actions by name, each with what it would do; `asks` is whether the user is asked before.
fn actions(firing: &RehearsedFiring, asks: bool) -> Vec<(&str, String)> {
    let would = |RehearsedAction { name, effects, decoration }: &RehearsedAction| match decoration {
        Some(decoration) => decoration.clone(),
        None if effects.is_empty() && name == "stop" => "try no later trigger on the line".to_owned(),
        None => {
            let effects = effects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            if asks { format!("ask, and {effects}") } else { effects }
        }
    };
    firing.actions.iter().map(|action| (&*action.name, would(action))).collect()
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
pub(in crate::cmd) fn rounded(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}
