//! Room: memory that is asked for before it is needed, where asking can still be answered with no.
//!
//! Most of what the library offers ends the program when there is no memory. So who is about to do what must not stop
//! half-way asks for as much in one piece, and gives it back just before the many small pieces are taken.

use crate::error::{Error, Kind, Result};

/// Memory that is held for later.
#[derive(Default)]
pub struct Room {
    _held: Vec<u8>,
}

impl Room {
    /// So many bytes. `Quota` when they are not to be had.
    #[inline(never)]
    pub fn of(bytes: usize) -> Result<Room> {
        let mut room = Vec::new();
        room.try_reserve_exact(bytes).map_err(out_of_memory)?;
        // What is taken and given back and never used, a compiler may leave out.
        Ok(Room { _held: std::hint::black_box(room) })
    }
}

/// Whether there is room for so many bytes. `Quota` when there is not.
#[inline(never)]
pub fn ask(bytes: usize) -> Result<()> {
    Room::of(bytes).map(drop)
}

/// Bytes by which memory grows at once where much is known to come.
const STEP: u64 = 256 << 20;

/// For who is going to hold `total` bytes, of which `done` are there and `more` come now: has the memory of a module grow in
/// large steps. Each step is a call to the operating system, of a millisecond when the machine is busy, and makes V8 collect
/// garbage; an allocator asks for as much as it needs. Where there is not so much, the bytes are asked for one by one.
#[inline(never)]
pub fn grow(done: u64, more: u64, total: u64) {
    let is_new = done == 0 || done / STEP != (done + more) / STEP;
    if cfg!(target_arch = "wasm32") && is_new {
        drop(Room::of(total.saturating_sub(done).min(STEP) as usize));
    }
}

/// Makes a list so long; what is new in it is `value`.
pub fn extend<T: Copy>(list: &mut Vec<T>, length: usize, value: T) -> Result<()> {
    list.try_reserve(length.saturating_sub(list.len())).map_err(out_of_memory)?;
    if list.len() < length {
        list.resize(length, value);
    }
    Ok(())
}

/// What a list says that could not grow.
pub fn out_of_memory<T>(_: T) -> Error {
    Error::new(
        Kind::Quota,
        "there is no memory for it, and nothing was changed: ask for fewer rows at once, or delete some",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_to_be_had_is_an_error() {
        assert!(Room::of(1 << 20).is_ok());
        assert_eq!(Room::of(usize::MAX).err().map(|cause| cause.kind), Some(Kind::Quota));
        let mut list = vec![1u8, 2, 3];
        assert!(extend(&mut list, 2, 9).is_ok() && extend(&mut list, 5, 9).is_ok());
        assert_eq!(list, [1, 2, 3, 9, 9]);
        assert!(extend(&mut list, usize::MAX, 9).is_err());
        assert_eq!(list.len(), 5);
    }
}
