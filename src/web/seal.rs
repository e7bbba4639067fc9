//! Compression, encryption and keys by the host: `seal/` of the npm package.
//!
//! The bytes that crossed are dropped here before the answer is waited for: they may be as many as a block has. These methods
//! are asynchronous over there, so they reject and never throw.

use super::convert;
use super::host::{Host, HostEnv, settled};
use crate::error::{Error, Kind, Result};
use crate::format::sha256::Sha256;
use crate::store::{Digesting, Seal};
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;

/// From so many bytes on the host is asked for a digest.
const ASK_BYTES: usize = 4096;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(method)]
    fn deflate(this: &Host, raw: Uint8Array) -> Promise;
    #[wasm_bindgen(method)]
    fn inflate(this: &Host, stored: Uint8Array, raw_length: f64) -> Promise;
    #[wasm_bindgen(method)]
    fn encrypt(this: &Host, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, data: Uint8Array)
    -> Promise;
    #[wasm_bindgen(method)]
    fn decrypt(this: &Host, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, data: Uint8Array)
    -> Promise;
    #[wasm_bindgen(method)]
    fn derive(
        this: &Host,
        passphrase: Uint8Array,
        salt: Uint8Array,
        memory_kib: f64,
        passes: f64,
        lanes: f64,
    ) -> Promise;
    #[wasm_bindgen(method)]
    fn subkey(this: &Host, key: Uint8Array, salt: Uint8Array, info: Uint8Array) -> Promise;
    // Crosses as views of our memory: a host takes its copy before the call returns, as the standard has it.
    #[wasm_bindgen(method)]
    fn sha256(this: &Host, head: &[u8], bytes: &[u8]) -> Option<Promise>;
}

async fn bytes(asked: Promise) -> Result<Vec<u8>> {
    match settled(Ok(asked)).await?.dyn_ref() {
        Some(array) => convert::bytes(array),
        None => Err(Error::new(Kind::Unavailable, "the host did not give a Uint8Array")),
    }
}

async fn key(asked: Promise) -> Result<[u8; 32]> {
    let key = bytes(asked).await?.try_into();
    key.map_err(|_| Error::new(Kind::Unavailable, "the host did not give a key of 32 bytes"))
}

fn array(bytes: &[u8]) -> Uint8Array {
    Uint8Array::from(bytes)
}

impl Seal for HostEnv {
    async fn deflate(&self, raw: Vec<u8>) -> Result<Vec<u8>> {
        let asked = self.host.deflate(array(&raw));
        drop(raw);
        bytes(asked).await
    }

    async fn inflate(&self, stored: Vec<u8>, raw_length: usize) -> Result<Vec<u8>> {
        let asked = self.host.inflate(array(&stored), raw_length as f64);
        drop(stored);
        bytes(asked).await
    }

    async fn encrypt(&self, key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], data: Vec<u8>) -> Result<Vec<u8>> {
        let asked = self.host.encrypt(array(key), array(nonce), array(aad), array(&data));
        drop(data);
        bytes(asked).await
    }

    async fn decrypt(&self, key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], data: Vec<u8>) -> Result<Vec<u8>> {
        let asked = self.host.decrypt(array(key), array(nonce), array(aad), array(&data));
        drop(data);
        bytes(asked).await
    }

    async fn derive(
        &self,
        passphrase: &[u8],
        salt: &[u8; 16],
        memory_kib: u32,
        passes: u32,
        lanes: u32,
    ) -> Result<[u8; 32]> {
        let costs = [memory_kib, passes, lanes].map(f64::from);
        key(self.host.derive(array(passphrase), array(salt), costs[0], costs[1], costs[2])).await
    }

    async fn subkey(&self, from: &[u8; 32], salt: &[u8], info: &[u8]) -> Result<[u8; 32]> {
        key(self.host.subkey(array(from), array(salt), array(info))).await
    }

    fn sha256(&self, head: &[u8], bytes: &[u8]) -> Digesting {
        // To ask takes longer than to digest a little.
        let asked = if bytes.len() < ASK_BYTES { None } else { self.host.sha256(head, bytes) };
        match asked {
            Some(asked) => Box::pin(key(asked)),
            None => {
                let mut digest = Sha256::default();
                digest.update(head);
                digest.update(bytes);
                Box::pin(std::future::ready(Ok(digest.digest())))
            }
        }
    }
}
