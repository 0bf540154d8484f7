//! The menu on one row: what it says, and what its keys ask for. It knows nothing of what is asked for, and nothing of
//! the terminal.

use super::editor::LineEditor;
use crate::core::input::keys::Key;
use crate::core::output::terminal::MenuText;
use crate::core::width::max_width;

/// What a key at the menu asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) enum MenuAction {
    /// To see how the menu looks now.
    Look,
    /// To have an answer of the terminal's, which is no key, typed.
    Answer(Vec<u8>),
    /// To leave.
    Leave,
    /// To leave, and to have the hotkey typed as the terminal spelled it.
    Through(Vec<u8>),
    /// To write a command line.
    Write,
    /// To run this one.
    Run(String),
    /// To stop the coprocess.
    Stop,
    /// To see what it wrote to stderr.
    Errors,
    /// To see the triggers.
    Triggers,
    /// To switch the trigger in this place of the list.
    Switch(usize),
    /// To see the notes on lines.
    Notes,
    /// To know how things stand.
    Status,
}

/// What the row shows.
#[derive(Debug)]
enum MenuView {
    Letters,
    Line(LineEditor),
    /// What is switched on and off, one at a time.
    Switches(MenuList),
    /// What is only read, one at a time.
    Texts(MenuList),
    Sentence(String),
}

#[derive(Debug)]
struct MenuList {
    /// What its entries are.
    what: &'static str,
    items: Vec<String>,
    /// The one that is shown: an index of `items`, which is not empty.
    at: usize,
}

/// The menu.
#[derive(Debug)]
pub(super) struct MenuPage {
    view: MenuView,
}

const LETTERS: &str = " r run  s stop  e errors  t triggers  n notes  q status  Esc closes";

impl MenuPage {
    /// As it opens.
    pub(super) fn new() -> Self {
        Self { view: MenuView::Letters }
    }

    /// A command line is written, with these that were run before.
    pub(super) fn write(&mut self, recent: Vec<String>) {
        self.view = MenuView::Line(LineEditor::new(recent));
    }

    /// It says this.
    pub(super) fn say(&mut self, sentence: String) {
        self.view = MenuView::Sentence(sentence);
    }

    /// It shows these, the last one first.
    pub(super) fn show(&mut self, what: &'static str, items: Vec<String>) {
        self.view = MenuView::Texts(MenuList { what, at: items.len().saturating_sub(1), items });
    }

    /// It shows these, which can be switched; the one that was shown before is shown again.
    pub(super) fn show_switches(&mut self, what: &'static str, items: Vec<String>) {
        let at = if let MenuView::Switches(list) = &self.view { list.at } else { 0 };
        self.view = MenuView::Switches(MenuList { what, at: at.min(items.len().saturating_sub(1)), items });
    }

    /// A key was pressed.
    pub(super) fn key(&mut self, key: Key) -> MenuAction {
        if let Key::Answer(bytes) = key {
            return MenuAction::Answer(bytes);
        }
        if matches!(key, Key::Escape | Key::Ctrl('c' | 'g')) {
            return MenuAction::Leave;
        }
        match (&mut self.view, key) {
            (MenuView::Letters, key) => letter(key),
            (_, Key::Hotkey(_)) => MenuAction::Leave,
            (MenuView::Line(editor), Key::Enter) if editor.line().trim().is_empty() => MenuAction::Leave,
            (MenuView::Line(editor), Key::Enter) => MenuAction::Run(editor.line().to_owned()),
            (MenuView::Line(editor), Key::Ctrl('d')) if editor.line().is_empty() => MenuAction::Leave,
            (MenuView::Line(editor), key) => {
                editor.key(&key);
                MenuAction::Look
            }
            (MenuView::Switches(list), Key::Enter | Key::Char(' ')) => MenuAction::Switch(list.at),
            (MenuView::Switches(list), Key::Char(c @ '1'..='9')) => {
                let place = c as usize - '1' as usize;
                if place >= list.items.len() {
                    return MenuAction::Look;
                }
                list.at = place;
                MenuAction::Switch(place)
            }
            (MenuView::Switches(list) | MenuView::Texts(list), key) => list.key(&key),
            (MenuView::Sentence(_), Key::Other | Key::Pasted(_)) => MenuAction::Look,
            (MenuView::Sentence(_), _) => MenuAction::Leave,
        }
    }

    /// What it looks like in so many columns.
    pub(super) fn row(&self, cols: u16) -> MenuText {
        let text = match &self.view {
            MenuView::Letters => LETTERS.to_owned(),
            MenuView::Line(editor) => return editor.row(" run: ", cols),
            MenuView::Switches(list) => list.text("Enter switches, Esc closes", cols),
            MenuView::Texts(list) => list.text("Esc closes", cols),
            MenuView::Sentence(sentence) => format!(" {sentence}"),
        };
        MenuText { text, cursor: None }
    }
}

