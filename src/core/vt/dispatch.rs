//! Execution of C0 controls and escape sequences: mode changes go to `modes`, cursor motions to `lines`.

use super::VtSink;
use super::feed::VtState;
use super::parse::{Csi, ParserEvent};
use super::prompt_mark::prompt_mark;
use super::screens::{PrintModes, Span};

impl VtState {
    /// Executes a C0 control, which acts inside a sequence too (as on DEC terminals and in xterm); `to` is the
    /// offset just past it.
    pub(super) fn execute(&mut self, byte: u8, to: u64, sink: &mut impl VtSink) {
        if matches!(byte, 0x0e | 0x0f) {
            self.modes.shift_out(byte == 0x0e);
        }
        let Some(screens) = &mut self.screens else { return };
        match byte {
            0x07 => sink.bell(),
            0x08 => screens.backspace(1, sink),
            b'\t' => screens.tab(1, sink),
            b'\n' | 0x0b | 0x0c => screens.line_feed(to, screens.modes.newline, sink),
            b'\r' => screens.carriage_return(sink),
            0x0e | 0x0f => screens.set_modes(PrintModes::of(&self.modes), sink),
            _ => {}
        }
    }

    /// Advances inside a sequence and returns the number of bytes taken.
    pub(super) fn advance_sequence(&mut self, rest: &[u8], sink: &mut impl VtSink) -> usize {
        let (used, event) = self.parser.advance(rest);
        let span = Span { from: self.sequence_start, to: self.offset + used as u64 };
        match event {
            ParserEvent::Nothing => {}
            ParserEvent::Control(byte) => self.execute(byte, span.to, sink),
            ParserEvent::Escape(inter, fin) => self.esc_dispatch(inter, fin, span, sink),
            ParserEvent::Csi => self.csi_dispatch(span, sink),
            // A title of coshell's own is none of a program.
            ParserEvent::Osc | ParserEvent::Title if self.screens.as_ref().is_some_and(|screens| screens.own) => {}
            ParserEvent::Osc => {
                let payload = self.parser.payload();
                self.modes.osc(payload);
                if let [b'0' | b'2', b';', title @ ..] = payload {
                    self.titles.set(title);
                    sink.title(title);
                }
                if let (Some(screens), Some((kind, _))) = (&mut self.screens, prompt_mark(payload)) {
                    screens.shell_mark(kind, span, sink);
                }
                sink.osc(payload, span.from..span.to);
            }
            ParserEvent::Title => sink.title(self.parser.payload()),
        }
        used
    }

    fn esc_dispatch(&mut self, inter: u8, fin: u8, span: Span, sink: &mut impl VtSink) {
        let was_alternate = self.alt_screen();
        self.modes.esc_dispatch(inter, fin);
        // RIS clears the screen in the default attributes.
        if matches!((inter, fin), (0, b'8' | b'c')) {
            self.take_over_pen();
        }
        if let Some(screens) = self.screens.as_deref_mut() {
            match (inter, fin) {
                (0, b'7') => screens.save_cursor(sink),
                (0, b'8') => screens.restore_cursor(span, sink),
                (0, b'D') => screens.line_feed(span.to, false, sink),
                (0, b'E') => screens.line_feed(span.to, true, sink),
                (0, b'H') => screens.set_tab(sink),
                (0, b'M') => screens.reverse_index(span, sink),
                (0, b'c') => screens.reset(span, sink),
                (b'#', b'8') => screens.align(span, sink),
                _ => {}
            }
        }
        self.update_print_modes(sink);
        if was_alternate && !self.alt_screen() {
            sink.alt_screen(false);
        }
    }

