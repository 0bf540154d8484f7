//! kitty's keyboard flags: a stack on each screen.

use super::parse::Csi;

/// How many entries are remembered: terminals keep fewer, and drop the oldest too.
const DEPTH: usize = 16;

/// The flags of one screen.
#[derive(Clone, Debug, Default)]
pub(super) struct Kitty {
    flags: u16,
    /// What popping brings back, the latest last; at most `DEPTH`.
    pushed: Vec<u16>,
}

impl Kitty {
    /// `CSI > flags u`, `CSI < n u`, `CSI = flags ; how u`.
    pub(super) fn apply(&mut self, csi: &Csi) {
        match csi.prefix {
            b'>' => self.push(csi.raw(0)),
            b'<' => {
                for _ in 0..csi.count(0).min(DEPTH) {
                    self.flags = self.pushed.pop().unwrap_or(0);
                }
            }
            b'=' => {
                let flags = csi.raw(0);
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

    /// Flags of which nothing is known.
    pub(super) fn some() -> Self {
        Self { flags: 1, pushed: Vec::new() }
    }

    /// Appends what brings them back after `restore`.
    pub(super) fn again(&self, out: &mut Vec<u8>) {
        let mut flags = self.pushed.iter().chain([&self.flags]);
        if let Some(&first) = flags.next().filter(|&&first| first != 0) {
            out.extend_from_slice(format!("\x1b[={first}u").as_bytes());
        }
        for flags in flags {
            out.extend_from_slice(format!("\x1b[>{flags}u").as_bytes());
        }
    }

    /// Whether the Escape key is told from the beginning of a sequence: it sends one itself then.
    pub(super) fn tells_escape(&self) -> bool {
        const DISAMBIGUATE: u16 = 1;
        const ALL_KEYS: u16 = 8;
        self.flags & (DISAMBIGUATE | ALL_KEYS) != 0
    }

    /// Appends what takes the flags off.
    pub(super) fn restore(&self, out: &mut Vec<u8>) {
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
