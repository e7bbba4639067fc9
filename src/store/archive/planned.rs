//! What a new archive will hold: found out before anything of it is written.

use super::super::blocks::runs;
use super::super::chain::Logs;
use super::super::database::Inner;
use super::super::env::Env;
use super::super::names::{self, Listing};
use super::super::open::read_manifest;
use super::super::wire::config_to_wire;
use super::backup::{BackupOptions, Content};
use super::frames::Frames;
use super::places::{keep_truth, places};
use crate::collection::State;
use crate::error::{Error, Kind, Result};
use crate::format::archive4::{ArchiveKind, ArchiveV4, SummaryV4};
use crate::format::block::{BLOCK_HEADER_BYTES, BlockKind};
use crate::format::header::DatabaseId;
use crate::format::snapshot::{BlockRefV1, SnapshotV2};
use crate::storage::Storage;
use crate::vectors::lossy;

/// What the new archive is to follow. Refuses what cannot be followed.
pub(super) fn since<'a>(options: &'a BackupOptions, database: &DatabaseId) -> Result<Option<&'a ArchiveV4>> {
    let Some((of, base)) = &options.since else {
        return match options.kind {
            ArchiveKind::Full => Ok(None),
            kind => Err(Error::invalid(format!(
                "a backup of type {} needs `since`, the archive that it follows",
                kind.name()
            ))),
        };
    };
    if of != database {
        return Err(Error::new(
            Kind::Mismatch,
            "the archive in `since` is of another database: make a full backup of this one",
        ));
    }
    match (options.kind, base.kind()?) {
        (ArchiveKind::Full, _) => Err(Error::invalid("a full backup follows nothing: leave `since` out")),
        (ArchiveKind::Differential, ArchiveKind::Full) if base.lossy == 0 && !options.lossy => Ok(Some(base)),
        (ArchiveKind::Differential, kind) => {
            Err(Error::invalid("a differential backup follows a full one, with vectors as they are")
                .with("full", kind.name()))
        }
        (ArchiveKind::Incremental, _) if options.lossy => {
            Err(Error::invalid("an incremental backup has the writes as they are: leave `vectors` out"))
        }
        (ArchiveKind::Incremental, _) => Ok(Some(base)),
    }
}

fn summaries(state: &State, manifest: Option<&SnapshotV2>) -> Vec<SummaryV4> {
    let named = state.all().filter(|one| one.stages.is_none());
    named
        .map(|one| {
            let stored = manifest
                .and_then(|manifest| manifest.extensions.iter().find(|other| other.collection == one.number));
            let nodes = stored.and_then(|stored| stored.graph.as_ref()).map_or(0, |graph| graph.nodes);
            let (config, rows) = (config_to_wire(one.config()), one.len() as u32);
            SummaryV4 { name: one.name.clone(), config, rows, nodes }
        })
        .collect()
}

impl<S: Storage, E: Env> Inner<S, E> {
    /// For a caller who has the turn.
    pub(super) async fn blocks_since(
        &self,
        base: Option<&ArchiveV4>,
        options: &BackupOptions,
    ) -> Result<(ArchiveV4, Content, Vec<u64>)> {
        let generation = self.checkpoint_or_give_way().await?.generation;
        // The manifest is read back: what goes into the archive is what is stored.
        let (database, length) = {
            let disk = self.disk.borrow();
            let kept = disk.snapshots.iter().find(|kept| kept.generation == generation);
            (disk.database, kept.map(|kept| kept.manifest_bytes))
        };
        let length =
            length.ok_or_else(|| Error::corrupt(format!("{} vanished", names::snapshot(generation))))?;
        let mut snapshot = read_manifest(&self.storage, generation, length, &database).await?;
        keep_truth(&mut snapshot, options.index);
        let mut known: Vec<BlockRefV1> = Vec::new();
        if let Some(base) = base {
            base.snapshot()?.each_block(&mut |block| known.push(*block));
            known.sort_unstable_by_key(|block| (block.generation, block.offset));
        }
        let mut manifest = ArchiveV4 {
            kind: u8::from(base.is_some()),
            id: [0; 16],
            base: base.map(|base| base.id),
            from_seq: base.map_or(0, |base| base.seq),
            from_ms: base.map_or(0, |base| base.time_ms),
            seq: snapshot.seq,
            time_ms: snapshot.time_ms,
            bytes: 0,
            frames: 0,
            lossy: u8::from(options.lossy),
            collections: summaries(&self.state.borrow(), Some(&snapshot)),
            held: Vec::new(),
            snapshot: snapshot.encode_section(Vec::new())?,
        };
        let (mut held, mut dimensions) = (Vec::new(), Vec::new());
        for (at, place) in places(&mut snapshot).into_iter().enumerate() {
            let block = *place.block;
            let found = known.binary_search_by_key(&(block.generation, block.offset), |block| {
                (block.generation, block.offset)
            });
            if found.is_ok_and(|found| known.get(found) == Some(&block)) {
                continue;
            }
            manifest.hold(at);
            held.push(block);
            let mut length = block.length as usize;
            if options.lossy && place.kind == BlockKind::Vectors {
                length = lossy::packed_bytes(length, place.dimension);
                dimensions.push((place.collection, place.dimension));
            }
            manifest.bytes += (BLOCK_HEADER_BYTES + length) as u64;
        }
        let files = held.iter().map(|block| block.generation).collect();
        let mut runs = runs(held.into_iter())?;
        runs.reverse();
        dimensions.dedup();
        Ok((manifest, Content::Blocks { runs, dimensions: options.lossy.then_some(dimensions) }, files))
    }

    /// For a caller who has the turn.
    pub(super) async fn frames_since(&self, base: &ArchiveV4) -> Result<(ArchiveV4, Content, Vec<u64>)> {
        let (seq, tail) = (self.state.borrow().seq, self.disk.borrow().log);
        if base.seq > seq {
            return Err(Error::invalid("the archive in `since` is newer than this database")
                .with(format!("at most write {seq}"), base.seq));
        }
        let listing = Listing::of(&self.storage.list().await?);
        let logs = Logs::read(&self.storage, &listing).await?;
        let frames = Frames::after(&logs, tail, base.seq, seq)?;
        // Once through, so that the manifest can say what comes, and nothing begins that cannot end.
        let (mut bytes, mut time_ms) = (0, base.time_ms);
        let mut counting = frames.clone();
        while counting
            .step(&self.storage, |frame, at| {
                bytes += frame.len() as u64;
                time_ms = at;
            })
            .await?
        {
            self.env.yield_now().await;
        }
        let manifest = ArchiveV4 {
            kind: 2,
            id: [0; 16],
            base: Some(base.id),
            from_seq: base.seq,
            from_ms: base.time_ms,
            seq,
            time_ms,
            bytes,
            frames: seq - base.seq,
            lossy: 0,
            collections: summaries(&self.state.borrow(), None),
            held: Vec::new(),
            snapshot: Vec::new(),
        };
        let files = frames.logs();
        Ok((manifest, Content::Frames(frames), files))
    }
}
