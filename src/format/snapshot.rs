//! The snapshot: a small manifest that names blocks. Blocks are immutable and shared between snapshots.

use super::bytes::Reader;
use super::codec::{Wire, wire_struct};
use super::config::{ConfigV1, SearchV2};
use super::crc32;
use super::header::{FileHeader, FileKind, HEADER_BYTES};
use super::record::RequestV3;
use super::{BASE_VERSION, VERSION};
use crate::error::{Error, Result};
use crate::limits::{LEVELS_MAX, MANIFEST_BYTES_MAX, REQUESTS_MAX};

/// Where a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRefV1 {
    /// Generation of the blocks file. In an archive 0: this file.
    pub generation: u64,
    /// Offset of the block's header in that file.
    pub offset: u64,
    /// Bytes of payload.
    pub length: u32,
    /// crc32 of the payload.
    pub crc: u32,
}

/// The blocks of one row group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupV1 {
    /// Its vectors.
    pub vectors: BlockRefV1,
    /// Its ids, sequence numbers and metadata.
    pub rows: BlockRefV1,
}

/// One collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionV1 {
    /// Its number.
    pub collection: u32,
    /// Its name.
    pub name: String,
    /// Its configuration.
    pub config: ConfigV1,
    /// The collection that it is being built to replace.
    pub stages: Option<u32>,
    /// Slots in use or free: all groups but the last are full.
    pub slots: u32,
    /// Rows among them.
    pub rows: u32,
    /// One a row group.
    pub groups: Vec<GroupV1>,
}

/// A saved graph. Everything about it follows from rows and configuration: one that does not fit is dropped and
/// built again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphV2 {
    /// Version of the layout of the links.
    pub version: u16,
    /// The node where searches begin.
    pub entry: u32,
    /// Levels.
    pub levels: u8,
    /// Neighbours that a node keeps.
    pub m: u16,
    /// The codes it was built on: 0 none, 1 int8, 2 binary.
    pub quantization: u8,
    /// Slots that have a node.
    pub nodes: u32,
    /// Nodes of which it was not known whether they can be reached.
    pub unchecked: u32,
    /// The links of each row group; `None` for one without nodes.
    pub groups: Vec<Option<BlockRefV1>>,
}

/// What version 2 knows of a collection beyond version 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtensionV2 {
    /// Number of the collection.
    pub collection: u32,
    /// The rest of its configuration.
    pub search: SearchV2,
    /// Its graph, if one was saved.
    pub graph: Option<GraphV2>,
    /// The codes of each row group; none where they are made when rows are loaded.
    pub codes: Vec<BlockRefV1>,
}

impl ExtensionV2 {
    /// One without saved graph or codes.
    pub fn new(collection: u32, search: SearchV2) -> ExtensionV2 {
        ExtensionV2 { collection, search, graph: None, codes: Vec::new() }
    }

    /// Whether it names blocks.
    pub fn has_blocks(&self) -> bool {
        self.graph.is_some() || !self.codes.is_empty()
    }

    fn fits(&self, collection: &CollectionV1) -> bool {
        let groups = collection.groups.len();
        let graph_fits = self.graph.as_ref().is_none_or(|graph| {
            graph.groups.len() <= groups
                && graph.nodes <= collection.slots
                && usize::from(graph.levels) <= LEVELS_MAX
                && (graph.nodes == 0 || graph.entry < collection.slots)
        });
        self.collection == collection.collection && graph_fits && [0, groups].contains(&self.codes.len())
    }
}

/// Which writes were asked for by name, of the last ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestsV3 {
    /// The newest write whose request is not among them any more; 0 when none was forgotten.
    pub forgotten: u64,
    /// Sequence numbers and requests, oldest first.
    pub made: Vec<(u64, RequestV3)>,
}

/// A whole database at one sequence number: in version 2 the fields of version 1, then the extensions; in version 3
/// then the requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotV2 {
    /// The last write that it covers.
    pub seq: u64,
    /// Wall clock when it was made: milliseconds since 1970.
    pub time_ms: u64,
    /// Generation of the log that was begun for it: that one, or a newer one, has to be there.
    pub log: Option<u64>,
    /// The next collection gets this number or a higher one.
    pub next_collection: u32,
    /// In the order of their numbers.
    pub collections: Vec<CollectionV1>,
    /// One a collection, in the same order.
    pub extensions: Vec<ExtensionV2>,
    /// Where there are none, the manifest is of version 2.
    pub requests: RequestsV3,
}

wire_struct!(BlockRefV1 { generation, offset, length, crc });
wire_struct!(GroupV1 { vectors, rows });
wire_struct!(CollectionV1 { collection, name, config, stages, slots, rows, groups });
wire_struct!(GraphV2 { version, entry, levels, m, quantization, nodes, unchecked, groups });
wire_struct!(ExtensionV2 { collection, search, graph, codes });
wire_struct!(RequestsV3 { forgotten, made });

