//! Colours and attributes of cells, the SGR sequence that sets them, and the table by which cells refer to them.

use std::collections::HashMap;

/// Name and SGR code of the attributes besides the colours.
pub const ATTRIBUTES: [(&str, u8); 9] = [
    ("bold", 1),
    ("faint", 2),
    ("italic", 3),
    ("underline", 4),
    ("blink", 5),
    ("inverse", 7),
    ("conceal", 8),
    ("strikethrough", 9),
    ("overline", 53),
];

/// Maximum number of styles in a table.
const MAX_STYLES: usize = 0xffff;

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
    /// Colour of the underline, or `None` for the foreground's.
    pub underline_colour: Option<CellColour>,
    /// Shape of the underline as in `CSI 4:3 m` (kitty, VTE); 0 without an underline.
    pub(super) underline: u8,
    /// Bit set of `ATTRIBUTES`.
    pub(super) attributes: u16,
}

impl Style {
    /// Sets the attribute with this SGR code.
    pub(super) fn set(&mut self, code: u8) {
        if let Some(bit) = ATTRIBUTES.iter().position(|&(_, other)| other == code) {
            self.attributes |= 1 << bit;
        }
    }

    /// Returns this style on top of another one.
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            foreground: self.foreground.or(below.foreground),
            background: self.background.or(below.background),
            underline_colour: self.underline_colour.or(below.underline_colour),
            underline: if self.underline > 0 { self.underline } else { below.underline },
            attributes: self.attributes | below.attributes,
        }
    }

    /// Returns the style that erased cells take: the background only (back_color_erase in terminfo).
    pub(super) fn erased(self) -> Self {
        Self { background: self.background, ..Self::default() }
    }

    /// Returns the style as a number, different for each: hashing one number costs a fraction of hashing the fields.
    fn key(self) -> u128 {
        let colour = |colour| match colour {
            None => 0,
            Some(CellColour::Indexed(index)) => 1 << 24 | u32::from(index),
            Some(CellColour::Rgb(r, g, b)) => 2 << 24 | u32::from_be_bytes([0, r, g, b]),
        };
        let colours = [self.foreground, self.background, self.underline_colour].map(colour);
        let rest = u128::from(self.attributes) << 8 | u128::from(self.underline);
        colours.into_iter().fold(rest, |key, colour| key << 26 | u128::from(colour))
    }

    /// Returns the names and SGR codes of the attributes that are set.
    pub fn attributes(self) -> impl Iterator<Item = (&'static str, u8)> {
        ATTRIBUTES.into_iter().enumerate().filter(move |(bit, _)| self.attributes >> bit & 1 == 1).map(|(_, name)| name)
    }

    /// Appends the SGR sequence that switches to this style from any other.
    pub(super) fn begin(self, out: &mut Vec<u8>) {
        let mut sgr = String::from("\x1b[0");
        for (_, code) in self.attributes() {
            if code == 4 && self.underline > 1 {
                sgr.push_str(&format!(";4:{}", self.underline));
            } else {
                sgr.push_str(&format!(";{code}"));
            }
        }
        push_colour(&mut sgr, self.foreground, 30);
        push_colour(&mut sgr, self.background, 40);
        match self.underline_colour {
            None => {}
            Some(CellColour::Indexed(index)) => sgr.push_str(&format!(";58;5;{index}")),
            Some(CellColour::Rgb(r, g, b)) => sgr.push_str(&format!(";58;2;{r};{g};{b}")),
        }
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

/// Number of a style in [`Styles`]; the default style has number 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct StyleId(u16);

impl StyleId {
    pub(super) const DEFAULT: Self = Self(0);
}

/// Table of the styles that cells refer to.
#[derive(Clone, Debug)]
pub(super) struct Styles {
    styles: Vec<Style>,
    /// Number of each style but the default, by `Style::key`.
    ids: HashMap<u128, StyleId>,
}

impl Default for Styles {
    fn default() -> Self {
        Self { styles: vec![Style::default()], ids: HashMap::new() }
    }
}

impl Styles {
    /// Returns the style of this number.
    pub(super) fn get(&self, id: StyleId) -> Style {
        self.styles.get(usize::from(id.0)).copied().unwrap_or_default()
    }

    /// Returns the number of `style`; `None` where the table is full.
    pub(super) fn id(&mut self, style: Style) -> Option<StyleId> {
        let key = style.key();
        if key == 0 {
            return Some(StyleId::DEFAULT);
        }
        if let Some(&id) = self.ids.get(&key) {
            return Some(id);
        }
        let id = StyleId(u16::try_from(self.styles.len()).ok().filter(|&id| usize::from(id) < MAX_STYLES)?);
        self.styles.push(style);
        self.ids.insert(key, id);
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_of_styles_is_bounded() {
        let mut styles = Styles::default();
        let colours = (0..70_000_u32).map(|n| {
            let [_, r, g, b] = n.to_be_bytes();
            Style { foreground: Some(CellColour::Rgb(r, g, b)), ..Style::default() }
        });
        assert_eq!(colours.filter_map(|style| styles.id(style)).count(), MAX_STYLES - 1);
        assert_eq!(styles.id(Style::default()), Some(StyleId::DEFAULT));
    }
}
