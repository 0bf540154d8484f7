//! Checks the structure that `ARCHITECTURE.md` describes: the layers of modules, no import cycle, the modules of `unsafe`
//! and `cfg`, and a core without system calls.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// The top-level modules and their layers. A module uses modules of lower layers, and itself.
const LAYERS: &[(&str, u8)] = &[
    ("types", 0),
    ("fault", 0),
    ("display", 0),
    ("wire", 0),
    ("core", 1),
    ("sys", 1),
    ("error", 1),
    ("zmodem", 1),
    ("cli", 2),
    ("host", 2),
    ("import", 2),
    ("suggest", 2),
    ("config", 3),
    ("cmd", 4),
    ("lib", 5),
    ("main", 5),
];

/// The modules of `core`, lowest first. A module uses those above it in this list, and itself.
const CORE_ORDER: &[&str] = &[
    "write_buffer",
    "width",
    "stderr_tail",
    "command_line",
    "notices",
    "rpc_error",
    "access",
    "redact",
    "named_enum",
    "event_kind",
    "state_kind",
    "key_press",
    "source_place",
    "request",
    "response",
    "event",
    "password",
    "session",
    "limiter",
    "background",
    "annotations",
    "vt",
    "history",
    "trigger",
    "notifications",
    "session_event",
    "transfer",
    "recorder",
    "coproc",
    "input",
    "output",
    "settings",
    "confirm",
    "pending",
    "lend",
    "menu",
    "control",
    "bare_relay",
    "guarded",
    "replay",
];

/// Crates with the modules that may use them.
const CRATES: &[(&str, &[&str])] = &[
    ("regex", &["core"]),
    ("regex_automata", &["core"]),
    ("regex_syntax", &["core", "import"]),
    ("plist", &["import"]),
    ("tui_input", &["core"]),
    // clap derives the subcommands from the enum of requests in the core.
    ("clap", &["cli", "cmd", "core"]),
    ("clap_complete", &["cli", "cmd"]),
    ("toml", &["config"]),
    ("annotate_snippets", &["config"]),
    ("mio", &["host", "sys"]),
    ("signal_hook_mio", &["sys"]),
    ("signal_hook", &["sys"]),
];

/// Type names that may be defined more than once, with the reason.
const SAME_NAME: &[(&str, &str)] = &[
    ("Err", "the associated type of `FromStr`"),
    ("Error", "the associated type of `TryFrom`"),
    ("Item", "the associated type of `Iterator`"),
    ("Output", "the associated type of `regex_syntax::hir::Visitor`"),
];

/// A module: a file of `src`.
struct Module {
    /// `src/core/vt/mod.rs`.
    file: String,
    /// `core::vt`; empty for `lib.rs`.
    path: Vec<String>,
    /// The file's text without comments, strings kept.
    code: String,
    /// Imported names with their absolute paths.
    imports: Vec<(String, Vec<String>)>,
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is valid")
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("src is readable");
    let paths = entries.map(|entry| entry.expect("src is readable").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Returns every Rust file of `src` that is no test, without comments and tests.
fn modules() -> &'static [Module] {
    static MODULES: LazyLock<Vec<Module>> = LazyLock::new(read_modules);
    &MODULES
}

fn read_modules() -> Vec<Module> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let rust = files(&root).into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let read = |path: PathBuf| {
        let file = path.strip_prefix(&root).expect("the file is in src").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("the file is readable");
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.join("\n").split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
        let path: Vec<String> = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        let path = path.into_iter().filter(|part| part != "mod" && part != "lib").collect();
        Module { file, path, code, imports: Vec::new() }
    };
    let is_test =
        |module: &Module| ["tests", "fuzzing", "split.rs", "simulation"].iter().any(|part| module.file.contains(part));
    let mut modules: Vec<Module> = rust.map(read).filter(|module| !is_test(module)).collect();
    let known: BTreeSet<Vec<String>> = modules.iter().map(|module| module.path.clone()).collect();
    for module in &mut modules {
        module.imports = imports(module, &known);
    }
    modules
}

