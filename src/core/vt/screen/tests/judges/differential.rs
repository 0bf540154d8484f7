//! The screen compared with the judges on generated streams.

use proptest::prelude::*;

use super::rules::{RULES, Rule};
use super::streams::tokens;
use super::{Judge, alone, escaped, fed, our_view};
use crate::core::vt::screen::Screen;
use crate::core::vt::work::Work;
use crate::types::Size;

const SIZE: Size = Size { rows: 8, cols: 20, xpixel: 0, ypixel: 0 };

/// Returns the stream of the tokens without those for which a rule says that `judge` may differ, and the screen after it.
fn without_rules(tokens: &[String], judge: Judge) -> (String, Screen) {
    let (mut stream, mut screen) = (String::new(), Screen::new(SIZE));
    let rules: Vec<&Rule> = RULES.iter().filter(|rule| rule.who.contains(&judge)).collect();
    for token in tokens {
        if !rules.iter().any(|rule| (rule.applies)(&screen, token)) {
            stream.push_str(token);
            screen.feed(token.as_bytes(), &mut Work::unlimited());
        }
    }
    (stream, screen)
}

/// Returns the first difference between the screen and a judge that no rule allows.
fn difference(tokens: &[String], judge: Judge) -> Option<String> {
    let (stream, screen) = without_rules(tokens, judge);
    let theirs = judge.view(stream.as_bytes(), SIZE)?;
    let difference = judge.difference(&our_view(&screen), &theirs)?;
    Some(format!("{difference}, after {}", escaped(stream.as_bytes())))
}

proptest! {
    #[test]
    fn screen_agrees_with_alacritty(tokens in tokens()) {
        prop_assert_eq!(difference(&tokens, Judge::Alacritty), None);
    }

    #[test]
    fn screen_agrees_with_vt100(tokens in tokens()) {
        prop_assert_eq!(difference(&tokens, Judge::Vt100), None);
    }

    #[test]
    fn screen_agrees_with_xterm_js(tokens in tokens()) {
        prop_assert_eq!(difference(&tokens, Judge::Xterm), None);
    }
}

proptest! {
    // Each stream needs a server of its own.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn screen_agrees_with_tmux(tokens in tokens()) {
        prop_assert_eq!(difference(&tokens, Judge::Tmux), None);
    }
}

#[test]
fn each_rule_names_those_that_differ() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let ours = our_view(&fed(rule.example.as_bytes(), SIZE));
        let mut views = Vec::new();
        for judge in Judge::ALL {
            let Some(theirs) = judge.view(rule.example.as_bytes(), SIZE) else { continue };
            let difference = judge.difference(&ours, &theirs);
            if rule.who.contains(&judge) != difference.is_some() {
                wrong.push(format!("{}: {judge:?}: {difference:?}", rule.case));
            }
            views.push((judge, theirs));
        }
        if views.len() == Judge::ALL.len() {
            wrong.extend(alone(&ours, &views).map(|place| format!("{}: no emulation has {place}", rule.case)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
