/** Dates and times as ISO text, with as many digits as their unit has, so that the texts of a column sort by time. */

export type Unit = 'MILLIS' | 'MICROS' | 'NANOS';

const DIGITS = { MILLIS: 3, MICROS: 6, NANOS: 9 } as const;
const DAY_SECONDS = 86_400;

/** Days since 1970; nothing where JavaScript knows no such day. */
export function dateText(days: number): string | undefined {
  return isoText(days * DAY_SECONDS)?.slice(0, -'T00:00:00.000Z'.length);
}

/** `utc` says whether it is a moment, or what a clock somewhere showed. */
export function timestampText(value: bigint, unit: Unit, utc: boolean): string | undefined {
  const [seconds, part] = split(value, unit);
  const text = isoText(Number(seconds));
  return text === undefined ? undefined : `${text.slice(0, -'.000Z'.length)}.${part}${utc ? 'Z' : ''}`;
}

export function timeText(value: bigint, unit: Unit): string | undefined {
  const [seconds, part] = split(value, unit);
  if (seconds < 0n || seconds > BigInt(DAY_SECONDS)) return undefined;
  const two = (n: bigint): string => n.toString().padStart(2, '0');
  return `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}.${part}`;
}

/** The timestamps of old writers: nanoseconds of the day, and the day by Julian count behind them. */
export function int96Text(value: bigint): string | undefined {
  const days = BigInt.asIntN(32, value >> 64n) - 2_440_588n;
  const nanos = BigInt.asUintN(64, value);
  return timestampText(days * 86_400_000_000_000n + nanos, 'NANOS', true);
}

function split(value: bigint, unit: Unit): [bigint, string] {
  const digits = DIGITS[unit];
  const one = 10n ** BigInt(digits);
  const part = ((value % one) + one) % one;
  return [(value - part) / one, part.toString().padStart(digits, '0')];
}

function isoText(seconds: number): string | undefined {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
