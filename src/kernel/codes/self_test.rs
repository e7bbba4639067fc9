//! The properties of the functions on codes, as a function rather than a test, for the reason given in the
//! kernel's own. Sums of integers are exact, so every implementation has to give the oracle's to the last bit;
//! only what coding itself loses has a bound.

use super::super::self_test::Random;
use super::{ByteQuery, CodeKernel, Terms, bits_of_row, bytes_of_row, code_implementations};
use super::{encode_bits, encode_bytes, encode_signs, hamming};

/// Lengths beside 1 to 70: typical ones, more than bits can be counted in bytes, and the largest there is.
const LENGTHS: [usize; 7] = [96, 100, 384, 768, 1536, 4100, 16_384];
/// Kinds of codes, see [`code`].
const KINDS: u32 = 4;
/// Rows of a case: two fours and three more.
const ROWS: usize = 11;
/// What lies behind the outputs.
const UNTOUCHED: f32 = 12345.0;

/// Checks every implementation and the coding itself, on numbers drawn from `seed`.
pub(crate) fn self_test(seed: u64) -> Result<u32, String> {
    let mut cases = 0;
    for length in (0..=70).chain(LENGTHS) {
        for kind in 0..KINDS {
            let mut random = Random::new(seed, kind, length);
            for kernel in code_implementations() {
                let name = kernel.name;
                cases += products(&kernel, length, kind, &mut random)
                    .and_then(|products| Ok(products + distances(&kernel, length, kind, &mut random)?))
                    .map_err(|what| format!("{name} codes, length {length}, kind {kind}: {what}"))?;
            }
            cases += coding(length, kind, &mut random)
                .map_err(|what| format!("coding, length {length}, kind {kind}: {what}"))?;
        }
    }
    Ok(cases)
}

/// Extremes in kind 0 and 1, one sign in kind 1, anything in the others.
fn code(kind: u32, random: &mut Random) -> i8 {
    match kind {
        0 => [-127, 127, -128][random.below(3)],
        1 => 127,
        _ => random.next() as i8,
    }
}

/// Rows at some alignment, one after another with some bytes between that no sum may hold.
struct Rows {
    buffer: Vec<i8>,
    before: usize,
    width: usize,
    stride: usize,
}

impl Rows {
    fn new(length: usize, kind: u32, random: &mut Random) -> Rows {
        let (before, width) = (random.below(16), bytes_of_row(length));
        let stride = width + random.below(20);
        let mut buffer = vec![77; before + ROWS * stride + 64];
        for row in 0..ROWS {
            for at in 0..width {
                buffer[before + row * stride + at] = if at < length { code(kind, random) } else { 0 };
            }
        }
        Rows { buffer, before, width, stride }
    }

    fn row(&self, row: usize) -> &[i8] {
        &self.buffer[self.before + row * self.stride..][..self.width]
    }

    fn four(&self, first: usize) -> [&[i8]; 4] {
        // In an order of its own: the rows of a call lie anywhere.
        [self.row(first + 2), self.row(first), self.row(first + 3), self.row(first + 1)]
    }

    fn sums(&self, first: usize) -> [i32; 4] {
        self.four(first).map(|row| row.iter().map(|code| i32::from(*code)).sum())
    }
}

/// The sum of products in i64.
fn oracle<Q: Copy + Into<i64>>(query: &[Q], row: &[i8]) -> i64 {
    query.iter().zip(row).map(|(query, code)| (*query).into() * i64::from(*code)).sum()
}

/// One function in both its forms, with queries that `number` draws.
fn agree<Q: Copy + Into<i64>>(
    rows: &Rows,
    query: &[Q],
    one: fn(&[Q], &[i8]) -> i32,
    four: fn(&[Q], [&[i8]; 4]) -> [i32; 4],
) -> Result<u32, String> {
    for first in 0..ROWS - 3 {
        let got = four(query, rows.four(first));
        let exact = rows.four(first).map(|row| oracle(query, row));
        if got.map(i64::from) != exact {
            return Err(format!("four rows from {first}: got {got:?}, expected {exact:?}"));
        }
        let (got, exact) = (one(query, rows.row(first)), oracle(query, rows.row(first)));
        if i64::from(got) != exact {
            return Err(format!("row {first}: got {got}, expected {exact}"));
        }
    }
    // The shortest counts, in whole steps.
    let (shorter, four_rows) = (rows.width / 2, rows.four(0));
    let shortened = [four_rows[0], four_rows[1], &four_rows[2][..shorter], four_rows[3]];
    let exact = four_rows.map(|row| oracle(&query[..shorter / 16 * 16], row));
    let got = four(query, shortened);
    if got.map(i64::from) != exact || one(&[], rows.row(0)) != 0 {
        return Err(format!("a shorter row: got {got:?}, expected {exact:?}"));
    }
    Ok(5 * (ROWS as u32 - 3) + 5)
}

