//! Colours and SGR codes of iTerm2 as styles: `#ff8000 on #000000`, `bold red`.

use serde_json::Value;

use super::profile::number;
use super::reason::Reason;

/// The colours of a preset: text and background.
type Preset = (Option<&'static str>, Option<&'static str>);

/// Colours in the order of the presets for text, from 1000, and for backgrounds, from 2000.
const COLOURS: [&str; 14] = [
    "#000000", "#555555", "#aaaaaa", "#ffffff", "#808080", "#ff0000", "#00ff00", "#0000ff", "#00ffff", "#ffff00",
    "#ff00ff", "#ff8000", "#800080", "#996633",
];
/// The presets for both, from 0.
const PAIRS: [Preset; 8] = [
    (Some("#ffff00"), Some("#000000")),
    (Some("#000000"), Some("#ffff00")),
    (Some("#ffffff"), Some("#ff0000")),
    (Some("#ff0000"), Some("#ffffff")),
    (Some("#000000"), Some("#ff8000")),
    (Some("#ff8000"), Some("#000000")),
    (Some("#000000"), Some("#800080")),
    (Some("#800080"), Some("#000000")),
];
/// SGR codes of attributes.
const ATTRIBUTES: [(u32, &str); 8] = [
    (1, "bold"),
    (2, "faint"),
    (3, "italic"),
    (4, "underline"),
    (5, "blink"),
    (7, "inverse"),
    (9, "strikethrough"),
    (53, "overline"),
];
/// The colours of the palette.
const PALETTE: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/// Returns the style of a parameter with colours: `{#ff8000,#000000}`, a dictionary, or the number of a preset.
pub(super) fn of_colours(parameter: &Value) -> Result<String, Reason> {
    let unreadable = || Reason::Colour(parameter.as_str().map_or_else(|| parameter.to_string(), str::to_owned));
    let (text, background) = match parameter {
        // iTerm2's own default.
        Value::Null => (Some("#ffffff".to_owned()), Some("#ff0000".to_owned())),
        Value::String(text) if text.is_empty() => return Err(Reason::NoParameter),
        Value::String(text) if text.starts_with('{') => {
            let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).ok_or_else(unreadable)?;
            let (text, background) = inner.split_once(',').ok_or_else(unreadable)?;
            (colour(text).map_err(Reason::Colour)?, colour(background).map_err(Reason::Colour)?)
        }
        Value::Object(map) => {
            let of = |key| map.get(key).and_then(Value::as_str).map_or(Ok(None), colour).map_err(Reason::Colour);
            (of("kHighlightForegroundColor")?, of("kHighlightBackgroundColor")?)
        }
        parameter => {
            let (text, background) = number(parameter).and_then(preset).ok_or_else(unreadable)?;
            (text.map(str::to_owned), background.map(str::to_owned))
        }
    };
    let background = background.map(|background| format!("on {background}"));
    let words: Vec<String> = text.into_iter().chain(background).collect();
    if words.is_empty() { Err(Reason::NoParameter) } else { Ok(words.join(" ")) }
}

fn preset(number: f64) -> Option<Preset> {
    let number = if number >= 0.0 { number as usize } else { return None };
    let single = |from: usize| COLOURS.get(number.checked_sub(from)?).copied();
    PAIRS
        .get(number)
        .copied()
        .or_else(|| single(2000).map(|background| (None, Some(background))))
        .or_else(|| single(1000).map(|text| (Some(text), None)))
}

/// Returns `#rrggbb` for a colour in hexadecimal digits, two or four for a component, and `None` for no colour. Display P3
/// is taken for sRGB. Other text, such as an archived colour, is the error.
fn colour(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.strip_prefix("p3").unwrap_or(text).strip_prefix('#').unwrap_or_default();
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    match digits.len() {
        6 if is_hex => Ok(Some(format!("#{}", digits.to_ascii_lowercase()))),
        12 if is_hex => Ok(Some(format!("#{}{}{}", &digits[..2], &digits[4..6], &digits[8..10]).to_ascii_lowercase())),
        _ => Err(text.to_owned()),
    }
}

