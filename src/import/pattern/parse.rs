//! The grammar of patterns outside of sets.

use super::error::{IcuError, IcuErrorKind};
use super::property;
use super::token::{IcuLexer, IcuToken};
use super::tree::{IcuNode, IcuPlace, IcuRepeat, IcuRepeatMode, IcuSet};

/// Maximum number of nested groups or sets; the crate `regex` accepts 250.
pub(super) const MAX_DEPTH: usize = 100;

/// Reads a pattern.
pub(super) struct IcuParser {
    pub(super) lexer: IcuLexer,
    /// Names of the groups; the first is the whole match.
    groups: Vec<Option<String>>,
    depth: usize,
    /// Whether word boundaries follow UAX #29: the flag `w`.
    unicode_words: bool,
}

impl IcuParser {
    pub(super) fn new(pattern: &str) -> Self {
        Self { lexer: IcuLexer::new(pattern), groups: vec![None], depth: 0, unicode_words: false }
    }

    /// Returns the number of groups that were read, the whole match included.
    pub(super) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// Reads the pattern to its end.
    pub(super) fn whole(&mut self) -> Result<IcuNode, IcuError> {
        let tree = self.alternatives()?;
        let at = self.lexer.position();
        match self.lexer.next()? {
            None => Ok(tree),
            Some(_) => Err(self.lexer.error(at, IcuErrorKind::Malformed("closes no group"))),
        }
    }

    fn alternatives(&mut self) -> Result<IcuNode, IcuError> {
        let mut alternatives = vec![self.sequence()?];
        while self.lexer.take('|')? {
            alternatives.push(self.sequence()?);
        }
        Ok(if alternatives.len() == 1 { alternatives.remove(0) } else { IcuNode::Alternatives(alternatives) })
    }

    fn sequence(&mut self) -> Result<IcuNode, IcuError> {
        let mut parts = Vec::new();
        loop {
            self.lexer.skip_comments()?;
            if matches!(self.lexer.peek()?, None | Some(IcuToken::Plain('|' | ')'))) {
                return Ok(if parts.len() == 1 { parts.remove(0) } else { IcuNode::Sequence(parts) });
            }
            let part = self.part()?;
            let part = if is_repeatable(&part) { self.repeated(part)? } else { part };
            parts.push(part);
        }
    }

    fn part(&mut self) -> Result<IcuNode, IcuError> {
        let at = self.lexer.position();
        let Some(token) = self.lexer.next()? else { return Ok(IcuNode::Empty) };
        Ok(match token {
            IcuToken::Literal(char) => IcuNode::Char(char),
            IcuToken::Escaped(char) => return self.escape(char, at),
            IcuToken::Plain('.') => IcuNode::Set(IcuSet::Any),
            IcuToken::Plain('^') => IcuNode::Look("^"),
            IcuToken::Plain('$') => IcuNode::Look("$"),
            IcuToken::Plain('[') => IcuNode::Set(self.set(at, 0)?),
            IcuToken::Plain('(') => return self.group(at),
            IcuToken::Plain('*' | '+' | '?' | '{') => {
                return Err(self.lexer.error(at, IcuErrorKind::Malformed("repeats nothing")));
            }
            IcuToken::Plain('}') => {
                return Err(self.lexer.error(at, IcuErrorKind::Malformed("needs a backslash in front")));
            }
            IcuToken::Plain(char) => IcuNode::Char(char),
        })
    }

    fn escape(&mut self, char: char, at: usize) -> Result<IcuNode, IcuError> {
        let refused = |parser: &Self, kind| Err(parser.lexer.error(at, kind));
        Ok(match char {
            'A' => IcuNode::Look(r"\A"),
            'z' | 'Z' => IcuNode::Look(r"\z"),
            'b' | 'B' if self.unicode_words => return refused(self, IcuErrorKind::UnicodeWord),
            'b' => IcuNode::Look(r"\b"),
            'B' => IcuNode::Look(r"\B"),
            'G' => return refused(self, IcuErrorKind::PreviousMatch),
            'X' => return refused(self, IcuErrorKind::Cluster),
            'k' | '1'..='9' => return refused(self, IcuErrorKind::BackReference),
            'N' => return Err(self.named_character(at)),
            'p' | 'P' => IcuNode::Set(self.property(char, at)?),
            'R' => IcuNode::LineBreak,
            'Q' => {
                self.lexer.quote();
                IcuNode::Empty
            }
            _ => property::of_letter(char).map_or(IcuNode::Char(char), IcuNode::Set),
        })
    }

