//! Kinds of events to which a client subscribes.

use super::named_enum::named_enum;

named_enum! {
    /// Kind of an event, named by the `type` of its JSON object.
    pub enum EventKind: "kind of event", "kinds" {
        /// A finished line.
        Line = "line",
        /// An unfinished line on which the output rests.
        Prompt = "prompt",
        /// A command began.
        CommandStart = "command-start",
        /// A command ended.
        CommandEnd = "command-end",
        /// The shell changed its directory.
        Directory = "directory",
        /// The shell is on another host.
        Host = "host",
        /// The shell is that of another user.
        User = "user",
        /// A program gave a variable another value.
        Variable = "variable",
        /// The window has another size.
        Resize = "resize",
        /// A trigger fired.
        Trigger = "trigger",
        /// A coprocess was started.
        CoprocStart = "coproc-start",
        /// The coprocess has ended.
        CoprocEnd = "coproc-end",
        /// The coprocess wrote to stderr.
        CoprocStderr = "coproc-stderr",
        /// A notice is shown to the user.
        Notice = "notice",
        /// The session does something else than before.
        State = "state",
        /// The shell has ended.
        Exit = "exit",
    }
}
