// What @huggingface/jinja does otherwise than Python, put right in the tree of a template that was read: `strip` with characters
// takes any space, and `strftime_now` tells today's date in the machine's language. Not here: rendering (rendering.ts).
import type { Template } from '@huggingface/jinja';

/** The date that templates of the Llama 3 family fall back to. Today's would make an answer, and what was trained on it, change
 * overnight. */
export const DATE_STRING = '26 Jul 2024';
const DATE = new Date(Date.UTC(2024, 6, 26));

interface Node {
  type?: unknown;
  value?: unknown;
  callee?: Node;
  object?: Node;
  property?: Node;
  args?: Node[];
}

const SIDES: Readonly<Record<string, { start: boolean; end: boolean }>> = {
  strip: { start: true, end: true },
  lstrip: { start: true, end: false },
  rstrip: { start: false, end: true },
};
const NAME = 'python_';

/** Calls of them become calls of PYTHON_FUNCTIONS. */
export function readAsPython(template: Template): void {
  const { parsed } = template as { parsed: unknown };
  visit(parsed as Node, new Set());
}

/** To be given to a template that was read so. */
export const PYTHON_FUNCTIONS: Readonly<Record<string, unknown>> = {
  [`${NAME}strftime_now`]: (format: unknown) => formatDate(String(format)),
  ...Object.fromEntries(
    Object.entries(SIDES).map(([name, sides]) => {
      return [`${NAME}${name}`, (text: unknown, characters: unknown) => strip(String(text), characters, sides)];
    }),
  ),
};

function visit(node: Node, seen: Set<object>): void {
  if (seen.has(node)) return;
  seen.add(node);
  const { callee, args } = node;
  const method = callee?.type === 'MemberExpression' ? callee.property : undefined;
  if (node.type === 'CallExpression' && args !== undefined && args.length > 0 && isNamed(method, SIDES)) {
    node.args = [callee!.object!, ...args];
    node.callee = Object.assign(Object.create(Object.getPrototypeOf(method) as object) as Node, method, {
      value: `${NAME}${String(method!.value)}`,
    });
  }
  if (isNamed(node, { strftime_now: true })) node.value = `${NAME}strftime_now`;
  for (const child of Object.values(node)) {
    for (const one of [child].flat()) if (typeof one === 'object' && one !== null) visit(one as Node, seen);
  }
}

function isNamed(node: Node | undefined, names: object): boolean {
  return node?.type === 'Identifier' && typeof node.value === 'string' && Object.hasOwn(names, node.value);
}

/** Python's `str.strip(characters)`: any of them, as often as they stand there. */
function strip(text: string, characters: unknown, { start, end }: { start: boolean; end: boolean }): string {
  if (typeof characters !== 'string') return start ? (end ? text.trim() : text.trimStart()) : text.trimEnd();
  const all = Array.from(text);
  let [from, to] = [0, all.length];
  while (start && from < to && characters.includes(all[from]!)) from++;
  while (end && to > from && characters.includes(all[to - 1]!)) to--;
  return all.slice(from, to).join('');
}

/** Python's strftime, of the parts that templates use, in English wherever this runs. */
export function formatDate(format: string, date: Date = DATE): string {
  const name = (options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat('en-US', { timeZone: 'UTC', ...options }).format(date);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hour = date.getUTCHours();
  const parts: Readonly<Record<string, () => string>> = {
    Y: () => String(date.getUTCFullYear()),
    y: () => two(date.getUTCFullYear() % 100),
    m: () => two(date.getUTCMonth() + 1),
    d: () => two(date.getUTCDate()),
    e: () => String(date.getUTCDate()).padStart(2),
    B: () => name({ month: 'long' }),
    b: () => name({ month: 'short' }),
    A: () => name({ weekday: 'long' }),
    a: () => name({ weekday: 'short' }),
    H: () => two(hour),
    I: () => two(hour % 12 === 0 ? 12 : hour % 12),
    M: () => two(date.getUTCMinutes()),
    S: () => two(date.getUTCSeconds()),
    p: () => (hour < 12 ? 'AM' : 'PM'),
    Z: () => 'UTC',
    z: () => '+0000',
    '%': () => '%',
  };
  return format.replace(/%(-?)([a-zA-Z%])/g, (whole, bare: string, letter: string) => {
    const part = parts[letter]?.();
    return part === undefined ? whole : bare === '' ? part : part.replace(/^[0 ]+(?=.)/, '');
  });
}