    /// Reads the property behind `\p` or `\P`, which stands at `start`.
    pub(super) fn property(&mut self, letter: char, start: usize) -> Result<IcuSet, IcuError> {
        let name = if self.lexer.take('{')? { self.lexer.until('}') } else { None };
        let Some(name) = name else {
            return Err(self.lexer.error(start, IcuErrorKind::Malformed("names no property in braces")));
        };
        let set = property::set(&name).ok_or_else(|| self.lexer.error(start, IcuErrorKind::Property))?;
        Ok(if letter == 'P' { property::negated(set) } else { set })
    }

    /// Returns the error about `\N{...}`, which stands at `start`.
    pub(super) fn named_character(&mut self, start: usize) -> IcuError {
        let _ = self.lexer.until('}'); // Shown whole if it has an end.
        self.lexer.error(start, IcuErrorKind::NamedCharacter)
    }

    /// Reads a group behind its parenthesis, which stands at `start`.
    fn group(&mut self, start: usize) -> Result<IcuNode, IcuError> {
        if !self.lexer.take('?')? {
            self.groups.push(None);
            return Ok(IcuNode::Group(String::new(), Box::new(self.body(start)?)));
        }
        match self.lexer.peek()? {
            Some(IcuToken::Plain(':')) => {
                self.lexer.next()?;
                Ok(IcuNode::Group("?:".to_owned(), Box::new(self.body(start)?)))
            }
            Some(IcuToken::Plain('>')) => {
                self.lexer.next()?;
                let body = self.body(start)?;
                Ok(IcuNode::Atomic(Box::new(body), self.place(start)))
            }
            Some(IcuToken::Plain('=' | '!')) => self.look_around(start, r"\b{end-half}"),
            Some(IcuToken::Plain('<')) => {
                self.lexer.next()?;
                match self.lexer.peek()? {
                    Some(IcuToken::Plain('=' | '!')) => self.look_around(start, r"\b{start-half}"),
                    _ => self.named_group(start),
                }
            }
            _ => self.flags(start),
        }
    }

    /// Reads a look-around at its last sign. `half` is the boundary at which no character of a word stands on that side.
    fn look_around(&mut self, start: usize, half: &'static str) -> Result<IcuNode, IcuError> {
        let is_negative = !self.lexer.take('=')?;
        if is_negative {
            self.lexer.next()?;
        }
        match self.body(start)? {
            look @ IcuNode::Look(_) if !is_negative => Ok(IcuNode::Sequence(vec![look])),
            IcuNode::Set(set) if is_negative && set == IcuSet::Class(r"\w".to_owned()) => Ok(IcuNode::Look(half)),
            _ => Err(self.lexer.error(start, IcuErrorKind::LookAround)),
        }
    }

    fn named_group(&mut self, start: usize) -> Result<IcuNode, IcuError> {
        let name = self.lexer.until('>').unwrap_or_default();
        let is_name = name.starts_with(|char: char| char.is_ascii_alphabetic())
            && name.chars().all(|char| char.is_ascii_alphanumeric());
        if !is_name || self.groups.contains(&Some(name.clone())) {
            return Err(self.lexer.error(start, IcuErrorKind::Malformed("has no name of its own")));
        }
        let head = format!("?<{name}>");
        self.groups.push(Some(name));
        Ok(IcuNode::Group(head, Box::new(self.body(start)?)))
    }

