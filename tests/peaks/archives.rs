//! Archives: making them, verifying them, and restoring them beside what is there.

use super::counter::{aside, held, peak_of};
use super::outside::Outside;
use super::support::{Pieces, TestEnv, block_on, drain, rows};
use super::{BATCH, DIMENSION, Db, GROUP, MIB, ROWS, VECTORS, filled, holds, open, put, within};
use lodestore::collection::{Config, IndexKind, Memory, Quantization};
use lodestore::format::archive4::{ArchiveKind, ArchiveV4};
use lodestore::format::header::DatabaseId;
use lodestore::index::Metric;
use lodestore::storage::Source;
use lodestore::store::{BackupOptions, Level, Secret, Stage, StageOptions, VerifyOptions, verify_archive};

fn options(kind: ArchiveKind, since: Option<(DatabaseId, ArchiveV4)>) -> BackupOptions {
    BackupOptions { kind, since, compress: false, secret: Secret::None, index: true, lossy: false }
}

/// Makes an archive and lets it go as it comes: what the next one needs to know of it.
fn pulled(db: &Db, options: BackupOptions) -> (DatabaseId, ArchiveV4) {
    let mut backup = block_on(db.backup(options)).unwrap();
    while block_on(backup.next()).unwrap().is_some() {}
    (backup.database(), backup.manifest.clone())
}

/// A full archive of all rows and an incremental one of more, which are not counted.
fn chain() -> [Vec<u8>; 2] {
    aside(|| {
        let (_files, db) = filled(Memory::Full);
        let mut full = block_on(db.backup(options(ArchiveKind::Full, None))).unwrap();
        let first = block_on(drain(&mut full)).unwrap();
        let since = Some((full.database(), full.manifest.clone()));
        drop(full);
        (ROWS..ROWS + 2 * BATCH).step_by(BATCH).for_each(|first| put(&db, first));
        let mut more = block_on(db.backup(options(ArchiveKind::Incremental, since))).unwrap();
        [first, block_on(drain(&mut more)).unwrap()]
    })
}

/// An archive of a collection with a graph, saved or not.
fn of_graph(index: bool) -> Vec<u8> {
    aside(|| {
        let db = open(&Outside::default());
        let config =
            Config { quantization: Quantization::Int8, ..Config::new(32, Metric::Cosine, IndexKind::Hnsw) };
        block_on(db.collection("g", Some(config))).unwrap();
        block_on(db.upsert("g", rows("r", 0..GRAPH_ROWS, 32))).unwrap();
        while db.index_step(None, false).unwrap() {}
        let options = BackupOptions { index, ..options(ArchiveKind::Full, None) };
        block_on(drain(&mut block_on(db.backup(options)).unwrap())).unwrap()
    })
}

const GRAPH_ROWS: usize = 4_000;

fn add(stage: &mut Stage<Outside, TestEnv>, archive: &[u8]) {
    let mut pieces = Pieces(archive.chunks(65_536));
    block_on(stage.add(&mut pieces, &Secret::None, archive.len() as u64)).unwrap();
}

/// The content of these archives.
fn staged(db: &Db, archives: &[Vec<u8>]) -> Stage<Outside, TestEnv> {
    let mut stage = block_on(db.stage(StageOptions::default())).unwrap();
    archives.iter().for_each(|archive| add(&mut stage, archive));
    block_on(stage.finish()).unwrap();
    stage
}

#[test]
fn a_backup_holds_one_run_of_blocks() {
    for memory in [Memory::Full, Memory::Codes] {
        let (_files, db) = filled(memory);
        let (peak, full) = peak_of(|| pulled(&db, options(ArchiveKind::Full, None)));
        within(peak, GROUP.max(4 * MIB) + GROUP + MIB);
        // Again, without a checkpoint to make.
        let (peak, _) = peak_of(|| pulled(&db, options(ArchiveKind::Full, None)));
        within(peak, GROUP.max(4 * MIB) + GROUP + MIB);
        let lossy = BackupOptions { lossy: true, ..options(ArchiveKind::Full, None) };
        let (peak, _) = peak_of(|| pulled(&db, lossy));
        within(peak, GROUP.max(4 * MIB) + GROUP + MIB);
        put(&db, ROWS);
        let (peak, _) = peak_of(|| pulled(&db, options(ArchiveKind::Differential, Some(full.clone()))));
        within(peak, GROUP.max(4 * MIB) + GROUP + MIB);
        let (peak, _) = peak_of(|| pulled(&db, options(ArchiveKind::Incremental, Some(full.clone()))));
        within(peak, GROUP.max(4 * MIB) + GROUP + MIB);
    }
}

