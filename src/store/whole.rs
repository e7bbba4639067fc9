//! A whole state as one blocks file, and a manifest over it.

use super::blocks::runs;
use super::database::Inner;
use super::disk;
use super::env::Env;
use super::made::{Wanted, encode, seal};
use super::names;
use super::wire::config_to_wire;
use crate::collection::{Collection, State};
use crate::error::{Error, Kind, Result};
use crate::format::block::{BLOCK_HEADER_BYTES, BlockKind};
use crate::format::config::ConfigV2;
use crate::format::header::{FileHeader, HEADER_BYTES};
use crate::format::snapshot::{BlockRefV1, CollectionV1, ExtensionV2, GroupV1, RequestsV3, SnapshotV2};
use crate::storage::{Source, Storage};

/// What a blocks file has of each row group, in this order.
const KINDS: [BlockKind; 2] = [BlockKind::Vectors, BlockKind::Rows];

impl<S: Storage, E: Env> Inner<S, E> {
    /// Writes vectors and rows of a state into a blocks file: the manifest over it, and its length. Vectors that are not in
    /// memory come from where they are `stored`.
    pub(super) async fn write_state(
        &self,
        state: &State,
        stored: &[disk::Blocks],
        time_ms: u64,
        header: FileHeader,
    ) -> Result<(SnapshotV2, u64)> {
        let mut source = Whole::new(self, state, stored, header);
        self.storage.create(&names::blocks(header.generation), &mut source).await?;
        let Whole { written, bytes, .. } = source;
        Ok((manifest(state, time_ms, written)?, bytes))
    }
}

/// Every block of it.
struct Whole<'a, S, E> {
    inner: &'a Inner<S, E>,
    state: &'a State,
    /// Where vectors are that are not in memory.
    stored: &'a [disk::Blocks],
    header: Option<FileHeader>,
    /// What is still to be written, the next one last.
    wanted: Vec<Wanted>,
    total: usize,
    bytes: u64,
    written: Vec<BlockRefV1>,
    generation: u64,
}

fn named(state: &State) -> impl Iterator<Item = &Collection> {
    state.all().filter(|one| one.stages.is_none())
}

impl<'a, S, E> Whole<'a, S, E> {
    fn new(inner: &'a Inner<S, E>, state: &'a State, stored: &'a [disk::Blocks], header: FileHeader) -> Self {
        let mut wanted = Vec::new();
        for one in named(state) {
            for group in 0..one.group_count() {
                wanted.extend(KINDS.map(|kind| Wanted { collection: one.number, group, kind }));
            }
        }
        wanted.reverse();
        let (total, generation) = (wanted.len(), header.generation);
        let (written, header) = (Vec::new(), Some(header));
        Whole { inner, state, stored, header, wanted, total, bytes: 0, written, generation }
    }
}

impl<S: Storage, E: Env> Whole<'_, S, E> {
    async fn block(&self, want: &Wanted) -> Result<Vec<u8>> {
        let gone = || Error::corrupt("a collection vanished: this is a defect of Lodestore");
        let one = self.state.get(want.collection).ok_or_else(gone)?;
        if want.kind != BlockKind::Vectors || one.vectors().place(want.group).is_none() {
            return encode(one, want);
        }
        // Verified as it is read, so that damage is found and not written again with a fresh checksum.
        let stored = self.stored.iter().find(|blocks| blocks.collection == want.collection);
        let stored = stored.and_then(|blocks| blocks.block(want.group, want.kind)).ok_or_else(gone)?;
        let mut bytes = Vec::new();
        for run in runs(std::iter::once(stored))? {
            bytes = run.read_verified(&self.inner.storage).await?;
        }
        one.vectors().patch_group(want.group, bytes.get_mut(BLOCK_HEADER_BYTES..).unwrap_or_default());
        Ok(bytes)
    }
}

impl<S: Storage, E: Env> Source for Whole<'_, S, E> {
    fn expected(&self) -> u64 {
        named(self.state).map(|one| (one.slot_count() * one.config().dimension) as u64 * 4).sum()
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
fn manifest(state: &State, time_ms: u64, written: Vec<BlockRefV1>) -> Result<SnapshotV2> {
    let mut written = written.into_iter();
    let mut next =
        || written.next().ok_or_else(|| Error::new(Kind::Unavailable, "the storage took a part only"));
    let (mut collections, mut extensions) = (Vec::new(), Vec::new());
    for one in named(state) {
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
        seq: state.seq,
        time_ms,
        log: None,
        next_collection: state.next_collection,
        collections,
        extensions,
        requests: RequestsV3::default(),
    })
}
