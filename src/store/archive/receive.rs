//! The blocks of an archive come into a blocks file beside the database, each verified before it is passed on.

use super::super::database::Inner;
use super::super::env::Env;
use super::super::names;
use super::content::{Held, held, next_block};
use super::open::Opened;
use super::places::{keep_truth, names_all, places};
use super::verify::check_header;
use crate::error::{Error, Result};
use crate::format::archive4::{ArchiveKind, ArchiveV4};
use crate::format::block::{BLOCK_HEADER_BYTES, BlockHeader};
use crate::format::header::{FileHeader, HEADER_BYTES};
use crate::format::snapshot::{BlockRefV1, SnapshotV2};
use crate::storage::{Source, Storage};

/// Where blocks are that came with archives: as the database named them from which they came, and where they are now.
pub type Known = Vec<(BlockRefV1, BlockRefV1)>;

impl<S: Storage, E: Env> Inner<S, E> {
    /// Takes in a full or differential archive of version 4 whose manifest was read: its blocks as a blocks file, if it
    /// has any, and the manifest over them and over those that are `known`, of an archive before it.
    pub(in super::super) async fn receive<A: Source>(
        &self,
        opened: &mut Opened<'_, A, E>,
        header: &FileHeader,
        archive: &ArchiveV4,
        known: &mut Known,
        blocks_header: &FileHeader,
    ) -> Result<SnapshotV2> {
        check_header(header, archive)?;
        let mut manifest = archive.snapshot()?;
        let wanted = held(archive, &mut manifest);
        let has_blocks = !wanted.is_empty();
        let mut blocks = Arriving {
            opened,
            archive,
            wanted: wanted.into_iter(),
            header: *blocks_header,
            at: 0,
            found: Vec::new(),
        };
        if has_blocks {
            self.storage.create(&names::blocks(blocks_header.generation), &mut blocks).await?;
        }
        let Arriving { opened, found, .. } = blocks;
        opened.end().await?;
        let mut found = found.into_iter();
        for (at, place) in places(&mut manifest).into_iter().enumerate() {
            let was = *place.block;
            if archive.holds(at) {
                let now = found.next().ok_or_else(|| Error::corrupt("the storage took a part only"))?;
                known.push((was, now));
                *place.block = now;
                continue;
            }
            let before = known.iter().find(|(other, _)| *other == was);
            *place.block = before.map(|(_, now)| *now).ok_or_else(|| {
                Error::corrupt("this archive leaves out blocks that the archive before it has not, either")
            })?;
        }
        if archive.kind()? == ArchiveKind::Full {
            names_all(archive, &manifest)?;
        }
        keep_truth(&mut manifest, true);
        Ok(manifest)
    }
}

/// The blocks of an archive as a blocks file.
struct Arriving<'a, 'b, A, E> {
    opened: &'a mut Opened<'b, A, E>,
    archive: &'a ArchiveV4,
    wanted: std::vec::IntoIter<Held>,
    header: FileHeader,
    /// Bytes of the file so far.
    at: u64,
    found: Vec<BlockRefV1>,
}

impl<A: Source, E: Env> Source for Arriving<'_, '_, A, E> {
    fn expected(&self) -> u64 {
        self.archive.bytes
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        if self.at == 0 {
            self.at = HEADER_BYTES as u64;
            return Ok(Some(self.header.encode()));
        }
        let Some(held) = self.wanted.next() else { return Ok(None) };
        let bytes = next_block(self.opened, self.archive, &held).await?;
        let BlockHeader { length, crc, .. } = BlockHeader::decode(&bytes)?;
        self.found.push(BlockRefV1 { generation: self.header.generation, offset: self.at, length, crc });
        self.at += (BLOCK_HEADER_BYTES + length as usize) as u64;
        Ok(Some(bytes))
    }
}
