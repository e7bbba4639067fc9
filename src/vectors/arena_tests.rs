//! Tests of the arena in memory.

use super::Vectors;
use crate::error::Kind;
use crate::limits::ROWS_MAX;

fn filled(rows: usize, dimension: usize) -> Vectors {
    let mut vectors = Vectors::new(dimension);
    for slot in 0..rows {
        vectors.set(slot as u32, &vec![slot as f32; dimension]).unwrap();
    }
    vectors
}

#[test]
fn rows_and_groups_show_what_was_written() {
    for rows in [0, 1, 16, 17, 1023, 1024, 1025, 2 * 1024, 3000] {
        let mut vectors = filled(rows, 3);
        assert_eq!((vectors.len(), vectors.is_empty()), (rows, rows == 0));
        assert_eq!(vectors.group_count(), rows.div_ceil(1024));
        let all: Vec<f32> = (0..vectors.group_count()).flat_map(|g| vectors.group(g).to_vec()).collect();
        let expected: Vec<f32> = (0..rows).flat_map(|slot| [slot as f32; 3]).collect();
        assert_eq!(all, expected);
        assert_eq!(vectors.group(vectors.group_count()), &[] as &[f32]);
        for slot in 0..rows as u32 {
            assert_eq!(vectors.row(slot), Some(&[slot as f32; 3][..]));
        }
        assert_eq!(vectors.row(rows as u32), None);
        assert_eq!(vectors.row(u32::MAX), None);
        if rows > 0 {
            vectors.set(rows as u32 / 2, &[-1.0, -2.0, -3.0]).unwrap();
            assert_eq!(vectors.row(rows as u32 / 2), Some(&[-1.0, -2.0, -3.0][..]));
            assert_eq!(vectors.len(), rows);
        }
    }
}

#[test]
fn wrong_calls_are_refused_and_change_nothing() {
    let mut vectors = filled(5, 2);
    for (slot, vector) in [(5, &[1.0][..]), (0, &[1.0, 2.0, 3.0]), (6, &[1.0, 2.0]), (u32::MAX, &[1.0, 2.0])]
    {
        assert_eq!(vectors.set(slot, vector).unwrap_err().kind, Kind::Invalid);
    }
    assert_eq!(vectors.reserve(ROWS_MAX).unwrap_err().kind, Kind::Invalid);
    assert_eq!(vectors.reserve(usize::MAX).unwrap_err().kind, Kind::Invalid);
    assert_eq!((vectors.len(), vectors.row(0)), (5, Some(&[0.0, 0.0][..])));
}

#[test]
fn memory_follows_the_rows() {
    let row = 4 * 384;
    assert!(filled(3, 384).memory_bytes() <= 16 * row + 1024);
    assert!(filled(17, 384).memory_bytes() <= 64 * row + 1024);
    assert!(filled(1025, 384).memory_bytes() <= (1024 + 16) * row + 1024);
}

#[test]
fn a_reserved_row_moves_nothing() {
    let mut vectors = filled(1000, 4);
    vectors.reserve(2000).unwrap();
    let before = vectors.memory_bytes();
    assert_eq!((vectors.len(), vectors.group_count()), (1000, 1));
    for slot in 1000..3000 {
        vectors.set(slot, &[slot as f32; 4]).unwrap();
    }
    assert_eq!(vectors.memory_bytes(), before);
    assert_eq!(vectors.row(2999), Some(&[2999.0; 4][..]));
}
