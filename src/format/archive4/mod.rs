//! The archive of version 4: a header, an envelope that says how its chunks are packed, the chunks, and the trailer
//! that older archives have, too. What the chunks hold, one behind the other, is the content: a manifest that says
//! what comes, then blocks or frames.

mod chunk;
mod envelope;
mod manifest;

pub use chunk::{CHUNK_HEADER_BYTES, CHUNK_MAGIC, ChunkHeader};
pub use envelope::{ENVELOPE_MAGIC, EnvelopeV4, KdfV4};
pub use manifest::{ArchiveId, ArchiveKind, ArchiveV4, SummaryV4};