/// Compares sums of products with the oracle.
fn products(kernel: &CodeKernel, length: usize, kind: u32, random: &mut Random) -> Result<u32, String> {
    let rows = Rows::new(length, kind, random);
    let largest = (i32::MAX as usize / (128 * rows.width.max(1))).min(32_767) as i32;
    let wide: Vec<i16> = (0..rows.width)
        .map(|_| match kind {
            0 => [-largest, largest][random.below(2)] as i16,
            1 => largest as i16,
            _ => (random.next() as i32 % largest) as i16,
        })
        .collect();
    let narrow: Vec<u8> =
        (0..rows.width).map(|_| if kind < 2 { 127 } else { random.below(128) as u8 }).collect();
    Ok(agree(&rows, &wide, kernel.wide, kernel.wide4)?
        + agree(&rows, &narrow, kernel.narrow, kernel.narrow4)?)
}

/// Compares Hamming distances with bits counted one by one.
fn distances(kernel: &CodeKernel, length: usize, kind: u32, random: &mut Random) -> Result<u32, String> {
    // Any bytes are rows of bits.
    let rows = Rows::new(length, kind, random);
    let as_bits = |codes: &[i8]| -> Vec<u8> { codes.iter().map(|code| *code as u8).collect() };
    let buffer = as_bits(&rows.buffer);
    let query: Vec<u8> = match kind {
        1 => vec![0x80; rows.width],
        _ => (0..rows.width).map(|_| random.next() as u8).collect(),
    };
    let exact = |row: &[u8]| -> u32 {
        let differing = query.iter().zip(row).map(|(query, row)| query ^ row);
        differing.map(|byte| (0..8).filter(|bit| byte >> bit & 1 == 1).count() as u32).sum()
    };

    let last = rows.before + (ROWS - 1) * rows.stride + rows.width;
    for count in [0, 1, 3, 4, 7, 8, ROWS] {
        let mut out = [UNTOUCHED; ROWS + 2];
        // As many rows as fit, or as are asked for.
        if rows.stride > 0 {
            (kernel.hamming_scores)(&query, &buffer[rows.before..last], rows.stride, &mut out[..count]);
        } else {
            out[..count].fill(0.0);
        }
        for (at, got) in out.iter().enumerate() {
            let expected = if at < count { -(exact(&as_bits(rows.row(at))) as f32) } else { UNTOUCHED };
            if *got != expected {
                return Err(format!("distance {at} of {count}: got {got}, expected {expected}"));
            }
        }
    }
    let mut out = [UNTOUCHED; ROWS + 2];
    if rows.width > 0 {
        (kernel.hamming_scores)(&query, &buffer[rows.before..last], rows.stride, &mut out);
        if out[ROWS - 1] == UNTOUCHED || out[ROWS..] != [UNTOUCHED; 2] {
            return Err(format!("wrote another number of distances than there are rows: {out:?}"));
        }
    }

    for first in 0..ROWS - 3 {
        let four = rows.four(first).map(as_bits);
        let (got, expected) =
            (four.each_ref().map(|row| hamming(&query, row)), four.each_ref().map(|row| exact(row)));
        if got != expected {
            return Err(format!("four distances from {first}: got {got:?}, expected {expected:?}"));
        }
    }
    Ok(34 + 4 * (ROWS as u32 - 3))
}

