//! Triggers proposed from recorded sessions, for `coshell suggest`. No I/O: lines come in, proposals go out.
//!
//! A [`Survey`] reads the lines of a first replay, as the core tells them, and proposes candidates: `question` for prompts that
//! were answered, `diagnostic` for errors and warnings, `summary` for results, `reference` for what can be a link, and
//! triggers for transfers and long commands. `generalize` makes patterns of lines, `tally` counts them in bounded memory. A
//! second replay, with the candidates as triggers, says how often and where each of them fires: the same triggers fire as
//! often in `coshell replay`.
//!
//! What the rules of the redaction hide, and what was typed and not shown (`typed_text`), is in no proposal.

mod diagnostic;
mod generalize;
mod proposal;
mod question;
mod reference;
mod summary;
mod tally;
mod typed_text;

use std::borrow::Cow;
use std::sync::Arc;

use crate::core::redact::Redactor;
use crate::core::redact::line::LineRedactor;
use crate::core::trigger::LineStage;
use crate::core::trigger::rehearsal::TriedLine;
use crate::core::vt::MarkedZone;
use diagnostic::Diagnostics;
pub use generalize::generalize;
pub use proposal::{Proposal, ProposalKind, ProposalPlace};
use question::Questions;
use reference::References;
use summary::Summaries;
use typed_text::TypedText;

/// Maximum length of a line in bytes; a longer one is passed over.
const LONGEST_LINE: usize = 1000;
/// Maximum number of candidates of one kind.
const MOST_OF_KIND: usize = 100;

/// The beginning of a transfer to receive, ZRQINIT, and of one to send, ZRINIT with the capabilities of the receiver.
const SENDS: &str = r"\*\*B00000000000000";
const RECEIVES: &str = r"\*\*B01[0-9a-f]{12}";

/// The lines of recordings, as far as they matter for proposals.
#[derive(Debug)]
pub struct Survey {
    redactor: Arc<Redactor>,
    lines: LineRedactor,
    questions: Questions,
    diagnostics: Diagnostics,
    summaries: Summaries,
    references: References,
    typed: TypedText,
    /// The line on which something may be typed, by its number.
    typed_on: Option<u64>,
}

impl Default for Survey {
    fn default() -> Self {
        let redactor = Arc::new(Redactor::default());
        Self {
            lines: LineRedactor::new(Arc::clone(&redactor)),
            redactor,
            questions: Questions::default(),
            diagnostics: Diagnostics::default(),
            summaries: Summaries::default(),
            references: References::default(),
            typed: TypedText::default(),
            typed_on: None,
        }
    }
}

impl Survey {
    /// Begins another recording.
    pub fn begin(&mut self) {
        self.lines = LineRedactor::new(Arc::clone(&self.redactor));
        self.typed.begin();
        self.forget_line();
    }

    /// Takes a try of a line.
    pub fn tried(&mut self, tried: &TriedLine) {
        let TriedLine { number, stage, alt_screen, zone, text, .. } = tried;
        match stage {
            _ if *alt_screen => {
                self.typed.forget();
                self.forget_line();
            }
            LineStage::Paused => self.paused(*number, *zone, text),
            LineStage::Finished => self.finished(*number, *zone, text),
            LineStage::Chunk | LineStage::Unrested | LineStage::Settled => {}
        }
    }

    /// Takes keys of the recording.
    pub fn typed(&mut self, keys: &[u8]) {
        self.typed.typed(keys);
    }

    fn paused(&mut self, number: u64, zone: MarkedZone, text: &[u8]) {
        let shown = self.lines.unfinished(text);
        match std::str::from_utf8(&shown) {
            Ok(text) if zone != MarkedZone::Prompt && matches!(shown, Cow::Borrowed(_)) => {
                if question::may_be_typed_on(text) {
                    self.typed_on = Some(number);
                }
                self.questions.paused(number, text);
            }
            _ => self.forget_line(),
        }
    }

    fn finished(&mut self, number: u64, zone: MarkedZone, text: &[u8]) {
        let shown = self.lines.line(text);
        let line = std::str::from_utf8(&shown).ok().filter(|line| line.len() <= LONGEST_LINE);
        let (is_shown, is_output) = (matches!(shown, Cow::Borrowed(_)), zone != MarkedZone::Prompt);
        match line {
            Some(line) if is_shown && is_output => {
                let is_answer = self.questions.finished(number, line, &self.typed);
                let is_typed = self.typed_on.take() == Some(number) || question::begins_with_shell_prompt(line);
                if !is_answer && !is_typed {
                    self.printed(line);
                }
            }
            _ => self.forget_line(),
        }
        self.typed.line_ended(&String::from_utf8_lossy(text));
    }

    /// Takes a line that a program has printed.
    fn printed(&mut self, line: &str) {
        self.references.line(line);
        if !self.summaries.line(line) {
            self.diagnostics.line(line);
        }
    }

    fn forget_line(&mut self) {
        self.questions.forget_line();
        self.typed_on = None;
    }

    /// Returns the candidates, none of which tells a secret. Each has a trigger that is valid.
    pub fn into_candidates(self) -> Vec<Proposal> {
        let questions = self.questions.into_proposals().take(MOST_OF_KIND);
        let learned = questions
            .chain(self.summaries.into_proposals().take(MOST_OF_KIND))
            .chain(self.diagnostics.into_proposals().take(MOST_OF_KIND))
            .chain(self.references.into_proposals());
        let is_told = |proposal: &Proposal| !proposal.has_secret(&self.redactor, &self.typed);
        // A pattern that is too large for a trigger cannot be proposed.
        learned.filter(is_told).chain(fixed()).filter(|proposal| proposal.definition().is_ok()).collect()
    }
}

/// Returns the candidates that are the same for all recordings.
fn fixed() -> impl Iterator<Item = Proposal> {
    let transfer = |pattern: &str, why, command| {
        Proposal::of_pattern(ProposalKind::Transfer, pattern.to_owned(), why).with("silent-coproc", command)
    };
    let command = |event, why, filter, time, text| {
        Proposal::of_event(ProposalKind::Command, event, why).with(filter, time).with("notify", text)
    };
    [
        transfer(
            SENDS,
            "A sz sends files: they are received into the shell's directory. The option zmodem = true above the first \
             [[trigger]] does the same in place of this trigger.",
            "coshell rz",
        ),
        transfer(
            RECEIVES,
            "A rz waits for files: you are asked which to send. The option zmodem = true above the first [[trigger]] does the \
             same in place of this trigger.",
            "coshell sz --ask",
        ),
        command(
            "command-finished",
            "Commands that took 10 seconds or more.",
            "longer",
            "10s",
            "$0: status ${status} after ${duration} s",
        ),
        command("long-command", "Commands that ran for a minute or more.", "after", "60s", "$0 still runs"),
    ]
    .into_iter()
}

/// Sorts proposals by their usefulness, the most useful first, and removes those that did not fire. Of those that are worth the
/// same the one that came first stays first.
pub fn ranked(mut proposals: Vec<Proposal>) -> Vec<Proposal> {
    proposals.retain(|proposal| proposal.fired > 0);
    proposals.sort_by(|a, b| b.usefulness().total_cmp(&a.usefulness()));
    proposals
}

#[cfg(test)]
mod tests;
