//! The screen as a person sees it: cells, cursor, size, and the bytes that draw it anew. A terminal emulation behind
//! a module of our own, so that nobody else knows which. It is fed with what went to the terminal, by whoever has
//! that, and only when somebody asks.

mod glyphs;

use avt::parser::{EdScope, Function, Osc, ShellIntegration};
use avt::{Anchor, Color, Parser, Pen, ScreenKind, Terminal};

use crate::words::Size;
pub use glyphs::Glyph;
use glyphs::{Glyphs, is_mark, written};

/// More rows and columns than any terminal has: what the emulation allocates is bounded.
const MOST: u16 = 2000;

/// A colour of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// One of the 256.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// What a cell looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// `None` is the terminal's own.
    pub foreground: Option<Colour>,
    /// `None` is the terminal's own.
    pub background: Option<Colour>,
    /// SGR 1.
    pub bold: bool,
    /// SGR 2.
    pub faint: bool,
    /// SGR 3.
    pub italic: bool,
    /// SGR 4.
    pub underline: bool,
    /// SGR 5.
    pub blink: bool,
    /// SGR 7.
    pub inverse: bool,
    /// SGR 9.
    pub strikethrough: bool,
}

/// One column of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell<'a> {
    /// What stands there.
    pub glyph: Glyph<'a>,
    /// 2 for a wide character, 0 for the column behind it that it takes.
    pub width: u8,
    /// What it looks like.
    pub style: Style,
}

/// Where the cursor is, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its row.
    pub row: usize,
    /// Its column; in the last one too where the next character goes to the next row.
    pub column: usize,
    /// The last column is filled, and the next character goes to the next row.
    pub pending_wrap: bool,
    /// Whether it is shown.
    pub visible: bool,
}

/// The screen that is shown.
pub struct Picture {
    parser: Parser,
    terminal: Terminal,
    glyphs: Glyphs,
    /// The beginning of a character whose end has not come yet.
    open: Vec<u8>,
    ground: Ground,
    /// Where the shell says that the prompt begins at which it waits.
    prompt: Option<Anchor>,
}

/// What is known of where things are on the primary screen. The emulation begins in the first row, the terminal wherever
/// its cursor was when the session began; its rows are never above those of the emulation, since both stop at the edges.
#[derive(Clone, Copy, Debug, Default)]
struct Ground {
    /// The cursor is on the row on which the emulation has it.
    placed: bool,
    /// On the last row stands what the emulation has there.
    laid: bool,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture").field("size", &self.terminal.size()).finish_non_exhaustive()
    }
}

/// Columns and rows as the emulation wants them.
fn sides(size: Size) -> (usize, usize) {
    (usize::from(size.cols.clamp(1, MOST)), usize::from(size.rows.clamp(1, MOST)))
}

impl Picture {
    /// An empty screen of this size.
    pub fn new(size: Size) -> Self {
        let (cols, rows) = sides(size);
        let terminal = Terminal::new(cols, rows).expect("both sides are at least 1");
        Self {
            parser: Parser::new(),
            terminal,
            glyphs: Glyphs::default(),
            open: Vec::new(),
            ground: Ground::default(),
            prompt: None,
        }
    }

