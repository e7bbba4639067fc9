//! Tests of row groups in storage, against an arena that has everything in memory.

use super::{Place, ReadStored, Vectors};
use crate::error::{Error, Kind, Result};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

const DIMENSION: usize = 5;

/// Blocks files in memory; reads are counted, and can be made to fail.
#[derive(Default)]
struct Files {
    files: RefCell<BTreeMap<u64, Vec<u8>>>,
    reads: Cell<usize>,
    broken: Cell<bool>,
}

impl ReadStored for Files {
    fn read_stored(&self, place: Place, out: &mut [u8]) -> Result<()> {
        self.reads.set(self.reads.get() + 1);
        if self.broken.get() {
            return Err(Error::new(Kind::Unavailable, "broken"));
        }
        let files = self.files.borrow();
        let start = place.offset as usize;
        let bytes = files.get(&place.generation).and_then(|file| file.get(start..start + out.len()));
        out.copy_from_slice(bytes.ok_or_else(|| Error::corrupt("short"))?);
        Ok(())
    }

    fn verify_stored(&self, _: Place, _: &[u8]) -> Result<()> {
        Ok(())
    }
}

impl Files {
    /// What a checkpoint does: writes the groups (all, or those that changed) and leaves them there.
    fn checkpoint(&self, generation: u64, vectors: &mut Vectors) {
        let mut file = vec![0; 80];
        let mut places = Vec::new();
        for group in 0..vectors.group_count() {
            let mut scratch = Vec::new();
            let rows = vectors.group_in(group, &mut scratch).unwrap();
            file.extend([0; 32]);
            places.push(Place { generation, offset: file.len() as u64 });
            file.extend_from_slice(bytemuck::cast_slice(rows));
        }
        self.files.borrow_mut().insert(generation, file);
        vectors.leave(places.into_iter());
        self.files.borrow_mut().retain(|file, _| *file == generation);
    }
}

fn pair(files: &Rc<Files>) -> (Vectors, Vectors) {
    let mut codes = Vectors::new(DIMENSION);
    codes.attach(files.clone());
    (Vectors::new(DIMENSION), codes)
}

fn same(full: &Vectors, codes: &Vectors, what: &str) {
    assert_eq!(full.len(), codes.len(), "{what}");
    let mut scratch = Vec::new();
    for group in 0..=full.group_count() {
        assert_eq!(full.group(group), codes.group_in(group, &mut scratch).unwrap(), "{what}: group {group}");
    }
    for slot in (0..full.len() as u32).step_by(97).chain(full.len().checked_sub(1).map(|last| last as u32)) {
        let mut row = [0.0; DIMENSION];
        codes.read_row(slot, &mut row).unwrap();
        assert_eq!(full.row(slot).unwrap(), row, "{what}: slot {slot}");
    }
}

#[test]
fn rows_in_storage_are_the_rows_that_were_in_memory() {
    for seed in 0..6 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let files = Rc::new(Files::default());
        let (mut full, mut codes) = pair(&files);
        for step in 0..12 {
            for _ in 0..rng.random_range(0..2000) {
                let slot = rng.random_range(0..=full.len() as u32);
                let slot = if rng.random_bool(0.5) { full.len() as u32 } else { slot };
                let vector: Vec<f32> = (0..DIMENSION).map(|_| rng.random()).collect();
                full.set(slot, &vector).unwrap();
                codes.set(slot, &vector).unwrap();
            }
            same(&full, &codes, &format!("seed {seed} step {step}, before"));
            match rng.random_range(0..4) {
                0 => codes.make_resident().unwrap(),
                1 => {}
                _ => {
                    codes.reserve(20_000).unwrap();
                    files.checkpoint(step + 1, &mut codes);
                    assert_eq!(codes.leavable_bytes(), 0);
                    let full_groups = codes.len() / 1024;
                    assert_eq!(codes.has_stored(), full_groups > 0);
                    assert!(codes.memory_bytes() < (1024 * DIMENSION + 400 + full_groups * 24) * 4);
                }
            }
            same(&full, &codes, &format!("seed {seed} step {step}, after"));
        }
    }
}

