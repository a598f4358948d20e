// Reads GBNF as llama.cpp does, refuses what it refuses (what is repeated, multiplied by how often), and says sentences of it at
// random. Only what our grammars consist of.

type Node =
  | { kind: 'text'; text: string }
  | { kind: 'set'; ranges: [number, number][]; isNegated: boolean }
  | { kind: 'name'; name: string }
  | { kind: 'sequence'; items: Node[] }
  | { kind: 'choice'; ways: Node[] }
  | { kind: 'repeat'; node: Node; least: number; most: number };

/** llama.cpp refuses as many rules of one repetition. */
const MOST_RULES = 2000;

export class Grammar {
  readonly #rules = new Map<string, Node>();
  /** Rules that llama.cpp makes of it. */
  made = 0;
  #text = '';
  #at = 0;

  constructor(text: string) {
    for (const line of text.split('\n')) {
      const [, name, body] = /^([\w-]+) ::= (.*)$/.exec(line) ?? [];
      if (name === undefined || body === undefined) throw new Error(`no rule: ${line.slice(0, 80)}`);
      [this.#text, this.#at] = [body, 0];
      this.#rules.set(name, this.#choice());
      if (this.#at < this.#text.length) throw new Error(`left over: ${this.#text.slice(this.#at, this.#at + 40)}`);
      this.made++;
    }
    for (const node of this.#rules.values()) this.#requireNames(node);
  }

  /** A sentence by random numbers; repetitions that have no end go on a few times. */
  say(random: () => number, name = 'root'): string {
    const say = (node: Node, depth: number): string => {
      switch (node.kind) {
        case 'text':
          return node.text;
        case 'set': {
          if (node.isNegated) return ['x', 'é', ' ', '🦦'][Math.floor(random() * 4)]!;
          const [first, last] = node.ranges[Math.floor(random() * node.ranges.length)]!;
          return String.fromCodePoint(first + Math.floor(random() * (last - first + 1)));
        }
        case 'name':
          return say(this.#rules.get(node.name)!, depth + 1);
        case 'sequence':
          return node.items.map((item) => say(item, depth)).join('');
        case 'choice': {
          // Deep down the shortest way, which leads out.
          const ways = depth > 40 ? [...node.ways].sort((a, b) => namesIn(a) - namesIn(b)).slice(0, 1) : node.ways;
          return say(ways[Math.floor(random() * ways.length)]!, depth);
        }
        case 'repeat': {
          const most = Math.min(node.most, node.least + (depth > 40 ? 0 : 3));
          const isFull = node.most < Infinity && node.most < 3000 && random() < 0.2;
          const times = isFull ? node.most : node.least + Math.floor(random() * (most - node.least + 1));
          return Array.from({ length: times }, () => say(node.node, depth + 1)).join('');
        }
      }
    };
    return say(this.#rules.get(name)!, 0);
  }

  #requireNames(node: Node): void {
    if (node.kind === 'name' && !this.#rules.has(node.name)) throw new Error(`no rule ${node.name}`);
    const children = 'items' in node ? node.items : 'ways' in node ? node.ways : 'node' in node ? [node.node] : [];
    for (const child of children) this.#requireNames(child);
  }

  #space(): void {
    while (this.#text[this.#at] === ' ') this.#at++;
  }

  #choice(): Node {
    const ways: Node[] = [];
    do {
      this.#space();
      ways.push(this.#sequence());
    } while (this.#text[this.#at] === '|' && ++this.#at > 0);
    return ways.length === 1 ? ways[0]! : { kind: 'choice', ways };
  }

  #sequence(): Node {
    const items: Node[] = [];
    for (;;) {
      this.#space();
      const before = this.made;
      const item = this.#item();
      if (item === undefined) return { kind: 'sequence', items };
      let rules = Math.max(1, this.made - before);
      this.#space();
      const match = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})/.exec(this.#text.slice(this.#at, this.#at + 30));
      if (match === null) {
        items.push(item);
        continue;
      }
      this.#at += match[0].length;
      const [, sign, from, comma, to] = match;
      const least = sign === undefined ? Number(from) : sign === '+' ? 1 : 0;
      const most =
        sign === '?' ? 1 : sign !== undefined || to === '' ? Infinity : comma === undefined ? least : Number(to);
      const times = most !== Infinity && most > 0 ? most : Math.max(1, least);
      if (least > MOST_RULES || rules * times >= MOST_RULES) throw new Error('too many repetitions');
      rules *= times;
      this.made += most === Infinity ? 1 : most - least;
      items.push({ kind: 'repeat', node: item, least, most });
    }
  }

  #item(): Node | undefined {
    const rest = this.#text.slice(this.#at);
    const quoted = /^"((?:[^"\\]|\\U[0-9a-f]{8}|\\.)*)"/.exec(rest);
    if (quoted !== null) {
      this.#at += quoted[0].length;
      return { kind: 'text', text: unescape(quoted[1]!) };
    }
    const set = /^\[(\^?)((?:[^\]\\]|\\U[0-9a-f]{8}|\\x[0-9A-F]{2}|\\.)*)\]/.exec(rest);
    if (set !== null) {
      this.#at += set[0].length;
      return { kind: 'set', ranges: rangesOf(set[2]!), isNegated: set[1] === '^' };
    }
    const name = /^[a-zA-Z][\w-]*/.exec(rest);
    if (name !== null) {
      this.#at += name[0].length;
      return { kind: 'name', name: name[0] };
    }
    if (!rest.startsWith('(')) return undefined;
    this.#at++;
    this.made++;
    const node = this.#choice();
    this.#space();
    if (this.#text[this.#at] !== ')') throw new Error('a bracket is not closed');
    this.#at++;
    return node;
  }
}

/** Numbers from 0 to 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function namesIn(node: Node): number {
  if (node.kind === 'name') return 1;
  if (node.kind === 'sequence') return node.items.reduce((sum, item) => sum + namesIn(item), 0);
  if (node.kind === 'repeat') return node.least === 0 ? 0 : namesIn(node.node);
  return node.kind === 'choice' ? Math.min(...node.ways.map(namesIn)) : 0;
}

function unescape(text: string): string {
  return text.replace(
    /\\U([0-9a-f]{8})|\\x([0-9A-F]{2})|\\(.)/g,
    (_, long?: string, short?: string, letter?: string) =>
      letter ?? String.fromCodePoint(parseInt((long ?? short)!, 16)),
  );
}

function rangesOf(text: string): [number, number][] {
  const points = Array.from(text.matchAll(/\\U[0-9a-f]{8}|\\x[0-9A-F]{2}|\\.|[^]/gu), ([one]) => ({
    point: unescape(one).codePointAt(0)!,
    isDash: one === '-',
  }));
  const ranges: [number, number][] = [];
  for (let i = 0; i < points.length; i++) {
    const isRange = points[i + 1]?.isDash === true && i + 2 < points.length;
    ranges.push([points[i]!.point, points[isRange ? i + 2 : i]!.point]);
    if (isRange) i += 2;
  }
  return ranges;
}
