//! Whole databases whose checksums are right and whose contents are not: frames, manifests and blocks as an enemy
//! would write them.

use super::mutate::{Mutator, folder};
use super::support::{block_on, open};
use super::{Bound, allocations::peak};
use lodestore::collection::Query;
use lodestore::format::block::{BLOCK_HEADER_BYTES, BlockHeader};
use lodestore::format::crc32;
use lodestore::format::frame::{FRAME_HEADER_BYTES, Found, encode_frame, find_frame};
use lodestore::format::header::HEADER_BYTES;
use lodestore::format::snapshot::{decode_snapshot, encode_snapshot};
use lodestore::storage::MemoryStorage;
use rand::Rng;
use std::collections::BTreeMap;

pub type Files = BTreeMap<String, Vec<u8>>;

/// What opening and using it may take: rows take memory beside their bytes.
const BOUND: Bound = Bound { each: 128, beside: 256 * 1024 };

fn golden() -> Vec<Files> {
    ["golden/v1", "golden/v2"]
        .map(|version| folder(version).into_iter().filter(|(name, _)| name != "archive.lode").collect())
        .to_vec()
}

/// Puts other payloads into the frames of a log, with checksums that fit.
fn change_log(log: &mut Vec<u8>, mutator: &mut Mutator) {
    let mut payloads = Vec::new();
    let mut rest = &log[HEADER_BYTES..];
    while let Found::Frame(header, payload) = find_frame(rest) {
        payloads.push((header, payload[..payload.len() - 1].to_vec()));
        rest = &rest[FRAME_HEADER_BYTES + payload.len()..];
    }
    if payloads.is_empty() {
        return;
    }
    let at = mutator.rng().random_range(0..payloads.len());
    mutator.change(&mut payloads[at].1);
    let mut changed = log[..HEADER_BYTES].to_vec();
    for (header, payload) in payloads {
        encode_frame(&mut changed, header.seq, header.time_ms, |out| out.extend_from_slice(&payload))
            .unwrap();
    }
    *log = changed;
}

fn change_manifest(snapshot: &mut Vec<u8>, mutator: &mut Mutator) {
    let mut manifest = snapshot.split_off(HEADER_BYTES + 8);
    mutator.change(&mut manifest);
    snapshot.truncate(HEADER_BYTES);
    snapshot.extend((manifest.len() as u32).to_le_bytes());
    snapshot.extend(crc32::hash(&manifest).to_le_bytes());
    snapshot.extend(manifest);
}

/// Changes a block, and the manifests that name it.
fn change_block(files: &mut Files, name: &str, mutator: &mut Mutator) {
    let generation: u64 = name.strip_prefix("blocks-").unwrap().parse().unwrap();
    let file = files.get_mut(name).unwrap();
    let mut places = Vec::new();
    let mut at = HEADER_BYTES;
    while let Ok(header) = BlockHeader::decode(&file[at..]) {
        places.push((at, header));
        at += BLOCK_HEADER_BYTES + header.length as usize;
    }
    let (at, header) = places[mutator.rng().random_range(0..places.len())];
    let body = at + BLOCK_HEADER_BYTES..at + BLOCK_HEADER_BYTES + header.length as usize;
    let mut payload = file[body.clone()].to_vec();
    mutator.change_in_place(&mut payload);
    let crc = crc32::hash(&payload);
    file[body].copy_from_slice(&payload);
    file[at..at + BLOCK_HEADER_BYTES].copy_from_slice(&BlockHeader { crc, ..header }.encode());
    for snapshot in files.iter_mut().filter(|(name, _)| name.starts_with("snapshot-")).map(|(_, file)| file) {
        let (header, mut manifest) = decode_snapshot(snapshot).unwrap();
        let groups = manifest.collections.iter_mut().flat_map(|one| &mut one.groups);
        let rows = groups.flat_map(|group| [&mut group.vectors, &mut group.rows]);
        let derived = manifest.extensions.iter_mut().flat_map(|one| {
            one.codes
                .iter_mut()
                .chain(one.graph.iter_mut().flat_map(|graph| graph.groups.iter_mut().flatten()))
        });
        for block in rows.chain(derived) {
            if block.generation == generation && block.offset == at as u64 {
                block.crc = crc;
            }
        }
        *snapshot = encode_snapshot(&header, &manifest).unwrap();
    }
}

/// Opens it, asks it, writes to it. Whether it opened.
fn use_all(files: &Files) -> bool {
    let Ok(db) = open(MemoryStorage::from_files(files.clone())) else { return false };
    {
        let state = db.state().unwrap();
        for collection in state.all() {
            let vector = vec![0.5; collection.config().dimension];
            for exact in [true, false] {
                let query = Query { vector: &vector, top_k: 20, exact, ..Query::default() };
                let _ = collection.query(&query);
            }
            let _ = collection.page(None, None, 100).unwrap();
            collection.ids().for_each(|(_, slot)| drop(collection.vector(slot)));
        }
    }
    while db.index_step(None, true).is_ok_and(|more| more) {}
    let _ = block_on(db.check());
    let _ = block_on(db.checkpoint());
    let _ = block_on(db.check());
    true
}

#[test]
fn databases_that_verify_and_lie() {
    let databases = golden();
    let pieces = databases.iter().flat_map(|files| files.values().cloned()).collect();
    let mut mutator = Mutator::new("files", pieces);
    let factor = std::env::var("LODESTORE_FUZZ").map_or(1, |factor| factor.parse::<usize>().unwrap());
    let (mut opened, mut most) = (0, 0);
    for round in 0..15_000 * factor {
        let mut files = databases[mutator.rng().random_range(0..databases.len())].clone();
        let names: Vec<String> = files.keys().cloned().collect();
        let name = names[mutator.rng().random_range(0..names.len())].clone();
        match &name[..4] {
            "log-" => change_log(files.get_mut(&name).unwrap(), &mut mutator),
            "snap" => change_manifest(files.get_mut(&name).unwrap(), &mut mutator),
            _ => change_block(&mut files, &name, &mut mutator),
        }
        let bytes: usize = files.values().map(Vec::len).sum();
        let (took, peak) = peak(|| use_all(&files));
        opened += usize::from(took);
        most = most.max(peak);
        let allowed = BOUND.each * bytes + BOUND.beside;
        assert!(peak <= allowed, "round {round}, {name}: {peak} bytes of memory for {bytes}");
    }
    println!("{opened} of {} opened, at most {most} bytes of memory", 15_000 * factor);
    assert!(opened > 500 && opened < 15_000 * factor - 500, "{opened}");
}
