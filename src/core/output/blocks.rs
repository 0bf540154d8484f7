//! Blocks of lines that triggers with `--until` collect: from the line that matches the pattern to the one that matches the
//! end. The trigger fires then, with the whole block: until then nothing counts as a firing.

use super::line_sinks::CandidateLine;
use super::recent_lines::RecentLines;
use crate::core::trigger::table::TriggerTable;
use crate::core::trigger::{HandedLines, Hit, LineStage};

/// Maximum number of blocks that are collected at the same time.
const MOST: usize = 16;
/// Maximum number of lines of a block, and of their bytes. Further lines are counted.
const LINES: usize = 10_000;
const BYTES: usize = 256 * 1024;

/// A block that has begun.
#[derive(Debug)]
pub(in crate::core) struct OpenBlock {
    pub(in crate::core) hit: Hit,
    /// The line that matched, at the stage at which it did.
    pub(in crate::core) line: CandidateLine,
    pub(in crate::core) stage: LineStage,
    /// Index of the next line.
    next: u64,
    text: Vec<u8>,
    lines: usize,
    left_out: usize,
}

/// The blocks that have begun.
#[derive(Debug, Default)]
pub(super) struct Blocks(Vec<OpenBlock>);

impl Blocks {
    /// Begins a block with the line that matched, and `before` in front of it. A match of its trigger inside the block is a part
    /// of it.
    pub(super) fn begin(&mut self, hit: Hit, line: &CandidateLine, stage: LineStage, before: &[u8]) {
        let is_open = self.0.iter().any(|block| block.hit.trigger == hit.trigger);
        if !is_open && self.0.len() < MOST {
            let (line, next) = (line.clone(), line.place.recorded);
            self.0.push(OpenBlock { hit, line, stage, next, text: before.to_vec(), lines: 0, left_out: 0 });
        }
    }

    /// Drops the blocks of triggers that have been removed, disabled or given another definition without an end.
    fn keep_collecting(&mut self, triggers: &TriggerTable) {
        self.0.retain(|block| triggers.collects_block(block.hit.trigger));
    }

    /// Appends the lines that have come in front of the one with the index `end`. Returns the blocks that are complete.
    pub(super) fn pull(&mut self, recent: &RecentLines, end: u64, triggers: &mut TriggerTable) -> Vec<OpenBlock> {
        self.keep_collecting(triggers);
        self.0.extract_if(.., |block| block.pull(recent, end, triggers)).collect()
    }
}

impl OpenBlock {
    /// Appends the lines that have come in front of the one with the index `end`, up to the last of the block. Returns whether
    /// that has come.
    fn pull(&mut self, recent: &RecentLines, end: u64, triggers: &mut TriggerTable) -> bool {
        let count = usize::try_from(end.saturating_sub(self.next)).unwrap_or(usize::MAX);
        for line in recent.from(self.next).take(count) {
            let is_first = self.lines + self.left_out == 0;
            self.append(line);
            if !is_first && triggers.ends_block(self.hit.trigger, line) {
                self.close();
                return true;
            }
        }
        self.next = self.next.max(end);
        false
    }

    fn append(&mut self, line: &[u8]) {
        if self.lines >= LINES || self.text.len() + line.len() >= BYTES {
            self.left_out += 1;
            return;
        }
        self.lines += 1;
        self.text.extend_from_slice(line);
        self.text.push(b'\n');
    }

    fn close(&mut self) {
        if self.left_out > 0 {
            self.text.extend_from_slice(format!("[coshell: {} lines left out]\n", self.left_out).as_bytes());
        }
        self.hit.lines = HandedLines::Block(std::mem::take(&mut self.text));
    }
}
