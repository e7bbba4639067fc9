//! Answering queries as planned.

use super::explain::{Explain, Found, Plan};
use super::plan::Choice;
use super::rows::Collection;
use super::search::Query;
use crate::error::Result;
use crate::index::{Candidates, TopK, scan_codes};
use roaring::RoaringBitmap;

/// Rows that are not in the graph yet are compared in runs of this many.
const PENDING_RUN: usize = 256;

impl Collection {
    /// Answers for each of `vectors` what `query` asks; `matching` are the rows that its filter lets through.
    pub(super) fn answer(
        &self,
        vectors: &[&[f32]],
        query: &Query<'_>,
        matching: Option<&RoaringBitmap>,
    ) -> Result<Vec<Found>> {
        let matches = matching.map(RoaringBitmap::len);
        let choice = self.choose(query, matches.unwrap_or(self.len() as u64), matching.is_some());
        match choice.plan {
            Plan::Exact => self.answer_exactly(vectors, query, matching, choice),
            Plan::Codes => self.answer_by_codes(vectors, query, matching, choice),
            Plan::Graph | Plan::FilteredGraph => vectors
                .iter()
                .map(|vector| match self.answer_by_graph(vector, query, matching, choice)? {
                    Some(found) => Ok(found),
                    None => {
                        let mut all = self.answer_otherwise(vector, query, matching)?;
                        Ok(all.pop().unwrap_or_else(|| self.found(Vec::new(), choice, matching)))
                    }
                })
                .collect(),
        }
    }

    /// What there is without a graph.
    fn answer_otherwise(
        &self,
        vector: &[f32],
        query: &Query<'_>,
        matching: Option<&RoaringBitmap>,
    ) -> Result<Vec<Found>> {
        let matches = matching.map_or(self.len() as u64, RoaringBitmap::len);
        let choice = Choice {
            reason: "the graph found too few rows that match, so every one was compared",
            ..self.choose(&Query { exact: true, ..query.clone() }, matches, matching.is_some())
        };
        self.answer_exactly(&[vector], query, matching, choice)
    }

    fn answer_exactly(
        &self,
        vectors: &[&[f32]],
        query: &Query<'_>,
        matching: Option<&RoaringBitmap>,
        choice: Choice,
    ) -> Result<Vec<Found>> {
        let candidates = self.candidates(matching);
        let all = self.flat.search_many(&self.vectors, vectors, query.top_k, candidates, query.min_score)?;
        Ok(all
            .into_iter()
            .map(|hits| {
                let found = self.found(hits, choice, matching);
                Found { explain: Explain { compared: choice.keep as u64, ..found.explain }, ..found }
            })
            .collect())
    }

    fn answer_by_codes(
        &self,
        vectors: &[&[f32]],
        query: &Query<'_>,
        matching: Option<&RoaringBitmap>,
        choice: Choice,
    ) -> Result<Vec<Found>> {
        let mut asked = self.asked.take();
        asked.resize_with(asked.len().max(vectors.len()), Default::default);
        for (one, vector) in asked.iter_mut().zip(vectors) {
            self.space().ask(one, vector, false);
        }
        let candidates = self.candidates(matching);
        let all = scan_codes(self.space(), &asked[..vectors.len()], candidates, choice.keep);
        // A large batch does not leave its room behind.
        asked.truncate(1);
        self.asked.replace(asked);
        let compared = matching.map_or(self.len() as u64, RoaringBitmap::len);
        vectors
            .iter()
            .zip(all)
            .map(|(vector, nearest)| {
                let rescored = nearest.len() as u64;
                let slots = nearest.iter().map(|scored| scored.slot);
                let hits = self.flat.rescore(&self.vectors, vector, slots, query.top_k, query.min_score)?;
                let found = self.found(hits, choice, matching);
                Ok(Found { explain: Explain { compared, rescored, ..found.explain }, ..found })
            })
            .collect()
    }

    /// `None` when the graph found fewer rows than there are.
    fn answer_by_graph(
        &self,
        vector: &[f32],
        query: &Query<'_>,
        matching: Option<&RoaringBitmap>,
        choice: Choice,
    ) -> Result<Option<Found>> {
        let Some(live) = &self.graph else { return Ok(None) };
        let Some(scratch) = live.search(self.space(), vector, choice.ef) else { return Ok(None) };
        let graph = live.graph();
        let may =
            |slot: &u32| graph.is_alive(*slot) && matching.is_none_or(|matching| matching.contains(*slot));
        let mut nearest: Vec<u32> = Vec::with_capacity(choice.keep);
        let mut compared = scratch.compared;
        let mut pending = 0;
        if live.pending().is_empty() {
            nearest.extend(scratch.nearest().map(|(slot, _)| slot).filter(may).take(choice.keep));
        } else {
            let mut top = TopK::new(choice.keep, choice.keep, None);
            let found = scratch.nearest().filter(|(slot, _)| may(slot));
            found.for_each(|(slot, distance)| top.push(slot, -distance));
            let waiting: Vec<u32> = match matching {
                Some(matching) => (live.pending() & matching).iter().collect(),
                None => live.pending().iter().collect(),
            };
            let mut distances = Vec::with_capacity(PENDING_RUN);
            for run in waiting.chunks(PENDING_RUN) {
                self.space().distances(&scratch.query, run, &mut distances);
                run.iter().zip(&distances).for_each(|(slot, distance)| top.push(*slot, -distance));
            }
            pending = waiting.len() as u64;
            compared += pending;
            nearest.extend(top.into_sorted().iter().map(|scored| scored.slot));
        }
        drop(scratch);
        if nearest.len() < choice.results {
            return Ok(None);
        }
        let rescored = nearest.len() as u64;
        let slots = nearest.into_iter();
        let hits = self.flat.rescore(&self.vectors, vector, slots, query.top_k, query.min_score)?;
        let found = self.found(hits, choice, matching);
        let explain = Explain { compared, rescored, pending, ef: Some(choice.ef as u32), ..found.explain };
        Ok(Some(Found { explain, ..found }))
    }

    fn candidates<'a>(&'a self, matching: Option<&'a RoaringBitmap>) -> Candidates<'a> {
        Candidates { live: &self.live, filter: matching, slots: self.vectors.len() }
    }

    fn found(
        &self,
        hits: Vec<crate::index::Scored>,
        choice: Choice,
        matching: Option<&RoaringBitmap>,
    ) -> Found {
        let explain = Explain {
            plan: choice.plan,
            reason: choice.reason,
            rows: self.len() as u64,
            matches: matching.map(RoaringBitmap::len),
            compared: 0,
            rescored: 0,
            ef: None,
            pending: 0,
        };
        Found { hits, explain }
    }
}
