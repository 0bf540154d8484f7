//! Terminal modes that the output has changed, and the sequences that reset exactly these and set them again.

use super::charset::CharacterSet;
use super::hyperlink::Hyperlink;
use super::kitty::Kitty;
use super::parse::Csi;
use super::pen::Pen;
use super::sgr::Sgr;

/// Private modes (DECSET, `CSI ? n h` and `l`) that are tracked, with their value in a freshly reset terminal. They are
/// reset in this order.
const PRIVATE_MODES: [(u16, bool); 21] = [
    (2026, false), // Synchronized updates: first, so that the terminal draws the rest.
    (1003, false), // Mouse: any motion, drags, highlighting, clicks, X10.
    (1002, false),
    (1001, false),
    (1000, false),
    (9, false),
    (1006, false), // Encodings of mouse reports.
    (1015, false),
    (1016, false),
    (1005, false),
    (1004, false), // Focus reports.
    (2004, false), // Bracketed paste.
    (2031, false), // Colour scheme reports.
    (2048, false), // In-band size reports.
    (1, false),    // Cursor keys (DECCKM).
    (69, false),   // Left and right margins (DECLRMM).
    (5, false),    // Reverse video (DECSCNM).
    (7, true),     // Autowrap (DECAWM).
    (66, false),   // Keypad (DECNKM), the same as ESC = (DECKPAM).
    (6, false),    // Origin (DECOM): it homes the cursor, so it is handled with the region.
    (25, true),    // Visible cursor (DECTCEM).
];

/// Indices into [`PRIVATE_MODES`].
const FOCUS: usize = 10;
const APPLICATION_CURSOR: usize = 14;
const KEYPAD: usize = 18;
const ORIGIN: usize = 19;
const CURSOR: usize = 20;

/// Private modes that show the alternate screen.
const ALTERNATE: [u16; 3] = [47, 1047, 1049];

/// Returns the index of a private mode in [`PRIVATE_MODES`].
fn index(mode: u16) -> Option<usize> {
    PRIVATE_MODES.iter().position(|&(number, _)| number == mode)
}

/// Appends the sequence that gives a mode of [`PRIVATE_MODES`] the value that is not its default.
fn push_changed(out: &mut Vec<u8>, index: usize) {
    let (mode, on) = PRIVATE_MODES[index];
    let fin = if on { 'l' } else { 'h' };
    let bytes = if index == KEYPAD { "\x1b=".to_owned() } else { format!("\x1b[?{mode}{fin}") };
    out.extend_from_slice(bytes.as_bytes());
}

/// For whom the terminal reports the focus of its window (mode 1004).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::core) enum FocusReports {
    /// It does not report it.
    #[default]
    Off,
    /// For the program inside.
    Program,
    /// For coshell alone.
    Own,
}

/// Modes that differ from those of a freshly reset terminal.
#[derive(Clone, Debug, Default)]
pub struct Modes {
    /// Bit set of the modes of [`PRIVATE_MODES`] that differ from their default.
    changed: u32,
    /// Whether coshell has turned focus reports on, and no program has set or reset them since.
    owns_focus: bool,
    /// Mode that switched to the alternate screen.
    alternate: Option<u16>,
    /// Keyboard flags of the primary and of the alternate screen.
    kitty: [Kitty; 2],
    /// Level of xterm's modifyOtherKeys.
    modify_other_keys: u16,
    /// Cursor shape (DECSCUSR), 0 for the default.
    cursor_shape: u16,
    charsets: CharacterSets,
    /// ANSI modes 4 (IRM) and 20 (LNM).
    insert: bool,
    newline: bool,
    /// Whether the scrolling region (DECSTBM) is not the whole screen.
    region: bool,
    pen: Pen,
    hyperlink: Hyperlink,
    /// What DECSC has saved, on the primary and on the alternate screen.
    saved: [SavedModes; 2],
}

/// What DECSC saves besides the cursor's position.
#[derive(Clone, Debug, Default)]
struct SavedModes {
    sgr: Sgr,
    charsets: CharacterSets,
    /// DECOM.
    origin: bool,
    hyperlink: Hyperlink,
}

