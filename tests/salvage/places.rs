//! What each kind of damage costs, and what the report says of it.

use super::support::model::{Model, Step};
use super::support::{block_on, open, rows};
use super::world::{Files, World, row, salvage, steps, world};
use lodestore::collection::{Config, IndexKind, Memory, Quantization};
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::Target;

/// Changes a byte that comes `at` bytes behind the n-th occurrence of `mark`.
fn damage(files: &mut Files, name: &str, mark: &[u8], nth: usize, at: usize) {
    let bytes = files.get_mut(name).unwrap();
    let places = bytes.windows(mark.len()).enumerate().filter(|(_, window)| *window == mark);
    let place = places.map(|(place, _)| place).nth(nth).unwrap();
    bytes[place + at] ^= 0x10;
}

/// Three row groups in one snapshot, of which all but a few rows are there.
fn large(config: Config) -> (MemoryStorage, Model) {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c0", Some(config))).unwrap();
    block_on(db.upsert("c0", rows("r", 0..2_500, 3))).unwrap();
    block_on(db.checkpoint()).unwrap();
    block_on(db.upsert("c0", rows("r", 1_030..1_035, 3))).unwrap();
    let ids = ["r1040", "r5", "r2400"].map(str::to_owned).to_vec();
    block_on(db.delete("c0", Target::Ids(ids))).unwrap();
    let model = Model::read(&db);
    (storage, model)
}

fn flat() -> Config {
    Config { quantization: Quantization::Int8, ..Config::new(3, Metric::Cosine, IndexKind::Hnsw) }
}

#[test]
fn a_row_group_whose_vectors_do_not_verify_is_named_row_by_row() {
    let codes = Config { memory: Memory::Codes, ..flat() };
    for config in [flat(), codes] {
        let (storage, model) = large(config.clone());
        let mut files = storage.files();
        damage(&mut files, "blocks-2", b"LBLK\x01", 1, 200);
        // Where vectors stay in storage, opening trusts them.
        assert_eq!(open(MemoryStorage::from_files(files.clone())).is_err(), config.memory == Memory::Full);
        let storage = MemoryStorage::from_files(files);
        let db = salvage(storage.clone()).unwrap();
        let report = db.open_report();
        let said = report.salvage.clone().unwrap();
        let [group] = &said.groups[..] else { panic!("{said:?}") };
        assert_eq!((group.group, &group.collection[..]), (1, "c0"));
        // Five were written again, and one was deleted.
        assert_eq!((group.rows, group.ids.len()), (Some(1_018), 1_018));
        assert_eq!(report.rows_quarantined, 1_018);
        assert!(said.lost.is_empty() && said.more_lost == 0);
        let found = Model::read(&db);
        let (there, all) = (&found.0["c0"].rows, &model.0["c0"].rows);
        assert_eq!(there.len() + 1_018, all.len());
        assert!(there.iter().all(|(id, row)| all.get(id) == Some(row)));
        assert!(group.ids.iter().all(|id| all.contains_key(id) && !there.contains_key(id)));
        // What came free is used again, and everything opens as ever.
        block_on(db.upsert("c0", rows("new", 0..1_500, 3))).unwrap();
        while db.index_step(None, true).unwrap() {}
        block_on(db.checkpoint()).unwrap();
        assert!(block_on(db.check()).unwrap().ok);
        let now = Model::read(&db);
        drop(db);
        assert_eq!(Model::read(&open(storage).unwrap()), now);
    }
}

#[test]
fn a_row_group_whose_rows_do_not_verify_has_no_ids() {
    let (storage, model) = large(flat());
    let mut files = storage.files();
    damage(&mut files, "blocks-2", b"LBLK\x02", 2, 100);
    let db = salvage(MemoryStorage::from_files(files)).unwrap();
    let said = db.open_report().salvage.clone().unwrap();
    let [group] = &said.groups[..] else { panic!("{said:?}") };
    assert_eq!((group.group, group.rows, group.ids.len()), (2, None, 0));
    assert_eq!(db.open_report().rows_quarantined, 452);
    // One of the group was deleted since, which nobody can know now.
    assert_eq!(Model::read(&db).0["c0"].rows.len() + 451, model.0["c0"].rows.len());
}

