//! The kernel's self-test as a WebAssembly module without imports. It is no part of the package's wasm: users
//! should not download tests.

use std::cell::RefCell;

// The source file and not the crate: that one brings its exports to JavaScript along, and the imports they need.
#[allow(dead_code, unused_imports)]
#[path = "../../../src/kernel/mod.rs"]
mod kernel;

thread_local! {
    static TEXT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs the self-test. Returns how many results were compared, or 0 and puts what was wrong into [`text`].
#[unsafe(no_mangle)]
pub extern "C" fn self_test(seed: u32) -> u32 {
    kernel::self_test(u64::from(seed)).unwrap_or_else(|what| {
        TEXT.set(what);
        0
    })
}

/// Puts the names of all implementations into [`text`], separated by spaces.
#[unsafe(no_mangle)]
pub extern "C" fn names() {
    let floats = kernel::implementations().into_iter().map(|kernel| kernel.name);
    let codes = kernel::code_implementations().into_iter().map(|kernel| kernel.name);
    TEXT.set(floats.chain(codes).collect::<Vec<_>>().join(" "));
}

/// Where the text begins.
#[unsafe(no_mangle)]
pub extern "C" fn text() -> *const u8 {
    TEXT.with_borrow(|text| text.as_ptr())
}

/// How many bytes of UTF-8 the text has.
#[unsafe(no_mangle)]
pub extern "C" fn text_length() -> usize {
    TEXT.with_borrow(String::len)
}