/// The character sets designated as G0 to G3, and which of them is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct CharacterSets {
    designated: [CharacterSet; 4],
    /// Index of the set that is invoked (SI, SO, LS2, LS3).
    invoked: u8,
}

/// Intermediate bytes of the sequences that designate G0 to G3, and the sequences that invoke them.
const DESIGNATIONS: [u8; 4] = *b"()*+";
const INVOCATIONS: [&[u8]; 4] = [b"\x0f", b"\x0e", b"\x1bn", b"\x1bo"];

impl CharacterSets {
    /// Appends the sequences that set these sets in a freshly reset terminal (`on`), or that reset them.
    fn push(self, on: bool, out: &mut Vec<u8>) {
        for (inter, charset) in DESIGNATIONS.into_iter().zip(self.designated) {
            if charset != CharacterSet::Ascii {
                let fin = if on { charset } else { CharacterSet::Ascii }.fin();
                out.extend_from_slice(format!("\x1b{}{fin}", char::from(inter)).as_bytes());
            }
        }
        if self.invoked != 0 {
            out.extend_from_slice(INVOCATIONS[if on { usize::from(self.invoked) } else { 0 }]);
        }
    }
}

impl Modes {
    /// Returns whether pasted text comes between `ESC [200~` and `ESC [201~`.
    pub fn bracketed_paste(&self) -> bool {
        index(2004).is_some_and(|index| self.is_changed(index))
    }

    /// Returns for whom the terminal reports the focus of its window.
    pub(in crate::core) fn focus_reports(&self) -> FocusReports {
        match (self.is_changed(FOCUS), self.owns_focus) {
            (false, _) => FocusReports::Off,
            (true, false) => FocusReports::Program,
            (true, true) => FocusReports::Own,
        }
    }

    /// Records that it was coshell that turned focus reports on.
    pub(super) fn own_focus_reports(&mut self) {
        self.owns_focus = true;
    }

    /// Returns whether the cursor is hidden.
    pub fn cursor_hidden(&self) -> bool {
        self.is_changed(CURSOR)
    }

    /// Returns whether the Escape key sends a bare ESC.
    pub fn escape_alone(&self) -> bool {
        !self.kitty[usize::from(self.alt_screen())].disambiguates_escape()
    }

    /// Returns whether the cursor keys send SS3 (DECCKM).
    pub fn application_cursor(&self) -> bool {
        self.is_changed(APPLICATION_CURSOR)
    }

    /// Returns whether the keypad sends SS3 (DECKPAM, DECNKM).
    pub fn application_keypad(&self) -> bool {
        self.is_changed(KEYPAD)
    }

    /// Returns the flags of the kitty keyboard protocol on the screen that is shown.
    pub fn kitty_flags(&self) -> u16 {
        self.kitty[usize::from(self.alt_screen())].flags()
    }

    /// Returns the level of xterm's modifyOtherKeys.
    pub fn modify_other_keys_level(&self) -> u16 {
        self.modify_other_keys
    }

    /// Returns whether a synchronized update is open, during which the terminal draws nothing.
    pub fn synchronized(&self) -> bool {
        index(2026).is_some_and(|index| self.is_changed(index))
    }

    /// Returns whether the alternate screen is shown.
    pub fn alt_screen(&self) -> bool {
        self.alternate.is_some()
    }

    /// Returns whether text beyond the last column wraps (DECAWM).
    pub(super) fn autowrap(&self) -> bool {
        index(7).is_none_or(|index| !self.is_changed(index))
    }

    /// Returns whether characters shift those to their right (IRM).
    pub(super) fn insert(&self) -> bool {
        self.insert
    }

    /// Returns whether LF implies CR (LNM).
    pub(super) fn newline(&self) -> bool {
        self.newline
    }

    /// Returns whether rows are counted from the scrolling region's first one (DECOM).
    pub fn origin(&self) -> bool {
        self.is_changed(ORIGIN)
    }

    /// Returns whether ASCII is designated as G0.
    #[inline]
    pub(super) fn has_ascii_as_g0(&self) -> bool {
        self.charsets.designated[0] == CharacterSet::Ascii
    }

