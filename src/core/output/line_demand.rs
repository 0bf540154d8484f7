//! Who reads the lines of what is printed, as triggers, coprocesses and subscribers come and go: while nobody does, they are
//! not put together, and bytes pass.

use super::line_sinks::LineBuffer;
use crate::core::Core;
use crate::core::coproc::InputFormat;

/// Who looks at the lines of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum LineDemand {
    /// Nobody: bytes pass.
    None,
    /// Whole chunks at a time.
    Chunks,
    /// Line by line, because a trigger may silence the rest of a chunk.
    Lines,
}

impl Core {
    /// Looks at the lines as closely as those want it who are there now: triggers, subscribers, the coprocess.
    pub(in crate::core) fn watch(&mut self) {
        let (mut any, mut starts, mut silences) = (false, false, false);
        for (i, reaction) in self.standing_triggers() {
            let spec = self.triggers.spec(i);
            any |= spec.enabled;
            starts |= spec.enabled && spec.starts_coproc;
            silences |= spec.enabled && reaction.silences;
        }
        self.watching = match (any, silences) {
            (true, true) => LineDemand::Lines,
            (true, false) => LineDemand::Chunks,
            (false, _) if self.control.subscribers.want_lines() => LineDemand::Chunks,
            (false, _) => LineDemand::None,
        };
        let told = self.coproc.as_ref().is_some_and(|coproc| coproc.form().tells_of_lines());
        self.read_lines(self.watching != LineDemand::None || told);
        self.keep_raw_bytes(starts);
    }

    /// A coprocess that reads in this form is about to start.
    pub(in crate::core) fn heed(&mut self, form: InputFormat) {
        if form.tells_of_lines() {
            self.read_lines(true);
        }
    }

    /// Lines are put together from now on, or not any more. They are counted on from where the history is.
    fn read_lines(&mut self, wanted: bool) {
        if wanted == self.screen.text().assembles() {
            return;
        }
        if wanted {
            self.screen.assemble();
            self.number = self.screen.number();
        } else {
            self.screen.counted(self.number, true);
            self.screen.stop_assembling();
            self.rest.forget();
        }
    }

    /// Some trigger may start a coprocess, which then wants the line's raw bytes from the first on; or none may.
    fn keep_raw_bytes(&mut self, wanted: bool) {
        if wanted && !self.starts {
            let start = self.screen.text().line_start();
            self.raw.restart(start);
            self.raw.push(&self.screen.printed_since(start));
            self.raw.keep_from(start);
        } else if !wanted {
            self.raw = LineBuffer::default();
        }
        self.starts = wanted;
    }
}
