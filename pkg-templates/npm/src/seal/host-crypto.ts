/** AES-256-GCM and HKDF by `crypto.subtle`, which pages have that came over a secure connection. */

import { toLodestoreError } from '../errors.js';
import { concat } from './concat.js';
import { tampered } from './faults.js';
import type { Bytes } from './seal.js';

/** Whether this context has it. */
export function hasSubtle(): boolean {
  return globalThis.crypto?.subtle !== undefined;
}

/** AES-256-GCM. */
export async function encrypt(key: Bytes, nonce: Bytes, aad: Bytes, data: Bytes): Promise<Bytes> {
  const cipher = await cipherKey(key, 'encrypt');
  return new Uint8Array(await crypto.subtle.encrypt(parameters(nonce, aad), cipher, data));
}

/** What was encrypted so. */
export async function decrypt(key: Bytes, nonce: Bytes, aad: Bytes, data: Bytes): Promise<Bytes> {
  const cipher = await cipherKey(key, 'decrypt');
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters(nonce, aad), cipher, data));
  } catch (error) {
    // What the standard says of a tag that does not fit, and of bytes that are too few for one.
    throw (error as Error).name === 'OperationError' ? tampered() : toLodestoreError(error);
  }
}

/** What is used of `node:crypto`. */
interface NodeHash {
  update(bytes: Uint8Array): NodeHash;
  digest(): Uint8Array;
}

interface NodeCrypto {
  createHash(name: string): NodeHash;
}

/** That of Node, Deno and Bun, where they give it without an import, which a bundler would follow. */
const nodeCrypto = (
  globalThis as { process?: { getBuiltinModule?: (name: string) => NodeCrypto | undefined } }
).process?.getBuiltinModule?.('node:crypto');

/** SHA-256 of one behind the other. */
export async function sha256(head: Bytes, bytes: Bytes): Promise<Bytes> {
  // A standard digest copies its input and asks another thread, which for a chunk takes as long as the digest.
  if (nodeCrypto !== undefined)
    return new Uint8Array(nodeCrypto.createHash('sha256').update(head).update(bytes).digest());
  return new Uint8Array(await crypto.subtle.digest('SHA-256', concat([head, bytes])));
}

/** HKDF with SHA-256. */
export async function subkey(key: Bytes, salt: Bytes, info: Bytes): Promise<Bytes> {
  const secret = await crypto.subtle.importKey('raw', key, 'HKDF', false, ['deriveBits']);
  const parameters = { name: 'HKDF', hash: 'SHA-256', salt, info };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, secret, 256));
}

function cipherKey(key: Bytes, usage: KeyUsage): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', key, 'AES-GCM', false, [usage]);
}

function parameters(nonce: Bytes, aad: Bytes): AesGcmParams {
  return { name: 'AES-GCM', iv: nonce, additionalData: aad, tagLength: 128 };
}
