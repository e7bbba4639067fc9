//! What the simulation found in salvage (`cargo xtask sim`), each by itself.

use super::support::fault::{Borrowed, Fault, FaultStorage};
use super::support::model::{Model, Step};
use super::support::{TestEnv, block_on, config, open, rows};
use super::world::{Files, row, salvage, world};
use lodestore::collection::{Config, Memory, Quantization};
use lodestore::error::Kind;
use lodestore::format::block::{BLOCK_HEADER_BYTES, BlockKind};
use lodestore::format::snapshot::decode_snapshot;
use lodestore::index::Metric;
use lodestore::storage::{MemoryStorage, Source};
use lodestore::store::{Database, Options};

fn c0() -> String {
    "c0".to_owned()
}

/// Flips a bit of the n-th frame of a log, `at` bytes behind its beginning.
fn damage_frame(files: &mut Files, log: &str, nth: usize, at: usize) {
    let bytes = files.get_mut(log).unwrap();
    let frames = bytes.windows(4).enumerate().filter(|(_, window)| *window == b"LFRM");
    let place = frames.map(|(place, _)| place).nth(nth).unwrap();
    bytes[place + at] ^= 0x10;
}

/// An upsert of the row is lost, and its new metadata is not: beside the vector of before it would be a row that nobody wrote.
#[test]
fn metadata_of_a_lost_version_of_a_row_does_not_come_beside_the_vector_of_another() {
    let mut other = row(1);
    other.1 = vec![9.0, 9.0, 9.0];
    let update = |id: &str| Step::Update(c0(), vec![id.to_owned()], "{\"u\":1}".to_owned());
    let steps = [
        Step::Collection(c0(), Metric::Cosine),
        Step::Upsert(c0(), vec![row(1), row(2)]),
        Step::Checkpoint,
        Step::Upsert(c0(), vec![other]),
        update("r1"),
        // What is written after the gap is as it was, with its metadata.
        Step::Upsert(c0(), vec![row(3)]),
        update("r3"),
    ];
    let world = world(&steps);
    let mut files = world.files.clone();
    damage_frame(&mut files, "log-3", 0, 60);
    let (found, report) = world.salvaged(&files, "a lost upsert").unwrap();
    let rows = &found.0["c0"].rows;
    assert_eq!((rows["r1"].vector.clone(), &rows["r1"].metadata[..]), (row(1).1, "{\"n\":1}"));
    assert_eq!(rows["r3"], world.model.0["c0"].rows["r3"]);
    // Both are told of.
    let lost = report.unwrap().lost;
    assert_eq!(lost.iter().map(|one| (one.from, one.to)).collect::<Vec<_>>(), [(3, Some(4))]);
}

/// A vector that stays in storage is damaged in the newest snapshot, which opening takes for good as it does not read them.
/// Salvage found everything in the one before, and the next opening had the damaged one again.
#[test]
fn what_salvage_passed_over_does_not_come_back() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    let (memory, quantization) = (Memory::Codes, Quantization::Int8);
    let config = Config { memory, quantization, ..config(3, Metric::Dot) };
    block_on(db.collection("c0", Some(config))).unwrap();
    for first in [0, 5] {
        block_on(db.upsert("c0", rows("r", first..1_030, 3))).unwrap();
        block_on(db.checkpoint()).unwrap();
    }
    let model = Model::read(&db);
    drop(db);
    let mut files = storage.files();
    let newest = files.keys().filter(|name| name.starts_with("blocks-")).max().unwrap().clone();
    files.get_mut(&newest).unwrap()[BLOCK_HEADER_BYTES + 100] ^= 1;
    let storage = MemoryStorage::from_files(files);
    assert!(Model::read(&open(storage.clone()).unwrap()) != model, "opening does not read it");
    let db = salvage(storage.clone()).unwrap();
    assert!(db.open_report().salvage.is_none() && Model::read(&db) == model);
    drop(db);
    assert!(Model::read(&open(storage).unwrap()) == model);
}

/// A rebuild was under way: opening lets it go, and it is none of the collections that are there.
#[test]
fn a_collection_that_is_being_rebuilt_is_reported_once() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    let config = config(3, Metric::Dot);
    block_on(db.collection("c0", Some(config.clone()))).unwrap();
    block_on(db.upsert("c0", rows("r", 0..3, 3))).unwrap();
    block_on(db.checkpoint()).unwrap();
    let model = Some(lodestore::collection::Model { id: "m".to_owned(), version: "2".to_owned() });
    let rebuild = std::rc::Rc::new(block_on(db.rebuild("c0", Config { model, ..config })).unwrap());
    let asked = rebuild.next(2).unwrap().len();
    block_on(rebuild.put(vec![1.0; 3 * asked])).unwrap();
    let mut files = storage.files();
    files.get_mut("log-3").unwrap()[40] ^= 1;
    let db = salvage(MemoryStorage::from_files(files)).unwrap();
    let said = db.open_report().salvage.clone().unwrap();
    assert_eq!(said.collections.iter().map(|one| (&one.name[..], one.rows)).collect::<Vec<_>>(), [("c0", 3)]);
}

