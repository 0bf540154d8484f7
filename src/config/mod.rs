//! Checks the arguments and the configuration and makes the [`Settings`] of a session. A refusal names the option, or the
//! place in the file, before anything is started.
//!
//! A file is read in steps: `reader`, `value` and `trigger` read the tables of TOML, `document` one file, `load` all files
//! and the profile, `options` the options that they set, `files` finds the files and reads them again. `fault` shows what is
//! wrong at which `place`. The keys come from the options of the command line (`cli::keys`).

mod document;
pub mod fault;
mod files;
pub mod load;
mod options;
pub mod place;
mod reader;
pub mod schema;
pub mod toml_text;
mod trigger;
mod value;

#[cfg(test)]
mod file_tests;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::cli::Args;
use crate::core::command_line::{CommandLine, check_command, named};
use crate::core::recorder::RecordOptions;
use crate::core::redact::{Redaction, Redactor};
use crate::core::request::{OptionArg, Visibility};
use crate::core::trigger::CostClock;
use crate::core::trigger::action;
use crate::core::trigger::action::Protocol;
use crate::core::trigger::definition::{TriggerDef, opens};
use crate::core::{Charset, NoticeOutput, NoticeStyle, OutputKind, Settings, TermCaps, TransferPrograms};
use crate::error::Usage;
use crate::types::Size;
pub use document::{DEFAULT_PROFILE, FileOption, INCLUDE, PROFILES, TRIGGERS};
pub use files::{ConfigurationFiles, Places, SettingsError};
pub use trigger::{FileTrigger, NAME, OPENERS, REGEX};

/// Number of lines in the history of a replay, which has no reader.
const REPLAY_HISTORY: usize = 100;

/// What the environment says about the user and the terminal, read by the caller.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `$SHELL`.
    pub shell: Option<OsString>,
    /// The shell of the user's entry in the password database.
    pub login_shell: Option<OsString>,
    /// Whether coshell was started as `-coshell`.
    pub as_login: bool,
    /// Escape sequence for desktop notifications.
    pub protocol: Protocol,
    /// Whether `$NO_COLOR` asks for plain text.
    pub no_colour: bool,
    /// What the terminal can show besides the shell's output.
    pub term_caps: TermCaps,
    /// The characters of the terminal's locale.
    pub charset: Charset,
    /// Path of coshell's own program, where it is known.
    pub program: Option<PathBuf>,
    /// The working directory.
    pub directory: PathBuf,
    /// `$TERM`.
    pub term: Option<String>,
}

/// The program to start: its path and its `argv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShellCommand {
    /// Path or name of the program.
    pub path: OsString,
    /// `argv[0]`.
    pub name: OsString,
    /// The rest of `argv`.
    pub args: Vec<OsString>,
}

/// Makes the settings that do not depend on the terminal.
pub fn settings(args: Args, environment: &Environment) -> Result<Settings, Usage> {
    args.check(&args)?;
    checked_settings(args, environment)
}

/// Makes the settings of options of which none lacks the one that it belongs to.
fn checked_settings(mut args: Args, environment: &Environment) -> Result<Settings, Usage> {
    let (coproc, triggers) = triggers(std::mem::take(&mut args.trigger_options))?;
    let redactor = Redactor::new(&args.redact_pattern).map_err(|refusal| Usage::new("redact-pattern", refusal))?;
    let warnings = if coproc.is_none() { triggers.iter().filter_map(late_coproc).collect() } else { Vec::new() };
    Ok(Settings {
        session: String::new(),
        name: args.session_name.take(),
        unix_time: Duration::ZERO,
        history: args.history,
        command: shown(&shell_command(&args, environment)),
        tty: String::new(),
        warnings,
        size: Size::default(),
        screen: OutputKind::Terminal,
        keyboard: OutputKind::Terminal,
        triggers,
        coproc,
        zmodem: if args.zmodem { Some(transfer_programs(&args, environment)?) } else { None },
        record: args.record.as_ref().map(|file| record_options(file, args.record_input, environment)),
        term: environment.term.clone(),
        shell: environment.shell.as_ref().map(|shell| shell.to_string_lossy().into_owned()),
        redaction: Redaction { redactor: Arc::new(redactor), always: args.redact },
        input_format: args.input,
        clients: args.clients,
        password_jobs: args.password_job,
        silent_keys: args.silent_keys,
        // A dumb terminal has no rows for a menu: the key goes to the shell.
        hotkey: args.hotkey.filter(|_| environment.term_caps != TermCaps::Dumb),
        indicator: (args.indicator && environment.term_caps == TermCaps::Full).then_some(environment.charset),
        term_caps: environment.term_caps,
        notice_style: if environment.no_colour { NoticeStyle::Plain } else { NoticeStyle::Faint },
        notices: if args.quiet { NoticeOutput::Quiet } else { NoticeOutput::Notices },
        cost_clock: CostClock::default(),
        protocol: environment.protocol,
        rehearsal: None,
        signal_characters: [0x03, 0x1c, 0x1a],
    })
}

