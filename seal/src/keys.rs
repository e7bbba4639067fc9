//! Keys: from a passphrase by Argon2id (RFC 9106), and from another key by HKDF with SHA-256 (RFC 5869).

use crate::SealError;
use argon2::{Algorithm, Argon2, Params, Version};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use std::ops::RangeInclusive;

/// Memory that a derivation may take, in KiB. It stands in the archive, so somebody else may have chosen it.
pub const MEMORY_KIB: RangeInclusive<u32> = 8 * 1024..=256 * 1024;
/// Passes over it.
pub const PASSES: RangeInclusive<u32> = 1..=16;
/// Parts of it that could be filled at the same time.
pub const LANES: RangeInclusive<u32> = 1..=4;

/// The key that belongs to a passphrase: Argon2id, version 1.3. Costs are checked before anything is allocated.
pub fn derive(
    passphrase: &[u8],
    salt: &[u8; 16],
    memory_kib: u32,
    passes: u32,
    lanes: u32,
) -> Result<[u8; 32], SealError> {
    const BOUNDS: SealError =
        SealError::Bounds("a passphrase takes 8 to 256 MiB of memory, 1 to 16 passes and 1 to 4 lanes");
    if !MEMORY_KIB.contains(&memory_kib) || !PASSES.contains(&passes) || !LANES.contains(&lanes) {
        return Err(BOUNDS);
    }
    let params = Params::new(memory_kib, passes, lanes, Some(32)).map_err(|_| BOUNDS)?;
    let mut key = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, &mut key)
        .map_err(|cause| if cause == argon2::Error::OutOfMemory { SealError::Memory } else { BOUNDS })?;
    Ok(key)
}

/// A key for one purpose, `info`, made of `key`: whoever has it learns nothing about `key` or its other subkeys.
pub fn subkey(key: &[u8; 32], salt: &[u8], info: &[u8]) -> Result<[u8; 32], SealError> {
    hkdf_sha256(key, salt, info)
}

/// SHA-256 of all parts, one behind the other.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    parts.iter().for_each(|part| digest.update(part));
    digest.finalize().into()
}

fn hkdf_sha256(key: &[u8], salt: &[u8], info: &[u8]) -> Result<[u8; 32], SealError> {
    let mut made = [0; 32];
    Hkdf::<Sha256>::new(Some(salt), key)
        .expand(info, &mut made)
        .map_err(|_| SealError::Bounds("a subkey has 32 bytes"))?;
    Ok(made)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a test that fails panics
mod tests {
    use super::*;
    use argon2::{AssociatedData, ParamsBuilder};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 5869, A.1 to A.3: their first 32 bytes.
    #[test]
    fn hkdf_is_that_of_the_rfc() {
        let count = |from: u8, to: u8| (from..=to).collect::<Vec<_>>();
        let cases = [
            (
                vec![0x0b; 22],
                count(0, 0x0c),
                count(0xf0, 0xf9),
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
            ),
            (
                count(0, 0x4f),
                count(0x60, 0xaf),
                count(0xb0, 0xff),
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c",
            ),
            (
                vec![0x0b; 22],
                vec![],
                vec![],
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
            ),
        ];
        for (key, salt, info, expected) in cases {
            assert_eq!(hex(&hkdf_sha256(&key, &salt, &info).unwrap()), expected);
        }
    }

    /// RFC 9106, 5.3: with less memory than is allowed here, a secret and associated data.
    #[test]
    fn argon2id_is_that_of_the_rfc() {
        let mut params = ParamsBuilder::new();
        params.m_cost(32).t_cost(3).p_cost(4).data(AssociatedData::new(&[4; 12]).unwrap());
        let argon =
            Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params.build().unwrap());
        let mut tag = [0; 32];
        argon.unwrap().hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
        assert_eq!(hex(&tag), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
    }
}
