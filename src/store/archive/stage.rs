//! A restore beside the live database: archives, or what the database was, come into files of their own and into
//! memory; the index is built; then one step makes it the database, or nothing is left of it.

use super::super::audit::said;
use super::super::database::{Database, Inner};
use super::super::disk::Blocks;
use super::super::env::Env;
use super::super::graph::graph_to_wire;
use super::super::load::{Loading, load_state};
use super::super::made::{Wanted, encode, seal};
use super::super::names;
use super::super::past::{Past, Point};
use super::super::pinned::Pinned;
use super::super::report::ImportResult;
use super::super::wire;
use super::bytes::Bytes;
use super::content::next_frame;
use super::old::receive_old;
use super::open::Opened;
use super::receive::Known;
use super::report::hex;
use super::secret::Secret;
use super::verify::check_header;
use crate::collection::{Collection, State};
use crate::error::{Error, Kind, Result};
use crate::format::ARCHIVE_VERSION;
use crate::format::archive4::{ArchiveKind, ArchiveV4};
use crate::format::block::BlockKind;
use crate::format::frame::FRAME_HEADER_BYTES;
use crate::format::header::{DatabaseId, FileHeader, FileKind, HEADER_BYTES};
use crate::format::record::RecordV2;
use crate::format::snapshot::{BlockRefV1, SnapshotV2};
use crate::storage::{Source, Storage};
use std::rc::Rc;

/// What to restore.
#[derive(Clone, Copy, Debug, Default)]
pub struct StageOptions {
    /// Up to which point; everything without one.
    pub to: Option<Point>,
}

/// A restore that is under way. It takes as much memory as what it restores, beside the live database.
///
/// Dropped without [`Stage::commit`] it leaves files that nobody names, which the next checkpoint removes;
/// [`Stage::abort`] removes them at once.
pub struct Stage<S, E> {
    inner: Rc<Inner<S, E>>,
    options: StageOptions,
    /// The archive that came last, and the database that it is of.
    last: Option<(DatabaseId, Option<ArchiveV4>)>,
    known: Known,
    /// Blocks files of this restore, and what keeps them there.
    files: Vec<u64>,
    pinned: Vec<Pinned<S, E>>,
    /// Over those files; without what frames changed.
    manifest: Option<SnapshotV2>,
    /// What is restored, once its blocks are all there.
    state: Option<State>,
    /// Whether frames were applied to it.
    changed: bool,
    /// Whether the point up to which it goes was passed.
    reached: bool,
    /// Whether every block is stored and compared.
    ready: bool,
    failed: bool,
    time_ms: u64,
    bytes: u64,
}

impl<S: Storage, E: Env> Database<S, E> {
    /// Begins a restore. Nothing of the live database changes until [`Stage::commit`]; reads and writes go on.
    pub async fn stage(&self, options: StageOptions) -> Result<Stage<S, E>> {
        let _turn = self.0.turn.take().await;
        self.0.check_sole_writer().await?;
        Ok(Stage {
            inner: self.0.clone(),
            options,
            last: None,
            known: Vec::new(),
            files: Vec::new(),
            pinned: Vec::new(),
            manifest: None,
            state: None,
            changed: false,
            reached: false,
            ready: false,
            failed: false,
            time_ms: 0,
            bytes: 0,
        })
    }

    /// Begins a restore of what the database was.
    pub async fn stage_past(&self, past: Past<S, E>) -> Result<Stage<S, E>> {
        let mut stage = self.stage(StageOptions::default()).await?;
        let header = stage.new_file();
        let written = stage.inner.write_state(&past.state, &past.blocks, past.time_ms, header).await;
        let loaded = match written {
            Ok((manifest, bytes)) => {
                (stage.time_ms, stage.bytes) = (past.time_ms, bytes);
                stage.manifest = Some(manifest);
                // Two copies beside the live database would be one too many.
                drop(past);
                stage.load().await
            }
            Err(cause) => Err(cause),
        };
        if let Err(cause) = loaded {
            stage.abort().await;
            return Err(cause);
        }
        stage.ready = true;
        Ok(stage)
    }
}

impl<S: Storage, E: Env> Stage<S, E> {
    /// What is restored, for reading; `Unavailable` until all of it is there.
    pub fn state(&self) -> Result<&State> {
        let early = || Error::new(Kind::Unavailable, "this restore is not ready yet: its content is still coming");
        self.state.as_ref().filter(|_| self.ready).ok_or_else(early)
    }

    /// When its last write was made: milliseconds since 1970.
    pub fn time_ms(&self) -> u64 {
        self.time_ms
    }

