//! What the terminal can do for coshell's own sake, as `$TERM` names it: what programs inside do with it is their affair.

/// What can be shown on it beside the shell's output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Skill {
    /// Rows drawn anywhere, and a window's title.
    #[default]
    Window,
    /// Rows drawn anywhere.
    Rows,
    /// One line behind the other, as on paper.
    Lines,
}

impl Skill {
    /// That of the terminal that is called so; of one that is not called anything nothing is known.
    pub fn of(term: Option<&str>) -> Self {
        match term {
            None | Some("" | "dumb") => Self::Lines,
            Some("linux") => Self::Rows,
            Some(_) => Self::Window,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_known_by_the_terminals_name() {
        for (term, skill) in [
            (Some("xterm-256color"), Skill::Window),
            (Some("linux"), Skill::Rows),
            (Some("dumb"), Skill::Lines),
            (Some(""), Skill::Lines),
            (None, Skill::Lines),
        ] {
            assert_eq!(Skill::of(term), skill, "{term:?}");
        }
    }
}
