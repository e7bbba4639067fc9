//! Salvaging from one snapshot or another, and choosing the one from which least is gone.

use super::super::chain::Logs;
use super::super::env::Env;
use super::super::found::Found;
use super::super::names::{self, Listing};
use super::super::open::read_manifest;
use super::aside::{REPORT, aside_name};
use super::report::{LostWrites, SalvageReport, SalvagedCollection};
use crate::collection::State;
use crate::error::{Error, Kind, Result};
use crate::format::VERSION;
use crate::format::header::{DatabaseId, FileHeader, FileKind, HEADER_BYTES};
use crate::format::snapshot::{RequestsV3, SnapshotV2};
use crate::limits::MANIFEST_BYTES_MAX;
use crate::sorted::SortedMap;
use crate::storage::{FileInfo, Storage};
use crate::vectors::ReadStored;
use std::rc::Rc;

/// Sequence numbers that are left out where it is not known how many were given.
const SPARE: u64 = 1 << 20;

/// What there is to salvage from.
pub(super) struct Work<'a, S, E> {
    pub storage: &'a S,
    pub env: &'a E,
    pub reader: Option<&'a Rc<dyn ReadStored>>,
    pub database: DatabaseId,
    pub logs: &'a Logs,
    /// Snapshots of imports, and those that may be of one: they are there, whole, and cannot be read.
    pub imports: Vec<u64>,
    /// Logs that a salvage began which a crash ended: nothing was ever written to them.
    pub begun: Vec<u64>,
    /// The newest log that a snapshot names.
    pub named: Option<u64>,
    /// The newest write that a snapshot covers.
    pub covered: u64,
}

/// What was salvaged from one snapshot.
#[derive(Default)]
pub(super) struct Attempt {
    pub state: State,
    pub requests: RequestsV3,
    pub report: SalvageReport,
    /// Names of files that have to be kept aside.
    pub damaged: Vec<String>,
    /// Rows of row groups that do not verify, by number of their collection.
    pub rows_gone: SortedMap<u64, u64>,
    /// Ids of them that are known.
    pub ids: usize,
    pub frames: u64,
    /// Bytes of a torn tail.
    pub torn: u64,
}

type Candidate = Option<(u64, SnapshotV2)>;

impl Attempt {
    /// How much is gone; nothing is worse than all of it.
    fn loss(&self) -> u64 {
        let lost: u64 = self.report.lost.iter().map(LostWrites::count).sum();
        let loss = self.gone() + lost + self.report.more_lost;
        if loss > 0 && self.rows() == 0 { u64::MAX } else { loss }
    }

    /// Rows that are gone.
    fn gone(&self) -> u64 {
        let gone = self.rows_gone.iter().filter(|(number, _)| self.remains(**number as u32));
        gone.map(|(_, rows)| rows).sum()
    }

    /// Whether a collection will be there. One that was dropped or replaced later is not missed, nor is one that was being
    /// built to replace another: opening lets it go, unless it is not known what became of it.
    fn remains(&self, number: u32) -> bool {
        self.state.get(number).is_some_and(|one| one.stages.is_none() || !self.report.lost.is_empty())
    }

    /// Takes rows off what is gone.
    pub fn found(&mut self, number: u32, rows: u64) {
        if let Some(gone) = self.rows_gone.get_mut(u64::from(number)) {
            *gone = gone.saturating_sub(rows);
        }
    }

    fn rows(&self) -> usize {
        self.state.all().map(|one| one.len()).sum()
    }

    pub fn damage(&mut self, name: String) {
        if !self.damaged.contains(&name) {
            self.damaged.push(name);
        }
    }

    /// What is left to do once everything was read.
    fn settle(&mut self, covered: u64) {
        let lost = self.report.lost.iter();
        let unknown = lost.clone().any(|one| one.to.is_none());
        let last = lost.map(|one| one.from.max(one.to.unwrap_or(0)) + one.bytes / 34).max().unwrap_or(0);
        // Sequence numbers are never used twice; and as nothing continues this one, a log of before is never taken for
        // what follows, nor the snapshots of before for a base of what comes.
        self.state.seq = self.state.seq.max(last).max(covered) + 1 + if unknown { SPARE } else { 0 };
        self.requests.forgotten = self.state.seq;
        for mut group in std::mem::take(&mut self.report.groups) {
            self.damaged.extend(group.files.iter().cloned());
            if !self.remains(group.number) {
                continue;
            }
            let one = self.state.get(group.number);
            let back = group.drop_ids(|id| one.is_some_and(|one| one.slot(id).is_some()));
            self.found(group.number, back);
            // All of it may have been written again.
            if group.rows != Some(0) {
                self.report.groups.push(group);
            }
        }
        if !self.report.lost.is_empty() {
            self.keep_staged();
        }
        let all = self.state.all().filter(|one| one.stages.is_none());
        self.report.collections =
            all.map(|one| SalvagedCollection { name: one.name.clone(), rows: one.len() as u64 }).collect();
    }