    /// Returns the character set in use.
    pub(super) fn charset(&self) -> CharacterSet {
        self.charsets.designated[usize::from(self.charsets.invoked)]
    }

    /// Returns the current attributes. They are known while lines are assembled.
    pub(super) fn current_sgr(&self) -> Sgr {
        self.pen.sgr()
    }

    /// Returns the open hyperlink.
    pub(in crate::core) fn hyperlink(&self) -> &Hyperlink {
        &self.hyperlink
    }

    /// Executes an OSC with this payload.
    pub(super) fn osc(&mut self, payload: &[u8]) {
        if let Some(hyperlink) = Hyperlink::of_osc(payload) {
            self.hyperlink = hyperlink;
        }
    }

    /// Stops deferring the parsing of attributes.
    pub(super) fn parse_pen(&mut self) {
        self.pen.parse();
    }

    fn is_changed(&self, index: usize) -> bool {
        self.changed >> index & 1 == 1
    }

    /// Executes DECSET or DECRST of a private mode.
    pub(super) fn set_private(&mut self, mode: u16, on: bool) {
        if matches!((mode, on), (1048 | 1049, true)) {
            self.save_cursor();
        }
        self.owns_focus &= mode != PRIVATE_MODES[FOCUS].0;
        if ALTERNATE.contains(&mode) {
            self.alternate = on.then_some(self.alternate.unwrap_or(mode));
        } else if let Some(index) = index(mode) {
            let bit = 1 << index;
            let changed = on != PRIVATE_MODES[index].1;
            self.changed = if changed { self.changed | bit } else { self.changed & !bit };
        }
        if matches!((mode, on), (1048 | 1049, false)) {
            self.restore_cursor();
        }
    }

    /// Executes SM or RM of an ANSI mode.
    pub(super) fn set_ansi(&mut self, mode: u16, on: bool) {
        match mode {
            4 => self.insert = on,
            20 => self.newline = on,
            _ => {}
        }
    }

    /// Executes DECSTBM; `part` tells whether the region is less than the whole screen.
    pub(super) fn set_region(&mut self, part: bool) {
        self.region = part;
    }

    /// Executes SGR.
    pub(super) fn sgr(&mut self, csi: &Csi) {
        self.pen.apply(csi);
    }

    /// Records an SGR without parsing it. `output` begins with its text after `CSI`, of digits and separators, which has this
    /// length.
    #[inline]
    pub(super) fn push_sgr(&mut self, output: &[u8], len: usize) {
        self.pen.push_unparsed(output, len);
    }

    /// Executes XTMODKEYS, `CSI > 4 ; level m`; without parameters it resets all levels.
    pub(super) fn modify_other_keys(&mut self, csi: &Csi) {
        match csi.param(0) {
            4 => self.modify_other_keys = csi.param(1),
            0 if csi.len() == 1 => self.modify_other_keys = 0,
            _ => {}
        }
    }

    /// Executes DECSCUSR, `CSI shape SP q`.
    pub(super) fn cursor_shape(&mut self, cursor_shape: u16) {
        self.cursor_shape = cursor_shape;
    }

    /// Executes a sequence of the kitty keyboard protocol on the current screen's flags.
    pub(super) fn kitty(&mut self, csi: &Csi) {
        self.kitty[usize::from(self.alt_screen())].apply(csi);
    }

    /// Executes SO (`out`) or SI.
    pub(super) fn shift_out(&mut self, out: bool) {
        self.charsets.invoked = u8::from(out);
    }

    /// Executes the escape sequences that change modes: DECKPAM, DECKPNM, RIS, DECSC, DECRC, and those of character sets.
    pub(super) fn esc_dispatch(&mut self, inter: u8, fin: u8) {
        match (inter, fin) {
            (0, b'=') => self.changed |= 1 << KEYPAD,
            (0, b'>') => self.changed &= !(1 << KEYPAD),
            (0, b'c') => *self = Self::default(),
            (0, b'7') => self.save_cursor(),
            (0, b'8') => self.restore_cursor(),
            (0, b'n') => self.charsets.invoked = 2,
            (0, b'o') => self.charsets.invoked = 3,
            _ => {
                if let Some(set) = DESIGNATIONS.iter().position(|&designation| designation == inter) {
                    self.charsets.designated[set] = CharacterSet::of(fin);
                }
            }
        }
    }

