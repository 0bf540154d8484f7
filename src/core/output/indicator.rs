//! What the window's title says of the coprocess: its name, in front of the title that programs have set. It is text
//! only; when it may be sent is for `terminal`, what the title is for `vt`.

/// What the terminal's locale can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// ASCII, and nobody knows what else.
    #[default]
    Ascii,
    /// UTF-8.
    Utf8,
}

impl Charset {
    /// That of the locale: the first of `LC_ALL`, `LC_CTYPE` and `LANG` that says anything, as locale(7) has it.
    pub fn of(mut variable: impl FnMut(&str) -> Option<String>) -> Self {
        let mut said = |name| variable(name).filter(|value| !value.is_empty());
        let locale = said("LC_ALL").or_else(|| said("LC_CTYPE")).or_else(|| said("LANG")).unwrap_or_default();
        let charset = locale.to_ascii_lowercase().replace('-', "");
        if charset.contains("utf8") { Self::Utf8 } else { Self::Ascii }
    }
}

/// The most characters of a command's name: the programs' own title has to be seen behind it.
const NAME: usize = 24;

/// What stands in front of the title while this command runs.
pub(in crate::core) fn prefix(command: &str, charset: Charset) -> String {
    let name = name(command);
    match charset {
        Charset::Utf8 => format!("\u{21c4} {name} \u{b7} "),
        Charset::Ascii => format!("<> {} - ", name.replace(|c: char| !c.is_ascii(), "?")),
    }
}

/// The base name of the program that a command line begins with.
pub(in crate::core) fn name(command: &str) -> String {
    let program = command.split_whitespace().find(|word| !is_assignment(word)).unwrap_or_default();
    let base = program.trim_matches(['"', '\'']).trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    base.chars().filter(|c| !c.is_control()).take(NAME).collect()
}

/// Whether the word is a variable for the program, `NAME=VALUE`.
fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_programs() {
        for (command, expected) in [
            ("bot", "bot"),
            ("./bot.py --fast", "bot.py"),
            ("/usr/bin/sz -e 'a file'", "sz"),
            ("  DEBUG=1 X= \"/opt/bot\" x", "bot"),
            ("e\u{7}vil\u{9b}", "evil"),
            ("./a=b", "a=b"),
            ("", ""),
            ("an-extraordinarily-long-name-for-a-program", "an-extraordinarily-long-"),
        ] {
            assert_eq!(name(command), expected, "{command:?}");
        }
    }

    #[test]
    fn plain_ascii_where_the_locale_is_not_utf8() {
        assert_eq!(prefix("./b\u{f6}t x", Charset::Utf8), "⇄ b\u{f6}t · ");
        assert_eq!(prefix("./b\u{f6}t x", Charset::Ascii), "<> b?t - ");
    }

    #[test]
    fn the_locale_is_the_first_that_says_anything() {
        for (set, expected) in [
            (&[][..], Charset::Ascii),
            (&[("LANG", "de_DE.UTF-8")], Charset::Utf8),
            (&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")], Charset::Ascii),
            (&[("LANG", "de_DE.ISO-8859-1"), ("LC_CTYPE", "en_US.utf8")], Charset::Utf8),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "")], Charset::Utf8),
        ] {
            let said = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            assert_eq!(Charset::of(said), expected, "{set:?}");
        }
    }
}
