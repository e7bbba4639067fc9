//! AES-256-GCM (NIST SP 800-38D), as `crypto.subtle` has it: the tag of 16 bytes stands behind the ciphertext.

use crate::SealError;
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit};

/// What encryption adds to the length.
pub const TAG_BYTES: usize = 16;

/// Encrypts and authenticates `data`, and authenticates `aad`. A key must never see the same nonce twice.
pub fn encrypt(
    key: &[u8; 32],
    nonce: &[u8; 12],
    aad: &[u8],
    mut data: Vec<u8>,
) -> Result<Vec<u8>, SealError> {
    data.try_reserve_exact(TAG_BYTES).map_err(|_| SealError::Memory)?;
    Aes256Gcm::new(key.into())
        .encrypt_in_place(nonce.into(), aad, &mut data)
        .map_err(|_| SealError::Bounds("at most 64 GiB can be encrypted at once"))?;
    Ok(data)
}

/// What was encrypted with the same key, nonce and `aad`; nothing of it where a bit of any of them differs.
pub fn decrypt(
    key: &[u8; 32],
    nonce: &[u8; 12],
    aad: &[u8],
    mut data: Vec<u8>,
) -> Result<Vec<u8>, SealError> {
    Aes256Gcm::new(key.into()).decrypt_in_place(nonce.into(), aad, &mut data).map_err(|_| SealError::Tag)?;
    Ok(data)
}
