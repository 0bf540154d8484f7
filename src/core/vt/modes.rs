//! What the output has switched on in the terminal, so that exactly that can be switched off again.

use super::kitty::Kitty;
use super::parse::Csi;
use super::pen::Pen;
use super::sgr::Sgr;

/// The private modes (`CSI ? n h` and `l`) that are remembered, and whether they are on in a terminal that nobody touched.
/// They are put back in this order.
const PRIVATE: [(u16, bool); 21] = [
    (2026, false), // Synchronized updates: first, so that the rest is seen.
    (1003, false), // The mouse: any motion, drags, highlighting, clicks, X10.
    (1002, false),
    (1001, false),
    (1000, false),
    (9, false),
    (1006, false), // How its reports are encoded.
    (1015, false),
    (1016, false),
    (1005, false),
    (1004, false), // Focus reports.
    (2004, false), // Bracketed paste.
    (2031, false), // Reports of the colour scheme.
    (2048, false), // Reports of the size.
    (1, false),    // Cursor keys.
    (69, false),   // Left and right margins.
    (5, false),    // Reverse video.
    (7, true),     // Autowrap.
    (66, false),   // Keypad, as ESC = has it.
    (6, false),    // Origin: it moves the cursor, and goes with the margins.
    (25, true),    // The cursor is seen.
];

/// Their places in [`PRIVATE`].
const KEYPAD: usize = 18;
const ORIGIN: usize = 19;
const CURSOR: usize = 20;

/// The private modes that are the alternate screen.
const ALTERNATE: [u16; 3] = [47, 1047, 1049];

/// The place of a private mode in [`PRIVATE`].
fn place(mode: u16) -> Option<usize> {
    PRIVATE.iter().position(|&(number, _)| number == mode)
}

/// Makes one of [`PRIVATE`] what it is not in a terminal that nobody touched.
fn touch(out: &mut Vec<u8>, place: usize) {
    let (mode, on) = PRIVATE[place];
    let fin = if on { 'l' } else { 'h' };
    let bytes = if place == KEYPAD { "\x1b=".to_owned() } else { format!("\x1b[?{mode}{fin}") };
    out.extend_from_slice(bytes.as_bytes());
}

/// What the output has switched on and not off.
#[derive(Clone, Debug, Default)]
pub struct Modes {
    /// A bit for each of [`PRIVATE`] that is not as it is in a terminal that nobody touched.
    touched: u32,
    /// The mode that led to the alternate screen.
    alternate: Option<u16>,
    /// For the primary and for the alternate screen.
    kitty: [Kitty; 2],
    /// The level of xterm's modifyOtherKeys.
    other_keys: u16,
    /// The cursor's shape, 0 for the default.
    shape: u16,
    /// SO, or a set of graphic characters in place of ASCII.
    shifted: bool,
    graphics: bool,
    /// ANSI modes 4 and 20.
    insert: bool,
    newline: bool,
    /// The scrolling region is not the whole screen.
    region: bool,
    pen: Pen,
    /// What DECSC has saved of `pen`, `graphics` and `shifted`.
    saved: (Sgr, bool, bool),
}

impl Modes {
    /// Whether pasted text comes between `ESC [200~` and `ESC [201~`.
    pub fn bracketed_paste(&self) -> bool {
        place(2004).is_some_and(|place| self.is_touched(place))
    }

    /// Whether the cursor is hidden.
    pub fn cursor_hidden(&self) -> bool {
        self.is_touched(CURSOR)
    }

    /// Whether the Escape key sends an ESC and nothing more.
    pub fn escape_alone(&self) -> bool {
        !self.kitty[usize::from(self.alt_screen())].tells_escape()
    }

    /// Whether the terminal shows nothing until the program has drawn all of it.
    pub fn synchronized(&self) -> bool {
        place(2026).is_some_and(|place| self.is_touched(place))
    }

    /// Whether the alternate screen is shown.
    pub fn alt_screen(&self) -> bool {
        self.alternate.is_some()
    }

    /// Whether what is put beyond the last column goes to the next row.
    pub(super) fn autowrap(&self) -> bool {
        place(7).is_none_or(|place| !self.is_touched(place))
    }

    /// Whether characters push those behind them to the right.
    pub(super) fn insert(&self) -> bool {
        self.insert
    }

    /// Whether LF returns to the first column.
    pub(super) fn newline(&self) -> bool {
        self.newline
    }

    /// Whether rows are counted from the scrolling region's first.
    pub fn origin(&self) -> bool {
        self.is_touched(ORIGIN)
    }

    /// Whether letters are line graphics.
    pub(super) fn graphics(&self) -> bool {
        self.graphics
    }

    fn is_touched(&self, place: usize) -> bool {
        self.touched >> place & 1 == 1
    }

