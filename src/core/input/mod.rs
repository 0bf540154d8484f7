//! Input to the pty: the keyboard with its hotkey, and the queue that merges keyboard, coprocess and clients.

pub(super) mod keyboard;
pub(super) mod keys;
pub(super) mod pty_input;
pub(super) mod typed_line;