#[test]
fn verification_holds_one_block_and_a_hash_for_each_row() {
    let graph = of_graph(true);
    let [full, more] = chain();
    for (archive, hashes) in [(&full, ROWS), (&more, 0)] {
        for level in [Level::Manifest, Level::Checksums, Level::Contents] {
            let (peak, report) = peak_of(|| {
                let options =
                    VerifyOptions { level, secret: Secret::None, total_bytes: archive.len() as u64 };
                let mut pieces = Pieces(archive.chunks(65_536));
                block_on(verify_archive(&TestEnv::default(), &mut pieces, &options)).unwrap()
            });
            assert_eq!(report.levels.len(), level as usize);
            let whole = if level == Level::Contents { GROUP + 24 * hashes } else { 0 };
            within(peak, whole + GROUP + MIB);
        }
    }
    let (peak, _) = peak_of(|| {
        let options = VerifyOptions { level: Level::Contents, secret: Secret::None, total_bytes: 0 };
        block_on(verify_archive(&TestEnv::default(), &mut Pieces(graph.chunks(65_536)), &options)).unwrap()
    });
    within(peak, GRAPH_ROWS * (24 + 200) + MIB);
    aside(|| drop((graph, full, more)));
}

/// What is restored stands beside what is there, once, until the switch.
#[test]
fn a_staged_restore_holds_what_it_restores_once_beside_what_is_there() {
    let archives = chain();
    for memory in [Memory::Full, Memory::Codes] {
        let (files, db) = filled(memory);
        let before = held();
        let (content, mut stage) = peak_of(|| staged(&db, &archives[..1]));
        let beside = held() - before;
        assert!(beside > VECTORS);
        within(content, beside + 9 * MIB);
        let (index, ()) = peak_of(|| while stage.index_step().unwrap() {});
        within(index, MIB);
        let (commit, _) = peak_of(|| block_on(stage.commit()).unwrap());
        within(commit, GROUP + 2 * MIB);
        let restored = holds(&files);
        assert!(held() <= restored.max(beside) + 2 * MIB, "what was replaced is gone");
    }
    // And the writes of an incremental archive, which change what came.
    let (_files, db) = filled(Memory::Full);
    let before = held();
    let (content, stage) = peak_of(|| staged(&db, &archives));
    within(content, (held() - before) + 9 * MIB + 4 * BATCH * (DIMENSION * 4 + 100));
    let (abort, ()) = peak_of(|| block_on(stage.abort()));
    within(abort, MIB);
    assert!(held() < before + MIB, "nothing is left of it");
    aside(|| drop(archives));
}

/// As level 4 of a verification does, and a drill: into a database of its own, where nothing is.
#[test]
fn a_restore_into_an_empty_database_holds_what_it_restores_once() {
    let archives = chain();
    let db = open(&Outside::default());
    let before = held();
    let (peak, _) = peak_of(|| block_on(staged(&db, &archives).commit()).unwrap());
    assert!(held() - before > VECTORS);
    within(peak, (held() - before) + 9 * MIB + 4 * BATCH * (DIMENSION * 4 + 100));
    aside(|| drop(archives));
}

/// A graph that is saved is loaded, and one that is not is built: neither is there twice.
#[test]
fn a_graph_of_a_restore_is_there_once() {
    for index in [true, false] {
        let archive = [of_graph(index)];
        let db = open(&Outside::default());
        let before = held();
        let (peak, ()) = peak_of(|| {
            let mut stage = staged(&db, &archive);
            while stage.index_step().unwrap() {}
            block_on(stage.commit()).unwrap();
        });
        let rows = GRAPH_ROWS * (32 * 5 + 300);
        within(peak, (held() - before) + rows / 4 + 3 * MIB);
        aside(|| drop(archive));
    }
}

/// What the database was, as it comes beside it: read back from storage, in the place of the copy that was looked at.
#[test]
fn a_restore_of_the_past_holds_it_once() {
    let (_files, db) = filled(Memory::Full);
    block_on(db.checkpoint()).unwrap();
    let seq = db.state().unwrap().seq;
    put(&db, ROWS);
    let before = held();
    let (peak, stage) = peak_of(|| {
        let past = block_on(db.as_of(lodestore::store::Point::Seq(seq))).unwrap();
        block_on(db.stage_past(past)).unwrap()
    });
    let beside = held() - before;
    assert!(beside > VECTORS);
    within(peak, beside + 9 * MIB);
    block_on(stage.abort());
}
