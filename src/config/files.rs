//! The files of a session's configuration: finds them, makes the settings of what they say and of the command line, and sees
//! whether they have changed.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::load::{LoadError, Loaded, MAX_SIZE, load, no_profile};
use super::options::{arguments, coproc};
use super::{Environment, checked_settings};
use crate::cli::{Answer, Args};
use crate::core::request::OptionArg;
use crate::core::trigger::action;
use crate::core::trigger::definition::TRIGGER;
use crate::core::{ConfigurationError, Configured, Settings};
use crate::display::one_line;
use crate::error::{Failure, Usage};
use crate::host::{Configuration, FileChange};
use crate::sys::trusted_file;
use crate::sys::trusted_file::FileStamp;
use crate::types::unreadable;

/// Where configurations are, as far as the environment says so.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The home directory.
    pub home: Option<PathBuf>,
    /// The file that is read unless another one is named.
    pub default: Option<PathBuf>,
}

/// The configuration of a session.
#[derive(Debug)]
pub struct ConfigurationFiles {
    /// The first file; `None` where none is read.
    path: Option<PathBuf>,
    /// Whether the command line names the file.
    is_named: bool,
    profile: Option<String>,
    home: Option<PathBuf>,
    /// The command line, without triggers.
    typed: Args,
    environment: Environment,
    /// The files that were read, as they were.
    stamps: Vec<(PathBuf, Option<FileStamp>)>,
    /// A file was missing at the last look: an editor may be replacing it.
    was_missing: bool,
}

impl ConfigurationFiles {
    /// Finds the configuration that `args` ask for.
    pub fn find(args: &mut Args, environment: &Environment, places: Places) -> Self {
        let named = args.config.as_ref().map(|path| environment.directory.join(path));
        let is_named = named.is_some();
        let path = if args.no_config { None } else { named.or(places.default) };
        // A reload concerns no trigger of the command line, of which there may be thousands.
        let options = std::mem::take(&mut args.trigger_options);
        let first = options.iter().position(|option| option.name == TRIGGER).unwrap_or(options.len());
        let typed = Args { trigger_options: options[..first].to_vec(), ..args.clone() };
        args.trigger_options = options;
        Self {
            path,
            is_named,
            profile: args.profile.clone(),
            home: places.home,
            typed,
            environment: environment.clone(),
            stamps: Vec::new(),
            was_missing: false,
        }
    }

    /// Returns whether the session may read the configuration again.
    pub fn can_change(&self) -> bool {
        self.path.is_some()
    }

    /// Returns whether the command line names the file.
    pub fn is_named(&self) -> bool {
        self.is_named
    }

    /// Reads the files; `None` where there is no configuration.
    pub fn load(&mut self) -> Result<Option<Loaded>, LoadError> {
        self.stamps.clear();
        self.was_missing = false;
        let Some(path) = self.path.clone() else { return Ok(None) };
        if !self.is_named && is_missing(&path) {
            self.stamps.push((path, None));
            return Ok(None);
        }
        let (home, stamps) = (self.home.as_deref(), &mut self.stamps);
        let mut read = |path: &Path| {
            let read = trusted_file::read(path, MAX_SIZE, home);
            let stamp = read.as_ref().map_or_else(|_| FileStamp::of(path), |(_, stamp)| Some(stamp.clone()));
            stamps.push((path.to_owned(), stamp));
            read.map(|(bytes, _)| bytes).map_err(|refusal| refusal.to_string())
        };
        load(&path, self.profile.as_deref(), home, &mut read).map(Some)
    }

    /// Makes the settings of the configuration and of the command line `args`, which comes first.
    pub fn settings(&mut self, args: Args) -> Result<Settings, SettingsError> {
        match self.load().map_err(SettingsError::Load)? {
            Some(loaded) => self.made(args, loaded).map_err(SettingsError::Usage),
            None => self.settings_without(args).map_err(SettingsError::Usage),
        }
    }

    /// Makes the settings of the command line `args` alone.
    pub fn settings_without(&self, args: Args) -> Result<Settings, Usage> {
        match (&self.profile, &self.path) {
            (Some(name), Some(path)) => {
                let reason = format!("there is no configuration with a profile '{name}': write {}", path.display());
                Err(Usage::new("profile", reason))
            }
            (Some(name), None) => Err(Usage::new(
                "profile",
                format!("'{name}' belongs to a configuration, and none is read: name one with -f FILE"),
            )),
            (None, _) => super::settings(args, &self.environment),
        }
    }

