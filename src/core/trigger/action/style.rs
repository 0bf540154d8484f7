//! Styles as text: `bold red on black`, `#ff8800`, `208 underline`, `1;31`.

use crate::core::trigger::error::StyleError;
use crate::core::vt::{ATTRIBUTES, Sgr};

/// The colours of the palette, in order. With `bright-` in front they are those from 8 on.
const COLOURS: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/// Words that may be used in place of others.
const SYNONYMS: [(&str, &str); 4] =
    [("dim", "faint"), ("reverse", "inverse"), ("strike", "strikethrough"), ("purple", "magenta")];

/// Parses a style.
///
/// # Errors
///
/// A word that is neither an attribute nor a colour, `on` without a colour, or no word.
pub(super) fn parse(text: &str) -> Result<Sgr, StyleError> {
    let mut codes: Vec<String> = Vec::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let background = word.eq_ignore_ascii_case("on");
        let word = if background { words.next().ok_or(StyleError::NoBackground)? } else { word };
        let base = if background { 40 } else { 30 };
        let code = colour(word, base).or_else(|| if background { None } else { attribute(word) });
        codes.push(code.ok_or_else(|| unknown(word))?);
    }
    if codes.is_empty() {
        return Err(StyleError::Empty);
    }
    Ok(Sgr::of(&codes.join(";")))
}

/// Returns the words for attributes, and their SGR codes. Concealed text is no way to show a match.
fn attributes() -> impl Iterator<Item = (&'static str, u8)> {
    ATTRIBUTES.into_iter().filter(|(name, _)| *name != "conceal")
}

/// Returns the SGR codes of an attribute, or the numbers of an SGR.
fn attribute(word: &str) -> Option<String> {
    let is_sgr = word.contains(';') && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':'));
    if is_sgr {
        return Some(word.to_owned());
    }
    attributes().find(|(name, _)| *name == plain(word)).map(|(_, code)| code.to_string())
}

/// Returns the SGR codes of a colour, which is that of the background for the base 40.
fn colour(word: &str, base: u16) -> Option<String> {
    if let Some(digits) = word.strip_prefix('#') {
        let [r, g, b] = components(digits)?;
        return Some(format!("{};2;{r};{g};{b}", base + 8));
    }
    if let Ok(index) = word.parse::<u8>() {
        return Some(format!("{};5;{index}", base + 8));
    }
    let word = plain(word);
    let (name, base) = match word.strip_prefix("bright") {
        Some(name) => (name.trim_start_matches(['-', '_']), base + 60),
        None => (&word[..], base),
    };
    let index = COLOURS.iter().position(|colour| *colour == plain(name))?;
    Some((base + u16::try_from(index).ok()?).to_string())
}

/// Returns the components of `rrggbb` or `rgb`.
fn components(digits: &str) -> Option<[u8; 3]> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits: Vec<u8> = digits.as_bytes().iter().map(digit).collect::<Option<_>>()?;
    match digits[..] {
        [r, g, b] => Some([r * 17, g * 17, b * 17]),
        [r, s, g, h, b, c] => Some([r * 16 + s, g * 16 + h, b * 16 + c]),
        _ => None,
    }
}

/// Returns the word in lower case, or the one in place of which it is used.
fn plain(word: &str) -> String {
    let word = word.to_lowercase();
    SYNONYMS.iter().find(|(name, _)| *name == word).map_or(word, |(_, other)| (*other).to_owned())
}

fn unknown(word: &str) -> StyleError {
    let known = attributes().map(|(name, _)| name).chain(COLOURS).chain(["bright-COLOUR", "on COLOUR"]);
    StyleError::Unknown { word: word.to_owned(), known: known.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_are_attributes() {
        for (text, params) in [
            ("bold red on black", "1;31;40"),
            ("RED  Bold", "1;31"),
            ("#ff8800 on blue underline", "38;2;255;136;0;44;4"),
            ("#f80", "38;2;255;136;0"),
            ("208 on 17", "38;5;208;48;5;17"),
            ("1;31", "1;31"),
            ("01;38;5;208", "1;38;5;208"),
            ("4:3;58:5:9", "4:3;58:5:9"),
            ("bright-red on bright_purple", "91;105"),
            ("dim reverse strike italic overline blink", "2;7;9;3;53;5"),
            ("31", "38;5;31"),
        ] {
            assert_eq!(parse(text), Ok(Sgr::of(params)), "{text}");
        }
    }

    #[test]
    fn bad_style_is_refused_with_the_known_words() {
        for (text, error) in [
            ("", "the style is empty: write one such as 'bold red' or 'black on yellow'"),
            ("red on", "there is no colour behind 'on': write one, as in 'black on yellow'"),
        ] {
            assert_eq!(parse(text).map_err(|error| error.to_string()), Err(error.to_owned()), "{text}");
        }
        for (text, word) in
            [("bold rde", "rde"), ("red on bold", "bold"), ("256", "256"), ("#12345", "#12345"), ("on on", "on")]
        {
            let sentence = parse(text).expect_err("the style is bad").to_string();
            assert!(sentence.starts_with(&format!("there is no style '{word}'; write bold, faint, ")), "{sentence}");
            assert!(sentence.contains("red, green") && sentence.contains("#rrggbb"), "{sentence}");
        }
    }
}
