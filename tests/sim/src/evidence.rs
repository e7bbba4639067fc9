//! What a salvage may do to the files that it found: nothing, before its snapshot is there.

use crate::damage::generation;
use crate::medium::{Effect, Image, Medium};
use crate::storage::Watch;
use lodestore::format::frame::{FRAME_HEADER_BYTES, Found, find_frame};
use lodestore::format::header::{FileHeader, FileKind, HEADER_BYTES};
use lodestore::format::snapshot::decode_snapshot;
use lodestore::store::SalvageReport;
use std::rc::Rc;

/// The files as they were found.
pub struct Evidence(pub Rc<Image>);

impl Evidence {
    /// Whether all of them are there, to the byte.
    pub fn check(&self, image: &Image, when: &str) {
        for (name, bytes) in &self.0.0 {
            let now = image.0.get(name);
            let same = now.is_some_and(|now| Rc::ptr_eq(now, bytes) || now == bytes);
            assert!(same, "{when}: {name} is not as it was found");
        }
    }

    /// Whether there is a snapshot, whole, that was not found.
    fn is_over(&self, image: &Image) -> bool {
        let made =
            image.0.iter().filter(|(name, _)| name.starts_with("snapshot-") && !self.0.0.contains_key(*name));
        made.into_iter().any(|(_, bytes)| decode_snapshot(bytes).is_ok())
    }

    /// What is kept aside is what was found, and everything that is gone and was damaged is kept, unless there was nothing
    /// to be had of it.
    pub fn is_kept(&self, image: &Image, report: &SalvageReport, damaged: &[Rc<str>], whole: Option<&Image>) {
        let mut kept = Vec::new();
        for file in &report.files {
            let bytes = image.0.get(file.name.as_str());
            let bytes = bytes.unwrap_or_else(|| panic!("{} is not kept aside", file.name));
            assert_eq!(bytes.len() as u64, file.bytes, "{}", file.name);
            let (_, original) = file.name["quarantine-".len()..].split_once('-').unwrap();
            if original == "report" {
                assert!(bytes.starts_with(b"{\"cause\":"), "the report that is kept aside");
                continue;
            }
            assert!(self.0.0.get(original) == Some(bytes), "{} is another than {original}", file.name);
            kept.push(original.to_owned());
        }
        let newest = self.0.0.keys().filter_map(|name| generation(name, "snapshot-")).max();
        for name in damaged {
            let Some(found) = self.0.0.get(name) else { continue };
            let number = name.rsplit('-').next().and_then(|number| number.parse::<u64>().ok());
            // What the newest snapshot makes up for; what ends in its header, which nobody reads of blocks.
            let is_needless = number < newest || found.len() <= HEADER_BYTES || name.starts_with("blocks-");
            let is_needless = is_needless || whole.is_some_and(|whole| self.counts_as_before(name, whole));
            let is_there = image.0.get(name) == Some(found);
            assert!(is_there || is_needless || kept.iter().any(|one| **one == **name), "{name} is not kept");
        }
    }
}

impl Evidence {
    /// Whether a file is as it was, or a log is but behind what counts of it.
    fn counts_as_before(&self, name: &str, whole: &Image) -> bool {
        if whole.0.get(name) == self.0.0.get(name) {
            return true;
        }
        let (Some(log), Some(before)) = (generation(name, "log-"), whole.0.get(name)) else { return false };
        let mut rest = before.get(HEADER_BYTES..).unwrap_or_default();
        while let Found::Frame(_, payload) = find_frame(rest) {
            rest = &rest[FRAME_HEADER_BYTES + payload.len()..];
        }
        let frames = before.len() - rest.len();
        let headers = self.0.0.iter().filter(|(name, _)| name.starts_with("log-"));
        let mut ends =
            headers.filter_map(|(_, bytes)| FileHeader::decode(FileKind::Log, bytes).ok()?.previous);
        let end = ends.find(|(of, _)| *of == log).map(|(_, end)| end as usize);
        let end = end.map_or(frames, |end| end.min(frames));
        self.0.0[name].get(..end) == before.get(..end)
    }
}

impl Watch for Evidence {
    fn before(&self, medium: &Medium, effect: &Effect) {
        let name = effect.name();
        let over = self.is_over(&medium.live);
        if !over {
            self.check(&medium.live, "before the snapshot of a salvage");
        }
        let is_found = self.0.0.contains_key(name);
        match effect {
            Effect::Create(..) => assert!(!is_found, "a salvage makes {name} anew"),
            Effect::Append(..) => assert!(!is_found, "a salvage writes to {name}"),
            Effect::Remove(_) => {
                assert!(over || !is_found, "a salvage removes {name} before its snapshot is there");
                let is_kept = name.starts_with("quarantine-") && medium.live.0.contains_key(name);
                assert!(!over || !is_kept, "a salvage removes {name}");
            }
        }
    }
}
