//! The state that a manifest describes, from its blocks.
//!
//! Of a collection that keeps only codes in memory, opening reads the codes and leaves the vectors where they are,
//! without looking at them: that is what makes a large one open quickly. What their checksums say is for `check`.

use super::ahead::Ahead;
use super::blocks::runs;
use super::env::Env;
use super::graph::{adopt, links_of, load_graph};
use super::names;
use super::stored::place_of;
use super::wire::config_from_wire;
use crate::collection::{Collection, Config, GroupRows, Memory, State};
use crate::error::{Error, Kind, Result};
use crate::format::block::{BLOCK_HEADER_BYTES, BlockKind, RowsV1, check_vectors};
use crate::format::snapshot::{BlockRefV1, CollectionV1, ExtensionV2, SnapshotV2};
use crate::limits::GROUP_ROWS;
use crate::room::{ask, grow};
use crate::sorted::SortedMap;
use crate::storage::Storage;
use crate::vectors::ReadStored;
use std::borrow::Cow;
use std::rc::Rc;

/// Bytes that the many small pieces of a row group take beside its texts, about, and the lists that they stand in.
const ROOM_OF_GROUP: usize = 512 * 1024;

/// How to load.
pub struct Loading<'a> {
    /// The way to read vectors that stay in storage; without it all come into memory.
    pub reader: Option<&'a Rc<dyn ReadStored>>,
    /// The lengths of the blocks files, to trust what they hold without reading all of it.
    pub lengths: Option<&'a SortedMap<u64, u64>>,
}

impl<'a> Loading<'a> {
    /// Reads and verifies every block.
    pub fn all(reader: &'a Option<Rc<dyn ReadStored>>) -> Loading<'a> {
        Loading { reader: reader.as_ref(), lengths: None }
    }
}

/// Which blocks of a full row group are read. The last one, which may not be full, is always read whole.
#[derive(Clone, Copy, PartialEq)]
enum Take {
    /// Vectors and rows; codes are made of the vectors.
    Vectors,
    /// Everything that is there.
    All,
    /// Rows and codes; the vectors stay unread.
    Codes,
}

impl Take {
    fn kinds(self, is_full: bool) -> &'static [BlockKind] {
        match self {
            Take::Vectors => &[BlockKind::Vectors, BlockKind::Rows],
            Take::Codes if is_full => &[BlockKind::Rows, BlockKind::Codes],
            Take::All | Take::Codes => &[BlockKind::Vectors, BlockKind::Rows, BlockKind::Codes],
        }
    }
}

/// A collection as a manifest has it.
struct Wire<'a> {
    one: &'a CollectionV1,
    extension: &'a ExtensionV2,
    config: Config,
}

impl Wire<'_> {
    /// Whether row group `group` is full.
    fn is_full(&self, group: usize) -> bool {
        (group + 1) * GROUP_ROWS <= self.one.slots as usize
    }

    /// The blocks to be read.
    fn blocks(&self, take: Take) -> Vec<BlockRefV1> {
        let mut blocks = Vec::new();
        for (group, stored) in self.one.groups.iter().enumerate() {
            for kind in take.kinds(self.is_full(group)) {
                match kind {
                    BlockKind::Vectors => blocks.push(stored.vectors),
                    BlockKind::Rows => blocks.push(stored.rows),
                    BlockKind::Codes | BlockKind::Links => blocks.extend(self.extension.codes.get(group)),
                }
            }
        }
        blocks
    }

    fn take(&self, loading: &Loading<'_>) -> Take {
        let stays = loading.reader.is_some() && self.config.memory == Memory::Codes;
        match (self.extension.codes.is_empty(), loading.lengths) {
            (true, _) => Take::Vectors,
            (false, Some(_)) if stays => Take::Codes,
            (false, _) => Take::All,
        }
    }

    /// Refuses vectors that stay unread where their file is absent or too short for them.
    fn check_unread(&self, loading: &Loading<'_>) -> Result<()> {
        let Some(lengths) = loading.lengths else { return Ok(()) };
        let bytes = GROUP_ROWS * self.config.dimension * size_of::<f32>();
        for (group, stored) in self.one.groups.iter().enumerate() {
            let block = stored.vectors;
            let end = block.offset.saturating_add(BLOCK_HEADER_BYTES as u64 + u64::from(block.length));
            let length = lengths.get(block.generation).copied().unwrap_or(0);
            if self.is_full(group) && (block.length as usize != bytes || end > length) {
                let name = names::blocks(block.generation);
                return Err(Error::corrupt(format!("{name} does not hold the vectors of row group {group}"))
                    .with(format_args!("{bytes} bytes up to {end}"), length));
            }
        }
        Ok(())
    }
}

