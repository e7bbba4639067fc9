import { LodestoreError } from '../index.node.js';

/** The database does not open because it is damaged; told apart from an archive that is. */
export class DamagedDatabase extends LodestoreError {
  constructor(name: string, { message, expected, got }: LodestoreError) {
    const advice = `what can be done: lodestore salvage ${name}, or lodestore restore ${name} FILE --replace`;
    super('Corrupt', `${message}; ${advice}`, { expected, got });
  }
}
