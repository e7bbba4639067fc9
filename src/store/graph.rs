//! The graph of a collection in snapshots: what a manifest says of it, and the graph back from its blocks. It is
//! derived: one that does not hold costs time and no row.

use super::ahead::Ahead;
use super::blocks::{Run, runs};
use super::disk::Blocks;
use super::env::Env;
use super::wire::quantization_to_wire;
use crate::collection::Collection;
use crate::error::{Error, Kind, Result};
use crate::format::block::BlockKind;
use crate::format::snapshot::{BlockRefV1, GraphV2};
use crate::index::LiveGraph;
use crate::index::hnsw::Loader;
use crate::storage::Storage;

/// The layout of links that is written.
const LINKS_VERSION: u16 = 1;
/// Row groups whose links are checked without a pause.
const GROUPS_AT_ONCE: usize = 16;

/// Few new nodes change a few links in every row group. As long as fewer than one in this many came, a snapshot names
/// the links of the one before.
const NEW_SHARE: usize = 64;

/// The graph that a snapshot of now has.
pub enum Saving<'a> {
    /// None.
    Nothing,
    /// The one that the snapshot before has. Rows that came into the graph since wait for a node when it is opened.
    AsStored(&'a GraphV2),
    /// That of now.
    Now(&'a LiveGraph),
}

/// Which graph a snapshot of now has. `stale` are blocks files that are to be emptied.
///
/// The stored one may stand beside the rows of now as long as no node was taken out since: only then could a slot have
/// got another vector, or be free for one.
pub fn saving<'a>(collection: &'a Collection, stored: Option<&'a Blocks>, stale: &[u64]) -> Saving<'a> {
    let Some(live) = collection.graph().filter(|live| !live.graph().is_empty()) else {
        return Saving::Nothing;
    };
    let few = |added: usize| added > 0 && added * NEW_SHARE < live.graph().len();
    let graph =
        stored.and_then(|stored| stored.graph.as_ref()).filter(|_| live.graph().added().is_some_and(few));
    match graph {
        Some(graph) if !graph.groups.iter().flatten().any(|block| stale.contains(&block.generation)) => {
            Saving::AsStored(graph)
        }
        _ => Saving::Now(live),
    }
}

/// What the manifest says of it; `groups` are its blocks.
pub fn graph_to_wire(
    collection: &Collection,
    live: &LiveGraph,
    groups: Vec<Option<BlockRefV1>>,
) -> Option<GraphV2> {
    let (entry, top) = live.graph().entry()?;
    Some(GraphV2 {
        version: LINKS_VERSION,
        entry,
        levels: top + 1,
        m: collection.config().hnsw.m,
        quantization: quantization_to_wire(collection.config().quantization),
        nodes: live.graph().len() as u32,
        unchecked: live.unchecked() as u32,
        groups,
    })
}

/// Where the links lie. `Corrupt` where the graph is not one for this collection.
pub fn links_of(stored: &GraphV2, collection: &Collection) -> Result<Vec<Run>> {
    let config = collection.config();
    if stored.version != LINKS_VERSION {
        return Err(Error::corrupt("another version of Lodestore laid out the stored graph")
            .with(LINKS_VERSION, stored.version));
    }
    if (stored.m, stored.quantization) != (config.hnsw.m, quantization_to_wire(config.quantization)) {
        return Err(Error::corrupt("the stored graph was built with another configuration"));
    }
    runs(stored.groups.iter().flatten().copied())
}

/// The graph that is stored for a collection of so many slots, whose runs come next.
pub async fn load_graph<S: Storage>(
    ahead: &mut Ahead<'_, S>,
    env: &impl Env,
    stored: &GraphV2,
    collection: &Collection,
    slots: usize,
    progress: &mut dyn FnMut(u64),
) -> Result<LiveGraph> {
    let mut loader = Loader::new(collection.graph_params(), slots)?;
    let mut groups = stored.groups.iter().enumerate().filter(|(_, block)| block.is_some());
    while let Some((run, bytes)) = ahead.next().await? {
        for block in run.blocks(&bytes) {
            let (header, payload) = block?;
            let group = groups.next().map(|(group, _)| group);
            let is_it = header.kind == BlockKind::Links && header.collection == collection.number;
            let group = group.filter(|group| is_it && header.group as usize == *group);
            let group = group.ok_or_else(|| Error::corrupt("a block belongs to another graph"))?;
            loader.load_group(group, payload)?;
        }
        progress(run.end - run.start);
        env.yield_now().await;
    }
    while !check_some(&mut loader)? {
        env.yield_now().await;
    }
    let entry = stored.levels.checked_sub(1).map(|top| (stored.entry, top));
    let graph = loader.finish(entry, stored.nodes as usize)?;
    Ok(LiveGraph::stored(graph, stored.unchecked as usize))
}

fn check_some(loader: &mut Loader) -> Result<bool> {
    for _ in 0..GROUPS_AT_ONCE {
        if loader.check()? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Gives the collection its stored graph; or, where that is damaged or none is stored, one that is built from the rows
/// in the background. Says what was wrong with it.
pub fn adopt(collection: &mut Collection, graph: Option<Result<LiveGraph>>) -> Result<Option<String>> {
    let (graph, reason) = match graph {
        None => (None, None),
        Some(Ok(graph)) => (Some(graph), None),
        Some(Err(cause)) if cause.kind == Kind::Corrupt => (None, Some(cause.to_string())),
        Some(Err(cause)) => return Err(cause),
    };
    collection.adopt_graph(graph);
    Ok(reason)
}