    /// `CSI ? mode h` or `l`.
    pub(super) fn private(&mut self, mode: u16, on: bool) {
        match (mode, on) {
            (1048 | 1049, true) => self.save(),
            (1048 | 1049, false) => self.recall(),
            _ => {}
        }
        if ALTERNATE.contains(&mode) {
            self.alternate = on.then_some(self.alternate.unwrap_or(mode));
        } else if let Some(place) = place(mode) {
            let bit = 1 << place;
            let touched = on != PRIVATE[place].1;
            self.touched = if touched { self.touched | bit } else { self.touched & !bit };
        }
    }

    /// `CSI mode h` or `l`.
    pub(super) fn ansi(&mut self, mode: u16, on: bool) {
        match mode {
            4 => self.insert = on,
            20 => self.newline = on,
            _ => {}
        }
    }

    /// `CSI top ; bottom r`, told whether that is less than the whole screen.
    pub(super) fn region(&mut self, part: bool) {
        self.region = part;
    }

    /// `CSI ... m`.
    pub(super) fn sgr(&mut self, csi: &Csi) {
        self.pen.apply(csi);
    }

    /// The same, left unread: what stands behind the `CSI`, of digits and separators.
    #[inline]
    pub(super) fn note_sgr(&mut self, sequence: &[u8]) {
        self.pen.note(sequence);
    }

    /// `CSI > 4 ; level m`.
    pub(super) fn other_keys(&mut self, csi: &Csi) {
        match csi.raw(0) {
            4 => self.other_keys = csi.raw(1),
            0 if csi.len() == 1 => self.other_keys = 0,
            _ => {}
        }
    }

    /// `CSI shape SP q`.
    pub(super) fn shape(&mut self, shape: u16) {
        self.shape = shape;
    }

    /// `CSI prefix ... u`.
    pub(super) fn kitty(&mut self, csi: &Csi) {
        self.kitty[usize::from(self.alt_screen())].apply(csi);
    }

    /// SO and SI.
    pub(super) fn shift(&mut self, out: bool) {
        self.shifted = out;
    }

    /// `ESC inter fin`, as far as it is a mode.
    pub(super) fn escape(&mut self, inter: u8, fin: u8) {
        match (inter, fin) {
            (0, b'=') => self.touched |= 1 << KEYPAD,
            (0, b'>') => self.touched &= !(1 << KEYPAD),
            (0, b'c') => *self = Self::default(),
            (0, b'7') => self.save(),
            (0, b'8') => self.recall(),
            (b'(', _) => self.graphics = fin == b'0',
            _ => {}
        }
    }

    /// DECSC and its like, as far as attributes and characters go.
    fn save(&mut self) {
        self.saved = (self.pen.sgr(), self.graphics, self.shifted);
    }

    /// DECRC and its like.
    fn recall(&mut self) {
        let (sgr, graphics, shifted) = self.saved;
        (self.pen, self.graphics, self.shifted) = (Pen::new(sgr), graphics, shifted);
    }

    /// `CSI ! p`: the soft reset leaves the mouse, the paste and the screen alone.
    pub(super) fn soft_reset(&mut self) {
        for mode in [1, 6, 7, 25, 66, 69] {
            self.private(mode, place(mode).is_some_and(|place| PRIVATE[place].1));
        }
        *self = Self {
            touched: self.touched,
            alternate: self.alternate,
            kitty: std::mem::take(&mut self.kitty),
            other_keys: self.other_keys,
            ..Self::default()
        };
    }

    /// The bytes that bring back the attributes of characters that are on, after `CSI m`. Known only as far as lines were
    /// assembled.
    pub fn attributes(&self) -> Vec<u8> {
        self.pen.sgr().bytes()
    }

    /// The bytes that switch on, in a terminal that nobody touched, what decides which screen is shown and how text gets
    /// onto it. The scrolling region is not among them.
    pub fn begin(&self) -> Vec<u8> {
        let mut out = self.enter();
        for (place, (mode, _)) in PRIVATE.iter().enumerate() {
            if matches!(mode, 5 | 6 | 7 | 25) && self.is_touched(place) {
                touch(&mut out, place);
            }
        }
        self.begin_text(&mut out);
        out
    }

    /// How text gets onto the screen, but for [`PRIVATE`]: what is on, the bytes that switch it on, and those that
    /// switch it off.
    fn of_text(&self) -> [(bool, &'static [u8], &'static [u8]); 4] {
        [
            (self.insert, b"\x1b[4h", b"\x1b[4l"),
            (self.newline, b"\x1b[20h", b"\x1b[20l"),
            (self.shifted, b"\x0e", b"\x0f"),
            (self.graphics, b"\x1b(0", b"\x1b(B"),
        ]
    }

