/** What encrypts and opens archives. A secret is never a word of the command line, which every user of a machine can list. */

import { readFile } from 'node:fs/promises';
import { lockOf } from '../archive/lock.js';
import { type Encryption, LodestoreError } from '../index.node.js';
import type { Call, OptionSpec } from './command.js';
import { hostError } from './source.js';
import { UsageError } from './usage-error.js';

export const KEY_OPTIONS = {
  'key-file': {
    value: 'FILE',
    text: 'The key: a file of 32 bytes, or of 64 hexadecimal digits (openssl rand -hex 32 makes such).',
  },
  'passphrase-file': {
    value: 'FILE',
    text: 'The passphrase: a file of one line; the end of the line does not count.',
  },
  'passphrase-env': { value: 'VAR', text: 'The environment variable that has the passphrase.' },
} as const satisfies Record<string, OptionSpec>;

const KEY_BYTES = 32;

/**
 * Undefined where none of the options was given. A command is one operation, however many calls it makes: what one of them
 * derived from the passphrase serves the others.
 */
export async function encryptionOf(call: Call): Promise<Encryption | undefined> {
  const given = await givenBy(call);
  return given && lockOf('encrypt', given).encryption;
}

async function givenBy({ options }: Call): Promise<Encryption | undefined> {
  const given = Object.keys(KEY_OPTIONS).filter((name) => options.text(name) !== undefined);
  if (given.length > 1) throw new UsageError(`--${given.join(' and --')} say two things: give one of them`);
  const [keyFile, passphraseFile] = [options.text('key-file'), options.text('passphrase-file')];
  const variable = options.text('passphrase-env');
  if (keyFile !== undefined) return { key: keyOf(keyFile, await bytesOf(keyFile)) };
  if (passphraseFile !== undefined) {
    const line = new TextDecoder().decode(await bytesOf(passphraseFile)).replace(/\r?\n$/, '');
    if (line.length > 0 && !/[\r\n]/.test(line)) return { passphrase: line };
    throw refused(
      `${passphraseFile} has no passphrase`,
      'one line of text',
      line === '' ? 'nothing' : 'more',
    );
  }
  if (variable === undefined) return undefined;
  const passphrase = process.env[variable];
  if (passphrase !== undefined && passphrase !== '') return { passphrase };
  throw refused(`the environment variable ${variable} has no passphrase`, 'text', 'nothing');
}

/** Raw bytes, or digits with or without an end of line. */
function keyOf(file: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length === KEY_BYTES) return bytes;
  const text = new TextDecoder().decode(bytes.subarray(0, 2 * KEY_BYTES + 3)).trim();
  if (/^[0-9a-fA-F]{64}$/.test(text) && bytes.length <= 2 * KEY_BYTES + 2)
    return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
  throw refused(`${file} is no key`, '32 bytes or 64 hexadecimal digits', `${bytes.length} bytes`);
}

async function bytesOf(file: string): Promise<Uint8Array> {
  return new Uint8Array(
    await readFile(file).catch((error: unknown) => {
      throw hostError(`cannot read ${file}`, error);
    }),
  );
}

function refused(message: string, expected: string, got: string): LodestoreError {
  return new LodestoreError('Invalid', message, { expected, got });
}
