//! An archive of version 4 as a run of content: chunks are verified, opened and unpacked as they come.

use super::super::env::Env;
use super::bytes::Bytes;
use super::sealing::Sealing;
use super::secret::Secret;
use crate::error::{Error, Result};
use crate::format::archive::{TRAILER_BYTES, Trailer};
use crate::format::archive4::{ArchiveV4, CHUNK_HEADER_BYTES, ChunkHeader, EnvelopeV4};
use crate::format::crc32;
use crate::room::out_of_memory;
use crate::storage::Source;

/// An archive that is being read.
pub struct Opened<'a, S, E> {
    bytes: Bytes<'a, S, E>,
    envelope: EnvelopeV4,
    seal: Sealing,
    /// The content of the current chunk, and how much of it was taken.
    content: Vec<u8>,
    at: usize,
    /// See [`Opened::checksum`].
    joined: Option<u32>,
    /// Bytes of content that were taken.
    pub taken: u64,
    ended: bool,
}

impl<'a, S: Source, E: Env> Opened<'a, S, E> {
    /// Of an archive of which only the file header was taken, which is handed over as well.
    pub async fn new(mut bytes: Bytes<'a, S, E>, mut head: Vec<u8>, secret: &Secret) -> Result<Self> {
        let envelope = read_envelope(&mut bytes, &mut head).await?;
        Opened::with(bytes, &head, envelope, secret).await
    }

    /// Of one of which `head`, header and envelope, was taken.
    ///
    /// `Invalid` where it is encrypted and the secret is missing or of another kind, `Mismatch` where it is another.
    pub async fn with(
        bytes: Bytes<'a, S, E>,
        head: &[u8],
        envelope: EnvelopeV4,
        secret: &Secret,
    ) -> Result<Self> {
        let key = secret.open(bytes.env, &envelope).await?;
        let seal = Sealing::new(head, key, envelope.compression == 1);
        Ok(Opened { bytes, envelope, seal, content: Vec::new(), at: 0, joined: None, taken: 0, ended: false })
    }

    /// Bytes of the file that were taken.
    pub fn file_bytes(&self) -> u64 {
        self.bytes.taken
    }

    /// Bytes of the whole file where they are known, or 0.
    pub fn total(&self) -> u64 {
        self.bytes.total
    }

    /// How it is packed and sealed.
    pub fn envelope(&self) -> &EnvelopeV4 {
        &self.envelope
    }

    /// Goes on to the next chunk, of which so many bytes at the least are wanted behind `out`: one that is stored as it is
    /// comes right there if they are all of it, and how many that were is given. `None` when the last chunk was there.
    async fn next_chunk(&mut self, out: &mut Vec<u8>, wanted: usize) -> Result<Option<usize>> {
        if self.ended {
            return Ok(None);
        }
        let head = next_head(&mut self.bytes).await?;
        let header = ChunkHeader::decode(&head)?;
        self.seal.check(&header, self.envelope.cipher == 1)?;
        self.ended = header.last;
        let (length, is_plain) = (header.stored as usize, !header.encrypted && !header.deflated);
        let join = |before| crc32::joined(before, header.crc, u64::from(header.stored));
        self.joined = self.joined.filter(|_| is_plain).map(join);
        if is_plain && length <= wanted {
            let before = out.len();
            self.bytes.append_of(out, length, wanted).await?;
            check_content(self.bytes.env, &mut self.seal, &head, out.get(before..).unwrap_or_default())
                .await?;
            return Ok(Some(length));
        }
        let mut chunk = Vec::new();
        self.bytes.append(&mut chunk, length).await?;
        check_content(self.bytes.env, &mut self.seal, &head, &chunk).await?;
        self.content = self.seal.open(self.bytes.env, &header, chunk).await?;
        self.at = 0;
        Ok(Some(0))
    }

    /// From here on [`Opened::checksum`] counts.
    pub fn mark(&mut self) {
        self.joined = (self.at == self.content.len()).then_some(0);
    }

    /// The checksum of what was taken since the mark, where that was whole chunks that are stored as they are: it follows
    /// from theirs, which were verified, and nobody has to look at the bytes again.
    pub fn checksum(&self) -> Option<u32> {
        self.joined.filter(|_| self.at == self.content.len())
    }