impl SnapshotV2 {
    /// The oldest version that can say all of it.
    pub fn version(&self) -> u16 {
        if self.requests.made.is_empty() { BASE_VERSION } else { VERSION }
    }

    /// Visits every block that it names: vectors and rows, then links, then codes.
    pub fn each_block(&self, visit: &mut dyn FnMut(&BlockRefV1)) {
        for collection in &self.collections {
            for group in &collection.groups {
                visit(&group.vectors);
                visit(&group.rows);
            }
        }
        for extension in &self.extensions {
            if let Some(graph) = &extension.graph {
                graph.groups.iter().flatten().for_each(&mut *visit);
            }
            extension.codes.iter().for_each(&mut *visit);
        }
    }

    /// Appends length, crc32 and the manifest itself.
    pub fn encode_section(&self, mut out: Vec<u8>) -> Result<Vec<u8>> {
        let mut manifest = Vec::new();
        self.seq.put(&mut manifest);
        self.time_ms.put(&mut manifest);
        self.log.put(&mut manifest);
        self.next_collection.put(&mut manifest);
        self.collections.put(&mut manifest);
        self.extensions.put(&mut manifest);
        if self.version() == VERSION {
            self.requests.put(&mut manifest);
        }
        out.extend_from_slice(&(manifest.len() as u32).to_le_bytes());
        out.extend_from_slice(&crc32::hash(&manifest).to_le_bytes());
        out.extend_from_slice(&manifest);
        Ok(out)
    }

    /// Reads the section of a file of format `version`, and nothing else.
    pub fn decode_section(version: u16, bytes: &[u8]) -> Result<SnapshotV2> {
        let mut reader = Reader(bytes);
        let (Some(length), Some(crc)) = (reader.u32(), reader.u32()) else {
            return Err(Error::corrupt("this manifest ends within its first eight bytes"));
        };
        let got = reader.0.len();
        if length as usize > MANIFEST_BYTES_MAX || length as usize != got {
            return Err(Error::corrupt("this manifest has another length than it says").with(length, got));
        }
        if crc32::hash(reader.0) != crc {
            return Err(Error::corrupt("this manifest does not match its checksum"));
        }
        SnapshotV2::decode(version, reader.0)
            .ok_or_else(|| Error::corrupt("this manifest verifies but does not decode"))
    }

    fn decode(version: u16, mut input: &[u8]) -> Option<SnapshotV2> {
        let (seq, time_ms) = Wire::get(&mut input)?;
        let (log, next_collection) = Wire::get(&mut input)?;
        let collections: Vec<CollectionV1> = Wire::get(&mut input)?;
        let extensions: Vec<ExtensionV2> = if version >= 2 {
            Wire::get(&mut input)?
        } else {
            collections.iter().map(|one| ExtensionV2::new(one.collection, SearchV2::OF_V1)).collect()
        };
        let requests = if version >= 3 { RequestsV3::get(&mut input)? } else { RequestsV3::default() };
        let fits = extensions.len() == collections.len()
            && requests.made.len() <= REQUESTS_MAX
            && extensions.iter().zip(&collections).all(|(extension, collection)| extension.fits(collection));
        let manifest = SnapshotV2 { seq, time_ms, log, next_collection, collections, extensions, requests };
        (input.is_empty() && fits).then_some(manifest)
    }
}

/// The whole file `snapshot-<g>`.
pub fn encode_snapshot(header: &FileHeader, manifest: &SnapshotV2) -> Result<Vec<u8>> {
    manifest.encode_section(header.encode())
}

