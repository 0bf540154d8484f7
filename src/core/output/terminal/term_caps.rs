//! What the terminal can do for coshell's own sake, as `$TERM` names it: what programs inside do with it is their affair.

/// What can be shown on it beside the shell's output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TermCaps {
    /// Rows drawn anywhere, and a window's title.
    #[default]
    Full,
    /// Rows drawn anywhere.
    NoTitle,
    /// One line behind the other, as on paper.
    Dumb,
}

impl TermCaps {
    /// That of the terminal that is called so; of one that is not called anything nothing is known.
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
    fn is_known_by_the_terminals_name() {
        for (term, skill) in [
            (Some("xterm-256color"), TermCaps::Full),
            (Some("linux"), TermCaps::NoTitle),
            (Some("dumb"), TermCaps::Dumb),
            (Some(""), TermCaps::Dumb),
            (None, TermCaps::Dumb),
        ] {
            assert_eq!(TermCaps::of(term), skill, "{term:?}");
        }
    }
}