    /// Bytes went to the terminal.
    pub fn feed(&mut self, bytes: &[u8]) {
        let joined;
        let mut rest = if self.open.is_empty() {
            bytes
        } else {
            self.open.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.open);
            &joined
        };
        loop {
            let (valid, broken) = match std::str::from_utf8(rest) {
                Ok(text) => return self.print(text),
                Err(error) => (error.valid_up_to(), error.error_len()),
            };
            // What is invalid is cut out, so that what is left of it is valid.
            self.print(std::str::from_utf8(&rest[..valid]).unwrap_or_default());
            let Some(broken) = broken else {
                self.open = rest[valid..].to_vec();
                return;
            };
            self.print("\u{fffd}");
            rest = &rest[valid + broken..];
        }
    }

    fn print(&mut self, text: &str) {
        for char in text.chars() {
            match self.parser.feed(char) {
                Some(Function::Print(char)) if is_mark(char) => self.mark(char),
                Some(Function::Print(char)) => self.terminal.execute(Function::Print(written(char))),
                Some(function) => {
                    self.learn(&function);
                    self.terminal.execute(function);
                }
                None => continue,
            }
            // What is on the last row by the emulation cannot be above it.
            if self.terminal.cursor().row + 1 == self.rows() && !self.alt_screen() {
                self.ground = Ground { placed: true, laid: true };
            }
        }
    }

    fn learn(&mut self, function: &Function) {
        if self.alt_screen() {
            return;
        }
        match function {
            Function::Osc(Osc::ShellIntegration(ShellIntegration::PromptStart)) => {
                self.prompt = Some(self.terminal.anchor_at_cursor());
            }
            Function::Osc(Osc::ShellIntegration(ShellIntegration::CommandExecuted)) => self.prompt = None,
            Function::Cup(..) | Function::Vpa(_) | Function::Decstbm(..) => self.ground.placed = true,
            Function::Ed(EdScope::Below | EdScope::All) => self.ground.laid = true,
            Function::Ris => self.ground = Ground { placed: true, laid: true },
            _ => {}
        }
    }

    /// Whether it is known where the cursor is on the screen, and what stands on the last row. Until the output has
    /// reached the last row, or a program has cleared the screen, it is known of neither.
    pub fn is_grounded(&self) -> bool {
        self.alt_screen() || (self.ground.placed && self.ground.laid)
    }

    /// The whole screen was drawn as it is here.
    pub fn was_drawn(&mut self) {
        self.ground = Ground { placed: true, laid: true };
    }

    /// How many rows above the cursor the prompt begins, if the shell says where and it is on the screen.
    pub fn prompt_above(&self) -> Option<usize> {
        let place = self.terminal.resolve(self.prompt.as_ref()?)?;
        let row = usize::try_from(place.row).ok().filter(|_| place.screen == self.terminal.active_screen_kind())?;
        self.cursor().row.checked_sub(row)
    }

    /// How far below the cursor the first row is on and below which nothing stands.
    pub fn blank_below(&self) -> usize {
        let cursor = self.cursor().row;
        let last = (cursor + 1..self.rows()).rev().find(|&row| !self.text(row).is_empty());
        last.unwrap_or(cursor) - cursor + 1
    }

    /// A combining mark belongs to the character in front of the cursor, which is put once more.
    fn mark(&mut self, mark: char) {
        let cursor = self.terminal.cursor();
        let Some(line) = self.terminal.screen().line(cursor.row) else { return };
        let before = line.cells().iter().enumerate().take(cursor.col);
        let Some((column, cell)) = before.rev().find(|(_, cell)| cell.width() > 0) else { return };
        let joined = self.glyphs.join(cell.char(), mark);
        if let (Some(joined), Ok(column)) = (joined, u16::try_from(column + 1)) {
            self.terminal.execute([Function::Cha(column), Function::Print(joined)]);
        }
    }

    /// The window has another size.
    pub fn resize(&mut self, size: Size) {
        let (cols, rows) = sides(size);
        // Terminals differ in what they do with the rows then.
        self.ground = Ground::default();
        let blank = if cols < self.columns() && !self.alt_screen() { self.spent(cols) } else { 0 };
        if blank > 0 {
            self.terminal.resize(self.columns(), self.rows() - blank);
        }
        self.terminal.resize(cols, rows);
    }

    /// How many of the blank rows below the cursor are used up when the lines are wrapped at so many columns. The
    /// emulation would sooner scroll the first lines away.
    fn spent(&self, cols: usize) -> usize {
        let cursor = self.cursor().row;
        let used = (cursor..self.rows()).rev().find(|&row| !self.text(row).is_empty()).unwrap_or(cursor) + 1;
        let (mut needed, mut length) = (0, 0);
        for row in 0..used {
            let wraps = self.wraps(row);
            length += if wraps { self.columns() } else { self.text(row).chars().count() };
            if !wraps {
                needed += length.div_ceil(cols).max(1);
                length = 0;
            }
        }
        needed.saturating_sub(used).min(self.rows() - used)
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.terminal.size().1
    }

    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.terminal.size().0
    }

    /// Whether the alternate screen is shown.
    pub fn alt_screen(&self) -> bool {
        self.terminal.active_screen_kind() == ScreenKind::Alternate
    }

    /// Where the cursor is.
    pub fn cursor(&self) -> Place {
        let (cursor, last) = (self.terminal.cursor(), self.columns() - 1);
        Place {
            row: cursor.row,
            column: cursor.col.min(last),
            pending_wrap: cursor.col > last,
            visible: cursor.visible,
        }
    }

    /// The cells of a row; none where there is no such row.
    pub fn cells(&self, row: usize) -> impl DoubleEndedIterator<Item = Cell<'_>> + '_ {
        let cells = self.terminal.screen().line(row).map_or(&[][..], avt::Line::cells);
        cells.iter().map(|cell| {
            let glyph = self.glyphs.read(cell.char());
            let style = style(cell.pen());
            // What is erased takes the background and nothing else.
            let erased = Style { background: style.background, ..Style::default() };
            let style = if glyph == Glyph::Nothing && cell.width() > 0 { erased } else { style };
            Cell { glyph, width: cell.width(), style }
        })
    }

    /// A row as text, without the blanks at its end.
    pub fn text(&self, row: usize) -> String {
        let text: String = self.cells(row).filter(|cell| cell.width > 0).map(|cell| cell.glyph.to_string()).collect();
        text.trim_end_matches(' ').to_owned()
    }

    /// Whether the line on this row goes on in the next one.
    pub fn wraps(&self, row: usize) -> bool {
        self.terminal.screen().line(row).is_some_and(avt::Line::is_wrapped)
    }

    /// The bytes that draw this row anew, attributes and all, for a cursor at its start. They leave the attributes at
    /// their defaults. The terminal must wrap (DECAWM), not insert (IRM), and show no line graphics.
    pub fn repaint_row(&self, row: usize) -> Vec<u8> {
        let mut out = b"\x1b[m".to_vec();
        let blank = Cell { glyph: Glyph::Nothing, width: 1, style: Style::default() };
        let seen = self.columns() - self.cells(row).rev().take_while(|&cell| cell == blank).count();
        let mut now = Style::default();
        for cell in self.cells(row).take(seen).filter(|cell| cell.width > 0) {
            if cell.style != now {
                cell.style.begin(&mut out);
                now = cell.style;
            }
            out.extend_from_slice(cell.glyph.to_string().as_bytes());
        }
        if now != Style::default() {
            out.extend_from_slice(b"\x1b[m");
        }
        if seen < self.columns() {
            out.extend_from_slice(b"\x1b[K");
        }
        out
    }

    /// The bytes that draw the whole screen anew and leave the cursor where it is in it. They say nothing of modes, nor
    /// of the attributes that are on; the terminal must be as for `repaint_row`, and scroll as a whole.
    pub fn repaint(&self) -> Vec<u8> {
        let mut out = self.repaint_rows();
        out.extend_from_slice(&self.place(0));
        out
    }

    /// The same without a word of the cursor.
    pub fn repaint_rows(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for row in 0..self.rows() {
            out.extend_from_slice(format!("\x1b[{}H", row + 1).as_bytes());
            out.extend_from_slice(&self.repaint_row(row));
        }
        out
    }

    /// The bytes that put the scrolling region, the origin, the cursor and the attributes where they are, in a terminal
    /// whose region is the whole screen and that is as for `repaint_row`.
    pub fn resume(&self, origin: bool) -> Vec<u8> {
        let (margins, pen) = self.margins_and_pen();
        let mut out = Vec::new();
        if let Some((top, bottom)) = margins {
            out.extend_from_slice(format!("\x1b[{top};{bottom}r").as_bytes());
        }
        if origin {
            out.extend_from_slice(b"\x1b[?6h");
        }
        let first = margins.filter(|_| origin).map_or(0, |(top, _)| usize::from(top) - 1);
        out.extend_from_slice(&self.place(first));
        pen.begin(&mut out);
        out
    }

    /// The scrolling region, where it is not the whole screen, and the attributes that are on: the emulation tells them
    /// only by the sequences that would bring them about.
    fn margins_and_pen(&self) -> (Option<(u16, u16)>, Style) {
        let (mut parser, mut margins, mut last) = (Parser::new(), None, None);
        for char in self.terminal.dump().chars() {
            match parser.feed(char) {
                Some(Function::Decstbm(top, bottom)) => margins = Some((top, bottom)),
                Some(sgr @ Function::Sgr(_)) => last = Some(sgr),
                _ => {}
            }
        }
        let mut probe = Terminal::new(2, 1).expect("both sides are at least 1");
        probe.execute(last.into_iter().chain([Function::Print('x')]));
        let pen = probe.screen().line(0).and_then(|line| line.cells().first().map(|cell| style(cell.pen())));
        (margins, pen.unwrap_or_default())
    }

    /// The bytes that put the cursor in its place, rows counted from this one.
    fn place(&self, first: usize) -> Vec<u8> {
        let row = self.cursor().row.saturating_sub(first) + 1;
        [format!("\x1b[{row}H").as_bytes(), &self.put_cursor()].concat()
    }

    /// The bytes that put the cursor, which is on its row already, where it is on that row, with what is pending. They
    /// leave the attributes at their defaults; the terminal must be as for `repaint_row`.
    pub fn put_cursor(&self) -> Vec<u8> {
        let cursor = self.cursor();
        let last = self.cells(cursor.row).last().filter(|_| cursor.pending_wrap);
        let column = cursor.column - usize::from(last.is_some_and(|cell| cell.width == 0));
        let mut out = format!("\x1b[m\x1b[{}G", column + 1).into_bytes();
        // What fills the last column is put once more, so that the next character goes to the next row.
        if let Some(cell) = self.cells(cursor.row).nth(column).filter(|_| cursor.pending_wrap) {
            cell.style.begin(&mut out);
            out.extend_from_slice(cell.glyph.to_string().as_bytes());
            out.extend_from_slice(b"\x1b[m");
        }
        out
    }
}

