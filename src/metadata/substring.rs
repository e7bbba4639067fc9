//! Whether a text contains another. The library's way brings 6 KB of wasm with it: it is ready to
//! print where in a text a slice went wrong, with tables of what can be printed.

/// Any odd number with bits all over.
const FACTOR: u32 = 0x9E37_79B1;

/// Whether `part` is somewhere in `text`: a hash of as many bytes as `part` has rolls along it, so that the time is
/// linear whatever both are, short of texts made to have equal hashes.
pub fn contains(text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    if part.len() > text.len() {
        return false;
    }
    let next = |hash: u32, byte: u8| hash.wrapping_mul(FACTOR).wrapping_add(u32::from(byte));
    let (mut wanted, mut hash, mut leaving) = (0, 0, 1u32);
    for (of_part, of_text) in part.iter().zip(text) {
        wanted = next(wanted, *of_part);
        hash = next(hash, *of_text);
        leaving = leaving.wrapping_mul(FACTOR);
    }
    if hash == wanted && text.starts_with(part) {
        return true;
    }
    for (at, (old, new)) in text.iter().zip(text.iter().skip(part.len())).enumerate() {
        hash = next(hash, *new).wrapping_sub(leaving.wrapping_mul(u32::from(*old)));
        if hash == wanted && text.get(at + 1..at + 1 + part.len()) == Some(part) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    #[test]
    fn agrees_with_the_library() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(31);
        let mut found = [0; 2];
        for _ in 0..20_000 {
            let mut random = |length: usize| -> String {
                let length = rng.random_range(0..=length);
                (0..length).map(|_| ['a', 'b', 'ü', '€'][rng.random_range(0..4)]).collect()
            };
            let (text, part) = (random(12), random(4));
            assert_eq!(contains(&text, &part), text.contains(&part), "'{part}' in '{text}'");
            found[usize::from(text.contains(&part))] += 1;
        }
        assert!(found.iter().all(|count| *count > 1000), "{found:?}");
    }

    #[test]
    fn ends_and_beginnings_count() {
        for (text, part) in [("abc", "abc"), ("abc", "a"), ("abc", "c"), ("abc", "bc"), ("", ""), ("a", "")] {
            assert!(contains(text, part), "'{part}' in '{text}'");
        }
        for (text, part) in [("abc", "abcd"), ("", "a"), ("abc", "ac"), ("aab", "aba")] {
            assert!(!contains(text, part), "'{part}' in '{text}'");
        }
    }
}