/// The log that a salvage began before a crash ended it says nothing about writes: far as its number is, none are missing.
#[test]
fn a_salvage_that_a_crash_ended_is_no_loss() {
    for rows_too in [true, false] {
        let collection = Step::Collection(c0(), Metric::Cosine);
        let mut steps = vec![collection, Step::Checkpoint, Step::Upsert(c0(), vec![row(1)])];
        if !rows_too {
            steps.push(Step::DeleteIds(c0(), vec!["r1".to_owned()]));
        }
        let world = world(&steps);
        let mut files = world.files.clone();
        files.get_mut("log-3").unwrap()[40] ^= 1;
        let counting = FaultStorage::new(MemoryStorage::from_files(files.clone()), u64::MAX, None);
        let salvage_on = |storage: &FaultStorage| {
            block_on(Database::salvage(Borrowed(storage), TestEnv::default(), Options::default())).map(drop)
        };
        salvage_on(&counting).unwrap();
        for at in 0..counting.calls() {
            let storage =
                FaultStorage::new(MemoryStorage::from_files(files.clone()), at, Some(Fault::CrashAfter));
            drop(salvage_on(&storage));
            let db =
                salvage(storage.files.clone()).unwrap_or_else(|cause| panic!("{rows_too} {at}: {cause}"));
            assert_eq!(Model::read(&db), world.model, "{rows_too} {at}");
            let lost = db.open_report().salvage.clone().map(|said| said.lost);
            assert!(lost.is_none_or(|lost| lost.is_empty()), "{rows_too} {at}: {:?}", db.open_report());
        }
    }
}

struct Whole(Option<Vec<u8>>);

impl Source for Whole {
    async fn next(&mut self) -> lodestore::Result<Option<Vec<u8>>> {
        Ok(self.0.take())
    }
}

/// An archive with one collection, the first one of its database, of five rows.
fn archive() -> Whole {
    let db = open(MemoryStorage::new()).unwrap();
    block_on(db.collection("other", Some(config(3, Metric::Dot)))).unwrap();
    block_on(db.upsert("other", rows("o", 0..5, 3))).unwrap();
    let mut export = block_on(db.export()).unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = block_on(export.next()).unwrap() {
        bytes.extend(piece);
    }
    Whole(Some(bytes))
}

/// Less is gone without the import, of which a row group is damaged. But what was written after it is about its rows.
#[test]
fn what_was_written_after_an_import_is_not_about_what_was_there_before_it() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c0", Some(config(3, Metric::Dot)))).unwrap();
    block_on(db.checkpoint()).unwrap();
    block_on(db.upsert("c0", rows("r", 0..2, 3))).unwrap();
    let options = lodestore::store::ImportOptions { replace: true, total_bytes: 0 };
    block_on(db.import(&mut archive(), options)).unwrap();
    block_on(db.upsert("other", rows("later", 0..2, 3))).unwrap();
    let mut files = storage.files();
    let imported = files.keys().rfind(|name| name.starts_with("blocks-")).unwrap().clone();
    files.get_mut(&imported).unwrap()[120] ^= 1;
    files.get_mut("log-3").unwrap()[40] ^= 1;
    let db = salvage(MemoryStorage::from_files(files)).unwrap();
    let (found, said) = (Model::read(&db), db.open_report().salvage.clone().unwrap());
    let later =
        |name: &str| found.0.get(name).is_some_and(|one| one.rows.keys().any(|id| id.starts_with("later")));
    assert!(!later("c0"), "{said:?}");
    assert!(later("other") || !said.lost.is_empty(), "{said:?}");
}

