// Keeps a template of anybody's from going on for ever: each turn of a loop and each call of a macro is a step, and steps, the
// numbers of `range` and time are bounded. Not here: what else is put right in a template (python-ways.ts).
import type { Template } from '@huggingface/jinja';
import { EngramError } from '../errors.js';

/** Far above what a sound template takes: some hundreds for each message. */
const MOST_STEPS = 1_000_000;
const LONGEST_MS = 10_000;

interface Node {
  type?: unknown;
  value?: unknown;
  callee?: Node;
  args?: Node[];
  body?: Node[];
}

const STEP = 'bounded_step';
const RANGE = 'bounded_range';

/** Has loops and macros of a template that was read count their steps. It is then to be given boundedFunctions(). */
export function bound(template: Template): void {
  visit((template as { parsed: unknown }).parsed as Node, new Set());
}

/** For one rendering. */
export function boundedFunctions(): Record<string, unknown> {
  const until = performance.now() + LONGEST_MS;
  let left = MOST_STEPS;
  const step = (steps = 1): void => {
    left -= steps;
    if (left >= 0 && performance.now() < until) return;
    throw new EngramError(
      'unsupported',
      `The chat template goes on for more than ${MOST_STEPS} steps or ${LONGEST_MS / 1000} seconds.`,
      { hint: 'It may never end. Give another one with --chat-template.' },
    );
  };
  return {
    [STEP]: () => {
      step();
    },
    [RANGE]: (from: unknown, to?: unknown, by?: unknown) => {
      const [start, stop] = typeof to === 'number' ? [Number(from), to] : [0, Number(from)];
      const width = typeof by === 'number' ? by : 1;
      const length = Math.max(0, Math.ceil((stop - start) / width));
      if (width === 0 || Number.isNaN(length)) throw new Error('range() takes whole numbers, and no step of 0');
      step(length);
      return Array.from({ length }, (_, i) => start + i * width);
    },
  };
}

function visit(node: Node, seen: Set<object>): void {
  if (seen.has(node)) return;
  seen.add(node);
  if (node.type === 'CallExpression' && node.callee?.type === 'Identifier' && node.callee.value === 'range') {
    node.callee.value = RANGE;
  }
  for (const child of Object.values(node)) {
    for (const one of [child].flat()) if (typeof one === 'object' && one !== null) visit(one as Node, seen);
  }
  if ((node.type === 'For' || node.type === 'Macro') && node.body !== undefined) {
    node.body.unshift({ type: 'CallExpression', callee: { type: 'Identifier', value: STEP }, args: [] });
  }
}
