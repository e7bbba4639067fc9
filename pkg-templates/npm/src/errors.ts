/** The one error class of the package, and how what a host throws becomes one. */

/** What a program would act on; the names are stable. */
export type ErrorCode =
  | 'Invalid'
  | 'Mismatch'
  | 'Corrupt'
  | 'Version'
  | 'Conflict'
  | 'Quota'
  | 'Unavailable'
  | 'Closed'
  | 'Evicted';

const CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'Invalid',
  'Mismatch',
  'Corrupt',
  'Version',
  'Conflict',
  'Quota',
  'Unavailable',
  'Closed',
  'Evicted',
]);

export interface ErrorDetails {
  /** What would have been right, where there is such a pair. */
  expected?: string | undefined;
  got?: string | undefined;
  /** The host's own error. */
  cause?: unknown;
}

/** Every failure of Lodestore: a stable `code`, a sentence that says what to do, and expected/got. */
export class LodestoreError extends Error {
  override readonly name = 'LodestoreError';
  readonly code: ErrorCode;
  readonly expected?: string;
  readonly got?: string;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    if (details.expected !== undefined) this.expected = details.expected;
    if (details.got !== undefined) this.got = details.got;
  }
}

/** DOMException names. AbortError is what IndexedDB says of a transaction that the browser gave up. */
const BY_NAME: Readonly<Record<string, ErrorCode>> = {
  QuotaExceededError: 'Quota',
  // Firefox says this where Chromium says QuotaExceededError (growing a file, the Cache API).
  NS_ERROR_FILE_NO_DEVICE_SPACE: 'Quota',
  NoModificationAllowedError: 'Conflict',
  ConstraintError: 'Conflict',
  VersionError: 'Version',
  // What JavaScript says where there is no memory: for a typed array, or for an answer to be made of.
  RangeError: 'Quota',
};

/** Codes of Node, Deno and Bun. */
const BY_ERRNO: Readonly<Record<string, ErrorCode>> = {
  ENOSPC: 'Quota',
  EDQUOT: 'Quota',
  EFBIG: 'Quota',
  EEXIST: 'Conflict',
};

const ADVICE: Readonly<Record<ErrorCode, string>> = {
  Invalid: '',
  Mismatch: '',
  Corrupt: '',
  Version: 'it was written by a newer version; upgrade this one',
  Conflict: 'somebody else uses the same storage; close it there first',
  Quota: 'the host has no room; free some, or call prune(), and write again',
  Unavailable: 'the host refused or lost the storage; try again',
  Closed: '',
  Evicted: '',
};

/**
 * Makes a `LodestoreError` of anything thrown. `doing` says what was going on, for the message. An error that
 * already has one of our codes (a user's own storage object may throw such) keeps it. What is not known
 * counts as `Unavailable`, because the only safe reading of an unknown failure is "it may or may not have
 * happened".
 */
export function toLodestoreError(error: unknown, doing?: string): LodestoreError {
  if (error instanceof LodestoreError) return error;
  const { name, code, message } = fields(error);
  const prefix = doing === undefined ? '' : `${doing}: `;
  if (code !== undefined && CODES.has(code)) {
    const pair = error as { expected?: unknown; got?: unknown };
    return new LodestoreError(code as ErrorCode, prefix + message, {
      expected: text(pair.expected),
      got: text(pair.got),
      cause: error,
    });
  }
  const mapped = own(BY_NAME, name) ?? own(BY_ERRNO, code) ?? 'Unavailable';
  // Some browsers leave the message of QuotaExceededError empty, so the name goes in as well.
  const said = message === '' ? (name ?? 'unknown failure') : name ? `${name}: ${message}` : message;
  return new LodestoreError(mapped, `${prefix}${ADVICE[mapped]} (${said})`, { cause: error });
}

/** The code of a Node-style error, or the name of a DOMException; for adapters that treat some specially. */
export function hostCode(error: unknown): string | undefined {
  const { name, code } = fields(error);
  return code ?? name;
}

function fields(error: unknown): { name?: string; code?: string; message: string } {
  if (typeof error !== 'object' || error === null) return { message: String(error) };
  const { name, code, message } = error as { name?: unknown; code?: unknown; message?: unknown };
  return {
    ...(typeof name === 'string' && { name }),
    ...(typeof code === 'string' && { code }),
    message: typeof message === 'string' ? message : '',
  };
}

function own(table: Readonly<Record<string, ErrorCode>>, key: string | undefined): ErrorCode | undefined {
  return key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}

function text(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(value);
}
