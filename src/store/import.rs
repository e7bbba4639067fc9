//! Import: an archive is verified piece by piece while its blocks go into a new blocks file; only when
//! everything verified and was read back does one new snapshot make it the database.

use super::audit::said;
use super::database::{Database, Inner};
use super::disk::Health;
use super::env::Env;
use super::load::{Loading, load_state};
use super::names;
use super::report::ImportResult;
use crate::error::{Error, Result};
use crate::format::archive::{Section, TRAILER_BYTES, Trailer};
use crate::format::block::{BLOCK_HEADER_BYTES, BlockHeader};
use crate::format::header::{FileHeader, FileKind, HEADER_BYTES};
use crate::format::sha256::Sha256;
use crate::format::snapshot::{BlockRefV1, ExtensionV2, SnapshotV2, encode_snapshot};
use crate::limits::MANIFEST_BYTES_MAX;
use crate::room::out_of_memory;
use crate::storage::{Once, Source, Storage};
use std::rc::Rc;

/// Bytes of an archive that room is made for before they come.
const PIECE_BYTES: usize = 64 * 1024;

/// Options of an import.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportOptions {
    /// Replace a database that is not empty.
    pub replace: bool,
    /// Bytes of the archive where they are known, for the progress; 0 otherwise.
    pub total_bytes: u64,
}

impl<S: Storage, E: Env> Database<S, E> {
    /// Replaces everything by the contents of an archive. Until it verified to its last byte nothing changes;
    /// on any error nothing changed. Writes wait meanwhile and then go to the imported data.
    ///
    /// Peak memory: the larger of what is in memory before and after, and some megabytes. The archive goes into
    /// storage piece by piece; once all of it verified, what is in memory goes, and what was stored is loaded in its
    /// place. Reading is `Unavailable` as long as that takes, which is as long as opening does. If it fails, what was
    /// there before is loaded again.
    pub async fn import(&self, archive: &mut impl Source, options: ImportOptions) -> Result<ImportResult> {
        let _turn = self.0.turn.take().await;
        self.0.check_sole_writer().await?;
        if !options.replace && self.0.state.borrow().all().any(|one| !one.is_empty()) {
            return Err(Error::invalid(
                "this database is not empty: import with { replace: true } replaces all of it, after the archive verified",
            ));
        }
        let generation = self.0.disk.borrow_mut().take_generation();
        let result = self.0.import_as(archive, options, generation).await;
        if result.is_err() {
            self.0.drop_blocks(generation).await;
        }
        // An archive that is refused changes nothing, not even this: who offered it may note that.
        if result.is_ok() {
            self.0.note_outcome("restore", "import", said(&result)).await;
        }
        result
    }
}

impl<S: Storage, E: Env> Inner<S, E> {
    async fn import_as(
        &self,
        archive: &mut impl Source,
        options: ImportOptions,
        generation: u64,
    ) -> Result<ImportResult> {
        let mut reader = Reader::new(archive, &self.env, options.total_bytes);
        let mut bytes = Vec::new();
        reader.append(&mut bytes, HEADER_BYTES).await?;
        let header = FileHeader::decode(FileKind::Archive, &bytes)?;
        let blocks_header = self.blocks_header(generation);
        let mut blocks = BlocksOf { reader, header: Some(blocks_header.encode()), found: Vec::new() };
        self.storage.create(&names::blocks(generation), &mut blocks).await?;
        let BlocksOf { reader, found, .. } = blocks;
        let (mut manifest, bytes) = read_end(reader, &header, &found).await?;
        adopt(&mut manifest, &found, generation)?;

        // What was being rebuilt when the archive was made is not anybody's any more.
        manifest.collections.retain(|one| one.stages.is_none());
        let named = |number: u32| manifest.collections.iter().any(|one| one.collection == number);
        manifest.extensions.retain(|one| named(one.collection));
        let _frozen = self.freeze_graphs();
        self.unload();
        let done = self.switch_to(manifest, blocks_header, bytes).await;
        if done.is_err() {
            self.unload();
            // If this fails, too, the next write tries it again.
            let _ = self.reload().await;
        }
        done
    }