    /// Appends the next `count` bytes of content.
    pub async fn append(&mut self, out: &mut Vec<u8>, count: usize) -> Result<()> {
        let mut missing = count;
        while missing > 0 {
            if self.at == self.content.len() {
                let Some(came) = self.next_chunk(out, missing).await? else {
                    return Err(Error::corrupt("the content of this archive ends too early")
                        .with("more bytes", format!("{} bytes", self.taken)));
                };
                self.taken += came as u64;
                missing -= came;
                continue;
            }
            let left = self.content.get(self.at..).unwrap_or_default();
            let piece = left.get(..missing.min(left.len())).unwrap_or_default();
            // All of it where half of it is here, so that it does not move; else as it comes.
            let room = if missing / 2 <= piece.len() { missing } else { piece.len() };
            out.try_reserve(room).map_err(out_of_memory)?;
            out.extend_from_slice(piece);
            self.at += piece.len();
            self.taken += piece.len() as u64;
            missing -= piece.len();
        }
        Ok(())
    }

    /// The manifest, which is what the content begins with.
    pub async fn manifest(&mut self) -> Result<ArchiveV4> {
        let mut section = Vec::new();
        self.append(&mut section, 12).await?;
        let length = ArchiveV4::payload_bytes(&section)?;
        self.append(&mut section, length).await?;
        self.taken = 0;
        ArchiveV4::decode_section(&section)
    }

    /// That the content, the chunks and the file end here, and that the digest of all of it holds, which is given.
    pub async fn end(&mut self) -> Result<[u8; 32]> {
        // One that holds nothing may be the last.
        let mut nothing = Vec::new();
        while self.at == self.content.len() && self.next_chunk(&mut nothing, 0).await?.is_some() {}
        if self.at < self.content.len() {
            return Err(Error::corrupt("this archive holds more than its manifest says"));
        }
        read_trailer(&mut self.bytes, &mut self.seal).await
    }
}

/// The envelope, whose section is appended to what was before it.
pub async fn read_envelope<S: Source, E: Env>(
    bytes: &mut Bytes<'_, S, E>,
    head: &mut Vec<u8>,
) -> Result<EnvelopeV4> {
    // Digested chunk by chunk from here on.
    bytes.digest = None;
    let mut section = Vec::new();
    bytes.append(&mut section, 12).await?;
    let length = EnvelopeV4::payload_bytes(&section)?;
    bytes.append(&mut section, length).await?;
    head.extend_from_slice(&section);
    EnvelopeV4::decode_section(&section)
}

/// The header of the next chunk, as it is stored.
async fn next_head<S: Source, E: Env>(bytes: &mut Bytes<'_, S, E>) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    bytes.append(&mut head, CHUNK_HEADER_BYTES).await?;
    Ok(head)
}

/// That what is stored of a chunk with this header matches its checksum; it is digested.
async fn check_content(env: &impl Env, seal: &mut Sealing, head: &[u8], content: &[u8]) -> Result<()> {
    let header = ChunkHeader::decode(head)?;
    if crc32::hash(content) != header.crc {
        let number = header.number;
        return Err(Error::corrupt(format!("chunk {number} of this archive does not match its checksum")));
    }
    seal.note(env, head, content).await
}

/// Passes over the next chunk; its checksums hold.
pub async fn pass_chunk<S: Source, E: Env>(
    bytes: &mut Bytes<'_, S, E>,
    seal: &mut Sealing,
) -> Result<ChunkHeader> {
    let head = next_head(bytes).await?;
    let header = ChunkHeader::decode(&head)?;
    let mut content = Vec::new();
    bytes.append(&mut content, header.stored as usize).await?;
    check_content(bytes.env, seal, &head, &content).await?;
    Ok(header)
}

/// The trailer, that it fits what came before it, and that nothing follows: the digest.
pub async fn read_trailer<S: Source, E: Env>(
    bytes: &mut Bytes<'_, S, E>,
    seal: &mut Sealing,
) -> Result<[u8; 32]> {
    let (length, sha256) = (bytes.taken, seal.digest().await?);
    let mut trailer = Vec::new();
    bytes.append(&mut trailer, TRAILER_BYTES).await?;
    let short = || Error::corrupt("this archive ends within its trailer");
    let expected = Trailer { blocks: seal.chunks, length, sha256 };
    if Trailer::decode(trailer.first_chunk().ok_or_else(short)?)? != expected {
        return Err(Error::corrupt(
            "this archive does not match its SHA-256: parts of it were changed or moved",
        ));
    }
    if !bytes.at_end().await? {
        return Err(Error::corrupt("this archive goes on after its end"));
    }
    Ok(sha256)
}
