//! What verifying an archive says. The field names are those of the JavaScript API.

use crate::format::archive4::{ArchiveId, ArchiveV4};
use crate::format::header::DatabaseId;
use crate::json::{self, Object, ToJson, number};

/// How thoroughly an archive is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Header, manifest, size.
    Manifest = 1,
    /// Every checksum, and the digest of the whole.
    Checksums = 2,
    /// Everything is decoded, and rows, vectors, graph and sequence numbers are compared with one another.
    Contents = 3,
}

/// What one level took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevelReport {
    /// Which one.
    pub level: Level,
    /// Milliseconds.
    pub ms: f64,
}

/// What was found about an archive.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifyReport {
    /// Version of its format.
    pub version: u16,
    /// The database of which it is.
    pub database: DatabaseId,
    /// Its manifest; `None` for one of an older version, and for one that is encrypted and was looked at without a key.
    pub archive: Option<ArchiveV4>,
    /// Whether its chunks are encrypted, and whether with a passphrase.
    pub encrypted: bool,
    /// See there.
    pub passphrase: bool,
    /// Whether it is compressed.
    pub compressed: bool,
    /// The last write that it covers.
    pub seq: u64,
    /// When that was, or the snapshot was made: milliseconds since 1970.
    pub time_ms: u64,
    /// Collections.
    pub collections: u64,
    /// Rows at the end of what it covers.
    pub rows: u64,
    /// Blocks and frames that were verified.
    pub blocks: u64,
    /// See there.
    pub frames: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// SHA-256 of the file, where all of it was read.
    pub sha256: Option<[u8; 32]>,
    /// What was done, and how long it took.
    pub levels: Vec<LevelReport>,
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

fn id(object: &mut Object<'_>, name: &str, id: Option<&ArchiveId>) {
    if let Some(id) = id {
        object.text(name, &hex(id));
    }
}

impl ToJson for ArchiveV4 {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.text("type", self.kind().map_or("unknown", |kind| kind.name()));
        id(&mut object, "archive", Some(&self.id));
        id(&mut object, "base", self.base.as_ref());
        object.counts(&[
            ("fromSeq", self.from_seq),
            ("fromMs", self.from_ms),
            ("toSeq", self.seq),
            ("toMs", self.time_ms),
            ("contentBytes", self.bytes),
            ("frames", self.frames),
            ("rows", self.collections.iter().map(|one| u64::from(one.rows)).sum()),
        ]);
        object.field("lossy").push_str(if self.lossy == 1 { "true" } else { "false" });
        json::list(object.field("collections"), self.collections.iter(), |out, one| {
            let mut object = Object::new(out);
            object.text("name", &one.name);
            let index = ["auto", "flat", "hnsw"].get(usize::from(one.config.base.index));
            object.text("index", index.copied().unwrap_or("auto"));
            object.counts(&[
                ("rows", u64::from(one.rows)),
                ("nodes", u64::from(one.nodes)),
                ("dimension", u64::from(one.config.base.dimension)),
            ]);
            if let Some((id, version)) = &one.config.base.model {
                let mut model = Object::new(object.field("model"));
                model.text("id", id);
                model.text("version", version);
                model.end();
            }
            object.end();
        });
        object.end();
    }
}

impl ToJson for VerifyReport {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.counts(&[("version", u64::from(self.version))]);
        object.text("database", &hex(&self.database));
        if let Some(archive) = &self.archive {
            archive.to_json(object.field("manifest"));
        }
        let flags =
            [("encrypted", self.encrypted), ("passphrase", self.passphrase), ("compressed", self.compressed)];
        for (name, flag) in flags {
            object.field(name).push_str(if flag { "true" } else { "false" });
        }
        object.counts(&[
            ("seq", self.seq),
            ("timeMs", self.time_ms),
            ("collections", self.collections),
            ("rows", self.rows),
            ("blocks", self.blocks),
            ("frames", self.frames),
            ("bytes", self.bytes),
        ]);
        if let Some(digest) = &self.sha256 {
            object.text("sha256", &hex(digest));
        }
        json::list(object.field("levels"), self.levels.iter(), |out, one| {
            let mut object = Object::new(out);
            object.counts(&[("level", one.level as u64)]);
            number(object.field("ms"), one.ms as f32);
            object.end();
        });
        object.end();
    }
}