/// What was loaded.
#[derive(Default)]
pub struct LoadedState {
    pub state: State,
    /// By number of the collection: why its stored graph was dropped.
    pub dropped: Vec<(u32, String)>,
}

/// Rebuilds the state that a manifest describes. With a reader, vectors that are to stay in storage do.
pub async fn load_state(
    storage: &impl Storage,
    env: &impl Env,
    loading: &Loading<'_>,
    manifest: &SnapshotV2,
) -> Result<LoadedState> {
    let mut state = State::new();
    let mut dropped = Vec::new();
    state.seq = manifest.seq;
    state.next_collection = manifest.next_collection;
    let mut wires = Vec::new();
    for (one, extension) in manifest.collections.iter().zip(&manifest.extensions) {
        wires.push(Wire { one, extension, config: config_from_wire(&one.config, &extension.search)? });
    }
    let (mut done, mut total) = (0, 0);
    for wire in &wires {
        let links = wire.extension.graph.iter().flat_map(|graph| graph.groups.iter().flatten());
        for block in wire.blocks(wire.take(loading)).iter().chain(links) {
            total += BLOCK_HEADER_BYTES as u64 + u64::from(block.length);
        }
    }
    for wire in &wires {
        let take = wire.take(loading);
        let stays = loading.reader.is_some() && wire.config.memory == Memory::Codes;
        let mut progress = |bytes: u64| {
            if !stays {
                grow(done, bytes, total);
            }
            done = total.min(done + bytes);
            env.progress("snapshot", done, total);
        };
        let loaded = match load_collection(storage, env, loading, wire, take, &mut progress).await {
            // Codes follow from vectors: damaged ones are made again.
            Err(cause) if cause.kind == Kind::Corrupt && take != Take::Vectors => {
                let take = Take::Vectors;
                let mut loaded = load_collection(storage, env, loading, wire, take, &mut progress).await?;
                loaded.0.touch_codes();
                loaded
            }
            loaded => loaded?,
        };
        let (loaded, reason) = loaded;
        dropped.extend(reason.map(|reason| (wire.one.collection, reason)));
        if state.get(wire.one.collection).is_some() || wire.one.collection >= manifest.next_collection {
            return Err(Error::corrupt("a manifest names a collection twice, or beyond its own count"));
        }
        state.load(loaded);
    }
    Ok(LoadedState { state, dropped })
}

