//! Which rows a scan compares, a row group at a time.

use crate::limits::GROUP_ROWS;
use roaring::RoaringBitmap;

/// A row group of which less than one row in this many is asked for is not scanned but visited row by row.
const SCAN_SHARE: usize = 4;

/// The rows that a scan compares.
#[derive(Clone, Copy)]
pub struct Candidates<'a> {
    /// The slots that hold rows.
    pub live: &'a RoaringBitmap,
    /// Those of them that may match; all where there is no filter.
    pub filter: Option<&'a RoaringBitmap>,
    /// Slots, dead ones included.
    pub slots: usize,
}

/// What is asked for of one row group.
pub enum Asked<'a> {
    /// Every slot.
    All,
    /// These slots, most of the group.
    Many(&'a [u32]),
    /// These slots.
    Few(&'a [u32]),
}

impl<'a> Asked<'a> {
    /// The slots, if not all are asked for.
    pub fn listed(&self) -> Option<&'a [u32]> {
        match self {
            Asked::All => None,
            Asked::Many(slots) | Asked::Few(slots) => Some(slots),
        }
    }
}

impl Candidates<'_> {
    /// How many there are at most.
    pub fn count_max(&self) -> usize {
        self.filter.unwrap_or(self.live).len().min(self.slots as u64) as usize
    }

    fn all_live(&self) -> bool {
        let within = self.live.max().is_none_or(|last| (last as usize) < self.slots);
        within && self.live.len() == self.slots as u64
    }

    /// Calls `visit` with each row group that has candidates: its number, its slots, and which of them are asked for.
    pub fn each_group<E>(
        &self,
        mut visit: impl FnMut(usize, usize, Asked<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let count = |group: usize| (self.slots - group * GROUP_ROWS).min(GROUP_ROWS);
        let all_live = self.all_live();
        if all_live && self.filter.is_none() {
            return (0..self.slots.div_ceil(GROUP_ROWS))
                .try_for_each(|group| visit(group, count(group), Asked::All));
        }
        // A filter may know slots that have died since.
        let check_live = self.filter.is_some() && !all_live;
        let mut listed = Vec::with_capacity(GROUP_ROWS);
        let mut rest = self.filter.unwrap_or(self.live).iter();
        let mut next = rest.next();
        // From group to group, skipping those without a candidate.
        while let Some(slot) = next.filter(|slot| (*slot as usize) < self.slots) {
            let group = slot as usize / GROUP_ROWS;
            let count = count(group);
            listed.clear();
            while let Some(slot) = next.filter(|slot| (*slot as usize) < group * GROUP_ROWS + count) {
                if !check_live || self.live.contains(slot) {
                    listed.push(slot);
                }
                next = rest.next();
            }
            let few = listed.len() * SCAN_SHARE < count;
            visit(group, count, if few { Asked::Few(&listed) } else { Asked::Many(&listed) })?;
        }
        Ok(())
    }
}
