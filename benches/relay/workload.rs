//! Output of the inner program, the same in every run, and patterns that do not match it.

use std::io::Write as _;

/// Kind of output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// Whether the inner tty is put into raw mode, so that it changes no byte.
    pub(crate) raw: bool,
    /// Whether each line is a write, as by a line-buffered program; otherwise 64 KiB are.
    pub(crate) by_line: bool,
}

const fn workload(name: &'static str, what: &'static str) -> Workload {
    Workload { name, what, raw: false, by_line: false }
}

/// All workloads.
pub(crate) const ALL: [Workload; 7] = [
    workload("log", "log lines of about 100 bytes"),
    workload("colour", "256 and 24-bit colours around every word"),
    workload("cjk", "Chinese, Japanese, Korean, accents, emoji"),
    Workload { by_line: true, ..workload("short", "lines of 20 to 60 bytes, a write for each") },
    workload("tiny", "y and a line feed"),
    workload("endless", "one line without an end"),
    Workload { raw: true, ..workload("noise", "random 8-bit bytes, the inner tty in raw mode") },
];

/// Size of the block that is printed repeatedly.
const BLOCK: usize = 512 * 1024;

/// Returns the workload with the name `name`.
pub(crate) fn named(name: &str) -> Option<Workload> {
    ALL.into_iter().find(|workload| workload.name == name)
}

/// Pseudo-random number generator with a fixed seed (SplitMix64).
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

const LEVELS: [&str; 4] = ["INFO", "INFO", "DEBUG", "WARN"];
const PARTS: [&str; 6] = ["http", "store", "queue", "auth", "mail", "cache"];
const WORDS: [&str; 10] =
    ["Compiling", "warning:", "src/lib.rs:17:5", "unused", "note:", "let", "=>", "match", "finished", "test"];
const WIDE: &str = "端末出力検査文字列行列変換漢字仮名交文简体中文终端测试輸出한글출력시험éüñçßø→✓🚀🐚";

impl Workload {
    /// Returns the block that the inner program writes repeatedly.
    pub(crate) fn block(&self) -> Vec<u8> {
        let mut rng = Rng(7);
        let mut out = Vec::with_capacity(BLOCK + 4096);
        let mut number = 0;
        while out.len() < BLOCK {
            number += 1;
            self.line(number, &mut rng, &mut out);
        }
        out
    }

    fn line(&self, number: u64, rng: &mut Rng, out: &mut Vec<u8>) {
        match self.name {
            "log" => {
                let (level, part, id) = (rng.pick(&LEVELS), rng.pick(&PARTS), rng.next() as u32);
                let (seconds, millis) = (number / 1000 % 60, number % 1000);
                let (size, spent) = (rng.below(90_000), rng.below(900));
                let text = format!(
                    "2026-01-31 12:07:{seconds:02}.{millis:03} {level:5} {part} request {id:08x} GET /items/{number} \
                     answered with {size} bytes after {spent} ms\n"
                );
                out.extend_from_slice(text.as_bytes());
            }
            "colour" => {
                for _ in 0..8 {
                    let (word, [r, g, b]) = (rng.pick(&WORDS), [(); 3].map(|()| rng.below(256)));
                    let text = match rng.below(2) {
                        0 => format!("\x1b[1;38;5;{r}m{word}\x1b[0m "),
                        _ => format!("\x1b[38;2;{r};{g};{b}m{word}\x1b[39m "),
                    };
                    out.extend_from_slice(text.as_bytes());
                }
                out.push(b'\n');
            }
            "cjk" => {
                let wide: Vec<char> = WIDE.chars().collect();
                let text: String = (0..36).map(|i| if i % 9 == 8 { ' ' } else { rng.pick(&wide) }).collect();
                out.extend_from_slice(text.as_bytes());
                out.push(b'\n');
            }
            "short" => {
                let start = out.len();
                let length = 20 + rng.below(30) as usize;
                while out.len() < start + length {
                    out.extend_from_slice(rng.pick(&WORDS).as_bytes());
                    out.push(b' ');
                }
                out.push(b'\n');
            }
            "tiny" => out.extend_from_slice(b"y\n"),
            "endless" => drop(write!(out, "{} {:x} ", rng.pick(&WORDS), rng.next())),
            _ => out.extend_from_slice(&rng.next().to_le_bytes()),
        }
    }

    /// Returns a block as the terminal receives it: CR LF for LF (ONLCR), unless the inner tty is raw.
    pub(crate) fn shown(&self, block: &[u8]) -> Vec<u8> {
        if self.raw {
            return block.to_vec();
        }
        let mut out = Vec::with_capacity(block.len() * 3 / 2);
        for &byte in block {
            if byte == b'\n' {
                out.push(b'\r');
            }
            out.push(byte);
        }
        out
    }
}

/// Returns `count` patterns of usual kinds, none of which matches any workload.
pub(crate) fn patterns(count: usize) -> Vec<String> {
    let pattern = |i: usize| match i % 8 {
        0 => format!("error\\[E{i:04}\\]"),
        1 => format!("(?i)passphrase for key .*id_{i}:"),
        2 => format!("^\\[sudo\\] password for user{i}: "),
        3 => format!("(segfault|oops|panic): .*at line {i}$"),
        4 => format!("[A-Z][a-z]+-{i}\\.example\\.(com|org)"),
        5 => format!("\\bFAILED\\b.*case_{i}\\b"),
        6 => format!("^Traceback .*{i}"),
        _ => format!("job {i} (is done|was killed) after \\d+ s"),
    };
    (0..count).map(pattern).collect()
}