/// Makes the settings of a replay with the triggers of these options: a session that shows nothing of its own.
pub fn replay_settings(options: Vec<OptionArg>) -> Result<Settings, Usage> {
    let of_replay = |sentence: String| Usage::of("replay", &sentence);
    let args = Args::of_triggers(options).map_err(|refusal| of_replay(refusal.to_string()))?;
    let args = Args { quiet: true, hotkey: None, indicator: false, history: REPLAY_HISTORY, ..args };
    let settings = settings(args, &Environment::default()).map_err(|refusal| of_replay(refusal.to_string()))?;
    if let Some((command, _)) = settings.coproc {
        let name = named(&command.command);
        return Err(of_replay(format!(
            "coprocess {name} would start with the session: a replay starts none; leave it out"
        )));
    }
    Ok(settings)
}

/// Returns the program that the session wraps.
pub fn shell_command(args: &Args, environment: &Environment) -> ShellCommand {
    if let Some((path, rest)) = args.command.split_first() {
        return ShellCommand { path: path.clone(), name: path.clone(), args: rest.to_vec() };
    }
    let given = |shell: &Option<OsString>| shell.clone().filter(|shell| !shell.is_empty());
    let path = given(&environment.shell).or_else(|| given(&environment.login_shell));
    let path = path.unwrap_or_else(|| "/bin/sh".into());
    let base = Path::new(&path).file_name().unwrap_or(&path).to_owned();
    let mut name = path.clone();
    if args.login || environment.as_login {
        name = OsString::from("-");
        name.push(base);
    }
    ShellCommand { path, name, args: Vec::new() }
}

