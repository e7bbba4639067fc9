//! One that uses a database: does a write and tells the oracle what became of it.

use crate::choose;
use crate::dice::Dice;
use crate::env::{Clock, SimEnv};
use crate::explore::{Tally, count};
use crate::model::{Op, Which, rebuilt};
use crate::mutant::Mutant;
use crate::oracle::Oracle;
use crate::storage::SimStorage;
use lodestore::collection::{Config, Rows};
use lodestore::error::{Error, Kind, Result};
use lodestore::metadata::Filter;
use lodestore::storage::Source;
use lodestore::store::{Database, ImportOptions, Target, Written};
use std::cell::RefCell;
use std::rc::Rc;

pub type Db = Database<SimStorage, SimEnv>;

/// What every client of a run shares.
#[derive(Clone)]
pub struct Shared {
    pub oracle: Rc<RefCell<Oracle>>,
    pub tally: Rc<Tally>,
    pub dice: Dice,
    pub mutant: Option<Mutant>,
    pub trace: bool,
    /// Nobody else opens these files: no handle may be fenced off.
    pub alone: bool,
    pub clock: Clock,
    /// The medium keeps no order: what is older may be gone where what is newer is there.
    pub jumbled: bool,
}

/// Bytes in pieces of a given size.
pub struct Pieces<'a>(pub std::slice::Chunks<'a, u8>);

impl Source for Pieces<'_> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(self.0.next().map(<[u8]>::to_vec))
    }
}

impl Shared {
    pub fn say(&self, text: impl FnOnce() -> String) {
        if self.trace {
            eprintln!("    {}", text());
        }
    }

    /// The surroundings of a process.
    pub fn env(&self) -> SimEnv {
        SimEnv::on(&self.dice, self.clock.clone())
    }

    /// What became of something that was asked for. `made` is the number that the write was given, where that was said.
    pub fn note(&self, db: &Db, number: u64, outcome: &Result<Option<u64>>, made: Option<u64>) {
        let seq = db.state().unwrap().seq;
        let mut oracle = self.oracle.borrow_mut();
        match outcome {
            Ok(rows) => {
                count(&self.tally.writes);
                match (self.alone, rows) {
                    // By what a handle that was overtaken still shows there was nothing to do.
                    (false, Some(0)) => oracle.refuse(number),
                    _ => oracle.acknowledge(number, *rows, seq, made),
                }
            }
            Err(cause) => self.failed(&mut oracle, number, cause, seq),
        }
        self.say(|| format!("#{number}: {outcome:?}"));
    }

    fn failed(&self, oracle: &mut Oracle, number: u64, cause: &Error, seq: u64) {
        match cause.kind {
            Kind::Invalid | Kind::Mismatch if self.alone => oracle.refuse_wrong(number, cause),
            Kind::Invalid | Kind::Mismatch => oracle.refuse(number),
            Kind::Conflict => {
                assert!(!self.alone, "fenced off though nobody else wrote: {cause}");
                oracle.refuse(number);
            }
            Kind::Quota | Kind::Unavailable => {
                count(&self.tally.faults);
                match self.mutant {
                    Some(Mutant::Invents) => oracle.acknowledge(number, None, seq, None),
                    _ => oracle.fail(number, seq),
                }
            }
            _ => panic!("a write must not fail so: {cause}"),
        }
    }

    /// A write.
    pub async fn write(&self, db: Db, op: Op) {
        self.dice.yields().await;
        let op = Rc::new(op);
        let number = self.oracle.borrow_mut().begin(op.clone());
        self.say(|| format!("#{number} {:.300}", format!("{op:?}")));
        if self.mutant == Some(Mutant::AcknowledgesEarly) && matches!(*op, Op::Upsert(..)) {
            let known = self.oracle.borrow().current().clone();
            if crate::model::Model::clone(&known).apply(&op).is_some() {
                self.oracle.borrow_mut().acknowledge(number, None, u64::MAX, None);
                let _ = perform(&db, &op).await;
                return;
            }
        }
        let outcome = perform(&db, &op).await;
        let made = outcome.as_ref().ok().and_then(|written| written.map(|written| written.seq));
        let rows = outcome.map(|written| written.map(|written| written.count));
        self.note(&db, number, &rows, made);
    }

    /// New vectors for a whole collection, as an application makes them.
    pub async fn rebuild(&self, db: Db, name: &'static str, config: Config) {
        let begun = db.rebuild(name, config.clone()).await;
        self.say(|| format!("rebuild {name} as {config:?}: {:?}", begun.as_ref().map(drop)));
        let Ok(rebuild) = begun else { return };
        self.oracle.borrow_mut().settled();
        let rebuild = Rc::new(rebuild);
        for _ in 0..50 {
            let outcome: Result<()> = async {
                loop {
                    let rows = rebuild
                        .next(self.dice.between(1, if rebuild.progress().1 > 100 { 700 } else { 6 }))?;
                    if rows.is_empty() {
                        return Ok(());
                    }
                    let vectors = rows.iter().flat_map(|row| rebuilt(&row.id, config.dimension)).collect();
                    rebuild.put(vectors).await?;
                    self.oracle.borrow_mut().settled();
                    self.dice.yields().await;
                }
            }
            .await;
            if outcome.is_err() || self.dice.chance(50) {
                self.say(|| format!("rebuild of {name} is given up: {outcome:?}"));
                if self.dice.chance(700) {
                    let _ = rebuild.abort().await;
                }
                return;
            }
            let number = self.oracle.borrow_mut().begin(Rc::new(Op::Rebuild(name, config.clone())));
            self.say(|| format!("#{number} commit of {name}"));
            match rebuild.clone().commit().await {
                // Deletes that came between are not in the count; the rows are the same in either order.
                Ok(Some(_)) => return self.note(&db, number, &Ok(None), None),
                Ok(None) => self.oracle.borrow_mut().refuse(number),
                Err(cause) => return self.note(&db, number, &Err(cause), None),
            }
        }
    }

