//! Vectors in a quarter of their bytes, for archives that say so: of each row the largest magnitude, as a float, and
//! every number as a share of it in steps of 1/127.

/// Bytes of a packed row.
fn row_bytes(dimension: usize) -> usize {
    size_of::<f32>() + dimension
}

/// Bytes of packed vectors that take so many as they are.
pub fn packed_bytes(bytes: usize, dimension: usize) -> usize {
    bytes / (dimension.max(1) * size_of::<f32>()) * row_bytes(dimension)
}

/// Packs little-endian floats, row after row.
pub fn pack(vectors: &[u8], dimension: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(packed_bytes(vectors.len(), dimension));
    for row in vectors.chunks_exact(dimension.max(1) * size_of::<f32>()) {
        let numbers = || row.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let most = numbers().fold(0.0f32, |most, number| most.max(number.abs()));
        // The numbers of a free slot mean nothing, and may be anything.
        let most = if most.is_finite() { most } else { 0.0 };
        out.extend_from_slice(&most.to_le_bytes());
        let steps = if most > 0.0 { 127.0 / most } else { 0.0 };
        out.extend(numbers().map(|number| (number * steps).round_ties_even() as i8 as u8));
    }
    out
}

/// The floats that come nearest; `None` when these are no packed rows.
pub fn unpack(packed: &[u8], dimension: usize) -> Option<Vec<u8>> {
    let rows = packed.chunks_exact(row_bytes(dimension));
    if dimension == 0 || !rows.remainder().is_empty() {
        return None;
    }
    let mut out = Vec::new();
    out.try_reserve_exact(rows.len() * dimension * size_of::<f32>()).ok()?;
    for row in rows {
        let (most, codes) = row.split_first_chunk()?;
        let step = f32::from_le_bytes(*most) / 127.0;
        if !step.is_finite() {
            return None;
        }
        out.extend(codes.iter().flat_map(|code| (f32::from(*code as i8) * step).to_le_bytes()));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    #[test]
    fn what_comes_back_differs_by_half_a_step_at_most() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        for dimension in [1, 3, 16, 100] {
            let rows: Vec<f32> = (0..dimension * 7).map(|_| rng.random_range(-3.0..5.0)).collect();
            let bytes: Vec<u8> = rows.iter().flat_map(|number| number.to_le_bytes()).collect();
            let packed = pack(&bytes, dimension);
            assert_eq!(packed.len(), packed_bytes(bytes.len(), dimension));
            let back = unpack(&packed, dimension).unwrap();
            let back: Vec<f32> =
                back.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            for (row, was) in back.chunks(dimension).zip(rows.chunks(dimension)) {
                let step = was.iter().fold(0.0f32, |most, number| most.max(number.abs())) / 127.0;
                for (number, was) in row.iter().zip(was) {
                    assert!((number - was).abs() <= step * 0.5001, "{number} {was} {step}");
                }
            }
        }
    }

    #[test]
    fn zeros_and_what_is_no_number_pack() {
        let rows = [0.0f32, -0.0, f32::NAN, f32::INFINITY];
        let bytes: Vec<u8> = rows.iter().flat_map(|number| number.to_le_bytes()).collect();
        assert_eq!(unpack(&pack(&bytes, 2), 2).unwrap().len(), bytes.len());
        assert_eq!(unpack(&[0; 7], 2), None);
        assert_eq!(unpack(&[], 0), None);
        let hostile = [&f32::INFINITY.to_le_bytes()[..], &[1, 2]].concat();
        assert_eq!(unpack(&hostile, 2), None);
    }
}
