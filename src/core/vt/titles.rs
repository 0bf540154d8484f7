//! The window's title: what the programs mean it to be, and what stands there because coshell adds to it. The
//! terminal's stack of titles is followed, since vim and others put theirs back from it.

/// The entries that terminals keep at least, and more than programs use.
const DEPTH: usize = 10;

/// The most bytes of `bare`: the room of whoever keeps them is small.
const BARE: usize = 240;

/// A title; `None` where it is what stood there before anything was said.
type TitleText = Option<Vec<u8>>;

/// The title, or one on the stack.
#[derive(Clone, Debug, Default)]
struct SavedTitle {
    /// What the programs mean it to be.
    meant: TitleText,
    /// What the terminal has.
    stands: TitleText,
    /// coshell pushed it, not a program.
    ours: bool,
}

/// The window's title and the stack below it, of which the last is the top; at most `DEPTH`.
#[derive(Clone, Debug, Default)]
pub struct Titles {
    now: SavedTitle,
    stack: Vec<SavedTitle>,
    /// What coshell puts in front of it.
    prefix: Option<String>,
    /// Something has changed since it was shown last.
    changed: bool,
}

impl Titles {
    /// A program has set it: OSC 0 or 2.
    pub(super) fn set(&mut self, title: &[u8]) {
        self.now = SavedTitle { meant: Some(title.to_vec()), stands: Some(title.to_vec()), ours: false };
        self.changed = true;
    }

    /// A program has pushed it: `CSI 22 ; 0 t` or `CSI 22 ; 2 t`.
    pub(super) fn push(&mut self) {
        self.push_entry(SavedTitle { ours: false, ..self.now.clone() });
    }

    fn push_entry(&mut self, entry: SavedTitle) {
        if self.stack.len() == DEPTH {
            self.stack.remove(0);
        }
        self.stack.push(entry);
    }

    /// A program has popped it: `CSI 23 ; 0 t` or `CSI 23 ; 2 t`.
    pub(super) fn pop(&mut self) {
        let Some(entry) = self.stack.pop() else { return };
        // coshell's entry was the one that the terminal took. It pushes only what stood there before anything was
        // said, so the one below holds the same and can take its place.
        if let Some(below) = self.stack.last_mut().filter(|_| entry.ours) {
            below.ours = true;
        }
        self.now = SavedTitle { ours: false, ..entry };
        self.changed = true;
    }

    /// coshell means it to be this, on behalf of the programs.
    pub fn mean(&mut self, title: &[u8]) {
        self.now.meant = Some(title.to_vec());
        self.changed = true;
    }

    /// From now on this stands in front of it, or nothing.
    pub fn lead(&mut self, prefix: Option<String>) {
        self.changed |= self.prefix != prefix;
        self.prefix = prefix;
    }

    /// Whether it may not be as it should.
    pub fn is_changed(&self) -> bool {
        self.changed
    }

    /// The bytes that make it what the programs mean, behind the prefix where there is one; none where it is so.
    pub fn show(&mut self) -> Vec<u8> {
        self.changed = false;
        let meant = self.now.meant.as_deref();
        let wanted = match &self.prefix {
            Some(prefix) => Some([prefix.as_bytes(), meant.unwrap_or_default()].concat()),
            None => meant.map(<[u8]>::to_vec),
        };
        if wanted == self.now.stands {
            return Vec::new();
        }
        let Some(title) = wanted else { return self.bring_back() };
        let mut out = Vec::new();
        let kept = self.stack.last().is_some_and(|top| top.ours);
        if self.now.stands.is_none() && !kept {
            self.push_entry(SavedTitle { ours: true, ..SavedTitle::default() });
            out.extend_from_slice(b"\x1b[22;2t");
        }
        out.extend(set_title(&title));
        self.now.stands = Some(title);
        out
    }

    /// What `show` would give without a prefix, unless that is long.
    pub fn bare(&self) -> Vec<u8> {
        if self.now.meant == self.now.stands {
            return Vec::new();
        }
        let mut bare = Self { prefix: None, ..self.clone() };
        Some(bare.show()).filter(|bytes| bytes.len() <= BARE).unwrap_or_default()
    }

