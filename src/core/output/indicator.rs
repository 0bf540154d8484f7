//! The text of the indicator: the coprocess's name in front of the window title that programs have set. `terminal` sends
//! it; `vt` tracks the title.

use crate::display::one_line;

/// Character set of the terminal's locale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// ASCII, and possibly an unknown 8-bit set.
    #[default]
    Ascii,
    /// UTF-8.
    Utf8,
}

impl Charset {
    /// Returns the character set of the locale: of the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is not empty
    /// (locale(7)).
    pub fn of(mut variable: impl FnMut(&str) -> Option<String>) -> Self {
        let mut value_of = |name| variable(name).filter(|value| !value.is_empty());
        let locale =
            value_of("LC_ALL").or_else(|| value_of("LC_CTYPE")).or_else(|| value_of("LANG")).unwrap_or_default();
        let charset = locale.to_ascii_lowercase().replace('-', "");
        if charset.contains("utf8") { Self::Utf8 } else { Self::Ascii }
    }
}

/// Maximum number of characters of a command's name, so that the title behind it stays visible.
const NAME_MAX: usize = 24;

/// Returns the text in front of the title while `command` runs.
pub(in crate::core) fn prefix(command: &str, charset: Charset) -> String {
    let name = name(command);
    match charset {
        Charset::Utf8 => format!("\u{21c4} {name} \u{b7} "),
        Charset::Ascii => format!("<> {} - ", name.replace(|c: char| !c.is_ascii(), "?")),
    }
}

/// Returns the base name of the first program of a command line.
pub(in crate::core) fn name(command: &str) -> String {
    let program = command.split_whitespace().find(|word| !is_assignment(word)).unwrap_or_default();
    let base = program.trim_matches(['"', '\'']).trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    one_line(base).chars().take(NAME_MAX).collect()
}

/// Whether `word` is a variable assignment, `NAME=VALUE`.
fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_base_name_of_program() {
        for (command, expected) in [
            ("bot", "bot"),
            ("./bot.py --fast", "bot.py"),
            ("/usr/bin/sz -e 'a file'", "sz"),
            ("  DEBUG=1 X= \"/opt/bot\" x", "bot"),
            ("e\u{7}vil\u{9b}\u{202e}", "evil"),
            ("./a=b", "a=b"),
            ("", ""),
            ("an-extraordinarily-long-name-for-a-program", "an-extraordinarily-long-"),
        ] {
            assert_eq!(name(command), expected, "{command:?}");
        }
    }

    #[test]
    fn prefix_is_ascii_unless_locale_is_utf8() {
        assert_eq!(prefix("./b\u{f6}t x", Charset::Utf8), "⇄ b\u{f6}t · ");
        assert_eq!(prefix("./b\u{f6}t x", Charset::Ascii), "<> b?t - ");
    }

    #[test]
    fn first_non_empty_locale_variable_decides() {
        for (set, expected) in [
            (&[][..], Charset::Ascii),
            (&[("LANG", "de_DE.UTF-8")], Charset::Utf8),
            (&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")], Charset::Ascii),
            (&[("LANG", "de_DE.ISO-8859-1"), ("LC_CTYPE", "en_US.utf8")], Charset::Utf8),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "")], Charset::Utf8),
        ] {
            let value_of =
                |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(Charset::of(value_of), expected, "{set:?}");
        }
    }
}
