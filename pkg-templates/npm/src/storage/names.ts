/** Which names are allowed, and how a database's name becomes the name of a directory. */

import { LodestoreError } from '../errors.js';

/**
 * A letter or digit first and no dot at the end, so that no name is `.`, `..`, hidden, or changed by Windows;
 * lower case only, so that no two names are one on a file system that ignores case.
 */
const FILE_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9-])?$/;

const DATABASE_NAME_BYTES_MAX = 128;

export function isFileName(name: string): boolean {
  return FILE_NAME.test(name);
}

export function checkFileName(name: unknown): asserts name is string {
  if (typeof name === 'string' && isFileName(name)) return;
  throw new LodestoreError('Invalid', 'A file needs another name', {
    expected: '1 to 64 of a-z 0-9 . -, beginning with a letter or digit and not ending with a dot',
    got: typeof name === 'string' ? JSON.stringify(name.slice(0, 80)) : typeof name,
  });
}

export function checkDatabaseName(name: unknown): asserts name is string {
  const bytes = typeof name === 'string' ? new TextEncoder().encode(name) : new Uint8Array();
  // A lone surrogate encodes as U+FFFD: two such names would become one.
  const faithful = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes) === name;
  if (faithful && bytes.length >= 1 && bytes.length <= DATABASE_NAME_BYTES_MAX) return;
  throw new LodestoreError('Invalid', 'A database needs another name', {
    expected: `text of 1 to ${DATABASE_NAME_BYTES_MAX} bytes in UTF-8`,
    got: typeof name === 'string' ? `${bytes.length} bytes` : typeof name,
  });
}

/** Device names of Windows, which it opens in whatever directory they are asked for. */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/;

/**
 * A directory name for a database: itself where that is safe everywhere, else with `%xx` for each byte that is
 * not; capitals too, since some file systems ignore case. Names that would grow too long for a file system
 * (255 bytes) become `~` and base 32. Different names never give the same directory.
 */
export function directoryName(name: string): string {
  checkDatabaseName(name);
  const bytes = new TextEncoder().encode(name);
  let encoded = '';
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    encoded += /[a-z0-9_-]/.test(char) ? char : '%' + byte.toString(16).padStart(2, '0');
  }
  if (RESERVED.test(encoded)) {
    encoded = '%' + encoded.charCodeAt(0).toString(16) + encoded.slice(1);
  }
  return encoded.length <= 200 ? encoded : '~' + base32(bytes);
}

function base32(bytes: Uint8Array): string {
  let out = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out += ((value >> bits) & 31).toString(32);
    }
  }
  return bits > 0 ? out + ((value << (5 - bits)) & 31).toString(32) : out;
}
