//! What the tests of archives share: databases that change by chance, and archives as bytes.

use crate::support::{Pieces, block_on, config, drain, rows};
use lodestore::collection::{Collection, State};
use lodestore::error::Result;
use lodestore::format::archive4::{ArchiveKind, ArchiveV4};
use lodestore::format::header::DatabaseId;
use lodestore::index::Metric;
use lodestore::storage::{MemoryStorage, Storage};
use lodestore::store::{
    BackupOptions, Database, Env, Level, Options, Secret, Stage, StageOptions, Target, VerifyOptions,
    VerifyReport, verify_archive,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Surroundings in which nothing random comes twice.
pub struct World {
    clock: Cell<u64>,
    /// By how much the clock goes on each time that somebody looks at it.
    tick: u64,
    rng: RefCell<ChaCha8Rng>,
}

impl World {
    pub fn new(seed: u64) -> World {
        World {
            tick: 10,
            clock: Cell::new(1_700_000_000_000),
            rng: RefCell::new(ChaCha8Rng::seed_from_u64(seed)),
        }
    }
}

impl World {
    /// In which the clock stands still, so that it does not matter who looks at it.
    pub fn still(seed: u64) -> World {
        World { tick: 0, ..World::new(seed) }
    }
}

impl Env for World {
    fn now_ms(&self) -> u64 {
        self.clock.set(self.clock.get() + self.tick);
        self.clock.get()
    }

    fn monotonic_ms(&self) -> f64 {
        self.clock.get() as f64
    }

    fn random(&self) -> [u8; 16] {
        self.rng.borrow_mut().random()
    }

    fn progress(&self, phase: &str, done: u64, total: u64) {
        assert!(done <= total, "{phase}: progress of {done} of {total}");
    }

    async fn yield_now(&self) {}
}

/// By collection and id: the bits of the vector, and the metadata.
pub type Contents = BTreeMap<String, BTreeMap<String, (Vec<u32>, String)>>;
pub type Db<S> = Database<S, World>;

pub fn contents(state: &State) -> Contents {
    let of = |one: &Collection| {
        let rows = one.ids().map(|(id, slot)| {
            let bits = one.vector(slot).unwrap().iter().map(|number| number.to_bits()).collect();
            (id.to_string(), (bits, one.row(slot).unwrap().metadata.to_string()))
        });
        (one.name.clone(), rows.collect())
    };
    state.all().filter(|one| one.stages.is_none()).map(of).collect()
}

pub fn now<S: Storage>(db: &Db<S>) -> Contents {
    contents(&db.state().unwrap())
}

pub fn open<S: Storage>(storage: S, seed: u64) -> Db<S> {
    block_on(Database::open(storage, World::new(seed), Options::default())).unwrap()
}

pub fn collection<S: Storage>(db: &Db<S>, name: &str) {
    block_on(db.collection(name, Some(config(3, Metric::Euclidean)))).unwrap();
}

/// One write, as chance has it. A checkpoint now and then.
pub fn step(db: &Db<MemoryStorage>, rng: &mut ChaCha8Rng) {
    let name = ["a", "b"][rng.random_range(0..2)];
    let first = rng.random_range(0..40usize);
    let some = first..first + rng.random_range(1..8usize);
    let ids: Vec<String> = some.clone().map(|n| format!("r{n}")).collect();
    match rng.random_range(0..20) {
        0..11 => {
            collection(db, name);
            block_on(db.upsert(name, rows("r", some, 3))).unwrap();
        }
        11..14 => drop(block_on(db.delete(name, Target::Ids(ids)))),
        14..18 => {
            let changed = format!("{{\"changed\":{first}}}");
            drop(block_on(db.update(name, Target::Ids(ids[..1].to_vec()), vec![changed], true)));
        }
        18 => drop(block_on(db.drop_collection(name))),
        _ => drop(block_on(db.checkpoint()).unwrap()),
    }
}

/// What is asked for when nothing else is.
pub fn options(kind: ArchiveKind, since: Option<&Archive>) -> BackupOptions {
    BackupOptions {
        kind,
        since: since.map(|archive| (archive.database, archive.manifest.clone())),
        compress: false,
        secret: Secret::None,
        index: true,
        lossy: false,
    }
}

/// An archive that was made.
#[derive(Clone)]
pub struct Archive {
    pub bytes: Vec<u8>,
    pub manifest: ArchiveV4,
    pub database: DatabaseId,
    pub secret: Secret,
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "an archive of {} bytes", self.bytes.len())
    }
}

pub fn backup<S: Storage>(db: &Db<S>, options: BackupOptions) -> Result<Archive> {
    let secret = options.secret.clone();
    let mut backup = block_on(db.backup(options))?;
    let manifest = backup.manifest.clone();
    let bytes = block_on(drain(&mut backup))?;
    let database = bytes[16..32].try_into().unwrap();
    Ok(Archive { bytes, manifest, database, secret })
}

pub fn full<S: Storage>(db: &Db<S>) -> Archive {
    backup(db, options(ArchiveKind::Full, None)).unwrap()
}

pub fn after<S: Storage>(db: &Db<S>, kind: ArchiveKind, base: &Archive) -> Archive {
    backup(db, options(kind, Some(base))).unwrap()
}

/// Gives archives to a restore, in pieces of odd lengths.
pub fn add<S: Storage>(stage: &mut Stage<S, World>, archives: &[Archive]) -> Result<()> {
    for one in archives {
        let bytes = one.bytes.len() as u64;
        let mut pieces = Pieces(one.bytes.chunks(997));
        block_on(stage.add(&mut pieces, &one.secret, bytes))?;
    }
    Ok(())
}

/// Restores archives: what they hold then.
pub fn restore<S: Storage>(db: &Db<S>, archives: &[Archive], options: StageOptions) -> Result<Contents> {
    let mut stage = block_on(db.stage(options))?;
    let added = add(&mut stage, archives);
    if let Err(cause) = added.and_then(|()| block_on(stage.finish()).map(drop)) {
        block_on(stage.abort());
        return Err(cause);
    }
    let staged = contents(stage.state()?);
    while stage.index_step()? {}
    block_on(stage.commit())?;
    assert_eq!(staged, now(db), "what was staged is what was switched to");
    Ok(staged)
}

pub fn verify(bytes: &[u8], level: Level, secret: &Secret) -> Result<VerifyReport> {
    let options = VerifyOptions { level, secret: secret.clone(), total_bytes: bytes.len() as u64 };
    block_on(verify_archive(&World::new(1), &mut Pieces(bytes.chunks(4099)), &options))
}
