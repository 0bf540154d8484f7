//! The man pages: hand-written templates, into which the tables of the parser are inserted. The pages are committed as
//! `man/coshell.1` and `man/coshell.toml.5`, and a test compares them.

mod configuration;
mod protocol;

use clap::Arg;

use crate::cli;
use crate::core::trigger::action::{ActionKind, KINDS};
use crate::core::trigger::event::{EVENTS, EventInfo};

const TEMPLATE: &str = include_str!("../../../man/coshell.1.in");
const CONFIGURATION_TEMPLATE: &str = include_str!("../../../man/coshell.toml.5.in");

/// Returns coshell(1) as roff with the man(7) macros.
pub fn page() -> String {
    filled("coshell.1.in", TEMPLATE, |slot| match slot {
        "@OPTIONS@" => Some(options()),
        "@ACTIONS@" => Some(actions()),
        "@TRIGGER_EVENTS@" => Some(trigger_events()),
        "@SUBCOMMANDS@" => Some(protocol::subcommands()),
        "@METHODS@" => Some(protocol::methods()),
        "@REFUSALS@" => Some(protocol::refusals()),
        "@EVENTS@" => Some(protocol::events()),
        _ => None,
    })
}

/// Returns coshell.toml(5) as roff with the man(7) macros.
pub fn configuration_page() -> String {
    filled("coshell.toml.5.in", CONFIGURATION_TEMPLATE, |slot| match slot {
        "@KEYS@" => Some(configuration::file_keys()),
        "@TRIGGER_KEYS@" => Some(configuration::trigger_keys()),
        "@COMMAND_LINE_ONLY@" => Some(configuration::command_line_only()),
        "@START_SETTINGS@" => Some(configuration::start_settings()),
        _ => None,
    })
}

/// Returns the template of the file `name` with the lines that `slot` returns in place of their names.
fn filled(name: &str, template: &str, slot: impl Fn(&str) -> Option<String>) -> String {
    let generated = format!("Generated from {name} by: COSHELL_BLESS=1 cargo test --test docs");
    let plain =
        |line: &str| line.replace("@VERSION@", env!("CARGO_PKG_VERSION")).replace("@GENERATED@", &generated) + "\n";
    template.lines().map(|line| slot(line).unwrap_or_else(|| plain(line))).collect()
}

/// Returns every option except the actions, under the headings of `--help`. The section ACTIONS describes the actions.
fn options() -> String {
    let mut command = cli::command();
    command.build();
    let is_action = |name| KINDS.iter().any(|kind| kind.name == name);
    let args: Vec<&Arg> =
        command.get_arguments().filter(|arg| arg.get_long().is_some_and(|name| !is_action(name))).collect();
    let mut headings: Vec<Option<&str>> = args.iter().map(|arg| arg.get_help_heading()).collect();
    headings.dedup();
    let section = |&heading: &Option<&str>| {
        let title = format!(".SS {}\n", text(heading.unwrap_or("Help")));
        let entries = args.iter().filter(|arg| arg.get_help_heading() == heading).map(|arg| option(arg));
        [title].into_iter().chain(entries).collect::<String>()
    };
    headings.iter().map(section).collect()
}

fn option(arg: &Arg) -> String {
    let short = arg.get_short().map(|letter| format!("\\fB\\-{letter}\\fR, ")).unwrap_or_default();
    let long = arg.get_long().unwrap_or_default();
    let value = arg.get_num_args().is_some_and(|range| range.takes_values());
    let value = arg.get_value_names().filter(|_| value).and_then(|names| names.first());
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let default = arg.get_default_values().first().filter(|_| value.is_some()).map(|one| one.to_string_lossy());
    let body = match default {
        // The help states the default in brackets.
        Some(default) => {
            let help = help.strip_suffix(&format!(" [{default}]")).unwrap_or(&help);
            format!("{} The default is {}.", sentence(help), text(&default))
        }
        None => sentence(&help),
    };
    entry(&short, long, value.map(|name| name.as_str()), &body)
}

/// Returns every action with its paragraph.
fn actions() -> String {
    let action = |kind: &ActionKind| {
        let short = kind.letter.map(|letter| format!("\\fB\\-{letter}\\fR, ")).unwrap_or_default();
        entry(&short, kind.name, kind.value, kind.manual)
    };
    KINDS.iter().map(action).collect()
}

/// Returns every event that opens triggers, with its paragraph and its values.
fn trigger_events() -> String {
    let event = |row: &EventInfo| {
        let values: Vec<String> = row.values.iter().map(|name| format!("\\fB{name}\\fR")).collect();
        let values = match &values[..] {
            [] => String::new(),
            [only] => format!(" Its value is {only}."),
            [first @ .., last] => format!(" Its values are {} and {last}.", first.join(", ")),
        };
        format!(
            ".TP\n\\fB{}\\fR\n{}{}\n",
            text(row.name),
            row.manual.replace(". ", ".\n"),
            values.replacen(' ', "\n", 1)
        )
    };
    EVENTS.iter().map(event).collect()
}

fn entry(short: &str, long: &str, value: Option<&str>, body: &str) -> String {
    let value = value.map(|name| format!(" \\fI{name}\\fR")).unwrap_or_default();
    format!(".TP\n{short}\\fB\\-\\-{}\\fR{value}\n{}\n", text(long), body.replace(". ", ".\n"))
}

/// Returns a line of the help as a sentence in roff.
fn sentence(help: &str) -> String {
    let mut chars = help.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if help.ends_with(['.', '!', '?']) { "" } else { "." };
    text(&format!("{first}{}{end}", chars.as_str()))
}

/// Returns plain text as roff: escapes backslashes and hyphens, and a first character that would begin a macro.
fn text(plain: &str) -> String {
    let escaped = plain.replace('\\', "\\e").replace('-', "\\-");
    if escaped.starts_with(['.', '\'']) { format!("\\&{escaped}") } else { escaped }
}
