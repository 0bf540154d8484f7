//! All files of a configuration, from the first one through its includes, and the profile that is in use.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use super::document::{DEFAULT_PROFILE, Document, FileOption, Section};
use super::fault::{ConfigFault, ConfigFaults};
use super::options::check_options;
use super::place::{FilePlace, SourceFile, Sources, expanded};
use super::reader::{KnownKeys, Reader};
use super::trigger::FileTrigger;
use crate::types::unreadable;

/// Maximum size of a file in bytes.
pub const MAX_SIZE: u64 = 4 << 20;
/// Maximum number of files.
const MAX_FILES: usize = 64;
/// Maximum number of includes between the first file and another.
const MAX_DEPTH: usize = 8;

/// Reads a file; the error is a clause.
pub type ReadFile<'a> = dyn FnMut(&Path) -> Result<Vec<u8>, String> + 'a;

/// Why there is no configuration.
#[derive(Debug)]
pub enum LoadError {
    /// The first file cannot be read, for a reason.
    Unreadable(PathBuf, String),
    /// There are faults in the files.
    Faulty(Sources, ConfigFaults),
    /// There is no profile of this name; the second list has those that there are.
    NoProfile(String, Vec<String>),
}

/// A configuration without faults.
#[derive(Debug)]
pub struct Loaded {
    /// The files.
    pub sources: Sources,
    /// The options that are set, each once.
    pub options: Vec<FileOption>,
    /// The triggers, in order.
    pub triggers: Vec<FileTrigger>,
    /// The profile that is in use.
    pub profile: Option<String>,
    /// The names of all profiles.
    pub profiles: Vec<String>,
}

/// Reads the configuration in the file `path`, with the profile of the name `profile` or the default one.
pub fn load(
    path: &Path,
    profile: Option<&str>,
    home: Option<&Path>,
    read: &mut ReadFile<'_>,
) -> Result<Loaded, LoadError> {
    let keys = KnownKeys::collect();
    let mut loader = Loader {
        keys: &keys,
        home,
        read,
        sources: Sources::default(),
        faults: ConfigFaults::default(),
        merged: Document::default(),
        included: Vec::new(),
    };
    let bytes = (loader.read)(path).map_err(|reason| LoadError::Unreadable(path.to_owned(), reason))?;
    loader.file(path, bytes, &[]);
    loader.finish(profile)
}

struct Loader<'a, 'r> {
    keys: &'a KnownKeys,
    home: Option<&'a Path>,
    read: &'a mut ReadFile<'r>,
    sources: Sources,
    faults: ConfigFaults,
    merged: Document,
    /// For each file but the first, where it is included.
    included: Vec<FilePlace>,
}

impl Loader<'_, '_> {
    /// Reads a file whose content is `bytes`. `above` are the indexes of the files that lead to it.
    fn file(&mut self, path: &Path, bytes: Vec<u8>, above: &[usize]) {
        let file = self.sources.files.len();
        let (text, fault) = decoded(bytes);
        self.sources.files.push(SourceFile { path: path.to_owned(), text });
        if let Some(at) = fault {
            let help = "save the file as UTF-8; in a pattern (?-u:\\xff) stands for a byte";
            let place = FilePlace { file, span: at..at };
            return self.faults.push(ConfigFault::new(place, "the file is not UTF-8 from here on").with_help(help));
        }
        let text = std::mem::take(&mut self.sources.files[file].text);
        let document = Reader::new(file, &text, self.keys, &mut self.faults).read();
        self.sources.files[file].text = text;
        let above = [above, &[file]].concat();
        for (include, place) in &document.includes {
            self.include(include, place, &above);
        }
        self.merge(document);
    }

    fn include(&mut self, include: &str, place: &FilePlace, above: &[usize]) {
        let folder = self.sources.files[place.file].path.parent().unwrap_or_else(|| Path::new(""));
        let path = plain(&folder.join(expanded(include, self.home)));
        if let Some(fault) = self.refusal(&path, place, above) {
            return self.faults.push(fault);
        }
        match (self.read)(&path) {
            Ok(bytes) => {
                self.included.push(place.clone());
                self.file(&path, bytes, above);
            }
            Err(reason) => self.faults.push(ConfigFault::new(place.clone(), unreadable(path.display(), reason))),
        }
    }

