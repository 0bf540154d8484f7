//! Sinks for parsed shell output, and the tee that records OSC 133 marks in the history.

use std::ops::Range;
use std::time::Instant;

use crate::core::history::{History, ShellEvent};
use crate::core::vt::{Line, NullSink, VtSink};

/// Sink for parsed shell output and for shell events.
pub(in crate::core) trait LineObserver: VtSink {
    /// Takes a shell event, which comes behind the lines so far.
    fn shell_event(&mut self, _event: &ShellEvent) {}
}

/// Tee that records the shell's marks in the history and passes everything on to `observer`.
pub(super) struct HistoryTee<'a, A> {
    pub(super) now: Instant,
    pub(super) history: &'a mut History,
    pub(super) observer: &'a mut A,
}

impl<A: LineObserver> VtSink for HistoryTee<'_, A> {
    #[inline]
    fn block(&mut self, block: &[u8], lines: usize, number: u64) -> bool {
        self.observer.block(block, lines, number)
    }

    #[inline]
    fn should_stop(&self) -> bool {
        self.observer.should_stop()
    }

    #[inline]
    fn line(&mut self, line: &Line<'_>) {
        self.observer.line(line);
    }

    #[inline]
    fn counted(&mut self, line: &Line<'_>) {
        self.observer.counted(line);
    }

    fn bell(&mut self) {
        self.observer.bell();
    }

    fn title(&mut self, title: &[u8]) {
        self.observer.title(title);
    }

    fn command_line(&mut self, text: &[u8]) {
        self.history.command_line(text);
    }

    fn osc(&mut self, payload: &[u8], at: Range<u64>) {
        for event in self.history.parse_osc(self.now, payload, &at) {
            self.observer.shell_event(&event);
        }
        self.observer.osc(payload, at);
    }

    fn alt_screen(&mut self, on: bool) {
        self.observer.alt_screen(on);
    }
}

impl LineObserver for NullSink {}
