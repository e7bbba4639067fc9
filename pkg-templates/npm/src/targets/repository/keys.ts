/**
 * The keys of a repository, and the small object that says how they are made: `repository/<id>`. Two that begin one at the
 * same time make two of these, each of which stays good for what was packed under it; the first by name is used.
 */

import { concat } from '../../seal/concat.js';
import { type Bytes, seal } from '../../seal/index.js';
import type { Lock as LentLock } from '../../archive/calls.js';
import { LodestoreError } from '../../errors.js';
import { corrupt, mismatch, unavailable } from '../../fault.js';
import type { Shelf } from '../stores/shelf.js';
import { fromHex, toHex } from './hex.js';

export const REPOSITORY = 'repository/';
const MAGIC = 'LREP';
const VERSION = 1;
const ID_BYTES = 16;
/** Magic, version, cipher, kdf, id, salt, check, and salt, memory, passes and lanes of the kdf. */
const BODY_BYTES = 4 + 2 + 1 + 1 + ID_BYTES + 32 + 16 + 16 + 4 + 4 + 4;
const DIGEST_BYTES = 32;
/** What Argon2id takes for a new repository: as for an archive. */
const COST = { memoryKib: 65_536, passes: 3, lanes: 1 };

const text = new TextEncoder();

/** Names content, and packs it where it is encrypted. */
export interface Keys {
  id: Bytes;
  /** Undefined where nothing is encrypted. */
  seal: Bytes | undefined;
  /** 32 bytes that follow from the content, and say nothing about it to who has no key. */
  name(content: Bytes): Promise<Bytes>;
}

/** What a repository is opened with. */
export type Lock = Pick<LentLock, 'key' | 'passphrase'>;

/** How keys are made, without them. */
interface Recipe {
  id: Bytes;
  encrypted: boolean;
  salt: Bytes;
  check: Bytes;
  kdf: { salt: Bytes; memoryKib: number; passes: number; lanes: number } | undefined;
}

/** The web's own cryptography; pages over plain http have none. */
function subtle(): SubtleCrypto {
  const { crypto } = globalThis;
  if (crypto?.subtle === undefined) {
    throw unavailable('objectStore needs crypto.subtle: serve this page from https or from localhost');
  }
  return crypto.subtle;
}

export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await subtle().digest('SHA-256', bytes));
}

/** The keys under which is packed; makes them where there are none. `find` opens those under an id. */
export async function openKeys(
  shelf: Shelf,
  lock: Lock,
  find: (id: string) => Promise<Keys>,
  signal: AbortSignal | undefined,
): Promise<Keys> {
  let [first] = await ids(shelf, signal);
  if (first === undefined) {
    const recipe = await newRecipe(lock);
    await shelf.put(REPOSITORY + toHex(recipe.id), await encode(recipe), signal);
    // Somebody else may have made one meanwhile: then both of us use the same.
    [first] = await ids(shelf, signal);
  }
  return find(first ?? '');
}

async function ids(shelf: Shelf, signal: AbortSignal | undefined): Promise<string[]> {
  return (await shelf.list(REPOSITORY, signal)).map(({ key }) => key).sort();
}

/** Those under a certain id. */
export async function keysOf(
  shelf: Shelf,
  id: string,
  lock: Lock,
  signal: AbortSignal | undefined,
): Promise<Keys> {
  const bytes = await shelf.get(REPOSITORY + id, signal);
  if (bytes === undefined)
    throw corrupt(`${REPOSITORY}${id} is missing: without it nothing in this repository opens`);
  const recipe = await decode(bytes, id);
  const given = lock.key !== undefined || lock.passphrase !== undefined;
  if (recipe.encrypted !== given) {
    const [is, isNot] = ['encrypted', 'not encrypted'];
    const message = recipe.encrypted
      ? 'this repository is encrypted: say `encrypt`'
      : 'this repository is not encrypted: leave `encrypt` out, or begin another under a new prefix';
    throw mismatch(message, recipe.encrypted ? is : isNot, given ? is : isNot);
  }
  if (!recipe.encrypted) return { id: recipe.id, seal: undefined, name: sha256 };
  const main = await mainKey(recipe, lock);
  if (toHex(await checkOf(main, recipe)) !== toHex(recipe.check)) {
    throw new LodestoreError('Mismatch', 'the key or the passphrase is not that of this repository');
  }
  return keysFrom(main, recipe);
}

