//! What may be stored: what was acknowledged, with what is under way and what nobody knows of.

use crate::model::{Model, Op};
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
}

/// More writes of unknown outcome than this are not told apart: the process is begun anew.
pub const UNKNOWN_MAX: usize = 5;

impl Oracle {
    pub fn new() -> Oracle {
        Oracle { history: vec![Rc::default()], past: Vec::new(), floor: 0, queue: Vec::new(), next: 0 }
    }

    /// What was acknowledged last.
    pub fn current(&self) -> &Rc<Model> {
        &self.history[self.history.len() - 1]
    }

    /// What was asked for, in the order in which it will be done.
    pub fn begin(&mut self, op: Rc<Op>) -> u64 {
        self.next += 1;
        self.queue.push(Entry { number: self.next, op, outcome: Outcome::Open, count: None, failed_at: 0 });
        self.next
    }

    /// It was acknowledged, and `seq` is the last write that was applied. What failed before that write is not there
    /// any more.
    pub fn acknowledge(&mut self, number: u64, count: Option<u64>, seq: u64) {
        self.queue.retain(|entry| entry.outcome != Outcome::Unknown || entry.failed_at >= seq);
        let at = self.queue.iter().position(|entry| entry.number == number).unwrap();
        if self.queue[..at].iter().any(|entry| entry.outcome == Outcome::Unknown) {
            // Nothing was written, so there was nothing to do.
            return self.refuse(number);
        }
        self.queue[at].outcome = Outcome::Acknowledged;
        self.queue[at].count = count;
        self.flush();
    }

    /// It was refused as wrong: the model has to agree.
    pub fn refuse_wrong(&mut self, number: u64, cause: &lodestore::Error) {
        if let [entry, ..] = &self.queue[..]
            && entry.number == number
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
        if self.queue[at..].iter().any(|entry| entry.outcome == Outcome::Acknowledged) {
            self.keep();
            if !matches!(*self.queue[at].op, Op::Rebuild(..)) {
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
        while self.queue.first().is_some_and(|entry| entry.outcome == Outcome::Acknowledged) {
            let entry = self.queue.remove(0);
            let mut model = Model::clone(self.current());
            let expected = model.apply(&entry.op);
            assert!(expected.is_some(), "acknowledged what has to be refused: {:?}", entry.op);
            if entry.count.is_some() {
                assert_eq!(entry.count, expected, "the number of rows of {:?}", entry.op);
            }
            self.history.push(Rc::new(model));
        }
    }

    /// Everything that may be found now, the likeliest first. `any`: from the whole history.
    pub fn candidates(&self, strict: bool, any: bool) -> Vec<Rc<Model>> {
        let mut found = vec![self.current().clone()];
        for entry in &self.queue {
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

    /// What was found is what there is from here on.
    pub fn found(&mut self, model: Rc<Model>) {
        self.keep();
        self.queue.clear();
        let known = self.history.iter().rposition(|one| Rc::ptr_eq(one, &model));
        match known {
            Some(at) => self.past.extend(self.history.drain(at + 1..)),
            None => self.history.push(model),
        }
        self.secure();
    }
}
