//! The fuzz target of configurations.

use std::path::Path;

use super::load::{LoadError, load};

/// Reads `bytes` as a configuration. Checks that each fault has a place within the file, that all faults can be shown, and
/// that the triggers of a configuration without faults are the same when they are written and read again.
pub fn config(bytes: &[u8]) {
    let read = |bytes: &[u8]| {
        let mut first = Some(bytes.to_vec());
        load(Path::new("c.toml"), None, None, &mut |_: &Path| {
            first.take().ok_or_else(|| "there is no other".to_owned())
        })
    };
    match read(bytes) {
        Ok(loaded) => {
            assert_eq!(loaded.sources.files.len(), 1, "an include is a fault here");
        }
        Err(LoadError::Faulty(sources, faults)) => {
            for fault in faults.list() {
                let places = [Some(&fault.place), fault.other.as_ref().map(|(place, _)| place)];
                for place in places.into_iter().flatten() {
                    assert!(sources.files[place.file].text.get(place.span.clone()).is_some(), "{fault:?}");
                }
                assert!(!fault.message.is_empty() && fault.line(&sources).starts_with("c.toml:"), "{fault:?}");
            }
            assert!(faults.shown(&sources, false).ends_with("coshell.toml(5) describes it"));
            assert!(!faults.shown(&sources, true).is_empty());
        }
        Err(error) => panic!("{error:?}"),
    }
}
