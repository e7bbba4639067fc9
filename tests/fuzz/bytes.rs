//! The decoders of the file format, each on its own. Their corpus is cut out of the golden files.

use super::mutate::folder;
use super::support::{block_on, open, rows as support_rows};
use super::{Bound, ROUNDS, fuzz};
use lodestore::collection::{Config, IndexKind, Memory, Quantization};
use lodestore::format::archive::{Section, TRAILER_BYTES, Trailer};
use lodestore::format::block::{BLOCK_HEADER_BYTES, BlockHeader, BlockKind, RowsV1};
use lodestore::format::crc32;
use lodestore::format::frame::{FRAME_HEADER_BYTES, Found, find_frame};
use lodestore::format::header::{FileHeader, FileKind, HEADER_BYTES};
use lodestore::format::record::RecordV2;
use lodestore::format::snapshot::{SnapshotV2, decode_snapshot};
use lodestore::index::Metric;
use lodestore::index::codes::{Bits, Bytes, Codes};
use lodestore::index::hnsw::{Loader, Params};
use lodestore::storage::MemoryStorage;

/// The golden files of every version whose name begins so.
fn golden(start: &str) -> Vec<Vec<u8>> {
    let files = [folder("golden/v1"), folder("golden/v2")].concat();
    files.into_iter().filter(|(name, _)| name.starts_with(start)).map(|(_, bytes)| bytes).collect()
}

fn frames() -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut frames = Vec::new();
    for log in golden("log-") {
        let mut rest = &log[HEADER_BYTES..];
        while let Found::Frame(_, payload) = find_frame(rest) {
            let length = FRAME_HEADER_BYTES + payload.len();
            frames.push((rest[..length].to_vec(), payload.to_vec()));
            rest = &rest[length..];
        }
    }
    assert!(frames.len() > 10);
    frames
}

/// Header and payload of each block.
fn blocks() -> Vec<(BlockHeader, Vec<u8>)> {
    let mut blocks = Vec::new();
    for file in golden("blocks-") {
        let mut rest = &file[HEADER_BYTES..];
        while let Ok(header) = BlockHeader::decode(rest) {
            let end = BLOCK_HEADER_BYTES + header.length as usize;
            blocks.push((header, rest[BLOCK_HEADER_BYTES..end].to_vec()));
            rest = &rest[end..];
        }
    }
    assert!(blocks.len() > 10);
    blocks
}

fn payloads(kind: BlockKind) -> Vec<Vec<u8>> {
    blocks().into_iter().filter(|(header, _)| header.kind == kind).map(|(_, payload)| payload).collect()
}

/// Without checksums in the way: those are put right.
fn stamped<const LENGTH: usize>(input: &[u8]) -> Option<[u8; LENGTH]> {
    let mut bytes: [u8; LENGTH] = *input.first_chunk()?;
    let crc = crc32::hash(&bytes[..LENGTH - 4]);
    bytes[LENGTH - 4..].copy_from_slice(&crc.to_le_bytes());
    Some(bytes)
}

/// A refusal takes some words.
const WORDS: Bound = Bound { each: 0, beside: 4096 };

#[test]
fn headers_of_files() {
    let corpus = ["log-", "blocks-", "snapshot-", "archive"].map(golden).concat();
    let corpus = corpus.iter().map(|file| file[..HEADER_BYTES].to_vec()).collect();
    fuzz("header", ROUNDS, corpus, &WORDS, |input| {
        let kinds = [FileKind::Log, FileKind::Blocks, FileKind::Snapshot, FileKind::Archive];
        let raw = kinds.iter().any(|kind| FileHeader::decode(*kind, input).is_ok());
        let Some(stamped) = stamped::<HEADER_BYTES>(input) else { return raw };
        kinds.into_iter().any(|kind| FileHeader::decode(kind, &stamped).is_ok())
    });
}

