//! The switch to what is staged, or giving up.

use super::super::report::hex;
use super::Stage;
use super::links::Links;
use crate::error::{Error, Result};
use crate::format::block::BlockKind;
use crate::format::snapshot::BlockRefV1;
use crate::json::Fields;
use crate::storage::Storage;
use crate::store::audit::said;
use crate::store::database::Inner;
use crate::store::env::Env;
use crate::store::graph::graph_to_wire;
use crate::store::made::Wanted;
use crate::store::names;
use crate::store::report::ImportResult;

impl<S: Storage, E: Env> Stage<S, E> {
    /// Stores the graphs as they are now, in a blocks file of their own.
    async fn store_graphs(&mut self) -> Result<()> {
        let header = self.new_file();
        let generation = header.generation;
        let (Some(state), Some(manifest)) = (&self.state, &mut self.manifest) else { return Ok(()) };
        let mut links = Links::new(state, &header);
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

    /// Has the entry of the audit log about it say more than its result, as by what later restores can be estimated: a JSON
    /// object, the fields of which are put to those of the result.
    pub fn tell(&mut self, more: &str) -> Result<()> {
        let is_empty = Fields::read("an entry", more)?.into_pairs().is_empty();
        let start = more.bytes().position(|byte| byte == b'{').filter(|_| !is_empty);
        self.more = start.and_then(|at| more.get(at + 1..)).unwrap_or_default().to_owned();
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
        let note = said(&done).map(|result| with_fields(result, &self.more));
        inner.note_outcome("restore", &what, note).await;
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

/// A result with more fields: those of another object, and its end.
fn with_fields(mut result: String, more: &str) -> String {
    if !more.is_empty() && result.pop().is_some() {
        result.push(',');
        result.push_str(more);
    }
    result
}
