//! The bytes that show a line with its decorations: inserted in those of the program, or printed over them.

use std::ops::Range;
use std::rc::Rc;

use super::insertions::Insertions;
use crate::core::trigger::{Decoration, Look};
use crate::core::vt::{Hyperlink, PrintedLine, Sgr, TextRun};

/// Attributes and hyperlink, as the parameters and the URI of OSC 8.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LinkedPen {
    pub(super) sgr: Sgr,
    pub(super) link: Option<Rc<[u8]>>,
}

impl LinkedPen {
    fn of(run: &TextRun) -> Self {
        Self { sgr: run.pen, link: run.link.clone() }
    }

    /// Returns the bytes that change this pen to another one.
    fn switch(&self, to: &Self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.link != to.link {
            out.extend(Hyperlink::bytes(to.link.as_deref()));
        }
        self.sgr.switch(&to.sgr, &mut out);
        out
    }

    /// Returns this pen with the look of decorations.
    fn decorated<'a>(&self, decorations: impl Iterator<Item = &'a Decoration>) -> Self {
        let mut pen = self.clone();
        for decoration in decorations {
            match &decoration.look {
                Look::Style(style) => pen.sgr = style.over(pen.sgr),
                Look::Link(url) => pen.link = Some([b";", &url[..]].concat().into()),
            }
        }
        pen
    }
}

/// A part of a run in one look.
struct RunPart<'a> {
    run: &'a TextRun,
    /// Its place in the line's raw bytes.
    raw: Range<usize>,
    pen: LinkedPen,
    is_decorated: bool,
}

/// Returns the parts of a line, in order. Tabs have one each.
fn parts<'a>(line: &'a PrintedLine, decorations: &'a [Decoration]) -> impl Iterator<Item = RunPart<'a>> {
    line.runs.iter().flat_map(|run| {
        let covers = |text: &Range<usize>| {
            let text = text.clone();
            decorations.iter().filter(move |decoration| {
                decoration.range.start < text.end && text.start < decoration.range.end && !run.is_tab
            })
        };
        let ends = covers(&run.text).flat_map(|decoration| [decoration.range.start, decoration.range.end]);
        let mut cuts: Vec<usize> = ends.filter(|cut| run.text.contains(cut)).collect();
        cuts.extend([run.text.start, run.text.end]);
        cuts.sort_unstable();
        cuts.dedup();
        let part = move |pair: &[usize]| {
            let place = |cut: usize| if run.is_tab { run.raw.start } else { run.raw.start + cut - run.text.start };
            let text = pair[0]..pair[1];
            let is_decorated = covers(&text).next().is_some();
            let pen = if is_decorated { LinkedPen::of(run).decorated(covers(&text)) } else { LinkedPen::of(run) };
            let end = if run.is_tab { run.raw.end } else { place(text.end) };
            RunPart { run, raw: place(text.start)..end, pen, is_decorated }
        };
        cuts.windows(2).map(part).collect::<Vec<_>>()
    })
}

/// The decorated text of a line.
pub(super) struct Decorated {
    /// Place in the raw bytes at which it begins.
    pub(super) raw: usize,
    /// Whether the background colour of some of it is changed.
    pub(super) fills: bool,
}

/// Returns where the decorated text of a line begins; `None` if there is none.
pub(super) fn first_decorated(line: &PrintedLine, decorations: &[Decoration]) -> Option<Decorated> {
    let mut decorated = parts(line, decorations).filter(|part| part.is_decorated).peekable();
    let raw = decorated.peek()?.raw.start;
    let fills = decorated.any(|part| !part.pen.sgr.has_same_background(&part.run.pen));
    Some(Decorated { raw, fills })
}

/// Inserts what shows the decorations of a line while it is printed. `place` is where a raw byte stands in the chunk. Whatever
/// the program prints besides text it executes in its own pen.
pub(super) fn insert(
    line: &PrintedLine,
    decorations: &[Decoration],
    place: impl Fn(usize) -> usize,
    insertions: &mut Insertions,
) {
    // Place at which the last decorated part ends, its pen, and that of the program.
    let mut open: Option<(usize, LinkedPen, LinkedPen)> = None;
    for part in parts(line, decorations).filter(|part| part.is_decorated) {
        let (start, own) = (place(part.raw.start), LinkedPen::of(part.run));
        let from = match open.take() {
            // No byte of the program stands between them.
            Some((end, pen, _)) if end == start => pen,
            before => {
                before.into_iter().for_each(|(end, pen, own)| insertions.push(end, &pen.switch(&own)));
                own.clone()
            }
        };
        insertions.push(start, &from.switch(&part.pen));
        open = Some((place(part.raw.end), part.pen, own));
    }
    open.into_iter().for_each(|(end, pen, own)| insertions.push(end, &pen.switch(&own)));
}

/// Returns the bytes that print a line again with its decorations, for a cursor in the first column of its last row, to which
/// they return it. `rows` is the number of rows. The terminal itself wraps, so that it takes the rows for one line as before.
pub(super) fn reprint(line: &PrintedLine, decorations: &[Decoration], raw: &[u8], rows: usize) -> Vec<u8> {
    let mut out = Vec::new();
    if rows > 1 {
        out.extend_from_slice(format!("\x1b[{}A", rows - 1).as_bytes());
    }
    let end = LinkedPen { sgr: line.pen, link: line.link.clone() };
    let mut pen = end.clone();
    let all: Vec<_> = parts(line, decorations).collect();
    // What stands on one row is printed up to the last decoration, so that no terminal's idea of widths matters.
    let last = all.iter().rposition(|part| part.is_decorated).map_or(0, |last| last + 1);
    for part in &all[..if rows > 1 { all.len() } else { last }] {
        out.extend_from_slice(&pen.switch(&part.pen));
        out.extend_from_slice(&raw[part.raw.clone()]);
        pen.clone_from(&part.pen);
    }
    out.extend_from_slice(&pen.switch(&end));
    out.push(b'\r');
    out
}