    /// Saves what is saved with the cursor (DECSC, modes 1048 and 1049) of the screen that is shown.
    fn save_cursor(&mut self) {
        self.saved[usize::from(self.alt_screen())] = SavedModes {
            sgr: self.pen.sgr(),
            charsets: self.charsets,
            origin: self.origin(),
            hyperlink: self.hyperlink.clone(),
        };
    }

    /// Restores what is saved with the cursor (DECRC, modes 1048 and 1049).
    fn restore_cursor(&mut self) {
        let SavedModes { sgr, charsets, origin, hyperlink } = &self.saved[usize::from(self.alt_screen())];
        let origin = *origin;
        (self.pen, self.charsets) = (Pen::new(*sgr), *charsets);
        self.hyperlink = self.hyperlink.perhaps(hyperlink);
        let bit = 1 << ORIGIN;
        self.changed = if origin { self.changed | bit } else { self.changed & !bit };
    }

    /// Executes DECSTR, which leaves mouse, paste and alternate screen as they are (xterm).
    pub(super) fn soft_reset(&mut self) {
        for mode in [1, 6, 7, 25, 66, 69] {
            self.set_private(mode, index(mode).is_some_and(|index| PRIVATE_MODES[index].1));
        }
        *self = Self {
            changed: self.changed,
            owns_focus: self.owns_focus,
            alternate: self.alternate,
            kitty: std::mem::take(&mut self.kitty),
            modify_other_keys: self.modify_other_keys,
            hyperlink: self.hyperlink.perhaps(&Hyperlink::Closed),
            ..Self::default()
        };
    }

    /// Returns the SGR that sets the current attributes after `CSI m`. Attributes are tracked only while lines are
    /// assembled.
    pub fn sgr_bytes(&self) -> Vec<u8> {
        self.pen.sgr().bytes()
    }

    /// Returns the sequences that set, in a freshly reset terminal, the modes that decide which screen is shown and how text
    /// is printed. The scrolling region is not among them.
    pub fn screen_bytes(&self) -> Vec<u8> {
        let mut out = self.alt_screen_bytes();
        for (index, (mode, _)) in PRIVATE_MODES.iter().enumerate() {
            if matches!(mode, 5 | 6 | 7 | 25) && self.is_changed(index) {
                push_changed(&mut out, index);
            }
        }
        self.push_print_modes(&mut out);
        out
    }

    /// Returns the modes outside of [`PRIVATE_MODES`] that affect printing, besides the character sets: whether each is set, and the sequences that set and
    /// reset it.
    fn print_modes(&self) -> [(bool, &'static [u8], &'static [u8]); 2] {
        [(self.insert, b"\x1b[4h", b"\x1b[4l"), (self.newline, b"\x1b[20h", b"\x1b[20l")]
    }

    fn push_print_modes(&self, out: &mut Vec<u8>) {
        let on = self.print_modes().into_iter().filter(|(on, ..)| *on);
        on.for_each(|(_, bytes, _)| out.extend_from_slice(bytes));
        self.charsets.push(true, out);
    }

    /// Creates modes with everything set, for the reset of a terminal in an unknown state.
    pub fn all() -> Self {
        Self {
            changed: (1 << PRIVATE_MODES.len()) - 1,
            kitty: [Kitty::unknown(), Kitty::default()],
            modify_other_keys: 1,
            cursor_shape: 1,
            charsets: CharacterSets { designated: [CharacterSet::Graphics; 4], invoked: 1 },
            insert: true,
            newline: true,
            region: true,
            ..Self::default()
        }
    }

    /// Returns whether the scrolling region (DECSTBM) or the origin (DECOM) differs from the default.
    pub fn has_region_or_origin(&self) -> bool {
        self.region || self.origin()
    }

    /// Returns the sequence that switches to the alternate screen, if it is shown.
    pub fn alt_screen_bytes(&self) -> Vec<u8> {
        self.alternate.map(|mode| format!("\x1b[?{mode}h").into_bytes()).unwrap_or_default()
    }

