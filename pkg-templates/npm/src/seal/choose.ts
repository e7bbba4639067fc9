/** Who compresses and encrypts: the host where it can, and otherwise the module. */

import { checkLength } from './faults.js';
import * as hostCrypto from './host-crypto.js';
import * as hostDeflate from './host-deflate.js';
import type { Seal } from './seal.js';

const KEY = 32;
const NONCE = 12;
const SALT = 16;

/** As the host has it, and `module` what it has not. Which that is shows only when it is asked for. */
export function choose(module: Seal): Seal {
  const cipher = () => (hostCrypto.hasSubtle() ? hostCrypto : module);
  const checked = (key: Uint8Array, nonce: Uint8Array): void => {
    checkLength('a key', key, KEY);
    checkLength('a nonce', nonce, NONCE);
  };
  return {
    deflate: async (raw) => (hostDeflate.canDeflate() ? hostDeflate : module).deflate(raw),
    inflate: async (stored, rawLength) =>
      ((await hostDeflate.canInflate()) ? hostDeflate : module).inflate(stored, rawLength),
    encrypt: async (key, nonce, aad, data) => {
      checked(key, nonce);
      return cipher().encrypt(key, nonce, aad, data);
    },
    decrypt: async (key, nonce, aad, data) => {
      checked(key, nonce);
      return cipher().decrypt(key, nonce, aad, data);
    },
    derive: async (passphrase, salt, memoryKib, passes, lanes) => {
      checkLength('a salt', salt, SALT);
      return module.derive(passphrase, salt, memoryKib, passes, lanes);
    },
    subkey: async (key, salt, info) => {
      checkLength('a key', key, KEY);
      return cipher().subkey(key, salt, info);
    },
  };
}