/// Returns the style of SGR codes: `1;31`, `38;2;255;128;0`, `38:2:1:255:128:0`.
pub(super) fn of_sgr(codes: &str) -> Result<String, Reason> {
    let unknown = |code: &str| Reason::SgrCode(code.to_owned());
    let mut words = Vec::new();
    let mut rest = codes.split(';').map(str::trim).filter(|code| !code.is_empty());
    while let Some(code) = rest.next() {
        let mut parts: Vec<&str> = code.split(':').collect();
        if matches!(code, "38" | "48") {
            let form = rest.next().ok_or_else(|| unknown(code))?;
            parts.push(form);
            parts.extend(rest.by_ref().take(if form == "2" { 3 } else { 1 }));
        }
        words.push(word(&parts).ok_or_else(|| unknown(code))?);
    }
    if words.is_empty() { Err(Reason::NoParameter) } else { Ok(words.join(" ")) }
}

/// Returns the word for an SGR code with its parts.
fn word(parts: &[&str]) -> Option<String> {
    let byte = |text: &str| text.parse::<u8>().ok();
    let code: u32 = parts.first()?.parse().ok()?;
    let ground = |base| if code / 10 % 10 == base { "" } else { "on " };
    match (code, parts) {
        (38 | 48, [_, "5", index]) => Some(format!("{}{}", ground(3), byte(index)?)),
        (38 | 48, [_, "2", r, g, b] | [_, "2", _, r, g, b]) => {
            Some(format!("{}#{:02x}{:02x}{:02x}", ground(3), byte(r)?, byte(g)?, byte(b)?))
        }
        (30..=37 | 40..=47, [_]) => Some(format!("{}{}", ground(3), PALETTE[code as usize % 10])),
        (90..=97 | 100..=107, [_]) => Some(format!("{}bright-{}", ground(9), PALETTE[code as usize % 10])),
        (_, [_]) => ATTRIBUTES.iter().find(|(known, _)| *known == code).map(|(_, word)| (*word).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn colours_become_a_style() {
        for (parameter, want) in [
            (json!("{#FF8800,#000000}"), "#ff8800 on #000000"),
            (json!("{#ff8800,}"), "#ff8800"),
            (json!("{,#001122}"), "on #001122"),
            (json!("{p3#2b2bbabac5c5,}"), "#2bbac5"),
            (json!("{#ffff00008000, #00ff11ff22ff}"), "#ff0080 on #001122"),
            (json!({"kHighlightForegroundColor": "#112233"}), "#112233"),
            (json!(null), "#ffffff on #ff0000"),
            (json!(2), "#ffffff on #ff0000"),
            (json!("5"), "#ff8000 on #000000"),
            (json!(1005), "#ff0000"),
            (json!(1013), "#996633"),
            (json!(2009), "on #ffff00"),
        ] {
            assert_eq!(of_colours(&parameter).as_deref(), Ok(want), "{parameter}");
        }
        for parameter in [json!("{,}"), json!({}), json!("")] {
            assert_eq!(of_colours(&parameter), Err(Reason::NoParameter), "{parameter}");
        }
        for (parameter, part) in [
            (json!("{YnBsaXN0MDA=,}"), "YnBsaXN0MDA="),
            (json!("{#12345,}"), "#12345"),
            (json!("{#12345é,}"), "#12345é"),
            (json!("{a}"), "{a}"),
            (json!("red"), "red"),
            (json!(8), "8"),
            (json!(3000), "3000"),
            (json!(-1), "-1"),
            (json!(1e300), "1e+300"),
            (json!(true), "true"),
        ] {
            assert_eq!(of_colours(&parameter), Err(Reason::Colour(part.to_owned())), "{parameter}");
        }
    }

    #[test]
    fn sgr_codes_become_words() {
        for (codes, want) in [
            ("1;31", "bold red"),
            ("31", "red"),
            ("4;93;101", "underline bright-yellow on bright-red"),
            ("38;5;208;48;5;17", "208 on 17"),
            ("38;2;255;128;0", "#ff8000"),
            ("38:2:1:255:128:0;48:5:9", "#ff8000 on 9"),
            (" 7 ; ", "inverse"),
        ] {
            assert_eq!(of_sgr(codes).as_deref(), Ok(want), "{codes}");
        }
        for (codes, code) in [
            ("0;1", "0"),
            ("4:3", "4:3"),
            ("38", "38"),
            ("38;2;1;2", "38"),
            ("38;5;300", "38"),
            ("bold", "bold"),
            ("8", "8"),
        ] {
            assert_eq!(of_sgr(codes), Err(Reason::SgrCode(code.to_owned())), "{codes}");
        }
        assert_eq!(of_sgr(";"), Err(Reason::NoParameter));
    }
}
