/** Objects of a repository, packed: deflated where that makes them smaller, encrypted where it has keys. */

import { LodestoreError } from '../../errors.js';
import { corrupt } from '../../fault.js';
import { concat } from '../../seal/concat.js';
import { type Bytes, seal } from '../../seal/index.js';
import { toHex } from './hex.js';
import { type Keys, sha256 } from './keys.js';

/** Magic, version, flags, length before packing, id of the repository's keys. */
const HEAD_BYTES = 4 + 2 + 2 + 4 + 16;
const VERSION = 1;
const NONCE_BYTES = 12;
const DIGEST_BYTES = 32;
const DEFLATED = 1;
const ENCRYPTED = 2;

/** What kind of object it is: the first bytes say so. */
export type Magic = 'LPCE' | 'LIST';

/** Finds keys by their id; `keysOf` does. */
export type KeysById = (id: string) => Promise<Keys>;

const text = new TextEncoder();

/**
 * An object. `key` is where it is put: it is authenticated with it, so that none can stand in for another. Without a
 * cipher a SHA-256 stands at the end, which finds damage and no malice.
 */
export async function pack(
  magic: Magic,
  key: string,
  raw: Bytes,
  keys: Keys,
  compress: boolean,
): Promise<Bytes> {
  let body = raw;
  let flags = keys.seal === undefined ? 0 : ENCRYPTED;
  if (compress && raw.length > 0) {
    const deflated = await seal.deflate(raw);
    // As archives do: what hardly gets smaller is read back faster as it is.
    if (deflated.length < raw.length - raw.length / 32) {
      body = deflated;
      flags |= DEFLATED;
    }
  }
  const head = new Uint8Array(HEAD_BYTES);
  head.set(text.encode(magic));
  const view = new DataView(head.buffer);
  view.setUint16(4, VERSION, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, raw.length, true);
  head.set(keys.id, 12);
  if (keys.seal === undefined) {
    const bytes = concat([head, body]);
    return concat([bytes, await sha256(concat([bytes, text.encode(key)]))]);
  }
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = await seal.encrypt(keys.seal, nonce, concat([head, text.encode(key)]), body);
  return concat([head, nonce, sealed]);
}

/** What was packed so: at most `most` bytes, which is known before anything is made of it. */
export async function unpack(
  magic: Magic,
  key: string,
  bytes: Bytes,
  find: KeysById,
  encrypted: boolean,
  most: number,
): Promise<{ raw: Bytes; keys: Keys }> {
  const damaged = () => corrupt(`the object ${key} is damaged, or another one stands in its place`);
  const head = bytes.slice(0, HEAD_BYTES);
  if (head.length < HEAD_BYTES || new TextDecoder().decode(head.subarray(0, 4)) !== magic) throw damaged();
  const view = new DataView(head.buffer);
  const [version, flags, length] = [
    view.getUint16(4, true),
    view.getUint16(6, true),
    view.getUint32(8, true),
  ];
  // Who can write objects can take the encryption off: then it is not one that was put there with a key.
  if (flags > (DEFLATED | ENCRYPTED) || ((flags & ENCRYPTED) !== 0) !== encrypted || length > most)
    throw damaged();
  if (!encrypted) {
    const end = bytes.length - DIGEST_BYTES;
    const said = await sha256(concat([bytes.slice(0, Math.max(0, end)), text.encode(key)]));
    if (end < HEAD_BYTES || toHex(said) !== toHex(bytes.subarray(end))) throw damaged();
  }
  if (version !== VERSION) {
    throw new LodestoreError('Version', `the object ${key} was made by a newer Lodestore: use that one`, {
      expected: String(VERSION),
      got: String(version),
    });
  }
  const keys = await find(toHex(head.subarray(12)));
  try {
    let body: Bytes;
    if (keys.seal === undefined) body = bytes.slice(HEAD_BYTES, bytes.length - DIGEST_BYTES);
    else {
      const at = HEAD_BYTES + NONCE_BYTES;
      const aad = concat([head, text.encode(key)]);
      body = await seal.decrypt(keys.seal, bytes.slice(HEAD_BYTES, at), aad, bytes.slice(at));
    }
    const raw = (flags & DEFLATED) === 0 ? body : await seal.inflate(body, length);
    if (raw.length !== length) throw damaged();
    return { raw, keys };
  } catch (error) {
    throw error instanceof LodestoreError && error.code === 'Corrupt' ? damaged() : error;
  }
}
