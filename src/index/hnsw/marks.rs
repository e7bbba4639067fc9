//! Which nodes a search has met. One byte a node; beginning a search is adding one to a number.

/// Marks by slot.
#[derive(Debug, Default)]
pub struct Marks {
    marks: Vec<u8>,
    round: u8,
}

impl Marks {
    /// Forgets all marks; there are `slots` slots.
    pub fn begin(&mut self, slots: usize) {
        if self.marks.len() < slots {
            self.marks.resize(slots, 0);
        }
        self.round = match self.round.checked_add(1) {
            Some(round) => round,
            None => {
                self.marks.fill(0);
                1
            }
        };
    }

    /// Marks a slot. Whether it had none.
    #[inline(always)]
    pub fn mark(&mut self, slot: u32) -> bool {
        match self.marks.get_mut(slot as usize) {
            Some(mark) => std::mem::replace(mark, self.round) != self.round,
            None => false,
        }
    }

    /// Bytes held.
    pub fn memory_bytes(&self) -> usize {
        self.marks.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_do_not_see_each_other() {
        let mut marks = Marks::default();
        for _ in 0..600 {
            marks.begin(3);
            assert!(marks.mark(1) && !marks.mark(1) && marks.mark(2));
            assert!(!marks.mark(3), "a slot that does not exist is not to be visited");
        }
    }
}
