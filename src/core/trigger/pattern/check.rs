//! Finds all faults of a pattern with as little work as possible.

use regex_syntax::ast;
use regex_syntax::hir::translate::TranslatorBuilder;

use super::fault::BadPattern;
use super::info::PatternInfo;
use super::size;

/// Length in bytes up to which a pattern without counted repetitions is certainly not too large when compiled.
pub(super) const SURELY_SHORT: usize = 256;

/// Checks a pattern. Returns what the check found out about the pattern, if it got that far.
pub(super) fn check(text: &str) -> Result<Option<PatternInfo>, BadPattern> {
    let bad = |error| BadPattern::of_parser(text, &error);
    let ast = ast::parse::Parser::new().parse(text).map_err(|error| bad(error.into()))?;
    if is_plain(text) {
        return Ok(None);
    }
    let mut translator = TranslatorBuilder::new().utf8(false).build();
    let hir = translator.translate(text, &ast).map_err(|error| bad(error.into()))?;
    size::check(text, &ast, &hir)?;
    Ok(Some(PatternInfo::of(&hir)))
}

/// Returns whether a pattern whose syntax is right certainly has no other fault: an unknown Unicode class, an element
/// that is not allowed where Unicode is off, or its size.
fn is_plain(text: &str) -> bool {
    let is_flag = |char: &char| char.is_ascii_alphabetic() || *char == '-';
    let switches = |rest: &str| rest.chars().take_while(is_flag).any(|flag| flag == 'u');
    text.len() <= SURELY_SHORT
        && !["{", "\\p", "\\P"].iter().any(|risk| text.contains(risk))
        && !text.match_indices('?').any(|(at, _)| switches(&text[at + 1..]))
}
