//! Archives that are damaged, cut off, put together of others, or made by somebody hostile: all refused, with a typed
//! error, and nothing of the database changes.

use super::common::*;
use crate::support::{block_on, rows};
use lodestore::error::Kind;
use lodestore::format::archive4::ArchiveKind;
use lodestore::storage::{MemoryStorage, Storage};
use lodestore::store::{BackupOptions, Level, Secret, StageOptions};
use rand::{Rng, SeedableRng};

/// A database, and chains of archives of it: plain, compressed, encrypted.
fn chains() -> (Db<MemoryStorage>, Vec<Vec<Archive>>) {
    let db = open(MemoryStorage::new(), 1);
    collection(&db, "a");
    block_on(db.upsert("a", rows("r", 0..60, 3))).unwrap();
    let all = [(false, Secret::None), (true, Secret::None), (true, Secret::Key([7; 32]))];
    let chains = all.map(|(compress, secret)| {
        let make = |kind, since: Option<&Archive>| {
            let asked = BackupOptions { compress, secret: secret.clone(), ..options(kind, since) };
            backup(&db, asked).unwrap()
        };
        let base = make(ArchiveKind::Full, None);
        block_on(db.upsert("a", rows("r", 20..40, 3))).unwrap();
        let differential = make(ArchiveKind::Differential, Some(&base));
        block_on(db.upsert("a", rows("s", 0..9, 3))).unwrap();
        let incremental = make(ArchiveKind::Incremental, Some(&differential));
        vec![base, differential, incremental]
    });
    (db, chains.to_vec())
}

fn refused(db: &Db<MemoryStorage>, chain: &[Archive], what: &str) {
    let files: Vec<String> =
        block_on(db.storage().list()).unwrap().into_iter().map(|file| file.name).collect();
    let before = now(db);
    let cause = restore(db, chain, StageOptions::default())
        .map(|got| panic!("{what} was taken: {} rows", got.values().map(|rows| rows.len()).sum::<usize>()))
        .unwrap_err();
    let expected = [Kind::Corrupt, Kind::Invalid, Kind::Version, Kind::Mismatch];
    assert!(expected.contains(&cause.kind), "{what}: {cause}");
    assert_eq!(now(db), before, "{what}");
    let after: Vec<String> =
        block_on(db.storage().list()).unwrap().into_iter().map(|file| file.name).collect();
    assert_eq!(after, files, "{what} left files behind");
}

#[test]
fn every_flipped_bit_is_refused() {
    let (db, chains) = chains();
    let mut flipped = 0;
    for chain in &chains {
        for at in 0..chain.len() {
            let bytes = chain[at].bytes.len();
            for bit in 0..bytes * 8 {
                let mut damaged = chain[..=at].to_vec();
                damaged[at].bytes[bit / 8] ^= 1 << (bit % 8);
                // The database id stands in the clear: another one is a mismatch of the chain or of the checksum.
                assert!(verify(&damaged[at].bytes, Level::Checksums, &damaged[at].secret).is_err());
                if bit % 101 == 0 {
                    refused(&db, &damaged, &format!("archive {at} with bit {bit} flipped"));
                }
                flipped += 1;
            }
        }
    }
    assert!(flipped > 100_000, "{flipped}");
}

#[test]
fn every_truncation_and_every_tail_is_refused() {
    let (db, chains) = chains();
    for chain in &chains {
        for at in 0..chain.len() {
            for length in 0..chain[at].bytes.len() {
                let secret = &chain[at].secret;
                assert!(verify(&chain[at].bytes[..length], Level::Checksums, secret).is_err(), "{length}");
                if length % 97 == 0 {
                    let mut damaged = chain[..=at].to_vec();
                    damaged[at].bytes.truncate(length);
                    refused(&db, &damaged, &format!("archive {at} of {length} bytes"));
                }
            }
            let mut longer = chain[..=at].to_vec();
            longer[at].bytes.push(0);
            refused(&db, &longer, "an archive with a byte behind its end");
        }
    }
}

