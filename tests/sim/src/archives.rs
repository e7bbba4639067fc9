//! Archives of version 4: made while others write, kept elsewhere, and restored in stages, as chains, up to some write.

use crate::check::{Vectors, difference};
use crate::choose::Profile;
use crate::client::{Db, Pieces, Shared};
use crate::dice::Dice;
use crate::env::SimEnv;
use crate::kept::modelled;
use crate::model::{Model, Op};
use crate::past::is_as_it_was;
use crate::run::{Task, finish, together};
use crate::storage::SimStorage;
use crate::timeline::Timeline;
use lodestore::error::{Error, Kind};
use lodestore::format::archive4::{ArchiveKind, ArchiveV4};
use lodestore::format::header::DatabaseId;
use lodestore::store::{Backup, BackupOptions, Point, Secret, Stage, StageOptions};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

type Staged = Stage<SimStorage, SimEnv>;

/// An archive, kept outside of the storage.
pub struct Archive {
    pub bytes: Vec<u8>,
    manifest: ArchiveV4,
    database: DatabaseId,
    /// Which one it follows.
    since: Option<usize>,
    secret: Secret,
    /// What the database was up to then.
    timeline: Rc<Timeline>,
}

/// What is asked of a restore, and what has to come of it.
struct Wanted {
    chain: Vec<usize>,
    to: Option<Point>,
    /// A byte of one of them is another.
    damaged: Option<usize>,
    /// It has to be refused.
    refused: bool,
}

/// One that was begun, and what is known of it.
pub struct Begun {
    pub backup: Backup<SimStorage, SimEnv>,
    archive: Archive,
}

impl Begun {
    /// Once all of it is there.
    pub fn end(self, bytes: Vec<u8>) -> Archive {
        Archive { bytes, ..self.archive }
    }
}

impl Shared {
    /// Begins an archive of some kind while nobody else does anything.
    pub fn backup(&self, db: &Db, storage: &SimStorage, kept: &[Archive]) -> Option<Begun> {
        let dice = &self.dice;
        let since = (!kept.is_empty() && dice.chance(700)).then(|| match dice.chance(700) {
            true => kept.len() - 1,
            false => dice.below(kept.len()),
        });
        let kind = match since.map(|at| kept[at].manifest.kind().unwrap()) {
            None => ArchiveKind::Full,
            Some(ArchiveKind::Full) if dice.chance(400) => ArchiveKind::Differential,
            Some(_) => ArchiveKind::Incremental,
        };
        let secret = if dice.chance(200) { Secret::Key([7; 32]) } else { Secret::None };
        let options = BackupOptions {
            kind,
            since: since.map(|at| (kept[at].database, kept[at].manifest.clone())),
            compress: dice.chance(300),
            secret: secret.clone(),
            index: dice.chance(500),
            lossy: false,
        };
        let begun = finish(db.backup(options), || storage.dead.get())?;
        self.say(|| {
            format!("backup {kind:?} since {since:?}: {:?}", begun.as_ref().map(|one| one.manifest.seq))
        });
        let backup = match begun {
            Ok(backup) => backup,
            // The log does not go back so far.
            Err(cause) if kind == ArchiveKind::Incremental && cause.kind == Kind::Invalid => return None,
            Err(cause) => {
                self.may_fail(&cause);
                return None;
            }
        };
        let mut oracle = self.oracle.borrow_mut();
        if kind != ArchiveKind::Incremental {
            oracle.settled();
        }
        let (manifest, database, timeline) =
            (backup.manifest.clone(), backup.database(), oracle.timeline().clone());
        assert_eq!(manifest.seq, db.state().unwrap().seq, "the last write in an archive");
        let archive = Archive { bytes: Vec::new(), manifest, database, since, secret, timeline };
        Some(Begun { backup, archive })
    }

    fn wanted(&self, kept: &[Archive]) -> Wanted {
        let dice = &self.dice;
        let mut chain = vec![dice.below(kept.len())];
        while let Some(before) = kept[chain[0]].since {
            chain.insert(0, before);
        }
        // A differential archive has what came between by itself.
        let is_blocks = |at: &usize| kept[*at].manifest.kind().unwrap() != ArchiveKind::Incremental;
        let last = chain.iter().rposition(is_blocks).unwrap_or(0);
        let first_seq = kept[chain[last]].manifest.seq;
        let end = kept[chain[chain.len() - 1]].manifest.seq;
        let mut wanted = Wanted { chain, to: None, damaged: None, refused: false };
        match dice.below(10) {
            0 if wanted.chain.len() > 1 => {
                let at = dice.below(wanted.chain.len() - 1);
                wanted.chain.remove(at);
                wanted.refused = true;
            }
            1 => {
                wanted.damaged = Some(dice.below(wanted.chain.len()));
                wanted.refused = true;
            }
            2 => {
                let beyond = end + 1 + dice.below(3) as u64;
                let seq = if dice.chance(500) && first_seq > 0 { first_seq - 1 } else { beyond };
                wanted.to = Some(Point::Seq(seq));
                wanted.refused = true;
            }
            3..8 => {
                wanted.to = Some(Point::Seq(dice.between(first_seq as usize, end as usize) as u64));
            }
            _ => {}
        }
        wanted
    }

