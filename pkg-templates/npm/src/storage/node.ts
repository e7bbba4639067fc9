/**
 * The few functions of `node:` modules that the package uses, described here so that it needs no types of Node, and
 * imported so that no bundler for browsers ever sees the name of such a module.
 */

export interface NodeHandle {
  readonly fd: number;
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesWritten: number }>;
  writev?(buffers: Uint8Array[], position: number): Promise<{ bytesWritten: number }>;
  stat(): Promise<{ size: number; nlink: number }>;
  truncate(length: number): Promise<void>;
  sync(): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

export interface NodeFs {
  open(path: string, flags: string | number): Promise<NodeHandle>;
  mkdir(path: string, options: { recursive: true }): Promise<string | undefined>;
  readdir(path: string): Promise<string[]>;
  readFile(path: string, encoding: 'utf8'): Promise<string>;
  realpath(path: string): Promise<string>;
  stat(path: string): Promise<{ size: number; isFile(): boolean }>;
  /** Not in every version, nor in every runtime. */
  statfs?(path: string): Promise<{ bavail: number; bsize: number }>;
  link(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
}

/** The few calls that do not wait. */
export interface NodeFsNow {
  readonly constants: { readonly O_RDWR: number; readonly O_DSYNC?: number };
  openSync(path: string, flags: string): number;
  readSync(file: number, buffer: Uint8Array, offset: number, length: number, position: number): number;
  fstatSync(file: number): { size: number; nlink: number };
  closeSync(file: number): void;
}

export interface NodePath {
  resolve(...parts: string[]): string;
  join(...parts: string[]): string;
  dirname(path: string): string;
}

export interface NodeProcess {
  readonly pid: number;
  readonly platform: string;
  kill(pid: number, signal: 0): boolean;
}

export interface Node {
  fs: NodeFs;
  fsNow: NodeFsNow;
  path: NodePath;
  process: NodeProcess;
}

/** Node, Deno or Bun, and none of those that only look like it: edge isolates, bundled stand-ins, Electron pages. */
export function isNode(): boolean {
  const { process, navigator } = globalThis as {
    process?: { versions?: { node?: unknown }; type?: unknown };
    navigator?: { userAgent?: unknown };
  };
  if (navigator?.userAgent === 'Cloudflare-Workers') return false;
  const real = Object.prototype.toString.call(process) === '[object process]';
  return real && typeof process?.versions?.node === 'string' && process.type !== 'renderer';
}

/** The modules; call only where `isNode` says so. */
export async function loadNode(): Promise<Node> {
  const modules = await Promise.all(['fs/promises', 'fs', 'path', 'process'].map(builtin));
  const [fs, fsNow, path, process] = modules as [NodeFs, NodeFsNow, NodePath, NodeProcess];
  return { fs, fsNow, path, process };
}

async function builtin(name: string): Promise<unknown> {
  const module = `node:${name}`;
  const loaded = (await import(/* webpackIgnore: true */ /* @vite-ignore */ module)) as { default: unknown };
  return loaded.default;
}
