//! Rules for well-known tokens: shapes that the issuers document, so that other text hardly ever has them.

use std::borrow::Cow;

use regex::bytes::Regex;

use super::Rule;

/// Names and patterns. `\b` and classes are of ASCII, which is faster.
const RULES: &[(&str, &str)] = &[
    ("aws-key", r"(?-u)\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    ("aws-secret", r#"(?i-u)\baws_?secret_?(?:access_?)?key["']?\s*[=:]\s*["']?([a-z0-9/+=]{40})"#),
    ("github", r"(?-u)\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})"),
    ("gitlab", r"(?-u)\bgl(?:pat|dt|rt|cbt|ptt)-[A-Za-z0-9_-]{20,255}"),
    ("slack", r"(?-u)\bxox[abeoprs]-[A-Za-z0-9-]{10,255}"),
    ("google", r"(?-u)\bAIza[A-Za-z0-9_-]{35}"),
    ("jwt", r"(?-u)\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    ("authorization", r#"(?i-u)\bauthorization["']?\s*[:=]\s*["']?(?:bearer|basic|token)\s+([a-z0-9._~+/=-]{8,})"#),
    ("url-password", r"(?i-u)\b[a-z][a-z0-9+.-]*://[^\s/:@]*:([^\s/@]+)@"),
    ("npm", r"(?-u)\bnpm_[A-Za-z0-9]{36}"),
    ("pypi", r"(?-u)\bpypi-[A-Za-z0-9_-]{50,}"),
    ("stripe", r"(?-u)\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}"),
    ("ai-key", r"(?-u)\bsk-(?:(?:ant|proj|svcacct|admin|or)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{32,})"),
    // What stands behind it on the same line, as in JSON; `key_block` hides the lines below it.
    ("private-key", r"(?s-u)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----([^-]+)"),
];

/// Returns the rules.
pub(super) fn rules() -> impl Iterator<Item = Rule> {
    let rule = |(name, pattern): &(&'static str, &str)| Rule {
        name: Cow::Borrowed(*name),
        regex: Regex::new(pattern).expect("the tests compile each pattern"),
    };
    RULES.iter().map(rule)
}

/// Returns an example of a secret for each rule: the rule's name, a text and the hidden part of it.
#[cfg(test)]
pub(crate) fn samples() -> Vec<(&'static str, String, String)> {
    let (hex, long) = ("0123456789abcdef", "aB3dE5gH7jK9mN1pQ3sT5vW7xY9zA1cD3fG5hJ7k");
    let whole = |name, secret: String| (name, format!("x {secret} y"), secret);
    let part = |name, before: &str, secret: String, after: &str| (name, format!("{before}{secret}{after}"), secret);
    vec![
        whole("aws-key", "AKIAIOSFODNN7EXAMPLE".to_owned()),
        part("aws-secret", "aws_secret_access_key = ", long.to_owned(), ""),
        whole("github", format!("ghp_{}", &long[..36])),
        whole("github", format!("github_pat_11ABCDEFG0{long}")),
        whole("gitlab", format!("glpat-{}", &long[..20])),
        whole("slack", "xoxb-123456789012-abcdefABCDEF".to_owned()),
        whole("google", format!("AIza{}", &long[..35])),
        whole("jwt", format!("eyJ{hex}.eyJ{hex}.{long}")),
        part("authorization", "Authorization: Bearer ", long.to_owned(), ""),
        part("authorization", "curl -H 'authorization: token ", long[..20].to_owned(), "' x"),
        part("url-password", "postgres://me:", "hunter2".to_owned(), "@host/db"),
        whole("npm", format!("npm_{}", &long[..36])),
        whole("pypi", format!("pypi-AgEIcHlwaS5vcmc{long}")),
        whole("stripe", format!("sk_live_{}", &long[..24])),
        whole("ai-key", format!("sk-ant-api03-{long}-{hex}")),
        whole("ai-key", format!("sk-{long}{hex}")),
        part(
            "private-key",
            "\"-----BEGIN RSA PRIVATE KEY-----",
            format!("\\n{long}\\n"),
            "-----END RSA PRIVATE KEY-----\"",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::Redactor;
    use super::*;

    #[test]
    fn each_rule_hides_its_samples() {
        let redactor = Redactor::default();
        let mut seen = Vec::new();
        for (name, text, secret) in samples() {
            let redacted = String::from_utf8_lossy(&redactor.redact(text.as_bytes())).into_owned();
            assert_eq!(redacted, text.replace(&secret, &format!("[redacted:{name}]")), "{name}");
            seen.push(name);
        }
        for (name, _) in RULES {
            assert!(seen.contains(name), "{name} has no sample");
        }
    }

    #[test]
    fn other_text_is_kept() {
        let redactor = Redactor::default();
        for text in [
            "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "550e8400-e29b-41d4-a716-446655440000",
            "https://example.com:8080/path@v1?user=a:b@c",
            "git@github.com:owner/name.git ssh://git@host:22/x",
            "see file://localhost/a and http://[::1]:80/",
            "task-force sk-learn sk-toggleable__label-arrow disk-encryption-is-on-for-all-of-them",
            "AKIA is the prefix; AKIAIOSFODNN7EXAMPLEX has a letter more",
            "ghp_short github_pat npm_config_registry npm_lifecycle_event pypi-server",
            "xoxo-gossip AIza eyJhbGciOiJIUzI1NiJ9 alone",
            "the authorization: none; Authorization header; authorization=basic",
            "sk_live stripe risk_live_and_let_die",
            "-----BEGIN CERTIFICATE----- -----BEGIN PUBLIC KEY-----",
            "12:34:56@host user:group@domain",
            "aws_secret_access_key = $SECRET",
        ] {
            assert_eq!(String::from_utf8_lossy(&redactor.redact(text.as_bytes())), text);
        }
    }
}
