//! Archives with a SHA-256 that is right and contents that are not, and archives that were changed anywhere.

use super::mutate::{Mutator, folder};
use super::support::{Pieces, block_on, open};
use super::{Bound, ROUNDS, allocations::peak, fuzz};
use lodestore::format::archive::{TRAILER_BYTES, Trailer};
use lodestore::format::block::{BLOCK_HEADER_BYTES, BlockHeader};
use lodestore::format::crc32;
use lodestore::format::header::{FileHeader, FileKind, HEADER_BYTES};
use lodestore::format::sha256::Sha256;
use lodestore::format::snapshot::SnapshotV2;
use lodestore::storage::MemoryStorage;
use rand::Rng;

/// Rows are in memory twice for a moment: as they came, and as they are read back.
const BOUND: Bound = Bound { each: 128, beside: 256 * 1024 };

fn archives() -> Vec<Vec<u8>> {
    let files = [folder("golden/v1"), folder("golden/v2")].concat();
    files.into_iter().filter(|(name, _)| name == "archive.lode").map(|(_, bytes)| bytes).collect()
}

/// Whether it was taken. What is refused changes nothing.
fn import(bytes: &[u8]) -> bool {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    let files = storage.files();
    let taken = block_on(db.import(&mut Pieces(bytes.chunks(300)), Default::default())).is_ok();
    if !taken {
        assert_eq!(storage.files(), files, "a refused archive left something");
        return false;
    }
    drop(db);
    open(storage).unwrap_or_else(|cause| panic!("what was imported does not open: {cause}"));
    true
}

#[test]
fn archives_that_were_changed() {
    fuzz("archive", ROUNDS / 10, archives(), &BOUND, import);
}

/// The parts of an archive: header, blocks, manifest.
fn parts(bytes: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>, Vec<u8>) {
    let mut at = HEADER_BYTES;
    let mut blocks = Vec::new();
    while let Ok(header) = BlockHeader::decode(&bytes[at..]) {
        let end = at + BLOCK_HEADER_BYTES + header.length as usize;
        blocks.push(bytes[at..end].to_vec());
        at = end;
    }
    (bytes[..HEADER_BYTES].to_vec(), blocks, bytes[at + 4..bytes.len() - TRAILER_BYTES].to_vec())
}

/// Changes the manifest or a block, and puts right every checksum above it.
fn lying(bytes: &[u8], mutator: &mut Mutator) -> Vec<u8> {
    let (mut out, mut blocks, section) = parts(bytes);
    let version = FileHeader::decode(FileKind::Archive, &out).unwrap().version;
    let mut manifest = SnapshotV2::decode_section(version, &section).unwrap();
    let mut section = section;
    if mutator.rng().random_bool(0.5) {
        let at = mutator.rng().random_range(0..blocks.len());
        let header = BlockHeader::decode(&blocks[at]).unwrap();
        let mut payload = blocks[at].split_off(BLOCK_HEADER_BYTES);
        mutator.change_in_place(&mut payload);
        let crc = crc32::hash(&payload);
        blocks[at] = [&BlockHeader { crc, ..header }.encode()[..], &payload].concat();
        let groups = manifest.collections.iter_mut().flat_map(|one| &mut one.groups);
        let named = groups.flat_map(|group| [&mut group.vectors, &mut group.rows]).nth(at);
        named.unwrap().crc = crc;
        if version == 2 {
            section = manifest.encode_section(Vec::new()).unwrap();
        }
    } else {
        let mut body = section.split_off(8);
        mutator.change(&mut body);
        section = [&(body.len() as u32).to_le_bytes()[..], &crc32::hash(&body).to_le_bytes(), &body].concat();
    }
    blocks.iter().for_each(|block| out.extend(block));
    out.extend(b"LMAN");
    out.extend(section);
    let mut digest = Sha256::default();
    digest.update(&out);
    let trailer = Trailer { blocks: blocks.len() as u32, length: out.len() as u64, sha256: digest.digest() };
    out.extend(trailer.encode());
    out
}

#[test]
fn archives_that_verify_and_lie() {
    let archives = archives();
    let mut mutator = Mutator::new("lying archives", archives.clone());
    let factor = std::env::var("LODESTORE_FUZZ").map_or(1, |factor| factor.parse::<usize>().unwrap());
    let mut taken = 0;
    for round in 0..10_000 * factor {
        let archive = &archives[mutator.rng().random_range(0..archives.len())];
        let bytes = lying(archive, &mut mutator);
        let (took, peak) = peak(|| import(&bytes));
        taken += usize::from(took);
        let allowed = BOUND.each * bytes.len() + BOUND.beside;
        assert!(peak <= allowed, "round {round}: {peak} bytes of memory for {}", bytes.len());
    }
    println!("{taken} of {} taken", 10_000 * factor);
    assert!(taken > 100 && taken < 10_000 * factor - 100, "{taken}");
}
