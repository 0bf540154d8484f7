//! `highlight STYLE` and `highlight-line STYLE`: show the match, a group of it, or its line in other attributes.

use super::describe::quoted;
use super::{Action, ActionContext, ActionKind, style};
use crate::core::trigger::error::StyleError;
use crate::core::trigger::{Captures, Decoration, Groups, Hit, Look};
use crate::core::vt::Sgr;

pub(super) const MATCH: ActionKind = ActionKind {
    name: "highlight",
    letter: None,
    value: Some("STYLE"),
    summary: "Colour the match in STYLE",
    manual: "Shows the match in \\fISTYLE\\fR, such as \\fB'bold red'\\fR; with \\fB\\-\\-all\\fR every match in the line. A \
             number or a name of a group and a colon in front colour that group alone: \\fB'1:green'\\fR. See \
             \\fBHIGHLIGHTING\\fR for styles, and for what is coloured.",
    starts: None,
    stops: false,
    parse: |text, pattern| {
        let (group, style) = match text.split_once(':') {
            Some((group, style)) if !group.contains(';') => (group_number(group.trim(), pattern)?, style),
            _ => (0, text),
        };
        Ok(Box::new(HighlightAction::new(HighlightedPart::Group(group), style)?))
    },
};

pub(super) const LINE: ActionKind = ActionKind {
    name: "highlight-line",
    letter: None,
    value: Some("STYLE"),
    summary: "Colour the line of the match in STYLE",
    manual: "Does the same for the whole line.",
    starts: None,
    stops: false,
    parse: |text, _| Ok(Box::new(HighlightAction::new(HighlightedPart::Line, text)?)),
};

#[derive(Debug)]
struct HighlightAction {
    part: HighlightedPart,
    sgr: Sgr,
    /// The style as it was given.
    style: String,
}

impl HighlightAction {
    /// Creates the action from a style as text.
    fn new(part: HighlightedPart, style: &str) -> Result<Self, StyleError> {
        Ok(Self { part, sgr: style::parse(style)?, style: style.trim().to_owned() })
    }
}

/// What is coloured.
#[derive(Debug)]
enum HighlightedPart {
    /// The group of this number, which the pattern has.
    Group(usize),
    Line,
}

impl Action for HighlightAction {
    // The line is on the terminal by now: it was decorated on its way there.
    fn fire(&self, _: &Hit, _: &mut ActionContext<'_>) {}

    fn decorates(&self) -> bool {
        true
    }

    fn decorate(&self, captures: &Captures) -> Option<Decoration> {
        let range = match self.part {
            HighlightedPart::Group(group) => captures.range(group)?,
            HighlightedPart::Line => 0..captures.line().len(),
        };
        Some(Decoration { range, look: Look::Style(self.sgr) })
    }

    fn describe(&self, captures: &Captures) -> Option<String> {
        Some(match self.decorate(captures) {
            Some(Decoration { range, .. }) => format!("show {} in {}", quoted(&captures.line()[range]), self.style),
            None => format!("show nothing in {}, since the group took no part in the match", self.style),
        })
    }
}

/// Returns the number of a group by its number or name.
fn group_number(group: &str, groups: &dyn Groups) -> Result<usize, StyleError> {
    let number = group.parse().ok().filter(|&number| number < groups.count());
    let by_name = || groups.names().position(|name| name == Some(group));
    number.or_else(by_name).ok_or_else(|| StyleError::NoGroup(group.to_owned()))
}
