//! What may be stored: what was acknowledged, with what is under way and what nobody knows of.

use crate::model::{Model, Op};
use crate::timeline::Timeline;
use lodestore::store::Retention;
use std::rc::Rc;

#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    /// Under way.
    Open,
    Acknowledged,
    /// It failed, and it may be there all the same until something later was stored.
    Unknown,
}

struct Entry {
    number: u64,
    op: Rc<Op>,
    outcome: Outcome,
    /// How many rows it was about, as far as that was said.
    count: Option<u64>,
    /// The last write that was applied when it failed.
    failed_at: u64,
    /// Its number, as it was acknowledged; false where it is one up to that.
    seq: (u64, bool),
}

/// The history of what was acknowledged.
pub struct Oracle {
    /// After each acknowledged write, oldest first.
    history: Vec<Rc<Model>>,
    /// States that were not to be, or are no more: of what failed, or was lost, or went to another.
    past: Vec<Rc<Model>>,
    /// What a power cut cannot take: the first state that may be found.
    floor: usize,
    /// In the order of asking, which is that of writing.
    queue: Vec<Entry>,
    next: u64,
    timeline: Rc<Timeline>,
    /// What may be stored of what is to be kept, the likeliest last.
    pub policies: Vec<Option<Retention>>,
    /// So many restorable snapshots have to be there, whatever is under way.
    pub points: usize,
}

/// More writes of unknown outcome than this are not told apart: the process is begun anew.
pub const UNKNOWN_MAX: usize = 5;

impl Oracle {
    pub fn new() -> Oracle {
        Oracle {
            history: vec![Rc::default()],
            past: Vec::new(),
            floor: 0,
            queue: Vec::new(),
            next: 0,
            timeline: Rc::new(Timeline::new()),
            policies: vec![None],
            points: 0,
        }
    }

    /// What was acknowledged last.
    pub fn current(&self) -> &Rc<Model> {
        &self.history[self.history.len() - 1]
    }

    /// What it was behind each write.
    pub fn timeline(&self) -> &Rc<Timeline> {
        &self.timeline
    }

    /// What was asked for, in the order in which it will be done.
    pub fn begin(&mut self, op: Rc<Op>) -> u64 {
        self.next += 1;
        let (number, outcome) = (self.next, Outcome::Open);
        self.queue.push(Entry { number, op, outcome, count: None, failed_at: 0, seq: (0, false) });
        self.next
    }

    /// Whether something is under way that takes its place among the others only when it is done.
    fn has_switch(&self) -> bool {
        self.queue.iter().any(|entry| matches!(*entry.op, Op::Switch(_)))
    }

    /// It was acknowledged, and `seq` is the last write that was applied. What failed before that write is not there
    /// any more. `made` is its own number, where it was told.
    pub fn acknowledge(&mut self, number: u64, count: Option<u64>, seq: u64, made: Option<u64>) {
        self.queue.retain(|entry| entry.outcome != Outcome::Unknown || entry.failed_at >= seq);
        if count == Some(0) && self.has_switch() {
            // Nothing to do, before it or after it.
            let is_it = |entry: &Entry| entry.number == number && !matches!(*entry.op, Op::Switch(_));
            if self.queue.iter().any(is_it) {
                return self.refuse(number);
            }
        }
        if made.is_some() && count != Some(0) {
            self.settled_before(number);
        }
        let at = self.queue.iter().position(|entry| entry.number == number).unwrap();
        if self.queue[..at].iter().any(|entry| entry.outcome == Outcome::Unknown) {
            // Nothing was written, so there was nothing to do.
            return self.refuse(number);
        }
        self.queue[at].outcome = Outcome::Acknowledged;
        self.queue[at].count = count;
        // What waits alone was the last to be applied.
        self.queue[at].seq = (made.unwrap_or(seq), made.is_some() || self.queue.len() == 1);
        self.flush();
    }

    /// This one was written: what was asked for before it and failed is not there, also where both were told at once.
    fn settled_before(&mut self, number: u64) {
        self.queue.retain(|entry| {
            let out_of_turn = matches!(*entry.op, Op::Rebuild(..) | Op::Switch(_));
            entry.outcome != Outcome::Unknown || entry.number > number || out_of_turn
        });
    }

    /// It was refused as wrong: the model has to agree.
    pub fn refuse_wrong(&mut self, number: u64, cause: &lodestore::Error) {
        if let [entry, ..] = &self.queue[..]
            && entry.number == number
            && !self.has_switch()
        {
            let allowed = Model::clone(self.current()).apply(&entry.op);
            assert_eq!(allowed, None, "{:?} was refused: {cause}", entry.op);
        }
        self.refuse(number);
    }

    /// It was given up before anything was written.
    pub fn refuse(&mut self, number: u64) {
        self.queue.retain(|entry| entry.number != number);
        self.flush();
    }

