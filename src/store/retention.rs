//! Which restore points a policy keeps: grandfather, father, son.

use super::database::Inner;
use super::env::Env;
use super::names;
use crate::error::Result;
use crate::format::retention::{Counts, RETENTION_BYTES, Said, decode_retention};
use crate::limits::{RETENTION_COUNT_MAX, RETENTION_DAYS_MAX};
use crate::sorted::SortedMap;
use crate::storage::Storage;

/// Milliseconds of a day.
pub(super) const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// How many points stay; 0 is no rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// The newest.
    pub last: u32,
    /// The last of so many days that have one. Days are those of UTC.
    pub daily: u32,
    /// The last of so many weeks, which begin on Monday.
    pub weekly: u32,
    /// The last of so many months.
    pub monthly: u32,
}

/// What is to be kept of the past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Of the snapshots, beside the newest two.
    pub snapshots: Keep,
    /// Of the archives that the catalog knows.
    pub archives: Keep,
    /// Every write of so many days can be gone back to.
    pub history_days: u32,
}

/// Stands for a policy that cannot be read: nothing goes, as nobody knows what is to stay.
const EVERYTHING: Retention = {
    let all = Keep { last: u32::MAX, daily: 0, weekly: 0, monthly: 0 };
    Retention { snapshots: all, archives: all, history_days: u32::MAX }
};

impl Retention {
    /// As it is stored.
    pub(super) fn counts(&self) -> Counts {
        let (a, b) = (&self.snapshots, &self.archives);
        [a.last, a.daily, a.weekly, a.monthly, b.last, b.daily, b.weekly, b.monthly, self.history_days]
    }

    fn of([a, b, c, d, e, f, g, h, history_days]: Counts) -> Retention {
        let keep = |last, daily, weekly, monthly| Keep { last, daily, weekly, monthly };
        Retention { snapshots: keep(a, b, c, d), archives: keep(e, f, g, h), history_days }
    }

    /// Whether such a policy can be stored.
    pub(super) fn is_within_bounds(&self) -> bool {
        let counts = self.counts();
        counts.iter().take(8).all(|count| *count <= RETENTION_COUNT_MAX)
            && self.history_days <= RETENTION_DAYS_MAX
    }

    /// Whether it stands for one that cannot be read.
    pub fn is_unreadable(&self) -> bool {
        self.history_days == u32::MAX
    }
}

/// Why a point stays: bits of [`select`], in the order of the fields of [`Keep`]; two more of snapshots.
pub const NEWEST: u8 = 1 << 4;
/// Every write of some days can be gone back to from it.
pub const HISTORY: u8 = 1 << 5;

/// Which rules keep each of some points, which come in order, oldest first, as milliseconds since 1970.
///
/// Days, weeks and months without a point do not count: who is away for a month finds what there was.
pub fn select(keep: &Keep, times: &[u64]) -> Vec<u8> {
    let mut why = vec![0; times.len()];
    for (rule, count) in [keep.last, keep.daily, keep.weekly, keep.monthly].into_iter().enumerate() {
        let (mut left, mut before) = (count, None);
        for (at, (why, time)) in why.iter_mut().zip(times).enumerate().rev() {
            let days = *time / DAY_MS;
            let period = Some(match rule {
                0 => at as u64,
                1 => days,
                // The first of January 1970 was a Thursday.
                2 => (days + 3) / 7,
                _ => month(days),
            });
            if period != before {
                if left == 0 {
                    break;
                }
                (left, before) = (left - 1, period);
                *why |= 1 << rule;
            }
        }
    }
    why
}

