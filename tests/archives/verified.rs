//! Levels of verification: what each finds, and what it says.

use super::common::*;
use crate::support::{block_on, drain, rows};
use lodestore::error::Kind;
use lodestore::format::archive4::ArchiveKind;
use lodestore::storage::MemoryStorage;
use lodestore::store::{BackupOptions, Level, Secret};

const LEVELS: [Level; 3] = [Level::Manifest, Level::Checksums, Level::Contents];

fn filled() -> Db<MemoryStorage> {
    let db = open(MemoryStorage::new(), 1);
    collection(&db, "a");
    block_on(db.upsert("a", rows("r", 0..1500, 3))).unwrap();
    db
}

#[test]
fn each_level_says_what_it_did() {
    let db = filled();
    let base = full(&db);
    block_on(db.upsert("a", rows("s", 0..7, 3))).unwrap();
    let next = after(&db, ArchiveKind::Incremental, &base);
    for level in LEVELS {
        let report = verify(&base.bytes, level, &Secret::None).unwrap();
        assert_eq!((report.version, report.rows, report.collections), (4, 1500, 1));
        assert_eq!(report.archive.as_ref(), Some(&base.manifest));
        assert_eq!(report.levels.len(), level as usize);
        let whole = level > Level::Manifest;
        assert_eq!(report.blocks, if whole { 4 } else { 0 });
        assert_eq!(report.bytes == base.bytes.len() as u64, whole);
        assert_eq!(report.sha256.is_some(), whole);
        let report = verify(&next.bytes, level, &Secret::None).unwrap();
        assert_eq!(report.frames, if whole { next.manifest.frames } else { 0 });
        assert_eq!(report.rows, 1507);
    }
}

#[test]
fn archives_of_older_versions_are_verified_as_well() {
    let db = filled();
    let bytes = block_on(drain(&mut block_on(db.export()).unwrap())).unwrap();
    for level in LEVELS {
        let report = verify(&bytes, level, &Secret::None).unwrap();
        let whole = level > Level::Manifest;
        assert_eq!((report.version, report.rows), (2, if whole { 1500 } else { 0 }));
    }
    for bit in (0..bytes.len() * 8).step_by(1009) {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(verify(&damaged, Level::Checksums, &Secret::None).is_err(), "bit {bit}");
    }
}

#[test]
fn an_archive_that_was_cut_off_is_found_by_its_size_alone() {
    let base = full(&filled());
    let cut = &base.bytes[..base.bytes.len() - 60];
    let refused = verify(cut, Level::Manifest, &Secret::None).unwrap_err();
    assert_eq!(refused.kind, Kind::Corrupt, "{refused}");
}

#[test]
fn without_its_key_an_encrypted_archive_has_checksums() {
    let db = filled();
    let secret = Secret::Key([1; 32]);
    let asked = BackupOptions { secret: secret.clone(), compress: true, ..options(ArchiveKind::Full, None) };
    let locked = backup(&db, asked).unwrap();
    let report = verify(&locked.bytes, Level::Checksums, &Secret::None).unwrap();
    assert!(report.encrypted && report.compressed && report.archive.is_none() && report.sha256.is_some());
    let refused = verify(&locked.bytes, Level::Contents, &Secret::None).unwrap_err();
    assert_eq!(refused.kind, Kind::Invalid);
    assert_eq!(verify(&locked.bytes, Level::Contents, &secret).unwrap().rows, 1500);
    for place in (80..locked.bytes.len()).step_by(211) {
        let mut damaged = locked.bytes.clone();
        damaged[place] ^= 4;
        assert!(verify(&damaged, Level::Checksums, &Secret::None).is_err(), "byte {place}");
    }
}