    /// Makes blocks that were stored, as `manifest` names them, the database. Nothing is in memory.
    pub(super) async fn switch_to(
        &self,
        mut manifest: SnapshotV2,
        blocks_header: FileHeader,
        bytes: u64,
    ) -> Result<ImportResult> {
        let generation = blocks_header.generation;
        // Read back from storage: what is switched to is what was stored, not what was received.
        let loading = Loading::all(&self.reader);
        let mut state = load_state(&self.storage, &self.env, &loading, &manifest).await?.state;
        state.seq = manifest.seq.max(self.state.borrow().seq) + 1;
        manifest.seq = state.seq;
        // Its log follows it: a log whose first write is the one after this snapshot, made while the old
        // data still counts, would not continue that.
        manifest.log = None;
        manifest.time_ms = self.env.now_ms();
        manifest.requests = self.disk.borrow().requests.clone();
        let result = ImportResult {
            collections: manifest.collections.len() as u64,
            rows: state.all().map(|one| one.len() as u64).sum(),
            bytes,
        };
        let header = FileHeader {
            kind: FileKind::Snapshot,
            version: manifest.version(),
            seq: manifest.seq,
            time_ms: manifest.time_ms,
            ..blocks_header
        };
        let bytes = encode_snapshot(&header, &manifest)?;
        let length = bytes.len() as u64;
        if let Err(cause) = self.storage.create(&names::snapshot(generation), &mut Once::new(bytes)).await {
            self.withdraw(generation).await;
            return Err(cause);
        }
        *self.state.borrow_mut() = state;
        let tail = self.disk.borrow().log;
        self.adopt(generation, manifest, length);
        let logged = self.start_log(Some(tail)).await;
        self.disk.borrow_mut().health = match logged {
            Ok(()) => Health::Writable,
            // The import stands; the next write makes its log first.
            Err(_) => Health::Unsettled { roll: true, tried: Rc::default() },
        };
        if logged.is_ok() {
            self.prune_kept().await;
        }
        Ok(result)
    }
}

/// Manifest and trailer, and that nothing follows.
async fn read_end<S: Source, E: Env>(
    mut reader: Reader<'_, S, E>,
    header: &FileHeader,
    found: &[BlockRefV1],
) -> Result<(SnapshotV2, u64)> {
    let mut section = Vec::new();
    reader.append(&mut section, 8).await?;
    let length = section.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)) as usize;
    if length > MANIFEST_BYTES_MAX {
        return Err(Error::corrupt("the manifest of this archive is longer than any can be")
            .with(MANIFEST_BYTES_MAX, length));
    }
    reader.append(&mut section, length).await?;
    let manifest = SnapshotV2::decode_section(header.version, &section)?;
    if manifest.seq != header.seq || manifest.time_ms != header.time_ms {
        return Err(Error::corrupt("the manifest and the header of this archive disagree"));
    }
    let digest: [u8; 32] = reader.digest.digest();
    let length = reader.taken;
    section.clear();
    reader.append(&mut section, TRAILER_BYTES).await?;
    let bytes =
        section.first_chunk().ok_or_else(|| Error::corrupt("this archive ends within its trailer"))?;
    let trailer = Trailer::decode(bytes)?;
    if trailer != (Trailer { blocks: found.len() as u32, length, sha256: digest }) {
        return Err(Error::corrupt(
            "this archive does not match its SHA-256: parts of it were changed or moved",
        ));
    }
    if !reader.at_end().await? {
        return Err(Error::corrupt("this archive goes on after its end"));
    }
    Ok((manifest, reader.taken))
}

/// Turns the archive's manifest into one over the new blocks file, where every block has the same offset.
fn adopt(manifest: &mut SnapshotV2, found: &[BlockRefV1], generation: u64) -> Result<()> {
    let mut found = found.iter();
    for group in manifest.collections.iter_mut().flat_map(|one| &mut one.groups) {
        for block in [&mut group.vectors, &mut group.rows] {
            if found.next() != Some(&*block) {
                return Err(Error::corrupt("the manifest of this archive names other blocks than it holds"));
            }
            block.generation = generation;
        }
    }
    // What follows from the rows is not in an archive: its blocks would be somebody else's.
    if manifest.extensions.iter().any(ExtensionV2::has_blocks) {
        return Err(Error::corrupt("the manifest of this archive names an index, which no archive holds"));
    }
    match found.next() {
        None => Ok(()),
        Some(_) => Err(Error::corrupt("this archive holds blocks that its manifest does not name")),
    }
}

/// The blocks of an archive as a blocks file, each verified before it is passed on.
struct BlocksOf<'a, S, E> {
    reader: Reader<'a, S, E>,
    header: Option<Vec<u8>>,
    found: Vec<BlockRefV1>,
}

