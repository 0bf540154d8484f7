//! Sets in brackets: `[a-z]`, `[[a-z]&&[^aeiou]]`, `[[a-z]-[aeiou]]`, `[[:alpha:]_]`.
//!
//! `&&` and `--` bind weaker than what stands side by side; `&` and `-` in front of a set bind as strongly.

use super::error::{IcuError, IcuErrorKind};
use super::parse::{IcuParser, MAX_DEPTH};
use super::property;
use super::token::IcuToken;
use super::tree::IcuSet;

/// What stands in front of the current position in a set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BeforeItem {
    Start,
    Char,
    /// A `-` or `&` that stands for itself, and begins no range.
    Sign,
    /// A range or a class: a `-` behind it begins no range.
    Range,
    Set,
    Operator,
}

/// What was read between two weak operators.
struct SetItems {
    sets: Vec<IcuSet>,
    /// The last character that stands for itself, from which a range begins. A `-` or `&` is none.
    literal: Option<char>,
    before: BeforeItem,
}

/// An operator between sets.
type SetOperator = fn(Box<IcuSet>, Box<IcuSet>) -> IcuSet;

impl IcuParser {
    /// Reads a set behind its bracket, which stands at `start`.
    pub(super) fn set(&mut self, start: usize, depth: usize) -> Result<IcuSet, IcuError> {
        if depth > MAX_DEPTH {
            return Err(self.lexer.error(start, IcuErrorKind::Depth));
        }
        if let Some(set) = self.posix(start)? {
            return Ok(set);
        }
        let is_negated = self.lexer.take('^')?;
        let mut left: Option<(IcuSet, SetOperator)> = None;
        let mut before = BeforeItem::Start;
        loop {
            let (right, operator) = self.union(start, depth, before)?;
            let whole = match left {
                Some((left, join)) => join(Box::new(left), Box::new(right)),
                None => right,
            };
            match operator {
                Some(operator) => left = Some((whole, operator)),
                None if is_negated => return Ok(property::negated(whole)),
                None => return Ok(whole),
            }
            before = BeforeItem::Operator;
        }
    }

    /// Reads `:alpha:]` or `:^alpha:]`.
    fn posix(&mut self, start: usize) -> Result<Option<IcuSet>, IcuError> {
        let at = self.lexer.position();
        if !self.lexer.take(':')? {
            return Ok(None);
        }
        let name = self.lexer.until(']').and_then(|name| Some(name.strip_suffix(':')?.to_owned()));
        // Without an end it is a set of these characters.
        let Some(name) = name else {
            self.lexer.go_back(at);
            return Ok(None);
        };
        let plain = name.strip_prefix('^');
        let set = property::set(plain.unwrap_or(&name));
        let set = set.ok_or_else(|| self.lexer.error(start, IcuErrorKind::Property))?;
        Ok(Some(if plain.is_some() { property::negated(set) } else { set }))
    }

    /// Reads what stands side by side, up to the end of the set or to a weak operator, which is returned.
    fn union(
        &mut self,
        start: usize,
        depth: usize,
        before: BeforeItem,
    ) -> Result<(IcuSet, Option<SetOperator>), IcuError> {
        let mut items = SetItems { sets: Vec::new(), literal: None, before };
        let malformed = |parser: &Self, fault| Err(parser.lexer.error(start, IcuErrorKind::Malformed(fault)));
        loop {
            let at = self.lexer.position();
            let Some(token) = self.lexer.next()? else { return malformed(self, "is not closed") };
            match token {
                IcuToken::Plain(']') if items.before != BeforeItem::Start => {
                    if items.before == BeforeItem::Operator {
                        return malformed(self, "has nothing behind an operator");
                    }
                    return Ok((joined(items.sets), None));
                }
                IcuToken::Plain('[') => items.push(self.set(at, depth + 1)?, BeforeItem::Set),
                IcuToken::Plain(sign @ ('-' | '&')) if items.before != BeforeItem::Operator => {
                    if self.lexer.take(sign)? {
                        if items.before == BeforeItem::Start {
                            return malformed(self, "has nothing in front of an operator");
                        }
                        let operator: SetOperator = if sign == '-' { IcuSet::Without } else { IcuSet::Both };
                        return Ok((joined(items.sets), Some(operator)));
                    }
                    self.single_sign(sign, &mut items, depth)?;
                }
                token => self.item(token, at, &mut items)?,
            }
        }
    }

