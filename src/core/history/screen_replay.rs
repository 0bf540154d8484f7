//! The screen, replayed from the log in slices of work.

use super::output_log::{LogPiece, LogPosition, OutputLog};
use crate::core::vt::VtState;
use crate::core::vt::screen::Screen;
use crate::core::vt::work::Work;

/// The screen at a position of the log.
#[derive(Debug)]
pub(super) struct ScreenReplay {
    screen: Screen,
    place: LogPosition,
}

impl ScreenReplay {
    /// Creates an empty screen at `place`, where the terminal has the modes of `state`.
    pub(super) fn new(state: &VtState, place: LogPosition) -> Self {
        let mut screen = Screen::new(state.size());
        screen.feed(&state.modes().screen_bytes(), &mut Work::unlimited());
        Self { screen, place }
    }

    pub(super) fn screen(&self) -> &Screen {
        &self.screen
    }

    /// Returns the position up to which the log was replayed.
    pub(super) fn place(&self) -> LogPosition {
        self.place
    }

    /// Records that the terminal was redrawn from this screen.
    pub(super) fn was_drawn(&mut self) {
        self.screen.was_drawn();
    }

    /// Replays the log up to the byte `to`, or as far as `work` goes. Returns whether it got there.
    pub(super) fn advance(&mut self, log: &OutputLog, to: u64, work: &mut Work) -> bool {
        while !work.is_spent() {
            if self.screen.is_repeating() {
                self.screen.feed(b"", work);
                continue;
            }
            match log.next(&mut self.place, to) {
                None => return true,
                Some((_, LogPiece::Bytes(_, bytes))) => {
                    let left = bytes.len() - self.screen.feed(bytes, work);
                    self.place.at -= left as u64;
                }
                Some((_, LogPiece::Resized(size))) => self.screen.resize(size, work),
            }
        }
        // What the last step has finished is done.
        !self.screen.is_repeating() && log.next(&mut self.place.clone(), to).is_none()
    }
}
