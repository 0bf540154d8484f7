//! Character attributes (SGR) as a value, and the sequence that sets them.

use std::ops::Range;

use super::parse::Csi;
use super::style::{CellColour, Style};

/// Maximum number of parameters of a colour: `38:2::r:g:b`.
const MAX_PARAMS: usize = 6;

/// Attributes that differ from the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sgr {
    /// Bit set of the codes `n` of `CSI n m` in force, of those with a code that resets them.
    flags: u64,
    /// Style of the underline, as in `CSI 4:3 m` (kitty, VTE); 0 if none was given.
    underline: u16,
    foreground: Colour,
    background: Colour,
    underline_colour: Colour,
}

/// Colour as it was set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Colour {
    params: [u16; MAX_PARAMS],
    /// Number of parameters; 0 is the default colour.
    len: usize,
    /// Whether colons separate them (ISO 8613-6), not semicolons.
    colons: bool,
}

/// Codes that reset attributes, with the codes that set these.
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

/// Returns the parameters of each attribute of an SGR, and whether colons separate them.
fn attributes_of(csi: &Csi) -> impl Iterator<Item = (Range<usize>, bool)> {
    let mut n = 0;
    std::iter::from_fn(move || {
        let first = n;
        n += 1;
        while n < csi.len() && csi.is_sub(n) {
            n += 1;
        }
        let colons = n > first + 1;
        // A colour in xterm's form with semicolons takes the parameters after it.
        if matches!(csi.param(first), 38 | 48 | 58) && !colons {
            n += match csi.param(n) {
                2 => 4,
                5 => 2,
                _ => 0,
            };
        }
        (first < csi.len()).then(|| (first..n.min(csi.len()), colons))
    })
}

impl Sgr {
    /// Creates the attributes that SGR with these parameters sets.
    pub fn of(params: &str) -> Self {
        let mut sgr = Self::default();
        sgr.apply(&Csi::parse(params.as_bytes()));
        sgr
    }

    /// Returns whether the background colour is that of `other`.
    pub fn has_same_background(&self, other: &Self) -> bool {
        self.background == other.background
    }

    /// Returns these attributes on top of others.
    pub fn over(self, below: Self) -> Self {
        let pick = |above: Colour, below| if above.len > 0 { above } else { below };
        let has_underline = self.flags >> 4 & 1 == 1;
        Self {
            flags: self.flags | below.flags,
            underline: if has_underline { self.underline } else { below.underline },
            foreground: pick(self.foreground, below.foreground),
            background: pick(self.background, below.background),
            underline_colour: pick(self.underline_colour, below.underline_colour),
        }
    }

    /// Appends the sequence that changes these attributes to others. Attributes that no code here stands for stay as they
    /// are, which they would not behind `CSI m`.
    pub fn switch(&self, to: &Self, out: &mut Vec<u8>) {
        let mut codes = Vec::new();
        let mut left = self.flags;
        for (off, on) in OFF {
            let all = on.iter().fold(0, |all, code| all | 1 << code);
            if left & all & !to.flags != 0 {
                codes.push(off.to_string());
                left &= !all;
            }
        }
        let restyled = self.underline != to.underline && to.flags >> 4 & 1 == 1;
        let missing = to.flags & !left | if restyled { 1 << 4 } else { 0 };
        codes.extend((0..64).filter(|code| missing >> code & 1 == 1).map(|code| to.code(code)));
        let colours = [
            (self.foreground, to.foreground, "39"),
            (self.background, to.background, "49"),
            (self.underline_colour, to.underline_colour, "59"),
        ];
        let changed = colours.iter().filter(|(from, to, _)| from != to);
        codes.extend(changed.map(|(_, to, off)| if to.len > 0 { to.text() } else { (*off).to_owned() }));
        if !codes.is_empty() {
            out.extend_from_slice(format!("\x1b[{}m", codes.join(";")).as_bytes());
        }
    }

    /// Returns the code of an attribute that is set.
    fn code(&self, code: u16) -> String {
        if code == 4 && self.underline > 0 { format!("4:{}", self.underline) } else { code.to_string() }
    }

    /// Returns whether each attribute that `csi` sets or resets is known here.
    pub(super) fn knows(csi: &Csi) -> bool {
        let is_known = |code| matches!(code, 0..=9 | 20..=55 | 58 | 59 | 90..=97 | 100..=107);
        attributes_of(csi).all(|(at, _)| is_known(csi.param(at.start)))
    }

    /// Executes SGR.
    pub(super) fn apply(&mut self, csi: &Csi) {
        attributes_of(csi).for_each(|(at, colons)| self.apply_one(csi, at, colons));
    }

