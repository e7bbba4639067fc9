//! What archives are compressed and encrypted with. A browser has most of it already, so this is asked of the
//! surroundings; natively it is the crate `lodestore-seal`, for whoever they are.

use crate::error::Result;
use std::pin::Pin;

/// A digest that is being made.
pub type Digesting = Pin<Box<dyn Future<Output = Result<[u8; 32]>>>>;

/// Compression, encryption and keys, the same bytes in every host.
#[allow(async_fn_in_trait)] // one thread: no bound on the future is wanted
pub trait Seal {
    /// Raw deflate (RFC 1951). Hosts compress differently; all of them read all of it.
    async fn deflate(&self, raw: Vec<u8>) -> Result<Vec<u8>>;

    /// What was compressed, which was so many bytes long. `Corrupt` where it gives another number of bytes, or more follow;
    /// no more than these are ever held.
    async fn inflate(&self, stored: Vec<u8>, raw_length: usize) -> Result<Vec<u8>>;

    /// AES-256-GCM, the tag of 16 bytes behind the ciphertext. A key must never see the same nonce twice.
    async fn encrypt(&self, key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], data: Vec<u8>) -> Result<Vec<u8>>;

    /// What was encrypted so. `Corrupt` where a bit of the key, the nonce, `aad` or the data is another one.
    async fn decrypt(&self, key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], data: Vec<u8>) -> Result<Vec<u8>>;

    /// The key of a passphrase, by Argon2id. `Invalid`, with nothing allocated, where it would take less than 8 or more than
    /// 256 MiB, more than 16 passes or 4 lanes.
    async fn derive(
        &self,
        passphrase: &[u8],
        salt: &[u8; 16],
        memory_kib: u32,
        passes: u32,
        lanes: u32,
    ) -> Result<[u8; 32]>;

    /// A key for one purpose, made of another key, by HKDF with SHA-256.
    async fn subkey(&self, key: &[u8; 32], salt: &[u8], info: &[u8]) -> Result<[u8; 32]>;

    /// SHA-256 of `head` and `bytes` behind it, by the host where it is faster. It is begun at once, and goes on beside
    /// whatever else is done until it is waited for.
    fn sha256(&self, head: &[u8], bytes: &[u8]) -> Digesting;
}

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use super::{Digesting, Seal};
    use crate::error::{Error, Kind, Result};
    use lodestore_seal::SealError;

    fn error(cause: SealError) -> Error {
        let kind = match cause {
            SealError::Bounds(_) => Kind::Invalid,
            SealError::Deflate | SealError::Tag => Kind::Corrupt,
            SealError::Memory => Kind::Quota,
        };
        Error::new(kind, cause.to_string())
    }

    impl<T: ?Sized> Seal for T {
        async fn deflate(&self, raw: Vec<u8>) -> Result<Vec<u8>> {
            Ok(lodestore_seal::deflate(&raw))
        }

        async fn inflate(&self, stored: Vec<u8>, raw_length: usize) -> Result<Vec<u8>> {
            lodestore_seal::inflate(&stored, raw_length).map_err(error)
        }

        async fn encrypt(
            &self,
            key: &[u8; 32],
            nonce: &[u8; 12],
            aad: &[u8],
            data: Vec<u8>,
        ) -> Result<Vec<u8>> {
            lodestore_seal::encrypt(key, nonce, aad, data).map_err(error)
        }

        async fn decrypt(
            &self,
            key: &[u8; 32],
            nonce: &[u8; 12],
            aad: &[u8],
            data: Vec<u8>,
        ) -> Result<Vec<u8>> {
            lodestore_seal::decrypt(key, nonce, aad, data).map_err(error)
        }

        async fn derive(
            &self,
            passphrase: &[u8],
            salt: &[u8; 16],
            memory_kib: u32,
            passes: u32,
            lanes: u32,
        ) -> Result<[u8; 32]> {
            lodestore_seal::derive(passphrase, salt, memory_kib, passes, lanes).map_err(error)
        }

        async fn subkey(&self, key: &[u8; 32], salt: &[u8], info: &[u8]) -> Result<[u8; 32]> {
            lodestore_seal::subkey(key, salt, info).map_err(error)
        }

        fn sha256(&self, head: &[u8], bytes: &[u8]) -> Digesting {
            Box::pin(std::future::ready(Ok(lodestore_seal::sha256(&[head, bytes]))))
        }
    }
}
