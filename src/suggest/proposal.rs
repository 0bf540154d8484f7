//! A proposal: a trigger, why it is proposed, and where it fires in the recordings.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::typed_text::TypedText;
use crate::core::redact::Redactor;
use crate::core::request::OptionArg;
use crate::core::trigger::TriggerError;
use crate::core::trigger::definition::{EVENT, TRIGGER, TriggerDef};

/// Maximum number of places that are told.
const MOST_PLACES: usize = 5;
/// Number of firings beyond which more of them do not make a proposal more useful.
const ENOUGH: u64 = 20;

/// What a proposal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProposalKind {
    /// A question of a program.
    Question,
    /// A file transfer by ZMODEM.
    Transfer,
    /// The result of a run.
    Summary,
    /// A command that takes long.
    Command,
    /// A line that reports an error.
    Error,
    /// A place in a file.
    Place,
    /// A line that warns.
    Warning,
    /// The number of an issue.
    Issue,
    /// An address.
    Address,
}

impl ProposalKind {
    /// The kinds with their names in JSON and their weights: how much one firing is worth.
    const ROWS: [(Self, &'static str, f64); 9] = [
        (Self::Question, "question", 10.0),
        (Self::Transfer, "transfer", 9.0),
        (Self::Command, "command", 6.0),
        (Self::Summary, "summary", 6.0),
        (Self::Error, "error", 5.0),
        (Self::Place, "place", 4.0),
        (Self::Warning, "warning", 2.0),
        (Self::Issue, "issue", 2.0),
        (Self::Address, "address", 1.0),
    ];

    fn row(self) -> &'static (Self, &'static str, f64) {
        Self::ROWS.iter().find(|(kind, ..)| *kind == self).expect("each kind has a row")
    }

    /// Returns the name in JSON.
    pub fn name(self) -> &'static str {
        self.row().1
    }
}

/// Where a proposal fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProposalPlace {
    /// Index of the recording.
    pub recording: usize,
    /// Number of the line.
    pub line: u64,
    /// The time since the start of the recording.
    pub at: Duration,
}

/// A proposed trigger.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// What it is about.
    pub kind: ProposalKind,
    /// The option that opens it, [`TRIGGER`] or [`EVENT`], and its value.
    opener: (&'static str, String),
    /// Its actions and modifiers.
    pub options: Vec<OptionArg>,
    /// Why it is proposed, as sentences.
    pub why: &'static str,
    /// Number of firings in the recordings.
    pub fired: u64,
    /// The first of them.
    pub places: Vec<ProposalPlace>,
    /// Texts of the recordings that are in it.
    texts: Vec<String>,
}

impl Proposal {
    /// Creates a proposal that `pattern` opens, without options.
    pub(super) fn of_pattern(kind: ProposalKind, pattern: String, why: &'static str) -> Self {
        Self::new(kind, (TRIGGER, pattern), why)
    }

    /// Creates a proposal that `event` opens, without options.
    pub(super) fn of_event(kind: ProposalKind, event: &str, why: &'static str) -> Self {
        Self::new(kind, (EVENT, event.to_owned()), why)
    }

    fn new(kind: ProposalKind, opener: (&'static str, String), why: &'static str) -> Self {
        Self { kind, opener, options: Vec::new(), why, fired: 0, places: Vec::new(), texts: Vec::new() }
    }

    /// Adds an option, whose value is empty if it takes none.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.options.push(OptionArg { name: name.into(), value: value.to_owned() });
        self
    }

    /// Records that `text` of a recording is in the proposal.
    pub(super) fn of_text(mut self, text: &str) -> Self {
        self.texts.push(text.to_owned());
        self
    }

    /// Whether an event opens it.
    pub fn is_of_event(&self) -> bool {
        self.opener.0 == EVENT
    }

    /// Returns the pattern or the name of the event.
    pub fn opener_text(&self) -> &str {
        &self.opener.1
    }