impl Module {
    /// Returns the top-level module around the module.
    fn top(&self) -> &str {
        self.path.first().map_or("lib", String::as_str)
    }
}

/// Appends the paths of a `use` tree, each with the imported name.
fn flatten(tree: &str, prefix: &[String], paths: &mut Vec<(String, Vec<String>)>) {
    let tree = tree.trim();
    if let Some((head, rest)) = tree.split_once('{') {
        let mut prefix = prefix.to_vec();
        prefix.extend(head.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
        let (mut depth, mut start) = (0, 0);
        let body = &rest[..rest.rfind('}').unwrap_or(rest.len())];
        for (at, byte) in body.bytes().enumerate() {
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                b',' if depth == 0 => {
                    flatten(&body[start..at], &prefix, paths);
                    start = at + 1;
                }
                _ => {}
            }
        }
        return flatten(&body[start..], &prefix, paths);
    }
    if tree.is_empty() {
        return;
    }
    let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias)));
    let mut whole = prefix.to_vec();
    whole.extend(path.split("::").map(|part| part.trim().to_owned()));
    whole.retain(|part| !part.is_empty());
    if whole.last().is_some_and(|last| last == "self") {
        whole.pop();
    }
    let name = alias.map(|alias| alias.trim().to_owned()).or_else(|| whole.last().cloned());
    paths.push((name.unwrap_or_default(), whole));
}

/// Returns a path in `module` as seen from the crate's root; `None` for a path in another crate.
fn absolute(module: &[String], path: &[String], known: &BTreeSet<Vec<String>>) -> Option<Vec<String>> {
    let supers = path.iter().take_while(|part| *part == "super").count();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module, &path[1..]].concat()),
        "super" => Some([module.get(..module.len().checked_sub(supers)?)?, &path[supers..]].concat()),
        child => known.contains(&[module, &[child.to_owned()]].concat()).then(|| [module, path].concat()),
    }
}

fn imports(module: &Module, known: &BTreeSet<Vec<String>>) -> Vec<(String, Vec<String>)> {
    static USES: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?m)^\s*(?:pub(?:\([^)]*\))?\s+)?use\s+([^;]+);"));
    static INLINE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"\b((?:crate|super|self|[a-z_]+)(?:::[a-z_][a-z0-9_]*)*::[A-Za-z_]+)"));
    static VISIBILITY: LazyLock<Regex> = LazyLock::new(|| pattern(r"pub\(in [^)]*\)"));
    let mut written = Vec::new();
    USES.captures_iter(&module.code).for_each(|found| flatten(&found[1], &[], &mut written));
    let code = USES.replace_all(&module.code, "");
    let code = VISIBILITY.replace_all(&code, "");
    let inside = INLINE.captures_iter(&code).map(|found| {
        let path: Vec<String> = found[1].split("::").map(str::to_owned).collect();
        (String::new(), path)
    });
    written.extend(inside);
    let resolved = written.into_iter().map(|(name, path)| Some((name, absolute(&module.path, &path, known)?)));
    resolved.flatten().collect()
}

/// Returns the module that defines the item of `path`, behind re-exports.
fn definer(path: &[String], modules: &BTreeMap<Vec<String>, &Module>, depth: u8) -> Option<Vec<String>> {
    let end = (0..=path.len()).rev().find(|&end| modules.contains_key(&path[..end]))?;
    let module = modules[&path[..end]];
    if let Some(item) = path.get(end)
        && depth < 8
        && let Some((_, imported)) = module.imports.iter().find(|(name, _)| name == item)
        && imported != path
        && let Some(found) = definer(imported, modules, depth + 1)
    {
        return Some(found);
    }
    Some(module.path.clone())
}

/// Returns the modules that each module uses, without re-exports.
fn edges(modules: &[Module]) -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    let by_path: BTreeMap<Vec<String>, &Module> = modules.iter().map(|module| (module.path.clone(), module)).collect();
    let used = |module: &Module| {
        let paths = module.imports.iter().filter_map(|(_, path)| definer(path, &by_path, 0));
        paths.filter(|used| *used != module.path).collect()
    };
    modules.iter().map(|module| (module.path.clone(), used(module))).collect()
}

