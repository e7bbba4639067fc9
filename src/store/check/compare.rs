//! What is in memory: that storage has it just so, and that what follows from the rows does.

use super::super::database::Inner;
use super::super::env::Env;
use super::damage;
use super::report::Problem;
use super::seen::Seen;
use crate::error::Result;
use crate::storage::Storage;

impl<S: Storage, E: Env> Inner<S, E> {
    pub(super) async fn compare(&self, seen: &mut Seen, go_on: &dyn Fn() -> Result<()>) -> Result<()> {
        seen.compare_whole(&self.state.borrow());
        let numbers: Vec<(u32, usize)> =
            self.state.borrow().all().map(|one| (one.number, one.group_count())).collect();
        for (number, groups) in numbers {
            for group in 0..groups {
                go_on()?;
                self.env.yield_now().await;
                self.compare_group(number, group, seen)?;
            }
            let state = self.state.borrow();
            let Some(live) = state.get(number) else { continue };
            if !live.secondary_agrees() {
                let what = "the secondary index does not match the rows".to_owned();
                seen.report.add(Problem { derived: true, ..Problem::of("secondary", &live.name, what) });
            }
            if let Some(what) = live.graph_disagrees() {
                let what = format!("the graph: {what}");
                seen.report.add(Problem { derived: true, ..Problem::of("graph", &live.name, what) });
            }
        }
        Ok(())
    }

    fn compare_group(&self, number: u32, group: usize, seen: &mut Seen) -> Result<()> {
        let state = self.state.borrow();
        let Some(live) = state.get(number) else { return Ok(()) };
        let (is_cut, last) = (seen.is_cut, seen.seq);
        let at = seen.collections.iter().position(|one| one.number == number);
        for slot in live.group_slots(group) {
            let Some(row) = live.row(slot) else { continue };
            seen.report.rows += 1;
            let stored = at.and_then(|at| seen.collections.get(at));
            let same = stored.is_some_and(|one| one.rows.contains(slot) && one.vectors.contains(slot));
            // Of writes that cannot be read nothing is known.
            if same || stored.is_none() || is_cut && row.seq > last {
                continue;
            }
            let what = format!("row '{:.80}' differs between storage and memory", row.id);
            let id = Some(row.id.to_string());
            seen.report.add(Problem {
                id,
                group: Some(group as u64),
                ..Problem::of("row", &live.name, what)
            });
        }
        if seen.damaged.contains(&(number, group)) {
            return Ok(());
        }
        let disagrees = match live.codes_disagree(group) {
            Ok(disagrees) => disagrees,
            // Vectors that are in storage and cannot be read: that is told of already, or will be.
            Err(cause) => damage(cause).map(|_| false)?,
        };
        if disagrees {
            let what = "codes do not match the vectors".to_owned();
            let problem = Problem::of("codes", &live.name, what);
            seen.report.add(Problem { derived: true, group: Some(group as u64), ..problem });
        }
        Ok(())
    }
}