/// One collection, and why its stored graph was dropped if it was.
async fn load_collection(
    storage: &impl Storage,
    env: &impl Env,
    loading: &Loading<'_>,
    wire: &Wire<'_>,
    take: Take,
    progress: &mut dyn FnMut(u64),
) -> Result<(Collection, Option<String>)> {
    let Wire { one, config, .. } = wire;
    let mut loaded = Collection::new(one.collection, one.name.clone(), config.clone(), one.stages);
    let groups = (one.slots as usize).div_ceil(GROUP_ROWS);
    if one.groups.len() != groups {
        return Err(Error::corrupt(format!("collection '{}' has the wrong number of row groups", one.name))
            .with(groups, one.groups.len()));
    }
    if take == Take::Codes {
        wire.check_unread(loading)?;
    }
    let mut runs = runs(wire.blocks(take).into_iter())?;
    let runs_of_rows = runs.len();
    // Read ahead, too, but what is wrong with them is no error.
    let stored = wire.extension.graph.as_ref();
    let links = stored.map(|stored| links_of(stored, &loaded));
    runs.extend(links.iter().flatten().flatten().cloned());
    let mut ahead = Ahead::new(storage, &runs);
    // The blocks of a group whose others come in the next run.
    let mut carried = Parts::default();
    for _ in 0..runs_of_rows {
        let Some((run, bytes)) = ahead.next().await? else { break };
        let mut parts = carried;
        for block in run.blocks(&bytes) {
            let (header, payload) = block?;
            let group = loaded.group_count();
            if header.collection != one.collection || header.group as usize != group {
                return Err(Error::corrupt("a block belongs to another row group than the manifest says"));
            }
            let kinds = take.kinds(wire.is_full(group));
            if kinds.get(parts.count) != Some(&header.kind) {
                return Err(Error::corrupt("a manifest names the blocks of a row group out of order"));
            }
            parts.put(header.kind, payload);
            if parts.count == kinds.len() {
                std::mem::take(&mut parts).load(&mut loaded, loading, wire, take)?;
            }
        }
        carried = parts.into_owned();
        progress(run.end - run.start);
        env.yield_now().await;
    }
    loaded.finish_loading()?;
    if loaded.len() != one.rows as usize || loaded.slot_count() != one.slots as usize {
        return Err(Error::corrupt(format!(
            "collection '{}' has another number of rows than its manifest",
            one.name
        ))
        .with(one.rows, loaded.len()));
    }
    let graph = match (links, stored) {
        (Some(Ok(_)), Some(stored)) => {
            Some(load_graph(&mut ahead, env, stored, &loaded, loaded.slot_count(), progress).await)
        }
        (Some(Err(cause)), _) => Some(Err(cause)),
        _ => None,
    };
    let reason = adopt(&mut loaded, graph)?;
    Ok((loaded, reason))
}

/// The blocks of one row group, as far as they have come, in the order of [`Take::kinds`].
#[derive(Default)]
struct Parts<'a> {
    /// By [`BlockKind::index`].
    payloads: [Cow<'a, [u8]>; 4],
    count: usize,
}

impl<'a> Parts<'a> {
    fn put(&mut self, kind: BlockKind, payload: &'a [u8]) {
        if let Some(place) = self.payloads.get_mut(kind.index()) {
            *place = Cow::Borrowed(payload);
            self.count += 1;
        }
    }

    fn into_owned(self) -> Parts<'static> {
        Parts { payloads: self.payloads.map(|part| Cow::Owned(part.into_owned())), count: self.count }
    }

    /// Adds the group to what is loaded.
    fn load(self, loaded: &mut Collection, loading: &Loading<'_>, wire: &Wire<'_>, take: Take) -> Result<()> {
        let group = loaded.group_count();
        let [vectors, rows, _, codes] = &self.payloads;
        ask(2 * rows.len() + ROOM_OF_GROUP.min(64 * rows.len()))?;
        let rows = RowsV1::decode(rows)?;
        let rows = GroupRows { seqs: rows.seqs, ids: rows.ids, metadata: rows.metadata };
        let place = wire.one.groups.get(group).map(|stored| place_of(&stored.vectors));
        let stays = loading.reader.filter(|_| loaded.leaves_vectors()).zip(place);
        if let (Take::Codes, true, Some((reader, place))) = (take, wire.is_full(group), stays) {
            return loaded.load_group_without_vectors(&rows, codes, reader, place);
        }
        let slots = (wire.one.slots as usize - group * GROUP_ROWS).min(GROUP_ROWS);
        check_vectors(vectors, slots, wire.config.dimension)?;
        loaded.load_group(&rows, vectors)?;
        if let Some((reader, place)) = stays {
            loaded.leave_last_group(reader, place);
        }
        Ok(())
    }
}
