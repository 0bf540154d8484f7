//! What a cell looks like, and the sequence that switches to it. Where the cell is it does not know.

use avt::{Color, Pen};

/// What it is called, its number in SGR, and how the emulation tells of it.
type Attribute = (&'static str, u8, fn(&Pen) -> bool);

/// What a cell can look like besides its colours.
const ATTRIBUTES: [Attribute; 7] = [
    ("bold", 1, Pen::is_bold),
    ("faint", 2, Pen::is_faint),
    ("italic", 3, Pen::is_italic),
    ("underline", 4, Pen::is_underline),
    ("blink", 5, Pen::is_blink),
    ("inverse", 7, Pen::is_inverse),
    ("strikethrough", 9, Pen::is_strikethrough),
];

/// A colour of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellColour {
    /// One of the 256.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// What a cell looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// `None` is the terminal's own.
    pub foreground: Option<CellColour>,
    /// `None` is the terminal's own.
    pub background: Option<CellColour>,
    /// Which of `ATTRIBUTES` are on.
    pub(super) attributes: [bool; ATTRIBUTES.len()],
}

impl Style {
    pub(super) fn of(pen: &Pen) -> Self {
        let colour = |colour| match colour {
            Color::Indexed(index) => CellColour::Indexed(index),
            Color::RGB(rgb) => CellColour::Rgb(rgb.r, rgb.g, rgb.b),
        };
        Self {
            foreground: pen.foreground().map(colour),
            background: pen.background().map(colour),
            attributes: ATTRIBUTES.map(|(_, _, is_on)| is_on(pen)),
        }
    }

    /// The attributes that are on: their names, and their numbers in SGR.
    pub fn attributes(self) -> impl Iterator<Item = (&'static str, u8)> {
        let all = ATTRIBUTES.into_iter().zip(self.attributes);
        all.filter(|(_, on)| *on).map(|((name, code, _), _)| (name, code))
    }

    /// Appends what switches to it from any other.
    pub(super) fn begin(self, out: &mut Vec<u8>) {
        let mut sgr = String::from("\x1b[0");
        for (_, code) in self.attributes() {
            sgr.push_str(&format!(";{code}"));
        }
        push_colour(&mut sgr, self.foreground, 30);
        push_colour(&mut sgr, self.background, 40);
        sgr.push('m');
        out.extend_from_slice(sgr.as_bytes());
    }
}

fn push_colour(sgr: &mut String, colour: Option<CellColour>, base: u16) {
    let code = match colour {
        None => return,
        Some(CellColour::Indexed(n @ 0..8)) => format!(";{}", base + u16::from(n)),
        Some(CellColour::Indexed(n @ 8..16)) => format!(";{}", base + 52 + u16::from(n)),
        Some(CellColour::Indexed(n)) => format!(";{};5;{n}", base + 8),
        Some(CellColour::Rgb(r, g, b)) => format!(";{};2;{r};{g};{b}", base + 8),
    };
    sgr.push_str(&code);
}