async function keysFrom(main: Bytes, recipe: Recipe): Promise<Keys> {
  const naming = await subkey(main, recipe, 'names');
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await subtle().importKey('raw', naming, algorithm, false, ['sign']);
  return {
    id: recipe.id,
    seal: await subkey(main, recipe, 'content'),
    name: async (content) => new Uint8Array(await subtle().sign('HMAC', key, content)),
  };
}

function subkey(main: Bytes, recipe: Recipe, purpose: string): Promise<Bytes> {
  return seal.subkey(main, recipe.salt, text.encode(`lodestore repository ${purpose} 1 ${toHex(recipe.id)}`));
}

async function checkOf(main: Bytes, recipe: Recipe): Promise<Bytes> {
  return (await subkey(main, recipe, 'check')).slice(0, 16);
}

async function mainKey({ kdf }: Recipe, { key, passphrase }: Lock): Promise<Bytes> {
  if (kdf === undefined) {
    if (key !== undefined) return key.slice();
    throw mismatch('this repository is encrypted with a key', 'a key', 'a passphrase');
  }
  if (passphrase === undefined)
    throw mismatch('this repository is encrypted with a passphrase', 'a passphrase', 'a key');
  return seal.derive(text.encode(passphrase), kdf.salt, kdf.memoryKib, kdf.passes, kdf.lanes);
}

async function newRecipe(lock: Lock): Promise<Recipe> {
  const random = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length));
  const encrypted = lock.key !== undefined || lock.passphrase !== undefined;
  const recipe: Recipe = {
    id: random(ID_BYTES),
    encrypted,
    salt: encrypted ? random(32) : new Uint8Array(32),
    check: new Uint8Array(16),
    kdf: lock.passphrase === undefined ? undefined : { salt: random(16), ...COST },
  };
  if (encrypted) recipe.check = await checkOf(await mainKey(recipe, lock), recipe);
  return recipe;
}

async function encode({ id, encrypted, salt, check, kdf }: Recipe): Promise<Bytes> {
  const head = new Uint8Array([
    ...text.encode(MAGIC),
    VERSION,
    0,
    Number(encrypted),
    kdf === undefined ? 0 : 1,
  ]);
  const cost = new DataView(new ArrayBuffer(12));
  [kdf?.memoryKib, kdf?.passes, kdf?.lanes].forEach((number, at) =>
    cost.setUint32(at * 4, number ?? 0, true),
  );
  const body = concat([head, id, salt, check, kdf?.salt ?? new Uint8Array(16), new Uint8Array(cost.buffer)]);
  return concat([body, await sha256(body)]);
}

async function decode(bytes: Bytes, id: string): Promise<Recipe> {
  const damaged = () =>
    corrupt(`${REPOSITORY}${id} is damaged: put back a copy of it, of ${BODY_BYTES + DIGEST_BYTES} bytes`);
  const body = bytes.slice(0, BODY_BYTES);
  if (bytes.length !== BODY_BYTES + DIGEST_BYTES || new TextDecoder().decode(body.subarray(0, 4)) !== MAGIC)
    throw damaged();
  if (toHex(await sha256(body)) !== toHex(bytes.subarray(BODY_BYTES))) throw damaged();
  const view = new DataView(body.buffer);
  const version = view.getUint16(4, true);
  if (version !== VERSION) {
    throw new LodestoreError('Version', 'this repository was made by a newer Lodestore: use that one', {
      expected: String(VERSION),
      got: String(version),
    });
  }
  const [encrypted, derived] = [view.getUint8(6), view.getUint8(7)];
  const own = body.slice(8, 24);
  if (encrypted > 1 || derived > encrypted || toHex(own) !== id || fromHex(id, ID_BYTES) === undefined)
    throw damaged();
  const [memoryKib, passes, lanes] = [88, 92, 96].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
  ];
  return {
    id: own,
    encrypted: encrypted === 1,
    salt: body.slice(24, 56),
    check: body.slice(56, 72),
    // Costs out of bounds are refused where they are spent.
    kdf: derived === 1 ? { salt: body.slice(72, 88), memoryKib, passes, lanes } : undefined,
  };
}
