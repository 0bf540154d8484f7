//! The proposals as text: a configuration, or JSON.

use serde_json::{Value, json};

use super::super::replay::report::rounded;
use crate::config::{REGEX, toml_text};
use crate::core::trigger::definition::EVENT;
use crate::display::toml_comment;
use crate::suggest::{Proposal, ProposalPlace};

/// Returns the key that opens a proposal.
fn opener_key(proposal: &Proposal) -> &'static str {
    if proposal.is_of_event() { EVENT } else { REGEX }
}

/// Returns the proposals as a configuration. `found` is the number of all, and `names` are those of the recordings.
pub(super) fn configuration(shown: &[Proposal], found: usize, names: &[String]) -> String {
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
        text.push_str(&toml_comment(proposal.why));
        text.push_str(&toml_comment(&proposal.place_sentence(names)));
        text.push_str(&toml_text::trigger((opener_key(proposal), proposal.opener_text()), &proposal.options));
    }
    text
}

/// Returns the proposals as JSON, an object a line, and a last one that counts them.
pub(super) fn objects(shown: &[Proposal], found: usize, names: &[String]) -> String {
    let place = |place: &ProposalPlace| json!({"file": names[place.recording], "line": place.line, "time": rounded(place.at.as_secs_f64())});
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