/// Reads a whole file `snapshot-<g>`.
pub fn decode_snapshot(bytes: &[u8]) -> Result<(FileHeader, SnapshotV2)> {
    let header = FileHeader::decode(FileKind::Snapshot, bytes)?;
    let manifest = SnapshotV2::decode_section(header.version, bytes.get(HEADER_BYTES..).unwrap_or_default())?;
    if manifest.seq != header.seq {
        return Err(Error::corrupt("the manifest and the header of this snapshot disagree")
            .with(format!("seq {}", header.seq), manifest.seq));
    }
    Ok((header, manifest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    fn block(offset: u64) -> BlockRefV1 {
        BlockRefV1 { generation: 7, offset, length: 100, crc: 0xDEAD_BEEF }
    }

    fn collection(number: u32, groups: u64) -> CollectionV1 {
        let config = ConfigV1 { dimension: 3, metric: 1, index: 2, quantization: 2, model: None };
        let groups = (0..groups).map(|n| GroupV1 { vectors: block(80 + n), rows: block(900 + n) });
        let groups: Vec<GroupV1> = groups.collect();
        let slots = groups.len() as u32 * 1024;
        let name = format!("c{number}");
        CollectionV1 { collection: number, name, config, stages: None, slots, rows: 5, groups }
    }

    fn manifest() -> SnapshotV2 {
        let graph = GraphV2 {
            version: 1,
            entry: 2000,
            levels: 4,
            m: 16,
            quantization: 2,
            nodes: 2048,
            unchecked: 300,
            groups: vec![None, Some(block(5000))],
        };
        let search =
            SearchV2 { m: 60, ef_construction: 900, ef: 3, seed: u32::MAX, memory: 1, oversample: 1000 };
        let full = ExtensionV2 { collection: 1, search, graph: Some(graph), codes: vec![block(1), block(2)] };
        SnapshotV2 {
            seq: 9,
            time_ms: 10,
            log: Some(11),
            next_collection: 12,
            collections: vec![collection(1, 2), collection(4, 1)],
            extensions: vec![full, ExtensionV2::new(4, SearchV2::OF_V1)],
            requests: RequestsV3::default(),
        }
    }

    fn decode(version: u16, manifest: &SnapshotV2) -> Option<SnapshotV2> {
        let section = manifest.encode_section(Vec::new()).unwrap();
        SnapshotV2::decode_section(version, &section).ok()
    }

    #[test]
    fn a_manifest_reads_as_it_was_written() {
        let manifest = manifest();
        assert_eq!(decode(2, &manifest).as_ref(), Some(&manifest));
        assert_eq!(decode(1, &manifest), None, "what follows is not ignored");
        let mut blocks = 0;
        manifest.each_block(&mut |_| blocks += 1);
        assert_eq!(blocks, 6 + 1 + 2, "vectors, rows, links and codes");
    }

    #[test]
    fn requests_make_a_manifest_one_of_version_3() {
        let mut manifest = manifest();
        assert_eq!(manifest.version(), 2);
        let request = RequestV3 { client: 1 << 52, counter: 3, count: 5 };
        manifest.requests = RequestsV3 { forgotten: 4, made: vec![(8, request)] };
        assert_eq!(manifest.version(), 3);
        assert_eq!(decode(3, &manifest).as_ref(), Some(&manifest));
        assert_eq!(decode(2, &manifest), None, "what follows is not ignored");
        manifest.requests.made.resize(REQUESTS_MAX + 1, (8, request));
        assert_eq!(decode(3, &manifest), None, "more than are ever written");
    }

    #[test]
    fn a_manifest_of_version_1_has_the_extensions_that_it_means() {
        let mut manifest = manifest();
        let section = SnapshotV2 { extensions: Vec::new(), ..manifest.clone() };
        let mut section = section.encode_section(Vec::new()).unwrap();
        // Without the length of the list, it is as version 1 wrote it.
        assert_eq!(section.pop(), Some(0));
        let payload = section.split_off(8);
        section.clear();
        section.extend((payload.len() as u32).to_le_bytes());
        section.extend(crc32::hash(&payload).to_le_bytes());
        section.extend(payload);
        manifest.extensions = [1, 4].map(|number| ExtensionV2::new(number, SearchV2::OF_V1)).to_vec();
        assert_eq!(SnapshotV2::decode_section(1, &section).unwrap(), manifest);
        assert!(SnapshotV2::decode_section(2, &section).is_err());
    }

    #[test]
    fn extensions_that_do_not_fit_their_collections_are_refused() {
        let graph = |change: fn(&mut GraphV2)| {
            let mut manifest = manifest();
            manifest.extensions[0].graph.as_mut().map(change).unwrap();
            manifest
        };
        let extensions = |change: fn(&mut Vec<ExtensionV2>)| {
            let mut manifest = manifest();
            change(&mut manifest.extensions);
            manifest
        };
        for bad in [
            graph(|graph| graph.groups.push(None)),
            graph(|graph| graph.nodes = 2049),
            graph(|graph| graph.entry = 2048),
            graph(|graph| graph.levels = 33),
            extensions(|all| all[0].codes.truncate(1)),
            extensions(|all| all[0].codes.push(block(3))),
            extensions(|all| all[0].collection = 2),
            extensions(|all| all.truncate(1)),
            extensions(|all| all.reverse()),
            extensions(Vec::clear),
        ] {
            assert_eq!(decode(2, &bad), None, "{bad:?}");
        }
    }

    #[test]
    fn what_a_hostile_writer_makes_verify_is_refused_or_fits() {
        let section = manifest().encode_section(Vec::new()).unwrap();
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let (mut read, mut refused) = (0, 0);
        for _ in 0..20_000 {
            let mut payload = section[8..].to_vec();
            for _ in 0..rng.random_range(1..4) {
                let at = rng.random_range(0..payload.len());
                payload[at] = rng.random();
            }
            payload.truncate(if rng.random() { payload.len() } else { rng.random_range(0..payload.len()) });
            let mut bytes = (payload.len() as u32).to_le_bytes().to_vec();
            bytes.extend(crc32::hash(&payload).to_le_bytes());
            bytes.extend(payload);
            match SnapshotV2::decode_section(2, &bytes) {
                Ok(manifest) => {
                    assert_eq!(manifest.extensions.len(), manifest.collections.len());
                    read += 1;
                }
                Err(_) => refused += 1,
            }
        }
        assert!(read > 1000 && refused > 1000, "{read} {refused}");
    }
}