/// Coding and what [`ByteQuery`] makes of it, as this build does it.
fn coding(length: usize, kind: u32, random: &mut Random) -> Result<u32, String> {
    // Numbers like those of embeddings, then of one size, tiny (denormal too), and with zeros.
    let vector: Vec<f32> = (0..length)
        .map(|_| match kind {
            0 => random.number(0),
            1 => random.number(0).signum() * 0.5,
            2 => random.number(6),
            _ => random.number(0).max(0.0),
        })
        .collect();
    let largest = vector.iter().fold(0.0f32, |found, value| found.max(value.abs()));

    let mut codes = vec![55; bytes_of_row(length)];
    let (scale, sum) = encode_bytes(&vector, &mut codes);
    if scale != largest / 127.0 || sum != codes.iter().map(|code| i32::from(*code)).sum::<i32>() {
        return Err(format!("scale {scale:e} and sum {sum} of {largest:e}"));
    }
    if codes[length..].iter().any(|code| *code != 0) || codes.contains(&-128) {
        return Err("padding is not 0, or a code is -128".to_string());
    }
    // Numbers around the smallest there is have no inverse; all others lose half a step.
    let lost = 0.5001 * f64::from(scale);
    let tiny = largest < 1e-35;
    for (value, code) in vector.iter().zip(&codes) {
        if !tiny && (f64::from(*code) * f64::from(scale) - f64::from(*value)).abs() > lost {
            return Err(format!("{value:e} has become {code} x {scale:e}"));
        }
    }

    let mut signs = vec![u64::MAX; codes.len().div_ceil(64)];
    let bytes: Vec<u8> = codes.iter().map(|code| *code as u8).collect();
    encode_signs(&bytes, &mut signs);
    for at in 0..64 * signs.len() {
        if (signs[at / 64] >> (at % 64) & 1 == 1) != codes.get(at).is_some_and(|code| *code < 0) {
            return Err(format!("sign {at} of the codes is wrong"));
        }
    }

    let mut bits = vec![0xaa; bits_of_row(length)];
    encode_bits(&vector, &mut bits);
    for (at, bit) in (0..8 * bits.len()).map(|at| (at, bits[at / 8] >> (at % 8) & 1 == 1)) {
        if bit != vector.get(at).is_some_and(|value| *value > 0.0) {
            return Err(format!("bit {at} is {bit}"));
        }
    }

    // A query that is set again has to forget what it was.
    let mut query = ByteQuery::new();
    query.set_from_codes(&[13; 33], 1.0);
    query.set(&[1.0, -0.5, 0.25]);
    let rows = Rows::new(length, 2, random);

    for precisely in [false, true] {
        if precisely {
            query.set_precisely(&vector)
        } else {
            query.set(&vector)
        }
        for (row, got) in answers(&query, &rows)? {
            // Half a step of the query for each code of the row.
            let exact = vector.iter().zip(row).map(|(value, code)| f64::from(*value) * f64::from(*code));
            let magnitude: f64 = row.iter().map(|code| f64::from(code.unsigned_abs())).sum();
            let (got, exact) = (f64::from(got) * f64::from(query.scale()), exact.sum::<f64>());
            if !tiny && (got - exact).abs() > 0.5001 * f64::from(query.scale()) * magnitude {
                return Err(format!(
                    "a product is {got:e}, expected {exact:e}, at scale {:e}",
                    query.scale()
                ));
            }
        }
    }

    for precisely in [false, true] {
        if precisely {
            query.set_precisely(&vector)
        } else {
            query.set(&vector)
        }
        records(&query, length, kind, random)?;
    }

    query.set_from_codes(&codes, scale);
    for (row, got) in answers(&query, &rows)? {
        let exact = oracle(&codes, row);
        if i64::from(got) != exact || query.scale() != scale {
            return Err(format!("a product of rows is {got}, expected {exact}"));
        }
    }

    Ok(3 * 5 * (ROWS as u32 - 3) + 2 * length as u32)
}

/// Compares scores of records with what the products of their codes and the numbers behind them give.
fn records(query: &ByteQuery, length: usize, kind: u32, random: &mut Random) -> Result<(), String> {
    let width = bytes_of_row(length);
    let stride = width + 16 + 16 * random.below(2);
    let terms = Terms { factor: random.number(0), base: random.number(0) };
    let (mut bytes, mut expected) = (Vec::new(), Vec::new());
    for row in 0..ROWS {
        let codes: Vec<i8> = (0..width).map(|at| if at < length { code(kind, random) } else { 0 }).collect();
        let sum = codes.iter().map(|code| i32::from(*code)).sum::<i32>();
        let (factor, base) = (random.number(0), random.number(0));
        let product = query.dot(&codes, sum) as f32;
        expected.push(terms.factor * factor * product - (terms.base + base));
        bytes.extend(codes.iter().map(|code| *code as u8));
        bytes.extend(sum.to_le_bytes().iter().chain(&factor.to_le_bytes()).chain(&base.to_le_bytes()));
        bytes.resize((row + 1) * stride, 77);
    }
    // As many as are asked for, as there are, or as are whole.
    let whole = width + 16;
    let cut = (ROWS - 1) * stride + whole;
    let cases = (0..=ROWS).map(|count| (bytes.len(), count, count));
    for (end, asked, count) in cases.chain([(cut, ROWS + 2, ROWS), (cut - 1, ROWS + 2, ROWS - 1)]) {
        let mut scores = [UNTOUCHED; ROWS + 2];
        query.score_records(terms, &bytes[..end], stride, &mut scores[..asked]);
        for (at, got) in scores.iter().enumerate() {
            let expected = if at < count { expected[at] } else { UNTOUCHED };
            if got.to_bits() != expected.to_bits() {
                return Err(format!("record {at} of {count}: got {got:e}, expected {expected:e}"));
            }
        }
    }
    Ok(())
}

/// What a query says of all rows, once it has said the same in both ways.
fn answers<'a>(query: &ByteQuery, rows: &'a Rows) -> Result<Vec<(&'a [i8], i32)>, String> {
    let mut answers = Vec::new();
    for first in 0..ROWS - 3 {
        let (four, sums) = (rows.four(first), rows.sums(first));
        let together = query.dot4(four, sums);
        let [a, b, c, d] = four;
        let eight = query.moved8([a, b, c, d, d, c, b, a]);
        for at in 0..4 {
            let among_eight = eight[at].wrapping_sub(sums[at].wrapping_mul(query.moved()));
            if among_eight != together[at] || eight[7 - at] != eight[at] {
                return Err(format!("four rows give {}, eight rows give {among_eight}", together[at]));
            }
            let alone = query.dot(four[at], sums[at]);
            if alone != together[at] {
                return Err(format!("one row gives {alone}, four rows give {}", together[at]));
            }
            answers.push((four[at], alone));
        }
    }
    Ok(answers)
}