    /// A snapshot.
    pub async fn checkpoint(&self, db: Db, only_if_due: bool) {
        self.dice.yields().await;
        if self.dice.chance(100) {
            let outcome = db.prune(1).await;
            self.say(|| format!("prune: {outcome:?}"));
            outcome.map_or_else(|cause| self.may_fail(&cause), drop);
        }
        let outcome = match only_if_due {
            true => db.checkpoint_if_due().await.map(|made| made.is_some()),
            false => db.checkpoint().await.map(|_| true),
        };
        self.say(|| format!("checkpoint: {outcome:?}"));
        match outcome {
            Ok(true) => self.oracle.borrow_mut().settled(),
            Ok(false) => {}
            Err(cause) => self.may_fail(&cause),
        }
    }

    /// What work on files may fail with.
    pub fn may_fail(&self, cause: &Error) {
        let fenced = cause.kind == Kind::Conflict;
        assert!(!(fenced && self.alone), "fenced off though nobody else wrote: {cause}");
        let is_the_hosts = matches!(cause.kind, Kind::Quota | Kind::Unavailable | Kind::Conflict);
        let is_the_hosts = is_the_hosts || self.jumbled && cause.kind == Kind::Corrupt;
        assert!(is_the_hosts || self.mutant.is_some(), "this must not fail so: {cause}");
    }

    /// Work on the graphs, some steps at a time.
    pub async fn index(&self, db: Db) {
        for _ in 0..self.dice.between(1, 12) {
            for _ in 0..self.dice.between(1, 30) {
                match db.index_step(None, self.dice.chance(500)) {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(cause) => assert_eq!(cause.kind, Kind::Unavailable, "work on a graph: {cause}"),
                }
            }
            self.dice.yields().await;
        }
    }

    /// Everything from an archive, in place of what there is.
    pub async fn import(&self, db: Db, bytes: Vec<u8>, model: crate::model::Model, whole: bool) {
        let number = self.oracle.borrow_mut().begin(Rc::new(Op::Import(model)));
        self.say(|| format!("#{number} import of {} bytes, whole {whole}", bytes.len()));
        let options = ImportOptions { replace: true, total_bytes: 0 };
        let outcome = db.import(&mut Pieces(bytes.chunks(self.dice.between(1, 3000))), options).await;
        self.until_there(&db, outcome.is_err()).await;
        match outcome {
            Err(cause) if !whole && matches!(cause.kind, Kind::Corrupt | Kind::Version) => {
                self.oracle.borrow_mut().refuse(number);
            }
            Ok(_) if !whole => panic!("a damaged archive was imported"),
            outcome => self.note(&db, number, &outcome.map(|done| Some(done.rows)), None),
        }
    }

    /// Where something else was to come in its place, and that failed, and what was there could not be read again, the
    /// next write tries that once more.
    pub async fn until_there(&self, db: &Db, failed: bool) {
        while db.state().is_err_and(|cause| cause.kind == Kind::Unavailable) {
            assert!(failed, "what was put in its place is not there");
            let _ = db.collection("nobody", None).await;
        }
    }

    /// Any write.
    pub fn choose(&self, profile: &choose::Profile, rows_only: bool) -> Op {
        choose::write(&self.dice, self.oracle.borrow().current(), profile, rows_only)
    }
}

/// Does it for real: how many rows it was about and its number, where that is said.
async fn perform(db: &Db, op: &Op) -> Result<Option<Written>> {
    let target = |which: &Which| -> Result<Target> {
        Ok(match (which, which.filter()) {
            (Which::Ids(ids), _) => Target::Ids(ids.iter().map(|id| id.to_string()).collect()),
            (_, filter) => Target::Filter(Filter::parse(&filter.unwrap_or_default())?),
        })
    };
    let written = match op {
        Op::Create(name, config) => return db.collection(name, Some(config.clone())).await.map(|()| None),
        Op::Drop(name) => db.drop_collection(name).await,
        Op::Upsert(name, rows) => {
            let rows = Rows {
                ids: rows.iter().map(|row| row.0.to_string()).collect(),
                vectors: rows.iter().flat_map(|row| row.1.iter().copied()).collect(),
                metadata: rows.iter().map(|row| row.2.text()).collect(),
            };
            db.upsert(name, rows).await
        }
        Op::Update(name, which, patch, replace) => {
            db.update(name, target(which)?, vec![patch.text()], *replace).await
        }
        Op::Delete(name, which) => db.delete(name, target(which)?).await,
        Op::Configure(name, config) => db.configure(name, config.clone()).await,
        Op::Rebuild(..) | Op::Import(_) | Op::Switch(_) => return Err(Error::invalid("done in another way")),
    };
    written.map(Some)
}
