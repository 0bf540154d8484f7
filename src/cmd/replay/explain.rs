//! `--explain`: why each trigger fired or did not fire on one line.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::report::{quote, rounded};
use crate::core::replay::Replay;
use crate::core::trigger::near_miss::{NearMiss, near_misses};
use crate::core::trigger::rehearsal::TriedLine;
use crate::core::trigger::verdict::{Cause, TriggerVerdict};
use crate::core::trigger::{LineStage, When};
use crate::display::one_line;

/// Maximum number of tries that are told. A row of a full-screen program may have any number.
const MOST_TRIES: usize = 100;

/// The tries of one line, and the text of the lines next to it.
pub(super) struct Explanation {
    file: String,
    json: bool,
    line: u64,
    tries: Vec<(Duration, TriedLine)>,
    /// Number of tries that are not told.
    left_out: u64,
    neighbours: [Option<TriedLine>; 2],
}

impl Explanation {
    pub(super) fn new(file: &Path, json: bool, line: u64) -> Self {
        let file = file.display().to_string();
        Self { file, json, line, tries: Vec::new(), left_out: 0, neighbours: [None, None] }
    }

    /// Takes a try, if it is one of the line or of a line next to it.
    pub(super) fn tried(&mut self, at: Duration, tried: &TriedLine) {
        match tried.number {
            number if number == self.line && self.tries.len() == MOST_TRIES => self.left_out += 1,
            number if number == self.line => self.tries.push((at, tried.clone())),
            number if number + 1 == self.line => self.neighbours[0] = Some(tried.clone()),
            number if number == self.line + 1 => self.neighbours[1] = Some(tried.clone()),
            _ => {}
        }
    }

    /// Returns the explanation.
    pub(super) fn text(&self, replay: &Replay) -> String {
        if self.tries.is_empty() {
            return self.not_tried(replay);
        }
        let mut text: String = self.tries.iter().map(|(at, tried)| self.explained(replay, *at, tried)).collect();
        if self.left_out > 0 && !self.json {
            text.push_str(&format!("({} further tries of the line are left out)\n", self.left_out));
        }
        text
    }

    fn not_tried(&self, replay: &Replay) -> String {
        let (lines, line) = (replay.lines(), self.line);
        let reason = if line > lines {
            format!("there is no line {line}: the last one is {lines}")
        } else {
            format!("no trigger was tried on line {line}: it was erased, or never finished and empty")
        };
        if self.json {
            return format!("{}\n", json!({"type": "explanation", "file": self.file, "line": line, "reason": reason}));
        }
        format!("{}:{line}: {reason}\n", one_line(&self.file))
    }

    fn explained(&self, replay: &Replay, at: Duration, tried: &TriedLine) -> String {
        let reasons = tried.verdicts.iter().map(|(trigger, verdict)| {
            let verdict = searched(replay, tried, *trigger, verdict);
            (*trigger, self.reason(replay, tried, *trigger, &verdict), verdict)
        });
        if self.json {
            let triggers: Vec<_> = reasons
                .map(|(trigger, reason, verdict)| {
                    let name = replay.options(trigger).label();
                    json!({"trigger": trigger + 1, "name": name, "verdict": word(&verdict), "reason": reason})
                })
                .collect();
            let explanation = json!({
                "type": "explanation", "file": self.file, "line": self.line, "time": rounded(at.as_secs_f64()),
                "stage": stage_word(tried.stage), "alternate_screen": tried.alt_screen,
                "text": String::from_utf8_lossy(&tried.text), "triggers": triggers,
            });
            return format!("{explanation}\n");
        }
        let screen = if tried.alt_screen { ", on the alternate screen" } else { "" };
        let (file, seconds) = (one_line(&self.file), at.as_secs_f64());
        let head = format!(
            "{file}:{}: {seconds:.3} s, {}{screen}: \"{}\"\n",
            self.line,
            stage(tried.stage),
            quote(&tried.text)
        );
        let lines = reasons.map(|(trigger, reason, _)| {
            format!("    {} \"{}\": {reason}\n", trigger + 1, one_line(replay.options(trigger).label()))
        });
        head + &lines.collect::<String>()
    }