    /// Returns the fault of including `path`, if it is one.
    fn refusal(&self, path: &Path, place: &FilePlace, above: &[usize]) -> Option<ConfigFault> {
        let fault = |message: String| ConfigFault::new(place.clone(), message);
        let shown = path.display();
        let known = self.sources.files.iter().position(|file| file.path == path);
        let at = known.and_then(|known| self.included.get(known.checked_sub(1)?)).cloned();
        match known {
            Some(known) if above.contains(&known) => {
                let fault = fault(format!(
                    "{shown} includes itself, through the files that it includes: remove one of these includes"
                ));
                // What leads back to the file is the include in it, or the one that leads to it.
                let first = above.iter().position(|&file| file == known).and_then(|at| above.get(at + 1));
                let first = first.and_then(|&file| self.included.get(file - 1)).cloned();
                let other = first.or(at);
                Some(match other {
                    Some(other) => fault.with_other(other, "the way back to it begins here"),
                    None => fault,
                })
            }
            Some(_) => {
                let fault = fault(format!("{shown} is included twice: remove one of the two includes"));
                Some(match at {
                    Some(at) => fault.with_other(at, "it is included here, too"),
                    None => fault,
                })
            }
            None if above.len() > MAX_DEPTH => {
                let deepest = self.included.get(above[1] - 1).cloned();
                let fault = fault(format!(
                    "includes are nested deeper than {MAX_DEPTH} files: include the last ones from the first file"
                ));
                Some(match deepest {
                    Some(first) => fault.with_other(first, "the first of them"),
                    None => fault,
                })
            }
            None if self.sources.files.len() >= MAX_FILES => {
                Some(fault(format!("a configuration has at most {MAX_FILES} files: put some of them together")))
            }
            None => None,
        }
    }

    /// Adds what a file says to what those before say.
    fn merge(&mut self, document: Document) {
        let Document { default_profile, section, profiles, .. } = document;
        self.merged.default_profile = default_profile.or_else(|| self.merged.default_profile.take());
        self.merged.section.add(section);
        for (name, section) in profiles {
            match self.merged.profiles.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => known.add(section),
                None => self.merged.profiles.push((name, section)),
            }
        }
    }

    /// Checks what concerns several keys or files, and chooses the profile.
    fn finish(mut self, wanted: Option<&str>) -> Result<Loaded, LoadError> {
        let Document { default_profile, section, profiles, .. } = std::mem::take(&mut self.merged);
        let names: Vec<String> = profiles.iter().map(|(name, _)| name.clone()).collect();
        for checked in [&section].into_iter().chain(profiles.iter().map(|(_, profile)| profile)) {
            check_options(&checked.options, self.home, &mut self.faults);
        }
        self.check_names(&section.triggers, &profiles);
        if let Some((name, place)) = default_profile.as_ref().filter(|(name, _)| !names.contains(name)) {
            let message = format!("{DEFAULT_PROFILE}: {}", no_profile(name, &names));
            self.faults.push(ConfigFault::new(place.clone(), message));
        }
        let faults = self.faults.sorted();
        if !faults.is_empty() {
            return Err(LoadError::Faulty(self.sources, faults));
        }
        let profile = wanted.map(str::to_owned).or_else(|| default_profile.map(|(name, _)| name));
        let mut all = section;
        if let Some(name) = &profile {
            let chosen = profiles.into_iter().find(|(known, _)| known == name);
            let Some((_, chosen)) = chosen else { return Err(LoadError::NoProfile(name.clone(), names)) };
            all.add(chosen);
        }
        let Section { options, triggers } = all;
        Ok(Loaded { sources: self.sources, options, triggers, profile, profiles: names })
    }

    /// Reports names that two triggers have which may be in use together: a trigger keeps its state by its name.
    fn check_names(&mut self, base: &[FileTrigger], profiles: &[(String, Section)]) {
        let mut known: HashMap<&str, &FilePlace> = HashMap::new();
        for trigger in base {
            twice(&mut self.faults, &mut known, trigger);
        }
        for (_, profile) in profiles {
            let mut known = known.clone();
            for trigger in &profile.triggers {
                twice(&mut self.faults, &mut known, trigger);
            }
        }
    }
}

/// Reports the name of `trigger` if it is among the `known` ones, else adds it to them.
fn twice<'t>(faults: &mut ConfigFaults, known: &mut HashMap<&'t str, &'t FilePlace>, trigger: &'t FileTrigger) {
    let Some(name) = trigger.definition.options.name.as_deref() else { return };
    if let Some(first) = known.get(name) {
        let fault = ConfigFault::new(trigger.place.clone(), format!("another trigger has the name '{name}'"));
        faults.push(fault.with_other((*first).clone(), "this one").with_help("give each trigger a name of its own"));
    } else {
        known.insert(name, &trigger.place);
    }
}

/// Returns the sentence that there is no profile called `name`, with those that there are.
pub fn no_profile(name: &str, profiles: &[String]) -> String {
    let known = match profiles {
        [] => "the configuration has no profiles".to_owned(),
        [only] => format!("the only profile is {only}"),
        names => format!("the profiles are {}", names.join(", ")),
    };
    format!("there is no profile '{name}'; {known}")
}

/// Returns the text of `bytes`, up to the first byte that is not UTF-8, and the offset of that byte.
fn decoded(bytes: Vec<u8>) -> (String, Option<usize>) {
    match String::from_utf8(bytes) {
        // A byte order mark is no text.
        Ok(text) => (text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text), None),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            (String::from_utf8_lossy(&error.as_bytes()[..at]).into_owned(), Some(at))
        }
    }
}

/// Returns `path` without the parts `.`.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}
