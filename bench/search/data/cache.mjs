// Raw little-endian floats on the disk with a note beside them, made once on each machine.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * The array kept at `path`, or what `make` gives when there is none, or one made from something else, or a damaged
 * one. `about` is what it is made from.
 * @template {Float32Array | Uint32Array} T
 */
export async function cached(path, Kind, about, make) {
  const kept = await readKept(path, Kind, about);
  if (kept !== undefined) return kept;
  await mkdir(dirname(path), { recursive: true });
  const made = await make();
  const bytes = new Uint8Array(made.buffer, made.byteOffset, made.byteLength);
  await writeWhole(path, bytes);
  await writeWhole(`${path}.json`, `${JSON.stringify({ ...about, sha256: sha256(bytes) }, undefined, 2)}\n`);
  return made;
}

async function readKept(path, Kind, about) {
  try {
    const { sha256: digest, ...note } = JSON.parse(await readFile(`${path}.json`, 'utf8'));
    if (JSON.stringify(note) !== JSON.stringify(about)) return undefined;
    const bytes = await readFile(path);
    if (sha256(bytes) !== digest) return undefined;
    return new Kind(bytes.buffer, bytes.byteOffset, bytes.byteLength / Kind.BYTES_PER_ELEMENT);
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whole or absent: a run cut off leaves nothing that looks finished. */
async function writeWhole(path, content) {
  await writeFile(`${path}.part`, content);
  await rename(`${path}.part`, path);
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
