/** What archives are compressed and encrypted with: a host can read what any other wrote. */

/** Bytes that can be handed to the host: not of shared memory. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Every failure is a `LodestoreError`. What is handed in is read, not changed. */
export interface Seal {
  /** Raw deflate (RFC 1951). */
  deflate(raw: Bytes): Promise<Bytes>;
  /**
   * What was compressed, which was so many bytes long. `Corrupt` where it gives another number of bytes, or where others
   * follow; what it would give beyond is not held.
   */
  inflate(stored: Bytes, rawLength: number): Promise<Bytes>;
  /**
   * AES-256-GCM: the ciphertext, and the tag of 16 bytes behind it. The key has 32 bytes, the nonce 12: a key must never
   * see the same one twice. `aad` is authenticated and not encrypted.
   */
  encrypt(key: Bytes, nonce: Bytes, aad: Bytes, data: Bytes): Promise<Bytes>;
  /** What was encrypted so. `Corrupt` where a bit of the key, the nonce, `aad` or the data is another one. */
  decrypt(key: Bytes, nonce: Bytes, aad: Bytes, data: Bytes): Promise<Bytes>;
  /**
   * The key of a passphrase, by Argon2id: 32 bytes. `Invalid` beyond 8,192 to 262,144 KiB of memory, 1 to 16 passes, 1 to 4
   * lanes. The salt has 16 bytes. It takes the time that it is meant to take, in the context that calls it.
   */
  derive(passphrase: Bytes, salt: Bytes, memoryKib: number, passes: number, lanes: number): Promise<Bytes>;
  /** A key for one purpose, `info`, made of a key of 32 bytes by HKDF with SHA-256: 32 bytes. */
  subkey(key: Bytes, salt: Bytes, info: Bytes): Promise<Bytes>;
}