/// Returns a command for users, not quoted for a shell.
fn shown(shell_command: &ShellCommand) -> String {
    let words = std::iter::once(&shell_command.path).chain(&shell_command.args);
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn record_options(file: &Path, input: bool, environment: &Environment) -> RecordOptions {
    RecordOptions { file: environment.directory.join(file).to_string_lossy().into_owned(), input }
}

/// Returns the programs that answer a file transfer.
fn transfer_programs(args: &Args, environment: &Environment) -> Result<TransferPrograms, Usage> {
    let program = environment.program.as_deref().and_then(Path::to_str).map_or_else(|| "coshell".into(), sh_word);
    let directory = match args.zmodem_dir.as_deref().map(|dir| environment.directory.join(dir)) {
        None => String::new(),
        Some(dir) => {
            let dir =
                dir.to_str().ok_or_else(|| Usage::new("zmodem-dir", "is not UTF-8: receive into another directory"))?;
            format!(" -- {}", sh_word(dir))
        }
    };
    let given = |option, command: &Option<String>, default: String| {
        let command =
            check_command(command.as_ref().unwrap_or(&default)).map_err(|reason| Usage::new(option, reason))?;
        Ok(CommandLine::new(command))
    };
    Ok(TransferPrograms {
        receive: given("zmodem-receive", &args.zmodem_receive, format!("exec {program} rz{directory}"))?,
        send: given("zmodem-send", &args.zmodem_send, format!("exec {program} sz --ask"))?,
    })
}

/// Returns `text` as one word of sh.
fn sh_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

type InitialCoproc = Option<(CommandLine, Visibility)>;

/// Splits the options into the coprocess in front of the first trigger, and the triggers.
fn triggers(options: Vec<OptionArg>) -> Result<(InitialCoproc, Vec<TriggerDef>), Usage> {
    let count = options.iter().filter(|option| opens(&option.name)).count();
    let mut options = options.into_iter();
    let coproc = coproc(&until_trigger(&mut options))?;
    let mut triggers = Vec::with_capacity(count);
    while let Some(opener) = options.next() {
        let trigger = TriggerDef::of_option(&opener.name, opener.value, until_trigger(&mut options));
        triggers.push(trigger.map_err(|error| Usage::new(&error.option, error.kind))?);
    }
    Ok((coproc, triggers))
}

/// Returns the warning about a coprocess that follows another action of its trigger, where the user may expect it to
/// start at once.
fn late_coproc(trigger: &TriggerDef) -> Option<String> {
    let actions = trigger.actions.options.iter().filter_map(|option| Some((option, action::kind(&option.name)?)));
    let (option, kind) = actions.skip(1).find(|(_, kind)| kind.starts.is_some())?;
    let (command, trigger) = (named(&option.value), named(trigger.options.label()));
    let option = kind.letter.map_or_else(|| format!("--{}", kind.name), |letter| format!("-{letter}"));
    Some(format!(
        "coprocess {command} starts when trigger {trigger} fires; put {option} before the first -t to start it at once"
    ))
}

/// Takes the options up to the next trigger.
fn until_trigger(options: &mut std::vec::IntoIter<OptionArg>) -> Vec<OptionArg> {
    let all = options.as_slice();
    let end = all.iter().position(|option| opens(&option.name)).unwrap_or(all.len());
    options.take(end).collect()
}

/// Returns the coprocess among the options in front of the first trigger.
fn coproc(options: &[OptionArg]) -> Result<InitialCoproc, Usage> {
    let mut coproc = None;
    for option in options {
        let Some(visibility) = action::kind(&option.name).and_then(|kind| kind.starts) else {
            return Err(Usage::new(&option.name, "belongs to a trigger: put it after a --trigger REGEX"));
        };
        let command = check_command(&option.value).map_err(|reason| Usage::new(&option.name, reason))?;
        let command = CommandLine::new(command);
        if coproc.replace((command, visibility)).is_some() {
            return Err(Usage::new(&option.name, "a session has one coprocess at a time: give only one to start with"));
        }
    }
    Ok(coproc)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(argv: &[&str]) -> Args {
        let argv: Vec<_> = std::iter::once("coshell").chain(argv.iter().copied()).map(OsString::from).collect();
        crate::cli::parse_session(argv).unwrap_or_else(|error| panic!("{error}"))
    }

    fn refused(argv: &[&str]) -> String {
        settings(args(argv), &Environment::default()).expect_err("the options are refused").to_string()
    }

    #[test]
    fn options_belong_to_the_trigger_before_them() {
        let settings = settings(
            args(&["-c", "bot", "-t", "a", "--bell", "-t", "b", "-s", "rz", "--once"]),
            &Environment::default(),
        )
        .expect("the options are valid");
        assert_eq!(
            settings.coproc.map(|(command, visibility)| (command.command, visibility)),
            Some(("bot".into(), Visibility::Visible))
        );
        assert_eq!(settings.triggers.len(), 2);
        assert!(
            settings.triggers[0].options.starts.is_none()
                && settings.triggers[1].options.starts == Some(Visibility::Silent)
        );
        assert!(!settings.triggers[0].options.once && settings.triggers[1].options.once);
    }

    #[test]
    fn coprocess_behind_another_action_is_warned_about() {
        let warnings =
            |argv: &[&str]| settings(args(argv), &Environment::default()).expect("the options are valid").warnings;
        let late =
            "coprocess \"bot\" starts when trigger \"foo\" fires; put -c before the first -t to start it at once";
        assert_eq!(warnings(&["-t", "foo", "--bell", "-c", "bot"]), [late]);
        assert_eq!(warnings(&["-t", "x", "-s", "a", "-t", "y", "--name", "foo", "--bell", "-c", "bot"]), [late]);
        for clear in [
            &["-t", "rz waiting", "-s", "sz -e f"][..],
            &["-t", "foo", "--name", "n", "--once", "-c", "bot", "--bell"],
            &["-c", "now", "-t", "foo", "--bell", "-c", "bot"],
            &["-t", "foo", "--bell", "-t", "y", "-c", "bot"],
        ] {
            assert_eq!(warnings(clear), Vec::<String>::new(), "{clear:?}");
        }
    }

    #[test]
    fn refusal_names_option_and_remedy() {
        let table: &[(&[&str], &str)] = &[
            (&["-t", "a"], "--trigger: 'a' has no action"),
            (&["--send", "x"], "--send: belongs to a trigger"),
            (&["--all"], "--all: belongs to a trigger"),
            (&["-c", "a", "-c", "b"], "--coproc: a session has one coprocess"),
            (&["-t", "x", "-c", "a", "-s", "b"], "--silent-coproc: a session has one coprocess"),
            (&["-c", " "], "--coproc: the command is empty"),
            (&["-s", ""], "--silent-coproc: the command is empty"),
            (&["-t", "a", "-c", ""], "--coproc: the command is empty"),
            (&["-t", "a", "-s", " \t"], "--silent-coproc: the command is empty"),
            (&["-t", "a", "--run", "\n"], "--run: the command is empty"),
            (&["-t", "", "--bell"], "--trigger: the pattern is empty"),
            (&["-t", "a", "--bell", "--cooldown", "5"], "--cooldown: '5' is not a duration"),
            (&["-t", "a", "--bell", "--when", "x"], "--when: "),
            (&["-t", "a", "--send", "$7"], "--send: "),
            (&["-t", "a(b", "--bell"], "--trigger: "),
            (&["--event", "beep", "--bell"], "--event: there is no event 'beep'"),
            (&["--event", "bell"], "--event: 'bell' has no action"),
            (&["--event", "bell", "--all", "--bell"], "--all: belongs to a pattern"),
            (&["--event", "bell", "--bell", "--status", "1"], "--status: event bell has nothing that it could filter"),
            (&["-t", "a", "--bell", "--status", "1"], "--status: a pattern has nothing that it could filter"),
            (&["--event", "exit", "--bell", "--status", "no"], "--status: 'no' is not an exit status"),
            (&["--event", "title", "--bell", "--matching", "a("], "--matching: "),
            (&["--event", "bell", "--send", "${status}"], "--send: "),
            (&["--zmodem-dir", "x"], "--zmodem-dir: belongs to --zmodem: add --zmodem"),
            (&["--zmodem-receive=rz"], "--zmodem-receive: belongs to --zmodem: add --zmodem"),
            (&["--zmodem-send", "sz x", "--", "ssh"], "--zmodem-send: belongs to --zmodem: add --zmodem"),
        ];
        for (argv, start) in table {
            let sentence = refused(argv);
            assert!(sentence.starts_with(start), "{argv:?}: {sentence}");
        }
    }

    #[test]
    fn shell_is_that_of_environment_then_user_then_sh() {
        let mut environment = Environment::default();
        let path = |environment: &Environment| shell_command(&args(&[]), environment).path;
        assert_eq!(path(&environment), "/bin/sh");
        environment.login_shell = Some("/bin/dash".into());
        assert_eq!(path(&environment), "/bin/dash");
        environment.shell = Some("/bin/zsh".into());
        assert_eq!(path(&environment), "/bin/zsh");
        assert_eq!(shell_command(&args(&["-l"]), &environment).name, "-zsh");
        environment.as_login = true;
        assert_eq!(shell_command(&args(&[]), &environment).name, "-zsh");
        assert_eq!(shell_command(&args(&["-l", "--", "vim", "x"]), &environment).name, "vim");
    }
}
