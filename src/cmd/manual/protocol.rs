//! The man page's lists of subcommands and of methods, made from the request enum of the command line and the protocol.

use clap::{Arg, ArgAction, Args};
use serde_json::{Value, json};

use super::{sentence, text};
use crate::cli;
use crate::core::event_kind::EventKind;
use crate::core::request::{ACCESS, AccessRequest, OptionArgsError, Request};
use crate::core::response;
use crate::core::rpc_error::ErrorCode;

/// A subcommand with its full name, such as `trigger add`.
type Named = (String, clap::Command);

/// Returns every subcommand without subcommands of its own.
fn all() -> Vec<Named> {
    let mut whole = cli::command().disable_help_subcommand(true);
    whole.build();
    whole.get_subcommands().flat_map(|subcommand| below(subcommand.get_name(), subcommand)).collect()
}

fn below(name: &str, subcommand: &clap::Command) -> Vec<Named> {
    let mut further = subcommand.get_subcommands().filter(|below| below.get_name() != "help").peekable();
    if further.peek().is_none() {
        return vec![(name.to_owned(), subcommand.clone())];
    }
    further.flat_map(|further| below(&format!("{name} {}", further.get_name()), further)).collect()
}

/// Returns the list of subcommands with their own options.
pub(super) fn subcommands() -> String {
    all().iter().map(|(name, subcommand)| entry(name, subcommand)).collect()
}

fn entry(name: &str, subcommand: &clap::Command) -> String {
    let own: Vec<&Arg> = own(subcommand).filter(|arg| arg.get_help_heading().is_none()).collect();
    let (last, first): (Vec<&Arg>, Vec<&Arg>) = own.iter().partition(|arg| arg.is_positional());
    let usage: String = first.iter().chain(&last).map(|arg| usage(arg)).collect();
    let options = own.iter().filter(|arg| !arg.is_positional()).map(|arg| {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        format!("\\fB\\-\\-{}\\fR: {}.\n", text(arg.get_long().unwrap_or_default()), text(&help))
    });
    let more = match name {
        "trigger add" => " [\\fIactions and modifiers\\fR]",
        "replay" => " [\\fItriggers\\fR]",
        _ => "",
    };
    let about = subcommand.get_about().map(ToString::to_string).unwrap_or_default();
    format!(".TP\n\\fB{name}\\fR{usage}{more}\n{}\n{}", sentence(&about), options.collect::<String>())
}

/// Returns the arguments of one subcommand without those that all subcommands share.
fn own(subcommand: &clap::Command) -> impl Iterator<Item = &Arg> {
    let elsewhere = |arg: &Arg| ["session", "json", "help"].contains(&arg.get_id().as_str());
    // Only the completion scripts pass a hidden positional.
    let for_scripts = |arg: &Arg| arg.is_hide_set() && arg.is_positional();
    subcommand.get_arguments().filter(move |arg| !elsewhere(arg) && !for_scripts(arg))
}

fn usage(arg: &Arg) -> String {
    let value = arg.get_value_names().and_then(|names| names.first()).map(|name| format!("\\fI{}\\fR", text(name)));
    let value = value.filter(|_| arg.get_action().takes_values()).unwrap_or_default();
    let long = arg.get_long().map(|long| format!("\\fB\\-\\-{}\\fR", text(long)));
    match long {
        Some(long) if value.is_empty() => format!(" [{long}]"),
        Some(long) => format!(" [{long} {value}]"),
        // A command with its arguments is one thing.
        None if arg.is_required_set() && takes_many(arg) && !arg.is_last_set() => format!(" {value}..."),
        None if arg.is_required_set() => format!(" {value}"),
        None if takes_many(arg) => format!(" [{value}...]"),
        None => format!(" [{value}]"),
    }
}