    /// What stood there before anything was said: only the stack knows it. A terminal without one, and one on whose
    /// stack a program has put something since, is left with an empty title, for which it shows its own.
    fn bring_back(&mut self) -> Vec<u8> {
        if self.stack.pop_if(|top| top.ours).is_some() {
            self.now.stands = None;
            return [&set_title(b"")[..], b"\x1b[23;2t"].concat();
        }
        let empty = Some(Vec::new());
        if self.now.stands == empty {
            return Vec::new();
        }
        self.now.stands = empty;
        set_title(b"")
    }
}

/// OSC 2, ended as most programs do and every terminal knows.
fn set_title(title: &[u8]) -> Vec<u8> {
    [b"\x1b]2;", title, b"\x07"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a terminal with a stack of titles shows; `None` for what stood there before.
    #[derive(Debug, Default)]
    struct Terminal {
        title: Option<String>,
        stack: Vec<Option<String>>,
    }

    impl Terminal {
        fn take(&mut self, bytes: &[u8]) {
            let text = String::from_utf8_lossy(bytes).into_owned();
            for part in text.split('\x1b').filter(|part| !part.is_empty()) {
                match part {
                    "[22;2t" => self.stack.push(self.title.clone()),
                    "[23;2t" => self.title = self.stack.pop().unwrap_or_else(|| self.title.clone()),
                    _ => {
                        let title = part.strip_prefix("]2;").and_then(|rest| rest.strip_suffix('\x07'));
                        self.title = Some(title.expect("a title").to_owned());
                    }
                }
            }
        }
    }

    /// A session: `on` and `off` are the coprocess's, `push`, `pop` and everything else a program's. What is seen in the
    /// end.
    fn seen(steps: &[&str]) -> Option<String> {
        let (mut titles, mut terminal) = (Titles::default(), Terminal::default());
        for step in steps {
            match *step {
                "on" => titles.lead(Some("> ".to_owned())),
                "off" => titles.lead(None),
                "push" => {
                    titles.push();
                    terminal.take(b"\x1b[22;2t");
                }
                "pop" => {
                    titles.pop();
                    terminal.take(b"\x1b[23;2t");
                }
                title => {
                    titles.set(title.as_bytes());
                    terminal.take(&set_title(title.as_bytes()));
                }
            }
            terminal.take(&titles.show());
            assert_eq!(titles.show(), b"", "it is shown once");
        }
        terminal.title
    }

    #[test]
    fn the_programs_titles_are_kept_behind_the_prefix_and_put_back() {
        for (steps, expected) in [
            (&["one"][..], Some("one")),
            (&["one", "on"], Some("> one")),
            (&["one", "on", "two"], Some("> two")),
            (&["one", "on", "two", "off"], Some("two")),
            (&["on"], Some("> ")),
            (&["on", "off"], None),
            (&["on", "one", "off"], Some("one")),
            (&["on", "off", "on", "off"], None),
        ] {
            assert_eq!(seen(steps).as_deref(), expected, "{steps:?}");
        }
    }

    #[test]
    fn a_program_that_puts_a_title_back_from_the_stack_gets_its_own() {
        for (steps, expected) in [
            (&["sh", "push", "vim", "pop"][..], Some("sh")),
            (&["sh", "on", "push", "vim", "pop"], Some("> sh")),
            (&["sh", "on", "push", "vim", "off", "pop"], Some("sh")),
            (&["sh", "push", "vim", "on", "pop"], Some("> sh")),
            (&["sh", "push", "vim", "on", "pop", "off"], Some("sh")),
            (&["push", "vim", "on", "pop"], Some("> ")),
            (&["push", "vim", "on", "pop", "off"], None),
            (&["on", "push", "vim", "pop", "off"], None),
            (&["on", "push", "vim", "off", "pop"], None),
            (&["on", "push", "off", "pop"], None),
            (&["push", "on", "pop", "off"], None),
            (&["on", "push", "off"], Some("")),
        ] {
            assert_eq!(seen(steps).as_deref(), expected, "{steps:?}");
        }
    }

    #[test]
    fn the_stack_is_bounded() {
        let mut titles = Titles::default();
        (0..100).for_each(|_| titles.push());
        assert_eq!(titles.stack.len(), DEPTH);
    }
}