/// The chunks of an archive: where each begins and ends; before the first, header and envelope; after the last, the
/// trailer.
fn chunks(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let mut at = 80 + 12 + number(84);
    let mut chunks = Vec::new();
    while &bytes[at..at + 4] == b"LCHK" {
        let end = at + 32 + number(at + 12);
        chunks.push(at..end);
        at = end;
    }
    chunks
}

/// Puts an archive together of parts, with a trailer that fits, as somebody hostile would.
fn assembled(parts: &[&[u8]], count: usize) -> Vec<u8> {
    use lodestore::format::archive::Trailer;
    let digest = |bytes: &[u8]| {
        let mut digest = lodestore::format::sha256::Sha256::default();
        digest.update(bytes);
        digest.digest()
    };
    let sha256 = digest(&parts.iter().flat_map(|part| digest(part)).collect::<Vec<u8>>());
    let mut bytes = parts.concat();
    let (blocks, length) = (count as u32, bytes.len() as u64);
    bytes.extend(Trailer { blocks, length, sha256 }.encode());
    bytes
}

/// Gives a chunk another number.
fn renumbered(chunk: &[u8], number: u32) -> Vec<u8> {
    let mut chunk = chunk.to_vec();
    chunk[4..8].copy_from_slice(&number.to_le_bytes());
    let crc = crc32fast::hash(&chunk[..28]);
    chunk[28..32].copy_from_slice(&crc.to_le_bytes());
    chunk
}

#[test]
fn chunks_of_an_encrypted_archive_cannot_be_moved() {
    let (db, chains) = chains();
    let one = &chains[2][0];
    let other = &chains[2][1];
    let places = chunks(&one.bytes);
    let parts: Vec<&[u8]> = places.iter().map(|place| &one.bytes[place.clone()]).collect();
    let head = &one.bytes[..places[0].start];
    assert!(parts.len() >= 4, "{} chunks", parts.len());
    let take = |parts: &[Vec<u8>], what: &str| {
        let mut all = vec![head];
        all.extend(parts.iter().map(Vec::as_slice));
        let bytes = assembled(&all, parts.len());
        verify(&bytes, Level::Checksums, &Secret::None).unwrap_or_else(|cause| panic!("{what}: {cause}"));
        refused(&db, &[Archive { bytes, ..one.clone() }], what);
    };
    let owned: Vec<Vec<u8>> = parts.iter().map(|part| part.to_vec()).collect();
    let renumber = |parts: Vec<&[u8]>| -> Vec<Vec<u8>> {
        parts.into_iter().enumerate().map(|(at, part)| renumbered(part, at as u32)).collect()
    };
    // As it is, it is taken: so what follows is refused for what was done to it.
    assert!(
        verify(&assembled(&[&[head][..], &parts].concat(), parts.len()), Level::Contents, &one.secret)
            .is_ok()
    );
    let mut swapped = parts.clone();
    swapped.swap(1, 2);
    take(&renumber(swapped), "with two chunks swapped");
    let mut without = parts.clone();
    without.remove(1);
    take(&renumber(without), "without a chunk");
    let mut twice = parts.clone();
    twice.insert(1, parts[1]);
    take(&renumber(twice), "with a chunk twice");
    // The end is left off, and the chunk before it says that it is the last.
    let mut shorter = owned.clone();
    shorter.pop();
    let last = shorter.last_mut().unwrap();
    last[16] |= 4;
    let crc = crc32fast::hash(&last[..28]);
    last[28..32].copy_from_slice(&crc.to_le_bytes());
    take(&shorter, "without its end");
    // A chunk of another archive with the same key.
    let alien = chunks(&other.bytes);
    let mut spliced = owned.clone();
    spliced[1] = renumbered(&other.bytes[alien[1].clone()], 1);
    take(&spliced, "with a chunk of another archive");
}

