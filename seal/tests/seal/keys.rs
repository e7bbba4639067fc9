//! Keys from passphrases and from keys.

use super::hex;
use lodestore_seal::{SealError, derive, subkey};

/// By the reference implementation, in C: memory, passes, lanes, and what they make of this passphrase and this salt.
const BY_REFERENCE: [(u32, u32, u32, &str); 3] = [
    (8192, 1, 1, "9bd9b23adf12419379b88085cbbffe57d1209e63db65ba4725f0e6f9f977107c"),
    (19456, 2, 1, "54ce5a9c072345d3d049e6ab9438206c94bbb052f4b00bd10dab07d1c8792a61"),
    (65539, 3, 4, "28bd1d00f09bcaa3ffb289782c365fe63d5e4629330f8da56e1a662e89e80385"),
];

const PASSPHRASE: &[u8] = "correct horse battery staple, größer".as_bytes();
const SALT: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

#[test]
fn argon2id_is_that_of_the_reference() {
    for (memory, passes, lanes, expected) in BY_REFERENCE {
        assert_eq!(hex(&derive(PASSPHRASE, &SALT, memory, passes, lanes).unwrap()), expected);
    }
}

#[test]
fn all_of_it_matters() {
    let key = derive(PASSPHRASE, &SALT, 8192, 1, 1);
    assert_eq!(key, derive(PASSPHRASE, &SALT, 8192, 1, 1));
    let mut salt = SALT;
    salt[15] ^= 1;
    let others = [
        derive(&PASSPHRASE[1..], &SALT, 8192, 1, 1),
        derive(PASSPHRASE, &salt, 8192, 1, 1),
        derive(PASSPHRASE, &SALT, 8196, 1, 1),
        derive(PASSPHRASE, &SALT, 8192, 2, 1),
        derive(PASSPHRASE, &SALT, 8192, 1, 2),
        derive(b"", &SALT, 8192, 1, 1),
    ];
    for other in others {
        assert!(other.is_ok());
        assert_ne!(other, key);
    }
}

#[test]
fn costs_that_somebody_else_may_have_chosen_are_bounded() {
    let most = u32::MAX;
    let refused = [
        (8191, 1, 1),
        (262_145, 1, 1),
        (most, 1, 1),
        (0, 1, 1),
        (8192, 0, 1),
        (8192, 17, 1),
        (8192, most, 1),
        (8192, 1, 0),
        (8192, 1, 5),
        (8192, 1, most),
    ];
    for (memory, passes, lanes) in refused {
        let got = derive(PASSPHRASE, &SALT, memory, passes, lanes);
        assert!(matches!(got, Err(SealError::Bounds(_))), "{memory} {passes} {lanes}: {got:?}");
    }
}

#[test]
fn each_purpose_has_its_own_key() {
    let keys = [
        subkey(&[1; 32], b"salt", b"chunks"),
        subkey(&[1; 32], b"salt", b"manifest"),
        subkey(&[1; 32], b"Salt", b"chunks"),
        subkey(&[1; 32], b"", b"chunks"),
        subkey(&[1; 32], b"", b""),
        subkey(&[2; 32], b"salt", b"chunks"),
    ];
    for (i, key) in keys.iter().enumerate() {
        assert!(key.is_ok());
        assert!(!keys[..i].contains(key), "key {i}");
    }
    assert_eq!(keys[0], subkey(&[1; 32], b"salt", b"chunks"));
}
