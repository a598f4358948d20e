// Numbers of a range in GBNF: whole ones digit by digit, and those with a fraction, whose ends are exact too. Not here: what of a
// JSON schema sets the ends (json-schema.ts).
import { alternatives } from './gbnf.js';

/** Digits of the largest whole number that is written: all such numbers are exact in JavaScript. */
const DIGITS = 15;
const LARGEST = 10 ** DIGITS - 1;
/** What fractions are counted in. */
const UNIT = 10n ** BigInt(DIGITS);

const MORE = `[0-9]{0,${DIGITS - 1}}`;
const ZEROS = `"0"{0,${DIGITS - 1}}`;
const FRACTION = `("." [0-9]{1,${DIGITS}})?`;
const EXPONENT = '([eE] [-+]? [0-9]{1,2})?';

/** Whole numbers from `least` to `most`, either of which may be infinite. Throws RangeError if there are none. */
export function wholeNumber(least: number, most: number): string {
  const [low, high] = [Math.max(Math.ceil(least), -LARGEST), Math.min(Math.floor(most), LARGEST)];
  if (low > high) throw new RangeError('no whole number lies in this range');
  const found: string[] = [];
  if (low < 0) found.push(`"-" ${alternatives(magnitudes(Math.max(1, -high), -low))}`);
  if (high >= 0) found.push(...magnitudes(Math.max(0, low), high));
  return alternatives(found);
}

/** An end of a range; `isOpen`: it is not in it. */
export interface End {
  at: number;
  isOpen: boolean;
}

/** Numbers between two ends. Throws RangeError if there are none. */
export function decimalNumber(low: End, high: End): string {
  const [least, most] = [scaled(low, 1n), scaled(high, -1n)];
  if (least !== undefined && most !== undefined && least > most) throw new RangeError('no number lies in this range');
  const found: string[] = [];
  if (least === undefined || least < 0n) {
    const smallest = most !== undefined && most < 0n ? -most : 0n;
    found.push(`"-" ${alternatives(between(smallest, least === undefined ? undefined : -least))}`);
  }
  if (most === undefined || most >= 0n) {
    found.push(...between(least === undefined || least < 0n ? 0n : least, most));
  }
  return alternatives(found);
}

/** In units, rounded into the range; undefined where it is further out than numbers are written. */
function scaled({ at, isOpen }: End, inwards: 1n | -1n): bigint | undefined {
  if (Math.abs(at) > LARGEST) {
    if (at < 0 === (inwards === 1n)) return undefined;
    throw new RangeError(`numbers are written with at most ${DIGITS} digits`);
  }
  const shortest = String(Math.abs(at));
  const [whole, fraction = ''] = (shortest.includes('e') ? Math.abs(at).toFixed(20) : shortest).split('.');
  const magnitude = BigInt(whole! + fraction.slice(0, DIGITS).padEnd(DIGITS, '0'));
  const value = at < 0 ? -magnitude : magnitude;
  const isCut = Number(fraction.slice(DIGITS)) !== 0 && (at < 0 ? -1n : 1n) === inwards;
  // As near as a double still tells it from the end: so many digits in all.
  const step = 10n ** BigInt(Math.min(DIGITS - 1, whole!.length));
  return value + (isOpen ? inwards * step : isCut ? inwards : 0n);
}

/** Magnitudes in units, from `low` to `high` or without end. */
function between(low: bigint, high: bigint | undefined): string[] {
  const [wholeLow, partLow] = split(low);
  if (high === undefined) {
    if (low === 0n) return [`${wholeNumber(0, LARGEST)} ${FRACTION} ${EXPONENT}`];
    const above = wholeLow < LARGEST ? [`${wholeNumber(wholeLow + 1, LARGEST)} ${FRACTION}`] : [];
    return [`"${wholeLow}" ${atLeast(partLow)}`, ...above];
  }
  const [wholeHigh, partHigh] = split(high);
  if (wholeLow === wholeHigh) return [`"${wholeLow}" ${within(partLow, partHigh)}`.trim()];
  const first = partLow === '' ? wholeLow : wholeLow + 1;
  return [
    ...(partLow === '' ? [] : [`"${wholeLow}" ${atLeast(partLow)}`]),
    ...(first < wholeHigh ? [`${wholeNumber(first, wholeHigh - 1)} ${FRACTION}`] : []),
    `"${wholeHigh}" ${atMost(partHigh)}`,
  ];
}

