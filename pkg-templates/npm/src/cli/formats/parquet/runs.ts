/** Small numbers as runs of one and of many: the levels of values, and their places in a dictionary. */

/** Reads `count` numbers of `width` bits from `at` on; throws where the bytes end before. */
export function runsOf(
  bytes: Uint8Array,
  at: number,
  width: number,
  count: number,
): Uint8Array | Uint32Array {
  if (width > 32) throw new Error(`numbers of ${width} bits`);
  const numbers = width <= 8 ? new Uint8Array(count) : new Uint32Array(count);
  if (width === 0) return numbers;
  for (let seen = 0; seen < count;) {
    let header = 0;
    for (let shift = 0, byte = 128; byte >= 128; shift += 7) {
      byte = byteAt(bytes, at++);
      if (shift > 28) throw new Error('a run that is too long');
      header = (header | ((byte & 127) << shift)) >>> 0;
    }
    const size = header >>> 1;
    if ((header & 1) === 0) {
      let value = 0;
      for (let shift = 0; shift < width; shift += 8) value = (value | (byteAt(bytes, at++) << shift)) >>> 0;
      numbers.fill(value, seen, seen + size);
      seen += size;
    } else {
      const here = Math.min(size * 8, count - seen);
      packed(bytes, at, width, numbers.subarray(seen, seen + here));
      // Behind the last one there may be less than a whole group.
      at += size * width;
      seen += here;
    }
  }
  return numbers;
}

/** Least significant bits first. */
function packed(bytes: Uint8Array, from: number, width: number, numbers: Uint8Array | Uint32Array): void {
  for (let i = 0; i < numbers.length; i += 1) {
    let [value, done] = [0, 0];
    for (let bit = i * width; done < width;) {
      const [inside, rest] = [bit & 7, width - done];
      const take = Math.min(8 - inside, rest);
      const part = (byteAt(bytes, from + Math.floor(bit / 8)) >>> inside) & ((1 << take) - 1);
      value = (value | (part << done)) >>> 0;
      done += take;
      bit += take;
    }
    numbers[i] = value;
  }
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new Error('a run ends too early');
  return byte;
}