    fn new_file(&mut self) -> FileHeader {
        let generation = self.inner.disk.borrow_mut().take_generation();
        self.files.push(generation);
        self.pinned.push(Pinned::of(self.inner.clone(), vec![generation]));
        self.inner.blocks_header(generation)
    }

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
                return Err(Error::invalid("an archive of an older version stands by itself: give only that one"));
            }
            let file = self.new_file();
            let (mut manifest, taken) = receive_old(&inner, bytes, &header, &file).await?;
            super::places::keep_truth(&mut manifest, false);
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
                Some(_) => Err(Error::invalid("a full archive stands at the beginning: give one, and what follows it")),
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
            let mut checked = state.check_stored(wire::op_from_wire(record)?).map_err(as_damage)?;
            state.reserve(&mut checked)?;
            state.apply(checked, seq);
            self.time_ms = header.time_ms;
            self.changed = true;
        }
        opened.end().await.map(drop)
    }

    /// Loads what is stored so far.
    async fn load(&mut self) -> Result<()> {
        let manifest = self.manifest.as_ref().ok_or_else(|| {
            Error::invalid("a restore begins with a full archive: give one first")
        })?;
        // Read back from storage: what is restored is what was stored, not what was received.
        let loading = Loading::all(&self.inner.reader);
        let loaded = load_state(&self.inner.storage, &self.inner.env, &loading, manifest).await?;
        self.state = Some(loaded.state);
        Ok(())
    }

    /// Ends the content phase once all archives are there: loads, stores what frames changed, and compares counts. What is
    /// restored can be read then. `Invalid` where the archives do not reach as far as asked.
    pub async fn finish(&mut self) -> Result<ImportResult> {
        if self.failed {
            return Err(Error::invalid("this restore failed: begin another"));
        }
        if !self.ready {
            self.failed = true;
            self.finish_content().await?;
            (self.failed, self.ready) = (false, true);
        }
        Ok(ImportResult::of(self.state()?, self.bytes))
    }

    async fn finish_content(&mut self) -> Result<()> {
        if self.state.is_none() {
            self.load().await?;
        }
        let Some(state) = &self.state else { return Ok(()) };
        if let Some(Point::Seq(seq)) = self.options.to
            && state.seq < seq
        {
            return Err(Error::invalid("these archives do not reach as far as the point to restore")
                .with(format!("write {seq}"), state.seq));
        }
        if let (Some((_, Some(archive))), false) = (&self.last, self.reached) {
            compare(state, archive)?;
        }
        if self.changed {
            self.store_again().await?;
        }
        Ok(())
    }

    /// Stores what frames changed, as a blocks file of its own.
    async fn store_again(&mut self) -> Result<()> {
        let header = self.new_file();
        let (Some(state), Some(manifest)) = (&mut self.state, self.manifest.take()) else { return Ok(()) };
        let staged: Vec<u32> = state.all().filter(|one| one.stages.is_some()).map(|one| one.number).collect();
        let stored = Blocks::of(manifest);
        let (manifest, _) = self.inner.write_state(state, &stored, self.time_ms, header).await?;
        // Nobody goes on with what was being rebuilt.
        for number in staged {
            state.forget(number);
        }
        let mut refs = Vec::new();
        manifest.each_block(&mut |block| refs.push(*block));
        for run in super::super::blocks::runs(refs.into_iter())? {
            run.read_verified(&self.inner.storage).await?;
            self.inner.env.yield_now().await;
        }
        self.manifest = Some(manifest);
        Ok(())
    }

    /// Steps of work on its graphs that are left, about.
    pub fn index_steps_left(&self) -> Result<u64> {
        Ok(self.state()?.all().map(|one| one.index_steps_left(true)).sum())
    }

    /// Does one step of that. Whether there was work.
    pub fn index_step(&mut self) -> Result<bool> {
        self.state()?;
        let Some(state) = &mut self.state else { return Ok(false) };
        for collection in state.all_mut() {
            if collection.index_step(true)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Stores the graphs as they are now, in a blocks file of their own.
    async fn store_graphs(&mut self) -> Result<()> {
        let header = self.new_file();
        let generation = header.generation;
        let (Some(state), Some(manifest)) = (&self.state, &mut self.manifest) else { return Ok(()) };
        let mut links = Links { state, at: 0, wanted: Vec::new(), written: Vec::new(), generation, head: Some(header.encode()) };
        for one in state.all() {
            let Some(graph) = one.graph().map(|live| live.graph()).filter(|graph| !graph.is_empty()) else {
                continue;
            };
            let groups = (0..one.group_count()).filter(|group| graph.has_nodes(*group));
            let kind = BlockKind::Links;
            links.wanted.extend(groups.map(|group| Wanted { collection: one.number, group, kind }));
        }
        if links.wanted.is_empty() {
            return Ok(());
        }
        links.wanted.reverse();
        self.inner.storage.create(&names::blocks(generation), &mut links).await?;
        let written = links.written;
        for extension in &mut manifest.extensions {
            let Some(one) = state.get(extension.collection) else { continue };
            let place = |group: usize| {
                let is_it = |it: &&(u32, usize, BlockRefV1)| (it.0, it.1) == (one.number, group);
                written.iter().find(is_it).map(|(_, _, block)| *block)
            };
            let groups = (0..one.group_count()).map(place).collect();
            extension.graph = one.graph().and_then(|live| graph_to_wire(one, live, groups));
        }
        Ok(())
    }

    /// Makes it the database, in one step. Before it a checkpoint is made of what is there now, which stays a point to go
    /// back to. On an error, and after a crash, the one or the other is the database, and never a mixture.
    pub async fn commit(mut self) -> Result<ImportResult> {
        let result = self.finish().await?;
        let done = self.switch(result).await;
        if done.is_err() {
            self.abort().await;
        }
        done
    }

    /// As `put_in_place`, noted in the audit log.
    async fn switch(&mut self, result: ImportResult) -> Result<ImportResult> {
        self.store_graphs().await?;
        let inner = self.inner.clone();
        let _turn = inner.turn.take().await;
        let what = match &self.last {
            Some((_, Some(archive))) => format!("archive {}", hex(&archive.id)),
            Some((_, None)) => "archive".to_owned(),
            None => format!("write {}", self.state.as_ref().map_or(0, |state| state.seq)),
        };
        let done = self.put_in_place(&inner).await.map(|()| result);
        inner.note_outcome("restore", &what, said(&done)).await;
        done
    }

    /// For a caller who has the turn.
    async fn put_in_place(&mut self, inner: &Inner<S, E>) -> Result<()> {
        inner.check_sole_writer().await?;
        let covered = inner.disk.borrow().snapshots.last().map(|kept| kept.seq);
        if covered != Some(inner.state.borrow().seq) {
            inner.checkpoint_in_turn().await?;
        }
        let _frozen = inner.freeze_graphs();
        let (Some(mut state), Some(mut manifest)) = (self.state.take(), self.manifest.take()) else {
            return Err(Error::invalid("this restore was committed already"));
        };
        inner.renumber(&mut manifest, &mut state);
        let generation = inner.disk.borrow_mut().take_generation();
        let length = inner.put_snapshot(generation, &manifest).await?;
        inner.take_over(state, generation, manifest, length).await;
        // What the snapshot does not name, the next checkpoint removes.
        self.pinned.clear();
        self.files.clear();
        Ok(())
    }

    /// Gives up: the files of this restore go, and nothing is left of it.
    pub async fn abort(self) {
        let Stage { inner, files, pinned, state, .. } = self;
        drop(state);
        drop(pinned);
        for file in files {
            inner.drop_blocks(file).await;
        }
    }
}

/// What was checked before it was written, and cannot be applied now, was not written by Lodestore.
fn as_damage(cause: Error) -> Error {
    Error::corrupt(format!("a write in this archive does not fit what is before it: {}", cause.message))
}

/// That everything is there.
fn compare(state: &State, archive: &ArchiveV4) -> Result<()> {
    let named = || state.all().filter(|one| one.stages.is_none());
    let fits = |one: &Collection| {
        let said = archive.collections.iter().find(|said| said.name == one.name);
        said.is_some_and(|said| said.rows as usize == one.len())
    };
    match named().count() == archive.collections.len() && named().all(fits) {
        true => Ok(()),
        false => Err(Error::corrupt("what came of this archive has other rows than its manifest says")),
    }
}

/// The links of graphs, as a blocks file.
struct Links<'a> {
    state: &'a State,
    head: Option<Vec<u8>>,
    at: u64,
    /// The next one last.
    wanted: Vec<Wanted>,
    written: Vec<(u32, usize, BlockRefV1)>,
    generation: u64,
}

impl Source for Links<'_> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(head) = self.head.take() {
            self.at = head.len() as u64;
            return Ok(Some(head));
        }
        let Some(want) = self.wanted.pop() else { return Ok(None) };
        let gone = || Error::corrupt("a collection vanished: this is a defect of Lodestore");
        let mut bytes = encode(self.state.get(want.collection).ok_or_else(gone)?, &want)?;
        let block = seal(&mut bytes, &want, self.generation, self.at);
        self.at += bytes.len() as u64;
        self.written.push((want.collection, want.group, block));
        Ok(Some(bytes))
    }
}
