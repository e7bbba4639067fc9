//! Going back: what a database was becomes what it is, in one step, with a snapshot of what it was before that.

use super::audit::said;
use super::blocks::runs;
use super::database::{Database, Inner};
use super::env::Env;
use super::made::{Wanted, encode, seal};
use super::names;
use super::past::Past;
use super::report::ImportResult;
use super::wire::config_to_wire;
use crate::collection::Collection;
use crate::error::{Error, Kind, Result};
use crate::format::block::{BLOCK_HEADER_BYTES, BlockKind};
use crate::format::config::ConfigV2;
use crate::format::header::{FileHeader, HEADER_BYTES};
use crate::format::snapshot::{BlockRefV1, CollectionV1, ExtensionV2, GroupV1, RequestsV3, SnapshotV2};
use crate::storage::{Source, Storage};

/// What a blocks file has of each row group, in this order.
const KINDS: [BlockKind; 2] = [BlockKind::Vectors, BlockKind::Rows];

impl<S: Storage, E: Env> Database<S, E> {
    /// Replaces everything by what it was. First a checkpoint is made, so that what is there now stays a point to go back
    /// to; then what was is stored beside it, read back and verified; then one new snapshot makes it the database. On
    /// any error, and after a crash, nothing changed. Writes wait meanwhile.
    ///
    /// Codes and graphs follow from the rows and are made again: in the background, and until then rows are scanned.
    pub async fn restore(&self, past: Past<S, E>) -> Result<ImportResult> {
        let _turn = self.0.turn.take().await;
        self.0.check_sole_writer().await?;
        let covered = self.0.disk.borrow().snapshots.last().map(|kept| kept.seq);
        if covered != Some(self.last_write()) {
            self.0.checkpoint_in_turn().await?;
        }
        let generation = self.0.disk.borrow_mut().take_generation();
        let what = format!("write {}", past.state.seq);
        let result = self.0.restore_as(past, generation).await;
        if result.is_err() {
            self.0.drop_blocks(generation).await;
        }
        self.0.note_outcome("restore", &what, said(&result)).await;
        result
    }
}

impl<S: Storage, E: Env> Inner<S, E> {
    async fn restore_as(&self, past: Past<S, E>, generation: u64) -> Result<ImportResult> {
        let header = self.blocks_header(generation);
        let mut source = Blocks::new(self, &past, header);
        self.storage.create(&names::blocks(generation), &mut source).await?;
        let Blocks { written, bytes, .. } = source;
        let mut manifest = manifest(&past, written)?;
        // Numbers are never used again.
        manifest.next_collection = manifest.next_collection.max(self.state.borrow().next_collection);
        let _frozen = self.freeze_graphs();
        self.unload();
        // Two copies are enough.
        drop(past);
        let done = self.switch_to(manifest, header, bytes).await;
        if done.is_err() {
            self.unload();
            // If this fails, too, the next write tries it again.
            let _ = self.reload().await;
        }
        done
    }

    /// Removes a blocks file that no snapshot names, after a failure.
    pub(super) async fn drop_blocks(&self, generation: u64) {
        let is_snapshot = self.disk.borrow().snapshots.iter().any(|kept| kept.generation == generation);
        if self.disk.borrow().doubtful.is_none() && !is_snapshot {
            let _ = self.storage.remove(&names::blocks(generation)).await;
        }
    }
}

/// Every block of what was, as a blocks file.
struct Blocks<'a, S, E> {
    inner: &'a Inner<S, E>,
    past: &'a Past<S, E>,
    header: Option<FileHeader>,
    /// What is still to be written, the next one last.
    wanted: Vec<Wanted>,
    total: usize,
    bytes: u64,
    written: Vec<BlockRefV1>,
    generation: u64,
}

fn named<S, E>(past: &Past<S, E>) -> impl Iterator<Item = &Collection> {
    past.state.all().filter(|one| one.stages.is_none())
}

impl<'a, S, E> Blocks<'a, S, E> {
    fn new(inner: &'a Inner<S, E>, past: &'a Past<S, E>, header: FileHeader) -> Self {
        let mut wanted = Vec::new();
        for one in named(past) {
            for group in 0..one.group_count() {
                wanted.extend(KINDS.map(|kind| Wanted { collection: one.number, group, kind }));
            }
        }
        wanted.reverse();
        let (total, generation) = (wanted.len(), header.generation);
        Blocks { inner, past, header: Some(header), wanted, total, bytes: 0, written: Vec::new(), generation }
    }
}

impl<S: Storage, E: Env> Blocks<'_, S, E> {
    async fn block(&self, want: &Wanted) -> Result<Vec<u8>> {
        let gone = || Error::corrupt("a collection vanished: this is a defect of Lodestore");
        let one = self.past.state.get(want.collection).ok_or_else(gone)?;
        if want.kind != BlockKind::Vectors || one.vectors().place(want.group).is_none() {
            return encode(one, want);
        }
        // Verified as it is read, so that damage is found and not written again with a fresh checksum.
        let stored = self.past.blocks.iter().find(|blocks| blocks.collection == want.collection);
        let stored = stored.and_then(|blocks| blocks.block(want.group, want.kind)).ok_or_else(gone)?;
        let mut bytes = Vec::new();
        for run in runs(std::iter::once(stored))? {
            bytes = run.read_verified(&self.inner.storage).await?;
        }
        one.vectors().patch_group(want.group, bytes.get_mut(BLOCK_HEADER_BYTES..).unwrap_or_default());
        Ok(bytes)
    }
}

impl<S: Storage, E: Env> Source for Blocks<'_, S, E> {
    fn expected(&self) -> u64 {
        named(self.past).map(|one| (one.slot_count() * one.config().dimension) as u64 * 4).sum()
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(header) = self.header.take() {
            self.bytes = HEADER_BYTES as u64;
            return Ok(Some(header.encode()));
        }
        let Some(want) = self.wanted.pop() else { return Ok(None) };
        self.inner.env.yield_now().await;
        let mut bytes = self.block(&want).await?;
        self.written.push(seal(&mut bytes, &want, self.generation, self.bytes));
        self.bytes += bytes.len() as u64;
        self.inner.env.progress("restore", self.written.len() as u64, self.total as u64);
        Ok(Some(bytes))
    }
}

/// The manifest over those blocks, which come in the order in which they were written.
fn manifest<S, E>(past: &Past<S, E>, written: Vec<BlockRefV1>) -> Result<SnapshotV2> {
    let mut written = written.into_iter();
    let mut next =
        || written.next().ok_or_else(|| Error::new(Kind::Unavailable, "the storage took a part only"));
    let (mut collections, mut extensions) = (Vec::new(), Vec::new());
    for one in named(past) {
        let ConfigV2 { base: config, search } = config_to_wire(one.config());
        let mut groups = Vec::with_capacity(one.group_count());
        for _ in 0..one.group_count() {
            let (vectors, rows) = (next()?, next()?);
            groups.push(GroupV1 { vectors, rows });
        }
        extensions.push(ExtensionV2::new(one.number, search));
        collections.push(CollectionV1 {
            collection: one.number,
            name: one.name.clone(),
            config,
            stages: None,
            slots: one.slot_count() as u32,
            rows: one.len() as u32,
            groups,
        });
    }
    Ok(SnapshotV2 {
        seq: past.state.seq,
        time_ms: past.time_ms,
        log: None,
        next_collection: past.state.next_collection,
        collections,
        extensions,
        requests: RequestsV3::default(),
    })
}