#[test]
fn a_changed_row_needs_no_read_and_only_its_own_memory() {
    let files = Rc::new(Files::default());
    let (_, mut codes) = pair(&files);
    for slot in 0..10 * 1024 {
        codes.set(slot, &[slot as f32; DIMENSION]).unwrap();
    }
    files.checkpoint(1, &mut codes);
    let (before, reads) = (codes.memory_bytes(), files.reads.get());
    files.broken.set(true);
    codes.reserve_changes(10).unwrap();
    let reserved = codes.memory_bytes();
    for group in 0..10 {
        codes.set(group * 1024 + 7, &[-1.0; DIMENSION]).unwrap();
        codes.set(group * 1024 + 7, &[-2.0; DIMENSION]).unwrap();
        assert_eq!(codes.row(group * 1024 + 7), Some(&[-2.0; DIMENSION][..]));
        assert!(codes.is_changed(group * 1024 + 7) && !codes.is_changed(group * 1024 + 8));
        assert_eq!(codes.row(group * 1024 + 8), None, "in storage");
    }
    assert_eq!(files.reads.get(), reads);
    assert_eq!(codes.leavable_bytes(), 10 * DIMENSION * 4);
    // What was reserved sufficed: only the table of slots grew.
    assert!(
        codes.memory_bytes() - reserved <= 10 * 16
            && codes.memory_bytes() - before < 64 * DIMENSION * 4 + 200
    );
    assert_eq!(codes.read_row(8, &mut [0.0; DIMENSION]).unwrap_err().kind, Kind::Unavailable);
    assert_eq!(codes.group_in(0, &mut Vec::new()).unwrap_err().kind, Kind::Unavailable);
    assert_eq!(codes.make_resident().unwrap_err().kind, Kind::Unavailable);
    files.broken.set(false);
    let mut row = [0.0; DIMENSION];
    codes.read_row(1024 + 7, &mut row).unwrap();
    assert_eq!(row, [-2.0; DIMENSION]);
    codes.read_row(1024 + 8, &mut row).unwrap();
    assert_eq!(row, [1032.0; DIMENSION]);
}

#[test]
fn a_short_read_is_an_error_and_nothing_is_read_past_the_end() {
    let files = Rc::new(Files::default());
    let (_, mut codes) = pair(&files);
    for slot in 0..1500 {
        codes.set(slot, &[slot as f32; DIMENSION]).unwrap();
    }
    files.checkpoint(1, &mut codes);
    for slot in [1500, 2047, 2048, u32::MAX] {
        assert_eq!(codes.read_row(slot, &mut [0.0; DIMENSION]).unwrap_err().kind, Kind::Invalid, "{slot}");
    }
    assert_eq!(codes.read_row(0, &mut [0.0; DIMENSION - 1]).unwrap_err().kind, Kind::Invalid);
    assert_eq!(codes.read_row(1400, &mut [0.0; DIMENSION - 1]).unwrap_err().kind, Kind::Invalid);
    let length = files.files.borrow()[&1].len();
    files.files.borrow_mut().get_mut(&1).unwrap().truncate(80 + 32 + 1023 * DIMENSION * 4);
    assert!(length > 1024 * DIMENSION * 4);
    assert_eq!(codes.read_row(1023, &mut [0.0; DIMENSION]).unwrap_err().kind, Kind::Corrupt);
    assert_eq!(codes.group_in(0, &mut Vec::new()).unwrap_err().kind, Kind::Corrupt);
    codes.read_row(1022, &mut [0.0; DIMENSION]).unwrap();
}

#[test]
fn without_a_reader_everything_stays_in_memory() {
    let mut vectors = Vectors::new(DIMENSION);
    for slot in 0..2048 {
        vectors.set(slot, &[slot as f32; DIMENSION]).unwrap();
    }
    let places = || std::iter::repeat_n(Place { generation: 1, offset: 112 }, 2);
    vectors.leave(places());
    vectors.leave_last(Place { generation: 1, offset: 112 });
    assert!(!vectors.has_stored());
    assert_eq!(vectors.add_stored(Place { generation: 1, offset: 112 }).unwrap_err().kind, Kind::Invalid);
    assert_eq!(vectors.row(2047), Some(&[2047.0; DIMENSION][..]));
}

#[test]
fn groups_are_added_without_reading_them() {
    let files = Rc::new(Files::default());
    let (_, mut source) = pair(&files);
    for slot in 0..2100 {
        source.set(slot, &[slot as f32; DIMENSION]).unwrap();
    }
    files.checkpoint(3, &mut source);
    let reads = files.reads.get();
    let (_, mut codes) = pair(&files);
    codes.reserve(2100).unwrap();
    for group in 0..2 {
        codes.add_stored(source.place(group).unwrap()).unwrap();
    }
    codes.load_group(bytemuck::cast_slice(source.group(2))).unwrap();
    assert_eq!(files.reads.get(), reads);
    assert_eq!(
        codes.add_stored(source.place(0).unwrap()).unwrap_err().kind,
        Kind::Invalid,
        "the last is not full"
    );
    let mut full = Vectors::new(DIMENSION);
    for slot in 0..2100 {
        full.set(slot, &[slot as f32; DIMENSION]).unwrap();
    }
    same(&full, &codes, "added");
}
