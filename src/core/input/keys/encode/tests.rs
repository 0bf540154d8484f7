use super::*;

/// Returns what a key types in these modes, `-` for nothing.
fn typed(name: &str, modes: KeyModes) -> String {
    let key: KeyPress = name.parse().unwrap_or_else(|error| panic!("{error}"));
    encode(&key, modes).map_or_else(|| "-".to_owned(), |bytes| bytes.escape_ascii().to_string().replace("\\x1b", "^["))
}

const LEGACY: KeyModes = KeyModes {
    application_cursor: false,
    application_keypad: false,
    kitty: 0,
    modify_other_keys: 0,
    keys: KeySet::Xterm,
};

#[test]
fn legacy_keys_with_and_without_application_modes() {
    let application = KeyModes { application_cursor: true, application_keypad: true, ..LEGACY };
    for (name, normal, in_application) in [
        ("a", "a", "a"),
        ("A", "A", "A"),
        ("\u{e9}", "\\xc3\\xa9", "\\xc3\\xa9"),
        ("Enter", "\\r", "\\r"),
        ("Tab", "\\t", "\\t"),
        ("BTab", "^[[Z", "^[[Z"),
        ("Escape", "^[", "^["),
        ("BSpace", "\\x7f", "\\x7f"),
        ("C-BSpace", "\\x08", "\\x08"),
        ("M-BSpace", "^[\\x7f", "^[\\x7f"),
        ("M-Enter", "^[\\r", "^[\\r"),
        ("Space", " ", " "),
        ("C-Space", "\\x00", "\\x00"),
        ("C-a", "\\x01", "\\x01"),
        ("C-c", "\\x03", "\\x03"),
        ("C-[", "^[", "^["),
        ("C-]", "\\x1d", "\\x1d"),
        ("C-_", "\\x1f", "\\x1f"),
        ("C-/", "\\x1f", "\\x1f"),
        ("C-@", "\\x00", "\\x00"),
        ("C-2", "\\x00", "\\x00"),
        ("C-8", "\\x7f", "\\x7f"),
        ("M-x", "^[x", "^[x"),
        ("M-X", "^[X", "^[X"),
        ("C-M-x", "^[\\x18", "^[\\x18"),
        ("Up", "^[[A", "^[OA"),
        ("Left", "^[[D", "^[OD"),
        ("Home", "^[[H", "^[OH"),
        ("End", "^[[F", "^[OF"),
        ("C-Up", "^[[1;5A", "^[[1;5A"),
        ("M-S-Left", "^[[1;4D", "^[[1;4D"),
        ("F1", "^[OP", "^[OP"),
        ("F4", "^[OS", "^[OS"),
        ("S-F1", "^[[1;2P", "^[[1;2P"),
        ("F5", "^[[15~", "^[[15~"),
        ("C-F5", "^[[15;5~", "^[[15;5~"),
        ("F12", "^[[24~", "^[[24~"),
        ("IC", "^[[2~", "^[[2~"),
        ("DC", "^[[3~", "^[[3~"),
        ("PPage", "^[[5~", "^[[5~"),
        ("C-NPage", "^[[6;5~", "^[[6;5~"),
        ("KP0", "0", "^[Op"),
        ("KP9", "9", "^[Oy"),
        ("KP.", ".", "^[On"),
        ("KP/", "/", "^[Oo"),
        ("KP*", "*", "^[Oj"),
        ("KP-", "-", "^[Om"),
        ("KP+", "+", "^[Ok"),
        ("KPEnter", "\\r", "^[OM"),
        // No terminal has bytes for these, and none is made up.
        ("C-1", "-", "-"),
        ("C-\u{e9}", "-", "-"),
        ("S-1", "-", "-"),
    ] {
        assert_eq!(typed(name, LEGACY), normal, "{name}");
        assert_eq!(typed(name, application), in_application, "{name} in the application modes");
    }
}

#[test]
fn keys_in_which_terminals_differ() {
    for (term, home, end, f1, f5, modified) in [
        (None, "^[[H", "^[[F", "^[OP", "^[[15~", "^[[1;5H"),
        (Some("xterm-256color"), "^[[H", "^[[F", "^[OP", "^[[15~", "^[[1;5H"),
        (Some("tmux-256color"), "^[[1~", "^[[4~", "^[OP", "^[[15~", "^[[1;5H"),
        (Some("screen.xterm-256color"), "^[[1~", "^[[4~", "^[OP", "^[[15~", "^[[1;5H"),
        (Some("linux"), "^[[1~", "^[[4~", "^[[[A", "^[[[E", "^[[1;5H"),
        (Some("linuxish"), "^[[H", "^[[F", "^[OP", "^[[15~", "^[[1;5H"),
    ] {
        let modes = KeyModes { keys: KeySet::of(term), ..LEGACY };
        let all = ["Home", "End", "F1", "F5", "C-Home"].map(|name| typed(name, modes));
        assert_eq!(all, [home, end, f1, f5, modified], "{term:?}");
    }
}

