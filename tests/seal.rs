//! Compression, encryption and keys as the store asks its surroundings for them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

mod support;

use lodestore::error::Kind;
use lodestore::store::Env;
use support::{TestEnv, block_on};

const KEY: [u8; 32] = [1; 32];
const NONCE: [u8; 12] = [2; 12];

/// Through the trait alone, as the store does.
async fn round<E: Env>(env: &E, raw: Vec<u8>) {
    let passphrase = env.derive(b"passphrase", &[3; 16], 8192, 1, 1).await.unwrap();
    let key = env.subkey(&passphrase, b"salt", b"chunks").await.unwrap();
    assert_ne!(key, passphrase);
    let stored = env.deflate(raw.clone()).await.unwrap();
    let sealed = env.encrypt(&key, &NONCE, b"place", stored.clone()).await.unwrap();
    assert_eq!(env.decrypt(&key, &NONCE, b"place", sealed).await.unwrap(), stored);
    assert_eq!(env.inflate(stored, raw.len()).await.unwrap(), raw);
}

#[test]
fn what_is_sealed_can_be_opened() {
    block_on(round(&TestEnv::default(), b"round and round ".repeat(1000)));
}

/// Damage is a matter of the bytes, bounds are one of the call.
async fn refused<E: Env>(env: &E) {
    let sealed = env.encrypt(&KEY, &NONCE, b"place", vec![4; 100]).await.unwrap();
    let wrong = env.decrypt(&[9; 32], &NONCE, b"place", sealed.clone()).await.unwrap_err();
    let moved = env.decrypt(&KEY, &NONCE, b"elsewhere", sealed).await.unwrap_err();
    let bomb = env.deflate(vec![0; 100_000]).await.unwrap();
    let bomb = env.inflate(bomb, 1000).await.unwrap_err();
    let costly = env.derive(b"passphrase", &[3; 16], 300_000, 1, 1).await.unwrap_err();
    let kinds = [wrong, moved, bomb, costly].map(|cause| {
        assert!(cause.message.len() > 30, "{}", cause.message);
        cause.kind
    });
    assert_eq!(kinds, [Kind::Corrupt, Kind::Corrupt, Kind::Corrupt, Kind::Invalid]);
}

#[test]
fn what_was_changed_is_corrupt_and_what_costs_too_much_is_invalid() {
    block_on(refused(&TestEnv::default()));
}
