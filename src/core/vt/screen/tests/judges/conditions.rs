//! Conditions of the rules: on a token, and on the screen before it.

use super::super::{Screen, Style};

/// Returns whether the token is a control sequence with one of these final bytes.
pub(super) fn is_csi(token: &str, fins: &str) -> bool {
    token.starts_with("\x1b[") && !token.contains(['?', '!']) && token.ends_with(|fin| fins.contains(fin))
}

/// Returns whether the token sets or resets one of these modes.
pub(super) fn is_mode(token: &str, modes: &[&str]) -> bool {
    let mode = token.strip_prefix("\x1b[").and_then(|rest| rest.strip_suffix(['h', 'l']));
    mode.is_some_and(|mode| modes.contains(&mode))
}

pub(super) fn is_text(token: &str) -> bool {
    token.starts_with(|first: char| first >= ' ')
}

pub(super) fn has_region(screen: &Screen) -> bool {
    !screen.screens().grid.has_whole_region()
}

pub(super) fn has_origin(screen: &Screen) -> bool {
    screen.screens().modes.origin
}

pub(super) fn has_colour(screen: &Screen) -> bool {
    screen.style(screen.screens().eraser) != Style::default()
}

pub(super) fn wraps_next(screen: &Screen) -> bool {
    screen.cursor().pending_wrap
}

pub(super) fn has_wide(screen: &Screen) -> bool {
    (0..screen.rows()).any(|row| screen.cells(row).iter().any(|cell| cell.width == 0))
}
