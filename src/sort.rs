//! Putting integers in order, all of them or only some places. The library's own `sort_unstable` and
//! `select_nth_unstable` are 4 KB of every download, most of it for kinds of input that do not occur here.
//!
//! Quicksort (Hoare, 1961), which looks only where an order is asked for, so that it is quickselect as well; when it
//! went astray too often, heapsort.

use std::ops::Range;

/// Lists up to this long are ordered by insertion: the links of a node, most of which are in order already, are.
const SHORT: usize = 40;

/// Puts the keys in order, the least first.
pub fn sort(keys: &mut [u64]) {
    settle(keys, 0..keys.len());
}

/// Brings what belongs in the `places`, if all were in order, there; what belongs before is before them, what belongs
/// behind is behind. In linear time for one place.
pub fn settle(keys: &mut [u64], places: Range<usize>) {
    let depth = 2 * (usize::BITS - keys.len().leading_zeros());
    quick(keys, places, depth);
}

fn quick(mut keys: &mut [u64], mut places: Range<usize>, mut depth: u32) {
    while places.start < places.end.min(keys.len()) {
        if keys.len() <= SHORT {
            return insert(keys);
        }
        if depth == 0 {
            return heap(keys);
        }
        depth -= 1;
        let middle = split(keys);
        let (less, rest) = keys.split_at_mut(middle);
        quick(less, places.clone(), depth);
        // The one in the middle is where it belongs.
        let Some((_, more)) = rest.split_first_mut() else { return };
        keys = more;
        places = places.start.saturating_sub(middle + 1)..places.end.saturating_sub(middle + 1);
    }
}

/// Takes one of the keys for a measure, and puts what is less before it; says where it came to stand.
fn split(keys: &mut [u64]) -> usize {
    let last = keys.len() - 1;
    let (one, other) = (keys.len() / 4, keys.len() / 2);
    // The one in the middle of three goes to the end, while the rest are compared with it.
    if keys[one] > keys[other] {
        keys.swap(one, other);
    }
    if keys[other] < keys[last] {
        keys.swap(other, last);
    }
    if keys[last] < keys[one] {
        keys.swap(one, last);
    }
    let measure = keys[last];
    let mut less = 0;
    let first = keys.as_mut_ptr();
    for at in 0..last {
        // Without a branch: which way it goes cannot be foreseen.
        // SAFETY: `less` is at most `at`, which is less than the length.
        unsafe {
            let key = *first.add(at);
            *first.add(at) = *first.add(less);
            *first.add(less) = key;
            less += usize::from(key < measure);
        }
    }
    keys.swap(less, last);
    less
}

fn insert(keys: &mut [u64]) {
    let first = keys.as_mut_ptr();
    for end in 1..keys.len() {
        // SAFETY: `at` is at most `end`, which is less than the length.
        unsafe {
            let key = *first.add(end);
            let mut at = end;
            while at > 0 && *first.add(at - 1) > key {
                *first.add(at) = *first.add(at - 1);
                at -= 1;
            }
            *first.add(at) = key;
        }
    }
}

fn heap(keys: &mut [u64]) {
    for top in (0..keys.len() / 2).rev() {
        sink(keys, top);
    }
    for end in (1..keys.len()).rev() {
        keys.swap(0, end);
        sink(&mut keys[..end], 0);
    }
}

/// Lets a key sink to where nothing below it is greater.
fn sink(keys: &mut [u64], mut top: usize) {
    loop {
        let mut child = 2 * top + 1;
        if child + 1 < keys.len() && keys[child] < keys[child + 1] {
            child += 1;
        }
        if child >= keys.len() || keys[top] >= keys[child] {
            return;
        }
        keys.swap(top, child);
        top = child;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    /// Lists of all kinds: anyhow, sorted, backwards, with few different keys, like an organ's pipes, and one that leads
    /// every choice of a measure astray.
    fn lists() -> Vec<Vec<u64>> {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let mut lists = Vec::new();
        for length in (0..70).chain([100, 257, 1000, 5000]) {
            lists.push((0..length).map(|_| random.random()).collect());
            lists.push((0..length).collect());
            lists.push((0..length).rev().collect());
            lists.push((0..length).map(|_| random.random_range(0..3)).collect());
            lists.push((0..length).map(|at| at.min(length - at)).collect());
        }
        lists
    }

    #[test]
    fn sorts_as_the_library_does() {
        for mut list in lists() {
            let mut expected = list.clone();
            expected.sort_unstable();
            let mut by_heap = list.clone();
            heap(&mut by_heap);
            sort(&mut list);
            assert!(list == expected && by_heap == expected, "{} keys", list.len());
        }
    }

    #[test]
    fn settles_the_places_that_are_asked_for() {
        for list in lists() {
            let mut expected = list.clone();
            expected.sort_unstable();
            for place in (0..list.len()).step_by(1 + list.len() / 9) {
                let mut settled = list.clone();
                settle(&mut settled, place..place + 1);
                assert_eq!(settled[place], expected[place]);
                assert!(settled[..place].iter().all(|key| *key <= expected[place]));
                assert!(settled[place..].iter().all(|key| *key >= expected[place]));
                let mut ahead = list.clone();
                settle(&mut ahead, 0..place);
                assert_eq!(ahead[..place], expected[..place]);
            }
        }
    }

    #[test]
    fn a_list_that_leads_it_astray_is_sorted_by_heap() {
        let mut list: Vec<u64> = vec![7; 3000];
        quick(&mut list, 0..3000, 0);
        let mut backwards: Vec<u64> = (0..3000).rev().collect();
        quick(&mut backwards, 0..3000, 1);
        assert!(backwards.is_sorted());
    }
}