/// The headers of an import's snapshot and of the empty log behind it do not hold, and it ends in zeros, as one would that a
/// crash cut off. Its manifest verifies, so it was whole, and what it replaced is not what was there.
#[test]
fn a_whole_snapshot_without_a_header_is_not_taken_for_one_that_was_cut_off() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c0", Some(config(3, Metric::Dot)))).unwrap();
    block_on(db.upsert("c0", rows("r", 0..2, 3))).unwrap();
    block_on(db.checkpoint()).unwrap();
    let options = lodestore::store::ImportOptions { replace: true, total_bytes: 0 };
    block_on(db.import(&mut archive(), options)).unwrap();
    let mut files = storage.files();
    for kind in ["snapshot-", "log-"] {
        let newest = files.keys().rfind(|name| name.starts_with(kind)).unwrap().clone();
        let bytes = files.get_mut(&newest).unwrap();
        assert!(kind == "log-" || bytes.ends_with(&[0; 4]), "{bytes:02x?}");
        bytes[40] ^= 1;
    }
    let db = salvage(MemoryStorage::from_files(files)).unwrap();
    let said = db.open_report().salvage.clone().unwrap();
    assert_eq!(Model::read(&db).0["c0"].rows.len(), 2);
    assert!(!said.lost.is_empty(), "{said:?}");
}

/// Nothing is left of an import, and least is missing if it is taken for the base. What was before it is better than nothing.
#[test]
fn where_a_snapshot_has_no_row_left_another_is_taken() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c0", Some(config(3, Metric::Dot)))).unwrap();
    block_on(db.upsert("c0", rows("r", 0..2, 3))).unwrap();
    block_on(db.checkpoint()).unwrap();
    for n in 0..20 {
        block_on(db.upsert("c0", rows("r", n..n + 1, 3))).unwrap();
    }
    let options = lodestore::store::ImportOptions { replace: true, total_bytes: 0 };
    block_on(db.import(&mut archive(), options)).unwrap();
    let mut files = storage.files();
    files.get_mut("blocks-4").unwrap()[120] ^= 1;
    for nth in 0..20 {
        damage_frame(&mut files, "log-3", nth, 60);
    }
    let db = salvage(MemoryStorage::from_files(files)).unwrap();
    assert_eq!(Model::read(&db).0["c0"].rows.len(), 2);
}

/// The switch of one rebuild is lost, and the next rebuild is of what it made: there is one collection of that name.
#[test]
fn a_rebuild_of_what_a_lost_switch_made_says_that_there_was_one() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c0", Some(config(3, Metric::Dot)))).unwrap();
    block_on(db.upsert("c0", rows("r", 0..3, 3))).unwrap();
    for version in ["2", "3"] {
        let model = Some(lodestore::collection::Model { id: "m".to_owned(), version: version.to_owned() });
        let config = Config { model, ..config(3, Metric::Dot) };
        let rebuild = std::rc::Rc::new(block_on(db.rebuild("c0", config)).unwrap());
        let asked = rebuild.next(10).unwrap().len();
        block_on(rebuild.put(vec![1.0; 3 * asked])).unwrap();
        block_on(rebuild.clone().commit()).unwrap().unwrap();
    }
    let model = Model::read(&db);
    let mut files = storage.files();
    // A collection, its rows, another and its rows, and then.
    damage_frame(&mut files, "log-1", 4, 32);
    let db = salvage(MemoryStorage::from_files(files)).unwrap();
    assert_eq!(db.state().unwrap().all().count(), 1);
    assert_eq!(Model::read(&db), model);
}

/// What failed in one log stands there as if it counted, and the header of the next, which tells, is damaged.
#[test]
fn what_failed_before_a_log_without_a_header_does_not_come_instead_of_what_it_says() {
    let files = MemoryStorage::new();
    {
        let db = open(files.clone()).unwrap();
        block_on(db.collection("c0", Some(config(3, Metric::Dot)))).unwrap();
        block_on(db.checkpoint()).unwrap();
    }
    // The append arrives, whole, and fails.
    let storage = FaultStorage::new(files.clone(), 0, Some(Fault::Lie(Kind::Unavailable)));
    let db = block_on(Database::open(Borrowed(&storage), TestEnv::default(), Options::default())).unwrap();
    assert!(block_on(db.upsert("c0", rows("failed", 0..1, 3))).is_err());
    block_on(db.upsert("c0", rows("r", 0..1, 3))).unwrap();
    let model = Model::read(&db);
    let mut damaged = files.files();
    let newest = damaged.keys().rfind(|name| name.starts_with("log-")).unwrap().clone();
    assert_ne!(newest, "log-3");
    damaged.get_mut(&newest).unwrap()[40] ^= 1;
    assert_eq!(Model::read(&salvage(MemoryStorage::from_files(damaged)).unwrap()), model);
}

