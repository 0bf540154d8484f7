//! Runs of whole plain lines, which are taken as slices of the chunk. Only what stays on the screen is copied.

use super::layout::{row_break, wraps};
use super::row::ScreenRow;
use super::screens::{Screens, Storage};
use super::style::StyleId;
use super::{Line, LineId, VtSink, scan};

/// A run of lines at the offset `at` of the stream.
#[derive(Clone, Copy)]
struct Block<'a> {
    bytes: &'a [u8],
    /// Number of lines.
    lines: usize,
    /// Whether all bytes are ASCII.
    ascii: bool,
    at: u64,
}

/// The text of a line of a block, or the rest of it.
#[derive(Clone, Copy)]
struct BlockLine<'a> {
    text: &'a [u8],
    ascii: bool,
}

/// The lines of a block that stay on the screen, if others scroll off at once.
#[derive(Default)]
struct KeptLines {
    /// Where they begin, else 0.
    from: usize,
    /// How often each wraps, the last one first.
    wraps: Vec<usize>,
}

impl Screens {
    /// Returns whether the cursor is at the beginning of a line on a blank row, so that a run of lines may begin.
    #[inline]
    pub(super) fn is_fresh(&self) -> bool {
        self.current.storage == Storage::Flat
            && !self.current.touched
            && self.current.gap == 0
            && self.pen == StyleId::DEFAULT
            && self.suspended.is_none()
            && self.modes.charset == Default::default()
    }

    /// Takes `block`, whole plain lines in UTF-8 or, if `ascii`, in ASCII, each ended by CR LF, at the offset `at`; returns how
    /// much of it was taken.
    pub(super) fn block(&mut self, block: &[u8], ascii: bool, at: u64, sink: &mut impl VtSink) -> usize {
        // Below the scrolling region the last row does not scroll: each line would replace the one before it there.
        if self.grid.row > self.grid.bottom {
            return 0;
        }
        // A row that has a number keeps it.
        let is_new = |row: &ScreenRow| row.is_unwritten() && row.number == 0;
        if !self.grid.rows.range(self.grid.row..).all(is_new) {
            return 0;
        }
        // A line that gets its number where it scrolls off gets one between those of the block. So does the rest of a line that
        // begins above the region.
        let whole = self.grid.has_whole_region();
        let has_number = |row: &ScreenRow| row.number != 0 || row.continues && whole || row.own || row.is_blank();
        if !self.grid.rows.range(..self.grid.row).all(has_number) {
            return 0;
        }
        let lines = memchr::memchr_iter(b'\n', block).count();
        let number = self.number + 1;
        // Sequences before the first line that printed nothing, such as a colour, belong to it.
        let first = (self.grid.rows[self.grid.row].id, self.current.start);
        let wanted = sink.block(block, lines, number);
        // Where each line scrolls, the ids of the rows are the lines' offsets.
        let scrolls = self.grid.row + 1 == self.grid.height() && self.grid.has_whole_region();
        let used = if wanted && scrolls { report_block(block, at, number, first, sink) } else { block.len() };
        // Where only a part was reported, the number of its lines is not known.
        let lines = if used == block.len() { lines } else { memchr::memchr_iter(b'\n', &block[..used]).count() };
        let block = Block { bytes: &block[..used], lines, ascii, at };
        let used = self.put_block(block, scrolls, wanted, sink);
        (self.anchors.returned_from, self.grid.col) = (None, 0);
        self.start_line(at + used as u64);
        used
    }

    /// Puts the lines of a block on the screen, or passes those on to the history that scroll off at once. Returns how much it
    /// took: all, unless the sink stops at a line that is reported. Where each line scrolls, `report_block` has done that.
    fn put_block(&mut self, block: Block<'_>, scrolls: bool, wanted: bool, sink: &mut impl VtSink) -> usize {
        let reports = wanted && !scrolls;
        let mut kept = if scrolls { self.kept_from(block) } else { KeptLines::default() };
        let (mut start, mut from) = (self.current.start, 0);
        let Block { bytes, lines, at, .. } = block;
        if kept.from > 0 {
            self.scroll_all_off(sink);
            (start, from) = self.pass_block(&bytes[..kept.from], lines - kept.wraps.len(), at, start, sink);
            self.grid.cursor_row().id = start;
        }
        while let Some(newline) = memchr::memchr(b'\n', &bytes[from..]) {
            let end = from + newline + 1;
            let (text, to) = (&bytes[from..end - 2], at + end as u64);
            self.number += 1;
            let (row, number) = (self.grid.cursor_row(), self.number);
            (row.number, row.start, row.end) = (number, start, to);
            let line = Line { id: LineId(row.id), number, text, start, end: to, more: false, continued: false };
            if reports {
                sink.line(&line);
            } else if !wanted {
                sink.counted(&line);
            }
            let text = BlockLine { text, ascii: block.ascii };
            let wraps = kept.wraps.pop().unwrap_or_else(|| text.wraps(self.cols));
            self.put_line(text, wraps > 0, (start, to), kept.from > 0, sink);
            (start, from) = (to, end);
            if reports && sink.should_stop() {
                break;
            }
        }
        from
    }