    /// A name that no collection has.
    pub fn own_name(&self, of: &str, number: u32) -> String {
        let mut name = format!("{of}-{number}");
        while self.state.find(&name).is_some() {
            name.push('-');
        }
        name
    }

    /// What was being rebuilt may have taken its place in a write that is lost, and later ones went to it. So it stays,
    /// under a name of its own.
    fn keep_staged(&mut self) {
        let staged = self.state.all().filter(|one| one.stages.is_some()).map(|one| one.number);
        for number in staged.collect::<Vec<u32>>() {
            let name = self.own_name(self.state.get(number).map_or("", |one| &one.name), number);
            for one in self.state.all_mut().filter(|one| one.number == number) {
                one.stages = None;
                one.name.clone_from(&name);
            }
            for group in self.report.groups.iter_mut().filter(|group| group.number == number) {
                group.collection.clone_from(&name);
            }
        }
    }
}

/// Salvages what stands in `storage`, which does not open because of `cause`. Nothing is changed.
pub async fn salvage<S: Storage, E: Env>(
    storage: &S,
    env: &E,
    reader: Option<&Rc<dyn ReadStored>>,
    files: &[FileInfo],
    cause: &Error,
) -> Result<(Found, SalvageReport, Vec<String>)> {
    let listing = &Listing::of(files);
    let logs = Logs::read(storage, listing).await?;
    let database = identity(storage, listing, &logs).await?;
    let mut candidates: Vec<Candidate> = Vec::new();
    // Older snapshots without the log behind them, as a policy keeps them: they know nothing of what was deleted since.
    let mut alone: Vec<Candidate> = Vec::new();
    let mut damaged = Vec::new();
    let mut work = Work {
        storage,
        env,
        reader,
        database,
        logs: &logs,
        imports: Vec::new(),
        begun: Vec::new(),
        named: None,
        covered: 0,
    };
    let is_salvage = |generation: u64| files.iter().any(|file| file.name == aside_name(generation, REPORT));
    for (&generation, &length) in listing.logs.iter() {
        if length <= HEADER_BYTES as u64 && is_salvage(generation.saturating_sub(1)) {
            work.begun.push(generation);
        }
    }
    let mut is_newest = true;
    for (&generation, &length) in listing.snapshots.iter().rev() {
        match read_manifest(storage, generation, length, &database).await {
            Ok(manifest) => {
                work.named = work.named.max(manifest.log);
                work.covered = work.covered.max(manifest.seq);
                if manifest.log.is_none() {
                    work.imports.push(generation);
                }
                let is_alone = !is_newest && !listing.logs.contains(manifest.log.unwrap_or(generation + 1));
                let of = if is_alone { &mut alone } else { &mut candidates };
                of.push(Some((generation, manifest)));
            }
            Err(cause) if cause.kind == Kind::Corrupt => {
                damaged.push(names::snapshot(generation));
                // What a salvage would have covered lies beyond all that was ever written.
                if work.begun.contains(&(generation + 1)) {
                    continue;
                }
                let header = snapshot_header(storage, generation, length).await?;
                match left(storage, generation, length, header.is_ok()).await? {
                    Left::Cut => {}
                    Left::Manifest { seq, log } => {
                        work.covered = work.covered.max(seq);
                        work.named = work.named.max(Some(log.unwrap_or(generation + 1)));
                        work.imports.extend(log.is_none().then_some(generation));
                    }
                    Left::Nothing => {
                        // The log that was begun for it was the next file.
                        work.imports.push(generation);
                        work.named = work.named.max(Some(generation + 1));
                    }
                }
                if let Ok(header) = header {
                    work.covered = work.covered.max(header.seq);
                }
            }
            Err(cause) => return Err(cause),
        }
        // That of a salvage which a crash ended was never one of them.
        is_newest &= work.begun.contains(&(generation + 1));
    }
    // What no manifest names that can be read may be what one named that cannot, or is gone. Unless a salvage wrote it
    // that a crash ended.
    for generation in listing.blocks.keys() {
        let mut is_known = is_salvage(*generation);
        for (_, manifest) in candidates.iter().chain(&alone).flatten() {
            manifest.each_block(&mut |block| is_known |= block.generation == *generation);
        }
        if !is_known {
            damaged.push(names::blocks(*generation));
        }
    }
    if candidates.is_empty() && alone.is_empty() || logs.first_writes().values().any(|first| *first == 1) {
        candidates.push(None);
    }
    let certain = candidates.len();
    candidates.append(&mut alone);
    let mut best: Option<(u64, Attempt)> = None;
    let mut chosen = 0;
    for (at, candidate) in candidates.iter().enumerate() {
        // How much was deleted in a hole of any length nobody can count: taken only where nothing else has a row.
        if at >= certain && best.as_ref().is_some_and(|(loss, _)| *loss < u64::MAX) {
            break;
        }
        // The one before goes before this one comes: two would be twice the memory.
        let known = best.take().map(|(loss, _)| loss);
        let attempt = match work.attempt(candidate).await {
            Err(cause) if cause.kind == Kind::Corrupt => {
                best = known.map(|loss| (loss, Attempt::default()));
                continue;
            }
            attempt => attempt?,
        };
        let loss = attempt.loss();
        match known.filter(|known| *known <= loss) {
            Some(known) => best = Some((known, Attempt::default())),
            None => {
                (best, chosen) = (Some((loss, attempt)), at);
                if loss == 0 {
                    break;
                }
            }
        }
    }
    let refuse = |what: &str| Error::corrupt(format!("{what}: restore a backup ({cause})"));
    let Some((_, mut attempt)) = best else { return Err(refuse("nothing of this database can be read")) };
    let base = candidates.get(chosen).and_then(Option::as_ref);
    if attempt.state.next_collection == 0 {
        attempt = work.attempt(candidates.get(chosen).unwrap_or(&None)).await?;
    }
    attempt.settle(work.covered);
    // Newer ones that are not gone by did not hold either.
    for (generation, manifest) in candidates.iter().take(chosen).flatten() {
        attempt.damage(names::snapshot(*generation));
        manifest.each_block(&mut |block| attempt.damage(names::blocks(block.generation)));
    }
    if attempt.loss() == u64::MAX {
        return Err(refuse("no row of this database can be read"));
    }
    attempt.damaged.append(&mut damaged);
    attempt.report.cause = cause.to_string();
    attempt.report.snapshot = base.map(|(generation, _)| *generation);
    let rows_gone = attempt.gone();
    let Attempt { state, requests, report, damaged, frames, torn, .. } = attempt;
    let newest = base.map(|(_, manifest)| manifest.clone());
    let found = Found::salvaged(database, state, requests, newest, &logs, (rows_gone, frames, torn));
    Ok((found, report, damaged))
}

