//! Incremental parser of escape sequences and control strings. It finds their ends; `dispatch` executes them.

/// Maximum number of bytes kept of the payload of an OSC or title; the rest is dropped.
pub const STRING_LIMIT: usize = 4096;

/// Maximum number of parameters kept of a control sequence; the rest are dropped.
const PARAMS: usize = 32;

/// Control sequence: `CSI prefix params inter fin`.
#[derive(Clone, Debug, Default)]
pub(super) struct Csi {
    /// Private prefix `<`, `=`, `>` or `?`, or 0.
    pub(super) prefix: u8,
    /// Intermediate byte, or 0; 0xFF for more than one.
    pub(super) inter: u8,
    /// Final byte.
    pub(super) fin: u8,
    params: [u16; PARAMS],
    /// Bit set of the parameters that are preceded by a colon, not a semicolon (ISO 8613-6).
    colons: u32,
    /// Number of separators, at most `PARAMS`.
    separators: usize,
    /// Whether the sequence is malformed: it is parsed to its end and ignored.
    broken: bool,
}

impl Csi {
    /// Returns the n-th parameter, or 0 where it is absent.
    pub(super) fn param(&self, n: usize) -> u16 {
        if n < self.len() { self.params[n] } else { 0 }
    }

    /// Returns the n-th parameter as a count or position: at least 1.
    pub(super) fn count(&self, n: usize) -> usize {
        usize::from(self.param(n).max(1))
    }

    /// Returns the number of parameters: at least one, which is 0 if empty.
    pub(super) fn len(&self) -> usize {
        (self.separators + 1).min(PARAMS)
    }

    /// Returns whether the n-th parameter is a subparameter of the one before it.
    pub(super) fn is_sub(&self, n: usize) -> bool {
        self.colons >> n & 1 == 1
    }

    /// Parses the parameters of a control sequence.
    pub(super) fn parse(params: &[u8]) -> Self {
        let mut csi = Self::default();
        csi.parse_params(params);
        csi
    }

    fn restart(&mut self) {
        self.params[0] = 0;
        (self.prefix, self.inter, self.colons, self.separators, self.broken) = (0, 0, 0, 0, false);
    }

    /// Parses digits and separators at the start of `bytes` and returns their number.
    #[inline]
    fn parse_params(&mut self, bytes: &[u8]) -> usize {
        let mut value = self.params.get(self.separators).copied().unwrap_or(0);
        let is_late = self.inter != 0;
        for (at, &byte) in bytes.iter().enumerate() {
            match byte {
                b'0'..=b'9' => {
                    value = value.saturating_mul(10).saturating_add(u16::from(byte - b'0'));
                    self.broken |= is_late;
                }
                b';' | b':' => {
                    self.set_last(value);
                    self.separate(byte == b':');
                    value = 0;
                }
                _ => {
                    self.set_last(value);
                    return at;
                }
            }
        }
        self.set_last(value);
        bytes.len()
    }

    /// Sets the last parameter so far.
    #[inline]
    fn set_last(&mut self, value: u16) {
        if let Some(param) = self.params.get_mut(self.separators) {
            *param = value;
        }
    }

    #[inline]
    fn separate(&mut self, colon: bool) {
        self.separators = (self.separators + 1).min(PARAMS);
        if let Some(param) = self.params.get_mut(self.separators) {
            *param = 0;
            self.colons |= u32::from(colon) << self.separators;
        }
    }
}

/// Kind of a control string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SequenceKind {
    Osc,
    /// `ESC k`, the window title of screen and tmux.
    Title,
    /// DCS, SOS, PM and APC, whose payload is dropped.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ParserState {
    Ground,
    Escape,
    /// After `ESC` and this intermediate byte.
    Intermediate(u8),
    Control,
    String(SequenceKind),
}

/// Result of parsing a piece of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParserEvent {
    /// Incomplete, or ignored.
    Nothing,
    /// C0 control inside a sequence, which is executed at once.
    Control(u8),
    /// `ESC inter fin`; `inter` is 0 if absent.
    Escape(u8, u8),
    /// Control sequence, in [`Parser::csi`].
    Csi,
    /// OSC, in [`Parser::payload`].
    Osc,
    /// Title, in [`Parser::payload`].
    Title,
}

/// Incremental parser of escape sequences.
#[derive(Clone, Debug)]
pub(super) struct Parser {
    state: ParserState,
    csi: Csi,
    payload: Vec<u8>,
}

impl Parser {
    pub(super) fn new() -> Self {
        Self { state: ParserState::Ground, csi: Csi::default(), payload: Vec::new() }
    }

    /// Returns whether no sequence is open.
    pub(super) fn in_ground(&self) -> bool {
        self.state == ParserState::Ground
    }