    /// Executes the control sequence that the parser has completed.
    #[inline]
    pub(super) fn csi_dispatch(&mut self, span: Span, sink: &mut impl VtSink) {
        let csi = self.parser.csi();
        match (csi.prefix, csi.inter, csi.fin) {
            (0, 0, b'm') => {
                self.modes.sgr(csi);
                self.take_over_pen();
            }
            (0, 0, b'h' | b'l') | (b'?', 0, b'h' | b'l') => self.set_modes(span, sink),
            (b'>', 0, b'm') => self.modes.modify_other_keys(csi),
            (b'<' | b'=' | b'>', 0, b'u') => self.modes.kitty(csi),
            // SCOSC and SCORC are DECSC and DECRC (xterm).
            (0, 0, b's') => self.esc_dispatch(0, b'7', span, sink),
            (0, 0, b'u') => self.esc_dispatch(0, b'8', span, sink),
            (0, 0, b't') => match (csi.param(0), csi.param(1)) {
                // XTPUSHTITLE and XTPOPTITLE of xterm: 0 is icon and window title, 2 the window title.
                (22, 0 | 2) => self.titles.push(),
                (23, 0 | 2) => self.titles.pop(),
                _ => {}
            },
            // SL and SR, DECIC and DECDC.
            (0, b' ', b'@' | b'A') | (0, b'\'', b'}' | b'~') => {
                if let Some(screens) = &mut self.screens {
                    let (left, whole) = (matches!(csi.fin, b'@' | b'~'), csi.inter == b' ');
                    screens.shift_columns(csi.count(0), left, whole, sink);
                }
            }
            // DECSCUSR, then DECSTR.
            (0, b' ', b'q') => self.modes.cursor_shape(csi.param(0)),
            (0, b'!', b'p') => {
                self.modes.soft_reset();
                if let Some(screens) = &mut self.screens {
                    screens.settle(sink);
                    screens.grid.reset_region();
                    screens.grid.saved = Default::default();
                }
                self.update_print_modes(sink);
                self.take_over_pen();
            }
            // DECST8C: tab stops in every eighth column.
            (b'?', 0, b'W') if csi.param(0) == 5 => {
                if let Some(screens) = &mut self.screens {
                    screens.tabs = super::tabs::Tabs::new(screens.cols);
                }
            }
            // DECSED and DECSEL spare protected characters, which DECSCA makes and hardly any program has.
            (0, 0, _) | (b'?', 0, b'J' | b'K') => self.screen_dispatch(span, sink),
            _ => {}
        }
    }

    /// Executes a sequence that moves the cursor, erases, or sets the scrolling region.
    fn screen_dispatch(&mut self, span: Span, sink: &mut impl VtSink) {
        let csi = self.parser.csi();
        if csi.fin == b'r' {
            let rows = usize::from(self.size.rows.max(1));
            let (top, end) = (csi.count(0), usize::from(csi.param(1)));
            let end = if end == 0 { rows } else { end.min(rows) };
            // A region of fewer than two rows is ignored.
            if top < end {
                self.modes.set_region(top > 1 || end < rows);
            }
        }
        if let Some(screens) = &mut self.screens {
            screens.csi_dispatch(csi, span, sink);
        }
    }

    fn set_modes(&mut self, span: Span, sink: &mut impl VtSink) {
        let csi: Csi = self.parser.csi().clone();
        let on = csi.fin == b'h';
        for n in 0..csi.len() {
            let mode = csi.param(n);
            if csi.prefix == 0 {
                self.modes.set_ansi(mode, on);
            } else {
                self.set_private_mode(mode, on, span, sink);
            }
        }
        self.update_print_modes(sink);
    }

    fn set_private_mode(&mut self, mode: u16, on: bool, span: Span, sink: &mut impl VtSink) {
        let was_alternate = self.alt_screen();
        if let Some(screens) = self.screens.as_deref_mut().filter(|_| matches!((mode, on), (1048 | 1049, true))) {
            screens.save_cursor(sink);
        }
        self.modes.set_private(mode, on);
        if let Some(screens) = self.screens.as_deref_mut() {
            screens.modes.origin = self.modes.origin();
            match (mode, on) {
                (6, _) => screens.home(span, sink),
                // Shells turn bracketed paste on where the prompt stands, and off when a command is accepted.
                (2004, true) => screens.begin_edit(),
                (2004, false) => screens.end_edit(span, sink),
                _ if was_alternate != self.modes.alt_screen() => screens.switch_screen(on, mode, span, sink),
                _ => {}
            }
            if matches!((mode, on), (1048 | 1049, false)) {
                screens.restore_cursor(span, sink);
            }
        }
        if matches!((mode, on), (1048 | 1049, false)) {
            self.take_over_pen();
        }
        if was_alternate != self.alt_screen() {
            sink.alt_screen(on);
        }
    }

    fn update_print_modes(&mut self, sink: &mut impl VtSink) {
        if let Some(screens) = &mut self.screens {
            screens.set_modes(PrintModes::of(&self.modes), sink);
        }
    }
}