#[test]
fn a_missing_blocks_file_costs_its_rows_and_not_those_in_the_log() {
    let (storage, model) = large(flat());
    let mut files = storage.files();
    files.remove("blocks-2");
    let db = salvage(MemoryStorage::from_files(files)).unwrap();
    let found = Model::read(&db);
    assert_eq!(found.0["c0"].rows.keys().collect::<Vec<_>>(), ["r1030", "r1031", "r1032", "r1033", "r1034"]);
    assert!(found.0["c0"].rows.iter().all(|(id, row)| model.0["c0"].rows.get(id) == Some(row)));
    assert_eq!(db.open_report().rows_quarantined, 2_500);
}

/// The world, and salvaged after `change`: what is there and the ranges of writes that are not.
fn lost(world: &World, change: impl FnOnce(&mut Files)) -> (Model, Vec<(u64, u64, Option<u64>)>) {
    let mut files = world.files.clone();
    change(&mut files);
    let (found, report) = world.salvaged(&files, "a damaged log").unwrap();
    let lost = report.unwrap().lost;
    (found, lost.iter().map(|one| (one.log, one.from, one.to)).collect())
}

#[test]
fn a_damaged_frame_costs_what_it_wrote_and_those_behind_it_count() {
    let world = world(&steps());
    // The first frame of the last log writes r3, the second changes r1, the third writes r8 and r7.
    for (nth, part) in [(0, 10), (1, 10), (0, 40), (1, 40)] {
        let (found, lost) = lost(&world, |files| damage(files, "log-5", b"LFRM", nth, part));
        let seq = 6 + nth as u64;
        // The first might have replaced r1, so that the metadata of the second would be another version's.
        assert_eq!(lost, [(5, seq, Some(7))], "{nth} {part}");
        assert_eq!(found.0["c0"].rows.contains_key("r3"), nth != 0);
        assert_ne!(found.0["c0"].rows["r1"], world.model.0["c0"].rows["r1"]);
        assert_eq!(found.0["c1"], world.model.0["c1"]);
    }
    // The last: nothing follows that would tell how many are missing.
    let (found, lost) = lost(&world, |files| damage(files, "log-5", b"LFRM", 2, 40));
    assert_eq!(lost, [(5, 8, None)]);
    assert!(!found.0["c1"].rows.contains_key("r8"));
}

#[test]
fn a_damaged_header_of_a_log_costs_nothing_and_a_missing_log_what_was_in_it() {
    let world = world(&steps());
    let (found, none) = lost(&world, |files| files.get_mut("log-5").unwrap()[40] ^= 1);
    assert_eq!((found, none), (world.model.clone(), vec![]));
    let (found, lost) = lost(&world, |files| drop(files.remove("log-5")));
    assert_eq!(lost, [(5, 6, None)]);
    assert!(!found.0["c0"].rows.contains_key("r3"));
}

#[test]
fn sequence_numbers_are_not_used_twice() {
    let world = world(&steps());
    for mark in [0, 1, 2] {
        let mut files = world.files.clone();
        damage(&mut files, "log-5", b"LFRM", mark, 40);
        let db = salvage(MemoryStorage::from_files(files)).unwrap();
        let written = block_on(db.upsert("c0", rows("new", 0..1, 3))).unwrap();
        assert!(written.seq > 9, "{}", written.seq);
    }
}

#[test]
fn what_was_made_in_a_lost_write_is_lost_and_nothing_else() {
    let c = |name: &str| name.to_owned();
    let steps = [
        Step::Collection(c("c0"), Metric::Cosine),
        Step::Upsert(c("c0"), vec![row(1)]),
        Step::Collection(c("c1"), Metric::Dot),
        Step::Upsert(c("c1"), vec![row(2)]),
        Step::Upsert(c("c0"), vec![row(3)]),
    ];
    let world = world(&steps);
    let (found, lost) = lost(&world, |files| damage(files, "log-1", b"LFRM", 2, 40));
    // Its rows, which are whole, belong to a collection of which nothing is known.
    assert_eq!(lost, [(1, 3, Some(4))]);
    assert_eq!(found.0.keys().collect::<Vec<_>>(), ["c0"]);
    assert_eq!(found.0["c0"], world.model.0["c0"]);
}

