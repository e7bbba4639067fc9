//! Comparing a database with a model, by everything that reads: get, list, count and query have to agree.

use crate::dice::Dice;
use crate::env::SimEnv;
use crate::model::{Model, ModelCollection, Which, score};
use lodestore::collection::{Collection, Query, State};
use lodestore::error::{Kind, Result};
use lodestore::metadata::Filter;
use lodestore::storage::Storage;
use lodestore::store::Database;
use std::rc::Rc;

/// How much of the vectors is looked at.
#[derive(Clone, Copy, PartialEq)]
pub enum Vectors {
    Compare,
    /// Those that stay in storage are not verified when they are read, so a flipped bit in one is not found.
    InMemory,
}

/// The first of the candidates that is what is stored, or how the first one differs.
pub fn find<S: Storage>(
    db: &Database<S, SimEnv>,
    candidates: &[Rc<Model>],
    vectors: Vectors,
) -> std::result::Result<Rc<Model>, String> {
    let state = db.state().unwrap();
    let mut first = None;
    for candidate in candidates {
        match difference(&state, candidate, vectors) {
            None => return Ok(candidate.clone()),
            Some(what) => first = first.or(Some(what)),
        }
    }
    let what = first.unwrap_or_default();
    Err(format!("{what} (and none of {} states is what is stored)", candidates.len()))
}

pub fn difference(state: &State, model: &Model, vectors: Vectors) -> Option<String> {
    let named = || state.all().filter(|one| one.stages.is_none());
    if named().count() != model.0.len() {
        let names: Vec<&str> = named().map(|one| one.name.as_str()).collect();
        return Some(format!("collections {names:?} instead of {:?}", model.0.keys()));
    }
    for (name, expected) in &model.0 {
        let Some(found) = state.find(name) else { return Some(format!("no collection {name}")) };
        if *found.config() != expected.config {
            return Some(format!("{name}: {:?} instead of {:?}", found.config(), expected.config));
        }
        if let Some(what) = rows(found, expected, vectors) {
            return Some(format!("{name}: {what}"));
        }
    }
    None
}

fn rows(found: &Collection, expected: &ModelCollection, vectors: Vectors) -> Option<String> {
    let mut wanted = expected.rows.iter();
    for (id, slot) in found.ids() {
        let Some((other, row)) = wanted.next() else { return Some(format!("invented row {id}")) };
        if id != other {
            return Some(format!("row {id} where {other} should be"));
        }
        let stored = found.row(slot).unwrap();
        if stored.id != *id || *stored.metadata != *row.metadata {
            return Some(format!("row {id}: {} instead of {}", stored.metadata, row.metadata));
        }
        if vectors == Vectors::InMemory && found.leaves_vectors() {
            continue;
        }
        match found.vector(slot) {
            Ok(vector) if *vector == *row.vector => {}
            Ok(vector) => return Some(format!("row {id}: {vector:?} instead of {:?}", row.vector)),
            Err(cause) if cause.kind == Kind::Unavailable => {}
            Err(cause) => return Some(format!("row {id}: {cause}")),
        }
    }
    wanted.next().map(|(id, _)| format!("row {id} is missing"))
}

/// Asks everything that can be asked of each collection.
pub fn agree<S: Storage>(db: &Database<S, SimEnv>, model: &Model, dice: &Dice, may_fail: bool) {
    let state = db.state().unwrap();
    for (name, expected) in &model.0 {
        let found = state.find(name).unwrap();
        let which = if dice.chance(500) {
            Which::Equal(dice.below(6) as u8)
        } else {
            Which::AtLeast(dice.below(6) as u8)
        };
        let filter = Filter::parse(&which.filter().unwrap()).unwrap();
        let filtered = dice.chance(500);
        let matching = |id: &str| !filtered || which.has(id, &expected.rows[id].meta);
        let count = expected.rows.keys().filter(|id| matching(id)).count();
        let filter = filtered.then_some(&filter);
        assert_eq!(found.count(filter), count as u64, "{name}: count {filter:?}");
        listed(found, expected, &matching, filter, dice);
        for exact in [true, false] {
            let asked = ask(found, expected, &matching, filter, exact, count, dice);
            if let Err(cause) = asked {
                assert!(may_fail && cause.kind == Kind::Unavailable, "{name}: query: {cause}");
            }
        }
    }
}

fn listed(
    found: &Collection,
    expected: &ModelCollection,
    matching: &impl Fn(&str) -> bool,
    filter: Option<&Filter>,
    dice: &Dice,
) {
    let limit = if expected.rows.len() > 100 { 400 } else { dice.between(1, 20) };
    let mut after: Option<Rc<str>> = None;
    let mut wanted = expected.rows.keys().filter(|id| matching(id));
    loop {
        let page = found.page(filter, after.as_deref(), limit).unwrap();
        for slot in page.slots {
            assert_eq!(Some(&*found.row(slot).unwrap().id), wanted.next().map(|id| &**id), "list");
        }
        match page.cursor {
            Some(cursor) => after = Some(cursor),
            None => break,
        }
    }
    assert_eq!(wanted.next(), None, "list ended early");
}

fn ask(
    found: &Collection,
    expected: &ModelCollection,
    matching: &impl Fn(&str) -> bool,
    filter: Option<&Filter>,
    exact: bool,
    count: usize,
    dice: &Dice,
) -> Result<()> {
    let config = &expected.config;
    let vector: Vec<f32> = (0..config.dimension).map(|_| dice.below(32) as f32 - 15.5).collect();
    let top_k = if exact { 10_000 } else { dice.between(1, 12) };
    let query = Query { vector: &vector, top_k, filter, exact, ..Query::default() };
    let hits = found.query(&query)?.hits;
    assert_eq!(hits.len(), count.min(top_k), "query gives min(k, m), exact {exact}, {filter:?}");
    let mut seen: Vec<u32> = hits.iter().map(|hit| hit.slot).collect();
    let mut last = f32::INFINITY;
    for hit in &hits {
        let id = &found.row(hit.slot).expect("a hit is a row").id;
        let row = expected.rows.get(id).unwrap_or_else(|| panic!("query invents {id}"));
        assert!(matching(id), "query finds {id}, which does not match");
        let score = score(config.metric, &vector, &row.vector);
        let error = (f64::from(hit.score) - score).abs();
        assert!(error <= 1e-4 * (1.0 + score.abs()), "score of {id}: {} instead of {score}", hit.score);
        assert!(hit.score <= last, "best first");
        last = hit.score;
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), hits.len(), "a row twice in one answer");
    Ok(())
}