    /// Applies the attribute of the parameters `at`.
    fn apply_one(&mut self, csi: &Csi, at: Range<usize>, colons: bool) {
        let code = csi.param(at.start);
        match code {
            0 => *self = Self::default(),
            // An incomplete colour is ignored.
            38 | 48 | 58 if at.len() < 3 => {}
            4 => {
                self.underline = if colons { csi.param(at.start + 1) } else { 0 };
                self.set_flag(4, !colons || self.underline != 0);
            }
            1..=9 | 20 | 21 | 26 | 51..=53 => self.set_flag(code, true),
            30..=38 | 90..=97 => self.foreground = Colour::of(csi, at, colons),
            40..=48 | 100..=107 => self.background = Colour::of(csi, at, colons),
            58 => self.underline_colour = Colour::of(csi, at, colons),
            39 => self.foreground = Colour::default(),
            49 => self.background = Colour::default(),
            59 => self.underline_colour = Colour::default(),
            _ => {
                let off = OFF.iter().find(|(off, _)| *off == code).map_or(&[][..], |(_, on)| on);
                off.iter().for_each(|&on| self.set_flag(on, false));
            }
        }
    }

    fn set_flag(&mut self, code: u16, on: bool) {
        let bit = 1 << code;
        self.flags = if on { self.flags | bit } else { self.flags & !bit };
    }

    /// Returns the attributes as the style of a cell.
    pub(super) fn style(&self) -> Style {
        let has = |code: u16| self.flags >> code & 1 == 1;
        let underline = match self.underline {
            _ if has(4) && self.underline > 0 => u8::try_from(self.underline).unwrap_or(1).min(5),
            _ if has(21) => 2,
            _ => u8::from(has(4)),
        };
        let mut style = Style {
            foreground: self.foreground.colour(),
            background: self.background.colour(),
            underline_colour: self.underline_colour.colour(),
            underline,
            ..Style::default()
        };
        let blink = has(5) || has(6);
        let all = [(has(1), 1), (has(2), 2), (has(3), 3), (underline > 0, 4), (blink, 5)];
        let more = [(has(7), 7), (has(8), 8), (has(9), 9), (has(53), 53)];
        all.iter().chain(&more).filter(|(on, _)| *on).for_each(|&(_, code)| style.set(code));
        style
    }

    /// Returns the sequence that sets the attributes after `CSI m`; empty for the default.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut all: Vec<String> =
            (0..64).filter(|code| self.flags >> code & 1 == 1).map(|code| self.code(code)).collect();
        let colours = [self.foreground, self.background, self.underline_colour];
        all.extend(colours.iter().filter(|colour| colour.len > 0).map(Colour::text));
        if all.is_empty() { Vec::new() } else { format!("\x1b[{}m", all.join(";")).into_bytes() }
    }
}

impl Colour {
    fn of(csi: &Csi, at: Range<usize>, colons: bool) -> Self {
        let len = at.len().min(MAX_PARAMS);
        let mut params = [0; MAX_PARAMS];
        for (place, n) in params.iter_mut().zip(at.take(len)) {
            *place = csi.param(n);
        }
        Self { params, len, colons }
    }

    /// Returns the colour as that of a cell; `None` for the default.
    fn colour(&self) -> Option<CellColour> {
        let small = |n: u16| u8::try_from(n).unwrap_or(u8::MAX);
        let index = |n: u16| Some(CellColour::Indexed(small(n)));
        match self.params[..self.len] {
            [code @ (30..=37 | 40..=47)] => index(code % 10),
            [code @ (90..=97 | 100..=107)] => index(code % 10 + 8),
            [_, 5, n, ..] => index(n),
            // ISO 8613-6 has the number of a colour space in front.
            [_, 2, _, r, g, b] if self.colons => Some(CellColour::Rgb(small(r), small(g), small(b))),
            [_, 2, r, g, b, ..] => Some(CellColour::Rgb(small(r), small(g), small(b))),
            _ => None,
        }
    }

    fn text(&self) -> String {
        let numbers: Vec<_> = self.params[..self.len].iter().map(u16::to_string).collect();
        numbers.join(if self.colons { ":" } else { ";" })
    }
}

#[cfg(test)]
mod tests {
    use crate::core::vt::{NullSink, VtState};

    #[test]
    fn sgr_bytes_set_current_attributes() {
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
            let text = crate::core::split::at_every_split(stream.as_bytes(), |pieces| {
                let mut vt = VtState::new(crate::types::Size::default());
                vt.assemble(true);
                pieces.iter().for_each(|piece| {
                    vt.feed(piece, &mut NullSink);
                });
                String::from_utf8(vt.modes().sgr_bytes()).expect("it is plain")
            });
            assert_eq!(text, attributes, "{stream:?}");
        }
    }
}
