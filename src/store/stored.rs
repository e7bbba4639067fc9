//! Vectors that stay in storage while only their codes are in memory: where they lie, how they are read, and who
//! may have it so.

use super::database::Inner;
use super::names;
use crate::collection::{Config, Memory, Op, State};
use crate::error::{Error, Kind, Result};
use crate::format::block::{BLOCK_HEADER_BYTES, BlockHeader};
use crate::format::snapshot::BlockRefV1;
use crate::storage::{ReadNow, Storage};
use crate::vectors::{Place, ReadStored};
use std::cell::Cell;
use std::rc::Rc;

/// Reads blocks files without waiting.
struct BlocksNow {
    reader: Rc<dyn ReadNow>,
    /// The file that was read last and its name: most reads are of the same one. Taken out while it is in use, as a
    /// storage object may call the database in the middle of a read.
    last: Cell<Option<(u64, String)>>,
}

/// The way to read stored vectors, where this storage has one.
pub fn reader_of(storage: &impl Storage) -> Option<Rc<dyn ReadStored>> {
    let reader = storage.reader()?;
    Some(Rc::new(BlocksNow { reader, last: Cell::new(None) }))
}

impl ReadStored for BlocksNow {
    fn read_stored(&self, place: Place, out: &mut [u8]) -> Result<()> {
        let last = self.last.take().filter(|(generation, _)| *generation == place.generation);
        let (_, name) = last.unwrap_or_else(|| (place.generation, names::blocks(place.generation)));
        let read = self.reader.read_now(&name, place.offset, out).map_err(|cause| match cause.kind {
            // It was there and long enough when the database was opened.
            Kind::Invalid => Error::corrupt(format!("{name} lost vectors: {}", cause.message)),
            _ => cause.about(format_args!("vectors in {name}")),
        });
        self.last.set(Some((place.generation, name)));
        read
    }

    fn verify_stored(&self, place: Place, payload: &[u8]) -> Result<()> {
        let mut header = [0; BLOCK_HEADER_BYTES];
        let begin = Place { offset: place.offset.saturating_sub(BLOCK_HEADER_BYTES as u64), ..place };
        self.read_stored(begin, &mut header)?;
        let verified = BlockHeader::decode(&header).and_then(|header| header.verify(payload));
        verified.map_err(|cause| cause.about(format_args!("{}", names::blocks(place.generation))))
    }
}

/// Where the vectors of a block lie.
pub fn place_of(block: &BlockRefV1) -> Place {
    Place { generation: block.generation, offset: block.offset + BLOCK_HEADER_BYTES as u64 }
}

impl<S: Storage, E> Inner<S, E> {
    /// Refuses to begin with memory `codes` where vectors cannot be read without waiting. A collection that is so
    /// already (from an archive, say) goes on, with everything in memory.
    pub(super) fn check_memory(&self, state: &State, op: &Op) -> Result<()> {
        let (config, before): (&Config, Option<u32>) = match op {
            Op::Create { config, stages, .. } => (config, *stages),
            Op::Configure { collection, config } => (config, Some(*collection)),
            _ => return Ok(()),
        };
        let is_so_already =
            before.and_then(|number| state.get(number)).is_some_and(|one| one.leaves_vectors());
        if config.memory == Memory::Full || self.reader.is_some() || is_so_already {
            return Ok(());
        }
        Err(Error::new(
            Kind::Unavailable,
            "memory 'codes' needs a storage that reads without waiting: files in Node, Deno and Bun, OPFS in a worker, memory, or a storage object with readInto(); use one of those, or memory 'full'",
        ))
    }
}
