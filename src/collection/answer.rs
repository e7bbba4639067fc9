//! Answering queries as planned.

use super::explain::{Explain, Found, Plan};
use super::plan::Choice;
use super::rows::Collection;
use super::search::Query;
use crate::error::Result;
use crate::index::codes::Codes;
use crate::index::hnsw::Width;
use crate::index::{Candidates, Scored, TopK, scan_codes};
use crate::room::ask;
use roaring::RoaringBitmap;

/// Candidates that a search has room for at the least, as `TopK` does, and what it takes beside them, about.
const ROOM_OF_QUERY: (usize, usize) = (64, 512);

/// What a search takes that does one query after the other, about; where bits say little, besides four times the vector.
const ROOM_OF_ANSWER: usize = 16 * 1024;

/// Of the candidates by bits, one in so many is compared as floats: see `Bits::leaning`.
const LEANING: usize = 3;

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
        let choice = self.choose(query, matching);
        ask(self.room_for_answers(vectors.len(), choice.keep.max(query.top_k)))?;
        if !matches!(choice.plan, Plan::Graph | Plan::FilteredGraph) {
            return self.answer_by_scan(vectors, query, matching, choice);
        }
        let mut all = Vec::with_capacity(vectors.len());
        for vector in vectors {
            let mut found = self.answer_by_graph(vector, query, matching, &choice, choice.wanted)?;
            if found.is_none() && choice.wanted.is_some() {
                // Rows around the query have died: a beam that ends early ends among them.
                found = self.answer_by_graph(vector, query, matching, &choice, None)?;
            }
            match found {
                Some(found) => all.push(found),
                None => {
                    let choice = Choice {
                        reason: "the graph found too few rows that match, so every one was compared",
                        ..self.choose_scan(query, matching).1
                    };
                    all.append(&mut self.answer_by_scan(&[vector], query, matching, choice)?);
                }
            }
        }
        Ok(all)
    }

    /// What so many queries take that keep so many candidates each: while those are looked for, and when they are found.
    fn room_for_answers(&self, queries: usize, keep: usize) -> usize {
        let kept = (2 * keep.max(ROOM_OF_QUERY.0)).min(self.slot_count());
        let coded = self.config.dimension * size_of::<f32>();
        let each = kept * size_of::<[Scored; 4]>() + coded + ROOM_OF_QUERY.1;
        queries.saturating_mul(each).saturating_add(4 * coded + ROOM_OF_ANSWER)
    }

    fn answer_by_scan(
        &self,
        vectors: &[&[f32]],
        query: &Query<'_>,
        matching: Option<&RoaringBitmap>,
        choice: Choice,
    ) -> Result<Vec<Found>> {
        match choice.plan {
            Plan::Codes => self.answer_by_codes(vectors, query, matching, choice),
            _ => self.answer_exactly(vectors, query, matching, choice),
        }
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
        let compared = self.may_match(matching);
        Ok(all
            .into_iter()
            .map(|hits| {
                let found = self.found(hits, choice, matching);
                Found { explain: Explain { compared, ..found.explain }, ..found }
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
        let compared = self.may_match(matching);
        vectors
            .iter()
            .zip(all)
            .map(|(vector, nearest)| {
                let (hits, rescored) = self.rescore(vector, &nearest, query, choice)?;
                let found = self.found(hits, choice, matching);
                Ok(Found { explain: Explain { compared, rescored, ..found.explain }, ..found })
            })
            .collect()
    }

    /// `None` when the graph found too few rows that match. With how many nodes are `wanted` of a beam, that adapts.
    fn answer_by_graph(
        &self,
        vector: &[f32],
        query: &Query<'_>,
        matching: Option<&RoaringBitmap>,
        choice: &Choice,
        wanted: Option<usize>,
    ) -> Result<Option<Found>> {
        let Some(live) = &self.graph else { return Ok(None) };
        let (width, enough) = match wanted {
            // Half as wide at the least, see there.
            Some(wanted) => (Width::adaptive(choice.ef, wanted), choice.results.max(choice.enough / 2)),
            None => (Width::fixed(choice.ef), choice.enough),
        };
        let Some(scratch) = live.search(self.space(), vector, width) else { return Ok(None) };
        let graph = live.graph();
        let may =
            |slot: &u32| graph.is_alive(*slot) && matching.is_none_or(|matching| matching.contains(*slot));
        let mut compared = scratch.compared;
        let mut top = TopK::new(choice.keep, width.most(), None);
        let mut met = 0;
        for (slot, distance) in scratch.nearest().filter(|(slot, _)| may(slot)) {
            met += 1;
            top.push(slot, -distance);
        }
        if met < enough {
            return Ok(None);
        }
        let waiting: Vec<u32> = match matching {
            Some(matching) => (live.pending() & matching).iter().collect(),
            None => live.pending().iter().collect(),
        };
        let mut distances = Vec::with_capacity(PENDING_RUN.min(waiting.len()));
        for run in waiting.chunks(PENDING_RUN) {
            self.space().distances(&scratch.query, run, &mut distances);
            run.iter().zip(&distances).for_each(|(slot, distance)| top.push(*slot, -distance));
        }
        drop(scratch);
        let pending = waiting.len() as u64;
        compared += pending;
        let nearest = top.into_sorted();
        if nearest.len() < choice.results {
            return Ok(None);
        }
        let (hits, rescored) = self.rescore(vector, &nearest, query, *choice)?;
        let found = self.found(hits, *choice, matching);
        let explain = Explain { compared, rescored, pending, ef: Some(choice.ef as u32), ..found.explain };
        Ok(Some(Found { explain, ..found }))
    }

    /// The hits among what was found by codes, and how many rows were compared for it.
    fn rescore(
        &self,
        vector: &[f32],
        nearest: &[Scored],
        query: &Query<'_>,
        choice: Choice,
    ) -> Result<(Vec<Scored>, u64)> {
        let (k, min_score) = (query.top_k, query.min_score);
        let leaning = match &self.codes {
            Codes::Bits(codes) if choice.sparing => {
                codes.leaning(vector, nearest, (nearest.len() / LEANING).max(choice.results))
            }
            _ => Vec::new(),
        };
        let (nearest, sparing) =
            if leaning.is_empty() { (nearest, choice.sparing) } else { (&leaning[..], false) };
        let (hits, compared) = self.flat.rescore(&self.vectors, vector, nearest, k, min_score, sparing)?;
        Ok((hits, compared as u64))
    }

    /// Rows that are compared where all are that may match.
    fn may_match(&self, matching: Option<&RoaringBitmap>) -> u64 {
        matching.map_or(self.len() as u64, RoaringBitmap::len)
    }

    fn candidates<'a>(&'a self, matching: Option<&'a RoaringBitmap>) -> Candidates<'a> {
        Candidates { live: &self.live, filter: matching, slots: self.vectors.len() }
    }

    fn found(&self, hits: Vec<Scored>, choice: Choice, matching: Option<&RoaringBitmap>) -> Found {
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
