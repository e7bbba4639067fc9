/** Floats as text. */

/** As many digits as every text of a float32 keeps, and as many as tell any two of them apart. */
const DIGITS_MIN = 6;
const DIGITS_MAX = 9;

/** The shortest text, nearly always, that reads back as the same float32: 0.1, not 0.10000000149011612. */
export function floatText(value: number): string {
  if (Object.is(value, -0)) return '-0';
  for (let digits = DIGITS_MIN; digits < DIGITS_MAX; digits += 1) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return String(shorter);
  }
  return String(Number(value.toPrecision(DIGITS_MAX)));
}

/** A JSON array. */
export function numbersText(values: Float32Array): string {
  return `[${Array.from(values, floatText).join(',')}]`;
}
