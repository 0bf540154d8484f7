//! Conditions of triggers, and the facts that decide them.
//!
//! Facts about processes and terminals cost system calls. The host looks them up only when the condition of a
//! matching trigger depends on them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::error::ConditionError;
use crate::core::event::PtyState;
use crate::core::history::HostReport;
use crate::core::named_enum::UnknownName;
use crate::core::vt::MarkedZone;

/// A condition of a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// The terminal shows the alternate screen.
    AltScreen,
    /// The terminal shows the primary screen.
    NoAltScreen,
    /// A program reads a password.
    NoEcho,
    /// The foreground job, or one of its ancestors, has this name.
    Job(String),
    /// A coprocess runs.
    Coproc,
    /// No coprocess runs.
    NoCoproc,
    /// A command prints the line, by the marks of the shell.
    Output,
    /// No command is known to print the line.
    NoOutput,
    /// The line is a prompt or is typed at one, by the marks of the shell.
    Prompt,
    /// The line is not known to be a prompt.
    NoPrompt,
    /// A program waits for the user's input.
    Asks,
    /// The shell is on this host, as far as it reports.
    Host(String),
    /// The shell is that of this user, as far as it reports.
    User(String),
    /// The window of the terminal has the focus.
    Focused,
    /// The window of the terminal does not have the focus.
    Unfocused,
}

/// Facts known at the time of a match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConditionFacts {
    /// Whether the terminal shows the alternate screen.
    pub alt_screen: bool,
    /// Whether a coprocess runs.
    pub coproc: bool,
    /// The part of the output that the line belongs to.
    pub zone: MarkedZone,
    /// The host and the user of the shell, as reported before the line.
    pub host: Arc<HostReport>,
    /// Whether the window has the focus; a recording does not tell it.
    pub focused: Option<bool>,
    /// Whether a program reads a password; known with `pty_state`.
    pub no_echo: bool,
    /// Facts that cost system calls; `None` until the host has looked them up.
    pub pty_state: Option<PtyState>,
}

/// Value of a condition under the known facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConditionState {
    Yes,
    No,
    /// The condition depends on the pty state, which is not known.
    Unknown,
}

/// How the text of a condition is parsed.
enum ConditionForm {
    /// The name alone.
    Flag(When),
    /// `job=NAME` and the like: makes the condition from the name behind the equals sign.
    Named(fn(String) -> When),
}

/// Defines the parser's table, [`When::NAMES`] and [`When::SUMMARY`]. A row has a condition as the help shows it, and
/// each of its forms.
macro_rules! conditions {
    ($($shown:literal: $($name:literal => $form:expr),+;)+) => {
        const CONDITIONS: &[(&str, ConditionForm)] = &[$($(($name, $form)),+),+];

        impl When {
            /// Names of the conditions, for completions and error sentences.
            pub const NAMES: &'static [&'static str] = &[$($($name),+),+];
            /// Help of `--when`.
            pub const SUMMARY: &'static str = conditions!(@listed $($shown)+);
        }
    };
    (@listed $first:literal $($shown:literal)*) => { concat!("Fire only if ", $first $(, ", ", $shown)*) };
}

conditions! {
    "[no-]alt-screen":
        "alt-screen" => ConditionForm::Flag(When::AltScreen), "no-alt-screen" => ConditionForm::Flag(When::NoAltScreen);
    "no-echo": "no-echo" => ConditionForm::Flag(When::NoEcho);
    "job=NAME": "job=NAME" => ConditionForm::Named(When::Job);
    "host=NAME": "host=NAME" => ConditionForm::Named(When::Host);
    "user=NAME": "user=NAME" => ConditionForm::Named(When::User);
    "[no-]coproc": "coproc" => ConditionForm::Flag(When::Coproc), "no-coproc" => ConditionForm::Flag(When::NoCoproc);
    "[no-]output": "output" => ConditionForm::Flag(When::Output), "no-output" => ConditionForm::Flag(When::NoOutput);
    "[no-]prompt": "prompt" => ConditionForm::Flag(When::Prompt), "no-prompt" => ConditionForm::Flag(When::NoPrompt);
    "asks": "asks" => ConditionForm::Flag(When::Asks);
    "focused": "focused" => ConditionForm::Flag(When::Focused);
    "unfocused": "unfocused" => ConditionForm::Flag(When::Unfocused);
    // The name of the event.
    "[no-]full-screen":
        "full-screen" => ConditionForm::Flag(When::AltScreen), "no-full-screen" => ConditionForm::Flag(When::NoAltScreen);
}