    /// Takes an ESC.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.state = ParserState::Escape;
    }

    /// Takes a whole control sequence of digits and separators as parameters.
    pub(super) fn take_whole(&mut self, parameters: &[u8], fin: u8) {
        self.csi.restart();
        self.csi.parse_params(parameters);
        self.csi.fin = fin;
    }

    /// Returns the last control sequence.
    pub(super) fn csi(&self) -> &Csi {
        &self.csi
    }

    /// Returns the last OSC or title, truncated to [`STRING_LIMIT`].
    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Advances inside a sequence up to the next event; returns the number of bytes taken and the event. If it took none, the
    /// sequence is over and the byte belongs to the text after it.
    #[inline]
    pub(super) fn advance(&mut self, bytes: &[u8]) -> (usize, ParserEvent) {
        let mut at = 0;
        while at < bytes.len() {
            match self.state {
                ParserState::String(kind) => {
                    let (used, event) = self.string(kind, &bytes[at..]);
                    return (at + used, event);
                }
                ParserState::Control => {
                    at += self.csi.parse_params(&bytes[at..]);
                }
                _ => {}
            }
            let Some(&byte) = bytes.get(at) else { break };
            // Bytes above 0x7F are UTF-8 here, not C1 controls: one ends the sequence.
            if byte >= 0x80 {
                self.state = ParserState::Ground;
                return (at, ParserEvent::Nothing);
            }
            at += 1;
            let event = self.step(byte);
            if event != ParserEvent::Nothing || self.state == ParserState::Ground {
                return (at, event);
            }
        }
        (at, ParserEvent::Nothing)
    }

    #[inline]
    fn step(&mut self, byte: u8) -> ParserEvent {
        match byte {
            0x1b => self.begin(),
            // CAN and SUB cancel a sequence (ECMA-48, VT100).
            0x18 | 0x1a => self.state = ParserState::Ground,
            0..0x20 => return ParserEvent::Control(byte),
            0x7f => {}
            _ => return self.inside(byte),
        }
        ParserEvent::Nothing
    }

    #[inline]
    fn inside(&mut self, byte: u8) -> ParserEvent {
        match (self.state, byte) {
            (ParserState::Control, _) => self.control(byte),
            (ParserState::Escape, 0x20..=0x2f) => {
                self.state = ParserState::Intermediate(byte);
                ParserEvent::Nothing
            }
            (ParserState::Escape, _) => self.escape(byte),
            (ParserState::Intermediate(_), 0x20..=0x2f) => ParserEvent::Nothing,
            (ParserState::Intermediate(inter), _) => {
                self.state = ParserState::Ground;
                ParserEvent::Escape(inter, byte)
            }
            (ParserState::Ground | ParserState::String(_), _) => ParserEvent::Nothing,
        }
    }

    fn escape(&mut self, byte: u8) -> ParserEvent {
        self.state = match byte {
            b'[' => {
                self.csi.restart();
                ParserState::Control
            }
            b']' => self.begin_string(SequenceKind::Osc),
            b'k' => self.begin_string(SequenceKind::Title),
            b'P' | b'X' | b'^' | b'_' => self.begin_string(SequenceKind::Other),
            _ => {
                self.state = ParserState::Ground;
                return ParserEvent::Escape(0, byte);
            }
        };
        ParserEvent::Nothing
    }

    fn begin_string(&mut self, kind: SequenceKind) -> ParserState {
        self.payload.clear();
        ParserState::String(kind)
    }

    #[inline]
    fn control(&mut self, byte: u8) -> ParserEvent {
        let csi = &mut self.csi;
        match byte {
            b'<'..=b'?' => {
                csi.broken |= csi.prefix != 0 || csi.separators > 0 || csi.params[0] > 0;
                csi.prefix = byte;
            }
            0x20..=0x2f => csi.inter = if csi.inter == 0 { byte } else { 0xff },
            _ => {
                csi.fin = byte;
                self.state = ParserState::Ground;
                return if csi.broken { ParserEvent::Nothing } else { ParserEvent::Csi };
            }
        }
        ParserEvent::Nothing
    }

    /// Advances inside a string: BEL ends an OSC or a title (xterm), ESC ends any (ST is `ESC \`), CAN and SUB cancel it.
    fn string(&mut self, kind: SequenceKind, bytes: &[u8]) -> (usize, ParserEvent) {
        let end = memchr::memchr3(0x1b, 0x18, 0x1a, bytes).unwrap_or(bytes.len());
        let bell = match kind {
            SequenceKind::Other => None,
            SequenceKind::Osc | SequenceKind::Title => memchr::memchr(0x07, &bytes[..end]),
        };
        let end = bell.unwrap_or(end);
        if kind != SequenceKind::Other {
            let room = STRING_LIMIT - self.payload.len();
            self.payload.extend_from_slice(&bytes[..end.min(room)]);
        }
        let Some(&byte) = bytes.get(end) else { return (end, ParserEvent::Nothing) };
        self.state = if byte == 0x1b { ParserState::Escape } else { ParserState::Ground };
        let event = match (byte, kind) {
            (0x07 | 0x1b, SequenceKind::Osc) => ParserEvent::Osc,
            (0x07 | 0x1b, SequenceKind::Title) => ParserEvent::Title,
            _ => ParserEvent::Nothing,
        };
        (end + 1, event)
    }
}