    /// Scrolls all rows off but the cursor's, which is the last.
    fn scroll_all_off(&mut self, sink: &mut impl VtSink) {
        let rows = self.grid.row;
        (0..rows).for_each(|row| self.keep_row(row, sink));
        self.grid.scroll(rows, 0, self.eraser);
        self.grid.row = 0;
        self.anchors.redrawn = None;
    }

    /// Passes the lines of a block, of this number, on to the history. Returns the offset behind them, and their length.
    fn pass_block(&mut self, block: &[u8], lines: usize, at: u64, start: u64, sink: &mut impl VtSink) -> (u64, usize) {
        let (mut start, mut from, first) = (start, 0, self.number);
        if sink.keeps_history() {
            for newline in scan::line_feeds(block) {
                self.number += 1;
                let (text, number, end) = (&block[from..newline - 1], self.number, at + newline as u64 + 1);
                let id = LineId(start);
                sink.scrolled_off(&Line { id, number, text, start, end, more: false, continued: false });
                (start, from) = (end, newline + 1);
            }
        } else {
            self.number += lines as u64;
        }
        self.grid.scrolled += self.number - first;
        (at + block.len() as u64, block.len())
    }

    /// Puts the text of a line of a block on the cursor's row, which is blank, and moves below it. Rows are `fresh` where they
    /// scroll in, and get offsets as ids.
    fn put_line(
        &mut self,
        line: BlockLine<'_>,
        wraps: bool,
        (start, end): (u64, u64),
        fresh: bool,
        sink: &mut impl VtSink,
    ) {
        let mut rest = line;
        if wraps {
            (self.current.start, self.current.wraps) = (start, 0);
            while let Some((len, hole)) = rest.row_break(self.cols) {
                let row = self.grid.cursor_row();
                row.set_flat(&rest.text[..len]);
                row.set_hole(hole.then_some(StyleId::DEFAULT));
                rest.text = &rest.text[len..];
                self.wrap_down(sink);
                if fresh {
                    let id = start + self.current.wraps;
                    self.grid.cursor_row().id = id;
                }
            }
        }
        self.grid.cursor_row().set_flat(rest.text);
        self.move_down(end, sink);
        if fresh {
            self.grid.cursor_row().id = end;
        }
    }

    /// Returns the lines of a block that stay on the screen.
    fn kept_from(&self, block: Block<'_>) -> KeptLines {
        // The last row is blank behind the block.
        let mut room = self.grid.height() - 1;
        let mut kept = KeptLines { from: block.bytes.len(), wraps: Vec::new() };
        while kept.from > 0 {
            let end = kept.from - 2;
            let begin = memchr::memrchr(b'\n', &block.bytes[..end]).map_or(0, |newline| newline + 1);
            let line = BlockLine { text: &block.bytes[begin..end], ascii: block.ascii };
            let wraps = line.wraps(self.cols);
            kept.from = begin;
            kept.wraps.push(wraps);
            if wraps >= room {
                // Part of this line may stay.
                return kept;
            }
            room -= wraps + 1;
        }
        KeptLines::default()
    }
}

impl BlockLine<'_> {
    /// Returns how often the line wraps.
    fn wraps(self, cols: usize) -> usize {
        match self.text.len() {
            len if len <= cols => 0,
            len if self.ascii => (len - 1) / cols,
            _ => wraps(self.text, cols),
        }
    }

    /// Returns the length of the first row and whether its last column stays empty, as `layout::row_break`.
    fn row_break(self, cols: usize) -> Option<(usize, bool)> {
        if self.ascii { (self.text.len() > cols).then_some((cols, false)) } else { row_break(self.text, cols) }
    }
}

/// Reports the lines of a block; returns how much was reported. The first has this number, id, and start.
fn report_block(block: &[u8], at: u64, number: u64, first: (u64, u64), sink: &mut impl VtSink) -> usize {
    let (mut id, mut start) = first;
    let (mut from, mut number) = (0, number);
    for newline in scan::line_feeds(block) {
        let end = at + newline as u64 + 1;
        let text = &block[from..newline - 1];
        sink.line(&Line { id: LineId(id), number, text, start, end, more: false, continued: false });
        (id, start, from) = (end, end, newline + 1);
        number += 1;
        if sink.should_stop() {
            break;
        }
    }
    from
}
