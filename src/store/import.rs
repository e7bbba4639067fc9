//! Import: an archive is verified piece by piece while its blocks go into a new blocks file; only when
//! everything verified and was read back does one new snapshot make it the database.

use super::archive::{Bytes, Opened, Secret, receive_old};
use super::audit::said;
use super::database::{Database, Inner};
use super::env::Env;
use super::report::ImportResult;
use crate::error::{Error, Result};
use crate::format::ARCHIVE_VERSION;
use crate::format::archive4::ArchiveKind;
use crate::format::header::{FileHeader, FileKind, HEADER_BYTES};
use crate::storage::{Source, Storage};

/// Options of an import.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportOptions {
    /// Replace a database that is not empty.
    pub replace: bool,
    /// Bytes of the archive where they are known, for the progress; 0 otherwise.
    pub total_bytes: u64,
}

impl<S: Storage, E: Env> Database<S, E> {
    /// Replaces everything by the contents of an archive. Until it verified to its last byte nothing changes;
    /// on any error nothing changed. Writes wait meanwhile and then go to the imported data.
    ///
    /// Peak memory: the larger of what is in memory before and after, and some megabytes. The archive goes into
    /// storage piece by piece; once all of it verified, what is in memory goes, and what was stored is loaded in its
    /// place. Reading is `Unavailable` as long as that takes, which is as long as opening does. If it fails, what was
    /// there before is loaded again.
    pub async fn import(&self, archive: &mut impl Source, options: ImportOptions) -> Result<ImportResult> {
        let _turn = self.0.turn.take().await;
        self.0.check_sole_writer().await?;
        if !options.replace && self.0.state.borrow().all().any(|one| !one.is_empty()) {
            return Err(Error::invalid(
                "this database is not empty: import with { replace: true } replaces all of it, after the archive verified",
            ));
        }
        let generation = self.0.disk.borrow_mut().take_generation();
        let result = self.0.import_as(archive, options, generation).await;
        if result.is_err() {
            self.0.drop_blocks(generation).await;
        }
        // An archive that is refused changes nothing, not even this: who offered it may note that.
        if result.is_ok() {
            self.0.note_outcome("restore", "import", said(&result)).await;
        }
        result
    }
}

impl<S: Storage, E: Env> Inner<S, E> {
    async fn import_as(
        &self,
        archive: &mut impl Source,
        options: ImportOptions,
        generation: u64,
    ) -> Result<ImportResult> {
        let mut bytes = Bytes::new(archive, &self.env, "import", options.total_bytes);
        let mut head = Vec::new();
        bytes.append(&mut head, HEADER_BYTES).await?;
        let header = FileHeader::decode(FileKind::Archive, &head)?;
        let blocks_header = self.blocks_header(generation);
        let (mut manifest, bytes) = match header.version < ARCHIVE_VERSION {
            true => receive_old(self, bytes, &header, &blocks_header).await?,
            false => {
                let mut opened = Opened::new(bytes, head, &Secret::None).await?;
                let archive = opened.manifest().await?;
                if archive.kind()? != ArchiveKind::Full {
                    return Err(Error::invalid(
                        "this archive has only what changed since another one: restore() takes it together with that",
                    )
                    .with("full", archive.kind()?.name()));
                }
                let received =
                    self.receive(&mut opened, &header, &archive, &mut Vec::new(), &blocks_header).await?;
                (received, opened.file_bytes())
            }
        };

        // What was being rebuilt when the archive was made is not anybody's any more.
        manifest.collections.retain(|one| one.stages.is_none());
        let named = |number: u32| manifest.collections.iter().any(|one| one.collection == number);
        manifest.extensions.retain(|one| named(one.collection));
        let _frozen = self.freeze_graphs();
        self.unload();
        let done = self.switch_to(manifest, blocks_header, bytes).await;
        if done.is_err() {
            self.unload();
            // If this fails, too, the next write tries it again.
            let _ = self.reload().await;
        }
        done
    }
}
