//! What a salvage says about itself. The field names are those of the JavaScript API.

use super::aside::Quarantined;
use crate::json::{self, Object, ToJson};

/// Lost writes that are listed one by one; further ones are counted.
const LOST_MAX: usize = 100;

/// What a salvage kept, and what is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SalvageReport {
    /// Why the database did not open.
    pub cause: String,
    /// Generation of the snapshot that was used; `None` where there were only logs.
    pub snapshot: Option<u64>,
    /// The collections that are there.
    pub collections: Vec<SalvagedCollection>,
    /// The row groups that do not verify.
    pub groups: Vec<QuarantinedGroup>,
    /// Writes after the snapshot that are missing: rows may be older than they were, or there though they were deleted.
    pub lost: Vec<LostWrites>,
    /// Further ranges of lost writes.
    pub more_lost: u64,
    /// The damaged files, kept aside.
    pub files: Vec<Quarantined>,
}

/// What is there of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SalvagedCollection {
    /// Its name.
    pub name: String,
    /// Rows that are there.
    pub rows: u64,
}

/// A row group that does not verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantinedGroup {
    /// Number of the collection.
    pub(super) number: u32,
    /// Name of the collection.
    pub collection: String,
    /// Its number.
    pub group: u64,
    /// Rows that it held and that are not there; `None` where that cannot be read.
    pub rows: Option<u64>,
    /// Their ids as far as they can be read: of all groups together, some thousands.
    pub ids: Vec<String>,
    /// What is wrong.
    pub reason: String,
    /// The files that hold its blocks.
    pub files: Vec<String>,
}

/// Writes that are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LostWrites {
    /// Generation of the log where they should be; 0 where that is not known.
    pub log: u64,
    /// The first.
    pub from: u64,
    /// The last; `None` where nothing follows that would tell.
    pub to: Option<u64>,
    /// Bytes of the log that do not verify.
    pub bytes: u64,
    /// What is wrong.
    pub reason: String,
}

impl LostWrites {
    /// How many, at least; where that is not known, as many as the bytes may have held.
    pub fn count(&self) -> u64 {
        // No frame is shorter than 34 bytes.
        self.to.map_or(self.bytes / 34 + 1, |to| (to + 1).saturating_sub(self.from))
    }
}

impl QuarantinedGroup {
    /// Takes ids off the list of what is gone; how many.
    pub(super) fn drop_ids(&mut self, is_not: impl Fn(&str) -> bool) -> u64 {
        let known = self.ids.len();
        self.ids.retain(|id| !is_not(id));
        let fewer = (known - self.ids.len()) as u64;
        self.rows = self.rows.map(|rows| rows - fewer);
        fewer
    }
}

impl SalvageReport {
    /// Notes lost writes; those that follow one another are one entry.
    pub(super) fn lose(&mut self, lost: LostWrites) {
        if lost.to.is_some_and(|to| to < lost.from) {
            return;
        }
        let is_full = self.lost.len() >= LOST_MAX;
        match self.lost.last_mut() {
            Some(last) if last.log == lost.log && last.to.is_some_and(|to| to + 1 == lost.from) => {
                last.to = lost.to;
                last.bytes += lost.bytes;
            }
            _ if is_full => self.more_lost += 1,
            _ => self.lost.push(lost),
        }
    }
}

fn optional(object: &mut Object<'_>, name: &str, number: Option<u64>) {
    match number {
        Some(number) => object.count(name, number),
        None => object.field(name).push_str("null"),
    }
}

impl ToJson for SalvageReport {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.text("cause", &self.cause);
        optional(&mut object, "snapshot", self.snapshot);
        json::list(object.field("collections"), self.collections.iter(), |out, one| {
            let mut object = Object::new(out);
            object.text("name", &one.name);
            object.count("rows", one.rows);
            object.end();
        });
        json::list(object.field("groups"), self.groups.iter(), |out, one| {
            let mut object = Object::new(out);
            object.text("collection", &one.collection);
            object.count("group", one.group);
            optional(&mut object, "rows", one.rows);
            for (name, texts) in [("ids", &one.ids), ("files", &one.files)] {
                json::list(object.field(name), texts.iter(), |out, text| json::string(out, text));
            }
            object.text("reason", &one.reason);
            object.end();
        });
        json::list(object.field("lost"), self.lost.iter(), |out, one| {
            let mut object = Object::new(out);
            object.counts(&[("log", one.log), ("fromSeq", one.from), ("bytes", one.bytes)]);
            optional(&mut object, "toSeq", one.to);
            object.text("reason", &one.reason);
            object.end();
        });
        object.count("moreLost", self.more_lost);
        self.files.to_json(object.field("files"));
        object.end();
    }
}

impl ToJson for Quarantined {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.text("name", &self.name);
        object.count("bytes", self.bytes);
        object.end();
    }
}
