//! The files of a transfer that were refused. lrzsz says so on stderr at most, and exits as after a success.

use crate::wire::zmodem::header::FrameType;

/// Maximum number of refused files that are named, and the length of a name.
const MOST: usize = 8;
const NAME_LEN: usize = 255;

/// The file that is offered, and those that were refused.
#[derive(Clone, Debug, Default)]
pub(super) struct FileLog {
    offered: Option<Vec<u8>>,
    refused: Vec<String>,
    more: usize,
}

impl FileLog {
    /// Records the subpacket of ZFILE: the name, NUL, and what is known of the file.
    pub(super) fn offered(&mut self, data: &[u8]) {
        let name = data.split(|byte| *byte == 0).next().unwrap_or_default();
        self.offered = Some(name[..name.len().min(NAME_LEN)].to_vec());
    }

    /// Records a header of the receiver.
    pub(super) fn answered(&mut self, frame: FrameType) {
        if !matches!(frame, FrameType::ZSkip | FrameType::ZFErr) {
            return;
        }
        let Some(name) = self.offered.take() else { return };
        if self.refused.len() < MOST {
            self.refused.push(String::from_utf8_lossy(&name).into_owned());
        } else {
            self.more += 1;
        }
    }

    /// Returns the names of the refused files in a list; `None` where all were taken.
    pub(super) fn refused(&self) -> Option<String> {
        let names: Vec<String> = self.refused.iter().map(|name| format!("\"{name}\"")).collect();
        let mut list = names.join(", ");
        if self.more > 0 {
            list += &format!(" and {} more", self.more);
        }
        (!names.is_empty()).then_some(list)
    }
}
