//! `coproc CMD`, `silent-coproc CMD`: start a coprocess that is fed from the triggering line on.

use super::super::coproc::Loudness;
use super::super::trigger::Hit;
use super::{Action, Deed, Desk, Kind, command};

/// `coproc`.
pub(super) const LOUD: Kind = Kind {
    name: "coproc",
    letter: Some('c'),
    value: Some("CMD"),
    summary: "start CMD as the coprocess",
    manual: "Starts \\fICMD\\fR by \\fB/bin/sh -c\\fR as the coprocess. It reads a copy of all that the shell prints, \
             and what it writes is typed into the shell. What the trigger matched is in its positional parameters: \
             \\fB$0\\fR the whole match, \\fB$1\\fR the first group. The first line that it reads is the line that \
             the trigger matched, from its first byte. It does not fire while a coprocess runs.",
    starts: Some(Loudness::Loud),
    stops: false,
    feeds_back: true,
    parse: |text, _| Ok(Box::new(Start { command: command(text)?, loudness: Loudness::Loud })),
};

/// `silent-coproc`.
pub(super) const SILENT: Kind = Kind {
    name: "silent-coproc",
    letter: Some('s'),
    summary: "start CMD, and show nothing while it runs",
    manual: "The same, but while it runs what the shell prints goes to the coprocess alone and the keyboard is locked; \
             Ctrl-C stops it. For file transfers.",
    starts: Some(Loudness::Silent),
    parse: |text, _| Ok(Box::new(Start { command: command(text)?, loudness: Loudness::Silent })),
    ..LOUD
};

#[derive(Debug)]
struct Start {
    command: String,
    loudness: Loudness,
}

impl Action for Start {
    fn fire(&self, hit: &Hit, desk: &mut Desk<'_>) {
        let order = desk.order(&self.command, hit);
        desk.deeds.push(Deed::Start(order, self.loudness));
    }
}