    /// Returns the trigger.
    ///
    /// # Errors
    ///
    /// The pattern is too large.
    pub fn definition(&self) -> Result<TriggerDef, TriggerError> {
        TriggerDef::of_option(self.opener.0, self.opener.1.clone(), self.options.clone())
    }

    /// Whether the proposal would tell a secret: something that a rule hides, or that was typed and not shown.
    pub(super) fn has_secret(&self, redactor: &Redactor, typed: &TypedText) -> bool {
        let values = self.options.iter().map(|option| &option.value);
        self.texts
            .iter()
            .chain(values)
            .chain([&self.opener.1])
            .any(|text| matches!(redactor.redact(text.as_bytes()), Cow::Owned(_)) || self.is_typed_in(text, typed))
    }

    /// Whether something typed and not shown is in a text of the recordings. The other values are coshell's own words.
    fn is_typed_in(&self, text: &str, typed: &TypedText) -> bool {
        self.texts.iter().any(|known| known == text) && typed.is_in(text)
    }

    /// Records that it has fired.
    pub fn fires(&mut self, place: ProposalPlace) {
        self.fired += 1;
        if self.places.len() < MOST_PLACES {
            self.places.push(place);
        }
    }

    /// Returns how useful the proposal is: the worth of its kind, and how often it fires, on a logarithmic scale up to
    /// [`ENOUGH`].
    pub(super) fn usefulness(&self) -> f64 {
        self.kind.row().2 * (self.fired.min(ENOUGH) as f64).ln_1p()
    }

    /// Returns a sentence that tells where it fires in the recordings called `names`.
    pub fn place_sentence(&self, names: &[String]) -> String {
        PlaceSentence { proposal: self, names }.to_string()
    }

    /// Returns the names and values of the options.
    #[cfg(test)]
    pub(super) fn named_options(&self) -> Vec<(String, String)> {
        self.options.iter().map(|option| (option.name.to_string(), option.value.clone())).collect()
    }
}

/// A sentence with the places of a proposal.
struct PlaceSentence<'a> {
    proposal: &'a Proposal,
    names: &'a [String],
}

impl fmt::Display for PlaceSentence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Proposal { fired, places, .. } = self.proposal;
        match fired {
            1 => f.write_str("Fires once:")?,
            fired => write!(f, "Fires {fired} times:")?,
        }
        for (i, ProposalPlace { recording, line, at }) in places.iter().enumerate() {
            let name = self.names.get(*recording).map_or("", String::as_str);
            if i == 0 || places[i - 1].recording != *recording {
                write!(f, " {name} line {line} ({:.1} s)", at.as_secs_f64())?;
            } else {
                write!(f, " {line} ({:.1} s)", at.as_secs_f64())?;
            }
            f.write_str(if i + 1 < places.len() { "," } else { "" })?;
        }
        match fired - places.len() as u64 {
            0 => f.write_str("."),
            more => write!(f, " and {more} more."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_row() {
        for (kind, name, _) in ProposalKind::ROWS {
            assert_eq!(kind.name(), name);
        }
    }

    #[test]
    fn places_are_told_up_to_a_limit() {
        let mut proposal = Proposal::of_event(ProposalKind::Command, "bell", "It rings.").with("bell", "");
        let names = ["a.cast".to_owned(), "b.cast".to_owned()];
        let mut fire = |recording, line| {
            proposal.fires(ProposalPlace { recording, line, at: Duration::from_millis(1250 * line) });
            proposal.place_sentence(&names)
        };
        assert_eq!(fire(0, 1), "Fires once: a.cast line 1 (1.2 s).");
        fire(0, 2);
        assert_eq!(fire(1, 4), "Fires 3 times: a.cast line 1 (1.2 s), 2 (2.5 s), b.cast line 4 (5.0 s).");
        (5..8).for_each(|line| drop(fire(1, line)));
        assert!(fire(1, 8).ends_with(" 6 (7.5 s) and 2 more."));
    }
}
