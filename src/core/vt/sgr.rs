//! Which attributes of characters are switched on, so that they can be brought back.

use super::parse::Csi;

/// A colour takes at most this many parameters: `38:2::r:g:b`.
const MOST: usize = 6;

/// The attributes that differ from plain characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sgr {
    /// The n-th bit is set where `CSI n m` is in force; of those that have a code to switch them off.
    flags: u64,
    /// The style of the underline, as in `CSI 4:3 m`; 0 where none was said.
    underline: u16,
    foreground: Colour,
    background: Colour,
    underline_colour: Colour,
}

/// A colour as it was set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Colour {
    params: [u16; MOST],
    /// How many parameters it took; none is the terminal's own colour.
    len: usize,
    /// They were separated by colons.
    colons: bool,
}

/// What `CSI n m` switches off: bold and dim, italic and so on.
const OFF: [(u16, &[u16]); 10] = [
    (22, &[1, 2]),
    (23, &[3, 20]),
    (24, &[4, 21]),
    (25, &[5, 6]),
    (27, &[7]),
    (28, &[8]),
    (29, &[9]),
    (54, &[51, 52]),
    (55, &[53]),
    (50, &[26]),
];

impl Sgr {
    /// `CSI ... m`.
    pub(super) fn apply(&mut self, csi: &Csi) {
        let mut n = 0;
        while n < csi.len() {
            let mut next = n + 1;
            while next < csi.len() && csi.is_sub(next) {
                next += 1;
            }
            let colons = next > n + 1;
            // A colour in the old form takes the parameters behind it.
            if matches!(csi.raw(n), 38 | 48 | 58) && !colons {
                next += match csi.raw(next) {
                    2 => 4,
                    5 => 2,
                    _ => 0,
                };
            }
            self.one(csi, n..next.min(csi.len()), colons);
            n = next;
        }
    }

    /// One attribute, which these parameters say.
    fn one(&mut self, csi: &Csi, at: std::ops::Range<usize>, colons: bool) {
        let code = csi.raw(at.start);
        match code {
            0 => *self = Self::default(),
            // It does not say which colour.
            38 | 48 | 58 if at.len() < 3 => {}
            4 => {
                self.underline = if colons { csi.raw(at.start + 1) } else { 0 };
                self.flag(4, !colons || self.underline != 0);
            }
            1..=9 | 20 | 21 | 26 | 51..=53 => self.flag(code, true),
            30..=38 | 90..=97 => self.foreground = Colour::of(csi, at, colons),
            40..=48 | 100..=107 => self.background = Colour::of(csi, at, colons),
            58 => self.underline_colour = Colour::of(csi, at, colons),
            39 => self.foreground = Colour::default(),
            49 => self.background = Colour::default(),
            59 => self.underline_colour = Colour::default(),
            _ => {
                let off = OFF.iter().find(|(off, _)| *off == code).map_or(&[][..], |(_, on)| on);
                off.iter().for_each(|&on| self.flag(on, false));
            }
        }
    }

    fn flag(&mut self, code: u16, on: bool) {
        let bit = 1 << code;
        self.flags = if on { self.flags | bit } else { self.flags & !bit };
    }

    /// The sequence that brings them back to plain characters; nothing where they are plain.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let on = (0..64).filter(|code| self.flags >> code & 1 == 1);
        let mut all: Vec<String> = on
            .map(
                |code| if code == 4 && self.underline > 0 { format!("4:{}", self.underline) } else { code.to_string() },
            )
            .collect();
        let colours = [self.foreground, self.background, self.underline_colour];
        all.extend(colours.iter().filter(|colour| colour.len > 0).map(Colour::text));
        if all.is_empty() { Vec::new() } else { format!("\x1b[{}m", all.join(";")).into_bytes() }
    }
}

impl Colour {
    fn of(csi: &Csi, at: std::ops::Range<usize>, colons: bool) -> Self {
        let len = at.len().min(MOST);
        let mut params = [0; MOST];
        for (place, n) in params.iter_mut().zip(at.take(len)) {
            *place = csi.raw(n);
        }
        Self { params, len, colons }
    }

    fn text(&self) -> String {
        let numbers: Vec<_> = self.params[..self.len].iter().map(u16::to_string).collect();
        numbers.join(if self.colons { ":" } else { ";" })
    }
}

#[cfg(test)]
mod tests {
    use crate::core::vt::{Line, Text, VtSink};

    struct Nobody;

    impl VtSink for Nobody {
        fn line(&mut self, _: &Line<'_>) {}
    }

    #[test]
    fn what_is_on_can_be_brought_back() {
        let table = [
            ("plain", ""),
            ("\x1b[1;31mred", "\x1b[1;31m"),
            ("\x1b[1;31mred\x1b[m", ""),
            ("\x1b[31m\x1b[32m\x1b[44m\x1b[39m", "\x1b[44m"),
            ("\x1b[38;5;0;4mx", "\x1b[4;38;5;0m"),
            ("\x1b[38;2;1;2;3m\x1b[48:2::4:5:6m", "\x1b[38;2;1;2;3;48:2:0:4:5:6m"),
            ("\x1b[4:3;58;5;9m", "\x1b[4:3;58;5;9m"),
            ("\x1b[4:3m\x1b[4:0m", ""),
            ("\x1b[1;2;3m\x1b[22m", "\x1b[3m"),
            ("\x1b[91;0;7m", "\x1b[7m"),
            ("\x1b[31m\x1b7\x1b[1m\x1b8", "\x1b[31m"),
            ("\x1b[31m\x1b7\x1b[m\x1b8\x1b[4mx", "\x1b[4;31m"),
            ("\x1b[31m\x1b[38m\x1b[48;5m", "\x1b[31m"),
        ];
        for (stream, attributes) in table {
            let text = crate::core::split::everywhere(stream.as_bytes(), |pieces| {
                let mut text = Text::new(crate::types::Size::default());
                text.assemble(true);
                pieces.iter().for_each(|piece| {
                    text.feed(piece, &mut Nobody);
                });
                String::from_utf8(text.modes().attributes()).expect("it is plain")
            });
            assert_eq!(text, attributes, "{stream:?}");
        }
    }
}