    /// Reads flags, alone or with their group.
    fn flags(&mut self, start: usize) -> Result<IcuNode, IcuError> {
        let before = (self.lexer.extended, self.unicode_words);
        let (mut on, mut set, mut cleared) = (true, String::new(), String::new());
        loop {
            match self.lexer.next()? {
                Some(IcuToken::Plain('-')) => on = false,
                Some(IcuToken::Plain(flag @ ('i' | 's' | 'm'))) => if on { &mut set } else { &mut cleared }.push(flag),
                Some(IcuToken::Plain('x')) => self.lexer.extended = on,
                Some(IcuToken::Plain('w')) => self.unicode_words = on,
                // Line ends, of which a line has none, and the rules for case, which are those of Unicode anyway.
                Some(IcuToken::Plain('d' | 'u')) => {}
                Some(IcuToken::Plain(end @ (')' | ':'))) => {
                    cleared.retain(|flag| !set.contains(flag));
                    let minus = if cleared.is_empty() { "" } else { "-" };
                    let flags = format!("{set}{minus}{cleared}");
                    if end == ')' {
                        return Ok(if flags.is_empty() { IcuNode::Empty } else { IcuNode::Flags(flags) });
                    }
                    let body = self.body_after_flags(start, before)?;
                    return Ok(IcuNode::Group(format!("?{flags}:"), Box::new(body)));
                }
                _ => return Err(self.lexer.error(start, IcuErrorKind::Malformed("begins no kind of group"))),
            }
        }
    }

    /// Reads the body of a group and its end.
    fn body(&mut self, start: usize) -> Result<IcuNode, IcuError> {
        self.body_after_flags(start, (self.lexer.extended, self.unicode_words))
    }

    /// Reads the body of a group and its end, behind which the flags are those of `before`.
    fn body_after_flags(&mut self, start: usize, before: (bool, bool)) -> Result<IcuNode, IcuError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.lexer.error(start, IcuErrorKind::Depth));
        }
        self.depth += 1;
        let body = self.alternatives()?;
        self.depth -= 1;
        if !self.lexer.take(')')? {
            return Err(self.lexer.error(start, IcuErrorKind::Malformed("is not closed")));
        }
        (self.lexer.extended, self.unicode_words) = before;
        Ok(body)
    }

    /// Reads the quantifier of a part, if it has one.
    fn repeated(&mut self, part: IcuNode) -> Result<IcuNode, IcuError> {
        self.lexer.skip_comments()?;
        let start = self.lexer.position();
        let times = match self.lexer.peek()? {
            Some(IcuToken::Plain(sign @ ('*' | '+' | '?'))) => {
                self.lexer.next()?;
                sign.to_string()
            }
            Some(IcuToken::Plain('{')) => {
                self.lexer.next()?;
                self.counted(start)?
            }
            _ => return Ok(part),
        };
        let mode = if self.lexer.take('?')? {
            IcuRepeatMode::Lazy
        } else if self.lexer.take('+')? {
            IcuRepeatMode::Possessive(self.place(start))
        } else {
            IcuRepeatMode::Greedy
        };
        Ok(IcuNode::Repeat(Box::new(part), IcuRepeat { times, mode }))
    }

    /// Reads the rest of `{2,3}`.
    fn counted(&mut self, start: usize) -> Result<String, IcuError> {
        let inside = self.lexer.until('}').unwrap_or_default();
        let inside: String = inside.chars().filter(|char| !(self.lexer.extended && char.is_whitespace())).collect();
        let (least, most) = inside.split_once(',').map_or((&*inside, &*inside), |(least, most)| (least, most));
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok())?;
        let valid = match (number(least), most) {
            (Some(_), "") => inside.contains(','),
            (Some(least), most) => number(most).is_some_and(|most| least <= most),
            (None, _) => false,
        };
        if valid {
            return Ok(format!("{{{inside}}}"));
        }
        Err(self.lexer.error(start, IcuErrorKind::Malformed("counts no repetition")))
    }

    fn place(&self, start: usize) -> IcuPlace {
        let IcuError { construct, position, .. } = self.lexer.error(start, IcuErrorKind::Atomic);
        IcuPlace { construct, position }
    }
}

/// Returns whether a quantifier may follow.
fn is_repeatable(part: &IcuNode) -> bool {
    match part {
        IcuNode::Look(look) => matches!(*look, "^" | "$"),
        // A look-around.
        IcuNode::Sequence(_) => false,
        part => !part.is_nothing(),
    }
}
