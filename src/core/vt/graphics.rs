//! The line graphics of `ESC ( 0`.

/// What the codes from 0x60 on show.
const SHOWN: [char; 31] = [
    '◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺', '⎻', '─', '⎼', '⎽', '├', '┤', '┴',
    '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
];

/// What an ASCII byte shows.
pub(super) fn shown(byte: u8) -> char {
    let place = usize::from(byte).checked_sub(0x60);
    place.and_then(|place| SHOWN.get(place)).copied().unwrap_or_else(|| char::from(byte))
}
