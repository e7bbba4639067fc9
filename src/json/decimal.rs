//! Decimal numbers to the nearest double, ties to even, without tables: those of the usual methods are 10 KB
//! that do not compress.

/// The double nearest to `digits` x 10^`exponent`; infinite beyond the largest. `digits` are ASCII.
pub fn nearest(digits: &[u8], exponent: i32) -> f64 {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    let digits = digits.get(zeros..).unwrap_or_default();
    // More digits than this cannot decide anything but that there are some.
    const DIGITS_MAX: usize = 800;
    let dropped = digits.len().saturating_sub(DIGITS_MAX);
    let exponent = exponent.saturating_add(dropped as i32);
    let (digits, rest) = digits.split_at(digits.len() - dropped);
    let inexact = rest.iter().any(|digit| *digit != b'0');
    match digits.len() as i32 + exponent.clamp(-10_000, 10_000) {
        _ if digits.is_empty() => 0.0,
        ..-330 => 0.0,
        310.. => f64::INFINITY,
        _ => match digits.len() {
            ..=19 => short(digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')), exponent),
            _ => long(digits, exponent, inexact),
        },
    }
}

/// As [`nearest`], for `mantissa` x 10^`exponent`. The mantissa is not zero, the exponent not absurd.
pub(super) fn short(mantissa: u64, exponent: i32) -> f64 {
    let power = exponent.unsigned_abs();
    // Both sides are doubles exactly, so the one operation rounds once.
    if mantissa >> 53 == 0 && power <= 19 {
        let power = 10u64.pow(power) as f64;
        return if exponent < 0 { mantissa as f64 / power } else { mantissa as f64 * power };
    }
    // 5^27 is the last that fits 63 bits, so both operations are exact in 128.
    if power > 27 {
        return long(mantissa.to_string().as_bytes(), exponent, false);
    }
    let five = 5u64.pow(power);
    if exponent >= 0 {
        return round(u128::from(mantissa) * u128::from(five), exponent, false);
    }
    // Divided by hand, 64 bits and then 64 bits one by one: the library's division of 128 bits is 1 KB of wasm.
    let zeros = mantissa.leading_zeros();
    let normal = mantissa << zeros;
    let (mut quotient, mut rest) = (u128::from(normal / five), normal % five);
    for _ in 0..64 {
        // No overflow: it is less than 2^63.
        rest <<= 1;
        let fits = rest >= five;
        quotient = quotient << 1 | u128::from(fits);
        rest -= if fits { five } else { 0 };
    }
    round(quotient, exponent - 64 - zeros as i32, rest > 0)
}

/// The double nearest to `value` x 2^`exponent`, or to a little more when `inexact`.
fn round(value: u128, exponent: i32, mut inexact: bool) -> f64 {
    let zeros = value.leading_zeros() as i32;
    let mut normal = value << zeros;
    // The exponent of the leading bit.
    let leading = exponent + 127 - zeros;
    if leading > 1023 {
        return f64::INFINITY;
    }
    // 53 bits are kept, fewer below the smallest normal double.
    let mut shift = 75 + (-1022 - leading).max(0);
    if shift > 127 {
        let lost = (shift - 127).min(127);
        inexact |= normal.trailing_zeros() < lost.unsigned_abs();
        normal >>= lost;
        shift = 127;
    }
    let kept = (normal >> shift) as u64;
    let (rest, half) = (normal & ((1 << shift) - 1), 1 << (shift - 1));
    let up = rest > half || rest == half && (inexact || kept & 1 == 1);
    // The leading bit of a normal double adds one to its exponent, and so does a carry.
    let biased = (leading + 1022).max(0) as u64;
    f64::from_bits((biased << 52) + kept + u64::from(up))
}

/// By arithmetic on integers of any length: slow, for what is too long or too extreme for [`short`].
fn long(digits: &[u8], exponent: i32, inexact: bool) -> f64 {
    let mut value = Big(Vec::new());
    digits.iter().for_each(|digit| value.multiply_add(10, u32::from(digit - b'0')));
    let mut five = Big(vec![1]);
    (0..exponent.unsigned_abs()).for_each(|_| match exponent {
        0.. => value.multiply_add(5, 0),
        _ => five.multiply_add(5, 0),
    });
    // Made so that the quotient has 66 or 67 bits, then divided bit by bit.
    let ahead = value.bits() - five.bits() - 66;
    match ahead {
        0.. => five.shift_left(ahead.unsigned_abs()),
        _ => value.shift_left(ahead.unsigned_abs()),
    }
    let mut quotient = 0u128;
    for place in (0..=66).rev() {
        let mut divisor = Big(five.0.clone());
        divisor.shift_left(place);
        quotient <<= 1;
        if !value.less_than(&divisor) {
            value.subtract(&divisor);
            quotient |= 1;
        }
    }
    round(quotient, exponent + ahead, inexact || value.bits() > 0)
}

/// A natural number, lowest 32 bits first, without leading zeros.
struct Big(Vec<u32>);

impl Big {
    fn multiply_add(&mut self, factor: u32, add: u32) {
        let mut carry = u64::from(add);
        for limb in &mut self.0 {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn bits(&self) -> i32 {
        self.0.last().map_or(0, |top| self.0.len() as i32 * 32 - top.leading_zeros() as i32)
    }

    fn shift_left(&mut self, bits: u32) {
        self.multiply_add(1 << (bits % 32), 0);
        let mut limbs = vec![0; bits as usize / 32];
        limbs.append(&mut self.0);
        self.0 = limbs;
    }

    fn less_than(&self, other: &Big) -> bool {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev())).is_lt()
    }

    /// `other` is not larger.
    fn subtract(&mut self, other: &Big) {
        let mut borrow = false;
        for (at, limb) in self.0.iter_mut().enumerate() {
            let (less, first) = limb.overflowing_sub(other.0.get(at).copied().unwrap_or(0));
            let (less, second) = less.overflowing_sub(u32::from(borrow));
            *limb = less;
            borrow = first || second;
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

#[cfg(test)]
#[path = "decimal_tests.rs"]
mod tests;
