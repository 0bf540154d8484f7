//! The completions that `coshell completions` prints, in the shells that they are for.

use std::process::Command;

use crate::support::{COSHELL, Place, coshell, needs};

/// What a shell without start-up files prints for this script, on both outputs.
fn told(argv: &[&str], script: &str) -> String {
    needs(argv[0]);
    let place = Place::new();
    let mut command = Command::new(argv[0]);
    let script = format!("{script}\n");
    command.args(&argv[1..]).arg(script).env("WRAP", COSHELL).env("HOME", place.dir()).env("ZDOTDIR", place.dir());
    let output = command.current_dir(place.dir()).output().expect("the shell can be run");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn bash_completes_subcommands_and_options() {
    let complete =
        "COMP_WORDS=(coshell \"$1\") COMP_CWORD=1; _coshell coshell \"$1\" coshell; echo \"${COMPREPLY[*]}\"";
    let script = format!("eval \"$($WRAP completions bash)\"; t() {{ {complete}; }}; t integ; t --silent-c");
    assert_eq!(told(&["bash", "--norc", "--noprofile", "-uc"], &script), "integration\n--silent-coproc\n");
}

#[test]
fn zsh_takes_the_completions() {
    let load = "autoload -Uz compinit; compinit -u -D; eval \"$($WRAP completions zsh)\"; print $_comps[coshell]";
    assert_eq!(told(&["zsh", "-f", "-c"], load), "_coshell\n");
}

/// Typed in a real zsh, since only its line editor completes.
#[test]
fn zsh_completes_a_subcommand() {
    needs("zsh");
    let place = Place::new();
    place.file(".zshrc", "PS1='p> '; autoload -Uz compinit; compinit -u -D; eval \"$($WRAP completions zsh)\"");
    let mut term = coshell(&["-q", "--", "zsh", "-d", "-i"]).env("ZDOTDIR", place.dir()).start();
    term.wait("p> ");
    term.send("coshell integ\t");
    term.wait_until("the whole word", |term| term.rows().iter().any(|row| row.contains("coshell integration")));
}

#[test]
fn fish_completes_subcommands_and_options() {
    let script = "$WRAP completions fish | source; complete -C 'coshell integ'; complete -C 'coshell --silent-c'";
    let told = told(&["fish", "--private", "-c"], script);
    let words: Vec<&str> = told.lines().map(|line| line.split('\t').next().unwrap_or_default()).collect();
    assert_eq!(words, ["integration", "--silent-coproc"], "{told}");
}

/// elvish has its line editor, and what completes for it, on a terminal only.
#[test]
fn elvish_takes_the_completions() {
    needs("elvish");
    let place = Place::new();
    let rc = place.file("rc.elv", "eval ((external $E:WRAP) completions elvish | slurp)\necho taken\n");
    let mut term = coshell(&["-q", "--", "elvish", "-rc", &rc]).start();
    term.wait("taken");
}

/// PowerShell is not in Debian: it reads them where there is one.
#[test]
fn powershell_takes_the_completions() {
    let script = Command::new(COSHELL).args(["completions", "powershell"]).output().expect("coshell can be run");
    let script = String::from_utf8(script.stdout).expect("text");
    assert!(script.contains("Register-ArgumentCompleter") && script.contains("integration"), "{script}");
    match Command::new("pwsh").args(["-NoProfile", "-Command", &script]).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => eprintln!("NOT TESTED: pwsh: {error}"),
    }
}
