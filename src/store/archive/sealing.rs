//! Packing and sealing the chunks of an archive, and the way back.
//!
//! A chunk is encrypted under the key of its archive, which no other has, with its place as the nonce; what is
//! authenticated with it is the header of the file, the envelope and its own header. So chunks cannot be taken out,
//! moved, repeated, left off at the end or brought from elsewhere (the STREAM construction of Hoang, Reyhanitabar,
//! Rogaway and Vizár, 2015).
//!
//! The digest of an archive is that of the digests of its parts, since no host digests a stream, and all of them digest a
//! piece ten times faster than WebAssembly does.

use super::super::env::Env;
use super::super::seal::Digesting;
use crate::error::{Error, Result};
use crate::format::archive4::{CHUNK_HEADER_BYTES, ChunkHeader};
use crate::format::crc32;
use crate::format::sha256::Sha256;
use crate::limits::CHUNK_TAG_BYTES;

/// What all chunks of an archive have in common.
pub struct Sealing {
    /// SHA-256 of what stands before the first chunk.
    context: [u8; 32],
    /// Of that, and of each chunk in turn: what the digest of the whole is made of.
    digests: Sha256,
    /// That of the last chunk, which is made beside what comes next.
    last: Option<Digesting>,
    key: Option<[u8; 32]>,
    deflate: bool,
    /// Chunks that were made or taken so far.
    pub chunks: u32,
}

fn nonce(header: &ChunkHeader) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[..4].copy_from_slice(&header.number.to_le_bytes());
    nonce[11] = u8::from(header.last);
    nonce
}

impl Sealing {
    /// Of an archive that begins with these bytes: header and envelope.
    pub fn new(head: &[u8], key: Option<[u8; 32]>, deflate: bool) -> Sealing {
        let mut digest = Sha256::default();
        digest.update(head);
        let context = digest.digest();
        let mut digests = Sha256::default();
        digests.update(&context);
        Sealing { context, digests, last: None, key, deflate, chunks: 0 }
    }

    /// The digest of header, envelope and the chunks so far.
    pub async fn digest(&mut self) -> Result<[u8; 32]> {
        self.settle().await?;
        Ok(self.digests.clone().digest())
    }

    async fn settle(&mut self) -> Result<()> {
        if let Some(last) = self.last.take() {
            self.digests.update(&last.await?);
        }
        Ok(())
    }

    /// Goes on with a chunk, its header and what is stored behind it.
    pub async fn note(&mut self, env: &impl Env, head: &[u8], content: &[u8]) -> Result<()> {
        self.settle().await?;
        self.last = Some(env.sha256(head, content));
        Ok(())
    }

    fn authenticated(&self, header: &ChunkHeader) -> Vec<u8> {
        [&self.context[..], &header.sealed()].concat()
    }

    /// The next chunk, of content with room for its header before it. Where the checksum of the content is known it is given.
    pub async fn close(
        &mut self,
        env: &impl Env,
        mut chunk: Vec<u8>,
        known: Option<u32>,
        last: bool,
    ) -> Result<Vec<u8>> {
        let raw = chunk.len().saturating_sub(CHUNK_HEADER_BYTES);
        let mut header = ChunkHeader {
            number: self.chunks,
            raw: raw as u32,
            stored: raw as u32,
            deflated: false,
            encrypted: self.key.is_some(),
            last,
            crc: 0,
        };
        self.chunks = self
            .chunks
            .checked_add(1)
            .ok_or_else(|| Error::invalid("this database is too large for one archive"))?;
        if self.deflate && raw > 0 {
            let packed = env.deflate(chunk.get(CHUNK_HEADER_BYTES..).unwrap_or_default().to_vec()).await?;
            // What does not get smaller (vectors hardly do) is read back faster as it is.
            if packed.len() < raw - raw / 32 {
                header.deflated = true;
                chunk.truncate(CHUNK_HEADER_BYTES);
                chunk.extend_from_slice(&packed);
            }
        }
        if let Some(key) = &self.key {
            let plain = chunk.split_off(CHUNK_HEADER_BYTES);
            header.stored = (plain.len() + CHUNK_TAG_BYTES) as u32;
            let sealed = env.encrypt(key, &nonce(&header), &self.authenticated(&header), plain).await?;
            chunk.extend_from_slice(&sealed);
        }
        header.stored = (chunk.len() - CHUNK_HEADER_BYTES) as u32;
        header.crc = known
            .filter(|_| !header.encrypted && !header.deflated)
            .unwrap_or_else(|| crc32::hash(chunk.get(CHUNK_HEADER_BYTES..).unwrap_or_default()));
        if let Some(room) = chunk.get_mut(..CHUNK_HEADER_BYTES) {
            room.copy_from_slice(&header.encode());
        }
        let (head, content) = chunk.split_at(CHUNK_HEADER_BYTES.min(chunk.len()));
        self.note(env, head, content).await?;
        Ok(chunk)
    }

    /// Refuses a chunk that is not the next one, or not as the envelope says.
    pub fn check(&mut self, header: &ChunkHeader, encrypted: bool) -> Result<()> {
        if header.number != self.chunks {
            return Err(Error::corrupt(
                "the chunks of this archive are not in their order: some are missing or moved",
            )
            .with(self.chunks, header.number));
        }
        if header.encrypted != encrypted || (header.deflated && !self.deflate) {
            return Err(Error::corrupt("a chunk of this archive is packed otherwise than the archive says"));
        }
        self.chunks = self.chunks.saturating_add(1);
        Ok(())
    }

    /// The content of a chunk, of what is stored of it, whose checksum held.
    pub async fn open(&self, env: &impl Env, header: &ChunkHeader, stored: Vec<u8>) -> Result<Vec<u8>> {
        let about = |cause: Error| cause.about(format_args!("chunk {} of this archive", header.number));
        let mut raw = stored;
        if let Some(key) = &self.key {
            let opened = env.decrypt(key, &nonce(header), &self.authenticated(header), raw).await;
            raw = opened.map_err(about)?;
        }
        if header.deflated {
            raw = env.inflate(raw, header.raw as usize).await.map_err(about)?;
        }
        if raw.len() != header.raw as usize {
            return Err(about(Error::corrupt("its content has another length than it says")));
        }
        Ok(raw)
    }
}