/// Returns the list of methods with their parameters and examples of their responses.
pub(super) fn methods() -> String {
    let on_the_wire = |(name, _): &Named| !Request::parameters(&name.replace(' ', "-")).is_empty() || is_method(name);
    let access = (ACCESS.to_owned(), AccessRequest::augment_args(clap::Command::new(ACCESS)));
    let all = all().into_iter().filter(on_the_wire).chain([access]);
    all.map(|(name, subcommand)| method(&name, &subcommand)).collect()
}

fn is_method(name: &str) -> bool {
    Request::read(&name.replace(' ', "-"), None).is_ok()
}

fn method(name: &str, subcommand: &clap::Command) -> String {
    let method = name.replace(' ', "-");
    let described = Request::parameters(&method).iter().map(|name| parameter(&method, name, subcommand));
    let described: Vec<String> = described.collect();
    let parameters = if described.is_empty() { "No parameters.".to_owned() } else { described.join(";\n") + "." };
    format!(".TP\n\\fB{}\\fR\n{parameters}\n{}", text(&method), answers(&method))
}

/// Returns the example responses of a method: one object for each set of keys.
fn answers(method: &str) -> String {
    let answer = |answer| format!(".br\nResponse: {}\n", text(&spaced(&json!(answer))));
    response::samples(method).into_iter().map(answer).collect()
}

/// Formats JSON with spaces, so that roff can break the line.
fn spaced(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let members: Vec<String> =
                object.iter().map(|(key, value)| format!("{}: {}", json!(key), spaced(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Array(values) => format!("[{}]", values.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn takes_many(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|range| range.max_values() > 1)
}

/// Whether the protocol requires a parameter that the command line fills in by itself.
fn is_missed(method: &str, name: &str) -> bool {
    matches!(Request::read(method, None), Err(OptionArgsError::Params(reason)) if reason.contains(&format!("`{name}`")))
}

fn parameter(method: &str, name: &str, subcommand: &clap::Command) -> String {
    let arg = own(subcommand).find(|arg| arg.get_id() == name && arg.get_help_heading().is_none());
    let Some(arg) = arg else {
        let (kind, help) = match name {
            "options" => ("list of {\\(dqname\\(dq, \\(dqvalue\\(dq}", "Actions and modifiers, as on the command line"),
            "directory" => ("string", "Directory to run the program in"),
            "environment" => ("list of pairs of strings", "Environment of the program; by default that of coshell"),
            "streams" => (
                "list of numbers",
                "Numbers of the standard streams that are passed as SCM_RIGHTS descriptors (unix(7)), in order",
            ),
            _ => ("string", ""),
        };
        return format!("\\fI{}\\fR ({kind}, optional): {}", text(name), text(help));
    };
    let kind = match arg.get_action() {
        ArgAction::SetTrue => "boolean",
        ArgAction::Append => "list of strings",
        _ if name == "signal" => "number or name",
        _ if takes_many(arg) => "list of strings",
        _ => number_or_string(arg),
    };
    let optional = if arg.is_required_set() || is_missed(method, name) { "" } else { ", optional" };
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    format!("\\fI{}\\fR ({kind}{optional}): {}", text(name), text(&help))
}

fn number_or_string(arg: &Arg) -> &'static str {
    let parsed = arg.get_value_parser().type_id();
    let number = parsed == clap::builder::ValueParser::new(clap::value_parser!(u64)).type_id();
    if number { "number" } else { "string" }
}

/// Returns the list of error codes.
pub(super) fn refusals() -> String {
    let entry = |(code, meaning): &(ErrorCode, &str)| {
        let number = (*code as i64).to_string();
        format!(".TP\n\\fB{}\\fR\n{}\n", text(&number), sentence(meaning))
    };
    ErrorCode::ALL.iter().map(entry).collect()
}

/// Returns the names of the events.
pub(super) fn events() -> String {
    let names: Vec<String> = EventKind::ALL.iter().map(|kind| format!("\\fB{}\\fR", text(kind.name()))).collect();
    names.join(",\n") + ".\n"
}
