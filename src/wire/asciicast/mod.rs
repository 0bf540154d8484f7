//! asciicast, the recordings of asciinema: versions 2 and 3 are read, version 3 is written
//! (docs.asciinema.org/manual/asciicast). A line of JSON with the header is followed by one array for each event.

pub mod reader;
pub mod writer;
