//! The contents of blocks, compared with one another as they come: rows with vectors, links with slots.

use super::super::wire::config_from_wire;
use super::content::Held;
use super::places::names_all;
use crate::collection::Config;
use crate::error::{Error, Result};
use crate::format::archive4::{ArchiveKind, ArchiveV4};
use crate::format::block::{BlockHeader, BlockKind, RowsV1, check_vectors};
use crate::format::floats;
use crate::format::snapshot::{CollectionV1, GraphV2, SnapshotV2};
use crate::index::Metric;
use crate::index::hnsw::{Loader, Params};
use crate::limits::{GROUP_ROWS, ID_BYTES_MAX};
use crate::metadata::parse_metadata;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A collection that an archive holds.
struct Inspected {
    wire: CollectionV1,
    config: Config,
    /// Of the ids that came, to find one that comes twice.
    ids: Vec<u64>,
    rows: u64,
    graph: Option<(GraphV2, Loader)>,
}

/// Looks at the blocks of an archive.
#[derive(Default)]
pub struct Inspector {
    collections: Vec<Inspected>,
    seq: u64,
    /// Whether every row is there.
    whole: bool,
    /// Vectors whose rows come next: collection, row group, bytes.
    vectors: Option<(u32, u32, Vec<u8>)>,
    /// Of each block of rows of an older version: collection, rows, the highest sequence number.
    old: Vec<(u32, u64, u64)>,
}

impl Inspector {
    /// For an archive in whose snapshot every configuration holds.
    pub fn of(archive: &ArchiveV4, snapshot: &SnapshotV2) -> Result<Inspector> {
        let whole = archive.kind()? == ArchiveKind::Full;
        let mut collections = Vec::new();
        for (one, extension) in snapshot.collections.iter().zip(&snapshot.extensions) {
            let config = config_from_wire(&one.config, &extension.search)?;
            if one.groups.len() != (one.slots as usize).div_ceil(GROUP_ROWS) {
                return Err(Error::corrupt(format!(
                    "collection '{}' has the wrong number of row groups",
                    one.name
                )));
            }
            // Of a differential archive only some links are there.
            let graph = match extension.graph.clone().filter(|_| whole) {
                Some(graph) => {
                    let hnsw = &config.hnsw;
                    let (m, ef_construction) = (hnsw.m.into(), hnsw.ef_construction.into());
                    let params = Params { m, ef_construction, seed: hnsw.seed };
                    Some((graph, Loader::new(params, one.slots as usize)?))
                }
                None => None,
            };
            collections.push(Inspected { wire: one.clone(), config, ids: Vec::new(), rows: 0, graph });
        }
        names_all(archive, snapshot)?;
        Ok(Inspector { collections, seq: snapshot.seq, whole, vectors: None, old: Vec::new() })
    }

    /// Looks at a block that verified.
    pub fn block(&mut self, held: &Held, payload: &[u8]) -> Result<()> {
        let one = self.collections.iter_mut().find(|one| one.wire.collection == held.collection);
        let one = one.ok_or_else(|| Error::corrupt("a block belongs to no collection"))?;
        let before = (held.group as usize).saturating_mul(GROUP_ROWS);
        let slots = (one.wire.slots as usize).saturating_sub(before).min(GROUP_ROWS);
        match held.kind {
            BlockKind::Vectors => {
                check_vectors(payload, slots, one.config.dimension)?;
                self.vectors = Some((held.collection, held.group, payload.to_vec()));
                Ok(())
            }
            BlockKind::Rows => {
                let vectors = self.vectors.take();
                let vectors = vectors.filter(|it| (it.0, it.1) == (held.collection, held.group));
                one.rows(payload, slots, self.seq, vectors.map(|(_, _, bytes)| bytes))
            }
            BlockKind::Links => match &mut one.graph {
                Some((_, loader)) => loader.load_group(held.group as usize, payload),
                None => Ok(()),
            },
            BlockKind::Codes => Err(Error::corrupt("this archive holds codes, which no archive does")),
        }
    }

