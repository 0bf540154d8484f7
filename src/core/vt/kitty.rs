//! Flags of the kitty keyboard protocol: each screen has a stack of them.

use super::parse::Csi;

/// Maximum depth of a stack. Terminals bound it too and drop the oldest entry, as the protocol recommends.
const DEPTH: usize = 16;

/// Keyboard flags of one screen.
#[derive(Clone, Debug, Default)]
pub(super) struct Kitty {
    flags: u16,
    /// Pushed flags, the latest last; at most `DEPTH`.
    pushed: Vec<u16>,
}

impl Kitty {
    /// Executes `CSI > flags u` (push), `CSI < n u` (pop) or `CSI = flags ; mode u` (set).
    pub(super) fn apply(&mut self, csi: &Csi) {
        match csi.prefix {
            b'>' => self.push(csi.param(0)),
            b'<' => {
                for _ in 0..csi.count(0).min(DEPTH) {
                    self.flags = self.pushed.pop().unwrap_or(0);
                }
            }
            b'=' => {
                let flags = csi.param(0);
                self.flags = match csi.count(1) {
                    2 => self.flags | flags,
                    3 => self.flags & !flags,
                    _ => flags,
                };
            }
            _ => {}
        }
    }

    fn push(&mut self, flags: u16) {
        if self.pushed.len() == DEPTH {
            self.pushed.remove(0);
        }
        self.pushed.push(self.flags);
        self.flags = flags;
    }

    /// Creates flags that make `push_reset` clear whatever is set.
    pub(super) fn unknown() -> Self {
        Self { flags: 1, pushed: Vec::new() }
    }

    /// Appends the sequences that set the flags again after those of `push_reset`.
    pub(super) fn push_set(&self, out: &mut Vec<u8>) {
        let mut flags = self.pushed.iter().chain([&self.flags]);
        if let Some(&first) = flags.next().filter(|&&first| first != 0) {
            out.extend_from_slice(format!("\x1b[={first}u").as_bytes());
        }
        for flags in flags {
            out.extend_from_slice(format!("\x1b[>{flags}u").as_bytes());
        }
    }

    /// Returns the flags in force.
    pub(super) fn flags(&self) -> u16 {
        self.flags
    }

    /// Returns whether the Escape key sends a sequence of its own, not a bare ESC.
    pub(super) fn disambiguates_escape(&self) -> bool {
        const DISAMBIGUATE: u16 = 1;
        const ALL_KEYS: u16 = 8;
        self.flags & (DISAMBIGUATE | ALL_KEYS) != 0
    }

    /// Appends the sequences that clear the flags and the stack.
    pub(super) fn push_reset(&self, out: &mut Vec<u8>) {
        let mut below = self.flags;
        if let Some(&first) = self.pushed.first() {
            out.extend_from_slice(format!("\x1b[<{}u", self.pushed.len()).as_bytes());
            below = first;
        }
        if below != 0 {
            out.extend_from_slice(b"\x1b[=0u");
        }
    }
}