/// The number of the month of a day.
fn month(mut day: u64) -> u64 {
    // The calendar repeats every 400 years, which have so many days.
    let mut year = 1970 + day / 146_097 * 400;
    day %= 146_097;
    let leap = loop {
        let every = |years: u64| year.is_multiple_of(years);
        let leap = u64::from(every(4) && (!every(100) || every(400)));
        if day < 365 + leap {
            break leap;
        }
        day -= 365 + leap;
        year += 1;
    };
    let mut month = year * 12;
    for length in [31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    month
}

impl<S: Storage, E: Env> Inner<S, E> {
    /// Reads what is to be kept, where something was said about it: the newest file counts.
    pub(super) async fn load_retention(&self, files: &SortedMap<u64, u64>) -> Result<()> {
        for (&generation, &length) in files.iter().rev() {
            let end = length.min(RETENTION_BYTES as u64 + 1);
            let bytes = self.storage.read(&names::retention(generation), 0..end).await?;
            let database = self.disk.borrow().database;
            let policy = match decode_retention(&database, &bytes) {
                // It was never said: a crash came first.
                Said::Nothing => continue,
                Said::Counts(counts) => Retention::of(counts),
                Said::Damaged => EVERYTHING,
            };
            self.disk.borrow_mut().retention = Some(policy);
            break;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every day from 1970 on as (year, month, number of its week), by counting.
    fn calendar(days: usize) -> Vec<(u64, u64, u64)> {
        let is_leap =
            |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
        let (mut year, mut month, mut day, mut weekday, mut week) = (1970, 1, 1, 4, 0);
        let mut all = Vec::new();
        for _ in 0..days {
            all.push((year, month, week));
            let length = match month {
                2 => 28 + u64::from(is_leap(year)),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (day, month) = (1, month + 1);
            }
            if month > 12 {
                (month, year) = (1, year + 1);
            }
            weekday += 1;
            if weekday > 7 {
                (weekday, week) = (1, week + 1);
            }
        }
        all
    }

    #[test]
    fn months_and_weeks_are_those_of_the_calendar() {
        let days = calendar(300_000);
        for (day, (year, of_year, week)) in days.iter().enumerate() {
            assert_eq!(month(day as u64), year * 12 + of_year - 1, "day {day}");
            assert_eq!((day as u64 + 3) / 7, *week, "day {day}");
        }
        assert_eq!(days.last().unwrap().0, 2791);
        // The end of time as milliseconds has a month, too.
        assert!(month(u64::MAX / DAY_MS) > 12 * 500_000_000);
    }

    /// The obvious way: all points of a rule's last periods, and of each the last.
    fn oracle(keep: &Keep, times: &[u64], days: &[(u64, u64, u64)]) -> Vec<u8> {
        let mut why = vec![0; times.len()];
        let period = |rule: usize, at: usize| -> (u64, u64) {
            let day = (times[at] / DAY_MS) as usize;
            let (year, month, week) = days[day];
            [(at as u64, 0), (day as u64, 0), (week, 0), (year, month)][rule]
        };
        for (rule, count) in [keep.last, keep.daily, keep.weekly, keep.monthly].into_iter().enumerate() {
            let mut periods: Vec<(u64, u64)> = (0..times.len()).map(|at| period(rule, at)).collect();
            periods.dedup();
            let kept = periods.split_off(periods.len().saturating_sub(count as usize));
            for (at, why) in why.iter_mut().enumerate() {
                let is_last = at + 1 == times.len() || period(rule, at + 1) != period(rule, at);
                if is_last && kept.contains(&period(rule, at)) {
                    *why |= 1 << rule;
                }
            }
        }
        why
    }

    #[test]
    fn what_is_kept_is_what_the_obvious_way_keeps() {
        use rand::{Rng, SeedableRng};
        let days = calendar(40_000);
        let mut kept = 0;
        for seed in 0..3_000 {
            let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
            let mut now = rng.random_range(0..60 * 365 * DAY_MS);
            let step = [DAY_MS / 5, DAY_MS * 2, DAY_MS * 20][rng.random_range(0..3)];
            let times: Vec<u64> = (0..rng.random_range(0..80))
                .map(|_| {
                    now += rng.random_range(0..step);
                    now
                })
                .collect();
            let mut count = |most: u32| if rng.random_bool(0.3) { 0 } else { rng.random_range(0..most) };
            let keep = Keep { last: count(9), daily: count(12), weekly: count(9), monthly: count(20) };
            let why = select(&keep, &times);
            assert_eq!(why, oracle(&keep, &times, &days), "seed {seed}: {keep:?}");
            kept += why.iter().filter(|why| **why != 0).count();
        }
        assert!(kept > 10_000, "{kept}");
    }

    #[test]
    fn a_clock_that_jumps_loses_no_more_than_the_counts_say() {
        let keep = Keep { last: 0, daily: 3, weekly: 0, monthly: 0 };
        assert!(select(&keep, &[]).is_empty());
        let times = [9, 1, 1, 5, 4, 4].map(|day| day * DAY_MS);
        assert_eq!(select(&keep, &times), [0, 0, 2, 2, 0, 2]);
        assert_eq!(select(&keep, &[u64::MAX, 0]), [2, 2]);
    }
}
