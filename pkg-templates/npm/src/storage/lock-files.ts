/**
 * Ownership of a directory, for Node, Deno and Bun, which have no lock of the operating system in common.
 *
 * The owner has a file `_lock_<pid>_<start>_<token>` in it. Each contender first makes its own and then looks for those of
 * others that live: of two, the one that came later sees the other. So both may step back, but never do both
 * own. Every name is used once, hence removing a dead owner's file cannot hit a live one. Processes that cannot
 * see each other (in different containers or on different machines) are not kept apart.
 */

import { hostCode, LodestoreError } from '../errors.js';
import type { Lock } from './lock.js';
import type { Node } from './node.js';

const PREFIX = '_lock_';
const TRIES = 8;

/** Directories that this module has open; another thread of the process is found by its lock file. */
const open = new Set<string>();

/** `directory` must exist and be a real path. */
export async function lockDirectory(node: Node, directory: string, label: string): Promise<Lock> {
  if (open.has(directory))
    throw new LodestoreError('Conflict', `${label} is open already in this process; close it there first`);
  open.add(directory);
  try {
    const path = await makeLockFile(node, directory, label);
    return {
      release: async () => {
        await node.fs.unlink(path).catch(ignoreAbsent);
        open.delete(directory);
      },
    };
  } catch (error) {
    open.delete(directory);
    throw error;
  }
}

async function makeLockFile(node: Node, directory: string, label: string): Promise<string> {
  const { fs, path, process } = node;
  const start = (await startOf(node, process.pid)) ?? '0';
  const token = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
  const own = `${PREFIX}${process.pid}_${start}_${token}`;
  const file = path.join(directory, own);
  let owner: string | undefined;
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    await (await fs.open(file, 'wx')).close();
    try {
      owner = await liveOther(node, directory, own);
    } catch (error) {
      await fs.unlink(file).catch(ignoreAbsent);
      throw error;
    }
    if (owner === undefined) return file;
    await fs.unlink(file).catch(ignoreAbsent);
    // Two that met and both stepped back must not meet again: they wait for different times.
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 100));
  }
  throw new LodestoreError(
    'Conflict',
    `${label} is open in another process or thread; close it there first (its lock file is ${owner}: delete that only if you are sure that its process is gone)`,
  );
}

/** The lock file of a live owner other than `own`; removes those of dead ones. */
async function liveOther(node: Node, directory: string, own: string): Promise<string | undefined> {
  for (const name of await node.fs.readdir(directory)) {
    if (!name.startsWith(PREFIX) || name === own) continue;
    const [pid, start] = name.slice(PREFIX.length).split('_');
    if (await lives(node, Number(pid), start ?? '0')) return node.path.join(directory, name);
    await node.fs.unlink(node.path.join(directory, name)).catch(ignoreAbsent);
  }
  return undefined;
}

/** Whether the process still runs; in doubt, yes. */
async function lives(node: Node, pid: number, start: string): Promise<boolean> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return true;
  try {
    node.process.kill(pid, 0);
  } catch (error) {
    if (hostCode(error) === 'ESRCH') return false;
  }
  // The number may have been given to another process since (in containers it often is).
  const now = await startOf(node, pid);
  return now === undefined || start === '0' || now === start;
}

/** When a process started, in ticks since the boot; undefined where that cannot be known. */
async function startOf(node: Node, pid: number): Promise<string | undefined> {
  if (node.process.platform !== 'linux') return undefined;
  try {
    const stat = await node.fs.readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in brackets and may hold anything, so counting begins after the last one.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function ignoreAbsent(error: unknown): void {
  if (hostCode(error) !== 'ENOENT') throw error;
}
