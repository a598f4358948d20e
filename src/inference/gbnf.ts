// Pieces of GBNF, the grammars of llama.cpp: rules that are named as they are needed, literals, whole numbers of a range.
// Not here: what a JSON schema means (json-schema.ts).

/** Most repetitions that llama.cpp reads. */
export const MOST_REPEATED = 2000;

export class Rules {
  readonly #rules = new Map<string, string>();

  /** Adds a rule, if there is none of that name; its body is made after the name is taken, so that it may refer to itself. */
  add(name: string, body: () => string): string {
    if (!this.#rules.has(name)) {
      this.#rules.set(name, '');
      this.#rules.set(name, body());
    }
    return name;
  }

  /** The grammar with this root. */
  grammar(root: string): string {
    return [`root ::= ${root}`, ...[...this.#rules].map(([name, body]) => `${name} ::= ${body}`)].join('\n');
  }
}

/** A text as it is. */
export function literal(text: string): string {
  return `"${escape(text)}"`;
}

/** One of some characters, or any other. */
export function oneOf(characters: string, isNegated = false): string {
  return `[${isNegated ? '^' : ''}${Array.from(characters, (c) => (/[\w ]/.test(c) ? c : code(c))).join('')}]`;
}

function escape(text: string): string {
  return Array.from(text, (c) => (c === '"' || c === '\\' || /\p{C}/u.test(c) ? code(c) : c)).join('');
}

function code(character: string): string {
  return `\\U${character.codePointAt(0)!.toString(16).padStart(8, '0')}`;
}

export function alternatives(all: readonly string[]): string {
  return all.length === 1 ? all[0]! : `(${all.join(' | ')})`;
}

export function repeated(what: string, least: number, most = Number.POSITIVE_INFINITY): string {
  if (most === 0) return '""';
  if (least === 1 && most === 1) return what;
  return `${what}{${least},${most === Number.POSITIVE_INFINITY ? '' : most}}`;
}

/** Digits of the largest whole number that is written: all such numbers are exact in JavaScript. */
const DIGITS = 15;
const LARGEST = 10 ** DIGITS - 1;

/** Whole numbers from `least` to `most`, either of which may be infinite. Throws RangeError if there are none. */
export function wholeNumber(least: number, most: number): string {
  const [low, high] = [Math.max(Math.ceil(least), -LARGEST), Math.min(Math.floor(most), LARGEST)];
  if (low > high) throw new RangeError('no whole number lies in this range');
  const found: string[] = [];
  if (low < 0) found.push(`"-" ${alternatives(magnitudes(Math.max(1, -high), -low))}`);
  if (high >= 0) found.push(...magnitudes(Math.max(0, low), high));
  return alternatives(found);
}

/** Numbers from `least` to `most`, which are whole or infinite. Throws RangeError if there are none. */
export function decimalNumber(least: number, most: number): string {
  if (least > most) throw new RangeError('no number lies in this range');
  const fraction = '("." [0-9]{1,15})?';
  const exponent = '([eE] [-+]? [0-9]{1,2})?';
  const from = (low: number, high: number): string[] => {
    if (high === Number.POSITIVE_INFINITY && low === 0) return [`${wholeNumber(0, high)} ${fraction} ${exponent}`];
    const below = low < high ? [`${wholeNumber(low, high - 1)} ${fraction}`] : [];
    return high > LARGEST ? below : [...below, `${wholeNumber(high, high)} ("." "0"{1,15})?`];
  };
  const found: string[] = [];
  if (least < 0) found.push(`"-" ${alternatives(from(Math.max(0, -most), -least))}`);
  if (most >= 0) found.push(...from(Math.max(0, least), most));
  return alternatives(found);
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
