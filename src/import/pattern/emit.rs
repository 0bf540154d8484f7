//! Writes a tree in the syntax of the crate `regex`.

use super::tree::{IcuNode, IcuRepeatMode, IcuSet};

/// Returns the pattern of a tree. What gives nothing back is written as if it did: [`super::atomic`] has checked it.
pub(super) fn text(node: &IcuNode) -> String {
    let mut out = String::new();
    write(node, &mut out);
    out
}

fn write(node: &IcuNode, out: &mut String) {
    match node {
        IcuNode::Empty => {}
        IcuNode::Char(char) => out.push_str(&escaped(*char, r"\.+*?()|[]{}^$")),
        IcuNode::Set(set) => whole_set(set, out),
        IcuNode::LineBreak => out.push_str(r"(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])"),
        IcuNode::Look(look) => out.push_str(look),
        IcuNode::Flags(flags) => out.push_str(&format!("(?{flags})")),
        IcuNode::Group(head, body) => group(head, body, out),
        IcuNode::Atomic(body, _) => group("?:", body, out),
        IcuNode::Repeat(body, repeat) => {
            if is_single(body) {
                write(body, out)
            } else {
                group("?:", body, out)
            }
            out.push_str(&repeat.times);
            out.push_str(if repeat.mode == IcuRepeatMode::Lazy { "?" } else { "" });
        }
        IcuNode::Sequence(parts) => parts.iter().for_each(|part| write(part, out)),
        IcuNode::Alternatives(alternatives) => {
            for (i, alternative) in alternatives.iter().enumerate() {
                out.push_str(if i > 0 { "|" } else { "" });
                write(alternative, out);
            }
        }
    }
}

fn group(head: &str, body: &IcuNode, out: &mut String) {
    out.push('(');
    out.push_str(head);
    write(body, out);
    out.push(')');
}

/// Returns whether a quantifier behind the part belongs to all of it.
fn is_single(node: &IcuNode) -> bool {
    matches!(node, IcuNode::Char(_) | IcuNode::Set(_) | IcuNode::Group(..) | IcuNode::Atomic(..) | IcuNode::LineBreak)
}

fn whole_set(set: &IcuSet, out: &mut String) {
    match set {
        IcuSet::Any => out.push('.'),
        IcuSet::Class(class) => out.push_str(class),
        _ => bracketed(set, out),
    }
}

fn bracketed(set: &IcuSet, out: &mut String) {
    out.push('[');
    match set {
        IcuSet::Not(set) => {
            out.push('^');
            items(set, out);
        }
        _ => items(set, out),
    }
    out.push(']');
}

/// Writes what stands between the brackets of a set.
fn items(set: &IcuSet, out: &mut String) {
    match set {
        IcuSet::Any => out.push_str(r"\p{any}"),
        IcuSet::Class(class) => out.push_str(class),
        IcuSet::Char(char) => out.push_str(&escaped(*char, r"\[]^-&~")),
        IcuSet::Range(first, last) => {
            let bound = |char| escaped(char, r"\[]^-&~");
            out.push_str(&format!("{}-{}", bound(*first), bound(*last)));
        }
        IcuSet::Union(sets) => sets.iter().for_each(|set| operand(set, out)),
        IcuSet::Both(left, right) | IcuSet::Without(left, right) => {
            bracketed(left, out);
            out.push_str(if matches!(set, IcuSet::Both(..)) { "&&" } else { "--" });
            bracketed(right, out);
        }
        IcuSet::Not(_) => bracketed(set, out),
    }
}

/// Writes a member of a union.
fn operand(set: &IcuSet, out: &mut String) {
    match set {
        IcuSet::Both(..) | IcuSet::Without(..) => bracketed(set, out),
        _ => items(set, out),
    }
}

/// Returns a character that stands for itself, where those in `special` need a backslash.
fn escaped(char: char, special: &str) -> String {
    match char {
        '\t' => r"\t".to_owned(),
        '\n' => r"\n".to_owned(),
        '\r' => r"\r".to_owned(),
        _ if crate::display::is_control(char) => format!("\\x{{{:X}}}", char as u32),
        _ if special.contains(char) => format!("\\{char}"),
        _ => char.to_string(),
    }
}