    /// It failed, nobody knows how far it came.
    pub fn fail(&mut self, number: u64, seq: u64) {
        let at = self.queue.iter().position(|entry| entry.number == number).unwrap();
        let has_switch = self.has_switch();
        if has_switch || self.queue[at..].iter().any(|entry| entry.outcome == Outcome::Acknowledged) {
            self.keep();
            if !has_switch && !matches!(*self.queue[at].op, Op::Rebuild(..)) {
                return self.refuse(number);
            }
            // Done out of turn: it may have come after these.
            let mut entry = self.queue.remove(at);
            (entry.outcome, entry.failed_at) = (Outcome::Unknown, seq);
            self.queue.push(entry);
            return self.flush();
        }
        self.queue[at].outcome = Outcome::Unknown;
        self.queue[at].failed_at = seq;
        self.keep();
    }

    /// Something was stored that settles what is unknown.
    pub fn settled(&mut self) {
        self.queue.retain(|entry| entry.outcome != Outcome::Unknown);
    }

    pub fn unknown(&self) -> usize {
        self.queue.iter().filter(|entry| entry.outcome == Outcome::Unknown).count()
    }

    /// A power cut takes nothing of what was acknowledged so far.
    pub fn secure(&mut self) {
        self.floor = self.history.len() - 1;
    }

    fn flush(&mut self) {
        if self.has_switch() {
            if self.queue.iter().any(|entry| entry.outcome == Outcome::Open) {
                return;
            }
            // Everything is done: now it is known what came before it.
            self.queue.sort_by_key(|entry| match entry.outcome {
                Outcome::Acknowledged => entry.seq.0,
                _ => u64::MAX,
            });
        }
        while self.queue.first().is_some_and(|entry| entry.outcome == Outcome::Acknowledged) {
            let entry = self.queue.remove(0);
            let mut model = Model::clone(self.current());
            let expected = model.apply(&entry.op);
            assert!(expected.is_some(), "acknowledged what has to be refused: {:?}", entry.op);
            if entry.count.is_some() {
                assert_eq!(entry.count, expected, "the number of rows of {:?}", entry.op);
            }
            let changed = model != **self.current();
            let model = Rc::new(model);
            if changed {
                Rc::make_mut(&mut self.timeline).add(entry.seq.0, entry.seq.1, &model);
            }
            self.history.push(model);
        }
    }

    /// What may come of what is under way, done in this order.
    fn done(&self, queue: &[&Entry], strict: bool) -> Vec<Rc<Model>> {
        let mut found = vec![self.current().clone()];
        for entry in queue {
            let mut with: Vec<Rc<Model>> = Vec::new();
            for before in &found {
                let mut model = Model::clone(before);
                model.apply(&entry.op);
                with.push(Rc::new(model));
            }
            if entry.outcome == Outcome::Acknowledged && strict {
                found = with;
            } else {
                found.extend(with);
            }
        }
        found
    }

    /// Everything that may be found now, the likeliest first. `any`: from the whole history.
    pub fn candidates(&self, strict: bool, any: bool) -> Vec<Rc<Model>> {
        let queue: Vec<&Entry> = self.queue.iter().collect();
        let mut found = self.done(&queue, strict);
        if let Some(at) = queue.iter().position(|entry| matches!(*entry.op, Op::Switch(_))) {
            for place in (0..queue.len()).filter(|place| *place != at) {
                let mut order = queue.clone();
                let switch = order.remove(at);
                order.insert(place, switch);
                found.extend(self.done(&order, strict));
            }
        }
        if !strict {
            let first = if any { 0 } else { self.floor };
            found.extend(self.history[first..self.history.len() - 1].iter().rev().cloned());
        }
        found
    }

    /// Whatever was written, as far as it came and in every state that it was in, the latest first.
    pub fn written(&self) -> Vec<Rc<Model>> {
        let mut written = self.candidates(false, true);
        written.extend(self.past.iter().rev().cloned());
        written
    }

    /// What is asked for may have been written, also where it does not count in the end.
    fn keep(&mut self) {
        if !self.queue.is_empty() {
            let asked = self.candidates(false, true);
            let new = asked.len() - (self.history.len() - 1);
            self.past.extend(asked.into_iter().take(new));
        }
    }

    /// What was found, behind the write `seq`, is what there is from here on.
    pub fn found(&mut self, model: Rc<Model>, seq: u64) {
        self.keep();
        self.queue.clear();
        Rc::make_mut(&mut self.timeline).found(seq, &model);
        let known = self.history.iter().rposition(|one| Rc::ptr_eq(one, &model));
        match known {
            Some(at) => self.past.extend(self.history.drain(at + 1..)),
            None => self.history.push(model),
        }
        self.secure();
    }
}