    fn made(&self, mut args: Args, loaded: Loaded) -> Result<Settings, Usage> {
        let typed = std::mem::take(&mut args.trigger_options);
        let mut merged = match loaded.options.is_empty() {
            true => args.clone(),
            false => args.over(arguments(&loaded.options, self.home.as_deref())).map_err(usage)?,
        };
        merged.check(&args)?;
        let configured = if starts_coproc(&typed) { Vec::new() } else { coproc(&loaded.options) };
        merged.trigger_options = configured.into_iter().chain(typed).collect();
        let mut settings = checked_settings(merged, &self.environment)?;
        let triggers = loaded.triggers.into_iter().map(|trigger| trigger.definition);
        settings.triggers.splice(0..0, triggers);
        Ok(settings)
    }

    /// Returns the path of the first file for messages.
    pub fn shown_path(&self) -> String {
        self.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
    }
}

/// Why the settings of a session cannot be made.
#[derive(Debug)]
pub enum SettingsError {
    /// The command line is wrong.
    Usage(Usage),
    /// The configuration is.
    Load(LoadError),
}

impl SettingsError {
    /// Returns the failure with all faults.
    pub fn failure(self, in_colour: bool) -> Failure {
        match self {
            Self::Usage(usage) => Failure::Usage(usage),
            Self::Load(error) => error.failure(in_colour),
        }
    }
}

impl LoadError {
    /// Returns the failure with all faults.
    pub fn failure(self, in_colour: bool) -> Failure {
        match self {
            Self::Unreadable(path, reason) => {
                Failure::Configuration(one_line(&format!("coshell: {}", unreadable(path.display(), reason))))
            }
            Self::Faulty(sources, faults) => Failure::Configuration(faults.shown(&sources, in_colour)),
            Self::NoProfile(name, profiles) => Failure::Usage(Usage::new("profile", no_profile(&name, &profiles))),
        }
    }

    /// Returns the first fault in one line.
    pub fn line(&self) -> String {
        match self {
            Self::Unreadable(path, reason) => unreadable(path.display(), reason),
            Self::Faulty(sources, faults) => faults.line(sources),
            Self::NoProfile(name, profiles) => no_profile(name, profiles),
        }
    }
}

impl Configuration for ConfigurationFiles {
    fn read(&mut self) -> Configured {
        let settings = match self.load() {
            Err(error) => Err(error.line()),
            Ok(None) => Err(unreadable(self.shown_path(), "it does not exist; write it again")),
            Ok(Some(loaded)) => self.made(self.typed.clone(), loaded).map_err(|usage| usage.to_string()),
        };
        settings.map(Box::new).map_err(ConfigurationError::Fault)
    }

    fn has_changed(&mut self) -> FileChange {
        let stamps: Vec<_> = self.stamps.iter().map(|(path, before)| (before, FileStamp::of(path))).collect();
        let changed: Vec<_> = stamps.iter().filter(|(before, now)| *before != now).map(|(_, now)| now).collect();
        let is_missing = changed.iter().any(|now| now.is_none());
        let is_settled = changed.iter().copied().flatten().all(FileStamp::is_settled);
        let was_missing = std::mem::replace(&mut self.was_missing, is_missing);
        match (changed.is_empty(), is_settled && (was_missing || !is_missing)) {
            (true, _) => FileChange::None,
            (false, true) => FileChange::Settled,
            (false, false) => FileChange::Unsettled,
        }
    }
}

/// Returns whether there is certainly no file `path`.
fn is_missing(path: &Path) -> bool {
    let error = fs::metadata(path).err().map(|error| error.kind());
    matches!(error, Some(ErrorKind::NotFound | ErrorKind::NotADirectory))
}

/// Returns whether a coprocess is started before the first trigger of `options`.
fn starts_coproc(options: &[OptionArg]) -> bool {
    let before = options.iter().take_while(|option| option.name != TRIGGER);
    before.into_iter().any(|option| action::kind(&option.name).is_some_and(|kind| kind.starts.is_some()))
}

fn usage(answer: Answer) -> Usage {
    match answer {
        Answer::Refused(usage) => usage,
        // No key asks for a page of help, and the command line was parsed before.
        Answer::Page(_) => Usage::of("", "the options of the configuration and of the command line do not go together"),
    }
}
