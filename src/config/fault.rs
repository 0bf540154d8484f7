//! ConfigFaults of a configuration, shown with the lines of the file and carets below the place.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value, json};

use super::place::{FilePlace, Sources};
use crate::display::{is_control, one_line};

/// Maximum number of faults that are kept; the others are counted.
const MOST: usize = 100;
/// Columns of the shown faults.
const COLUMNS: usize = 120;

/// A fault of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// Where it is.
    pub place: FilePlace,
    /// What is wrong, without a period.
    pub message: String,
    /// What to do about it, without a period, where the message does not say so.
    pub help: Option<String>,
    /// Another place that the fault concerns, with what is there.
    pub other: Option<(FilePlace, String)>,
}

impl ConfigFault {
    /// Creates a fault at `place`.
    pub fn new(place: FilePlace, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), help: None, other: None }
    }

    /// Adds the remedy.
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Adds another place, with what is there.
    pub fn with_other(self, place: FilePlace, what: impl Into<String>) -> Self {
        Self { other: Some((place, what.into())), ..self }
    }

    /// Returns the fault in one line, which begins with file, line and column.
    pub fn line(&self, sources: &Sources) -> String {
        let (line, column) = sources.line_and_column(&self.place);
        let help = self.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        let path = sources.files[self.place.file].path.display();
        one_line(&format!("{path}:{line}:{column}: {}{help}", self.message))
    }

    /// Returns the fault as JSON.
    pub fn json(&self, sources: &Sources) -> Value {
        let (line, column) = sources.line_and_column(&self.place);
        let file = sources.files[self.place.file].path.to_string_lossy();
        json!({"file": file, "line": line, "column": column, "message": self.message, "help": self.help})
    }

    /// Returns the fault with the lines of the file, ended by a newline.
    fn shown(&self, sources: &Sources, renderer: &Renderer) -> String {
        let place = Excerpt::of(sources, &self.place);
        let primary = AnnotationKind::Primary.span(place.span.clone());
        let title = Level::ERROR.with_name("coshell").primary_title(one_line(&self.message));
        let mut group: Group<'_> = title.element(place.snippet().annotation(primary));
        let other = self.other.as_ref().map(|(place, what)| (Excerpt::of(sources, place), what));
        if let Some((other, what)) = &other {
            let context = AnnotationKind::Context.span(other.span.clone()).label(one_line(what));
            group = group.element(other.snippet().annotation(context));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(one_line(help)));
        }
        renderer.render(&[group]) + "\n"
    }
}

/// The lines of a file around a place.
struct Excerpt {
    path: String,
    /// The lines, without control characters other than tabs and newlines.
    text: String,
    /// Number of the first line.
    line: usize,
    /// The place within the text.
    span: Range<usize>,
}

impl Excerpt {
    fn of(sources: &Sources, place: &FilePlace) -> Self {
        let file = &sources.files[place.file];
        let (line, _) = sources.line_and_column(place);
        let start = file.text[..place.span.start].rfind('\n').map_or(0, |feed| feed + 1);
        let rest = &file.text[place.span.end..];
        let end = place.span.end + rest.find('\n').unwrap_or(rest.len());
        // Of a fault that extends over lines the first line is enough.
        let first = file.text[start..end].find('\n').filter(|feed| start + feed >= place.span.start);
        let end = first.map_or(end, |feed| start + feed);
        let span = place.span.start - start..place.span.end.min(end) - start;
        let path = one_line(&file.path.to_string_lossy());
        Self { path, text: shown_text(&file.text[start..end]), line, span }
    }

    fn snippet<'a, T: Clone>(&'a self) -> Snippet<'a, T> {
        Snippet::source(&self.text).path(&self.path).line_start(self.line)
    }
}

/// Returns `text` with another character of the same length in place of each control character, so that ranges of bytes
/// stay right.
fn shown_text(text: &str) -> String {
    let shown = |char: char| match char {
        '\t' => char,
        _ if !is_control(char) => char,
        _ => match char.len_utf8() {
            1 => ' ',
            2 => '\u{b7}',
            _ => '\u{fffd}',
        },
    };
    text.chars().map(shown).collect()
}