#[test]
fn headers_of_blocks_and_trailers() {
    let corpus = blocks().iter().map(|(header, _)| header.encode().to_vec()).collect();
    fuzz("block header", ROUNDS, corpus, &WORDS, |input| {
        let _ = BlockHeader::decode(input);
        stamped::<BLOCK_HEADER_BYTES>(input).is_some_and(|bytes| BlockHeader::decode(&bytes).is_ok())
    });
    let corpus = golden("archive").iter().map(|file| file[file.len() - TRAILER_BYTES..].to_vec()).collect();
    fuzz("trailer", ROUNDS, corpus, &WORDS, |input| {
        let _ = input.first_chunk().map(|magic| Section::of(*magic));
        stamped::<TRAILER_BYTES>(input).is_some_and(|bytes| Trailer::decode(&bytes).is_ok())
    });
}

#[test]
fn frames_of_a_log() {
    let corpus = frames().into_iter().map(|(frame, _)| frame).collect();
    fuzz("frame", ROUNDS, corpus, &WORDS, |input| {
        let raw = matches!(find_frame(input), Found::Frame(..));
        let Some(head) = stamped::<FRAME_HEADER_BYTES>(input) else { return raw };
        let bytes = [&head, &input[FRAME_HEADER_BYTES..]].concat();
        matches!(find_frame(&bytes), Found::Frame(..)) || raw
    });
}

#[test]
fn records() {
    // A text that is borrowed takes 16 bytes; of a length that lies at most 1,024 are believed.
    let bound = Bound { each: 40, beside: 64 * 1024 };
    let corpus = frames().into_iter().map(|(_, payload)| payload).collect();
    fuzz("record", 3 * ROUNDS, corpus, &bound, |input| RecordV2::decode(input).is_some());
}

#[test]
fn rows() {
    let bound = Bound { each: 40, beside: 64 * 1024 };
    fuzz("rows", ROUNDS, payloads(BlockKind::Rows), &bound, |input| RowsV1::decode(input).is_ok());
}

#[test]
fn manifests() {
    let bound = Bound { each: 100, beside: 256 * 1024 };
    let corpus = golden("snapshot-").iter().map(|file| file[HEADER_BYTES + 8..].to_vec()).collect();
    fuzz("manifest", 3 * ROUNDS, corpus, &bound, |input| {
        let length = (input.len() as u32).to_le_bytes();
        let section = [&length[..], &crc32::hash(input).to_le_bytes(), input].concat();
        let decode = |version| SnapshotV2::decode_section(version, &section).is_ok();
        decode(1) | decode(2)
    });
    let _ = decode_snapshot(&golden("snapshot-")[0]).unwrap();
}

#[test]
fn links() {
    let bound = Bound { each: 256, beside: 64 * 1024 };
    let mut corpus = payloads(BlockKind::Links);
    // A node without links, one of two layers, nodes that link to each other, none in between.
    corpus.push(vec![0, 0]);
    corpus.push([&[1u8, 1][..], &2u32.to_le_bytes(), &[0, 0xFF, 0, 1], &0u32.to_le_bytes()].concat());
    fuzz("links", ROUNDS, corpus, &bound, |input| {
        let params = Params { m: 4, ef_construction: 10, seed: 1 };
        let Ok(mut loader) = Loader::new(params, 40) else { return false };
        loader.load_group(0, input).is_ok()
    });
}

#[test]
fn codes() {
    let bound = Bound { each: 64, beside: 64 * 1024 };
    let of = |quantization| {
        let config =
            Config { quantization, memory: Memory::Codes, ..Config::new(2, Metric::Dot, IndexKind::Flat) };
        let db = open(MemoryStorage::new()).unwrap();
        block_on(db.collection("c", Some(config))).unwrap();
        block_on(db.upsert("c", support_rows("r", 0..5, 2))).unwrap();
        db.state().unwrap().named("c").unwrap().group_codes(0)
    };
    let corpus = vec![of(Quantization::Int8), of(Quantization::Binary)];
    fuzz("codes", ROUNDS, corpus, &bound, |input| {
        let bytes = Codes::Bytes(Bytes::new(2, Metric::Dot)).load(0, input.len() / 32, input).is_ok();
        bytes | Codes::Bits(Bits::new(2)).load(0, 5, input).is_ok()
    });
}