    /// Reads what stands behind a single `-` or `&`: a set to subtract or to intersect, the end of a range, or nothing that
    /// belongs to it.
    fn single_sign(&mut self, sign: char, items: &mut SetItems, depth: usize) -> Result<(), IcuError> {
        let at = self.lexer.position();
        let next = self.lexer.peek()?;
        if items.before == BeforeItem::Set && next == Some(IcuToken::Plain('[')) {
            self.lexer.next()?;
            let left = Box::new(joined(std::mem::take(&mut items.sets)));
            let right = Box::new(self.set(at, depth + 1)?);
            let whole = if sign == '-' { IcuSet::Without(left, right) } else { IcuSet::Both(left, right) };
            items.push(whole, BeforeItem::Set);
            return Ok(());
        }
        let ends = matches!(next, None | Some(IcuToken::Plain('[' | ']')));
        if sign == '&' || ends || !matches!(items.before, BeforeItem::Char | BeforeItem::Sign) {
            items.sets.push(IcuSet::Char(sign));
            items.before = BeforeItem::Sign;
            return Ok(());
        }
        self.lexer.next()?;
        let range = items.literal.zip(next.and_then(literal)).filter(|(first, last)| first <= last);
        let Some((first, last)) = range else {
            return Err(self.lexer.error(at, IcuErrorKind::Malformed("does not end a range in a set")));
        };
        if items.before == BeforeItem::Char {
            items.sets.pop();
        }
        items.sets.push(IcuSet::Range(first, last));
        items.before = BeforeItem::Range;
        Ok(())
    }

    fn item(&mut self, token: IcuToken, at: usize, items: &mut SetItems) -> Result<(), IcuError> {
        match token {
            IcuToken::Escaped(letter @ ('p' | 'P')) => items.push(self.property(letter, at)?, BeforeItem::Set),
            IcuToken::Escaped('N') => return Err(self.named_character(at)),
            IcuToken::Plain(char) | IcuToken::Escaped(char) | IcuToken::Literal(char) => {
                let class = if token == IcuToken::Escaped(char) { property::of_letter(char) } else { None };
                items.before = if class.is_some() { BeforeItem::Range } else { BeforeItem::Char };
                items.literal = if class.is_some() { items.literal } else { Some(char) };
                items.sets.push(class.unwrap_or(IcuSet::Char(char)));
            }
        }
        Ok(())
    }
}

impl SetItems {
    /// Appends a set, behind which no range begins.
    fn push(&mut self, set: IcuSet, kind: BeforeItem) {
        self.sets.push(set);
        (self.before, self.literal) = (kind, None);
    }
}

/// Returns the character at the end of a range, where ICU takes the letters of other classes for themselves.
fn literal(token: IcuToken) -> Option<char> {
    match token {
        IcuToken::Escaped('d' | 'D' | 's' | 'S' | 'w' | 'W') => None,
        IcuToken::Plain(char) | IcuToken::Escaped(char) | IcuToken::Literal(char) => Some(char),
    }
}

fn joined(mut sets: Vec<IcuSet>) -> IcuSet {
    // A single character keeps its brackets.
    match sets.as_slice() {
        [IcuSet::Char(_) | IcuSet::Range(..)] => IcuSet::Union(sets),
        [_] => sets.remove(0),
        _ => IcuSet::Union(sets),
    }
}
