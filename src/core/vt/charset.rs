//! Character sets that `ESC ( F` and its likes designate (VT100).

/// A character set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum CharacterSet {
    #[default]
    Ascii,
    /// ASCII with the pound sign.
    British,
    /// DEC Special Graphics: line drawing.
    Graphics,
}

/// Characters of DEC Special Graphics from 0x5f on.
const GLYPHS: [char; 32] = [
    ' ', '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼', '⎽', '├', '┤',
    '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
];

impl CharacterSet {
    /// Returns the set that the final byte `fin` of a designation selects.
    pub(super) fn of(fin: u8) -> Self {
        match fin {
            b'0' | b'2' => Self::Graphics,
            b'A' => Self::British,
            _ => Self::Ascii,
        }
    }

    /// Returns the final byte that designates the set.
    pub(super) fn fin(self) -> char {
        match self {
            Self::Ascii => 'B',
            Self::British => 'A',
            Self::Graphics => '0',
        }
    }

    /// Returns the character that an ASCII byte displays.
    pub(super) fn glyph(self, byte: u8) -> char {
        let graphic = || GLYPHS.get(usize::from(byte).checked_sub(0x5f)?).copied();
        match self {
            Self::British if byte == b'#' => '£',
            Self::Graphics => graphic().unwrap_or_else(|| char::from(byte)),
            Self::Ascii | Self::British => char::from(byte),
        }
    }
}
