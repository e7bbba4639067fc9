//! What opens an encrypted archive: a key, or a passphrase of which one is derived.

use super::super::env::Env;
use crate::error::{Error, Kind, Result};
use crate::format::archive4::{EnvelopeV4, KdfV4};

/// Memory and passes of Argon2id for new archives: the second choice of RFC 9106, for where 2 GiB are not to be had,
/// with one lane, since a page has one thread.
const KDF_NEW: (u32, u32, u32) = (64 * 1024, 3, 1);

/// What is mixed into the key of an archive, and into the mark by which another key is told from damage.
const KEY_INFO: &[u8] = b"lodestore archive 4 key";
const CHECK_INFO: &[u8] = b"lodestore archive 4 check";

/// The key of a user.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Secret {
    /// None: the archive is not encrypted.
    #[default]
    None,
    /// 32 random bytes.
    Key([u8; 32]),
    /// A text that a person knows.
    Passphrase(Vec<u8>),
}

impl Secret {
    /// The envelope of a new archive, and the key of its chunks.
    pub(super) async fn envelope(
        &self,
        env: &impl Env,
        compress: bool,
    ) -> Result<(EnvelopeV4, Option<[u8; 32]>)> {
        let mut envelope = EnvelopeV4 {
            compression: u8::from(compress),
            cipher: u8::from(*self != Secret::None),
            salt: [0; 32],
            check: [0; 16],
            kdf: None,
        };
        if *self == Secret::None {
            return Ok((envelope, None));
        }
        let (head, tail) = envelope.salt.split_at_mut(16);
        head.copy_from_slice(&env.random());
        tail.copy_from_slice(&env.random());
        if matches!(self, Secret::Passphrase(_)) {
            let (memory_kib, passes, lanes) = KDF_NEW;
            envelope.kdf = Some(KdfV4 { salt: env.random(), memory_kib, passes, lanes });
        }
        let (key, check) = self.keys(env, &envelope).await?;
        envelope.check = check;
        Ok((envelope, Some(key)))
    }

    /// The key of the chunks of an archive; `None` where they are not encrypted.
    ///
    /// `Invalid` where a key is needed and there is none, or a passphrase in place of a key; `Mismatch` for another key
    /// than that of the archive.
    pub(super) async fn open(&self, env: &impl Env, envelope: &EnvelopeV4) -> Result<Option<[u8; 32]>> {
        if envelope.cipher == 0 {
            return Ok(None);
        }
        let (key, check) = self.keys(env, envelope).await?;
        if check != envelope.check {
            return Err(Error::new(
                Kind::Mismatch,
                "this archive was encrypted with another key or passphrase: nothing of it was read",
            ));
        }
        Ok(Some(key))
    }

    async fn keys(&self, env: &impl Env, envelope: &EnvelopeV4) -> Result<([u8; 32], [u8; 16])> {
        let key = match (self, envelope.kdf) {
            (Secret::Key(key), None) => *key,
            (Secret::Passphrase(text), Some(kdf)) => {
                env.derive(text, &kdf.salt, kdf.memory_kib, kdf.passes, kdf.lanes).await?
            }
            (_, kdf) => {
                let asked = if kdf.is_some() { "a passphrase" } else { "a key" };
                let got = match self {
                    Secret::None => "none",
                    Secret::Key(_) => "a key",
                    Secret::Passphrase(_) => "a passphrase",
                };
                return Err(Error::invalid("this archive is encrypted: give what it was encrypted with")
                    .with(asked, got));
            }
        };
        let check = env.subkey(&key, &envelope.salt, CHECK_INFO).await?;
        let mut mark = [0; 16];
        mark.copy_from_slice(&check[..16]);
        Ok((env.subkey(&key, &envelope.salt, KEY_INFO).await?, mark))
    }
}