impl When {
    pub(super) fn holds(&self, facts: &ConditionFacts) -> ConditionState {
        let known = match self {
            Self::AltScreen => facts.alt_screen,
            Self::NoAltScreen => !facts.alt_screen,
            Self::Coproc => facts.coproc,
            Self::NoCoproc => !facts.coproc,
            Self::Output => facts.zone == MarkedZone::Output,
            Self::NoOutput => facts.zone != MarkedZone::Output,
            Self::Prompt => facts.zone == MarkedZone::Prompt,
            Self::NoPrompt => facts.zone != MarkedZone::Prompt,
            Self::Host(name) => facts.host.is_on(name),
            Self::User(name) => facts.host.user == *name,
            Self::Focused | Self::Unfocused => {
                let Some(focused) = facts.focused else { return ConditionState::Unknown };
                focused == (*self == Self::Focused)
            }
            // At a prompt no look is needed.
            Self::Asks if !facts.zone.asks(true) => false,
            Self::Asks => return ConditionState::of_pty_state(facts, |pty_state| facts.zone.asks(pty_state.asks)),
            Self::NoEcho => return ConditionState::of_pty_state(facts, |_| facts.no_echo),
            Self::Job(name) => return ConditionState::of_pty_state(facts, |pty_state| pty_state.jobs.contains(name)),
        };
        ConditionState::of(known)
    }

    /// Returns the conditions that do not hold.
    pub(super) fn that_fail(conditions: &[Self], facts: &ConditionFacts) -> Vec<Self> {
        conditions.iter().filter(|condition| condition.holds(facts) == ConditionState::No).cloned().collect()
    }

    /// Whether the condition depends on processes, terminal modes and windows, of which a recording tells nothing.
    pub fn needs_system(&self) -> bool {
        self.holds(&ConditionFacts::default()) == ConditionState::Unknown
    }

    /// Whether the condition depends on the state of the pty.
    pub(super) fn needs_pty_state(&self) -> bool {
        self.holds(&ConditionFacts { focused: Some(true), ..ConditionFacts::default() }) == ConditionState::Unknown
    }

    /// Whether the condition depends on the focus of the window.
    pub(super) fn needs_focus(&self) -> bool {
        matches!(self, Self::Focused | Self::Unfocused)
    }

    /// Returns whether all conditions hold. A condition known not to hold decides without the pty state.
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

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(name) => return write!(f, "job={name}"),
            Self::Host(name) => return write!(f, "host={name}"),
            Self::User(name) => return write!(f, "user={name}"),
            _ => {}
        }
        let row =
            CONDITIONS.iter().find(|(_, form)| matches!(form, ConditionForm::Flag(condition) if condition == self));
        f.write_str(row.map_or("", |(name, _)| name))
    }
}

impl ConditionState {
    fn of(known: bool) -> Self {
        if known { Self::Yes } else { Self::No }
    }

    fn of_pty_state(facts: &ConditionFacts, ask: impl FnOnce(&PtyState) -> bool) -> Self {
        facts.pty_state.as_ref().map_or(Self::Unknown, |pty_state| Self::of(ask(pty_state)))
    }
}

impl FromStr for When {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        let text = text.trim();
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key.trim_end(), Some(unquoted(value.trim()))),
            None => (text, None),
        };
        let row = CONDITIONS.iter().find(|(name, _)| name.split('=').next() == Some(key));
        match (row, value) {
            (Some((_, ConditionForm::Flag(condition))), None) => Ok(condition.clone()),
            (Some((_, ConditionForm::Named(_))), None | Some("")) => {
                Err(ConditionError::NoName { text: text.to_owned(), key: key.to_owned() })
            }
            (Some((_, ConditionForm::Named(condition))), Some(name)) => Ok(condition(name.to_owned())),
            _ => Err(ConditionError::Unknown(UnknownName {
                what: "condition",
                plural: "conditions",
                text: text.to_owned(),
                known: Self::NAMES.to_vec(),
            })),
        }
    }
}

