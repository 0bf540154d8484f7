//! The man page.