fn style(pen: &Pen) -> Style {
    let colour = |colour| match colour {
        Color::Indexed(index) => Colour::Indexed(index),
        Color::RGB(rgb) => Colour::Rgb(rgb.r, rgb.g, rgb.b),
    };
    Style {
        foreground: pen.foreground().map(colour),
        background: pen.background().map(colour),
        bold: pen.is_bold(),
        faint: pen.is_faint(),
        italic: pen.is_italic(),
        underline: pen.is_underline(),
        blink: pen.is_blink(),
        inverse: pen.is_inverse(),
        strikethrough: pen.is_strikethrough(),
    }
}

impl Style {
    /// Appends what switches to it from any other.
    fn begin(self, out: &mut Vec<u8>) {
        let flags = [
            (self.bold, 1),
            (self.faint, 2),
            (self.italic, 3),
            (self.underline, 4),
            (self.blink, 5),
            (self.inverse, 7),
            (self.strikethrough, 9),
        ];
        let mut sgr = String::from("\x1b[0");
        for (_, code) in flags.iter().filter(|(on, _)| *on) {
            sgr.push_str(&format!(";{code}"));
        }
        push_colour(&mut sgr, self.foreground, 30);
        push_colour(&mut sgr, self.background, 40);
        sgr.push('m');
        out.extend_from_slice(sgr.as_bytes());
    }
}

fn push_colour(sgr: &mut String, colour: Option<Colour>, base: u16) {
    let code = match colour {
        None => return,
        Some(Colour::Indexed(n @ 0..8)) => format!(";{}", base + u16::from(n)),
        Some(Colour::Indexed(n @ 8..16)) => format!(";{}", base + 52 + u16::from(n)),
        Some(Colour::Indexed(n)) => format!(";{};5;{n}", base + 8),
        Some(Colour::Rgb(r, g, b)) => format!(";{};2;{r};{g};{b}", base + 8),
    };
    sgr.push_str(&code);
}

#[cfg(test)]
mod tests;
