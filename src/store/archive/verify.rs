//! Verifying an archive without restoring it, in the levels of [`Level`], with the memory of a row group, a hash for
//! each id and the links of one graph.

use super::super::env::Env;
use super::super::wire;
use super::bytes::Bytes;
use super::content::{block_bytes, held, next_block, next_frame};
use super::inspect::Inspector;
use super::old::read_old;
use super::open::{Opened, pass_chunk, read_envelope, read_trailer};
use super::report::{Level, LevelReport, VerifyReport};
use super::sealing::Sealing;
use super::secret::Secret;
use crate::error::{Error, Result};
use crate::format::ARCHIVE_VERSION;
use crate::format::archive::TRAILER_BYTES;
use crate::format::archive4::{ArchiveKind, ArchiveV4, CHUNK_HEADER_BYTES};
use crate::format::block::BLOCK_HEADER_BYTES;
use crate::format::frame::FRAME_HEADER_BYTES;
use crate::format::header::{FileHeader, FileKind, HEADER_BYTES};
use crate::format::record::RecordV2;
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_TAG_BYTES};
use crate::storage::Source;

/// How to verify.
pub struct VerifyOptions {
    /// How thoroughly.
    pub level: Level,
    /// What opens it. Without, the checksums of an encrypted archive can be verified, and not its contents.
    pub secret: Secret,
    /// Bytes of the archive where they are known, or 0.
    pub total_bytes: u64,
}

/// Takes the time of the levels.
struct Clock<'a, E> {
    env: &'a E,
    start: f64,
    /// Milliseconds of level 3, which goes on within level 2.
    contents: f64,
    first: f64,
}

impl<E: Env> Clock<'_, E> {
    fn within<T>(&mut self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let start = self.env.monotonic_ms();
        let done = work();
        self.contents += self.env.monotonic_ms() - start;
        done
    }

    fn levels(&self, level: Level) -> Vec<LevelReport> {
        let whole = self.env.monotonic_ms() - self.start;
        let second = (whole - self.first - self.contents).max(0.0);
        let all =
            [(Level::Manifest, self.first), (Level::Checksums, second), (Level::Contents, self.contents)];
        all.into_iter().filter(|one| one.0 <= level).map(|(level, ms)| LevelReport { level, ms }).collect()
    }
}

/// Verifies an archive of any version. Nothing is written anywhere.
///
/// Errors: `Corrupt` says what is damaged; `Version` that a newer Lodestore made it; `Invalid` and `Mismatch` are about
/// the key.
pub async fn verify_archive<S: Source, E: Env>(
    env: &E,
    source: &mut S,
    options: &VerifyOptions,
) -> Result<VerifyReport> {
    let mut clock = Clock { env, start: env.monotonic_ms(), contents: 0.0, first: 0.0 };
    let mut bytes = Bytes::new(source, env, "verify", options.total_bytes);
    let mut head = Vec::new();
    bytes.append(&mut head, HEADER_BYTES).await?;
    let header = FileHeader::decode(FileKind::Archive, &head)?;
    let mut report = VerifyReport {
        version: header.version,
        database: header.database,
        archive: None,
        encrypted: false,
        passphrase: false,
        compressed: false,
        seq: header.seq,
        time_ms: header.time_ms,
        collections: 0,
        rows: 0,
        blocks: 0,
        frames: 0,
        bytes: 0,
        sha256: None,
        levels: Vec::new(),
    };
    if header.version < ARCHIVE_VERSION {
        clock.first = env.monotonic_ms() - clock.start;
        if options.level >= Level::Checksums {
            old(bytes, &header, options.level, &mut report, &mut clock).await?;
        }
        report.levels = clock.levels(options.level);
        return Ok(report);
    }
    let envelope = read_envelope(&mut bytes, &mut head).await?;
    report.encrypted = envelope.cipher == 1;
    report.passphrase = envelope.kdf.is_some();
    report.compressed = envelope.compression == 1;
    if report.encrypted && options.secret == Secret::None {
        if options.level >= Level::Contents {
            return Err(Error::invalid(
                "this archive is encrypted: without its key its checksums can be verified (level 2), and not its contents",
            ));
        }
        clock.first = env.monotonic_ms() - clock.start;
        if options.level >= Level::Checksums {
            checksums(&mut bytes, &head, &mut report).await?;
        }
        report.bytes = bytes.taken;
    } else {
        let mut opened = Opened::with(bytes, &head, envelope, &options.secret).await?;
        let archive = opened.manifest().await?;
        check_header(&header, &archive)?;
        check_size(&opened, &archive)?;
        report.collections = archive.collections.len() as u64;
        report.rows = archive.collections.iter().map(|one| u64::from(one.rows)).sum();
        clock.first = env.monotonic_ms() - clock.start;
        if options.level >= Level::Checksums {
            contents(&mut opened, &archive, options.level, &mut report, &mut clock).await?;
        }
        report.archive = Some(archive);
        report.bytes = opened.file_bytes();
    }
    report.levels = clock.levels(options.level);
    Ok(report)
}

