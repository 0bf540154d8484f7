//! Window title: the one that programs set, and the one shown with coshell's prefix. The terminal's title stack is
//! followed, since vim and others save and restore the title there (XTPUSHTITLE, XTPOPTITLE).

use crate::display::one_line;

/// Maximum depth of the stack: that of xterm, and more than programs use.
const DEPTH: usize = 10;

/// Maximum number of bytes of `unprefixed_bytes`, which the crash handler keeps in a small buffer.
const UNPREFIXED_LIMIT: usize = 240;

/// Title; `None` for the one from before the session, which is unknown.
type TitleText = Option<Vec<u8>>;

/// Current title, or an entry of the stack.
#[derive(Clone, Debug, Default)]
struct SavedTitle {
    /// Title that programs set.
    wanted: TitleText,
    /// Title that the terminal shows.
    shown: TitleText,
    /// Whether coshell, not a program, pushed the entry.
    ours: bool,
}

/// Window title and its stack, the top last; at most `DEPTH`.
#[derive(Clone, Debug, Default)]
pub struct Titles {
    now: SavedTitle,
    stack: Vec<SavedTitle>,
    /// Text that coshell shows before the title.
    prefix: Option<String>,
    /// Whether anything has changed since the last `take_update`.
    changed: bool,
}

impl Titles {
    /// Executes OSC 0 or 2 of a program.
    pub(super) fn set(&mut self, title: &[u8]) {
        self.now = SavedTitle { wanted: Some(title.to_vec()), shown: Some(title.to_vec()), ours: false };
        self.changed = true;
    }

    /// Executes XTPUSHTITLE of a program: `CSI 22 ; 0 t` or `CSI 22 ; 2 t`.
    pub(super) fn push(&mut self) {
        self.push_entry(SavedTitle { ours: false, ..self.now.clone() });
    }

    fn push_entry(&mut self, entry: SavedTitle) {
        if self.stack.len() == DEPTH {
            self.stack.remove(0);
        }
        self.stack.push(entry);
    }

    /// Executes XTPOPTITLE of a program: `CSI 23 ; 0 t` or `CSI 23 ; 2 t`.
    pub(super) fn pop(&mut self) {
        let Some(entry) = self.stack.pop() else { return };
        // The terminal popped coshell's entry. coshell pushes only the title from before the session, so the entry below
        // is the same and takes its place.
        if let Some(below) = self.stack.last_mut().filter(|_| entry.ours) {
            below.ours = true;
        }
        self.now = SavedTitle { ours: false, ..entry };
        self.changed = true;
    }

    /// Sets the title on behalf of the programs, without showing it.
    pub fn set_wanted(&mut self, title: &[u8]) {
        self.now.wanted = Some(title.to_vec());
        self.changed = true;
    }

    /// Sets or removes the prefix.
    pub fn set_prefix(&mut self, prefix: Option<String>) {
        self.changed |= self.prefix != prefix;
        self.prefix = prefix;
    }

    /// Returns whether the shown title may be out of date.
    pub fn is_changed(&self) -> bool {
        self.changed
    }

    /// Returns the sequences that show the programs' title behind the prefix, if any; empty where it is shown already.
    pub fn take_update(&mut self) -> Vec<u8> {
        self.changed = false;
        let wanted = self.now.wanted.as_deref();
        let wanted = match &self.prefix {
            // A bidi control in the title would show the prefix in another order. Behind no prefix the title is the program's.
            Some(prefix) => Some([prefix.as_bytes(), &shown(wanted.unwrap_or_default())].concat()),
            None => wanted.map(<[u8]>::to_vec),
        };
        if wanted == self.now.shown {
            return Vec::new();
        }
        let Some(title) = wanted else { return self.restore_initial() };
        let mut out = Vec::new();
        let kept = self.stack.last().is_some_and(|top| top.ours);
        if self.now.shown.is_none() && !kept {
            self.push_entry(SavedTitle { ours: true, ..SavedTitle::default() });
            out.extend_from_slice(b"\x1b[22;2t");
        }
        out.extend(set_title(&title));
        self.now.shown = Some(title);
        out
    }

    /// Returns what `take_update` would give without a prefix, or nothing if that exceeds `UNPREFIXED_LIMIT`.
    pub fn unprefixed_bytes(&self) -> Vec<u8> {
        if self.now.wanted == self.now.shown {
            return Vec::new();
        }
        let mut unprefixed = Self { prefix: None, ..self.clone() };
        Some(unprefixed.take_update()).filter(|bytes| bytes.len() <= UNPREFIXED_LIMIT).unwrap_or_default()
    }

    /// Returns the sequences that restore the title from before the session, which only the terminal's stack has. Without a
    /// stack, or if a program has pushed a title since, the title is set empty, and the terminal shows its default.
    fn restore_initial(&mut self) -> Vec<u8> {
        if self.stack.pop_if(|top| top.ours).is_some() {
            self.now.shown = None;
            return [&set_title(b"")[..], b"\x1b[23;2t"].concat();
        }
        let empty = Some(Vec::new());
        if self.now.shown == empty {
            return Vec::new();
        }
        self.now.shown = empty;
        set_title(b"")
    }
}

/// Returns a title without control characters; one that is not UTF-8 as it is.
fn shown(title: &[u8]) -> Vec<u8> {
    str::from_utf8(title).map_or_else(|_| title.to_vec(), |title| one_line(title).into_bytes())
}

/// Returns OSC 2, ended by BEL, which every terminal accepts.
fn set_title(title: &[u8]) -> Vec<u8> {
    [b"\x1b]2;", title, b"\x07"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Terminal with a title stack; `None` is the title from before the session.
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

    /// Runs a session and returns the title shown at its end: `on` and `off` set and remove the prefix, all other steps are
    /// a program's.
    fn final_title(steps: &[&str]) -> Option<String> {
        let (mut titles, mut terminal) = (Titles::default(), Terminal::default());
        for step in steps {
            match *step {
                "on" => titles.set_prefix(Some("> ".to_owned())),
                "off" => titles.set_prefix(None),
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
            terminal.take(&titles.take_update());
            assert_eq!(titles.take_update(), b"", "it is shown once");
        }
        terminal.title
    }

    #[test]
    fn prefix_precedes_program_title_until_removed() {
        for (steps, expected) in [
            (&["one"][..], Some("one")),
            (&["one", "on"], Some("> one")),
            (&["one", "on", "two"], Some("> two")),
            (&["on", "\u{202e}owt"], Some("> owt")),
            (&["on", "\u{202e}owt", "off"], Some("\u{202e}owt")),
            (&["one", "on", "two", "off"], Some("two")),
            (&["on"], Some("> ")),
            (&["on", "off"], None),
            (&["on", "one", "off"], Some("one")),
            (&["on", "off", "on", "off"], None),
        ] {
            assert_eq!(final_title(steps).as_deref(), expected, "{steps:?}");
        }
    }

    #[test]
    fn program_restores_its_title_from_stack() {
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
            assert_eq!(final_title(steps).as_deref(), expected, "{steps:?}");
        }
    }

    #[test]
    fn title_stack_is_bounded() {
        let mut titles = Titles::default();
        (0..100).for_each(|_| titles.push());
        assert_eq!(titles.stack.len(), DEPTH);
    }
}
