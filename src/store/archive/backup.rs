//! Making an archive: a checkpoint, then its blocks copied from storage, or the frames of a range of writes; verified
//! on the way. Writers go on meanwhile: what is read stays until the archive is made.

use super::super::blocks::Run;
use super::super::database::{Database, Inner};
use super::super::env::Env;
use super::super::names;
use super::super::pinned::Pinned;
use super::frames::Frames;
use super::planned::since;
use super::sealing::Sealing;
use super::secret::Secret;
use crate::error::{Error, Kind, Result};
use crate::format::ARCHIVE_VERSION;
use crate::format::archive::Trailer;
use crate::format::archive4::{ArchiveKind, ArchiveV4, CHUNK_HEADER_BYTES, EnvelopeV4};
use crate::format::block::{BLOCK_HEADER_BYTES, BlockHeader, BlockKind};
use crate::format::crc32;
use crate::format::header::{DatabaseId, FileHeader, FileKind};
use crate::format::snapshot::BlockRefV1;
use crate::limits::CHUNK_BYTES_MAX;
use crate::storage::{Source, Storage};
use crate::vectors::lossy;
use std::collections::VecDeque;
use std::rc::Rc;

/// What kind of archive to make.
pub struct BackupOptions {
    /// What it holds.
    pub kind: ArchiveKind,
    /// Where the database is known by it: identity, and manifest of the archive that this one is to follow.
    pub since: Option<(DatabaseId, ArchiveV4)>,
    /// Deflates what gets smaller by it.
    pub compress: bool,
    /// Encrypts it.
    pub secret: Secret,
    /// Takes saved graphs along, so that they need not be built again.
    pub index: bool,
    /// Keeps 8 bits of each number of a vector: a quarter of the size, and not what was stored.
    pub lossy: bool,
}

/// What is still to be read.
pub(super) enum Content {
    Blocks {
        /// The next one last.
        runs: Vec<Run>,
        /// For lossy vectors: numbers in each, by collection.
        dimensions: Option<Vec<(u32, usize)>>,
    },
    Frames(Frames),
}

/// An archive in the making: pull it to its end, or drop it.
pub struct Backup<S, E> {
    /// The files that are read.
    pinned: Pinned<S, E>,
    /// What it says of itself.
    pub manifest: ArchiveV4,
    head: Option<Vec<u8>>,
    content: Content,
    seal: Sealing,
    /// Pieces of content that become a chunk each.
    pieces: VecDeque<Piece>,
    read: u64,
    bytes: u64,
    end: End,
}

#[derive(PartialEq)]
enum End {
    /// The last chunk is still to come.
    Chunk,
    Trailer,
    Nothing,
}

impl<S: Storage, E: Env> Database<S, E> {
    /// Begins an archive of everything as it is now, or of what is new since another archive.
    ///
    /// A differential archive has the blocks that differ from those of a full one; an incremental archive has the
    /// writes since another archive of any type. `Mismatch` for an archive of another database; `Invalid` where the
    /// log does not go back far enough.
    pub async fn backup(&self, options: BackupOptions) -> Result<Backup<S, E>> {
        let inner = &self.0;
        let _turn = inner.turn.take().await;
        let database = inner.disk.borrow().database;
        let since = since(&options, &database)?;
        let (mut manifest, content, files) = match options.kind {
            ArchiveKind::Incremental => {
                let base = since.ok_or_else(|| Error::invalid("an incremental backup needs `since`"))?;
                inner.frames_since(base).await?
            }
            _ => inner.blocks_since(since, &options).await?,
        };
        let pinned = Pinned::of(inner.clone(), files);
        manifest.id = inner.env.random();
        let (envelope, key) = options.secret.envelope(&inner.env, options.compress).await?;
        let header = FileHeader {
            kind: FileKind::Archive,
            version: ARCHIVE_VERSION,
            database,
            generation: 0,
            time_ms: manifest.time_ms,
            seq: manifest.seq,
            previous: None,
        };
        Ok(Backup::new(pinned, manifest, content, header, envelope, key))
    }
}

impl<S: Storage, E: Env> Backup<S, E> {
    fn new(
        pinned: Pinned<S, E>,
        manifest: ArchiveV4,
        content: Content,
        header: FileHeader,
        envelope: EnvelopeV4,
        key: Option<[u8; 32]>,
    ) -> Backup<S, E> {
        let mut head = header.encode();
        head.extend_from_slice(&envelope.encode_section());
        let mut backup = Backup {
            pinned,
            content,
            seal: Sealing::new(&head, key, envelope.compression == 1),
            head: Some(head),
            pieces: VecDeque::new(),
            read: 0,
            bytes: 0,
            end: End::Chunk,
            manifest,
        };
        let section = backup.manifest.encode_section();
        cut(&section, &mut backup.pieces);
        backup
    }

    /// The database of which it is.
    pub fn database(&self) -> DatabaseId {
        self.pinned.inner.disk.borrow().database
    }

    /// Bytes of content: about those of the archive, if it is not compressed.
    pub fn total_bytes(&self) -> u64 {
        self.manifest.bytes
    }

