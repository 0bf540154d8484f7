//! Colours and attributes of a cell, and the SGR sequence that sets them.

use avt::{Color, Pen};

/// Name, SGR code, and accessor of an attribute.
type Attribute = (&'static str, u8, fn(&Pen) -> bool);

/// Attributes besides the colours.
const ATTRIBUTES: [Attribute; 7] = [
    ("bold", 1, Pen::is_bold),
    ("faint", 2, Pen::is_faint),
    ("italic", 3, Pen::is_italic),
    ("underline", 4, Pen::is_underline),
    ("blink", 5, Pen::is_blink),
    ("inverse", 7, Pen::is_inverse),
    ("strikethrough", 9, Pen::is_strikethrough),
];

/// Colour of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellColour {
    /// Index into the palette of 256 colours.
    Indexed(u8),
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

/// Colours and attributes of a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Colour, or `None` for the terminal's default.
    pub foreground: Option<CellColour>,
    /// Colour, or `None` for the terminal's default.
    pub background: Option<CellColour>,
    /// Whether each of `ATTRIBUTES` is set.
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

    /// Returns the names and SGR codes of the attributes that are set.
    pub fn attributes(self) -> impl Iterator<Item = (&'static str, u8)> {
        let all = ATTRIBUTES.into_iter().zip(self.attributes);
        all.filter(|(_, on)| *on).map(|((name, code, _), _)| (name, code))
    }

    /// Appends the SGR sequence that switches to this style from any other.
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
        // aixterm's bright colours: 90 to 97 and 100 to 107.
        Some(CellColour::Indexed(n @ 8..16)) => format!(";{}", base + 52 + u16::from(n)),
        Some(CellColour::Indexed(n)) => format!(";{};5;{n}", base + 8),
        Some(CellColour::Rgb(r, g, b)) => format!(";{};2;{r};{g};{b}", base + 8),
    };
    sgr.push_str(&code);
}
