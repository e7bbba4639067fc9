//! A long input made short for crc32: what is left has the same checksum.
//!
//! A checksum is what a division by the polynomial P leaves, so what a multiple of P divides evenly can be taken off.
//! The multiple of P of the lowest degree that has five terms is `x^300 + x^155 + x^117 + x^89 + 1` (found by trying all
//! sums of pairs; there is none of fewer terms below degree 3,006). In fields of characteristic 2 the square of a sum is
//! the sum of the squares, so with x^128 in the place of x it is one, too: its 128th power. Its terms then lie whole
//! blocks of 16 bytes apart, and taking off a multiple is adding each block to four later ones: no tables, four loads for
//! 16 bytes where tables take sixteen. Dividing by sparse multiples is Russell's idea, "Chorba: a novel CRC32
//! implementation", 2024.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use std::arch::wasm32::{v128_load, v128_store, v128_xor};

/// Bytes that are added at once.
type Block = [u8; 16];

/// How many blocks later a block is added: the degree less each exponent.
const TAPS: [usize; 4] = [300 - 155, 300 - 117, 300 - 89, DEGREE];
/// Blocks that are left.
const DEGREE: usize = 300;
/// Blocks between two moves of the last [`DEGREE`] to the front.
const STRETCH: usize = 724;

/// Below so many bytes it is not worth it.
const WORTH: usize = 4 * DEGREE * size_of::<Block>();

/// What is left of a long input.
pub(super) struct Short<'a> {
    blocks: [Block; DEGREE],
    rest: &'a [u8],
}

impl Short<'_> {
    /// The bytes to be hashed, in two parts. The state to begin with is 0: that of an input is within.
    pub(super) fn parts(&self) -> [&[u8]; 2] {
        [self.blocks.as_flattened(), self.rest]
    }
}

/// Makes `bytes` short, of which hashing begins in the state `first`; `None` when it is short enough as it is.
pub(super) fn shorten(bytes: &[u8], first: u32) -> Option<Short<'_>> {
    if bytes.len() < WORTH {
        return None;
    }
    let (blocks, rest) = bytes.as_chunks::<16>();
    let (taken, last) = blocks.split_last_chunk::<DEGREE>()?;
    let (head, taken) = taken.split_first()?;
    // Blocks as they were taken off, those before the first being zeros: the last of them, and room for more.
    let mut window = [[0; 16]; DEGREE + STRETCH];
    // A state to begin with is the same as that much more in the first bytes.
    window[DEGREE - 1] = sum(*head, u128::from(first).to_le_bytes());
    for stretch in taken.chunks(STRETCH) {
        take_off(&mut window, stretch);
        window.copy_within(stretch.len()..stretch.len() + DEGREE, 0);
    }
    let mut blocks = *last;
    for tap in TAPS {
        for (left, block) in blocks.iter_mut().zip(&window[DEGREE - tap..DEGREE]) {
            *left = sum(*left, *block);
        }
    }
    Some(Short { blocks, rest })
}

/// The sum of polynomials.
#[inline(always)]
fn sum(a: Block, b: Block) -> Block {
    (u128::from_le_bytes(a) ^ u128::from_le_bytes(b)).to_le_bytes()
}

/// Writes the blocks of a stretch behind the first [`DEGREE`] of the window, with those before added to them.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn take_off(window: &mut [Block; DEGREE + STRETCH], stretch: &[Block]) {
    for (at, block) in (DEGREE..).zip(stretch) {
        window[at] = TAPS.iter().fold(*block, |all, tap| sum(all, window[at - tap]));
    }
}

/// Writes the blocks of a stretch behind the first [`DEGREE`] of the window, with those before added to them.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn take_off(window: &mut [Block; DEGREE + STRETCH], stretch: &[Block]) {
    let (mut from, end) = (stretch.as_ptr_range().start, stretch.as_ptr_range().end);
    let mut first = window.as_mut_ptr();
    while from != end {
        // SAFETY: `from` is a block of the stretch, of which there are at most STRETCH: so DEGREE blocks behind `first`
        // there is one of the window, and before that every tap. Neither loads nor stores ask for alignment.
        unsafe {
            let near = v128_xor(
                v128_load(first.add(DEGREE - TAPS[0]).cast()),
                v128_load(first.add(DEGREE - TAPS[1]).cast()),
            );
            let far = v128_xor(v128_load(first.add(DEGREE - TAPS[2]).cast()), v128_load(first.cast()));
            let all = v128_xor(v128_load(from.cast()), v128_xor(near, far));
            v128_store(first.add(DEGREE).cast(), all);
            (from, first) = (from.add(1), first.add(1));
        }
    }
}
