//! The envelope of an archive: how its chunks are packed and sealed. It can be read without a key.

use super::super::bytes::Reader;
use super::super::codec::{decode_exactly, encode, wire_struct};
use super::super::crc32;
use crate::error::{Error, Kind, Result};
use crate::limits::{ENVELOPE_BYTES_MAX, KDF_MEMORY_KIB, KDF_PASSES};

/// The first four bytes of the envelope's section.
pub const ENVELOPE_MAGIC: [u8; 4] = *b"LENV";

/// How a key comes of a passphrase: Argon2id, version 1.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KdfV4 {
    /// Random bytes.
    pub salt: [u8; 16],
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Times that it goes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

/// How the chunks of an archive are packed and sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvelopeV4 {
    /// 0 none, 1 deflate, of those chunks that say so.
    pub compression: u8,
    /// 0 none, 1 AES-256-GCM.
    pub cipher: u8,
    /// Makes the key of this archive of that of the user; zeros without a cipher.
    pub salt: [u8; 32],
    /// Tells another key from damage; zeros without a cipher.
    pub check: [u8; 16],
    /// Where the key comes of a passphrase.
    pub kdf: Option<KdfV4>,
}

wire_struct!(KdfV4 { salt, memory_kib, passes, lanes });
wire_struct!(EnvelopeV4 { compression, cipher, salt, check, kdf });

impl EnvelopeV4 {
    /// Magic, length, crc32 and the envelope itself.
    pub fn encode_section(&self) -> Vec<u8> {
        let payload = encode(self, Vec::new());
        let mut out = ENVELOPE_MAGIC.to_vec();
        out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        out.extend_from_slice(&crc32::hash(&payload).to_le_bytes());
        out.extend_from_slice(&payload);
        out
    }

    /// From the first 12 bytes of its section, how many follow them.
    pub fn payload_bytes(head: &[u8]) -> Result<usize> {
        let damaged = || Error::corrupt("the envelope of this archive does not verify");
        let mut reader = Reader(head);
        let magic: [u8; 4] = reader.array().ok_or_else(damaged)?;
        let length = reader.u32().ok_or_else(damaged)? as usize;
        if magic != ENVELOPE_MAGIC || length > ENVELOPE_BYTES_MAX {
            return Err(damaged());
        }
        Ok(length)
    }

    /// Reads a whole section.
    pub fn decode_section(bytes: &[u8]) -> Result<EnvelopeV4> {
        let damaged = || Error::corrupt("the envelope of this archive does not verify");
        let payload = bytes.get(12..).ok_or_else(damaged)?;
        let crc = bytes.get(8..12).and_then(|crc| crc.try_into().ok()).map(u32::from_le_bytes);
        if EnvelopeV4::payload_bytes(bytes)? != payload.len() || crc != Some(crc32::hash(payload)) {
            return Err(damaged());
        }
        let envelope: EnvelopeV4 = decode_exactly(payload).ok_or_else(damaged)?;
        if envelope.compression > 1 || envelope.cipher > 1 {
            return Err(Error::new(
                Kind::Version,
                "this archive is packed in a way that this Lodestore does not know: use a newer one",
            ));
        }
        let within = |value: u32, (least, most): (u32, u32)| (least..=most).contains(&value);
        let bounded = envelope.kdf.is_none_or(|kdf| {
            within(kdf.memory_kib, KDF_MEMORY_KIB) && within(kdf.passes, KDF_PASSES) && kdf.lanes == 1
        });
        if !bounded || (envelope.cipher == 0 && envelope.kdf.is_some()) {
            return Err(Error::corrupt("the envelope of this archive asks for more than any does"));
        }
        Ok(envelope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_refuses_every_flipped_bit() {
        let kdf = KdfV4 { salt: [7; 16], memory_kib: 65536, passes: 3, lanes: 1 };
        let envelope =
            EnvelopeV4 { compression: 1, cipher: 1, salt: [3; 32], check: [4; 16], kdf: Some(kdf) };
        let bytes = envelope.encode_section();
        assert_eq!(EnvelopeV4::decode_section(&bytes), Ok(envelope));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(EnvelopeV4::decode_section(&flipped).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(EnvelopeV4::decode_section(&bytes[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn refuses_to_derive_without_bounds() {
        let kdf = KdfV4 { salt: [7; 16], memory_kib: 65536, passes: 3, lanes: 1 };
        for bad in [
            KdfV4 { memory_kib: u32::MAX, ..kdf },
            KdfV4 { memory_kib: 1, ..kdf },
            KdfV4 { passes: 1000, ..kdf },
            KdfV4 { lanes: 9, ..kdf },
        ] {
            let envelope =
                EnvelopeV4 { compression: 0, cipher: 1, salt: [3; 32], check: [4; 16], kdf: Some(bad) };
            let refused = EnvelopeV4::decode_section(&envelope.encode_section()).unwrap_err();
            assert_eq!(refused.kind, Kind::Corrupt, "{bad:?}");
        }
    }
}
