//! A small database, every version of every row that was ever written to it, and opening what was made of it.

use super::support::model::{Model, ModelRow, Step};
use super::support::{TestEnv, block_on, open};
use lodestore::error::{Kind, Result};
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::{Database, Options, SalvageReport};
use std::collections::{BTreeMap, BTreeSet};

pub type Files = BTreeMap<String, Vec<u8>>;
pub type Db = Database<MemoryStorage, TestEnv>;

/// What was stored, and all that ever was.
pub struct World {
    pub files: Files,
    pub model: Model,
    /// Of every row each version that it had.
    pub written: BTreeMap<(String, String), Vec<ModelRow>>,
}

pub fn row(n: u32) -> (String, Vec<f32>, String) {
    (format!("r{n}"), vec![n as f32 + 0.5, 1.0, -2.0], format!("{{\"n\":{n}}}"))
}

/// Runs the steps; a checkpoint is one of them.
pub fn world(steps: &[Step]) -> World {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    let mut model = Model::default();
    let mut written: BTreeMap<(String, String), Vec<ModelRow>> = BTreeMap::new();
    for step in steps {
        block_on(step.run(&db)).unwrap();
        model.run(step);
        for (name, collection) in &model.0 {
            for (id, row) in &collection.rows {
                let versions = written.entry((name.clone(), id.clone())).or_default();
                if versions.last() != Some(row) {
                    versions.push(row.clone());
                }
            }
        }
    }
    assert_eq!(Model::read(&db), model);
    World { files: storage.files(), model, written }
}

pub fn steps() -> Vec<Step> {
    let c = || "c0".to_owned();
    vec![
        Step::Collection(c(), Metric::Cosine),
        Step::Upsert(c(), vec![row(1), row(2)]),
        Step::Checkpoint,
        Step::DeleteIds(c(), vec!["r2".to_owned()]),
        Step::Collection("c1".to_owned(), Metric::Dot),
        Step::Upsert("c1".to_owned(), vec![row(7)]),
        Step::Checkpoint,
        Step::Upsert(c(), vec![row(3)]),
        Step::Update(c(), vec!["r1".to_owned()], "{\"u\":1}".to_owned()),
        Step::Upsert("c1".to_owned(), vec![row(8), row(7)]),
    ]
}

pub fn salvage(storage: MemoryStorage) -> Result<Db> {
    block_on(Database::salvage(storage, TestEnv::default(), Options::default()))
}

impl World {
    /// Salvages damaged files and checks all that must hold whatever was damaged. `None` where it was refused.
    pub fn salvaged(&self, damaged: &Files, what: &str) -> Option<(Model, Option<SalvageReport>)> {
        let plain = open(MemoryStorage::from_files(damaged.clone())).map(|db| Model::read(&db));
        let storage = MemoryStorage::from_files(damaged.clone());
        let db = match salvage(storage.clone()) {
            Ok(db) => db,
            Err(cause) => {
                assert_eq!(cause.kind, Kind::Corrupt, "{what}: {cause}");
                assert_eq!(&storage.files(), damaged, "{what}: a refusal changes nothing");
                assert!(plain.is_err(), "{what}: what opens is never refused");
                return None;
            }
        };
        let found = Model::read(&db);
        self.never_invents(&found, what);
        let report = db.open_report().salvage.clone();
        match plain {
            // What opens without it opens to the same.
            Ok(model) => assert_eq!((&found, &report), (&model, &None), "{what}"),
            Err(_) => self.is_reported(&found, report.as_ref().unwrap_or_else(|| panic!("{what}")), what),
        }
        self.kept_aside(&db, damaged, report.as_ref(), what);
        // It goes on: written to, checked, opened again without salvage.
        if found.0.contains_key("c0") && found.0["c0"].metric == Metric::Cosine {
            block_on(Step::Upsert("c0".to_owned(), vec![row(50)]).run(&db)).unwrap();
        }
        if report.is_some() {
            let check = block_on(db.check()).unwrap();
            assert!(check.ok, "{what}: {check:?}");
        }
        let now = Model::read(&db);
        drop(db);
        let again = open(storage).unwrap_or_else(|cause| panic!("{what}: opened again: {cause}"));
        assert_eq!(Model::read(&again), now, "{what}: opened again");
        Some((found, report))
    }

