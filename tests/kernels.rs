//! Every distance kernel that this machine has, against the oracle in f64. The WebAssembly build runs the same
//! properties in a browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lodestore::kernel::{code_implementations, implementations, self_test};

#[test]
fn every_kernel_agrees_with_the_oracle() {
    for seed in 1..=5 {
        let cases = self_test(seed).unwrap();
        assert!(cases > 150_000, "only {cases} results were compared");
    }
}

#[test]
fn the_scalar_kernel_is_always_there() {
    let names: Vec<_> = implementations().iter().map(|kernel| kernel.name).collect();
    assert_eq!((names.first(), names.last()), (Some(&"scalar"), Some(&"chosen")));
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        assert_eq!(names, ["scalar", "avx2+fma", "chosen"]);
    }
}

#[test]
fn the_scalar_functions_on_codes_are_always_there() {
    let names: Vec<_> = code_implementations().iter().map(|kernel| kernel.name).collect();
    assert_eq!(names.first(), Some(&"scalar"));
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt") {
        assert_eq!(names, ["scalar", "avx2"]);
    }
}
