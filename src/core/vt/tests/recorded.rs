//! Recorded output of shells on 80 columns: output without a line end, and a command edited over two rows.

use super::lines::feed_at_every_split;

const LETTERS: &str = "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij";

#[test]
fn zsh_session_lines() {
    let edited = format!("vm# xecho {LETTERS}");
    let recorded = feed_at_every_split(80, include_bytes!("data/zsh.bin"));
    assert_eq!(
        recorded.texts(),
        [
            "vm# printf foo",
            "foo#",
            "vm# echo hi",
            "hi",
            &edited,
            "zsh: command not found: xecho",
            "vm# seq 3",
            "1",
            "2",
            "3",
            "vm# exit",
        ]
    );
    assert_eq!((recorded.in_ground_state, recorded.restore.as_str()), (true, ""));
}

#[test]
fn bash_session_lines() {
    let edited = format!("bash-5.2# xecho {LETTERS}");
    let recorded = feed_at_every_split(80, include_bytes!("data/bash.bin"));
    assert_eq!(
        recorded.texts(),
        [
            "bash-5.2# printf foo",
            "foobash-5.2# echo hi",
            "hi",
            &edited,
            "bash: xecho: command not found",
            "bash-5.2# seq 3",
            "1",
            "2",
            "3",
            "bash-5.2# exit",
            "exit",
        ]
    );
}

#[test]
fn fish_session_lines() {
    let command = format!("root@vm ~# echo {LETTERS}");
    let recorded = feed_at_every_split(80, include_bytes!("data/fish.bin"));
    assert_eq!(
        recorded.texts(),
        [
            "root@vm ~# printf foo",
            "foo⏎",
            "root@vm ~# echo hi",
            "hi",
            &command,
            LETTERS,
            "root@vm ~# seq 3",
            "1",
            "2",
            "3",
            "root@vm ~# exit",
        ]
    );
}
