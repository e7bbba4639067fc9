/** A command line that is wrong: nothing was done, and the exit code is 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
