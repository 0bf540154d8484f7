//! Possessive quantifiers and atomic groups: where giving nothing back makes no difference.
//!
//! It makes none at the end of a pattern, where nothing can ask for text back; in front of a character that the repeated
//! part never matches; and in a group whose matches all have the same length.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look};

use super::emit;
use super::error::{IcuError, IcuErrorKind};
use super::tree::{IcuNode, IcuPlace, IcuRepeatMode};

/// What follows a part.
#[derive(Clone, Copy)]
enum Follows<'a> {
    /// The end of the match.
    End,
    Part(&'a IcuNode),
    Unknown,
}

/// Returns the first part that gives nothing back and might have to.
pub(super) fn check(tree: &IcuNode) -> Result<(), IcuError> {
    visit(tree, Follows::End)
}

fn visit(node: &IcuNode, follows: Follows<'_>) -> Result<(), IcuError> {
    match node {
        IcuNode::Group(_, body) => visit(body, follows),
        IcuNode::Atomic(body, place) => {
            visit(body, follows)?;
            let harmless = matches!(follows, Follows::End) || has_one_length(body);
            if harmless { Ok(()) } else { Err(refused(place, IcuErrorKind::Atomic)) }
        }
        IcuNode::Repeat(body, repeat) => {
            visit(body, Follows::Unknown)?;
            let IcuRepeatMode::Possessive(place) = &repeat.mode else { return Ok(()) };
            let harmless = match follows {
                // ICU repeats an empty match without an end, and then finds nothing.
                _ if can_be_empty(body) => false,
                Follows::End => true,
                Follows::Part(next) => excludes(body, next),
                Follows::Unknown => false,
            };
            if harmless { Ok(()) } else { Err(refused(place, IcuErrorKind::Possessive)) }
        }
        IcuNode::Sequence(parts) => {
            let mut follows = follows;
            for part in parts.iter().rev().filter(|part| !part.is_nothing()) {
                visit(part, follows)?;
                follows = Follows::Part(part);
            }
            Ok(())
        }
        IcuNode::Alternatives(alternatives) => alternatives.iter().try_for_each(|one| visit(one, follows)),
        _ => Ok(()),
    }
}

fn refused(place: &IcuPlace, kind: IcuErrorKind) -> IcuError {
    IcuError { construct: place.construct.clone(), position: place.position, kind }
}

fn has_one_length(node: &IcuNode) -> bool {
    hir(node).is_some_and(|hir| {
        let properties = hir.properties();
        properties.minimum_len().is_some() && properties.minimum_len() == properties.maximum_len()
    })
}

fn can_be_empty(node: &IcuNode) -> bool {
    hir(node).is_none_or(|hir| hir.properties().minimum_len() == Some(0))
}

/// Returns whether `node` matches one character, which `next` cannot begin with.
fn excludes(node: &IcuNode, next: &IcuNode) -> bool {
    let (Some(node), Some(next)) = (hir(node), hir(next)) else { return false };
    let (Some(mut taken), Some(first)) = (single(&node), first(&next)) else { return false };
    taken.intersect(&first);
    taken.ranges().is_empty()
}

/// Returns the parsed form under the flags that match the most.
fn hir(node: &IcuNode) -> Option<Hir> {
    regex_syntax::parse(&format!("(?is){}", emit::text(node))).ok()
}

/// Returns the characters that `hir` matches, if it always matches one.
fn single(hir: &Hir) -> Option<ClassUnicode> {
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class.clone()),
        HirKind::Capture(capture) => single(&capture.sub),
        HirKind::Literal(literal) => {
            let mut chars = std::str::from_utf8(&literal.0).ok()?.chars();
            chars.next().filter(|_| chars.next().is_none()).map(class_of)
        }
        _ => None,
    }
}

/// Returns the characters with which a match of `hir` can begin, if no match is empty.
fn first(hir: &Hir) -> Option<ClassUnicode> {
    match hir.kind() {
        // There are no characters at the end.
        HirKind::Look(Look::End | Look::EndLF) => Some(ClassUnicode::empty()),
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok()?.chars().next().map(class_of),
        HirKind::Class(Class::Unicode(class)) => Some(class.clone()),
        HirKind::Capture(capture) => first(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => first(&repetition.sub),
        HirKind::Concat(parts) => first(parts.first()?),
        HirKind::Alternation(alternatives) => {
            let mut all = ClassUnicode::empty();
            for alternative in alternatives {
                all.union(&first(alternative)?);
            }
            Some(all)
        }
        _ => None,
    }
}

fn class_of(char: char) -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new(char, char)])
}
