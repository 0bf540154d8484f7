//! Who hears what the shell printed, and what the history notes down on the way.

use std::ops::Range;
use std::time::Instant;

use crate::core::history::{History, ShellEvent};
use crate::core::vt::{Line, NullSink, VtSink};

/// Who hears what was read, and what came to pass meanwhile.
pub(in crate::core) trait LineObserver: VtSink {
    /// This came to pass behind the lines that were told.
    fn happened(&mut self, _happening: &ShellEvent) {}
}

/// Notes down what the shell says of its commands, and hands on everything.
pub(super) struct HistoryTee<'a, A> {
    pub(super) now: Instant,
    pub(super) history: &'a mut History,
    pub(super) audience: &'a mut A,
}

impl<A: LineObserver> VtSink for HistoryTee<'_, A> {
    #[inline]
    fn block(&mut self, block: &[u8], lines: usize) -> bool {
        self.audience.block(block, lines)
    }

    #[inline]
    fn should_stop(&self) -> bool {
        self.audience.should_stop()
    }

    #[inline]
    fn line(&mut self, line: &Line<'_>) {
        self.audience.line(line);
    }

    fn bell(&mut self) {
        self.audience.bell();
    }

    fn title(&mut self, title: &[u8]) {
        self.audience.title(title);
    }

    fn osc(&mut self, payload: &[u8], at: Range<u64>) {
        if let Some(event) = self.history.parse_osc(self.now, payload, &at) {
            self.audience.happened(&event);
        }
        self.audience.osc(payload, at);
    }

    fn alt_screen(&mut self, on: bool) {
        self.audience.alt_screen(on);
    }
}

impl LineObserver for NullSink {}