    /// Bytes given out so far.
    pub fn done_bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads more content. False at its end.
    async fn fill(&mut self) -> Result<bool> {
        let inner: Rc<Inner<S, E>> = self.pinned.inner.clone();
        match &mut self.content {
            Content::Blocks { runs, dimensions: None } => {
                let Some(run) = runs.pop() else { return Ok(false) };
                for block in &run.refs {
                    let pieces = read_pieces(&inner.storage, block).await?;
                    self.read += BLOCK_HEADER_BYTES as u64 + u64::from(block.length);
                    self.pieces.extend(pieces);
                }
            }
            Content::Blocks { runs, dimensions: Some(dimensions) } => {
                let Some(run) = runs.pop() else { return Ok(false) };
                let bytes = run.read(&inner.storage).await?;
                for (block, place) in run.blocks(&bytes).zip(&run.refs) {
                    let (header, payload) = block?;
                    let is_vectors = header.kind == BlockKind::Vectors;
                    let dimension = dimensions.iter().find(|one| is_vectors && one.0 == header.collection);
                    let packed = dimension.map(|(_, dimension)| lossy::pack(payload, *dimension));
                    if let Some(packed) = packed {
                        let header = BlockHeader::of(header.kind, header.collection, header.group, &packed);
                        let whole = [&header.encode()[..], &packed].concat();
                        self.read += whole.len() as u64;
                        cut(&whole, &mut self.pieces);
                        continue;
                    }
                    // As it stands in storage, its header included.
                    let at = (place.offset - run.start) as usize;
                    let whole = bytes.get(at..at + BLOCK_HEADER_BYTES + payload.len()).unwrap_or_default();
                    self.read += whole.len() as u64;
                    cut(whole, &mut self.pieces);
                }
            }
            Content::Frames(frames) => {
                let (mut piece, pieces) = (Vec::new(), &mut self.pieces);
                let more = frames
                    .step(&inner.storage, |frame, _| {
                        if piece.len() + frame.len() > CHUNK_BYTES_MAX {
                            cut(&std::mem::take(&mut piece), pieces);
                        }
                        piece.extend_from_slice(frame);
                        self.read += frame.len() as u64;
                    })
                    .await?;
                cut(&piece, pieces);
                if !more {
                    return Ok(false);
                }
            }
        }
        inner.env.progress("backup", self.read, self.manifest.bytes);
        inner.env.yield_now().await;
        Ok(true)
    }

    async fn piece(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head));
        }
        let inner = self.pinned.inner.clone();
        loop {
            if let Some(piece) = self.pieces.pop_front() {
                return self.seal.close(&inner.env, piece.bytes, piece.crc, false).await.map(Some);
            }
            if self.end != End::Chunk {
                break;
            }
            if !self.fill().await? {
                if self.read != self.manifest.bytes {
                    return Err(Error::corrupt("what was read has another length than was announced")
                        .with(self.manifest.bytes, self.read));
                }
                self.end = End::Trailer;
                return self.seal.close(&inner.env, vec![0; CHUNK_HEADER_BYTES], None, true).await.map(Some);
            }
        }
        if self.end == End::Nothing {
            return Ok(None);
        }
        self.end = End::Nothing;
        let (length, sha256) = (self.bytes, self.seal.digest().await?);
        Ok(Some(Trailer { blocks: self.seal.chunks, length, sha256 }.encode()))
    }
}

/// Content that becomes a chunk.
struct Piece {
    /// With room for the header before it.
    bytes: Vec<u8>,
    /// The checksum of the content, if it is known.
    crc: Option<u32>,
}

/// The pieces of a block as it stands in storage, its header included. Its bytes are looked at once: the checksums of
/// the pieces, which their chunks need, say what that of the block is.
async fn read_pieces(storage: &impl Storage, block: &BlockRefV1) -> Result<Vec<Piece>> {
    let name = names::blocks(block.generation);
    let about = |cause: Error| cause.about(format_args!("{name} at byte {}", block.offset));
    let end = block.offset + BLOCK_HEADER_BYTES as u64 + u64::from(block.length);
    let (mut pieces, mut at, mut crc) = (Vec::new(), block.offset, 0);
    while at < end {
        let next = end.min(at + CHUNK_BYTES_MAX as u64);
        let read = storage.read_behind(CHUNK_HEADER_BYTES, &name, at..next).await;
        let bytes = read.map_err(|cause| match cause.kind {
            Kind::Invalid => about(Error::corrupt("the file ends within this block")),
            _ => cause,
        })?;
        let its_crc = crc32::hash(bytes.get(CHUNK_HEADER_BYTES..).unwrap_or_default());
        crc = crc32::joined(crc, its_crc, next - at);
        pieces.push(Piece { bytes, crc: Some(its_crc) });
        at = next;
    }
    let first = pieces.first().and_then(|piece| piece.bytes.get(CHUNK_HEADER_BYTES..)).unwrap_or_default();
    let header = BlockHeader::decode(first).map_err(about)?;
    if header.crc != block.crc || header.length != block.length {
        return Err(about(Error::corrupt("this is not the block that the manifest names")));
    }
    match header.crc_of_all() == crc {
        true => Ok(pieces),
        false => Err(about(Error::corrupt("this block does not match its checksum"))),
    }
}

/// Cuts what begins a chunk of its own into pieces that fit one, each with room for its header before it.
fn cut(bytes: &[u8], pieces: &mut VecDeque<Piece>) {
    for content in bytes.chunks(CHUNK_BYTES_MAX) {
        let mut piece = Vec::with_capacity(CHUNK_HEADER_BYTES + content.len());
        piece.resize(CHUNK_HEADER_BYTES, 0);
        piece.extend_from_slice(content);
        pieces.push_back(Piece { bytes: piece, crc: None });
    }
}

impl<S: Storage, E: Env> Source for Backup<S, E> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let piece = self.piece().await?;
        if let Some(bytes) = &piece {
            self.bytes += bytes.len() as u64;
        }
        Ok(piece)
    }
}
