//! What a database says that it was, compared with what it was.

use crate::check::{Vectors, difference};
use crate::client::{Db, Shared};
use crate::dice::Dice;
use crate::kept::{modelled, never_invents};
use crate::model::{Meta, Model, Op, Which};
use crate::run::finish;
use crate::storage::SimStorage;
use crate::timeline::Timeline;
use lodestore::collection::State;
use lodestore::error::Kind;
use lodestore::store::{Past, Point, RestorePoint};
use std::rc::Rc;

type Was = Past<SimStorage, crate::env::SimEnv>;

/// What a state is that should be that of a write: panics where it is none that was.
pub fn is_as_it_was(
    state: &State,
    timeline: &Timeline,
    others: &dyn Fn() -> Vec<Rc<Model>>,
    what: &dyn Fn() -> String,
) -> Rc<Model> {
    if let Some(model) = timeline.at(state.seq) {
        if let Some(other) = difference(state, model, Vectors::Compare) {
            panic!("{}: {other}", what());
        }
        return model.clone();
    }
    let is_it = |model: &Rc<Model>| difference(state, model, Vectors::Compare).is_none();
    // Of a group of writes that were asked for at once any may have come first.
    let known = others().into_iter().find(is_it);
    known.unwrap_or_else(|| {
        let model = Rc::new(modelled(state));
        never_invents(&model, &others(), "in the past");
        model
    })
}

/// Every point that is offered can be read, and some writes between: `most` of each. How many snapshots there are.
pub fn look_back(
    db: &Db,
    timeline: &Timeline,
    others: &dyn Fn() -> Vec<Rc<Model>>,
    dice: &Dice,
    most: usize,
) -> usize {
    let history = finish(db.history(), || false).unwrap();
    let history = history.unwrap_or_else(|cause| panic!("history: {cause}"));
    let now = db.state().unwrap().seq;
    assert_eq!(history.seq, now, "the last write in the history");
    let points = &history.points;
    for two in points.windows(2) {
        assert!(two[0].seq <= two[1].seq && two[0].to_seq <= two[1].seq, "points out of order: {points:?}");
    }
    let all = points.len() <= most;
    for point in points {
        assert!(point.to_seq >= point.seq && point.to_seq <= now, "{point:?} of {now}");
        if !all && !dice.chance(1000 * most / points.len()) {
            continue;
        }
        let between = dice.between(point.seq as usize, point.to_seq as usize) as u64;
        for seq in [point.seq, point.to_seq, between] {
            let past = finish(db.as_of(Point::Seq(seq)), || false).unwrap();
            let past = past.unwrap_or_else(|cause| panic!("as of {seq}, of {points:?}: {cause}"));
            assert_eq!(past.state.seq, seq, "as of {seq}, of {points:?}");
            is_as_it_was(&past.state, timeline, others, &|| format!("as of {seq}, of {points:?}"));
        }
    }
    points.iter().filter(|point| point.bytes > 0).count()
}

/// What writes can be gone back to: first and last of each range.
pub fn ranges(db: &Db) -> Vec<(u64, u64, u64)> {
    points(db).iter().map(|point| (point.seq, point.to_seq, point.time_ms)).collect()
}

/// Snapshots that are offered, without the beginning of a database, of which there are only logs: what each covers, and
/// when it was made.
pub fn snapshots(db: &Db) -> Vec<(u64, u64)> {
    let stored = points(db).into_iter().filter(|point| point.bytes > 0);
    stored.map(|point| (point.seq, point.time_ms)).collect()
}

fn points(db: &Db) -> Vec<RestorePoint> {
    let history = finish(db.history(), || false).unwrap().unwrap_or_else(|cause| panic!("history: {cause}"));
    history.points
}

impl Shared {
    /// Any point that is kept; `None` where the storage fails.
    pub async fn some_past(&self, db: &Db) -> Option<(Was, Rc<Model>)> {
        let dice = &self.dice;
        let history = db.history().await.map_err(|cause| self.may_fail(&cause)).ok()?;
        if history.points.is_empty() {
            return None;
        }
        let point = dice.pick(&history.points);
        let seq = dice.between(point.seq as usize, point.to_seq as usize) as u64;
        let at = if dice.chance(200) { Point::Time(point.time_ms) } else { Point::Seq(seq) };
        let past = match db.as_of(at).await {
            Ok(past) => past,
            // By a clock that was set back another point may come before this one, of which nothing else was kept.
            Err(cause) if cause.kind == Kind::Invalid && matches!(at, Point::Time(_)) => return None,
            Err(cause) => {
                self.may_fail(&cause);
                return None;
            }
        };
        let oracle = self.oracle.borrow();
        let what = || format!("as of {at:?}, of {:?}", history.points);
        // Vectors may be in storage still.
        let calmly = |look: &dyn Fn() -> Rc<Model>| db.storage().faults.calm(look);
        let was = calmly(&|| is_as_it_was(&past.state, oracle.timeline(), &|| oracle.written(), &what));
        drop(oracle);
        Some((past, was))
    }

    /// The whole database becomes what it was.
    pub async fn restore_past(&self, db: Db) {
        let Some((past, was)) = self.some_past(&db).await else { return };
        let seq = past.state.seq;
        let number = self.oracle.borrow_mut().begin(Rc::new(Op::Import(Model::clone(&was))));
        self.say(|| format!("#{number} back to write {seq}"));
        let outcome = db.restore(past).await;
        self.until_there(&db, outcome.is_err()).await;
        self.note(&db, number, &outcome.map(|done| Some(done.rows)), None);
    }

    /// Some rows of a collection become what they were, and no others.
    pub async fn restore_rows(&self, db: Db, ids: usize) {
        let Some((past, was)) = self.some_past(&db).await else { return };
        let Some(name) = crate::choose::existing(&self.dice, &was) else { return };
        let which = crate::choose::which(&self.dice, ids);
        let Some(then) = was.0.get(name) else { return };
        let now = self.oracle.borrow().current().clone();
        let Some(now) = now.0.get(name) else { return };
        let mut back: Vec<(Rc<str>, Vec<f32>, Meta)> = Vec::new();
        for (id, row) in then.rows.iter().filter(|(id, row)| which.has(id, &row.meta)) {
            // What is written here has its fields in one order.
            if row.metadata == row.meta.text() {
                back.push((id.clone(), row.vector.clone(), row.meta));
            }
        }
        let gone = |id: &Rc<str>| !then.rows.contains_key(id);
        let over = now.rows.iter().filter(|(id, row)| which.has(id, &row.meta) && gone(id));
        let over: Vec<Rc<str>> = over.map(|(id, _)| id.clone()).collect();
        drop(past);
        if !back.is_empty() {
            self.write(db.clone(), Op::Upsert(name, back)).await;
        }
        if !over.is_empty() {
            self.write(db, Op::Delete(name, Which::Ids(over))).await;
        }
    }
}
