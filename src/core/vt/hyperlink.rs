//! The open hyperlink (OSC 8), as far as all terminals agree on it.

use std::rc::Rc;

use super::parse::STRING_LIMIT;

/// The hyperlink of the text that is printed next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::core) enum Hyperlink {
    /// None is open.
    #[default]
    Closed,
    /// Its parameters and URI: the payload behind `8;`.
    Open(Rc<[u8]>),
    /// It was too long to be kept, or terminals differ on whether one is open.
    Unknown,
}

impl Hyperlink {
    /// Returns the hyperlink behind an OSC with this payload; `None` if that is no OSC 8.
    pub(super) fn of_osc(payload: &[u8]) -> Option<Self> {
        let link = payload.strip_prefix(b"8;")?;
        let has_uri = memchr::memchr(b';', link).is_some_and(|at| at + 1 < link.len());
        Some(match has_uri {
            _ if payload.len() >= STRING_LIMIT => Self::Unknown,
            true => Self::Open(link.into()),
            false => Self::Closed,
        })
    }

    /// Returns the hyperlink behind a sequence that brings back `saved` in some terminals, and in others does not touch the
    /// open hyperlink: DECRC (alacritty and Contour restore it, foot does not), and DECSTR, which closes it in VTE.
    pub(super) fn perhaps(&self, saved: &Self) -> Self {
        if self == saved { self.clone() } else { Self::Unknown }
    }

    /// Returns parameters and URI of the hyperlink, if one is known to be open.
    pub(in crate::core) fn open(&self) -> Option<&Rc<[u8]>> {
        match self {
            Self::Open(link) => Some(link),
            Self::Closed | Self::Unknown => None,
        }
    }

    /// Returns the OSC that opens the hyperlink with these parameters and URI, or closes it.
    pub(in crate::core) fn bytes(link: Option<&[u8]>) -> Vec<u8> {
        [b"\x1b]8;", link.unwrap_or(b";"), b"\x1b\\"].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::split::at_every_split;
    use crate::core::vt::{NullSink, VtState};
    use crate::types::Size;

    const LINK: &[u8] = b";https://a";

    fn behind(stream: &str) -> Hyperlink {
        at_every_split(stream.as_bytes(), |pieces| {
            let mut state = VtState::new(Size::default());
            pieces.iter().for_each(|piece| _ = state.feed(piece, &mut NullSink));
            state.modes().hyperlink().clone()
        })
    }

    /// Each sequence that saves, restores or resets, with a hyperlink open at the one, the other, both and none of the times.
    #[test]
    fn hyperlink_is_known_where_terminals_agree() {
        let (on, off) = ("\x1b]8;;https://a\x1b\\", "\x1b]8;;\x07");
        let open = || Hyperlink::Open(LINK.into());
        for (save, restore) in [
            ("\x1b7", "\x1b8"),
            ("\x1b[s", "\x1b[u"),
            ("\x1b[?1048h", "\x1b[?1048l"),
            ("\x1b[?1049h\x1b[?1048h", "\x1b[?1048l"),
        ] {
            for (stream, expected) in [
                (format!("{save}a{restore}"), Hyperlink::Closed),
                (format!("{save}{on}a{restore}"), Hyperlink::Unknown),
                (format!("{on}{save}{off}a{restore}"), Hyperlink::Unknown),
                (format!("{on}{save}a{restore}"), open()),
                (format!("{on}{save}{off}{on}a{restore}"), open()),
                (format!("{on}{save}{off}a{restore}{off}"), Hyperlink::Closed),
                (format!("{save}{on}a{restore}{on}"), open()),
                (format!("{save}{on}a{restore}\x1bc"), Hyperlink::Closed),
            ] {
                assert_eq!(behind(&stream), expected, "{stream:?}");
            }
        }
        for (stream, expected) in [
            (format!("{on}a\x1b[m\x1b[2J\r\n"), open()),
            (format!("{on}a\x1bc"), Hyperlink::Closed),
            (format!("{on}a\x1b8"), Hyperlink::Unknown),
            (format!("{on}a\x1b[!p"), Hyperlink::Unknown),
            ("a\x1b[!p\x1b8".to_owned(), Hyperlink::Closed),
            ("\x1b]8;id=1;\x07".to_owned(), Hyperlink::Closed),
            (format!("\x1b]8;;{}\x07", "x".repeat(STRING_LIMIT)), Hyperlink::Unknown),
        ] {
            // A long one is cut at a few places only.
            let behind = if stream.len() < 100 { behind(&stream) } else { whole(&stream) };
            assert_eq!(behind, expected, "{}", stream.chars().take(40).collect::<String>());
        }
    }

    fn whole(stream: &str) -> Hyperlink {
        let mut state = VtState::new(Size::default());
        state.feed(stream.as_bytes(), &mut NullSink);
        state.modes().hyperlink().clone()
    }
}
