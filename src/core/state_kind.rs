//! What a session does, in one word.

use super::named_enum::named_enum;

named_enum! {
    /// What a session does. Of several that hold, the first one counts, except that a prompt is none while a program there
    /// reads a password.
    pub enum StateKind: "state", "states" {
        /// A silent coprocess runs, or the end of its transfer is awaited.
        Silent = "silent",
        /// The terminal is lent to another program.
        Lent = "lent",
        /// A program uses the alternate screen.
        FullScreen = "full-screen",
        /// A program reads a password.
        Password = "password",
        /// The shell is at a prompt, by its marks.
        Prompt = "prompt",
        /// A process of the foreground job sleeps in a read of the pty.
        Asks = "asks",
        /// A command runs, by the marks of the shell or because another process group has the pty.
        Running = "running",
        /// None of these is known.
        Unknown = "unknown",
    }
}
