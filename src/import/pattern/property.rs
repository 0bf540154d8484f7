//! Properties of characters, by the names that ICU has for them.

use super::tree::IcuSet;

/// Classes that ICU names as POSIX does, and takes from Unicode; those of the crate `regex` are ASCII.
const CLASSES: &[(&str, &[&str])] = &[
    ("all", &[r"\p{any}"]),
    ("alnum", &[r"\p{Alphabetic}", r"\p{Nd}"]),
    ("alpha", &[r"\p{Alphabetic}"]),
    ("blank", &[r"\t", r"\p{Zs}"]),
    ("cntrl", &[r"\p{Cc}"]),
    ("digit", &[r"\p{Nd}"]),
    ("lower", &[r"\p{Lowercase}"]),
    ("punct", &[r"\p{P}"]),
    ("space", &[r"\s"]),
    ("upper", &[r"\p{Uppercase}"]),
    ("word", &[r"\w"]),
    ("xdigit", &[r"\p{Nd}", r"\p{Hex_Digit}"]),
];
/// Characters that are not drawn.
const NOT_GRAPH: &[&str] = &[r"\s", r"\p{Cc}", r"\p{Cs}", r"\p{Cn}"];

/// Returns the set of the property `name`, as in `\p{name}` or `[:name:]`; `None` if the crate `regex` lacks it.
pub(super) fn set(name: &str) -> Option<IcuSet> {
    let plain = name.to_ascii_lowercase();
    if let Some((_, classes)) = CLASSES.iter().find(|(known, _)| *known == plain) {
        return Some(union(classes));
    }
    match plain.as_str() {
        "graph" => return Some(negated(union(NOT_GRAPH))),
        // What is drawn, and the blanks.
        "print" => return Some(IcuSet::Union(vec![negated(union(NOT_GRAPH)), IcuSet::Class(r"\p{Zs}".to_owned())])),
        _ => {}
    }
    let name = plain.strip_prefix("is").map_or(name, |rest| &name[name.len() - rest.len()..]);
    let is_name = name.chars().all(|char| char.is_ascii_alphanumeric() || "_- =.".contains(char));
    let class = format!("\\p{{{name}}}");
    (is_name && regex_syntax::parse(&class).is_ok()).then_some(IcuSet::Class(class))
}

/// Returns the set of the characters that are not in `set`.
pub(super) fn negated(set: IcuSet) -> IcuSet {
    match set {
        IcuSet::Not(set) => *set,
        IcuSet::Class(class) => match class.strip_prefix(r"\p") {
            Some(rest) => IcuSet::Class(format!(r"\P{rest}")),
            None => IcuSet::Not(Box::new(IcuSet::Class(class))),
        },
        set => IcuSet::Not(Box::new(set)),
    }
}

/// Returns the set that a letter behind a backslash stands for.
pub(super) fn of_letter(letter: char) -> Option<IcuSet> {
    let class = |text: &str| IcuSet::Class(text.to_owned());
    Some(match letter {
        'd' | 'D' | 's' | 'S' | 'w' | 'W' => class(&format!("\\{letter}")),
        'h' => union(&[r"\t", r"\p{Zs}"]),
        'v' => union(&[r"\n", r"\x0B", r"\f", r"\r", r"\x{85}", r"\x{2028}", r"\x{2029}"]),
        'H' | 'V' => negated(of_letter(letter.to_ascii_lowercase())?),
        _ => return None,
    })
}

fn union(classes: &[&str]) -> IcuSet {
    let mut sets: Vec<IcuSet> = classes.iter().map(|class| IcuSet::Class((*class).to_owned())).collect();
    if sets.len() == 1 { sets.remove(0) } else { IcuSet::Union(sets) }
}