fn layer(top: &str) -> u8 {
    LAYERS.iter().find(|(name, _)| *name == top).unwrap_or_else(|| panic!("{top} has no layer")).1
}

#[test]
fn modules_use_lower_layers_only() {
    for (module, used) in edges(modules()) {
        let top = module.first().map_or("lib", String::as_str);
        for other in used {
            let Some(below) = other.first().filter(|below| *below != top) else { continue };
            let (module, other) = (module.join("::"), other.join("::"));
            assert!(layer(below) < layer(top), "{module} uses {other}, which is not of a lower layer");
        }
    }
}

#[test]
fn core_modules_use_earlier_ones_only() {
    let place = |name: &str| {
        CORE_ORDER.iter().position(|known| *known == name).unwrap_or_else(|| panic!("{name} has no place in core"))
    };
    for (module, used) in edges(modules()).into_iter().filter(|(module, _)| module.len() > 1 && module[0] == "core") {
        for other in used.into_iter().filter(|other| other.first().is_some_and(|top| top == "core")) {
            let (name, whole) = (module.join("::"), other.join("::"));
            if other.len() == 1 {
                // The guard and the replay stand above the router.
                let is_above = ["core::guarded", "core::replay"].contains(&&*name);
                assert!(is_above, "{name} uses what core/mod.rs defines");
                continue;
            }
            let allowed = other[1] == module[1] || place(&other[1]) < place(&module[1]);
            assert!(allowed, "{name} uses {whole}, which stands behind it");
        }
    }
}

/// A folder counts as one module: its files may use what its `mod.rs` defines.
#[test]
fn no_import_cycle() {
    let mut edges = edges(modules());
    for (module, used) in &mut edges {
        used.retain(|other| !module.starts_with(other));
    }
    let reached = |from: &Vec<String>| {
        let (mut reached, mut next) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(module) = next.pop() {
            next.extend(edges[&module].iter().filter(|used| reached.insert((*used).clone())).cloned());
        }
        reached
    };
    let reach: BTreeMap<&Vec<String>, BTreeSet<Vec<String>>> =
        edges.keys().map(|module| (module, reached(module))).collect();
    let in_cycle = |module: &&Vec<String>| reach[*module].contains(*module);
    let shown: Vec<String> = edges
        .keys()
        .filter(in_cycle)
        .map(|module| {
            let back = edges[module].iter().filter(|used| reach[used].contains(module));
            let back: Vec<String> = back.map(|used| used.join("::")).collect();
            format!("{} -> {}", module.join("::"), back.join(", "))
        })
        .collect();
    assert!(shown.is_empty(), "modules in cycles:\n{}", shown.join("\n"));
}

#[test]
fn core_is_a_router_of_bounded_size() {
    let implements = pattern(r"(?m)^\s*impl(?:<[^>]*>)?\s+(?:[\w:]+\s+for\s+)?Core\b");
    for module in modules().iter().filter(|module| module.file != "core/mod.rs") {
        assert!(!implements.is_match(&module.code), "{} implements Core; only core/mod.rs may", module.file);
    }
    let core = modules().iter().find(|module| module.file == "core/mod.rs").expect("core/mod.rs exists");
    let fields = core
        .code
        .split("pub struct Core {")
        .nth(1)
        .and_then(|rest| rest.split('}').next())
        .expect("core/mod.rs defines Core");
    let fields = fields.lines().filter(|line| line.contains(": ")).count();
    let body = core
        .code
        .split("\nimpl Core {")
        .nth(1)
        .and_then(|rest| rest.split("\n}").next())
        .expect("core/mod.rs implements Core");
    let methods = pattern(r"(?m)^    (?:pub )?fn ").find_iter(body).count();
    assert!(fields <= 12, "Core has {fields} fields");
    assert!(methods <= 40, "Core has {methods} methods");
}