    /// A restore in stages, with others that write between them; then the switch, or nothing of it.
    pub fn restore(&self, db: &Db, storage: &SimStorage, kept: &[Archive], profile: &Profile) {
        let dice = &self.dice;
        let wanted = self.wanted(kept);
        self.say(|| format!("restore {:?} to {:?}, refused {}", wanted.chain, wanted.to, wanted.refused));
        let staged: RefCell<Option<Result<Staged, Error>>> = RefCell::new(None);
        let alone = dice.chance(250);
        let names = || storage.medium.borrow().live.0.keys().cloned().collect::<Vec<_>>();
        let before = names();
        let mut tasks: Vec<Task<'_>> = vec![Box::pin(async {
            let done = self.stage(db, kept, &wanted).await;
            *staged.borrow_mut() = Some(done);
        })];
        if !alone {
            for _ in 0..dice.between(1, 4) {
                tasks.push(Box::pin(self.write(db.clone(), self.choose(profile, false))));
            }
            if dice.chance(300) {
                tasks.push(Box::pin(self.checkpoint(db.clone(), false)));
            }
        }
        together(tasks, dice, || storage.dead.get());
        if storage.dead.get() {
            return;
        }
        let stage = match staged.into_inner().unwrap() {
            Ok(stage) => stage,
            Err(cause) => {
                self.say(|| format!("staging: {cause}"));
                match cause.kind {
                    Kind::Corrupt | Kind::Version | Kind::Invalid | Kind::Mismatch if wanted.refused => {}
                    _ => self.may_fail(&cause),
                }
                return;
            }
        };
        assert!(!wanted.refused, "a restore that has to be refused is staged: {:?}", wanted.to);
        let model = storage.faults.calm(|| self.is_as_archived(&stage, kept, &wanted));
        if dice.chance(250) {
            let aborts = dice.chance(700);
            let abort = async {
                if aborts {
                    stage.abort().await;
                } else {
                    drop(stage);
                }
            };
            finish(abort, || storage.dead.get());
            let calm = alone && aborts && !storage.faults.are_on() && !storage.dead.get();
            assert!(!calm || names() == before, "what is left of a restore that was given up: {:?}", names());
            return;
        }
        let (last, before) = (db.state().unwrap().seq, self.oracle.borrow().current().clone());
        let committed = Cell::new(false);
        let mut tasks: Vec<Task<'_>> =
            vec![Box::pin(async { committed.set(self.commit(db, stage, model).await) })];
        if dice.chance(300) {
            together(tasks, dice, || storage.dead.get());
            if committed.get() {
                storage.faults.calm(|| self.is_safe(db, last, &before));
            }
            return;
        }
        for _ in 0..if dice.chance(500) { dice.between(1, 2) } else { 0 } {
            tasks.push(Box::pin(self.write(db.clone(), self.choose(profile, true))));
        }
        if dice.chance(100) {
            tasks.push(Box::pin(self.checkpoint(db.clone(), false)));
        }
        together(tasks, dice, || storage.dead.get());
    }

    async fn stage(&self, db: &Db, kept: &[Archive], wanted: &Wanted) -> Result<Staged, Error> {
        let dice = &self.dice;
        let mut stage = db.stage(StageOptions { to: wanted.to }).await?;
        let done: Result<(), Error> = async {
            for (at, one) in wanted.chain.iter().enumerate() {
                dice.yields().await;
                let one = &kept[*one];
                let mut bytes = one.bytes.clone();
                if wanted.damaged == Some(at) {
                    damage(&mut bytes, dice);
                }
                let mut pieces = Pieces(bytes.chunks(dice.between(1, 3000)));
                stage.add(&mut pieces, &one.secret, 0).await?;
            }
            dice.yields().await;
            stage.finish().await?;
            for _ in 0..dice.below(40) {
                dice.yields().await;
                if !stage.index_step()? {
                    break;
                }
            }
            Ok(())
        }
        .await;
        match done {
            Ok(()) => Ok(stage),
            Err(cause) => {
                match dice.chance(800) {
                    true => stage.abort().await,
                    false => drop(stage),
                }
                Err(cause)
            }
        }
    }

    /// What is staged is what the database was then.
    fn is_as_archived(&self, stage: &Staged, kept: &[Archive], wanted: &Wanted) -> Model {
        let state = stage.state().unwrap();
        let last = &kept[wanted.chain[wanted.chain.len() - 1]];
        let seq = match wanted.to {
            Some(Point::Seq(seq)) => seq,
            _ => last.manifest.seq,
        };
        assert_eq!(state.seq, seq, "the last write of what is staged");
        let written = || self.oracle.borrow().written();
        let what = || format!("staged, as of {:?} of {:?}", wanted.to, wanted.chain);
        is_as_it_was(state, &last.timeline, &written, &what);
        modelled(state)
    }

    /// What was replaced is a point to go back to.
    fn is_safe(&self, db: &Db, last: u64, before: &Model) {
        let past = finish(db.as_of(Point::Seq(last)), || false).unwrap();
        let past = past.unwrap_or_else(|cause| panic!("before a restore, as of {last}: {cause}"));
        let other = difference(&past.state, before, Vectors::Compare);
        assert!(other.is_none(), "before a restore, as of {last}: {other:?}");
    }

    async fn commit(&self, db: &Db, stage: Staged, model: Model) -> bool {
        self.dice.yields().await;
        let number = self.oracle.borrow_mut().begin(Rc::new(Op::Switch(model)));
        self.say(|| format!("#{number} commit of what is staged"));
        let outcome = stage.commit().await;
        let seq = db.state().unwrap().seq;
        let made = outcome.is_ok().then_some(seq);
        self.note(db, number, &outcome.map(|done| Some(done.rows)), made);
        made.is_some()
    }
}

fn damage(bytes: &mut Vec<u8>, dice: &Dice) {
    let at = dice.below(bytes.len());
    match dice.below(3) {
        0 => bytes.truncate(at),
        1 => bytes.push(0),
        _ => bytes[at] ^= 1 << dice.below(8),
    }
}
