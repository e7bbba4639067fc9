//! SHA-256, for whole archives. In a loop where a published crate unrolls it: those rounds alone were 4 KB of wasm,
//! and an archive is read from a disk or a network, which is slower either way.

/// The beginnings of the fractions of the cube roots of the first 64 primes.
#[rustfmt::skip]
const ROUNDS: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// Bytes that are digested together.
const BLOCK: usize = 64;

/// A digest of the bytes that came so far.
#[derive(Clone)]
pub struct Sha256 {
    state: [u32; 8],
    /// What came after the last whole block.
    rest: [u8; BLOCK],
    length: u64,
}

impl Default for Sha256 {
    fn default() -> Sha256 {
        // The beginnings of the fractions of the square roots of the first 8 primes.
        let state = [
            0x6a09_e667,
            0xbb67_ae85,
            0x3c6e_f372,
            0xa54f_f53a,
            0x510e_527f,
            0x9b05_688c,
            0x1f83_d9ab,
            0x5be0_cd19,
        ];
        Sha256 { state, rest: [0; BLOCK], length: 0 }
    }
}

impl Sha256 {
    /// Goes on with these bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        let held = self.length as usize % BLOCK;
        self.length += bytes.len() as u64;
        if held > 0 {
            let (head, tail) = bytes.split_at((BLOCK - held).min(bytes.len()));
            self.rest[held..held + head.len()].copy_from_slice(head);
            if held + head.len() < BLOCK {
                return;
            }
            compress(&mut self.state, &self.rest);
            bytes = tail;
        }
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        for block in blocks {
            compress(&mut self.state, block);
        }
        self.rest[..rest.len()].copy_from_slice(rest);
    }

    /// The digest of all that came.
    pub fn digest(&self) -> [u8; 32] {
        let mut last = self.clone();
        let held = last.length as usize % BLOCK;
        let mut end = [0; 2 * BLOCK];
        end[0] = 0x80;
        // So many that 8 bytes are left in the last block, for the length in bits.
        let padding = 1 + (2 * BLOCK - 9 - held) % BLOCK;
        end[padding..padding + 8].copy_from_slice(&(last.length * 8).to_be_bytes());
        last.update(&end[..padding + 8]);
        let mut digest = [0; 32];
        for (out, word) in digest.chunks_exact_mut(4).zip(last.state) {
            out.copy_from_slice(&word.to_be_bytes());
        }
        digest
    }
}

fn compress(state: &mut [u32; 8], block: &[u8; BLOCK]) {
    // The last sixteen words, going round.
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (at, constant) in ROUNDS.iter().enumerate() {
        let word = if at < 16 {
            words[at]
        } else {
            let (far, near) = (words[(at + 1) % 16], words[(at + 14) % 16]);
            let far = far.rotate_right(7) ^ far.rotate_right(18) ^ far >> 3;
            let near = near.rotate_right(17) ^ near.rotate_right(19) ^ near >> 10;
            words[at % 16].wrapping_add(far).wrapping_add(words[(at + 9) % 16]).wrapping_add(near)
        };
        words[at % 16] = word;
        let sum = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let choice = e & f ^ !e & g;
        let first = h.wrapping_add(sum).wrapping_add(choice).wrapping_add(*constant).wrapping_add(word);
        let sum = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let majority = a & b ^ a & c ^ b & c;
        (h, g, f, e) = (g, f, e, d.wrapping_add(first));
        (d, c, b, a) = (c, b, a, first.wrapping_add(sum).wrapping_add(majority));
    }
    for (word, more) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *word = word.wrapping_add(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use sha2::Digest;

    #[test]
    fn is_what_the_standard_says() {
        let mut digest = Sha256::default();
        digest.update(b"abc");
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest.digest().map(|byte| format!("{byte:02x}")).concat(), expected);
    }

    #[test]
    fn agrees_with_a_published_one_on_every_length_and_however_it_is_cut() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(256);
        let bytes: Vec<u8> = (0..1000).map(|_| rng.random()).collect();
        for length in 0..bytes.len() {
            let bytes = &bytes[..length];
            let expected: [u8; 32] = sha2::Sha256::digest(bytes).into();
            let mut whole = Sha256::default();
            whole.update(bytes);
            assert_eq!(whole.digest(), expected, "{length} bytes");
            let (mut pieces, mut left) = (Sha256::default(), bytes);
            while !left.is_empty() {
                let (piece, more) = left.split_at(rng.random_range(0..=left.len().min(150)));
                pieces.update(piece);
                pieces.digest();
                left = more;
            }
            assert_eq!(pieces.digest(), expected, "{length} bytes in pieces");
        }
    }
}
