//! Reads the tables of one file: the keys that there are, the order of the entries, and faults with their places.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::fault::{ConfigFault, ConfigFaults};
use super::place::FilePlace;
use crate::cli::keys::{ConfigKey, session_keys, trigger_keys};

/// The keys that there are.
#[derive(Debug)]
pub(super) struct KnownKeys {
    /// KnownKeys of the file and of profiles.
    pub session: Vec<ConfigKey>,
    /// KnownKeys of triggers besides the pattern.
    pub trigger: Vec<ConfigKey>,
}

impl KnownKeys {
    /// Collects the keys from the options of the command line.
    pub(super) fn collect() -> Self {
        Self { session: session_keys(), trigger: trigger_keys() }
    }
}

/// Reads the tables of one file.
pub(super) struct Reader<'a> {
    pub(super) file: usize,
    pub(super) text: &'a str,
    pub(super) keys: &'a KnownKeys,
    pub(super) faults: &'a mut ConfigFaults,
    /// Lines that are no TOML, as ranges of bytes. What the parser makes of them is not what was meant.
    pub(super) broken: Vec<Range<usize>>,
}

/// A key and its value, with their places.
pub(super) type Entry<'t, 'a> = (&'t Spanned<DeString<'a>>, &'t Spanned<DeValue<'a>>);

impl<'r> Reader<'r> {
    /// Creates a reader of the text of file number `file`.
    pub(super) fn new(file: usize, text: &'r str, keys: &'r KnownKeys, faults: &'r mut ConfigFaults) -> Self {
        Self { file, text, keys, faults, broken: Vec::new() }
    }

    /// Reports a fault in the syntax of TOML at `span`.
    pub(super) fn syntax_fault(&mut self, span: &Range<usize>, message: &str) {
        let place = self.place(span);
        let start = self.text[..place.span.start].rfind('\n').map_or(0, |feed| feed + 1);
        let rest = &self.text[place.span.end..];
        // Behind a broken header, the keys up to the next one are not those of the table before.
        let is_header = self.text[start..].trim_start().starts_with('[');
        let end = rest.find(if is_header { "\n[" } else { "\n" });
        let end = end.map_or(self.text.len(), |feed| place.span.end + feed);
        // What follows on the line is a consequence of the first fault.
        if self.broken.iter().any(|line| line.start == start) {
            return;
        }
        self.broken.push(start..end + 1);
        self.faults.push(ConfigFault::new(place, format!("TOML: {}", message.replace('\n', ", "))));
    }

    /// Returns the entries of a table in the order in which they were written, without those on broken lines.
    pub(super) fn entries<'t, 'a>(&self, table: &'t DeTable<'a>) -> Vec<Entry<'t, 'a>> {
        let is_broken = |key: &Spanned<DeString<'_>>| {
            let at = key.span().start;
            self.broken.iter().any(|line| line.contains(&at))
        };
        let mut entries: Vec<_> = table.iter().filter(|(key, _)| !is_broken(key)).collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
    }

    /// Returns the fault that there is no such key, with the one that was meant.
    pub(super) fn unknown<'n>(
        &self,
        key: &Spanned<DeString<'_>>,
        known: impl Iterator<Item = &'n str> + Clone,
    ) -> ConfigFault {
        let name = key.get_ref().as_ref();
        let distance = |known: &str| strsim::osa_distance(known, name);
        let near = known.clone().filter(|known| distance(known) <= name.chars().count().div_ceil(3));
        let help = match near.min_by_key(|known| distance(known)) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("the keys here are {}", known.collect::<Vec<_>>().join(", ")),
        };
        ConfigFault::new(self.place(&key.span()), format!("there is no key '{name}'")).with_help(help)
    }

    pub(super) fn fault(&mut self, span: &Range<usize>, message: impl Into<String>) {
        let fault = ConfigFault::new(self.place(span), message);
        self.faults.push(fault);
    }

    /// Returns the place of `span`, moved to the borders of characters within the text.
    pub(super) fn place(&self, span: &Range<usize>) -> FilePlace {
        let border = |at: usize| (0..=at.min(self.text.len())).rev().find(|at| self.text.is_char_boundary(*at));
        let (start, end) = (border(span.start).unwrap_or(0), border(span.end).unwrap_or(0));
        FilePlace { file: self.file, span: start..end.max(start) }
    }
}