/// Removes the quotes that the long form `job = "ssh"` has.
fn unquoted(value: &str) -> &str {
    ['"', '\''].iter().find_map(|&quote| value.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_parsed() {
        let table = [
            ("alt-screen", When::AltScreen),
            ("no-alt-screen", When::NoAltScreen),
            ("no-echo", When::NoEcho),
            ("job=ssh", When::Job("ssh".to_owned())),
            ("host=ssh", When::Host("ssh".to_owned())),
            ("user=ssh", When::User("ssh".to_owned())),
            ("coproc", When::Coproc),
            ("no-coproc", When::NoCoproc),
            ("output", When::Output),
            ("no-output", When::NoOutput),
            ("prompt", When::Prompt),
            ("no-prompt", When::NoPrompt),
            ("asks", When::Asks),
            ("focused", When::Focused),
            ("unfocused", When::Unfocused),
            ("full-screen", When::AltScreen),
            ("no-full-screen", When::NoAltScreen),
        ];
        assert_eq!(When::NAMES, table.each_ref().map(|(name, _)| name.replace("ssh", "NAME")));
        for (text, want) in table {
            // A condition with two names is shown by the first.
            assert_eq!(want.to_string().parse(), Ok(want.clone()));
            assert!(want.to_string() == text || text.ends_with("full-screen"), "{text}");
            assert_eq!(text.parse(), Ok(want));
        }
    }

    #[test]
    fn help_shows_each_name() {
        let shown = When::SUMMARY.strip_prefix("Fire only if ").expect("the help begins so").split(", ");
        let names = shown.flat_map(|shown| match shown.strip_prefix("[no-]") {
            Some(name) => vec![name.to_owned(), format!("no-{name}")],
            None => vec![shown.to_owned()],
        });
        assert_eq!(names.collect::<Vec<_>>(), When::NAMES);
    }

    #[test]
    fn job_name_may_be_quoted_and_spaced() {
        for text in ["job = \"ssh\"", "job='ssh'", " job =ssh ", "job=ssh"] {
            assert_eq!(text.parse(), Ok(When::Job("ssh".to_owned())), "{text}");
        }
        assert_eq!("job=a=b".parse(), Ok(When::Job("a=b".to_owned())));
    }

    #[test]
    fn unknown_condition_is_refused_with_the_known_ones() {
        let fault = |text: &str| text.parse::<When>().expect_err(text).to_string();
        for name in When::NAMES {
            assert!(fault("altscreen").contains(name), "{name}");
        }
        assert!(fault("altscreen").starts_with("there is no condition 'altscreen'"));
        assert!(fault("task=ssh").starts_with("there is no condition 'task=ssh'"));
        assert!(fault("").starts_with("there is no condition ''"));
        for (text, key) in [("job", "job"), ("job=", "job"), ("job = \"\"", "job"), ("host", "host"), ("user=", "user")]
        {
            assert!(fault(text).ends_with(&format!("has no name: write {key}=NAME")), "{text}");
        }
    }

    #[test]
    fn conditions_hold_by_facts() {
        let pty_state = |no_echo, jobs: &[&str]| ConditionFacts {
            no_echo,
            pty_state: Some(PtyState { jobs: jobs.iter().map(|&job| job.to_owned()).collect(), ..PtyState::default() }),
            ..ConditionFacts::default()
        };
        let asking = |zone, asks| ConditionFacts {
            zone,
            pty_state: Some(PtyState { asks, ..PtyState::default() }),
            ..ConditionFacts::default()
        };
        let reported = |host: &str, user: &str| ConditionFacts {
            host: Arc::new(HostReport { host: host.to_owned(), user: user.to_owned() }),
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
            (vec![When::NoEcho], pty_state(true, &[]), ConditionState::Yes),
            (vec![When::NoEcho], pty_state(false, &[]), ConditionState::No),
            (vec![job()], ConditionFacts::default(), ConditionState::Unknown),
            (vec![job()], pty_state(false, &["vim", "ssh", "bash"]), ConditionState::Yes),
            (vec![job()], pty_state(false, &["sshd"]), ConditionState::No),
            (vec![job(), When::AltScreen], ConditionFacts::default(), ConditionState::No),
            (vec![When::NoAltScreen, job()], ConditionFacts::default(), ConditionState::Unknown),
            (vec![When::Asks], ConditionFacts::default(), ConditionState::Unknown),
            (vec![When::Asks], asking(MarkedZone::None, true), ConditionState::Yes),
            (vec![When::Asks], asking(MarkedZone::Output, true), ConditionState::Yes),
            (vec![When::Asks], asking(MarkedZone::Output, false), ConditionState::No),
            (vec![When::Asks], asking(MarkedZone::Prompt, true), ConditionState::No),
            (vec![When::Host("web".to_owned())], ConditionFacts::default(), ConditionState::No),
            (vec![When::Host("web".to_owned())], reported("Web.example.org", "ann"), ConditionState::Yes),
            (vec![When::Host("web.example.org".to_owned())], reported("web", "ann"), ConditionState::Yes),
            (vec![When::Host("web".to_owned())], reported("web2", "ann"), ConditionState::No),
            (vec![When::User("ann".to_owned())], reported("web", "ann"), ConditionState::Yes),
            (vec![When::User("Ann".to_owned())], reported("web", "ann"), ConditionState::No),
            (vec![When::User("ann".to_owned())], ConditionFacts::default(), ConditionState::No),
        ];
        for zone in [MarkedZone::None, MarkedZone::Prompt, MarkedZone::Output] {
            let holds = |when| When::all_hold(&[when], &ConditionFacts { zone, ..ConditionFacts::default() });
            for (when, no, of) in
                [(When::Output, When::NoOutput, MarkedZone::Output), (When::Prompt, When::NoPrompt, MarkedZone::Prompt)]
            {
                let wanted = ConditionState::of(zone == of);
                assert_eq!((holds(when), holds(no)), (wanted, ConditionState::of(zone != of)), "{zone:?}");
            }
        }
        for (conditions, facts, want) in table {
            assert_eq!(When::all_hold(&conditions, &facts), want, "{conditions:?} {facts:?}");
        }
    }
}