impl<S: Source, E: Env> Source for BlocksOf<'_, S, E> {
    fn expected(&self) -> u64 {
        self.reader.total
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(header) = self.header.take() {
            return Ok(Some(header));
        }
        let offset = self.reader.taken;
        let mut bytes = Vec::new();
        self.reader.append(&mut bytes, 4).await?;
        let magic = bytes.first_chunk().copied().unwrap_or_default();
        match Section::of(magic)? {
            Section::Block => {}
            Section::Manifest => return Ok(None),
            Section::Trailer => return Err(Error::corrupt("this archive has no manifest")),
        }
        self.reader.append(&mut bytes, BLOCK_HEADER_BYTES - 4).await?;
        let header = BlockHeader::decode(&bytes)?;
        self.reader.append(&mut bytes, header.length as usize).await?;
        header.verify(bytes.get(BLOCK_HEADER_BYTES..).unwrap_or_default())?;
        self.found.push(BlockRefV1 { generation: 0, offset, length: header.length, crc: header.crc });
        Ok(Some(bytes))
    }
}

/// Takes exact numbers of bytes from a source and digests them.
struct Reader<'a, S, E> {
    source: &'a mut S,
    env: &'a E,
    buffer: Vec<u8>,
    at: usize,
    taken: u64,
    total: u64,
    digest: Sha256,
}

impl<'a, S: Source, E: Env> Reader<'a, S, E> {
    fn new(source: &'a mut S, env: &'a E, total: u64) -> Self {
        Reader { source, env, buffer: Vec::new(), at: 0, taken: 0, total, digest: Sha256::default() }
    }

    /// Appends the next `count` bytes. Little is allocated for bytes that do not come, and `Quota` says that there is
    /// no memory.
    async fn append(&mut self, out: &mut Vec<u8>, count: usize) -> Result<()> {
        let mut missing = count;
        out.try_reserve_exact(missing.min(PIECE_BYTES)).map_err(out_of_memory)?;
        while missing > 0 {
            if self.at == self.buffer.len() && !self.refill().await? {
                return Err(Error::corrupt("this archive ends too early: it was cut off")
                    .with("more bytes", format!("{} bytes", self.taken)));
            }
            let left = self.buffer.get(self.at..).unwrap_or_default();
            let piece = left.get(..missing.min(left.len())).unwrap_or_default();
            out.try_reserve(piece.len()).map_err(out_of_memory)?;
            out.extend_from_slice(piece);
            self.digest.update(piece);
            self.at += piece.len();
            self.taken += piece.len() as u64;
            missing -= piece.len();
        }
        Ok(())
    }

    async fn at_end(&mut self) -> Result<bool> {
        Ok(self.at == self.buffer.len() && !self.refill().await?)
    }

    /// Gets more bytes; false at the end.
    async fn refill(&mut self) -> Result<bool> {
        self.env.progress("import", self.taken, self.total.max(self.taken));
        self.env.yield_now().await;
        while let Some(bytes) = self.source.next().await? {
            if !bytes.is_empty() {
                self.buffer = bytes;
                self.at = 0;
                return Ok(true);
            }
        }
        self.buffer.clear();
        self.at = 0;
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::config::SearchV2;
    use crate::format::snapshot::GraphV2;

    #[test]
    fn an_archive_that_names_derived_blocks_is_refused() {
        let block = BlockRefV1 { generation: 3, offset: 80, length: 1, crc: 0 };
        let plain = ExtensionV2::new(0, SearchV2::OF_V1);
        let graph = GraphV2 {
            version: 1,
            entry: 0,
            levels: 1,
            m: 16,
            quantization: 0,
            nodes: 1,
            unchecked: 0,
            groups: vec![Some(block)],
        };
        let graph = ExtensionV2 { graph: Some(graph), ..plain.clone() };
        let codes = ExtensionV2 { codes: vec![block], ..plain.clone() };
        for (extension, fine) in [(plain, true), (graph, false), (codes, false)] {
            let mut manifest = SnapshotV2 {
                seq: 1,
                time_ms: 2,
                log: None,
                next_collection: 1,
                collections: Vec::new(),
                extensions: vec![extension],
                requests: Default::default(),
            };
            assert_eq!(adopt(&mut manifest, &[], 9).is_ok(), fine);
        }
    }
}