#[test]
fn another_key_is_told_from_damage() {
    let (db, chains) = chains();
    let one = &chains[2][0];
    let with = |secret: Secret| {
        let archive = Archive { secret, ..one.clone() };
        restore(&db, &[archive], StageOptions::default()).unwrap_err().kind
    };
    assert_eq!(with(Secret::Key([8; 32])), Kind::Mismatch);
    assert_eq!(with(Secret::None), Kind::Invalid);
    assert_eq!(with(Secret::Passphrase(b"x".to_vec())), Kind::Invalid);
    let phrase = Secret::Passphrase(b"one".to_vec());
    let asked = BackupOptions { secret: phrase.clone(), ..options(ArchiveKind::Full, None) };
    let locked = backup(&db, asked).unwrap();
    let with = |secret: Secret| verify(&locked.bytes, Level::Contents, &secret).map(drop);
    assert_eq!(with(phrase), Ok(()));
    assert_eq!(with(Secret::Passphrase(b"two".to_vec())).unwrap_err().kind, Kind::Mismatch);
    assert_eq!(with(Secret::Key([8; 32])).unwrap_err().kind, Kind::Invalid);
    // Nothing of it can be read without: neither ids nor metadata.
    let has = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|some| some == text);
    assert!(has(&chains[0][0].bytes, b"\"even\"") && !has(&locked.bytes, b"\"even\""));
}

/// Parts of archives with checksums that hold, and what they say changed: refused, or it is what it says.
#[test]
fn what_somebody_hostile_makes_verify_changes_nothing_or_holds() {
    let (db, chains) = chains();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(11);
    let (mut taken, mut not) = (0, 0);
    for round in 0..20_000 {
        let chain = &chains[0];
        let at = rng.random_range(0..chain.len());
        let bytes = &chain[at].bytes;
        let places = chunks(bytes);
        let mut parts: Vec<Vec<u8>> = places.iter().map(|place| bytes[place.clone()].to_vec()).collect();
        let which = rng.random_range(0..parts.len());
        for _ in 0..rng.random_range(1..4) {
            let part = &mut parts[which];
            if part.len() > 32 {
                let place = rng.random_range(32..part.len());
                part[place] = rng.random();
            }
        }
        let mut content = parts[which][32..].to_vec();
        // The section within has checksums of its own: half of the time they are made to hold, too.
        if rng.random() && content.len() > 12 {
            let (crc_at, from) = if &content[..4] == b"LMAN" { (8, 12) } else { (20, 32) };
            if content.len() > from {
                let crc = crc32fast::hash(&content[from..]);
                content[crc_at..crc_at + 4].copy_from_slice(&crc.to_le_bytes());
                if from == 32 {
                    let crc = crc32fast::hash(&content[..28]);
                    content[28..32].copy_from_slice(&crc.to_le_bytes());
                }
            }
        }
        parts[which].truncate(32);
        let crc = crc32fast::hash(&content);
        parts[which][24..28].copy_from_slice(&crc.to_le_bytes());
        let crc = crc32fast::hash(&parts[which][..28]);
        parts[which][28..32].copy_from_slice(&crc.to_le_bytes());
        parts[which].extend(content);
        let mut all = vec![&bytes[..places[0].start]];
        all.extend(parts.iter().map(Vec::as_slice));
        let hostile = Archive { bytes: assembled(&all, parts.len()), ..chain[at].clone() };
        let verified = verify(&hostile.bytes, Level::Contents, &Secret::None);
        if round % 8 == 0 {
            let target = open(MemoryStorage::new(), round);
            let chain: Vec<Archive> = chain[..at].iter().cloned().chain([hostile]).collect();
            match restore(&target, &chain, StageOptions::default()) {
                Ok(_) => {
                    assert!(block_on(target.check()).unwrap().ok, "round {round}");
                    taken += 1;
                }
                Err(cause) => {
                    let expected = [Kind::Corrupt, Kind::Invalid, Kind::Version, Kind::Mismatch];
                    assert!(expected.contains(&cause.kind), "round {round}: {cause}");
                    not += 1;
                }
            }
        }
        drop(verified);
    }
    assert!(taken > 20 && not > 500, "{taken} taken, {not} refused");
    assert!(block_on(db.check()).unwrap().ok);
}