    fn begin_text(&self, out: &mut Vec<u8>) {
        let on = self.of_text().into_iter().filter(|(on, ..)| *on);
        on.for_each(|(_, bytes, _)| out.extend_from_slice(bytes));
    }

    /// Everything is switched on, on whatever screen is shown: what a program may have left of which nothing is known.
    pub fn all() -> Self {
        Self {
            touched: (1 << PRIVATE.len()) - 1,
            kitty: [Kitty::some(), Kitty::default()],
            other_keys: 1,
            shape: 1,
            shifted: true,
            graphics: true,
            insert: true,
            newline: true,
            region: true,
            ..Self::default()
        }
    }

    /// Whether the scrolling region or the origin is not that of a terminal that nobody touched.
    pub fn confines(&self) -> bool {
        self.region || self.origin()
    }

    /// What switched the alternate screen on, if it is shown: the bytes that do it again.
    pub fn enter(&self) -> Vec<u8> {
        self.alternate.map(|mode| format!("\x1b[?{mode}h").into_bytes()).unwrap_or_default()
    }

    /// The bytes that switch on again what `restore` has switched off, but for the alternate screen, the scrolling region
    /// and the origin.
    pub fn again(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.kitty[usize::from(self.alt_screen())].again(&mut out);
        if self.other_keys != 0 {
            out.extend_from_slice(format!("\x1b[>4;{}m", self.other_keys).as_bytes());
        }
        if self.shape != 0 {
            out.extend_from_slice(format!("\x1b[{} q", self.shape).as_bytes());
        }
        for place in (0..PRIVATE.len()).rev() {
            if self.is_touched(place) && place != ORIGIN {
                touch(&mut out, place);
            }
        }
        self.begin_text(&mut out);
        out
    }

    /// The bytes that make text come out as it is, and those that make it come out as before. The origin is not among
    /// them: it goes with the cursor.
    pub fn plainly(&self) -> (Vec<u8>, Vec<u8>) {
        let [insert, _, shifted, graphics] = self.of_text();
        let all = [insert, graphics, shifted, (!self.autowrap(), b"\x1b[?7l", b"\x1b[?7h")];
        let on = all.iter().filter(|(on, ..)| *on);
        (on.clone().flat_map(|(.., off)| *off).copied().collect(), on.flat_map(|(_, back, _)| *back).copied().collect())
    }

    /// The bytes that switch off what is on, and nothing else; none when nothing is on. Attributes of characters stay:
    /// a script that ends in red means it.
    pub fn restore(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut touched = self.touched & ((1 << ORIGIN) - 1);
        while touched != 0 {
            put_back(&mut out, touched.trailing_zeros() as usize);
            touched &= touched - 1;
        }
        // Each screen has key flags of its own: those of the alternate one go before it does.
        if let Some(mode) = self.alternate {
            self.kitty[1].restore(&mut out);
            out.extend_from_slice(format!("\x1b[?{mode}l").as_bytes());
        }
        self.kitty[0].restore(&mut out);
        if self.other_keys != 0 {
            out.extend_from_slice(b"\x1b[>4;0m");
        }
        self.restore_rows(&mut out);
        if self.is_touched(CURSOR) {
            put_back(&mut out, CURSOR);
        }
        let rest: [(bool, &[u8]); 5] = [
            (self.shape != 0, b"\x1b[0 q"),
            (self.insert, b"\x1b[4l"),
            (self.newline, b"\x1b[20l"),
            (self.shifted, b"\x0f"),
            (self.graphics, b"\x1b(B"),
        ];
        for (_, bytes) in rest.iter().filter(|(on, _)| *on) {
            out.extend_from_slice(bytes);
        }
        out
    }

    /// The scrolling region and the origin: both home the cursor. Without the origin it can be put back where it was;
    /// with it that would bring the origin back, so it goes to the last row.
    fn restore_rows(&self, out: &mut Vec<u8>) {
        let region: &[u8] = if self.region { b"\x1b[r" } else { b"" };
        if self.origin() {
            put_back(out, ORIGIN);
            out.extend_from_slice(region);
            out.extend_from_slice(b"\x1b[999H");
        } else if self.region {
            out.extend_from_slice(b"\x1b7");
            out.extend_from_slice(region);
            out.extend_from_slice(b"\x1b8");
        }
    }
}

/// Puts one of [`PRIVATE`] back.
fn put_back(out: &mut Vec<u8>, place: usize) {
    let (mode, on) = PRIVATE[place];
    let fin = if on { 'h' } else { 'l' };
    let bytes = if place == KEYPAD { "\x1b>".to_owned() } else { format!("\x1b[?{mode}{fin}") };
    out.extend_from_slice(bytes.as_bytes());
}
