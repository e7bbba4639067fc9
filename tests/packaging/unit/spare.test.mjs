// Buffers that are used again: never by two at a time, and never those of somebody else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const { giveBack, Spare } = await import(
  new URL('storage/spare.js', pathToFileURL(`${process.env.LODESTORE_DIST}/`))
);

const filled = (length, byte) => new Uint8Array(length).fill(byte);
const isAll = (bytes, length, byte) => bytes.length === length && bytes.every((one) => one === byte);

test('a copy stays what it is until it is given back', () => {
  const spare = new Spare();
  const source = filled(100_000, 1);
  const first = spare.copy(source);
  source.fill(2);
  const second = spare.copy(source);
  assert.ok(isAll(first, 100_000, 1) && isAll(second, 100_000, 2));
  giveBack(first);
  const third = spare.copy(filled(90_000, 3));
  assert.equal(third.buffer, first.buffer);
  assert.ok(isAll(third, 90_000, 3), 'as long as what it is a copy of');
  assert.ok(isAll(second, 100_000, 2));
});

test('what is given back twice is lent once', () => {
  const spare = new Spare();
  const first = spare.copy(filled(100_000, 1));
  giveBack(first);
  giveBack(first);
  const [one, other] = [spare.copy(filled(100_000, 2)), spare.copy(filled(100_000, 3))];
  assert.notEqual(one.buffer, other.buffer);
  assert.ok(isAll(one, 100_000, 2) && isAll(other, 100_000, 3));
});

test('the least of those that are long enough is taken', () => {
  const spare = new Spare();
  const sizes = [400_000, 100_000, 200_000];
  const buffers = sizes.map((size) => spare.copy(filled(size, 1)));
  buffers.forEach(giveBack);
  assert.equal(spare.copy(filled(150_000, 2)).buffer.byteLength, 200_000);
  assert.equal(spare.copy(filled(150_000, 2)).buffer.byteLength, 400_000);
  assert.equal(spare.copy(filled(150_000, 2)).buffer.byteLength, 150_000, 'a new one, just as long');
});

test('bytes that come from elsewhere stay with whoever has them', () => {
  const spare = new Spare();
  const mine = filled(100_000, 1);
  giveBack(mine);
  giveBack(spare.copy(filled(10, 1)));
  assert.notEqual(spare.copy(filled(100_000, 2)).buffer, mine.buffer);
  assert.ok(isAll(mine, 100_000, 1));
});