#[cfg(test)]
mod tests {
    use super::{Parser, ParserEvent};
    use crate::core::split::at_every_split;

    /// Returns the events of a stream and the bytes of its text.
    fn events(pieces: &[&[u8]]) -> Vec<String> {
        let mut parser = Parser::new();
        let mut seen = Vec::new();
        for piece in pieces {
            let mut at = 0;
            while at < piece.len() {
                if parser.in_ground() {
                    if piece[at] == 0x1b {
                        parser.begin();
                    } else {
                        seen.push(piece[at].escape_ascii().to_string());
                    }
                    at += 1;
                    continue;
                }
                let (used, event) = parser.advance(&piece[at..]);
                at += used;
                seen.extend(describe(&parser, event));
            }
        }
        seen
    }

    fn describe(parser: &Parser, event: ParserEvent) -> Option<String> {
        let payload = parser.payload().escape_ascii();
        Some(match event {
            ParserEvent::Nothing => return None,
            ParserEvent::Control(byte) => format!("C0 {byte:02x}"),
            ParserEvent::Escape(0, fin) => format!("ESC {}", char::from(fin)),
            ParserEvent::Escape(inter, fin) => format!("ESC {}{}", char::from(inter), char::from(fin)),
            ParserEvent::Csi => {
                let csi = parser.csi();
                let sep = |n| {
                    if csi.is_sub(n) {
                        ":"
                    } else if n > 0 {
                        ";"
                    } else {
                        ""
                    }
                };
                let params: String = (0..csi.len()).map(|n| format!("{}{}", sep(n), csi.param(n))).collect();
                let name = [csi.prefix, csi.inter, csi.fin].map(char::from);
                format!("CSI {} {params}", name.iter().filter(|&&c| c != '\0').collect::<String>())
            }
            ParserEvent::Osc => format!("OSC {payload}"),
            ParserEvent::Title => format!("title {payload}"),
        })
    }

    #[test]
    fn sequence_events() {
        for (stream, expected) in [
            ("a\x1b[mb", &["a", "CSI m 0", "b"][..]),
            ("\x1b[1;38:5:7m", &["CSI m 1;38:5:7"]),
            ("\x1b[?25l\x1b[>4;2m", &["CSI ?l 25", "CSI >m 4;2"]),
            ("\x1b[2 q\x1b[!p", &["CSI  q 2", "CSI !p 0"]),
            ("\x1b[99999999999C", &["CSI C 65535"]),
            ("\x1b[1?2lx", &["x"]),
            ("\x1b[1\r2mx", &["C0 0d", "CSI m 12", "x"]),
            ("\x1b[12\x18x", &["x"]),
            ("\x1b[1\x1b[2J", &["CSI J 2"]),
            ("\x1b(0\x1b7\x1bM", &["ESC (0", "ESC 7", "ESC M"]),
            ("\x1b]0;hi\x07x", &["OSC 0;hi", "x"]),
            ("\x1b]7;a\x1b\\x", &["OSC 7;a", "ESC \\", "x"]),
            ("\x1b]7;a\x1b[mx", &["OSC 7;a", "CSI m 0", "x"]),
            ("\x1b]7;a\x18x", &["x"]),
            ("\x1bkvim\x1b\\", &["title vim", "ESC \\"]),
            ("\x1bPq#\x07$\x1b\\x", &["ESC \\", "x"]),
            ("\x1b_Ga\r\n\x1b\\\x1bXs\x1b\\\x1b^p\x1b\\x", &["ESC \\", "ESC \\", "ESC \\", "x"]),
        ] {
            assert_eq!(at_every_split(stream.as_bytes(), events), expected, "{stream:?}");
        }
    }

    #[test]
    fn parameters_and_payload_are_bounded() {
        let mut parser = Parser::new();
        parser.begin();
        parser.advance(b"]");
        for _ in 0..100 {
            parser.advance(&[b'x'; 1000]);
        }
        assert_eq!(parser.payload().len(), super::STRING_LIMIT);
        parser.begin();
        parser.advance(b"[");
        for _ in 0..100 {
            parser.advance(&b"1;2:3;".repeat(100));
        }
        assert_eq!(parser.advance(b"m"), (1, ParserEvent::Csi));
        assert_eq!(parser.csi().len(), 32);
    }
}
