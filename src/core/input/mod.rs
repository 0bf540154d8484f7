//! What goes into the pty: keys, with the hotkey among them, and the queue that merges keyboard, coprocess and clients.

pub(super) mod keyboard;
pub(super) mod keys;
pub(super) mod pty_input;
