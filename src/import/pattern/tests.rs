//! The table of translations. `tests/it/import_icu.rs` compares generated patterns with ICU itself.

use regex::Regex;

use super::*;

fn text(icu: &str) -> String {
    translate(icu).unwrap_or_else(|error| panic!("{icu}: {error}")).text
}

#[test]
fn patterns_are_translated() {
    for (icu, want) in [
        ("", ""),
        (r"error: (\d+) \[E0042\]", r"error: (\d+) \[E0042\]"),
        (r"\*\*B0100", r"\*\*B0100"),
        (r"^\w+@[\w.]+:.+%$", r"^\w+@[\w.]+:.+%$"),
        (r"https?:\/\/\S+", r"https?://\S+"),
        (r#"\"a\"\-\_\<\é"#, r#""a"-_<é"#),
        (r"(?i)warn(?-i)ING|x", r"(?i)warn(?-i)ING|x"),
        (r"(?i:a)(?s-m:b)(?<name>c)", r"(?i:a)(?s-m:b)(?<name>c)"),
        (r"a(?#comment)*b", "a*b"),
        (r"(?x) a b # c", "ab"),
        ("(?x)a # c\n b\\ c[d e]", "ab c[de]"),
        (r"(?:(?x)a )b c", "(?:a)b c"),
        (r"(?x: a )b c", "(?:a)b c"),
        (r"\Qa.b*\E+c", r"a\.b\*+c"),
        (r"\Q[", r"\["),
        (r"\a\e\f\n\r\t", r"\x{7}\x{1B}\x{C}\n\r\t"),
        (r"\cA\cz\c[", r"\x{1}\x{1A}\x{1B}"),
        (r"\0101\07\x41\x4\x{1F600}\u00e9\U0001F600\ud83d\ude00", "A\\x{7}A\\x{4}😀é😀😀"),
        (r"\h\H\v\V", r"[\t\p{Zs}][^\t\p{Zs}][\n\x0B\f\r\x{85}\x{2028}\x{2029}][^\n\x0B\f\r\x{85}\x{2028}\x{2029}]"),
        (r"a\R", r"a(?:\r\n|[\n\x0B\f\r\x{85}\x{2028}\x{2029}])"),
        (r"\Aa\Z|b\z", r"\Aa\z|b\z"),
        (r"\bfoo\B", r"\bfoo\B"),
        (r"\p{L}\P{Lu}\p{Greek}\p{IsGreek}\p{script=Greek}", r"\p{L}\P{Lu}\p{Greek}\p{Greek}\p{script=Greek}"),
        (r"\p{alpha}\P{punct}", r"\p{Alphabetic}\P{P}"),
        (r"[[:alpha:]_][:digit:]", r"[\p{Alphabetic}_]\p{Nd}"),
        (r"[[:^space:]]", r"[^\s]"),
        (r"[:punct:\w]", r"[:punct:\w]"),
        (r"[[a-z]&&[^aeiou]]", r"[[a-z]&&[^aeiou]]"),
        (r"[[a-z]-[aeiou]x]", r"[[[a-z]--[aeiou]]x]"),
        (r"[[a-z]&[b-d]]", r"[[a-z]&&[b-d]]"),
        (r"[^a-z--b]", r"[^[a-z]--[b]]"),
        (r"[a-c\d&&\w--[1]]", r"[[[a-c\d]&&[\w]]--[1]]"),
        (r"[]a]", r"[\]a]"),
        (r"[^]a]", r"[^\]a]"),
        (r"[-a\-b&~^-]", r"[\-a\-b\&\~\^\-]"),
        (r"[a-z----]", r"[[a-z]--[\-\-]]"),
        (r"[a&-c-e]", r"[a\&a-c\-e]"),
        (r"[\Qa]", r"[Qa]"),
        (r"[\x41-\x5a\n]", r"[A-Z\n]"),
        (r"[\h\H]", r"[\t\p{Zs}[^\t\p{Zs}]]"),
        (r"a*?b+?c??d{2}e{2,}f{2,3}?", r"a*?b+?c??d{2}e{2,}f{2,3}?"),
        (r"^*a", r"(?:^)*a"),
        (r"a++", "a+"),
        (r#""[^"]*+""#, r#""[^"]*""#),
        (r"\d++(?:px|em)", r"\d+(?:px|em)"),
        (r"\s*+$", r"\s*$"),
        (r"(a|bc*+)", "(a|bc*)"),
        (r"(?>abc|abd)e", "(?:abc|abd)e"),
        (r"(?>a|ab)", "(?:a|ab)"),
        (r"(?<!\w)foo(?!\w)", r"\b{start-half}foo\b{end-half}"),
        (r"foo(?=$)", "foo$"),
        (r"(?=\b)a(?<=\b)", r"\ba\b"),
        (r"[(?#a)]", r"[(?#a)]"),
        (r"()|a||", "()|a||"),
    ] {
        let translated = text(icu);
        assert_eq!(translated, want, "{icu}");
        Regex::new(&translated).unwrap_or_else(|error| panic!("{icu}: {error}"));
    }
}

#[test]
fn groups_are_counted() {
    for (icu, groups) in [("a", 1), ("(a)(?:b)(?<n>c)(?i:d)(?>e)", 3), (r"\((a)\Q(\E", 2), ("[(](a(b))", 3)] {
        assert_eq!(translate(icu).map(|translation| translation.groups), Ok(groups), "{icu}");
    }
}

#[test]
fn untranslatable_construct_is_named_with_its_position() {
    use IcuErrorKind::{
        Atomic, BackReference, Cluster, LookAround, NamedCharacter, Possessive, PreviousMatch, Property, UnicodeWord,
    };
    for (icu, construct, position, kind) in [
        ("foo(?=bar)", "(?=bar)", 4, LookAround),
        (r"^(?!.*(?:a|b)).*c", "(?!.*(?:a|b))", 2, LookAround),
        (r"(?<=é)b", "(?<=é)", 1, LookAround),
        (r"(?<!a)b", "(?<!a)", 1, LookAround),
        (r"(a)\1", r"\1", 4, BackReference),
        (r"(?<n>a)\k<n>", r"\k", 8, BackReference),
        (r"a++a", "++", 2, Possessive),
        (r"(a*+)*", "*+", 3, Possessive),
        (r".*+b", "*+", 2, Possessive),
        (r"(?i)a*+A", "*+", 6, Possessive),
        (r"a*+b?c", "*+", 2, Possessive),
        (r"(\b)*+", "*+", 5, Possessive),
        (r"(?>a|ab)c", "(?>a|ab)", 1, Atomic),
        (r"\X", r"\X", 1, Cluster),
        (r"a\G", r"\G", 2, PreviousMatch),
        (r"(?w)a\b", r"\b", 6, UnicodeWord),
        (r"\N{BULLET} a", r"\N{BULLET}", 1, NamedCharacter),
        (r"[\N{BULLET}]", r"\N{BULLET}", 2, NamedCharacter),
        (r"\p{InGreek}", r"\p{InGreek}", 1, Property),
        (r"[a[:nothing:]]", "[:nothing:]", 3, Property),
    ] {
        let error = translate(icu).expect_err(icu);
        assert_eq!((&*error.construct, error.position, error.kind), (construct, position, kind), "{icu}");
    }
}

#[test]
fn faulty_pattern_is_refused_as_by_icu() {
    for icu in [
        "[]",
        "a}b",
        "{a",
        "a{",
        "a{,3}",
        "a{2,1}",
        "a**",
        r"\b+",
        "(?i)*a",
        r"[a-\d]",
        "[:foo:]",
        r"\pL",
        r"\08",
        r"\xg",
        r"\u41",
        r"\ud83d",
        "a{2}{3}",
        "(?<n_>a)",
        "(?<n>a)(?<n>b)",
        "(?P<n>a)",
        "(?'n'a)",
        "[--a]",
        "[&&a]",
        "[a&&]",
        "[&-&]",
        "[z-a]",
        "(?:a",
        "a)",
        "(?",
        "(?a)a",
        "(a",
        "[a",
        r"\",
        "(?#a",
        "a|*",
    ] {
        let error = translate(icu).expect_err(icu);
        let by_icu = matches!(error.kind, IcuErrorKind::Malformed(_) | IcuErrorKind::Property);
        assert!(by_icu && !error.construct.is_empty(), "{icu}: {error}");
    }
}

#[test]
fn deep_pattern_is_refused() {
    for icu in ["(".repeat(100_000), "[a".repeat(100_000), "(?=".repeat(100_000)] {
        assert_eq!(translate(&icu).expect_err("it is too deep").kind, IcuErrorKind::Depth);
    }
}

#[test]
fn error_is_a_sentence_with_the_place() {
    let sentence = translate("foo(?=bar)").expect_err("it looks around").to_string();
    assert!(sentence.starts_with("'(?=bar)' at character 4 of the pattern looks around, which"), "{sentence}");
    let sentence = translate("(a").expect_err("it is not closed").to_string();
    assert!(
        sentence.starts_with("'(a' at character 1 of the pattern is not closed, so the trigger never"),
        "{sentence}"
    );
}
