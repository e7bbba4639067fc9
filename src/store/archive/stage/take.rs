//! Archives come into a restore, one after the other.

use super::super::bytes::Bytes;
use super::super::content::next_frame;
use super::super::old::receive_old;
use super::super::open::Opened;
use super::super::places::keep_truth;
use super::super::report::hex;
use super::super::secret::Secret;
use super::super::verify::check_header;
use super::Stage;
use crate::error::{Error, Kind, Result};
use crate::format::ARCHIVE_VERSION;
use crate::format::archive4::{ArchiveKind, ArchiveV4};
use crate::format::frame::FRAME_HEADER_BYTES;
use crate::format::header::{FileHeader, FileKind, HEADER_BYTES};
use crate::format::record::RecordV2;
use crate::format::snapshot::SnapshotV2;
use crate::storage::{Source, Storage};
use crate::store::env::Env;
use crate::store::wire;

impl<S: Storage, E: Env> Stage<S, E> {
    /// Takes in an archive: a full one first, then at most one differential, then incremental ones, each made after the
    /// one before. What it says of itself; `None` for one of an older version.
    ///
    /// `Corrupt` for one that is damaged, `Mismatch` for one of another database or with another key, `Invalid` where one
    /// is missing before it, which the message names. After an error the restore can only be aborted.
    pub async fn add(
        &mut self,
        source: &mut impl Source,
        secret: &Secret,
        total_bytes: u64,
    ) -> Result<Option<ArchiveV4>> {
        if self.failed || self.ready {
            return Err(Error::invalid("this restore takes no more archives: begin another"));
        }
        self.failed = true;
        let done = self.take(source, secret, total_bytes).await?;
        self.failed = false;
        Ok(done)
    }

    async fn take(
        &mut self,
        source: &mut impl Source,
        secret: &Secret,
        total_bytes: u64,
    ) -> Result<Option<ArchiveV4>> {
        let inner = self.inner.clone();
        let mut bytes = Bytes::new(source, &inner.env, "content", total_bytes);
        let mut head = Vec::new();
        bytes.append(&mut head, HEADER_BYTES).await?;
        let header = FileHeader::decode(FileKind::Archive, &head)?;
        if self.last.as_ref().is_some_and(|(database, _)| *database != header.database) {
            return Err(Error::new(
                Kind::Mismatch,
                "these archives are of two databases: restore each by itself",
            ));
        }
        if header.version < ARCHIVE_VERSION {
            if self.last.is_some() {
                return Err(Error::invalid(
                    "an archive of an older version stands by itself: give only that one",
                ));
            }
            let file = self.new_file();
            let (mut manifest, taken) = receive_old(&inner, bytes, &header, &file).await?;
            keep_truth(&mut manifest, false);
            self.begin_with(manifest, taken)?;
            self.last = Some((header.database, None));
            return Ok(None);
        }
        let mut opened = Opened::new(bytes, head, secret).await?;
        let archive = opened.manifest().await?;
        check_header(&header, &archive)?;
        self.check_follows(&archive)?;
        if archive.kind()? == ArchiveKind::Incremental {
            self.apply(&mut opened, &archive).await?;
            self.bytes += opened.file_bytes();
        } else {
            let file = self.new_file();
            let mut known = std::mem::take(&mut self.known);
            let manifest = inner.receive(&mut opened, &header, &archive, &mut known, &file).await?;
            self.known = known;
            let taken = opened.file_bytes();
            self.begin_with(manifest, taken)?;
        }
        self.last = Some((header.database, Some(archive.clone())));
        Ok(Some(archive))
    }

    fn begin_with(&mut self, manifest: SnapshotV2, bytes: u64) -> Result<()> {
        if self.options.to.is_some_and(|to| !to.includes(manifest.seq, manifest.time_ms)) {
            return Err(Error::invalid(
                "this archive was made after the point to restore: take an older one, and the incremental archives after it",
            )
            .with("an older archive", format!("write {}", manifest.seq)));
        }
        self.time_ms = manifest.time_ms;
        self.bytes += bytes;
        self.manifest = Some(manifest);
        Ok(())
    }

    /// Refuses an archive that does not continue those before it.
    fn check_follows(&self, archive: &ArchiveV4) -> Result<()> {
        let kind = archive.kind()?;
        let before = match &self.last {
            None => None,
            Some((_, None)) => return Err(Error::invalid("nothing follows an archive of an older version")),
            Some((_, Some(before))) => Some(before),
        };
        let Some(base) = archive.base else {
            return match before {
                None => Ok(()),
                Some(_) => Err(Error::invalid(
                    "a full archive stands at the beginning: give one, and what follows it",
                )),
            };
        };
        if before.is_some_and(|before| before.id == base && before.seq == archive.from_seq) {
            return match kind == ArchiveKind::Differential && self.state.is_some() {
                false => Ok(()),
                true => Err(Error::invalid("a differential archive comes right after its full one")),
            };
        }
        let missing = format!("archive {}, up to write {}", hex(&base), archive.from_seq);
        let got = before.map_or("none".to_owned(), |before| {
            format!("archive {}, up to write {}", hex(&before.id), before.seq)
        });
        Err(Error::invalid(format!(
            "before this {} archive another one is missing, which it follows",
            kind.name()
        ))
        .with(missing, got))
    }

    /// Applies the frames of an incremental archive, as far as the point to restore reaches.
    async fn apply<A: Source>(&mut self, opened: &mut Opened<'_, A, E>, archive: &ArchiveV4) -> Result<()> {
        if self.state.is_none() {
            self.load().await?;
        }
        for seq in archive.from_seq + 1..=archive.seq {
            let (header, frame) = next_frame(opened, seq).await?;
            let Some(state) = &mut self.state else { continue };
            let wanted = self.options.to.is_none_or(|to| to.includes(seq, header.time_ms));
            if self.reached || !wanted {
                // Read to its end all the same: nothing counts of an archive that does not verify.
                self.reached = true;
                continue;
            }
            let payload = frame.get(FRAME_HEADER_BYTES..).unwrap_or_default();
            let (_, record) = RecordV2::decode(payload)
                .ok_or_else(|| Error::corrupt("a frame of this archive verifies but is no record"))?;
            let mut checked = state.check_stored(wire::op_from_wire(record)?).map_err(|cause| {
                cause.as_damage(format_args!("a write in this archive does not fit what is before it"))
            })?;
            state.reserve(&mut checked)?;
            state.apply(checked, seq);
            self.time_ms = header.time_ms;
            self.changed = true;
        }
        opened.end().await.map(drop)
    }
}
