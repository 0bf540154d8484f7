//! The lines on which calls of `annotate /TEXT` were typed, over which a search for the text passes.

use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;

use crate::core::history::{CommandRecord, History, HistoryLine, LinePosition};

/// Name of the subcommand, as typed.
const ANNOTATE: &str = "annotate";

/// The lines of typed commands that may be calls with a reference.
#[derive(Debug)]
pub(super) struct TypedCalls<'a> {
    /// The reference as typed: `/TEXT`.
    reference: &'a str,
    /// The typed commands, oldest first.
    commands: Vec<TypedCommand>,
    /// First line on which the shell does not mark what is typed.
    unmarked_from: u64,
}

/// The lines on which a command was typed.
#[derive(Debug)]
struct TypedCommand {
    lines: Range<u64>,
    text: Option<Arc<str>>,
    is_running: bool,
}

impl TypedCommand {
    /// Returns the lines between the marks of a command that has run; `None` where they are not known.
    fn new(command: &CommandRecord, [prompt, input, output, _]: [Option<LinePosition>; 4]) -> Option<Self> {
        let (from, output) = (input.or(prompt)?, output?);
        let end = output.number + u64::from(output.column > 0);
        Some(Self { lines: from.number..end, text: command.text.clone(), is_running: command.end.is_none() })
    }
}

impl<'a> TypedCalls<'a> {
    /// Finds the typed commands of the history.
    pub(super) fn of(history: &History, reference: &'a str) -> Self {
        let ran = || history.commands().filter(|(command, _)| command.output.is_some());
        let unmarked_from = match ran().next_back() {
            None => 0,
            // A shell inside the running command may have no marks.
            Some((CommandRecord { end: None, .. }, [_, _, Some(output), _])) => output.number,
            Some(_) => u64::MAX,
        };
        let commands = ran().filter_map(|(command, positions)| TypedCommand::new(command, positions)).collect();
        Self { reference, commands, unmarked_from }
    }

    /// Returns whether a call with the reference was typed on the line. The running command is the call itself, however it is
    /// written; an earlier call holds the reference behind the name of the subcommand.
    pub(super) fn are_on(&self, line: &HistoryLine) -> bool {
        let before = self.commands.partition_point(|command| command.lines.start <= line.number);
        match before.checked_sub(1).map(|last| &self.commands[last]).filter(|last| last.lines.contains(&line.number)) {
            Some(command) if command.is_running => true,
            Some(command) => self.is_call(command.text.as_ref().map_or(&line.text, |text| text.as_bytes())),
            None => line.number >= self.unmarked_from && self.is_call(&line.text),
        }
    }

    fn is_call(&self, typed: &[u8]) -> bool {
        memmem::find(typed, ANNOTATE.as_bytes())
            .is_some_and(|at| memmem::find(&typed[at + ANNOTATE.len()..], self.reference.as_bytes()).is_some())
    }
}
