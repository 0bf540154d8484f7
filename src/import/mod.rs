//! Triggers of iTerm2 as a configuration of coshell. No I/O: bytes come in, text and findings go out, and nothing that a
//! file contains is run.
//!
//! `document` reads JSON and property lists, `profile` finds the triggers in them. `trigger` converts one, with `pattern`
//! for its regular expression, `event`, `action`, `parameter`, `command` and `style`; `writer` writes the result.

mod action;
mod checked;
mod command;
mod document;
mod event;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod parameter;
pub mod pattern;
mod profile;
mod reason;
mod style;
mod trigger;
mod words;
mod writer;

use std::collections::BTreeMap;
use std::fmt;

use crate::display::toml_comment;
pub use document::{DocumentError, FILE_LIMIT};
pub use profile::Profile;
pub use reason::{CommandFault, Reason};
use trigger::ConvertedTrigger;

/// The profiles of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedFile {
    /// Its name, for messages.
    pub name: String,
    /// The profiles.
    pub profiles: Vec<Profile>,
}

/// A configuration made from triggers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversion {
    /// The configuration, in TOML.
    pub text: String,
    /// Number of triggers that were carried over.
    pub carried: usize,
    /// The triggers that were not, and are commented out.
    pub left_out: Vec<LeftOut>,
}

/// A trigger that was not carried over. Displayed as a sentence with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Name of the file.
    pub file: String,
    /// Name of the profile, if the trigger has one.
    pub profile: Option<String>,
    /// Number of the trigger in its profile, from 1.
    pub number: usize,
    /// Name of the trigger, or its pattern, or its action, in quotes.
    pub label: String,
    /// The reason.
    pub reason: Reason,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, profile, number, label, reason } = self;
        write!(f, "{file}: ")?;
        if let Some(profile) = profile {
            write!(f, "profile '{profile}', ")?;
        }
        write!(f, "trigger {number} ({label}) is left out: {reason}")
    }
}

/// Reads a file of iTerm2: a profile or profiles as JSON, Dynamic Profiles, triggers in an `.it2triggers` file, or the
/// settings as a property list.
///
/// # Errors
///
/// The file is none of these, or too large.
pub fn read(bytes: &[u8]) -> Result<Vec<Profile>, DocumentError> {
    profile::profiles(document::read(bytes)?)
}

/// Converts the triggers of `files`. A single profile with triggers becomes the configuration itself; several ones become
/// profiles of the configuration.
pub fn convert(files: &[ImportedFile]) -> Conversion {
    let mut conversion = Conversion::default();
    let mut sections = Sections::new(files);
    let mut body = String::new();
    for file in files {
        for profile in file.profiles.iter().filter(|profile| !profile.triggers.is_empty()) {
            sections.begin(file, profile, &mut body);
            for (i, value) in profile.triggers.iter().enumerate() {
                let mut trigger = ConvertedTrigger::new(value, profile.interpolates);
                sections.make_name_unique(&mut trigger);
                sections.has_all |= trigger.acts_on_all();
                trigger.write(&sections.table, &mut body);
                match trigger.left_out {
                    None => conversion.carried += 1,
                    Some(reason) => conversion.left_out.push(LeftOut {
                        file: file.name.clone(),
                        profile: profile.name.clone(),
                        number: i + 1,
                        label: trigger.label,
                        reason,
                    }),
                }
            }
        }
    }
    conversion.text = head(files, &sections, &conversion) + &body;
    conversion
}

/// The tables of the configuration.
#[derive(Default)]
struct Sections {
    /// Whether each profile with a name has a table of its own.
    has_profiles: bool,
    /// Names of the profiles' tables so far.
    profiles: TakenNames,
    /// Names of the triggers in the current table.
    triggers: TakenNames,
    /// Header of a trigger in the current table.
    table: String,
    /// Whether a trigger acts on each match in a line.
    has_all: bool,
}

impl Sections {
    fn new(files: &[ImportedFile]) -> Self {
        let profiles = files.iter().flat_map(|file| &file.profiles);
        let has_profiles = profiles.filter(|profile| !profile.triggers.is_empty()).count() > 1;
        Self { has_profiles, ..Self::default() }
    }

    /// Begins the table of a profile.
    fn begin(&mut self, file: &ImportedFile, profile: &Profile, out: &mut String) {
        let count = match profile.triggers.len() {
            1 => "one trigger".to_owned(),
            n => format!("{n} triggers"),
        };
        let origin = match &profile.name {
            Some(name) => format!("Profile \"{name}\" of {}: {count}", file.name),
            None => format!("{}: {count}", file.name),
        };
        out.push('\n');
        out.push_str(&toml_comment(&origin));
        match &profile.name {
            Some(name) if self.has_profiles => {
                let name = self.profiles.take(name);
                let key = writer::key_part(&name);
                out.push_str(&format!("[profile.{key}]\n"));
                self.table = format!("[[profile.{key}.trigger]]\n");
                self.triggers = TakenNames::default();
            }
            _ => "[[trigger]]\n".clone_into(&mut self.table),
        }
    }

    /// Changes the name of a trigger if another one in the table has it.
    fn make_name_unique(&mut self, trigger: &mut ConvertedTrigger) {
        if trigger.left_out.is_none()
            && let Some(name) = trigger.name_mut()
        {
            *name = self.triggers.take(name);
        }
    }
}

/// Names that are in use, each with the last number that was put behind it.
#[derive(Default)]
struct TakenNames(BTreeMap<String, usize>);

impl TakenNames {
    /// Takes `name`, with a number behind it if it is in use, and returns it.
    fn take(&mut self, name: &str) -> String {
        let mut last = self.0.get(name).copied().unwrap_or(0);
        loop {
            last += 1;
            let numbered = if last == 1 { name.to_owned() } else { format!("{name} {last}") };
            if last == 1 || !self.0.contains_key(&numbered) {
                self.0.insert(name.to_owned(), last);
                self.0.entry(numbered.clone()).or_insert(1);
                return numbered;
            }
        }
    }
}

/// Returns the comment at the head of the configuration.
fn head(files: &[ImportedFile], sections: &Sections, conversion: &Conversion) -> String {
    let names: Vec<&str> = files.iter().map(|file| &*file.name).collect();
    let (carried, all) = (conversion.carried, conversion.carried + conversion.left_out.len());
    let mut head = toml_comment(&format!(
        "Triggers of iTerm2 from {}, converted by coshell {}: {carried} of {all} carried over.",
        names.join(", "),
        env!("CARGO_PKG_VERSION")
    ));
    if !conversion.left_out.is_empty() {
        head += &toml_comment("The others are commented out, each with the reason in front.");
    }
    if sections.has_all {
        head += &toml_comment("all = true: as in iTerm2, the trigger acts on each match in a line.");
    }
    if sections.has_profiles {
        head += &toml_comment("coshell --profile NAME takes the triggers of one profile.");
    }
    let profiles = files.iter().flat_map(|file| &file.profiles);
    let empty = profiles.filter(|profile| profile.triggers.is_empty()).filter_map(|profile| profile.name.as_deref());
    let empty: Vec<String> = empty.map(|name| format!("\"{name}\"")).collect();
    if !empty.is_empty() {
        head += &toml_comment(&format!("Profiles without triggers of their own: {}.", empty.join(", ")));
    }
    head
}

#[cfg(test)]
mod tests;
