//! The man page: a template that is written by hand, with the tables that the parser itself uses put into it. The page
//! is committed as `man/coshell.1`, and a test compares the two.

mod protocol;

use clap::Arg;

use crate::cli;
use crate::core::trigger::action::{ActionKind, KINDS};

const TEMPLATE: &str = include_str!("../../../man/coshell.1.in");
const GENERATED: &str = "Made from coshell.1.in by: COSHELL_BLESS=1 cargo test --test docs";

/// The man page, as roff with the man(7) macros.
pub fn page() -> String {
    let lines = TEMPLATE.lines().map(|line| match line {
        "@OPTIONS@" => options(),
        "@ACTIONS@" => actions(),
        "@SUBCOMMANDS@" => protocol::subcommands(),
        "@METHODS@" => protocol::methods(),
        "@REFUSALS@" => protocol::refusals(),
        "@EVENTS@" => protocol::events(),
        line => line.replace("@VERSION@", env!("CARGO_PKG_VERSION")).replace("@GENERATED@", GENERATED) + "\n",
    });
    lines.collect()
}

/// Every option by its heading, in the order of `--help`.
fn options() -> String {
    let mut command = cli::command();
    command.build();
    let args: Vec<&Arg> = command.get_arguments().filter(|arg| arg.get_long().is_some()).collect();
    let mut headings: Vec<Option<&str>> = args.iter().map(|arg| arg.get_help_heading()).collect();
    // What has no heading is -h and -V: last, as nobody looks for them.
    headings.sort_by_key(Option::is_none);
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
    let default = match arg.get_default_values() {
        [one] if value.is_some() => format!(" The default is {}.", text(&one.to_string_lossy())),
        _ => String::new(),
    };
    entry(&short, long, value.map(|name| name.as_str()), &(sentence(&help) + &default))
}

fn actions() -> String {
    let action = |kind: &ActionKind| {
        let short = kind.letter.map(|letter| format!("\\fB\\-{letter}\\fR, ")).unwrap_or_default();
        entry(&short, kind.name, kind.value, kind.manual)
    };
    KINDS.iter().map(action).collect()
}

fn entry(short: &str, long: &str, value: Option<&str>, body: &str) -> String {
    let value = value.map(|name| format!(" \\fI{name}\\fR")).unwrap_or_default();
    format!(".TP\n{short}\\fB\\-\\-{}\\fR{value}\n{}\n", text(long), body.replace(". ", ".\n"))
}

/// A line of the help as a sentence.
fn sentence(help: &str) -> String {
    let mut chars = help.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if help.ends_with(['.', '!', '?']) { "" } else { "." };
    text(&format!("{first}{}{end}", chars.as_str()))
}

/// Plain text as roff: a backslash and a hyphen stand for themselves, and nothing is a macro.
fn text(plain: &str) -> String {
    let escaped = plain.replace('\\', "\\e").replace('-', "\\-");
    if escaped.starts_with(['.', '\'']) { format!("\\&{escaped}") } else { escaped }
}
