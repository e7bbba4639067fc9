//! Export: a checkpoint, then its blocks copied from storage into one archive, verified on the way. Writers go
//! on meanwhile; the blocks are pinned until the export ends.

use super::blocks::{Run, runs};
use super::database::Database;
use super::disk::refs_of;
use super::env::Env;
use super::names;
use super::open::read_manifest;
use super::pinned::Pinned;
use crate::error::{Error, Result};
use crate::format::BASE_VERSION;
use crate::format::archive::{MANIFEST_MAGIC, TRAILER_BYTES, Trailer};
use crate::format::block::BLOCK_HEADER_BYTES;
use crate::format::header::{FileHeader, FileKind, HEADER_BYTES};
use crate::format::sha256::Sha256;
use crate::format::snapshot::{BlockRefV1, ExtensionV2, RequestsV3, SnapshotV2};
use crate::storage::{Source, Storage};

/// A running export: pull it to its end, or drop it.
pub struct Export<S, E> {
    /// The blocks files that are read.
    pinned: Pinned<S, E>,
    header: Option<FileHeader>,
    /// Blocks still to be copied, the next one last.
    runs: Vec<Run>,
    manifest: Option<SnapshotV2>,
    blocks: u32,
    done: u64,
    total: u64,
    digest: Sha256,
    ended: bool,
}

impl<S: Storage, E: Env> Database<S, E> {
    /// Begins an export of everything as it is now.
    pub async fn export(&self) -> Result<Export<S, E>> {
        let inner = self.0.clone();
        let _turn = self.0.turn.take().await;
        let generation = inner.checkpoint_or_give_way().await?.generation;
        // The manifest is read back: what is exported is what is stored.
        let database = inner.disk.borrow().database;
        let name = names::snapshot(generation);
        let length =
            inner.storage.list().await?.iter().find(|file| file.name == name).map(|file| file.length);
        let length = length.ok_or_else(|| Error::corrupt(format!("{name} vanished")))?;
        let mut manifest = read_manifest(&inner.storage, generation, length, &database).await?;

        let mut pinned = Vec::new();
        let mut refs = Vec::new();
        let mut offset = HEADER_BYTES as u64;
        for group in manifest.collections.iter_mut().flat_map(|one| &mut one.groups) {
            for block in [&mut group.vectors, &mut group.rows] {
                refs.push(*block);
                pinned.push(block.generation);
                *block = BlockRefV1 { generation: 0, offset, ..*block };
                offset += BLOCK_HEADER_BYTES as u64 + u64::from(block.length);
            }
        }
        let header = FileHeader {
            kind: FileKind::Archive,
            version: BASE_VERSION,
            database,
            generation,
            time_ms: manifest.time_ms,
            seq: manifest.seq,
            previous: None,
        };
        manifest.log = None;
        manifest.requests = RequestsV3::default();
        // What follows from the rows is made again by whoever imports them.
        for extension in &mut manifest.extensions {
            *extension = ExtensionV2::new(extension.collection, extension.search);
        }
        let section = manifest.encode_section(Vec::new())?.len();
        let total = offset + (MANIFEST_MAGIC.len() + section + TRAILER_BYTES) as u64;
        let mut runs = runs(refs.into_iter())?;
        runs.reverse();
        let blocks = manifest.collections.iter().flat_map(|one| &one.groups).flat_map(refs_of).count() as u32;
        Ok(Export {
            pinned: Pinned::of(inner, pinned),
            header: Some(header),
            runs,
            manifest: Some(manifest),
            blocks,
            done: 0,
            total,
            digest: Sha256::default(),
            ended: false,
        })
    }
}

impl<S: Storage, E: Env> Export<S, E> {
    /// Bytes of the whole archive.
    pub fn total_bytes(&self) -> u64 {
        self.total
    }

    /// Bytes given out so far.
    pub fn done_bytes(&self) -> u64 {
        self.done
    }

    async fn piece(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(header) = self.header.take() {
            return Ok(Some(header.encode()));
        }
        if let Some(run) = self.runs.pop() {
            let bytes = run.read_verified(&self.pinned.inner.storage).await?;
            self.pinned.inner.env.yield_now().await;
            return Ok(Some(bytes));
        }
        if let Some(manifest) = self.manifest.take() {
            return manifest.encode_section(MANIFEST_MAGIC.to_vec()).map(Some);
        }
        if self.ended {
            return Ok(None);
        }
        self.ended = true;
        let sha256 = self.digest.digest();
        Ok(Some(Trailer { blocks: self.blocks, length: self.done, sha256 }.encode()))
    }
}

impl<S: Storage, E: Env> Source for Export<S, E> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let piece = self.piece().await?;
        if let Some(bytes) = &piece {
            self.digest.update(bytes);
            self.done += bytes.len() as u64;
            self.pinned.inner.env.progress("export", self.done, self.total);
        }
        Ok(piece)
    }
}
