//! `tests/run`: without the needed programs it stops before cargo starts and names the remedy.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use crate::support::TestDir;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/run");
const PACKAGES: &str = "lrzsz tmux zsh fish bash vim less htop fzf mc mandoc bash-completion elvish python3 procps coreutils \
                        util-linux mawk openssh-client openssh-server inetutils-telnet inetutils-telnetd picocom screen \
                        gcc libc6-dev npm python3-venv";
const INSTALL: &str = "apt-get update && apt-get install -y --no-install-recommends";

/// Directory that plays a machine for `tests/run`: the programs in `bin` are the only ones on its PATH.
struct Machine {
    dir: TestDir,
}

impl Machine {
    /// Creates a machine with a Rust toolchain, apt-get and almost nothing else; `uid` is the output of `id -u`.
    fn bare(uid: u32) -> Self {
        let machine = Self { dir: TestDir::new() };
        fs::create_dir(machine.dir.path("bin")).unwrap();
        for name in ["dirname", "env"] {
            symlink(format!("/usr/bin/{name}"), machine.dir.path("bin").join(name)).unwrap();
        }
        machine.write_program("id", &format!("echo {uid}"));
        machine.write_program("rustc", "echo 'rustc 1.88.0 (6b00bc388 2025-06-23)'");
        // apt-get and cargo record each start and fail, except cargo's answers about its version.
        let record = format!("echo \"$0\" \"$@\" >> '{}'; exit 1", machine.dir.path_str("started"));
        machine.write_program("apt-get", &record);
        machine.write_program("cargo", &format!("[ \"$2\" = --version ] && exit 0\n{record}"));
        machine
    }

    fn write_program(&self, name: &str, script: &str) {
        self.dir.write_program(&format!("bin/{name}"), format!("#!/bin/sh\n{script}\n"));
    }

    fn run(&self, args: &[&str], env: &[(&str, &str)]) -> Output {
        let mut command = Command::new("/bin/bash");
        command.arg(SCRIPT).args(args).env_clear().env("PATH", self.dir.path("bin")).env("HOME", self.dir.root());
        command.env("COSHELL_TEST_SBIN", self.dir.path("bin"));
        command.envs(env.iter().copied()).stdin(std::process::Stdio::null()).output().unwrap()
    }

    /// Returns the command lines of the programs started.
    fn started(&self) -> String {
        String::from_utf8(self.dir.read("started")).unwrap()
    }
}

fn stderr(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn missing_programs_stop_script_before_any_start() {
    for (uid, sudo, command) in [
        (0, false, format!("    {INSTALL} {PACKAGES}\n")),
        (1000, false, format!("    su -c '{INSTALL} {PACKAGES}'\n")),
        (1000, true, format!("    sudo sh -c '{INSTALL} {PACKAGES}'\n")),
    ] {
        let machine = Machine::bare(uid);
        if sudo {
            machine.write_program("sudo", "exec \"$@\"");
        }
        let text = stderr(&machine.run(&[], &[]));
        assert!(text.ends_with(&command) && text.contains("are missing"), "{uid}, sudo {sudo}: {text}");
        assert_eq!(machine.started(), "", "{uid}, sudo {sudo}");
    }
}

#[test]
fn missing_packages_are_named_once_each() {
    let machine = Machine::bare(0);
    let present = "tmux zsh fish bash vim less htop fzf mc mandoc dh_bash-completion python3 ps watch stty setsid awk telnet telnetd \
         picocom screen cc npm";
    for name in present.split(' ') {
        machine.write_program(name, "exit 0");
    }
    let text = stderr(&machine.run(&[], &[]));
    assert!(text.ends_with(&format!("    {INSTALL} lrzsz elvish openssh-client openssh-server\n")), "{text}");
}

#[test]
fn packages_are_installed_only_by_option_or_ci() {
    let (option, none) = (["--install"].as_slice(), [].as_slice());
    for (args, env) in [(option, [("CI", "")]), (none, [("CI", "true")])] {
        let machine = Machine::bare(0);
        machine.write_program("apt-get", &format!("echo \"$@\" >> '{}'", machine.dir.path_str("started")));
        let text = stderr(&machine.run(args, &env));
        // This apt-get installs nothing, and the script notices that.
        assert!(text.contains(INSTALL), "{args:?}: {text}");
        let started = machine.started();
        assert_eq!(started, format!("update -q\ninstall -qy --no-install-recommends {PACKAGES}\n"), "{args:?}");
    }
}

#[test]
fn failed_installation_stops_script() {
    for (uid, reason) in [(0, ""), (1000, "sudo")] {
        let machine = Machine::bare(uid);
        let text = stderr(&machine.run(&["--install"], &[]));
        assert!(text.contains("the installation failed") && text.contains(reason), "{text}");
        assert!(text.contains(INSTALL) && !machine.started().contains("cargo"), "{text}");
    }
}

#[test]
fn old_or_absent_rust_is_named_with_remedy() {
    for (script, found) in
        [("echo 'rustc 1.63.0'", "rustc 1.63.0"), ("echo 'rustc 1.87.0-nightly'", "1.87.0"), ("exit 1", "no rustc")]
    {
        let machine = Machine::bare(1000);
        machine.write_program("rustc", script);
        let text = stderr(&machine.run(&[], &[]));
        assert!(text.contains(found) && text.contains("Rust 1.88") && text.contains("rustup.rs"), "{text}");
        assert_eq!(machine.started(), "");
    }
    let text = stderr(&Machine::bare(1000).run(&[], &[]));
    assert!(!text.contains("rustup"), "{text}");
}

#[test]
fn absent_rustfmt_is_named_with_remedy() {
    let machine = Machine::bare(1000);
    machine.write_program("cargo", "[ $1 = clippy ]");
    let text = stderr(&machine.run(&[], &[]));
    assert!(text.contains("rustup component add rustfmt clippy"), "{text}");
}