#[test]
fn type_names_are_defined_once() {
    let defines = pattern(r"(?m)^\s*(?:pub(?:\([^)]*\))?\s+)?(?:struct|enum|trait|type)\s+(\w+)");
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for module in modules() {
        for found in defines.captures_iter(&module.code) {
            all.entry(found[1].to_owned()).or_default().insert(module.file.clone());
        }
    }
    let is_allowed = |name: &str| SAME_NAME.iter().any(|(known, _)| *known == name);
    let twice: Vec<_> = all.into_iter().filter(|(name, files)| files.len() > 1 && !is_allowed(name)).collect();
    assert!(twice.is_empty(), "type names that are defined more than once: {twice:#?}");
}

#[test]
fn each_crate_stays_in_its_modules() {
    for (name, allowed) in CRATES {
        let used = pattern(&format!(r"(?m)^\s*(?:pub )?use {name}\b|[^\w:]{name}::"));
        for module in modules() {
            let allowed = allowed.contains(&module.top());
            assert!(allowed || !used.is_match(&module.code), "{} uses {name}", module.file);
        }
    }
}

#[test]
fn unsafe_and_cfg_live_in_sys() {
    let dangerous = pattern(r"\bunsafe\b|allow\(unsafe_code\)");
    let conditional = pattern(r"cfg!?\((?:any\(|all\(|not\()*(?:target|unix|windows)");
    for module in modules().iter().filter(|module| module.top() != "sys") {
        assert!(!dangerous.is_match(&module.code), "{} has unsafe code", module.file);
        assert!(!conditional.is_match(&module.code), "{} depends on the system", module.file);
    }
}

#[test]
fn core_has_no_system_and_no_clock() {
    let impure =
        pattern(r"std::(?:io|fs|net|process|env|thread|os)\b|Instant::now|SystemTime|\b(?:nix|mio|libc|termios)::");
    for module in
        modules().iter().filter(|module| ["core", "import", "suggest", "wire", "zmodem"].contains(&module.top()))
    {
        // A cursor reads bytes in memory.
        let code = module.code.replace("std::io::Cursor", "");
        let found = impure.find(&code).map(|found| found.as_str());
        assert!(found.is_none(), "{}: {found:?}", module.file);
    }
}

#[test]
fn process_is_left_through_main_only() {
    let leaves = pattern(r"process::(?:exit|abort)\b");
    for module in modules() {
        assert!(!leaves.is_match(&module.code), "{} ends the process: the terminal would not be restored", module.file);
    }
}

/// `types::reason` shows an `io::Error` without its number.
#[test]
fn system_errors_are_shown_through_one_function() {
    let shown = pattern(r"\{(?:error|err|errno|e)(?::\?)?\}|\b(?:error|err|errno|e)\.to_string\(\)");
    // These show errors of serde_json and clap and sentences of coshell; `types.rs` defines `reason`.
    let others = ["cli/refusal.rs", "core/request.rs", "wire/rpc.rs", "cmd/connection.rs", "config.rs", "types.rs"];
    for module in modules().iter().filter(|module| !others.contains(&&*module.file)) {
        let found = shown.find(&module.code).map(|found| found.as_str());
        assert!(found.is_none(), "{} shows {found:?}: use types::reason", module.file);
    }
}

#[test]
fn errors_of_core_are_types() {
    let text = pattern(r"Result<[^<>;{}]*(?:<[^<>]*>)?[^<>;{}]*, String>");
    for module in modules().iter().filter(|module| module.top() == "core") {
        let found = text.find(&module.code).map(|found| found.as_str());
        assert!(found.is_none(), "{}: {found:?}: give the error a type", module.file);
    }
}

/// Comments name their subjects, and no document that is not in the repository.
#[test]
fn comments_name_their_subjects() {
    let vague = pattern(r"(?m)^\s*//[/!]? .*(?:\b(?:[Nn]obody|[Ss]omebody|[Ww]hoever|[Ss]o many)\b|\bSPEC\b).*$");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["src", "tests", "benches"] {
        for path in files(&root.join(folder)).iter().filter(|path| path.extension().is_some_and(|end| end == "rs")) {
            let text = fs::read_to_string(path).expect("it can be read");
            let found = vague.find(&text).map(|found| found.as_str());
            assert!(found.is_none(), "{}: {found:?}: name the thing", path.display());
        }
    }
}
