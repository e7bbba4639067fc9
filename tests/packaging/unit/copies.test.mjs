// What a write may be asked for again with, in another tab, after its caller has put something else into the array.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const { Copies } = await import(new URL('tabs/copies.js', pathToFileURL(`${process.env.LODESTORE_DIST}/`)));

test('a copy stays what it was', () => {
  const copies = new Copies();
  const row = Float32Array.of(1, 2, 3);
  const first = copies.take(row);
  row.fill(9);
  const second = copies.take(row);
  assert.deepEqual([...first], [1, 2, 3]);
  assert.deepEqual([...second], [9, 9, 9]);
});

test('an array is used again only when it was given back, and for as many numbers', () => {
  const copies = new Copies();
  const first = copies.take(Float32Array.of(1, 2, 3));
  copies.giveBack(first);
  const longer = copies.take(Float32Array.of(4, 5, 6, 7));
  assert.notEqual(longer, first);
  assert.deepEqual([...longer], [4, 5, 6, 7]);
  const again = copies.take(Float32Array.of(7, 8, 9));
  assert.equal(again, first);
  assert.deepEqual([...again], [7, 8, 9]);
  assert.notEqual(copies.take(Float32Array.of(0, 0, 0)), first, 'it is lent to one at a time');
});

test('neither long ones are kept nor any number of them', () => {
  const copies = new Copies();
  const long = copies.take(new Float32Array(100_000));
  copies.giveBack(long);
  assert.notEqual(copies.take(new Float32Array(100_000)), long);
  const lent = Array.from({ length: 200 }, () => copies.take(new Float32Array(8)));
  for (const one of lent) copies.giveBack(one);
  const again = new Set(Array.from({ length: 200 }, () => copies.take(new Float32Array(8))));
  const kept = lent.filter((one) => again.has(one)).length;
  assert.ok(kept > 0 && kept < 200, `${kept} are kept`);
});
