//! Scripts of libvterm's tests: of their checks, those of the cursor and of the text.

use std::fs;
use std::path::Path;

use super::scores::{Check, files};
use crate::core::vt::screen::Screen;
use crate::core::vt::work::Work;
use crate::types::Size;

/// Returns the bytes of a quoted string in Perl's notation.
fn unescaped(text: &str) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), text.trim().trim_matches('"'));
    while let Some((before, escape)) = rest.split_once('\\') {
        out.extend_from_slice(before.as_bytes());
        let mut chars = escape.chars();
        match chars.next() {
            Some('e') => out.push(0x1b),
            Some('n') => out.push(b'\n'),
            Some('r') => out.push(b'\r'),
            Some('t') => out.push(b'\t'),
            Some('b') => out.push(8),
            Some('x') if chars.as_str().starts_with('{') => {
                let (code, behind) = escape[2..].split_once('}').expect("a closing brace");
                out.push(u8::from_str_radix(code, 16).expect("a byte"));
                rest = behind;
                continue;
            }
            Some('x') => {
                out.push(u8::from_str_radix(&escape[1..3], 16).expect("two hexadecimal digits"));
                rest = &escape[3..];
                continue;
            }
            Some(char) => out.extend_from_slice(char.to_string().as_bytes()),
            None => {}
        }
        rest = chars.as_str();
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// Returns the bytes of the expression of PUSH: a string, perhaps one times a number.
fn pushed(expression: &str) -> Vec<u8> {
    let (text, times) = expression.rsplit_once('x').unwrap_or((expression, ""));
    match times.trim().parse() {
        Ok(times) if text.trim().ends_with('"') => unescaped(text).repeat(times),
        _ => unescaped(expression),
    }
}

fn numbers(text: &str) -> Vec<usize> {
    text.split(',').map(|number| number.trim().parse().expect("a number")).collect()
}

/// Returns the text that a check expects: a string or code points.
fn expected(text: &str) -> String {
    if text.trim_start().starts_with('"') {
        return String::from_utf8(unescaped(text)).expect("text");
    }
    let chars = text.split(',').filter(|code| !code.trim().is_empty());
    let char = |code: &str| u32::from_str_radix(code.trim().trim_start_matches("0x"), 16).ok().and_then(char::from_u32);
    chars.map(|code| char(code).expect("a character")).collect()
}

/// Returns the text of a rectangle; rows end in LF.
fn rectangle(screen: &Screen, at: &[usize]) -> String {
    let row = |row: usize| {
        let mut text = String::new();
        let cells = screen.cells(row);
        cells[at[1]..at[3].min(cells.len())]
            .iter()
            .filter(|cell| cell.width > 0)
            .for_each(|cell| cell.glyph.push_to(&mut text));
        text.trim_end().to_owned()
    };
    (at[0]..at[2]).map(row).collect::<Vec<_>>().join("\n")
}

/// Performs a line of a script; returns what is wrong if it is a check.
fn perform(line: &str, screen: &mut Screen) -> Option<Option<String>> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let work = &mut Work::unlimited();
    let differs = |ours: String, theirs: String| (ours != theirs).then(|| format!("{ours:?}, expected {theirs:?}"));
    let (what, value) = rest.split_once('=').unwrap_or((rest, ""));
    match word {
        "INIT" => *screen = Screen::new(Size { rows: 25, cols: 80, xpixel: 0, ypixel: 0 }),
        "RESET" => _ = screen.feed(b"\x1bc", work),
        "RESIZE" => {
            let size = numbers(rest);
            let side = |at: usize| u16::try_from(size[at]).expect("a side");
            screen.resize(Size { rows: side(0), cols: side(1), xpixel: 0, ypixel: 0 }, work);
        }
        "PUSH" => _ = screen.feed(&pushed(rest), work),
        "?cursor" => {
            let cursor = screen.cursor();
            return Some(differs(format!("{},{}", cursor.row, cursor.column), value.trim().to_owned()));
        }
        "?screen_row" => {
            let row = what.trim().parse().expect("a row");
            return Some(differs(screen.text(row), expected(value).trim_end().to_owned()));
        }
        "?screen_chars" => {
            return Some(differs(rectangle(screen, &numbers(what)), expected(value).trim_end().to_owned()));
        }
        _ => {}
    }
    None
}

/// Performs all scripts.
pub(super) fn checks(dir: &Path) -> Vec<Check> {
    let mut checks = Vec::new();
    for path in files(&dir.join("t"), ".test") {
        let script = fs::read_to_string(&path).expect("a script");
        let mut screen = Screen::new(Size { rows: 25, cols: 80, xpixel: 0, ypixel: 0 });
        for (number, line) in lines(&script).into_iter() {
            if let Some(wrong) = perform(line.trim(), &mut screen) {
                let file = path.file_stem().expect("a name").to_string_lossy();
                checks.push((format!("{file}:{number} {}", line.trim()), wrong));
            }
        }
    }
    checks
}

/// Returns the lines of a script with their numbers, those that are repeated as often as told.
fn lines(script: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    for (number, line) in script.lines().enumerate() {
        let Some((head, body)) = line.strip_prefix('$').and_then(|line| line.split_once(':')) else {
            lines.push((number + 1, line.to_owned()));
            continue;
        };
        let words: Vec<&str> = head.split_whitespace().collect();
        let number_at = |at: usize| words[at].parse::<usize>().expect("a number");
        let range = if words[0] == "REP" { 1..=number_at(1) } else { number_at(1)..=number_at(2) };
        lines.extend(range.map(|n| (number + 1, body.replace("\\#", &n.to_string()))));
    }
    lines
}
