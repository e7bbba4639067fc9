//! AES-256-GCM.

use super::{bytes, hex, noise};
use lodestore_seal::{SealError, TAG_BYTES, decrypt, encrypt};

/// Test cases 13 to 16 of the specification of GCM that was submitted to NIST: key, nonce, what is authenticated, the data,
/// the ciphertext and its tag.
const PUBLISHED: [[&str; 5]; 4] = [
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "000000000000000000000000",
        "",
        "",
        "530f8afbc74536b9a963b4f1c4cb738b",
    ],
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "000000000000000000000000",
        "",
        "00000000000000000000000000000000",
        "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
    ],
    [
        "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        "cafebabefacedbaddecaf888",
        "",
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
         1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
         8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad\
         b094dac5d93471bdec1a502270e3cc6c",
    ],
    [
        "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        "cafebabefacedbaddecaf888",
        "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
         1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
         8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662\
         76fc6ece0f4e1768cddf8853bb2d551b",
    ],
];

fn array<const N: usize>(hex: &str) -> [u8; N] {
    bytes(hex).try_into().unwrap()
}

#[test]
fn it_is_the_published_one() {
    for [key, nonce, aad, data, sealed] in PUBLISHED {
        let (key, nonce, aad) = (array(key), array(nonce), bytes(aad));
        assert_eq!(hex(&encrypt(&key, &nonce, &aad, bytes(data)).unwrap()), sealed);
        assert_eq!(hex(&decrypt(&key, &nonce, &aad, bytes(sealed)).unwrap()), data);
    }
}

#[test]
fn no_bit_can_be_changed() {
    let (key, nonce, aad, data) = ([7; 32], [9; 12], noise(20, 1), noise(100, 2));
    let sealed = encrypt(&key, &nonce, &aad, data.clone()).unwrap();
    assert_eq!(sealed.len(), data.len() + TAG_BYTES);
    assert_eq!(decrypt(&key, &nonce, &aad, sealed.clone()), Ok(data));
    for bit in 0..8 * sealed.len() {
        let mut other = sealed.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(decrypt(&key, &nonce, &aad, other), Err(SealError::Tag), "bit {bit}");
    }
    for bit in 0..8 * key.len() {
        let mut other = key;
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            decrypt(&other, &nonce, &aad, sealed.clone()),
            Err(SealError::Tag),
            "bit {bit} of the key"
        );
    }
    for bit in 0..8 * nonce.len() {
        let mut other = nonce;
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            decrypt(&key, &other, &aad, sealed.clone()),
            Err(SealError::Tag),
            "bit {bit} of the nonce"
        );
    }
    for bit in 0..8 * aad.len() {
        let mut other = aad.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            decrypt(&key, &nonce, &other, sealed.clone()),
            Err(SealError::Tag),
            "bit {bit} of the aad"
        );
    }
}

#[test]
fn nothing_can_be_cut_off_or_added() {
    let (key, nonce) = ([7; 32], [9; 12]);
    let sealed = encrypt(&key, &nonce, b"place 1", noise(100, 2)).unwrap();
    for length in 0..sealed.len() {
        let cut = sealed[..length].to_vec();
        assert_eq!(decrypt(&key, &nonce, b"place 1", cut), Err(SealError::Tag), "{length} bytes");
    }
    let longer = [&sealed[..], &[0]].concat();
    assert_eq!(decrypt(&key, &nonce, b"place 1", longer), Err(SealError::Tag));
    for aad in [&b""[..], b"place", b"place 2", b"place 10"] {
        assert_eq!(decrypt(&key, &nonce, aad, sealed.clone()), Err(SealError::Tag));
    }
}