    /// Returns the sequences that set the modes again after those of `reset_bytes`, except alternate screen, scrolling
    /// region and origin.
    pub fn set_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.kitty[usize::from(self.alt_screen())].push_set(&mut out);
        if self.modify_other_keys != 0 {
            out.extend_from_slice(format!("\x1b[>4;{}m", self.modify_other_keys).as_bytes());
        }
        if self.cursor_shape != 0 {
            out.extend_from_slice(format!("\x1b[{} q", self.cursor_shape).as_bytes());
        }
        for index in (0..PRIVATE_MODES.len()).rev() {
            if self.is_changed(index) && index != ORIGIN {
                push_changed(&mut out, index);
            }
        }
        self.push_print_modes(&mut out);
        out
    }

    /// Returns the sequences that make text print literally and outside of a hyperlink, and those that restore the modes.
    /// DECOM is not among them, since it homes the cursor.
    pub fn plain_text_bytes(&self) -> (Vec<u8>, Vec<u8>) {
        let [insert, _] = self.print_modes();
        let all = [insert, (!self.autowrap(), b"\x1b[?7l", b"\x1b[?7h")];
        let on = all.iter().filter(|(on, ..)| *on);
        let mut plainly: Vec<u8> = on.clone().flat_map(|(.., off)| *off).copied().collect();
        let mut again: Vec<u8> = on.flat_map(|(_, back, _)| *back).copied().collect();
        if self.charset() != CharacterSet::Ascii {
            self.charsets.push(false, &mut plainly);
            self.charsets.push(true, &mut again);
        }
        if let Some(link) = self.hyperlink.open() {
            plainly.extend(Hyperlink::bytes(None));
            again.extend(Hyperlink::bytes(Some(link)));
        }
        (plainly, again)
    }

    /// Returns the sequences that reset the changed modes, and nothing else. Attributes of characters stay: a script that
    /// ends in red means it.
    pub fn reset_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut changed = self.changed & ((1 << ORIGIN) - 1);
        while changed != 0 {
            push_default(&mut out, changed.trailing_zeros() as usize);
            changed &= changed - 1;
        }
        // Each screen has its own keyboard flags: those of the alternate screen are reset before it is left.
        if let Some(mode) = self.alternate {
            self.kitty[1].push_reset(&mut out);
            out.extend_from_slice(format!("\x1b[?{mode}l").as_bytes());
        }
        self.kitty[0].push_reset(&mut out);
        if self.modify_other_keys != 0 {
            out.extend_from_slice(b"\x1b[>4;0m");
        }
        self.push_reset_region(&mut out);
        if self.is_changed(CURSOR) {
            push_default(&mut out, CURSOR);
        }
        let rest: [(bool, &[u8]); 3] =
            [(self.cursor_shape != 0, b"\x1b[0 q"), (self.insert, b"\x1b[4l"), (self.newline, b"\x1b[20l")];
        for (_, bytes) in rest.iter().filter(|(on, _)| *on) {
            out.extend_from_slice(bytes);
        }
        self.charsets.push(false, &mut out);
        out
    }

    /// Appends the reset of scrolling region and origin. Both home the cursor (DECSTBM, DECOM). Without DECOM it is restored
    /// by DECRC; with DECOM that would set DECOM again (DECSC saves it), so the cursor goes to the last row.
    fn push_reset_region(&self, out: &mut Vec<u8>) {
        let region: &[u8] = if self.region { b"\x1b[r" } else { b"" };
        if self.origin() {
            push_default(out, ORIGIN);
            out.extend_from_slice(region);
            out.extend_from_slice(b"\x1b[999H");
        } else if self.region {
            out.extend_from_slice(b"\x1b7");
            out.extend_from_slice(region);
            out.extend_from_slice(b"\x1b8");
        }
    }
}

/// Appends the sequence that resets a mode of [`PRIVATE_MODES`] to its default.
fn push_default(out: &mut Vec<u8>, index: usize) {
    let (mode, on) = PRIVATE_MODES[index];
    let fin = if on { 'h' } else { 'l' };
    let bytes = if index == KEYPAD { "\x1b>".to_owned() } else { format!("\x1b[?{mode}{fin}") };
    out.extend_from_slice(bytes.as_bytes());
}