/// A database of one collection with rows, and a rebuild of it that put its rows and was not committed; then a checkpoint,
/// so that both are in one blocks file, and one write more.
fn half_rebuilt(commit: bool) -> (Files, Model) {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c0", Some(config(3, Metric::Dot)))).unwrap();
    block_on(db.upsert("c0", rows("r", 0..3, 3))).unwrap();
    let model = Some(lodestore::collection::Model { id: "m".to_owned(), version: "2".to_owned() });
    let rebuild =
        std::rc::Rc::new(block_on(db.rebuild("c0", Config { model, ..config(3, Metric::Dot) })).unwrap());
    let asked = rebuild.next(10).unwrap().len();
    block_on(rebuild.put(vec![1.0; 3 * asked])).unwrap();
    block_on(db.checkpoint()).unwrap();
    if commit {
        block_on(rebuild.commit()).unwrap().unwrap();
        block_on(db.upsert("c0", rows("later", 0..1, 3))).unwrap();
    }
    let model = Model::read(&db);
    (storage.files(), model)
}

/// Flips a bit in the payload of a block of a row group, and has no older snapshot or log make up for it.
fn damage_group(files: &mut Files, collection: u32, kind: BlockKind) {
    files.retain(|name, _| !["snapshot-1", "log-1"].contains(&name.as_str()));
    let name = files.keys().rfind(|name| name.starts_with("snapshot-")).unwrap();
    let manifest = decode_snapshot(&files[name]).unwrap().1;
    let one = manifest.collections.iter().find(|one| one.collection == collection).unwrap();
    let block = if kind == BlockKind::Rows { one.groups[0].rows } else { one.groups[0].vectors };
    let at = block.offset as usize + BLOCK_HEADER_BYTES + 1;
    files.get_mut(&format!("blocks-{}", block.generation)).unwrap()[at] ^= 1;
}

/// Of a rebuild that never was, nothing is missed: its rows are those of the collection that it was to replace.
#[test]
fn what_was_being_rebuilt_is_not_called_gone() {
    for kind in [BlockKind::Vectors, BlockKind::Rows] {
        let (mut files, model) = half_rebuilt(false);
        damage_group(&mut files, 1, kind);
        let db = salvage(MemoryStorage::from_files(files)).unwrap();
        assert_eq!(Model::read(&db), model);
        let report = db.open_report();
        let said = report.salvage.clone().unwrap();
        assert_eq!((said.groups, said.lost, report.rows_quarantined), (vec![], vec![], 0), "{kind:?}");
        assert!(said.files.iter().any(|file| file.name.contains("blocks-")), "it is kept aside all the same");
    }
}

/// The rows of before a rebuild are replaced, one and all, by a write that is there.
#[test]
fn what_a_rebuild_replaced_is_not_called_gone() {
    for kind in [BlockKind::Vectors, BlockKind::Rows] {
        let (mut files, model) = half_rebuilt(true);
        damage_group(&mut files, 0, kind);
        let db = salvage(MemoryStorage::from_files(files)).unwrap();
        assert_eq!(Model::read(&db), model);
        let report = db.open_report();
        let said = report.salvage.clone().unwrap();
        assert_eq!((said.groups, said.lost, report.rows_quarantined), (vec![], vec![], 0), "{kind:?}");
    }
}

/// Where it is not known what became of a rebuild it stays, under a name of its own, by which what is gone of it goes.
#[test]
fn what_is_gone_of_a_rebuild_of_unknown_end_is_listed_by_the_name_that_it_has() {
    let (mut files, _) = half_rebuilt(true);
    damage_group(&mut files, 1, BlockKind::Vectors);
    let log = files.keys().rfind(|name| name.starts_with("log-")).unwrap().clone();
    damage_frame(&mut files, &log, 0, 32);
    let db = salvage(MemoryStorage::from_files(files)).unwrap();
    let said = db.open_report().salvage.clone().unwrap();
    let there: Vec<_> = said.collections.iter().map(|one| (&one.name[..], one.rows)).collect();
    assert_eq!(there, [("c0", 3), ("c0-1", 1)], "{said:?}");
    let gone: Vec<_> = said.groups.iter().map(|one| (&one.collection[..], one.ids.len())).collect();
    assert_eq!(gone, [("c0-1", 3)], "{said:?}");
}

/// What was written again after the snapshot is there: of such a row group nothing is gone.
#[test]
fn a_row_group_that_was_written_again_is_not_called_gone() {
    let world = world(&[
        Step::Collection(c0(), Metric::Cosine),
        Step::Upsert(c0(), vec![row(1), row(2)]),
        Step::Checkpoint,
        Step::Upsert(c0(), vec![row(1), row(2), row(3)]),
    ]);
    let mut files = world.files.clone();
    damage_group(&mut files, 0, BlockKind::Vectors);
    let (found, report) = world.salvaged(&files, "a row group that was written again").unwrap();
    assert_eq!((found, report.unwrap().groups), (world.model, vec![]));
}
