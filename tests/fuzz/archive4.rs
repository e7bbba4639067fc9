//! Archives of version 4: changed anywhere, and with every checksum above a change put right.

use super::mutate::{Mutator, folder};
use super::support::{Pieces, TestEnv, block_on, open};
use super::{Bound, ROUNDS, allocations::peak, fuzz};
use lodestore::format::archive::Trailer;
use lodestore::format::archive4::{ArchiveV4, ChunkHeader, EnvelopeV4};
use lodestore::format::crc32;
use lodestore::format::sha256::Sha256;
use lodestore::storage::MemoryStorage;
use lodestore::store::{Level, Secret, StageOptions, VerifyOptions, verify_archive};
use lodestore::vectors::lossy;
use rand::Rng;

/// A chunk of content is held twice for a moment, and rows as they came and as they are read back.
const BOUND: Bound = Bound { each: 128, beside: 512 * 1024 };

fn archives() -> Vec<Vec<u8>> {
    // An encrypted one is refused before anything of it is read, unless the key is there: that is for tests/archives.rs.
    folder("golden/v4")
        .into_iter()
        .filter(|(name, _)| name != "sealed.lode")
        .map(|(_, bytes)| bytes)
        .collect()
}

fn verify(bytes: &[u8]) -> bool {
    let options = VerifyOptions { level: Level::Contents, secret: Secret::None, total_bytes: 0 };
    block_on(verify_archive(&TestEnv::default(), &mut Pieces(bytes.chunks(300)), &options)).is_ok()
}

/// Whether it was staged; then it is switched to, and opens. What is refused leaves nothing.
fn restore(bytes: &[u8]) -> bool {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    let files = storage.files();
    let mut stage = block_on(db.stage(StageOptions::default())).unwrap();
    let added = block_on(stage.add(&mut Pieces(bytes.chunks(300)), &Secret::None, 0));
    if added.is_err() || block_on(stage.finish()).is_err() {
        block_on(stage.abort());
        assert_eq!(storage.files(), files, "a refused archive left something");
        return false;
    }
    while stage.index_step().unwrap() {}
    block_on(stage.commit()).unwrap();
    assert!(block_on(db.check()).unwrap().ok, "what was restored is not whole");
    drop(db);
    open(storage).unwrap_or_else(|cause| panic!("what was restored does not open: {cause}"));
    true
}

#[test]
fn archives_of_version_4_that_were_changed() {
    fuzz("archive 4", ROUNDS / 10, archives(), &BOUND, verify);
    fuzz("restore 4", ROUNDS / 50, archives(), &BOUND, restore);
}

/// Where the envelope ends, and each chunk.
fn ends(bytes: &[u8]) -> Vec<usize> {
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let mut at = 80 + 12 + number(84);
    let mut ends = vec![at];
    while &bytes[at..at + 4] == b"LCHK" {
        at += 32 + number(at + 12);
        ends.push(at);
    }
    ends
}

/// Changes the content of a chunk and puts right every checksum above it, that of the section in it at times.
fn lying(bytes: &[u8], mutator: &mut Mutator) -> Vec<u8> {
    let ends = ends(bytes);
    let which = mutator.rng().random_range(1..ends.len());
    let mut parts: Vec<Vec<u8>> = vec![bytes[..ends[0]].to_vec()];
    for at in 1..ends.len() {
        let chunk = &bytes[ends[at - 1]..ends[at]];
        let header = ChunkHeader::decode(chunk).unwrap();
        let mut content = chunk[32..].to_vec();
        if at == which {
            let section = match content.get(..4) {
                Some(b"LMAN") => Some((8, 12)),
                Some(b"LBLK") => Some((20, 32)),
                _ => None,
            };
            match section.filter(|_| mutator.rng().random_bool(0.8)) {
                Some((crc_at, from)) => {
                    let mut body = content.split_off(from);
                    mutator.change_in_place(&mut body);
                    content[crc_at..crc_at + 4].copy_from_slice(&crc32::hash(&body).to_le_bytes());
                    if from == 32 {
                        let crc = crc32::hash(&content[..28]);
                        content[28..32].copy_from_slice(&crc.to_le_bytes());
                    }
                    content.extend(body);
                }
                None => mutator.change_in_place(&mut content),
            }
        }
        let stored = content.len() as u32;
        let raw = if header.deflated { header.raw } else { stored };
        let header = ChunkHeader { raw, stored, crc: crc32::hash(&content), ..header };
        parts.push([&header.encode()[..], &content].concat());
    }
    let digest = |bytes: &[u8]| {
        let mut digest = Sha256::default();
        digest.update(bytes);
        digest.digest()
    };
    let sha256 = digest(&parts.iter().flat_map(|part| digest(part)).collect::<Vec<u8>>());
    let blocks = parts.len() as u32 - 1;
    let mut out = parts.concat();
    let length = out.len() as u64;
    out.extend(Trailer { blocks, length, sha256 }.encode());
    out
}

#[test]
fn archives_of_version_4_that_verify_and_lie() {
    let archives = archives();
    let mut mutator = Mutator::new("lying archives 4", archives.clone());
    let factor = std::env::var("LODESTORE_FUZZ").map_or(1, |factor| factor.parse::<usize>().unwrap());
    let (mut taken, mut verified) = (0, 0);
    for round in 0..6_000 * factor {
        let archive = &archives[mutator.rng().random_range(0..archives.len())];
        let bytes = lying(archive, &mut mutator);
        let ((took, sound), peak) = peak(|| (restore(&bytes), verify(&bytes)));
        taken += usize::from(took);
        verified += usize::from(sound);
        let allowed = BOUND.each * bytes.len() + BOUND.beside;
        assert!(peak <= allowed, "round {round}: {peak} bytes of memory for {}", bytes.len());
    }
    println!("{taken} restored and {verified} verified of {}", 6_000 * factor);
    assert!(taken > 50 && verified > 50 && taken < 6_000 * factor - 100, "{taken} {verified}");
}

#[test]
fn the_parts_of_an_archive_of_version_4() {
    let all = archives();
    let envelopes = all.iter().map(|bytes| bytes[80..ends(bytes)[0]].to_vec()).collect();
    let bound = Bound { each: 8, beside: 4096 };
    fuzz("envelope", ROUNDS, envelopes, &bound, |input| {
        let mut stamped = input.to_vec();
        if stamped.len() > 12 {
            let crc = crc32::hash(&stamped[12..]).to_le_bytes();
            stamped[8..12].copy_from_slice(&crc);
        }
        EnvelopeV4::decode_section(&stamped).is_ok()
    });
    let manifests = all.iter().filter_map(|bytes| {
        let ends = ends(bytes);
        let header = ChunkHeader::decode(&bytes[ends[0]..]).unwrap();
        (!header.deflated).then(|| bytes[ends[0] + 32..ends[1]].to_vec())
    });
    let bound = Bound { each: 64, beside: 4096 };
    fuzz("manifest of an archive", ROUNDS, manifests.collect(), &bound, |input| {
        let mut stamped = input.to_vec();
        if stamped.len() > 12 {
            let crc = crc32::hash(&stamped[12..]).to_le_bytes();
            stamped[8..12].copy_from_slice(&crc);
        }
        ArchiveV4::decode_section(&stamped)
            .is_ok_and(|archive| archive.snapshot.is_empty() || archive.snapshot().is_ok())
    });
    let packed = lossy::pack(&[0x41; 4 * 3 * 5], 3);
    fuzz("lossy vectors", ROUNDS, vec![packed], &bound, |input| lossy::unpack(input, 3).is_some());
}