#[test]
fn a_collection_that_was_dropped_in_a_lost_write_makes_way_for_its_successor() {
    let c = || "c0".to_owned();
    let steps = [
        Step::Collection(c(), Metric::Cosine),
        Step::Upsert(c(), vec![row(1)]),
        Step::Drop(c()),
        Step::Collection(c(), Metric::Cosine),
        Step::Upsert(c(), vec![row(2)]),
    ];
    let world = world(&steps);
    let (found, lost) = lost(&world, |files| damage(files, "log-1", b"LFRM", 2, 33));
    assert_eq!((found, lost), (world.model.clone(), vec![(1, 3, Some(3))]));
}

#[test]
fn where_nothing_can_be_read_it_is_refused_and_nothing_changes() {
    let world = world(&[
        Step::Collection("c0".to_owned(), Metric::Cosine),
        Step::Upsert("c0".to_owned(), vec![row(1)]),
        Step::Checkpoint,
    ]);
    let mut files = world.files.clone();
    damage(&mut files, "snapshot-2", b"c0", 0, 0);
    assert_eq!(world.salvaged(&files, "no manifest"), None);
    for bytes in files.values_mut() {
        bytes.fill(7);
    }
    assert_eq!(world.salvaged(&files, "nothing"), None);
}

#[test]
fn a_refusal_to_open_says_what_would() {
    let world = world(&steps());
    let mut files = world.files.clone();
    damage(&mut files, "log-5", b"LFRM", 1, 40);
    let storage = MemoryStorage::from_files(files);
    let cause = open(storage.clone()).err().unwrap();
    assert!(cause.message.contains("{ salvage: true }"), "{cause}");
    let db = salvage(storage).unwrap();
    // One file or all.
    let kept = block_on(db.quarantined()).unwrap();
    assert_eq!(
        kept.iter().map(|one| &one.name[..]).collect::<Vec<_>>(),
        ["quarantine-6-log-5", "quarantine-6-report"]
    );
    assert!(block_on(db.read_quarantined("log-6", 0)).is_err(), "only what is kept aside");
    block_on(db.drop_quarantined(Some("log-6"))).unwrap();
    block_on(db.drop_quarantined(Some("quarantine-6-log-5"))).unwrap();
    assert_eq!(block_on(db.quarantined()).unwrap(), kept[1..]);
    block_on(db.drop_quarantined(None)).unwrap();
    assert!(block_on(db.quarantined()).unwrap().is_empty());
    assert!(block_on(db.check()).unwrap().ok);
}

#[test]
fn what_is_written_after_a_lost_switch_is_kept_under_a_name_of_its_own() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    let config = super::support::config(3, Metric::Dot);
    block_on(db.collection("c0", Some(config.clone()))).unwrap();
    block_on(db.upsert("c0", rows("r", 0..3, 3))).unwrap();
    let model = Some(lodestore::collection::Model { id: "m".to_owned(), version: "2".to_owned() });
    let rebuild = std::rc::Rc::new(block_on(db.rebuild("c0", Config { model, ..config })).unwrap());
    let asked = rebuild.next(10).unwrap().len();
    block_on(rebuild.put(vec![1.0; 3 * asked])).unwrap();
    block_on(rebuild.clone().commit()).unwrap().unwrap();
    block_on(db.upsert("c0", rows("later", 0..2, 3))).unwrap();
    let mut files = storage.files();
    let frames = files["log-1"].windows(4).filter(|window| window == b"LFRM").count();
    damage(&mut files, "log-1", b"LFRM", frames - 2, 32);
    let db = salvage(MemoryStorage::from_files(files)).unwrap();
    let found = Model::read(&db);
    assert_eq!(found.0.keys().collect::<Vec<_>>(), ["c0", "c0-1"]);
    assert_eq!((found.0["c0"].rows.len(), found.0["c0-1"].rows.len()), (3, 5));
}

#[test]
fn copies_and_reports_are_bounded() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c0", Some(super::support::config(3, Metric::Dot)))).unwrap();
    for n in 0..400 {
        block_on(db.upsert("c0", rows("r", n..n + 1, 3))).unwrap();
    }
    let mut files = storage.files();
    for n in 0..150 {
        damage(&mut files, "log-1", b"LFRM", 3 + 2 * n, 40);
    }
    let db = salvage(MemoryStorage::from_files(files)).unwrap();
    let said = db.open_report().salvage.clone().unwrap();
    assert_eq!((said.lost.len(), said.more_lost), (100, 50));
    assert_eq!(Model::read(&db).0["c0"].rows.len(), 250);
}
