//! What controls and escape sequences do: which of them change a mode, which move the cursor.

use super::VtSink;
use super::feed::Text;
use super::lines::{Rules, Span};
use super::parse::{Csi, ParserEvent};

impl Text {
    /// A C0 control, which acts in the middle of a sequence too; `to` is the offset behind it.
    pub(super) fn act(&mut self, byte: u8, to: u64, sink: &mut impl VtSink) {
        if matches!(byte, 0x0e | 0x0f) {
            self.modes.shift(byte == 0x0e);
        }
        let Some(lines) = &mut self.lines else { return };
        match byte {
            0x07 => sink.bell(),
            0x08 => lines.back(1),
            b'\t' => lines.tab(1),
            b'\n' | 0x0b | 0x0c => lines.line_feed(to, lines.modes.newline, sink),
            b'\r' => lines.carriage_return(),
            _ => {}
        }
    }

    /// Goes on inside a sequence.
    pub(super) fn inside(&mut self, rest: &[u8], sink: &mut impl VtSink) -> usize {
        let (used, event) = self.parser.advance(rest);
        let span = Span { from: self.sequence, to: self.offset + used as u64 };
        match event {
            ParserEvent::Nothing => {}
            ParserEvent::Control(byte) => self.act(byte, span.to, sink),
            ParserEvent::Escape(inter, fin) => self.escape(inter, fin, span, sink),
            ParserEvent::Csi => self.csi(span, sink),
            ParserEvent::Osc => {
                let payload = self.parser.payload();
                if let [b'0' | b'2', b';', title @ ..] = payload {
                    self.titles.set(title);
                    sink.title(title);
                }
                sink.osc(payload, span.from..span.to);
            }
            ParserEvent::Title => sink.title(self.parser.payload()),
        }
        used
    }

    fn escape(&mut self, inter: u8, fin: u8, span: Span, sink: &mut impl VtSink) {
        let was_alternate = self.alt_screen();
        self.modes.escape(inter, fin);
        if let Some(lines) = self.lines.as_deref_mut() {
            lines.modes = Rules::of(&self.modes);
            match (inter, fin) {
                (0, b'7') => lines.save(),
                (0, b'8') => lines.recall(span, sink),
                (0, b'D') => lines.line_feed(span.to, false, sink),
                (0, b'E') => lines.line_feed(span.to, true, sink),
                (0, b'M') => lines.reverse_index(span, sink),
                (0, b'c') => lines.reset(span, sink),
                _ => {}
            }
        }
        if was_alternate && !self.alt_screen() {
            sink.alt_screen(false);
        }
    }

    /// A control sequence is whole.
    #[inline]
    fn csi(&mut self, span: Span, sink: &mut impl VtSink) {
        let csi = self.parser.csi();
        match (csi.prefix, csi.inter, csi.fin) {
            (0, 0, b'm') => self.modes.sgr(csi),
            (0, 0, b'h' | b'l') | (b'?', 0, b'h' | b'l') => self.set_modes(span, sink),
            (b'>', 0, b'm') => self.modes.other_keys(csi),
            (b'<' | b'=' | b'>', 0, b'u') => self.modes.kitty(csi),
            (0, 0, b't') => match (csi.raw(0), csi.raw(1)) {
                (22, 0 | 2) => self.titles.push(),
                (23, 0 | 2) => self.titles.pop(),
                _ => {}
            },
            (0, b' ', b'q') => self.modes.shape(csi.raw(0)),
            (0, b'!', b'p') => {
                self.modes.soft_reset();
                if let Some(lines) = &mut self.lines {
                    lines.screen.drop_region();
                }
                self.obey();
            }
            (0, 0, _) | (b'?', 0, b'J' | b'K') => self.position(span, sink),
            _ => {}
        }
    }

    /// What moves the cursor or changes what is shown.
    fn position(&mut self, span: Span, sink: &mut impl VtSink) {
        let csi = self.parser.csi();
        if csi.fin == b'r' {
            let rows = usize::from(self.size.rows.max(1));
            let (top, end) = (csi.count(0), usize::from(csi.raw(1)));
            let end = if end == 0 { rows } else { end.min(rows) };
            if top < end {
                self.modes.region(top > 1 || end < rows);
            }
        }
        if let Some(lines) = &mut self.lines {
            lines.control(csi, span, sink);
        }
    }

    fn set_modes(&mut self, span: Span, sink: &mut impl VtSink) {
        let csi: Csi = self.parser.csi().clone();
        let on = csi.fin == b'h';
        for n in 0..csi.len() {
            let mode = csi.raw(n);
            if csi.prefix == 0 {
                self.modes.ansi(mode, on);
            } else {
                self.private(mode, on, span, sink);
            }
        }
        self.obey();
    }

    fn private(&mut self, mode: u16, on: bool, span: Span, sink: &mut impl VtSink) {
        let was_alternate = self.alt_screen();
        self.modes.private(mode, on);
        if let Some(lines) = self.lines.as_deref_mut() {
            lines.modes.origin = self.modes.origin();
            match (mode, on) {
                (6, _) => lines.home(span, sink),
                (1048, true) => lines.save(),
                (1048, false) => lines.recall(span, sink),
                // Pasted text is no longer told apart, so no line is edited.
                (2004, false) => lines.end_edit(span, sink),
                _ if was_alternate != self.modes.alt_screen() => lines.switch(on, span, sink),
                _ => {}
            }
        }
        if was_alternate != self.alt_screen() {
            sink.alt_screen(on);
        }
    }

    fn obey(&mut self) {
        if let Some(lines) = &mut self.lines {
            lines.obey(Rules::of(&self.modes));
        }
    }
}
