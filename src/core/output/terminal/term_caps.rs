//! The terminal's capabilities for coshell's own rows, by `$TERM`. The output of programs does not depend on them.

/// Capabilities of the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TermCaps {
    /// Rows can be drawn anywhere, and there is a window title.
    #[default]
    Full,
    /// Rows can be drawn anywhere.
    NoTitle,
    /// Only whole lines can be printed.
    Dumb,
}

impl TermCaps {
    /// Returns the capabilities of a terminal named `term`. Without a name the terminal is taken to be dumb.
    pub fn of(term: Option<&str>) -> Self {
        match term {
            None | Some("" | "dumb") => Self::Dumb,
            Some("linux") => Self::NoTitle,
            Some(_) => Self::Full,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_follow_from_term() {
        for (term, caps) in [
            (Some("xterm-256color"), TermCaps::Full),
            (Some("linux"), TermCaps::NoTitle),
            (Some("dumb"), TermCaps::Dumb),
            (Some(""), TermCaps::Dumb),
            (None, TermCaps::Dumb),
        ] {
            assert_eq!(TermCaps::of(term), caps, "{term:?}");
        }
    }
}