/// That header and manifest are of one archive.
pub fn check_header(header: &FileHeader, archive: &ArchiveV4) -> Result<()> {
    match (header.seq, header.time_ms) == (archive.seq, archive.time_ms) {
        true => Ok(()),
        false => Err(Error::corrupt("the manifest and the header of this archive disagree")),
    }
}

/// That a file of known length has that of what its manifest announces.
fn check_size<S: Source, E: Env>(opened: &Opened<'_, S, E>, archive: &ArchiveV4) -> Result<()> {
    let total = opened.total();
    let envelope = opened.envelope();
    let of_chunk = CHUNK_HEADER_BYTES + if envelope.cipher == 1 { CHUNK_TAG_BYTES } else { 0 };
    let is_incremental = archive.kind()? == ArchiveKind::Incremental;
    // Frames share chunks, and what is compressed is shorter: then only a bound is known.
    let is_exact = !is_incremental && envelope.compression == 0;
    let mut chunks = 1;
    if is_exact {
        for one in held(archive, &mut archive.snapshot()?) {
            chunks += block_bytes(archive, &one).div_ceil(CHUNK_BYTES_MAX);
        }
    }
    let content = if envelope.compression == 0 { archive.bytes } else { 0 };
    let rest = (chunks * of_chunk + TRAILER_BYTES) as u64;
    let expected = opened.file_bytes().saturating_add(content).saturating_add(rest);
    match total == 0 || total == expected || (!is_exact && total > expected) {
        true => Ok(()),
        false => Err(Error::corrupt("this archive has another length than its manifest says")
            .with(format!("{}{expected} bytes", if is_exact { "" } else { "at least " }), total)),
    }
}

/// An archive of an older version.
async fn old<S: Source, E: Env>(
    bytes: Bytes<'_, S, E>,
    header: &FileHeader,
    level: Level,
    report: &mut VerifyReport,
    clock: &mut Clock<'_, E>,
) -> Result<()> {
    let mut inspector = (level >= Level::Contents).then(Inspector::default);
    let mut blocks = 0;
    let read = read_old(bytes, header, |block, payload| {
        blocks += 1;
        match &mut inspector {
            Some(inspector) => clock.within(|| inspector.old_block(&block, payload)),
            None => Ok(()),
        }
    })
    .await?;
    if let Some(inspector) = inspector {
        clock.within(|| inspector.end_old(&read.manifest))?;
    }
    (report.blocks, report.bytes, report.sha256) = (blocks, read.bytes, Some(read.sha256));
    report.collections = read.manifest.collections.len() as u64;
    report.rows = read.manifest.collections.iter().map(|one| u64::from(one.rows)).sum();
    Ok(())
}

/// The checksums of chunks that cannot be opened, their order, and the digest.
async fn checksums<S: Source, E: Env>(
    bytes: &mut Bytes<'_, S, E>,
    head: &[u8],
    report: &mut VerifyReport,
) -> Result<()> {
    let mut seal = Sealing::new(head, None, true);
    loop {
        let header = pass_chunk(bytes, &mut seal).await?;
        seal.check(&header, true)?;
        if header.last {
            break;
        }
    }
    report.blocks = u64::from(seal.chunks);
    report.sha256 = Some(read_trailer(bytes, &mut seal).await?);
    Ok(())
}

/// Everything behind the manifest, to the end of the file.
async fn contents<S: Source, E: Env>(
    opened: &mut Opened<'_, S, E>,
    archive: &ArchiveV4,
    level: Level,
    report: &mut VerifyReport,
    clock: &mut Clock<'_, E>,
) -> Result<()> {
    if archive.kind()? == ArchiveKind::Incremental {
        for seq in archive.from_seq + 1..=archive.seq {
            let (_, frame) = next_frame(opened, seq).await?;
            report.frames += 1;
            if level >= Level::Contents {
                clock.within(|| check_record(&frame))?;
            }
        }
    } else {
        let mut snapshot = archive.snapshot()?;
        let held = held(archive, &mut snapshot);
        let mut inspector = match level >= Level::Contents {
            true => Some(Inspector::of(archive, &snapshot)?),
            false => None,
        };
        for one in &held {
            let block = next_block(opened, archive, one).await?;
            report.blocks += 1;
            if let Some(inspector) = &mut inspector {
                let payload = block.get(BLOCK_HEADER_BYTES..).unwrap_or_default();
                clock.within(|| inspector.block(one, payload))?;
            }
        }
        if let Some(inspector) = inspector {
            clock.within(|| inspector.end())?;
        }
    }
    report.sha256 = Some(opened.end().await?);
    if opened.taken != archive.bytes {
        return Err(Error::corrupt("this archive holds another number of bytes than its manifest says")
            .with(archive.bytes, opened.taken));
    }
    Ok(())
}

/// That a frame holds a write.
fn check_record(frame: &[u8]) -> Result<()> {
    let payload = frame.get(FRAME_HEADER_BYTES..).unwrap_or_default();
    let (_, record) =
        RecordV2::decode(payload).ok_or_else(|| Error::corrupt("a frame verifies but is no record"))?;
    wire::op_from_wire(record).map(drop)
}