    /// Returns the reason of a verdict as a clause.
    fn reason(&self, replay: &Replay, tried: &TriedLine, trigger: usize, verdict: &TriggerVerdict) -> String {
        match verdict {
            TriggerVerdict::Fires => "fires".to_owned(),
            TriggerVerdict::NoMatch if replay.options(trigger).pattern().is_none() => {
                "an event opens it, and no line does".to_owned()
            }
            TriggerVerdict::NoMatch => format!("the pattern does not match{}", self.near(replay, tried, trigger)),
            TriggerVerdict::Held => {
                "the match touches the end of the line and could still grow: it is held until the line is \
                              finished, or for 0.5 s"
                    .to_owned()
            }
            TriggerVerdict::Conditions(conditions) => failing(conditions),
            TriggerVerdict::CoolingDown(left) => format!("its cooldown lasts {:.3} s more", left.as_secs_f64()),
            TriggerVerdict::Prevented(Cause::Spent) => "it is --once, and has fired".to_owned(),
            TriggerVerdict::Prevented(Cause::CoprocRuns) => "it starts a coprocess, and one runs".to_owned(),
            TriggerVerdict::Prevented(Cause::CoolingDown) => "its cooldown has not passed".to_owned(),
            TriggerVerdict::Prevented(Cause::Loop) => "the loop guard has stopped it".to_owned(),
            TriggerVerdict::Prevented(Cause::Conditions) => "a condition does not hold".to_owned(),
            TriggerVerdict::FiredBefore => "it has fired for this text of this line".to_owned(),
            TriggerVerdict::PassedBefore => {
                "this text of this line was passed over: a cooldown or a coprocess prevented it".to_owned()
            }
            TriggerVerdict::StoppedBy(other) => {
                format!("trigger {} \"{}\" stops later triggers", other + 1, one_line(replay.options(*other).label()))
            }
            TriggerVerdict::Off => "it is disabled".to_owned(),
            TriggerVerdict::NotInstant => "it waits for a pause, since it is not --instant".to_owned(),
        }
    }

    /// Returns what the pattern would match, as the rest of a sentence.
    fn near(&self, replay: &Replay, tried: &TriedLine, trigger: usize) -> String {
        let Some(pattern) = replay.options(trigger).pattern() else { return String::new() };
        let mut hints: Vec<String> = Vec::new();
        for neighbour in self.neighbours.iter().flatten().filter(|neighbour| pattern.is_match(&neighbour.text)) {
            hints.push(format!("it matches line {}", neighbour.number));
        }
        hints.extend(near_misses(pattern, &tried.text).into_iter().map(|near| hint(near).to_owned()));
        hints.iter().map(|hint| format!("; {hint}")).collect()
    }
}

/// Returns the verdict, or that the pattern does not match where a trigger that cannot fire was not searched for.
fn searched(replay: &Replay, tried: &TriedLine, trigger: usize, verdict: &TriggerVerdict) -> TriggerVerdict {
    let is_moot = matches!(verdict, TriggerVerdict::Prevented(Cause::Spent) | TriggerVerdict::Off);
    let matches = || replay.options(trigger).pattern().is_some_and(|pattern| pattern.is_match(&tried.text));
    if is_moot && !matches() { TriggerVerdict::NoMatch } else { verdict.clone() }
}

fn hint(near: NearMiss) -> &'static str {
    match near {
        NearMiss::IgnoringCase => "it matches if case is ignored: (?i)",
        NearMiss::WithoutEscapes => "it matches without the escape sequences in it: lines have none",
        NearMiss::WithoutStart => "it matches without ^ at its start, since other text precedes",
        NearMiss::WithoutEnd => "it matches without $ at its end, since other text follows",
    }
}

fn failing(conditions: &[When]) -> String {
    let clause = |condition: &When| {
        let unknown = if condition.needs_system() { " (unknown in a recording: --assume sets it)" } else { "" };
        format!("{condition} does not hold{unknown}")
    };
    conditions.iter().map(clause).collect::<Vec<_>>().join(", ")
}

/// Returns the word of a verdict in JSON.
fn word(verdict: &TriggerVerdict) -> &'static str {
    match verdict {
        TriggerVerdict::Fires => "fires",
        TriggerVerdict::NoMatch => "no-match",
        TriggerVerdict::Held => "held",
        TriggerVerdict::Conditions(_) | TriggerVerdict::Prevented(Cause::Conditions) => "condition",
        TriggerVerdict::CoolingDown(_) | TriggerVerdict::Prevented(Cause::CoolingDown) => "cooldown",
        TriggerVerdict::Prevented(Cause::Spent) => "once",
        TriggerVerdict::Prevented(Cause::CoprocRuns) => "coprocess",
        TriggerVerdict::Prevented(Cause::Loop) => "loop",
        TriggerVerdict::FiredBefore => "fired-before",
        TriggerVerdict::PassedBefore => "passed-before",
        TriggerVerdict::StoppedBy(_) => "stopped",
        TriggerVerdict::Off => "off",
        TriggerVerdict::NotInstant => "not-instant",
    }
}

/// Returns the stage of a try as a clause.
fn stage(stage: LineStage) -> &'static str {
    match stage {
        LineStage::Chunk => "while it was printed",
        LineStage::Unrested => "while output went on",
        LineStage::Paused => "when the output paused",
        LineStage::Settled => "when a match had waited",
        LineStage::Finished => "when it was finished",
    }
}

/// Returns the word of a stage in JSON.
fn stage_word(stage: LineStage) -> &'static str {
    match stage {
        LineStage::Chunk => "chunk",
        LineStage::Unrested => "unrested",
        LineStage::Paused => "paused",
        LineStage::Settled => "settled",
        LineStage::Finished => "finished",
    }
}