impl<S: Storage, E: Env> Work<'_, S, E> {
    async fn attempt(&self, base: &Candidate) -> Result<Attempt> {
        let mut attempt = Attempt::default();
        if let Some((_, manifest)) = base {
            self.load(manifest, &mut attempt).await?;
        }
        self.replay(base.as_ref(), &mut attempt).await?;
        Ok(attempt)
    }
}

/// Which database it is: what the newest file says whose header can be read.
async fn identity(storage: &impl Storage, listing: &Listing, logs: &Logs) -> Result<DatabaseId> {
    for (_, header, _) in logs.each().rev() {
        match header {
            Ok(header) => return Ok(header.database),
            Err(cause) if cause.kind == Kind::Version => return Err(cause.clone()),
            Err(_) => {}
        }
    }
    for (&generation, &length) in listing.snapshots.iter().rev() {
        if let Ok(header) = snapshot_header(storage, generation, length).await? {
            return Ok(header.database);
        }
    }
    Err(Error::corrupt("no file of this database says what it is: restore a backup"))
}

/// What stands before a manifest, which may hold where the manifest does not.
async fn snapshot_header(storage: &impl Storage, generation: u64, length: u64) -> Result<Result<FileHeader>> {
    let bytes = storage.read(&names::snapshot(generation), 0..length.min(HEADER_BYTES as u64)).await?;
    Ok(FileHeader::decode(FileKind::Snapshot, &bytes))
}

/// What a snapshot says that cannot be used.
enum Left {
    /// A crash may have cut it off: then it never counted.
    Cut,
    /// Its manifest verifies: the last write that it covers, and the log that goes on behind it, if that is named.
    Manifest { seq: u64, log: Option<u64> },
    /// It was whole, and cannot be read.
    Nothing,
}

/// What is cut off is as it was up to there, and zeros behind, or nothing. So it was whole where its manifest verifies, and
/// where its header does not though something stands behind that.
async fn left(storage: &impl Storage, generation: u64, length: u64, has_header: bool) -> Result<Left> {
    const HEAD: u64 = HEADER_BYTES as u64;
    if length < HEAD + 8 {
        return Ok(Left::Cut);
    }
    // No manifest is so long, and so nothing that long is read.
    if length > HEAD + 8 + MANIFEST_BYTES_MAX as u64 {
        return Ok(Left::Nothing);
    }
    let bytes = storage.read(&names::snapshot(generation), HEAD..length).await?;
    let manifest = (1..=VERSION).rev().find_map(|version| SnapshotV2::decode_section(version, &bytes).ok());
    if let Some(SnapshotV2 { seq, log, .. }) = manifest {
        return Ok(Left::Manifest { seq, log });
    }
    let section = bytes.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let is_short = section as usize > bytes.len() - 8;
    let is_cut = match has_header {
        true => is_short || bytes.ends_with(&[0; 4]),
        false => bytes.iter().all(|byte| *byte == 0),
    };
    Ok(if is_cut { Left::Cut } else { Left::Nothing })
}
