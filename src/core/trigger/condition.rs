//! The conditions under which a trigger may fire, and the facts they are held against.
//!
//! It knows nothing of how a fact is found out: looking at processes and terminals is dear, so those facts come only
//! where a trigger that has matched asks for them.

use std::fmt;
use std::str::FromStr;

use crate::core::event::PtyState;

/// One condition of a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// A full-screen program has the alternate screen.
    AltScreen,
    /// The ordinary screen is shown.
    NoAltScreen,
    /// The terminal inside reads without echo: a password.
    NoEcho,
    /// The foreground job, or an ancestor of it, has this name.
    Job(String),
    /// A coprocess runs.
    Coproc,
    /// No coprocess runs.
    NoCoproc,
}

/// What is known at the moment of a match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConditionFacts {
    /// Whether the alternate screen is shown.
    pub alt_screen: bool,
    /// Whether a coprocess runs.
    pub coproc: bool,
    /// What costs system calls to know; absent until somebody has asked for it.
    pub looked: Option<PtyState>,
}

/// What the facts say of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConditionState {
    Yes,
    No,
    /// Only a look can tell.
    Unknown,
}

impl When {
    /// The conditions by name, for help and for error sentences.
    pub const NAMES: [&'static str; 6] = ["alt-screen", "no-alt-screen", "no-echo", "job=NAME", "coproc", "no-coproc"];

    fn holds(&self, facts: &ConditionFacts) -> ConditionState {
        let known = match self {
            Self::AltScreen => facts.alt_screen,
            Self::NoAltScreen => !facts.alt_screen,
            Self::Coproc => facts.coproc,
            Self::NoCoproc => !facts.coproc,
            Self::NoEcho => return ConditionState::of_look(facts, |looked| looked.no_echo),
            Self::Job(name) => return ConditionState::of_look(facts, |looked| looked.jobs.contains(name)),
        };
        ConditionState::of(known)
    }

    /// Whether all of these hold. One that is known not to settles it, so that nobody looks in vain.
    pub(super) fn all_hold(conditions: &[Self], facts: &ConditionFacts) -> ConditionState {
        let mut all = ConditionState::Yes;
        for condition in conditions {
            match condition.holds(facts) {
                ConditionState::Yes => {}
                ConditionState::No => return ConditionState::No,
                ConditionState::Unknown => all = ConditionState::Unknown,
            }
        }
        all
    }
}

impl ConditionState {
    fn of(known: bool) -> Self {
        if known { Self::Yes } else { Self::No }
    }

    fn of_look(facts: &ConditionFacts, ask: impl FnOnce(&PtyState) -> bool) -> Self {
        facts.looked.as_ref().map_or(Self::Unknown, |looked| Self::of(ask(looked)))
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text {
            "alt-screen" => return Ok(Self::AltScreen),
            "no-alt-screen" => return Ok(Self::NoAltScreen),
            "no-echo" => return Ok(Self::NoEcho),
            "coproc" => return Ok(Self::Coproc),
            "no-coproc" => return Ok(Self::NoCoproc),
            _ => {}
        }
        match text.split_once('=') {
            Some((key, name)) if key.trim_end() == "job" => job(name.trim(), text),
            None if text == "job" => Err("condition 'job' needs a name: job=ssh".to_owned()),
            _ => {
                let names = Self::NAMES.join(", ");
                Err(format!("unknown condition '{}': there are {names}", text.escape_debug()))
            }
        }
    }
}

/// A job's name, with or without the quotes that the long form `job = "ssh"` has.
fn job(name: &str, text: &str) -> Result<When, String> {
    let unquoted = ['"', '\''].iter().find_map(|&quote| name.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(name);
    if unquoted.is_empty() {
        return Err(format!("condition '{}' needs a name: job=ssh", text.escape_debug()));
    }
    Ok(When::Job(unquoted.to_owned()))
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AltScreen => f.write_str("alt-screen"),
            Self::NoAltScreen => f.write_str("no-alt-screen"),
            Self::NoEcho => f.write_str("no-echo"),
            Self::Job(name) => write!(f, "job={name}"),
            Self::Coproc => f.write_str("coproc"),
            Self::NoCoproc => f.write_str("no-coproc"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_and_written_alike() {
        for (text, want) in [
            ("alt-screen", When::AltScreen),
            ("no-alt-screen", When::NoAltScreen),
            ("no-echo", When::NoEcho),
            ("job=ssh", When::Job("ssh".to_owned())),
            ("coproc", When::Coproc),
            ("no-coproc", When::NoCoproc),
        ] {
            assert_eq!(text.parse(), Ok(want.clone()));
            assert_eq!(want.to_string(), text);
        }
    }

    #[test]
    fn a_job_may_be_quoted_and_spaced() {
        for text in ["job = \"ssh\"", "job='ssh'", " job =ssh ", "job=ssh"] {
            assert_eq!(text.parse(), Ok(When::Job("ssh".to_owned())), "{text}");
        }
        assert_eq!("job=a=b".parse(), Ok(When::Job("a=b".to_owned())));
    }

    #[test]
    fn faults_say_what_there_is() {
        let fault = |text: &str| text.parse::<When>().err().unwrap_or_default();
        for name in When::NAMES {
            assert!(fault("altscreen").contains(name), "{name}");
        }
        assert!(fault("altscreen").starts_with("unknown condition 'altscreen'"));
        assert!(fault("task=ssh").starts_with("unknown condition 'task=ssh'"));
        assert!(fault("").starts_with("unknown condition ''"));
        for text in ["job", "job=", "job = \"\""] {
            assert!(fault(text).ends_with("needs a name: job=ssh"), "{text}");
        }
    }

    #[test]
    fn conditions_against_facts() {
        let looked = |no_echo, jobs: &[&str]| ConditionFacts {
            looked: Some(PtyState { no_echo, jobs: jobs.iter().map(|&job| job.to_owned()).collect() }),
            ..ConditionFacts::default()
        };
        let job = || When::Job("ssh".to_owned());
        let table: Vec<(Vec<When>, ConditionFacts, ConditionState)> = vec![
            (vec![], ConditionFacts::default(), ConditionState::Yes),
            (vec![When::AltScreen], ConditionFacts::default(), ConditionState::No),
            (vec![When::NoAltScreen], ConditionFacts::default(), ConditionState::Yes),
            (vec![When::Coproc], ConditionFacts { coproc: true, ..ConditionFacts::default() }, ConditionState::Yes),
            (vec![When::NoCoproc], ConditionFacts { coproc: true, ..ConditionFacts::default() }, ConditionState::No),
            (vec![When::NoEcho], ConditionFacts::default(), ConditionState::Unknown),
            (vec![When::NoEcho], looked(true, &[]), ConditionState::Yes),
            (vec![When::NoEcho], looked(false, &[]), ConditionState::No),
            (vec![job()], ConditionFacts::default(), ConditionState::Unknown),
            (vec![job()], looked(false, &["vim", "ssh", "bash"]), ConditionState::Yes),
            (vec![job()], looked(false, &["sshd"]), ConditionState::No),
            (vec![job(), When::AltScreen], ConditionFacts::default(), ConditionState::No),
            (vec![When::NoAltScreen, job()], ConditionFacts::default(), ConditionState::Unknown),
        ];
        for (conditions, facts, want) in table {
            assert_eq!(When::all_hold(&conditions, &facts), want, "{conditions:?} {facts:?}");
        }
    }
}