/** The whole part, and the digits of the fraction without zeros at their end. */
function split(value: bigint): [whole: number, part: string] {
  const part = String(value % UNIT)
    .padStart(DIGITS, '0')
    .replace(/0+$/, '');
  return [Number(value / UNIT), part];
}

function atLeast(part: string): string {
  return part === '' ? FRACTION : `"." ${digitsAtLeast(part)}`;
}

function atMost(part: string): string {
  return part === '' ? `("." "0"{1,${DIGITS}})?` : `("." ${digitsAtMost(part)})?`;
}

function within(low: string, high: string): string {
  return low === '' ? atMost(high) : `"." ${digitsWithin(low, high)}`;
}

function digitsAtLeast(part: string): string {
  if (part === '') return MORE;
  const [digit, rest] = [Number(part[0]), part.slice(1)];
  const same = `"${digit}" ${digitsAtLeast(rest)}`;
  return digit === 9 ? same : `([${digit + 1}-9] ${MORE} | ${same})`;
}

function digitsAtMost(part: string): string {
  const [digit, rest] = [Number(part[0]), part.slice(1)];
  const same = `"${digit}" ${rest === '' ? ZEROS : `${digitsAtMost(rest)}?`}`;
  return digit === 0 ? `(${same})` : `([0-${digit - 1}] ${MORE} | ${same})`;
}

/** Between two fractions, the lower of which is not 0 from here on. */
function digitsWithin(low: string, high: string): string {
  if (low === '') return high === '' ? ZEROS : `${digitsAtMost(high)}?`;
  const [first, last] = [Number(low[0]), Number(high[0])];
  const [lower, upper] = [low.slice(1), high.slice(1)];
  if (first === last) return `"${first}" ${digitsWithin(lower, upper)}`;
  const ways = [`"${first}" ${digitsAtLeast(lower)}`];
  if (last - first > 1) ways.push(`[${first + 1}-${last - 1}] ${MORE}`);
  ways.push(`"${last}" ${upper === '' ? ZEROS : `${digitsAtMost(upper)}?`}`);
  return `(${ways.join(' | ')})`;
}

/** By number of digits. */
function magnitudes(low: number, high: number): string[] {
  if (low <= 1 && high === LARGEST) return [...(low === 0 ? ['"0"'] : []), `[1-9] [0-9]{0,${DIGITS - 1}}`];
  const found: string[] = [];
  for (let digits = String(low).length; digits <= String(high).length; digits++) {
    const first = Math.max(low, digits === 1 ? 0 : 10 ** (digits - 1));
    found.push(sameLength(String(first), String(Math.min(high, 10 ** digits - 1))));
  }
  return found;
}

/** Numbers between two of as many digits. */
function sameLength(low: string, high: string): string {
  if (low === '') return '';
  const rest = low.length - 1;
  if (/^0*$/.test(low) && /^9*$/.test(high)) return rest === 0 ? '[0-9]' : `[0-9]{${low.length}}`;
  const [a, b] = [low[0]!, high[0]!];
  if (rest === 0) return a === b ? `"${a}"` : `[${a}-${b}]`;
  if (a === b) return `"${a}" ${sameLength(low.slice(1), high.slice(1))}`;
  const found = [`"${a}" ${sameLength(low.slice(1), '9'.repeat(rest))}`];
  const between = [String(Number(a) + 1), String(Number(b) - 1)] as const;
  if (between[0] <= between[1]) found.push(`[${between[0]}-${between[1]}] [0-9]{${rest}}`);
  found.push(`"${b}" ${sameLength('0'.repeat(rest), high.slice(1))}`);
  return alternatives(found);
}
