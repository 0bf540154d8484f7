//! coshell gives any terminal *coprocesses* (a program that reads all that the shell prints, and whose output is
//! typed into it) and *triggers* (a regular expression on the output that starts an action). It starts the shell
//! in a pty of its own and stands between it and the real terminal.
//!
//! This library is the inside of the binary and exists for its tests; it is no public interface. Its docs are the
//! map of the house.
//!
//! # The rule
//!
//! [`core`] decides everything and touches nothing: it takes `(now, Input)`, holds the bytes in transit, and appends
//! `Effect`s to a list. [`sys`] makes system calls and decides nothing. [`host`] is the loop where the two meet. So
//! whatever is hard here is a test without a pty (`core/tests.rs`), and a log (`--log`) is a list of inputs.
//!
//! # Floors
//!
//! A room uses rooms on lower floors only; `tests/house.rs` reads the `use` lines and keeps it so.
//!
//! | floor | rooms | for |
//! | --- | --- | --- |
//! | 0 | [`types`] | the nouns that every room needs |
//! | 1 | [`core`] | decides: no descriptor, no clock, no errno; `regex` lives here |
//! | 1 | [`sys`] | system calls behind owned types; every `unsafe` and every `cfg` of the project |
//! | 1 | [`wire`] | bytes to messages and back: JSON-RPC |
//! | 1 | [`error`] | what is refused at the start, in sentences |
//! | 2 | [`cli`] | records what was typed, looks nothing up |
//! | 2 | [`host`] | the loop: wait, mark, serve, perform |
//! | 3 | [`config`] | arguments to a checked setup |
//! | 4 | [`cmd`] | one file for each thing that the binary does |
//! | 5 | `main` | parse, call, exit status |
//!
//! # Rooms of `core`
//!
//! | file | for |
//! | --- | --- |
//! | `mod`, `surface` | `Core` takes an `Input` to the machine that it is for; what goes in and comes out |
//! | `ports` | what may be read of each port and what each is given; bytes that come in, ends that are closed |
//! | `output` | the shell's output: to the screen, to the coprocess, to whoever reads lines |
//! | `keyboard` | the keyboard's bytes: typed, locked out, or turned into an overdue signal |
//! | `deeds` | what follows when a trigger fires; how a coprocess is started |
//! | `ending` | how the coprocess, its silence and the session end |
//! | `history/` | what went to the terminal, kept (`tape`), the numbered lines that are made of it when somebody asks (`lines`), the commands (`marks`) |
//! | `notes` | notes on lines, captured lines, named marks, variables |
//! | `picture/` | the screen as a person sees it, by a terminal emulation; the bytes that draw it anew |
//! | `screen/`, `notices` | the queue towards the terminal; what coshell itself shows on it and how that is drawn; the screen given away and taken back |
//! | `typing` | the queue towards the pty: keyboard and coprocess merged, sequences and pastes kept whole |
//! | `keys/` | the hotkey inside the keyboard's bytes; the keys of the menu |
//! | `popup`, `menu/` | when the menu opens, what becomes of the output meanwhile and what its keys do; what it says |
//! | `columns` | how wide text is, on the terminal that takes it to be widest |
//! | `indicator` | what the window's title says of the coprocess |
//! | `outbox`, `tail` | a bounded queue; a bounded end of a stream |
//! | `lending` | the terminal lent to another program for a while |
//! | `session` | the shell's life, the exit status |
//! | `coproc/` | the coprocess: what it is given (`intake`) and in which form (`reading`), what it says (`speech`), how it ends (`process`), how its silence looks; what there is to tell (`record`) |
//! | `order` | a command to run, and how a sentence names it |
//! | `zmodem/` | follows a transfer, so that a broken one leaves the shell usable (`recovery`); its end (`fin`); what is a header (`header`), what is text (`text`) |
//! | `background` | the commands of `run` |
//! | `readers` | who reads the lines, as triggers, coprocesses and subscribers come and go |
//! | `watch` | which lines matter, when the output rests, the raw bytes of the unfinished line |
//! | `text/` | escape sequences, modes, lines as a person reads them |
//! | `trigger/` | which trigger fires on which line; what a pattern is, and what is wrong with a bad one (`pattern`) |
//! | `rule` | a trigger with its actions, made of its options |
//! | `action/` | what triggers do: one file and one line in `KINDS` each |
//! | `command` | what a control client may ask: one enum for the command line, the wire and the documents |
//! | `control/` | what it is answered, and who is told of events |
//!
//! # Where one thing is added
//!
//! *A control command:* a variant of `core::command::Command`, an arm in `core/control`, and one in `cmd/answer`
//! that prints it. *An action:* a file in `core/action/` and a line in `KINDS`; the options, the help, the man page and the tests
//! iterate it. *An option of a trigger:* a line in `core::rule::MODIFIERS` and an arm below it. *A new ability of the
//! system:* a variant of `Effect`, and the arm in `host/perform.rs` that the compiler then asks for.

pub mod cli;
pub mod cmd;
pub mod config;
pub mod core;
pub mod error;
pub mod host;
pub mod sys;
pub mod types;
pub mod wire;