    /// Every row is one that was once written just so.
    pub fn never_invents(&self, found: &Model, what: &str) {
        for (name, collection) in &found.0 {
            for (id, row) in &collection.rows {
                let versions = self.written.get(&(name.clone(), id.clone()));
                assert!(versions.is_some_and(|all| all.contains(row)), "{what}: {name} {id} {row:?}");
            }
        }
    }

    /// What differs is told of: missing rows by a row group or a range of writes, others by a range of writes.
    fn is_reported(&self, found: &Model, report: &SalvageReport, what: &str) {
        for (name, collection) in &self.model.0 {
            for (id, row) in &collection.rows {
                if found.0.get(name).and_then(|one| one.rows.get(id)) == Some(row) {
                    continue;
                }
                let in_group = report.groups.iter().any(|group| &group.collection == name);
                assert!(in_group || !report.lost.is_empty(), "{what}: {name} {id}: {report:?}");
            }
        }
        let more = found.0.iter().any(|(name, one)| {
            let stored = self.model.0.get(name);
            one.rows.keys().any(|id| stored.is_none_or(|stored| !stored.rows.contains_key(id)))
        });
        assert!(!more || !report.lost.is_empty(), "{what}: rows came back: {report:?}");
        // No id is called gone that is there.
        for group in &report.groups {
            let there = &found.0[&group.collection].rows;
            assert!(group.ids.iter().all(|id| !there.contains_key(id)), "{what}: {group:?}");
        }
    }

    /// Damaged bytes are all there still, under another name, and can be read and removed.
    fn kept_aside(&self, db: &Db, damaged: &Files, report: Option<&SalvageReport>, what: &str) {
        let kept = block_on(db.quarantined()).unwrap();
        let Some(report) = report else {
            assert!(kept.is_empty(), "{what}");
            return;
        };
        assert_eq!(kept.len(), report.files.len(), "{what}");
        let mut originals = BTreeSet::new();
        for file in &kept {
            let mut bytes = Vec::new();
            loop {
                let piece = block_on(db.read_quarantined(&file.name, bytes.len() as u64)).unwrap();
                if piece.is_empty() {
                    break;
                }
                bytes.extend(piece);
            }
            assert_eq!(bytes.len() as u64, file.bytes, "{what}");
            let (_, original) = file.name["quarantine-".len()..].split_once('-').unwrap();
            if original == "report" {
                assert!(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()["cause"].is_string());
            } else {
                assert_eq!(damaged[original], bytes, "{what}: {original}");
                originals.insert(original.to_owned());
            }
        }
        // Every file that is not as it was when it was stored is kept, unless nothing was to be had of it.
        for (name, bytes) in &self.files {
            // A log that ends within its header holds nothing, and nobody reads that of a blocks file.
            let rest = |bytes: &[u8]| {
                bytes.get(if name.starts_with("blocks-") { 80 } else { 0 }..).map(<[u8]>::to_vec)
            };
            let changed =
                damaged.get(name).is_some_and(|other| other.len() > 80 && rest(other) != rest(bytes));
            let needless = db.storage().files().get(name) == damaged.get(name);
            assert!(
                !changed || needless || originals.contains(name) || self.is_older(name),
                "{what}: {name}"
            );
        }
    }

    /// Whether the newest snapshot makes up for this file.
    fn is_older(&self, name: &str) -> bool {
        let generation = |name: &str| name.rsplit('-').next().unwrap().parse::<u64>().unwrap();
        let newest =
            self.files.keys().filter(|name| name.starts_with("snapshot-")).map(|name| generation(name));
        newest.max().is_some_and(|newest| generation(name) < newest)
    }
}