    /// That it adds up.
    pub fn end(self) -> Result<()> {
        for one in self.collections {
            if self.whole {
                one.end()?;
            }
        }
        Ok(())
    }

    /// Looks at a block of an archive of an older version, whose manifest comes last: until then it is known of rows that
    /// they are rows, and not of which collection.
    pub fn old_block(&mut self, header: &BlockHeader, payload: &[u8]) -> Result<()> {
        if header.kind == BlockKind::Rows {
            let rows = RowsV1::decode(payload)?;
            let live = rows.seqs.iter().filter(|seq| **seq > 0).count() as u64;
            self.old.push((header.collection, live, rows.seqs.iter().copied().max().unwrap_or(0)));
            rows.metadata
                .iter()
                .zip(&rows.seqs)
                .filter(|(_, seq)| **seq > 0)
                .try_for_each(|(text, _)| parse_metadata(text).map(drop))?;
        }
        Ok(())
    }

    /// That what came is what the manifest of an archive of an older version says.
    pub fn end_old(self, manifest: &SnapshotV2) -> Result<()> {
        for one in &manifest.collections {
            let of = self.old.iter().filter(|old| old.0 == one.collection);
            let (mut rows, mut seq) = (0, 0);
            for (_, live, last) in of {
                (rows, seq) = (rows + live, seq.max(*last));
            }
            if rows != u64::from(one.rows) || seq > manifest.seq {
                return Err(Error::corrupt(format!(
                    "collection '{}' has other rows than the manifest says",
                    one.name
                ))
                .with(one.rows, rows));
            }
        }
        Ok(())
    }
}

impl Inspected {
    fn rows(&mut self, payload: &[u8], slots: usize, seq: u64, vectors: Option<Vec<u8>>) -> Result<()> {
        let rows = RowsV1::decode(payload)?;
        let about = |what: &str| Error::corrupt(format!("collection '{}': {what}", self.wire.name));
        if rows.seqs.len() != slots {
            return Err(about("a block of rows has another number of slots than its row group")
                .with(slots, rows.seqs.len()));
        }
        let vectors = vectors.map(|bytes| floats(&bytes));
        for (slot, ((at, id), metadata)) in rows.seqs.iter().zip(&rows.ids).zip(&rows.metadata).enumerate() {
            if *at == 0 {
                continue;
            }
            if *at > seq || id.is_empty() || id.len() > ID_BYTES_MAX {
                return Err(about("a row has an id or a sequence number that no row can have"));
            }
            parse_metadata(metadata)?;
            let dimension = self.config.dimension;
            let vector = vectors.as_ref().and_then(|all| all.get(slot * dimension..(slot + 1) * dimension));
            if let Some(vector) = vector {
                let is_zero =
                    self.config.metric == Metric::Cosine && vector.iter().all(|number| *number == 0.0);
                if is_zero || vector.iter().any(|number| !number.is_finite()) {
                    return Err(about("a row has a vector that no row can have").with("finite numbers", id));
                }
            }
            let mut hasher = DefaultHasher::new();
            id.hash(&mut hasher);
            self.ids.push(hasher.finish());
            self.rows += 1;
        }
        Ok(())
    }

    fn end(mut self) -> Result<()> {
        let about = |what: &str| Error::corrupt(format!("collection '{}': {what}", self.wire.name));
        if self.rows != u64::from(self.wire.rows) {
            return Err(
                about("another number of rows than the manifest says").with(self.wire.rows, self.rows)
            );
        }
        self.ids.sort_unstable();
        if self.ids.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(about("an id is there twice"));
        }
        let Some((graph, mut loader)) = self.graph else { return Ok(()) };
        while !loader.check()? {}
        let entry = graph.levels.checked_sub(1).map(|top| (graph.entry, top));
        loader.finish(entry, graph.nodes as usize).map(drop)
    }
}
