//! The obvious model of a database: a map of maps, and the operations that tests do on both.

use super::{TestEnv, config};
use lodestore::collection::{Config, Query, Rows};
use lodestore::error::Result;
use lodestore::index::Metric;
use lodestore::metadata::{Filter, parse_metadata};
use lodestore::storage::Storage;
use lodestore::store::{Database, Target};
use rand::Rng;
use std::collections::BTreeMap;

pub const DIMENSION: usize = 3;

#[derive(Clone, Debug, PartialEq)]
pub struct ModelRow {
    pub vector: Vec<f32>,
    pub metadata: String,
}

/// Collections by name, rows by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model(pub BTreeMap<String, ModelCollection>);

#[derive(Clone, Debug, PartialEq)]
pub struct ModelCollection {
    pub metric: Metric,
    pub rows: BTreeMap<String, ModelRow>,
}

/// One thing that a test does.
#[derive(Clone, Debug)]
pub enum Step {
    Collection(String, Metric),
    Drop(String),
    Upsert(String, Vec<(String, Vec<f32>, String)>),
    Update(String, Vec<String>, String),
    DeleteIds(String, Vec<String>),
    DeleteWhere(String, String),
    Configure(String, Metric),
    Checkpoint,
}

impl Step {
    pub fn random(rng: &mut impl Rng, checkpoints: bool) -> Step {
        let name = format!("c{}", rng.random_range(0..2));
        let id = |rng: &mut dyn rand::RngCore| format!("r{}", rng.random_range(0..12));
        match rng.random_range(0..20) {
            0..=1 => Step::Collection(name, Metric::Cosine),
            2 if rng.random_bool(0.3) => Step::Drop(name),
            3..=9 => {
                let rows = (0..rng.random_range(1..4)).map(|_| {
                    let vector = (0..DIMENSION).map(|_| rng.random_range(-8..8) as f32 + 0.5).collect();
                    let metadata =
                        format!("{{\"n\":{},\"s\":\"{}\"}}", rng.random_range(0..5), rng.random_range(0..3));
                    (id(rng), vector, metadata)
                });
                Step::Upsert(name, rows.collect())
            }
            10..=12 => {
                let ids = (0..rng.random_range(1..3)).map(|_| id(rng)).collect();
                Step::Update(name, ids, format!("{{\"u\":{}}}", rng.random_range(0..5)))
            }
            13..=14 => Step::DeleteIds(name, vec![id(rng), id(rng)]),
            15 => Step::DeleteWhere(name, format!("{{\"n\":{}}}", rng.random_range(0..5))),
            16 => Step::Configure(name, if rng.random() { Metric::Euclidean } else { Metric::Cosine }),
            _ if checkpoints => Step::Checkpoint,
            _ => Step::DeleteIds(name, vec![id(rng)]),
        }
    }

    /// Does it for real. `Invalid` errors (no such collection) are part of the game.
    pub async fn run<S: Storage>(&self, db: &Database<S, TestEnv>) -> Result<()> {
        match self {
            Step::Collection(name, metric) => {
                // Another metric in place is a mismatch, which is checked elsewhere.
                let exists = db.state()?.find(name).is_some();
                if exists { Ok(()) } else { db.collection(name, Some(config(DIMENSION, *metric))).await }
            }
            Step::Drop(name) => db.drop_collection(name).await.map(drop),
            Step::Upsert(name, rows) => {
                let rows = Rows {
                    ids: rows.iter().map(|row| row.0.clone()).collect(),
                    vectors: rows.iter().flat_map(|row| row.1.clone()).collect(),
                    metadata: rows.iter().map(|row| row.2.clone()).collect(),
                };
                db.upsert(name, rows).await.map(drop)
            }
            Step::Update(name, ids, patch) => {
                db.update(name, Target::Ids(ids.clone()), vec![patch.clone()], false).await.map(drop)
            }
            Step::DeleteIds(name, ids) => db.delete(name, Target::Ids(ids.clone())).await.map(drop),
            Step::DeleteWhere(name, filter) => {
                db.delete(name, Target::Filter(Filter::parse(filter)?)).await.map(drop)
            }
            Step::Configure(name, metric) => {
                let config = db.state()?.named(name)?.config().clone();
                db.configure(name, Config { metric: *metric, ..config }).await.map(drop)
            }
            Step::Checkpoint => db.checkpoint().await.map(drop),
        }
    }
}

impl Model {
    /// Does it to the model. A step on a collection that is not there changes nothing.
    pub fn run(&mut self, step: &Step) {
        if let Step::Collection(name, metric) = step {
            let empty = ModelCollection { metric: *metric, rows: BTreeMap::new() };
            self.0.entry(name.clone()).or_insert(empty);
            return;
        }
        if let Step::Drop(name) = step {
            self.0.remove(name);
            return;
        }
        let (Step::Upsert(name, _)
        | Step::Update(name, ..)
        | Step::DeleteIds(name, _)
        | Step::DeleteWhere(name, _)
        | Step::Configure(name, _)) = step
        else {
            return;
        };
        let Some(collection) = self.0.get_mut(name) else { return };
        match step {
            Step::Upsert(_, rows) => {
                for (id, vector, metadata) in rows.clone() {
                    collection.rows.insert(id, ModelRow { vector, metadata });
                }
            }
            Step::Update(_, ids, patch) => {
                for id in ids {
                    if let Some(row) = collection.rows.get_mut(id) {
                        let mut object: serde_json::Map<String, serde_json::Value> =
                            serde_json::from_str(&row.metadata).unwrap();
                        let patch: serde_json::Map<String, serde_json::Value> =
                            serde_json::from_str(patch).unwrap();
                        object.extend(patch);
                        row.metadata = serde_json::to_string(&object).unwrap();
                    }
                }
            }
            Step::DeleteIds(_, ids) => ids.iter().for_each(|id| drop(collection.rows.remove(id))),
            Step::DeleteWhere(_, filter) => {
                let filter = Filter::parse(filter).unwrap();
                collection.rows.retain(|_, row| !filter.matches(&parse_metadata(&row.metadata).unwrap()));
            }
            Step::Configure(_, metric) => collection.metric = *metric,
            _ => {}
        }
    }

    /// What the database holds, read back through its public face. Rows, search, list and count have to agree.
    pub fn read<S: Storage>(db: &Database<S, TestEnv>) -> Model {
        let state = db.state().unwrap();
        let mut model = Model::default();
        for collection in state.all().filter(|one| one.stages.is_none()) {
            let mut rows = BTreeMap::new();
            for (id, slot) in collection.ids() {
                let row = collection.row(slot).unwrap();
                assert_eq!(&row.id, id);
                let metadata: serde_json::Value = serde_json::from_str(&row.metadata).unwrap();
                let metadata = serde_json::to_string(&metadata).unwrap();
                rows.insert(
                    id.to_string(),
                    ModelRow { vector: collection.vector(slot).unwrap().to_vec(), metadata },
                );
            }
            let listed = collection.page(None, None, 10_000).unwrap();
            assert_eq!(listed.slots.len(), rows.len());
            assert_eq!(collection.count(None), rows.len() as u64);
            let vector: Vec<f32> = (0..collection.config().dimension).map(|n| 1.0 - n as f32 * 0.6).collect();
            let query = Query { vector: &vector, top_k: 10_000, ..Query::default() };
            assert_eq!(collection.query(&query).unwrap().hits.len(), rows.len(), "search finds every row");
            let metric = collection.config().metric;
            model.0.insert(collection.name.clone(), ModelCollection { metric, rows });
        }
        model
    }
}
