// A regular expression as the grammar of JSON texts that match it, without their quotes. Where it is not anchored any characters may
// stand around the match. Not here: reading it (regex.ts).
import { alternatives, literal, MOST_REPEATED, ofRanges, type Rules } from './gbnf.js';
import { complementOf, readRegex, type CodeRange, type RegexNode } from './regex.js';

/** Characters that a text may have; both ends are included. */
export interface Lengths {
  least: number;
  most: number;
}

/** What stands in JSON only behind a backslash, DEL, and what is no character by itself. */
const ESCAPED: readonly CodeRange[] = [
  [0, 0x1f],
  [0x22, 0x22],
  [0x5c, 0x5c],
  [0x7f, 0x7f],
];
const SURROGATES: CodeRange = [0xd800, 0xdfff];

/** `any`: the name of the rule of one character. Throws RangeError with what is not understood, or does not go together. */
export function grammarOfRegex(source: string, rules: Rules, any: string, lengths: Lengths): string {
  return alternatives(waysOf(readRegex(source)).map((way) => ofWay(way, rules, any, lengths)));
}

/** The choices at the top, each of which may have anchors of its own. */
function waysOf(node: RegexNode): (readonly RegexNode[])[] {
  if (node.kind === 'choice') return node.ways.flatMap(waysOf);
  const items = node.kind === 'sequence' ? node.items : [node];
  const [only] = items;
  return items.length === 1 && only!.kind !== 'set' && only!.kind !== 'repeat' && !isAnchor(only!)
    ? waysOf(only!)
    : [items];
}

function ofWay(items: readonly RegexNode[], rules: Rules, any: string, lengths: Lengths): string {
  let [from, to] = [0, items.length];
  while (from < to && items[from]!.kind === 'start') from++;
  while (to > from && items[to - 1]!.kind === 'end') to--;
  const core: RegexNode = { kind: 'sequence', items: items.slice(from, to) };
  const [opensAtStart, opensAtEnd] = [from === 0, to === items.length];
  const { least, most } = lengthsOf(core);
  const matched = emit(core, rules);
  if (!opensAtStart && !opensAtEnd) {
    if (least >= lengths.least && most <= lengths.most) return matched;
    throw new RangeError('its texts do not keep to minLength and maxLength');
  }
  const missing = Math.max(0, lengths.least - least);
  if (most > lengths.most) {
    if (lengths.most !== Number.POSITIVE_INFINITY) throw new RangeError('its texts may be longer than maxLength');
  }
  const room = lengths.most === Number.POSITIVE_INFINITY ? lengths.most : lengths.most - most;
  const before = opensAtStart && opensAtEnd ? Math.floor(room / 2) : room;
  const after = opensAtStart && opensAtEnd && room !== Number.POSITIVE_INFINITY ? room - before : room;
  const [start, end] = opensAtEnd ? [0, missing] : [missing, 0];
  if (start > before || end > after) throw new RangeError('its texts do not keep to minLength and maxLength');
  const parts = [
    opensAtStart ? rules.repeat(any, start, before) : '',
    matched,
    opensAtEnd ? rules.repeat(any, end, after) : '',
  ].filter((part) => part !== '' && part !== '""');
  return parts.length === 0 ? '""' : parts.join(' ');
}

function emit(node: RegexNode, rules: Rules): string {
  switch (node.kind) {
    case 'set':
      return ofSet(node.ranges);
    case 'sequence':
      return ofSequence(node.items, rules);
    case 'choice':
      return rules.short('choice', alternatives(node.ways.map((way) => emit(way, rules))));
    case 'repeat': {
      const { least, most } = node;
      if (least > MOST_REPEATED || (most > MOST_REPEATED && most !== Number.POSITIVE_INFINITY)) {
        throw new RangeError(`it repeats more than ${MOST_REPEATED} times`);
      }
      return rules.repeat(emit(node.node, rules), least, most);
    }
    default:
      throw new RangeError('an anchor stands within it');
  }
}

/** Characters that follow each other are one literal. */
function ofSequence(items: readonly RegexNode[], rules: Rules): string {
  const parts: string[] = [];
  let text = '';
  const flush = (): void => {
    if (text !== '') parts.push(literal(text));
    text = '';
  };
  for (const item of items) {
    const character = item.kind === 'set' ? onlyOf(item.ranges) : undefined;
    if (character !== undefined) {
      text += JSON.stringify(character).slice(1, -1);
      continue;
    }
    flush();
    parts.push(emit(item, rules));
  }
  flush();
  return parts.length === 0 ? '""' : parts.join(' ');
}

function onlyOf(ranges: readonly CodeRange[]): string | undefined {
  const [range, ...more] = ranges;
  if (range === undefined || more.length > 0 || range[0] !== range[1] || isIn(range[0], [SURROGATES])) return undefined;
  return String.fromCodePoint(range[0]);
}

function ofSet(ranges: readonly CodeRange[]): string {
  const plain = complementOf([...complementOf(ranges), ...ESCAPED, SURROGATES]);
  // Of those behind a backslash only the ones that have a letter of their own.
  const escaped = ['"', '\\', '\n', '\t', '\r'].filter((character) => isIn(character.codePointAt(0)!, ranges));
  const isMeant = ranges.length < 12 && ranges.every(([first, last]) => last - first < 0x100);
  const ways = [
    ...(plain.length === 0 ? [] : [ofRanges(plain)]),
    ...(isMeant ? escaped.map((character) => literal(JSON.stringify(character).slice(1, -1))) : []),
  ];
  if (ways.length === 0) throw new RangeError('a set of characters has none that a JSON text can hold');
  return alternatives(ways);
}

function isIn(point: number, ranges: readonly CodeRange[]): boolean {
  return ranges.some(([first, last]) => first <= point && point <= last);
}

function isAnchor({ kind }: RegexNode): boolean {
  return kind === 'start' || kind === 'end';
}

function lengthsOf(node: RegexNode): Lengths {
  switch (node.kind) {
    case 'set':
      return { least: 1, most: 1 };
    case 'sequence':
      return node.items
        .map(lengthsOf)
        .reduce((sum, next) => ({ least: sum.least + next.least, most: sum.most + next.most }), { least: 0, most: 0 });
    case 'choice': {
      const all = node.ways.map(lengthsOf);
      return { least: Math.min(...all.map(({ least }) => least)), most: Math.max(...all.map(({ most }) => most)) };
    }
    case 'repeat': {
      const { least, most } = lengthsOf(node.node);
      return { least: least * node.least, most: most === 0 || node.most === 0 ? 0 : most * node.most };
    }
    default:
      return { least: 0, most: 0 };
  }
}
