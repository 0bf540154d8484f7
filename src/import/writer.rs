//! Writes a configuration: keys and values in TOML.

use crate::display::toml_string;

/// A value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TomlValue {
    Text(String),
    Flag(bool),
    Texts(Vec<String>),
}

/// Returns a line with a key and its value.
pub(super) fn key(name: &str, value: &TomlValue) -> String {
    let value = match value {
        TomlValue::Text(text) => toml_string(text),
        TomlValue::Flag(flag) => flag.to_string(),
        TomlValue::Texts(texts) => {
            let texts: Vec<String> = texts.iter().map(|text| toml_string(text)).collect();
            format!("[{}]", texts.join(", "))
        }
    };
    format!("{name} = {value}\n")
}

/// Returns a part of a dotted key.
pub(super) fn key_part(name: &str) -> String {
    let is_bare = !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || "_-".contains(char));
    if is_bare { name.to_owned() } else { toml_string(name) }
}

/// Returns lines commented out.
pub(super) fn commented_out(lines: &str) -> String {
    lines.lines().map(|line| format!("#{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::display::toml_comment;

    #[test]
    fn text_has_the_most_readable_quotes() {
        for (text, want) in [
            (r"(\d+) failed", r"'(\d+) failed'"),
            (r#"say "$1""#, r#"'say "$1"'"#),
            ("don't", "\"don't\""),
            (r"'\d'", r#""'\\d'""#),
            (r#"'"'"#, r#""'\"'""#),
            ("a\nb\x1b\u{202e}", r#""a\nb\u001B\u202E""#),
            ("", "''"),
        ] {
            assert_eq!(toml_string(text), want);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(text in "\\PC{0,20}|[\\x00-\\x20'\"\\\\\u{7f}-\u{a0}\u{2028}é]{0,20}", name in "\\PC{0,8}") {
            let line = format!("{}{}", toml_comment(&text), key(&key_part(&name), &TomlValue::Texts(vec![text.clone()])));
            let table: toml::Table = line.parse().expect("it is TOML");
            prop_assert_eq!(table[&name][0].as_str(), Some(&*text));
        }
    }
}