/// The faults of a configuration, in the order in which they were found.
#[derive(Debug, Default)]
pub struct ConfigFaults {
    list: Vec<ConfigFault>,
    /// Number of those that were not kept.
    left_out: usize,
}

impl ConfigFaults {
    /// Adds a fault, of which a bounded number is kept.
    pub fn push(&mut self, fault: ConfigFault) {
        if self.list.len() < MOST {
            self.list.push(fault);
        } else {
            self.left_out += 1;
        }
    }

    /// Returns the faults that are kept, in the order of their places.
    pub fn sorted(mut self) -> Self {
        self.list.sort_by_key(|fault| (fault.place.file, fault.place.span.start));
        self
    }

    /// Returns the faults.
    pub fn list(&self) -> &[ConfigFault] {
        &self.list
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns all faults as they are shown on a terminal, with the number of them on the last line, without a newline.
    pub fn shown(&self, sources: &Sources, in_colour: bool) -> String {
        let renderer = if in_colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.term_width(COLUMNS).decor_style(DecorStyle::Ascii);
        let shown: String = self.list.iter().map(|fault| fault.shown(sources, &renderer)).collect();
        let count = match self.list.len() + self.left_out {
            1 => "1 fault".to_owned(),
            count => format!("{count} faults"),
        };
        let more = if self.left_out > 0 { format!(", of which {MOST} are shown") } else { String::new() };
        format!("{shown}coshell: the configuration has {count}{more}; coshell.toml(5) describes it")
    }

    /// Returns the first fault, and the number of the others, in one line.
    pub fn line(&self, sources: &Sources) -> String {
        let first = self.list.first().map(|fault| fault.line(sources)).unwrap_or_default();
        match self.list.len() + self.left_out {
            0 | 1 => first,
            count => format!("{first} (and {} more: coshell check shows all)", count - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::config::place::SourceFile;

    fn sources(text: &str) -> Sources {
        Sources { files: vec![SourceFile { path: PathBuf::from("c.toml"), text: text.to_owned() }] }
    }

    #[test]
    fn fault_is_shown_below_its_line() {
        let sources = sources("a = 1\nhotky = 'x'\n");
        let mut faults = ConfigFaults::default();
        let fault = ConfigFault::new(FilePlace { file: 0, span: 6..11 }, "there is no key 'hotky'");
        faults.push(fault.with_help("did you mean hotkey?").with_other(FilePlace { file: 0, span: 0..1 }, "another"));
        let expected = "coshell: there is no key 'hotky'\n --> c.toml:2:1\n  |\n2 | hotky = 'x'\n  | ^^^^^\n  |\n\
                        \x20::: c.toml:1:1\n  |\n1 | a = 1\n  | - another\n  |\n  = help: did you mean hotkey?\n\
                        coshell: the configuration has 1 fault; coshell.toml(5) describes it";
        assert_eq!(faults.shown(&sources, false), expected);
        assert_eq!(faults.line(&sources), "c.toml:2:1: there is no key 'hotky'; did you mean hotkey?");
    }

    #[test]
    fn nothing_that_is_shown_controls_the_terminal() {
        let text = "a = \"\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\"\r\nb";
        let mut faults = ConfigFaults::default();
        faults.push(ConfigFault::new(FilePlace { file: 0, span: 4..text.len() }, "bad \u{1b}[2J text"));
        let shown = faults.shown(&sources(text), false);
        assert!(!shown.chars().any(|char| is_control(char) && char != '\n'), "{shown:?}");
        assert!(faults.shown(&sources(text), true).contains("\u{1b}["), "colours are the renderer's own");
    }

    #[test]
    fn number_of_faults_is_bounded() {
        let mut faults = ConfigFaults::default();
        (0..MOST + 5).for_each(|_| faults.push(ConfigFault::new(FilePlace { file: 0, span: 0..1 }, "again")));
        assert_eq!(faults.list().len(), MOST);
        assert!(faults.shown(&sources("a"), false).ends_with(
            "coshell: the configuration has 105 faults, of which 100 are shown; coshell.toml(5) describes it"
        ));
    }
}
