//! The form of stored values: that of postcard 1, by hand. Numbers are varints of 7 bits, low ones first; texts
//! and lists have their length before them; there are no names and no padding.

/// A value that can be stored.
pub trait Wire<'a>: Sized {
    /// Appends it.
    fn put(&self, out: &mut Vec<u8>);
    /// Reads one from the front; `None` when there is none.
    fn get(input: &mut &'a [u8]) -> Option<Self>;
}

/// Implements [`Wire`] for a struct, field after field.
macro_rules! wire_struct {
    ($name:ident $(<$life:lifetime>)? { $($field:ident),* }) => {
        impl<'a> $crate::format::codec::Wire<'a> for $name $(<$life>)? {
            fn put(&self, out: &mut Vec<u8>) {
                $($crate::format::codec::Wire::put(&self.$field, out);)*
            }
            fn get(input: &mut &'a [u8]) -> Option<Self> {
                Some($name { $($field: $crate::format::codec::Wire::get(input)?),* })
            }
        }
    };
}
pub(super) use wire_struct;

/// Appends a varint.
fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Reads a varint that is at most `max`.
fn get_number(input: &mut &[u8], max: u64) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = u8::get(input)?;
        let bits = u64::from(byte & 0x7F);
        if bits > max >> shift {
            return None;
        }
        number |= bits << shift;
        if byte < 0x80 {
            return (number <= max).then_some(number);
        }
    }
    None
}

/// Bytes with their length before them.
pub fn get_bytes<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(get_number(input, u64::MAX)?).ok()?;
    let (bytes, rest) = input.split_at_checked(length)?;
    *input = rest;
    Some(bytes)
}

/// Appends bytes with their length before them.
pub fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

impl Wire<'_> for u8 {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn get(input: &mut &[u8]) -> Option<u8> {
        let (first, rest) = input.split_first()?;
        *input = rest;
        Some(*first)
    }
}

impl Wire<'_> for u16 {
    fn put(&self, out: &mut Vec<u8>) {
        put_number(u64::from(*self), out);
    }

    fn get(input: &mut &[u8]) -> Option<u16> {
        get_number(input, u64::from(u16::MAX)).map(|number| number as u16)
    }
}

impl Wire<'_> for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        put_number(u64::from(*self), out);
    }

    fn get(input: &mut &[u8]) -> Option<u32> {
        get_number(input, u64::from(u32::MAX)).map(|number| number as u32)
    }
}

impl Wire<'_> for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        put_number(*self, out);
    }

    fn get(input: &mut &[u8]) -> Option<u64> {
        get_number(input, u64::MAX)
    }
}

/// Bytes of a fixed number, as they are.
impl<const N: usize> Wire<'_> for [u8; N] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn get(input: &mut &[u8]) -> Option<[u8; N]> {
        let (bytes, rest) = input.split_first_chunk()?;
        *input = rest;
        Some(*bytes)
    }
}

impl<'a> Wire<'a> for &'a str {
    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(self.as_bytes(), out);
    }

    fn get(input: &mut &'a [u8]) -> Option<&'a str> {
        std::str::from_utf8(get_bytes(input)?).ok()
    }
}

impl<'a> Wire<'a> for String {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_str().put(out);
    }

    fn get(input: &mut &'a [u8]) -> Option<String> {
        <&str>::get(input).map(str::to_owned)
    }
}

impl<'a, T: Wire<'a>> Wire<'a> for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_some()));
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn get(input: &mut &'a [u8]) -> Option<Option<T>> {
        match u8::get(input)? {
            0 => Some(None),
            1 => T::get(input).map(Some),
            _ => None,
        }
    }
}

impl<'a, T: Wire<'a>> Wire<'a> for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        put_number(self.len() as u64, out);
        self.iter().for_each(|item| item.put(out));
    }

    fn get(input: &mut &'a [u8]) -> Option<Vec<T>> {
        let length = usize::try_from(get_number(input, u64::MAX)?).ok()?;
        // Every item takes a byte at least: a length that lies reserves nothing.
        if length > input.len() {
            return None;
        }
        let mut items = Vec::with_capacity(length.min(1024));
        for _ in 0..length {
            items.push(T::get(input)?);
        }
        Some(items)
    }
}

impl<'a, A: Wire<'a>, B: Wire<'a>> Wire<'a> for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn get(input: &mut &'a [u8]) -> Option<(A, B)> {
        Some((A::get(input)?, B::get(input)?))
    }
}

/// A value that is followed by nothing.
pub fn decode_exactly<'a, T: Wire<'a>>(mut bytes: &'a [u8]) -> Option<T> {
    let value = T::get(&mut bytes)?;
    bytes.is_empty().then_some(value)
}

/// Appends a value.
pub fn encode<'a>(value: &impl Wire<'a>, mut out: Vec<u8>) -> Vec<u8> {
    value.put(&mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    type Mixed<'a> = ((u16, (u8, u32)), (Vec<(u64, &'a str)>, Option<(String, u32)>));

    #[test]
    fn writes_and_reads_what_postcard_does() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for _ in 0..2000 {
            let mut number = || rng.random::<u64>() >> rng.random_range(0..64);
            let texts = ["", "é", "a longer text, of more than 127 bytes if it is repeated"];
            let long = texts[2].repeat(3);
            let list =
                (0..number() % 5).map(|at| (number(), [texts[at as usize % 3], &long][at as usize % 2]));
            let list = list.collect();
            let maybe = (number() % 2 == 0).then(|| (long.clone(), number() as u32));
            let value: Mixed = ((number() as u16, (number() as u8, number() as u32)), (list, maybe));
            let bytes = encode(&value, Vec::new());
            assert_eq!(bytes, postcard::to_allocvec(&value).unwrap());
            assert_eq!(decode_exactly::<Mixed>(&bytes), Some(value));
        }
    }

    #[test]
    fn refuses_what_postcard_refuses() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(2);
        let (mut good, mut bad) = (0, 0);
        for _ in 0..50_000 {
            let bytes: Vec<u8> = (0..rng.random_range(0..24))
                .map(|_| match rng.random_range(0..3) {
                    0 => rng.random_range(0..3),
                    1 => 0xFF,
                    _ => rng.random(),
                })
                .collect();
            type Small = (Option<u32>, (u64, (u16, Vec<u8>)));
            let expected = match postcard::take_from_bytes::<Small>(&bytes) {
                Ok((value, [])) => Some(value),
                _ => None,
            };
            *if expected.is_some() { &mut good } else { &mut bad } += 1;
            assert_eq!(decode_exactly::<Small>(&bytes), expected, "{bytes:?}");
        }
        assert!(good > 100 && bad > 100, "{good} {bad}");
    }
}
