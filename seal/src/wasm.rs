//! The same as a WebAssembly module without imports, called with numbers: what goes in and what comes out stands in one
//! place of its memory. `seal/wasm-seal.ts` of the npm package is the other side.

use crate::SealError;
use std::cell::RefCell;

thread_local! {
    static PLACE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Makes room for so many bytes, which the caller writes there before it calls one of the others. Null when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn room(length: usize) -> *mut u8 {
    let mut place = PLACE.take();
    place.clear();
    if place.try_reserve_exact(length).is_err() {
        return std::ptr::null_mut();
    }
    place.resize(length, 0);
    PLACE.set(place);
    PLACE.with_borrow_mut(|place| place.as_mut_ptr())
}

/// Where the result stands, until the next call.
#[unsafe(no_mangle)]
pub extern "C" fn place() -> *const u8 {
    PLACE.with_borrow(|place| place.as_ptr())
}

/// Of the bytes there. As all of them it gives the length of the result, or what went wrong as a negative number.
#[unsafe(no_mangle)]
pub extern "C" fn deflate() -> f64 {
    answer(|input| Ok(crate::deflate(&input)))
}

/// Of the bytes there.
#[unsafe(no_mangle)]
pub extern "C" fn inflate(raw_length: usize) -> f64 {
    answer(|input| crate::inflate(&input, raw_length))
}

/// Of the key, the nonce, so many bytes that are only authenticated, and the data.
#[unsafe(no_mangle)]
pub extern "C" fn encrypt(aad: usize) -> f64 {
    answer(|input| in_order(input, aad, crate::encrypt))
}

/// Of the same, encrypted.
#[unsafe(no_mangle)]
pub extern "C" fn decrypt(aad: usize) -> f64 {
    answer(|input| in_order(input, aad, crate::decrypt))
}

/// Of the salt and the passphrase.
#[unsafe(no_mangle)]
pub extern "C" fn derive(memory_kib: u32, passes: u32, lanes: u32) -> f64 {
    answer(|input| {
        let (salt, passphrase) = input.split_first_chunk().ok_or(MISSING)?;
        crate::derive(passphrase, salt, memory_kib, passes, lanes).map(Vec::from)
    })
}

/// Of the key, so many bytes of salt, and the purpose.
#[unsafe(no_mangle)]
pub extern "C" fn subkey(salt: usize) -> f64 {
    answer(|input| {
        let (key, rest) = input.split_first_chunk().ok_or(MISSING)?;
        let (salt, info) = rest.split_at_checked(salt).ok_or(MISSING)?;
        crate::subkey(key, salt, info).map(Vec::from)
    })
}

const MISSING: SealError = SealError::Bounds("a key has 32 bytes, a nonce 12 and a salt 16");

type Cipher = fn(&[u8; 32], &[u8; 12], &[u8], Vec<u8>) -> Result<Vec<u8>, SealError>;

fn in_order(mut input: Vec<u8>, aad: usize, cipher: Cipher) -> Result<Vec<u8>, SealError> {
    let (key, rest) = input.split_first_chunk().ok_or(MISSING)?;
    let (nonce, rest) = rest.split_first_chunk().ok_or(MISSING)?;
    let (aad, data) = rest.split_at_checked(aad).ok_or(MISSING)?;
    let (key, nonce, aad, head) = (*key, *nonce, aad.to_vec(), input.len() - data.len());
    // In its own place: data may be most of the memory there is.
    input.drain(..head);
    cipher(&key, &nonce, &aad, input)
}

fn answer(work: impl FnOnce(Vec<u8>) -> Result<Vec<u8>, SealError>) -> f64 {
    match work(PLACE.take()) {
        Ok(made) => {
            let length = made.len() as f64;
            PLACE.set(made);
            length
        }
        Err(SealError::Bounds(_)) => -1.0,
        Err(SealError::Deflate) => -2.0,
        Err(SealError::Tag) => -3.0,
        Err(SealError::Memory) => -4.0,
    }
}
