//! The actions of iTerm2, and what coshell has in their place.

use serde_json::Value;

use super::command;
use super::parameter::{self, Captured, ParameterPart, TemplateForm};
use super::profile::TriggerRecord;
use super::reason::Reason;
use super::style;
use super::writer::TomlValue;

/// Why the actions on workgroups are left out.
const WORKGROUPS: &str = "workgroups are windows of iTerm2";

/// An action of iTerm2: a row of the table.
#[derive(Debug)]
pub(super) struct ActionRow {
    /// Names of its class.
    classes: &'static [&'static str],
    /// Its name in iTerm2.
    pub(super) title: &'static str,
    /// What it becomes.
    pub(super) becomes: Becomes,
    /// Whether it acts on each match in a line.
    pub(super) repeats: bool,
    /// Whether it works on matched text, which an event has not.
    pub(super) needs_match: bool,
    /// How the result differs; empty if it does not.
    pub(super) note: &'static str,
}

/// What an action becomes: an option of a trigger and the form of its value.
#[derive(Debug)]
pub(super) enum Becomes {
    /// An option without a value.
    Flag(&'static str),
    /// A template.
    Text(&'static str, TemplateForm),
    /// A template that may be missing.
    OptionalText(&'static str, TemplateForm),
    /// A command.
    Command(&'static str),
    /// A style, from colours.
    Colours(&'static str),
    /// A style, from SGR codes.
    SgrCodes(&'static str),
    /// A session variable, from a name and a value.
    Variable(&'static str),
    /// Nothing, for this reason. The option and its value are a proposal, in which `{}` is the parameter.
    Nothing(&'static str, Option<(&'static str, &'static str)>),
}

use Becomes::{Colours, Command, Flag, Nothing, OptionalText, SgrCodes, Text, Variable};
use TemplateForm::{Escaped, Plain};

const fn row(classes: &'static [&'static str], title: &'static str, becomes: Becomes) -> ActionRow {
    ActionRow { classes, title, becomes, repeats: true, needs_match: false, note: "" }
}

/// Maximum length of a parameter in bytes.
const PARAMETER_LIMIT: usize = 16 << 10;
/// Separator of two texts in a parameter.
const SEPARATOR: char = '\u{1}';
/// Separator of account and user in the parameter of the password manager.
const ACCOUNT_SEPARATOR: &str = "\u{2002}\u{2014}\u{2002}";

/// Actions of iTerm2 without those of its browser, whose names end in [`BROWSER`].
pub(super) const ACTIONS: &[ActionRow] = &[
    ActionRow {
        note: "iTerm2 shows an alert; this is a desktop notification.",
        ..row(&["AlertTrigger"], "Show Alert", Text("notify", Plain))
    },
    ActionRow { needs_match: true, ..row(&["AnnotateTrigger"], "Annotate", Text("annotate", Plain)) },
    row(&["BellTrigger"], "Ring Bell", Flag("bell")),
    ActionRow {
        note: "iTerm2 bounces the icon in the dock; at a bell most terminals ask for attention in their own way.",
        ..row(&["BounceTrigger"], "Bounce Dock Icon", Flag("bell"))
    },
    ActionRow {
        repeats: false,
        needs_match: true,
        note: "coshell captured lists the lines. iTerm2 also runs a coprocess at a double click.",
        ..row(&["CaptureTrigger"], "Capture Output", Flag("capture"))
    },
    ActionRow { repeats: false, ..row(&["CoprocessTrigger"], "Run Coprocess", Command("coproc")) },
    ActionRow { repeats: false, ..row(&["MuteCoprocessTrigger"], "Run Silent Coprocess", Command("silent-coproc")) },
    row(&["ScriptTrigger"], "Run Command", Command("run")),
    row(&["SendTextTrigger"], "Send Text", Text("send", Escaped)),
    row(&["iTermUserNotificationTrigger", "GrowlTrigger"], "Post Notification", Text("notify", Plain)),
    ActionRow { needs_match: true, ..row(&["HighlightTrigger"], "Highlight Text", Colours("highlight")) },
    ActionRow {
        repeats: false,
        needs_match: true,
        ..row(&["iTermHighlightLineTrigger"], "Highlight Line", Colours("highlight-line"))
    },
    ActionRow { repeats: false, needs_match: true, ..row(&["iTermSGRTrigger"], "Change Style", SgrCodes("highlight")) },
    ActionRow { needs_match: true, ..row(&["iTermHyperlinkTrigger"], "Make Hyperlink", Text("link", Plain)) },
    ActionRow { repeats: false, ..row(&["iTermInjectTrigger"], "Inject Data", Text("inject", Escaped)) },
    ActionRow {
        note: "iTerm2 sets the name of the session; this is the title of the window.",
        ..row(&["iTermSetTitleTrigger"], "Set Title", Text("title", Plain))
    },
    row(&["iTermSetUserVariableTrigger"], "Set User Variable", Variable("set")),
    ActionRow { repeats: false, ..row(&["MarkTrigger"], "Set Mark", Flag("mark")) },
    ActionRow { repeats: false, ..row(&["iTermSetNamedMarkTrigger"], "Set Named Mark", OptionalText("mark", Plain)) },
    ActionRow { repeats: false, ..row(&["StopTrigger"], "Stop Processing Triggers", Flag("stop")) },
    row(
        &["PasswordTrigger"],
        "Open Password Manager",
        Nothing(
            "a password manager of your own can type the password, as in the command below, if it knows the name",
            Some(("run", "pass show {} | coshell send --secret --enter")),
        ),
    ),
    row(
        &["iTermRPCTrigger"],
        "Invoke Script Function",
        Nothing("a command with run or coproc can call coshell as a script calls iTerm2", None),
    ),
    row(
        &["iTermShellPromptTrigger"],
        "Prompt Detected",
        Nothing(
            "prompts are known if the shell marks them: coshell integration prints what its start-up file needs",
            None,
        ),
    ),
    row(
        &["SetDirectoryTrigger"],
        "Report Directory",
        Nothing(
            "the directory is known if the shell reports it: coshell integration prints what its start-up file needs",
            None,
        ),
    ),
    row(
        &["SetHostnameTrigger"],
        "Report User & Host",
        Nothing(
            "the host and the user are known if the shell reports them: iTerm2's shell integration does, and that of coshell",
            None,
        ),
    ),
    row(
        &["iTermBufferInputTrigger"],
        "Buffer Input",
        Nothing("coshell holds the keyboard back only while a silent coprocess runs", None),
    ),
    row(&["iTermFoldTrigger"], "Fold to Named Mark", Nothing("a terminal folds no lines for programs in it", None)),
    row(&["iTermEnterWorkgroupTrigger"], "Enter Workgroup", Nothing(WORKGROUPS, None)),
    row(&["iTermExitWorkgroupTrigger"], "Exit Workgroup", Nothing(WORKGROUPS, None)),
    row(
        &["iTermSetTabStatusTrigger"],
        "Set Tab Status",
        Nothing("tabs belong to the terminal; title can show a status in the title of the window", None),
    ),
];

/// What the classes of actions for iTerm2's browser have in their names.
const BROWSER: &[&str] = &["Browser", "Javascript"];

/// Returns the row of the action of this class.
pub(super) fn of_class(class: &str) -> Result<&'static ActionRow, Reason> {
    let found = ACTIONS.iter().find(|row| row.classes.contains(&class));
    found.ok_or_else(|| {
        let is_for_browser = BROWSER.iter().any(|part| class.contains(part));
        if is_for_browser { Reason::Browser } else { Reason::UnknownAction(class.to_owned()) }
    })
}

impl ActionRow {
    /// Returns the option and the value for the parameter of `record`.
    pub(super) fn option(
        &self,
        record: &TriggerRecord,
        interpolates: Option<bool>,
        captured: Captured,
    ) -> Result<(&'static str, TomlValue), Reason> {
        let text = record.text();
        if text.len() > PARAMETER_LIMIT {
            return Err(Reason::TooLong("parameter"));
        }
        let parts = parameter::parts(&text, interpolates);
        let present = |parts: Vec<ParameterPart>| if parts.is_empty() { Err(Reason::NoParameter) } else { Ok(parts) };
        let (option, value) = match self.becomes {
            Flag(option) => return Ok((option, TomlValue::Flag(true))),
            OptionalText(option, _) if parts.is_empty() => return Ok((option, TomlValue::Flag(true))),
            Text(option, form) | OptionalText(option, form) => {
                (option, parameter::template(&present(parts)?, captured, form)?)
            }
            Command(option) => (option, command::command(&present(parts)?, captured)?),
            Colours(option) => (option, style::of_colours(&record.parameter)?),
            SgrCodes(option) => (option, style::of_sgr(&text)?),
            Variable(option) => {
                let (name, value) = text.split_once(SEPARATOR).ok_or(Reason::NoParameter)?;
                let value = parameter::template(&parameter::parts(value, interpolates), captured, Plain)?;
                (option, format!("{}={value}", name.strip_prefix("user.").unwrap_or(name)))
            }
            Nothing(why, _) => return Err(Reason::Action { title: self.title, why }),
        };
        Ok((option, TomlValue::Text(value)))
    }

    /// Returns what the trigger could do in place of an action that has no equivalent.
    pub(super) fn proposal(&self, record: &TriggerRecord) -> Option<(&'static str, TomlValue)> {
        let Nothing(_, Some((option, value))) = self.becomes else { return None };
        let text = record.text();
        let account = text.split(ACCOUNT_SEPARATOR).next().filter(|name| !name.is_empty()).unwrap_or("NAME");
        let quoted = format!("'{}'", account.replace('\'', r"'\''"));
        Some((option, TomlValue::Text(value.replace("{}", &quoted))))
    }

    /// Returns how the result differs for the parameter of `record`.
    pub(super) fn note(&self, record: &TriggerRecord) -> Option<String> {
        let text = record.text();
        match self.becomes {
            Flag("capture") if !text.is_empty() => Some(format!("{} It was: {text}", self.note)),
            Flag("capture") => None,
            Flag("mark") if text == "1" => Some("iTerm2 also stops scrolling at the mark.".to_owned()),
            Colours(_) if is_wide(&record.parameter) => Some("The colours were in Display P3.".to_owned()),
            _ if self.note.is_empty() => None,
            _ => Some(self.note.to_owned()),
        }
    }

    /// Returns the name of its class.
    #[cfg(test)]
    pub(super) fn class(&self) -> &'static str {
        self.classes[0]
    }

    /// Returns the option of coshell.
    #[cfg(test)]
    pub(super) fn option_name(&self) -> Option<&'static str> {
        match self.becomes {
            Flag(option) | Text(option, _) | OptionalText(option, _) | Command(option) => Some(option),
            Colours(option) | SgrCodes(option) | Variable(option) => Some(option),
            Nothing(_, proposal) => proposal.map(|(option, _)| option),
        }
    }
}

/// Returns whether colours are not in sRGB.
fn is_wide(parameter: &Value) -> bool {
    parameter.as_str().is_some_and(|text| text.contains("p3#"))
}
