//! DEC Special Graphics, the line-drawing set that `ESC ( 0` designates (VT100).

/// Characters of the codes from 0x60 on.
const GLYPHS: [char; 31] = [
    '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼', '⎽', '├', '┤', '┴',
    '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
];

/// Returns the character that an ASCII byte displays.
pub(super) fn glyph(byte: u8) -> char {
    let place = usize::from(byte).checked_sub(0x60);
    place.and_then(|place| GLYPHS.get(place)).copied().unwrap_or_else(|| char::from(byte))
}
