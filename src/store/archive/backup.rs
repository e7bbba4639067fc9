//! Making an archive: a checkpoint, then its blocks copied from storage, or the frames of a range of writes; verified
//! on the way. Writers go on meanwhile: what is read stays until the archive is made.

use super::super::blocks::{Run, runs};
use super::super::chain::Logs;
use super::super::database::{Database, Inner};
use super::super::env::Env;
use super::super::names::{self, Listing};
use super::super::open::read_manifest;
use super::super::pinned::Pinned;
use super::super::wire::config_to_wire;
use super::frames::Frames;
use super::places::{keep_truth, places};
use super::sealing::Sealing;
use super::secret::Secret;
use crate::collection::State;
use crate::error::{Error, Kind, Result};
use crate::format::ARCHIVE_VERSION;
use crate::format::archive::Trailer;
use crate::format::archive4::{ArchiveKind, ArchiveV4, EnvelopeV4, SummaryV4};
use crate::format::block::{BLOCK_HEADER_BYTES, BlockHeader, BlockKind};
use crate::format::header::{DatabaseId, FileHeader, FileKind};
use crate::format::sha256::Sha256;
use crate::format::snapshot::{BlockRefV1, SnapshotV2};
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
enum Content {
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
    pieces: VecDeque<Vec<u8>>,
    read: u64,
    bytes: u64,
    digest: Sha256,
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

/// What the new archive is to follow. Refuses what cannot be followed.
fn since<'a>(options: &'a BackupOptions, database: &DatabaseId) -> Result<Option<&'a ArchiveV4>> {
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
    async fn blocks_since(
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
        let length = length.ok_or_else(|| Error::corrupt(format!("{} vanished", names::snapshot(generation))))?;
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
    async fn frames_since(&self, base: &ArchiveV4) -> Result<(ArchiveV4, Content, Vec<u64>)> {
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
            digest: Sha256::default(),
            end: End::Chunk,
            manifest,
        };
        let section = backup.manifest.encode_section();
        cut(&section, &mut backup.pieces);
        backup
    }

    /// Bytes of content: about those of the archive, if it is not compressed.
    pub fn total_bytes(&self) -> u64 {
        self.manifest.bytes
    }

    /// Bytes given out so far.
    pub fn done_bytes(&self) -> u64 {
        self.bytes
    }

    /// SHA-256 of what was given out so far. At the end that of the file, with its trailer.
    pub fn sha256(&self) -> [u8; 32] {
        self.digest.clone().digest()
    }

    /// Reads more content. False at its end.
    async fn fill(&mut self) -> Result<bool> {
        let inner: Rc<Inner<S, E>> = self.pinned.inner.clone();
        match &mut self.content {
            Content::Blocks { runs, dimensions } => {
                let Some(run) = runs.pop() else { return Ok(false) };
                let bytes = run.read(&inner.storage).await?;
                for block in run.blocks(&bytes) {
                    let (header, payload) = block?;
                    let dimension = dimensions.as_ref().filter(|_| header.kind == BlockKind::Vectors);
                    let dimension = dimension.and_then(|all| all.iter().find(|one| one.0 == header.collection));
                    let packed = dimension.map(|(_, dimension)| lossy::pack(payload, *dimension));
                    let payload = packed.as_deref().unwrap_or(payload);
                    let header = BlockHeader::of(header.kind, header.collection, header.group, payload);
                    let whole = [&header.encode()[..], payload].concat();
                    self.read += whole.len() as u64;
                    cut(&whole, &mut self.pieces);
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
                return self.seal.close(&inner.env, piece, false).await.map(Some);
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
                return self.seal.close(&inner.env, Vec::new(), true).await.map(Some);
            }
        }
        if self.end == End::Nothing {
            return Ok(None);
        }
        self.end = End::Nothing;
        let (length, sha256) = (self.bytes, self.digest.clone().digest());
        Ok(Some(Trailer { blocks: self.seal.chunks, length, sha256 }.encode()))
    }
}

/// Cuts what begins a chunk of its own into pieces that fit one.
fn cut(bytes: &[u8], pieces: &mut VecDeque<Vec<u8>>) {
    pieces.extend(bytes.chunks(CHUNK_BYTES_MAX).map(<[u8]>::to_vec));
}

impl<S: Storage, E: Env> Source for Backup<S, E> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let piece = self.piece().await?;
        if let Some(bytes) = &piece {
            self.digest.update(bytes);
            self.bytes += bytes.len() as u64;
        }
        Ok(piece)
    }
}