/// A key while the letters are shown. One that means nothing does nothing: the letters say what does.
fn letter(key: Key) -> MenuAction {
    match key {
        Key::Hotkey(spelled) => MenuAction::Through(spelled),
        Key::Enter | Key::Alt(_) => MenuAction::Leave,
        Key::Char('r') => MenuAction::Write,
        Key::Char('s') => MenuAction::Stop,
        Key::Char('e') => MenuAction::Errors,
        Key::Char('t') => MenuAction::Triggers,
        Key::Char('n') => MenuAction::Notes,
        Key::Char('q') => MenuAction::Status,
        _ => MenuAction::Look,
    }
}

impl MenuList {
    fn key(&mut self, key: &Key) -> MenuAction {
        let last = self.items.len().saturating_sub(1);
        match key {
            Key::Up | Key::Left | Key::Ctrl('p') | Key::Char('k') => self.at = self.at.saturating_sub(1),
            Key::Down | Key::Right | Key::Tab | Key::Ctrl('n') | Key::Char('j') => self.at = (self.at + 1).min(last),
            Key::Home | Key::Char('g') => self.at = 0,
            Key::End | Key::Char('G') => self.at = last,
            Key::Enter | Key::Char('q') | Key::Alt(_) => return MenuAction::Leave,
            _ => {}
        }
        MenuAction::Look
    }

    /// The entry that is shown, its place, and the keys, as far as there is room behind it.
    fn text(&self, keys: &str, cols: u16) -> String {
        let Self { what, items, at } = self;
        let entry = items.get(*at).map_or("", String::as_str);
        let text = format!(" {what} {} of {}: {entry}", at + 1, items.len());
        let keys = if items.len() > 1 { format!("   Up/Down, {keys}") } else { format!("   {keys}") };
        if max_width(&text) + keys.len() < usize::from(cols) { text + &keys } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(menu: &mut MenuPage, keys: &[Key]) -> Vec<String> {
        let mut seen = Vec::new();
        for key in keys {
            assert_eq!(menu.key(key.clone()), MenuAction::Look, "{key:?}");
            seen.push(menu.row(20).text);
        }
        seen
    }

    #[test]
    fn each_letter_asks_for_something() {
        for (key, wish) in [
            (Key::Char('r'), MenuAction::Write),
            (Key::Char('s'), MenuAction::Stop),
            (Key::Char('e'), MenuAction::Errors),
            (Key::Char('t'), MenuAction::Triggers),
            (Key::Char('n'), MenuAction::Notes),
            (Key::Char('q'), MenuAction::Status),
            (Key::Hotkey(vec![0x1d]), MenuAction::Through(vec![0x1d])),
            (Key::Escape, MenuAction::Leave),
            (Key::Ctrl('c'), MenuAction::Leave),
            (Key::Enter, MenuAction::Leave),
            (Key::Char('x'), MenuAction::Look),
            (Key::Pasted('s'), MenuAction::Look),
            (Key::Other, MenuAction::Look),
        ] {
            assert_eq!(MenuPage::new().key(key.clone()), wish, "{key:?}");
        }
        assert!(MenuPage::new().row(80).text.len() < 80);
    }

    #[test]
    fn a_command_line_is_written_and_run() {
        let mut menu = MenuPage::new();
        menu.write(vec!["old".to_owned()]);
        assert_eq!(texts(&mut menu, &[Key::Char('s'), Key::Char('q')]), [" run: s", " run: sq"]);
        assert_eq!(menu.key(Key::Enter), MenuAction::Run("sq".to_owned()));
        menu.write(Vec::new());
        assert_eq!(menu.key(Key::Enter), MenuAction::Leave);
        menu.write(Vec::new());
        assert_eq!(menu.key(Key::Hotkey(vec![0x1d])), MenuAction::Leave);
    }

    #[test]
    fn entries_are_chosen_and_switched() {
        let mut menu = MenuPage::new();
        menu.show_switches("trigger", vec!["on a".to_owned(), "off b".to_owned()]);
        let seen = texts(&mut menu, &[Key::Up, Key::Down, Key::Down]);
        assert_eq!(seen, [" trigger 1 of 2: on a", " trigger 2 of 2: off b", " trigger 2 of 2: off b"]);
        assert_eq!(menu.key(Key::Enter), MenuAction::Switch(1));
        menu.show_switches("trigger", vec!["on a".to_owned(), "on b".to_owned()]);
        assert_eq!(menu.row(20).text, " trigger 2 of 2: on b");
        assert_eq!(menu.key(Key::Char('1')), MenuAction::Switch(0));
        assert_eq!(menu.key(Key::Char('9')), MenuAction::Look);
    }

    #[test]
    fn what_is_read_begins_at_its_end() {
        let mut menu = MenuPage::new();
        menu.show("line", vec!["one".to_owned(), "two".to_owned()]);
        assert_eq!(menu.row(80).text, " line 2 of 2: two   Up/Down, Esc closes");
        assert_eq!(texts(&mut menu, &[Key::Up]), [" line 1 of 2: one"]);
        assert_eq!(menu.key(Key::Enter), MenuAction::Leave);
        menu.say("it is so".to_owned());
        assert_eq!(menu.key(Key::Other), MenuAction::Look);
        assert_eq!(menu.key(Key::Char('x')), MenuAction::Leave);
    }
}
