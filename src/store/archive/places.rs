//! Which blocks a manifest names, and of what.

use crate::error::{Error, Result};
use crate::format::archive4::ArchiveV4;
use crate::format::block::BlockKind;
use crate::format::snapshot::{BlockRefV1, SnapshotV2};

/// A block that a manifest names.
pub struct Place<'a> {
    /// What it holds.
    pub kind: BlockKind,
    /// Number of its collection.
    pub collection: u32,
    /// Number of its row group.
    pub group: u32,
    /// Numbers in each vector of its collection.
    pub dimension: usize,
    /// Where it lies.
    pub block: &'a mut BlockRefV1,
}

/// All of them, in the order in which [`SnapshotV2::each_block`] visits them.
pub fn places(manifest: &mut SnapshotV2) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    for one in &mut manifest.collections {
        let (collection, dimension) = (one.collection, one.config.dimension as usize);
        for (group, blocks) in (0..).zip(&mut one.groups) {
            let vectors = &mut blocks.vectors;
            places.push(Place { kind: BlockKind::Vectors, collection, group, dimension, block: vectors });
            places.push(Place {
                kind: BlockKind::Rows,
                collection,
                group,
                dimension,
                block: &mut blocks.rows,
            });
        }
    }
    for extension in &mut manifest.extensions {
        let collection = extension.collection;
        let links = extension.graph.iter_mut().flat_map(|graph| (0..).zip(&mut graph.groups));
        for (group, block) in links {
            if let Some(block) = block {
                places.push(Place { kind: BlockKind::Links, collection, group, dimension: 0, block });
            }
        }
        for (group, block) in (0..).zip(&mut extension.codes) {
            places.push(Place { kind: BlockKind::Codes, collection, group, dimension: 0, block });
        }
    }
    places
}

/// Whether it says of itself that it holds as many collections as its snapshot names, but for those that are being rebuilt.
pub fn names_all(archive: &ArchiveV4, manifest: &SnapshotV2) -> Result<()> {
    let named = manifest.collections.iter().filter(|one| one.stages.is_none());
    match archive.collections.len() == named.count() {
        true => Ok(()),
        false => Err(Error::corrupt("this archive names other collections than its snapshot has")),
    }
}

/// Drops what nobody goes on with, and what follows from the rows: codes, and with `index` false graphs. What is being
/// rebuilt stays: the archives that follow may have the writes that end it.
pub fn keep_truth(manifest: &mut SnapshotV2, index: bool) {
    manifest.log = None;
    manifest.requests = Default::default();
    for extension in &mut manifest.extensions {
        extension.codes = Vec::new();
        if !index {
            extension.graph = None;
        }
    }
}