#[test]
fn kitty_protocol_by_flags() {
    // Flags 1, 2, 8, and all of them: the tables of the protocol's specification.
    for (name, disambiguated, events, all_keys, every_flag) in [
        ("a", "a", "a", "^[[97u", "^[[97;;97u"),
        ("A", "A", "A", "^[[97;2u", "^[[97:65;2;65u"),
        ("Space", " ", " ", "^[[32u", "^[[32;;32u"),
        ("C-a", "^[[97;5u", "\\x01", "^[[97;5u", "^[[97;5u"),
        ("M-a", "^[[97;3u", "^[a", "^[[97;3u", "^[[97;3u"),
        ("M-A", "^[[97;4u", "^[A", "^[[97;4u", "^[[97;4u"),
        ("C-1", "^[[49;5u", "-", "^[[49;5u", "^[[49;5u"),
        ("C-S-a", "^[[97;6u", "\\x01", "^[[97;6u", "^[[97;6u"),
        ("Escape", "^[[27u", "^[", "^[[27u", "^[[27u"),
        ("Enter", "\\r", "\\r", "^[[13u", "^[[13u"),
        ("S-Enter", "^[[13;2u", "^[[13;2u", "^[[13;2u", "^[[13;2u"),
        ("Tab", "\\t", "\\t", "^[[9u", "^[[9u"),
        ("BTab", "^[[9;2u", "^[[9;2u", "^[[9;2u", "^[[9;2u"),
        ("BSpace", "\\x7f", "\\x7f", "^[[127u", "^[[127u"),
        ("C-BSpace", "^[[127;5u", "^[[127;5u", "^[[127;5u", "^[[127;5u"),
        ("Up", "^[[A", "^[[A", "^[[A", "^[[A"),
        ("C-Up", "^[[1;5A", "^[[1;5A", "^[[1;5A", "^[[1;5A"),
        ("Home", "^[[H", "^[[H", "^[[H", "^[[H"),
        ("F1", "^[[P", "^[[P", "^[[P", "^[[P"),
        ("F3", "^[[13~", "^[[13~", "^[[13~", "^[[13~"),
        ("S-F3", "^[[13;2~", "^[[13;2~", "^[[13;2~", "^[[13;2~"),
        ("F5", "^[[15~", "^[[15~", "^[[15~", "^[[15~"),
        ("KP5", "5", "5", "^[[57404u", "^[[57404;;53u"),
        ("KP+", "+", "+", "^[[57413u", "^[[57413;;43u"),
        ("KPEnter", "^[[57414u", "^[[57414u", "^[[57414u", "^[[57414u"),
    ] {
        let flags = [DISAMBIGUATE, EVENT_TYPES, ALL_KEYS, 31];
        // The application modes change no key of the protocol.
        let of = |kitty| typed(name, KeyModes { kitty, application_cursor: true, ..LEGACY });
        assert_eq!(flags.map(of), [disambiguated, events, all_keys, every_flag], "{name}");
    }
}

#[test]
fn modify_other_keys_by_level() {
    for (name, first, second) in [
        ("a", "a", "a"),
        ("A", "A", "A"),
        ("C-a", "\\x01", "^[[27;5;97~"),
        ("C-i", "\\t", "^[[27;5;105~"),
        ("C-Space", "\\x00", "^[[27;5;32~"),
        ("C-1", "^[[27;5;49~", "^[[27;5;49~"),
        ("C-,", "^[[27;5;44~", "^[[27;5;44~"),
        ("C-S-a", "^[[27;6;65~", "^[[27;6;65~"),
        ("M-a", "^[a", "^[[27;3;97~"),
        ("M-A", "^[A", "^[[27;4;65~"),
        ("C-Enter", "^[[27;5;13~", "^[[27;5;13~"),
        ("S-Enter", "^[[27;2;13~", "^[[27;2;13~"),
        ("Enter", "\\r", "\\r"),
        ("C-Tab", "^[[27;5;9~", "^[[27;5;9~"),
        ("BTab", "^[[Z", "^[[27;2;9~"),
        ("C-BSpace", "\\x08", "^[[27;5;127~"),
        ("Escape", "^[", "^["),
        ("C-Up", "^[[1;5A", "^[[1;5A"),
    ] {
        let of = |level| typed(name, KeyModes { modify_other_keys: level, ..LEGACY });
        assert_eq!([of(1), of(2)], [first, second], "{name}");
    }
}

#[test]
fn key_without_bytes_is_named() {
    let keys = ["a", "C-1", "b"].map(|name| name.parse().expect("a key"));
    let error = encode_all(&keys, LEGACY).expect_err("C-1 has no bytes").to_string();
    assert!(error.starts_with("key 'C-1' cannot be typed: "), "{error}");
    let extended = KeyModes { kitty: DISAMBIGUATE, ..LEGACY };
    assert_eq!(encode_all(&keys, extended), Ok(b"a\x1b[49;5ub".to_vec()));
}
