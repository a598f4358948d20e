// Which of several named values is the question, and which the answer. Not here: what becomes of them.
import { EngramError } from '../../errors.js';
import type { Values } from './types.js';

/** `stop` is a setting that LangChain's chains pass along with the inputs. */
const NEVER = ['stop'];

/** The text under `key`, or under the only key there is. `what` names the option that settles it. Throws `usage`. */
export function textOf(
  values: Values,
  key: string | undefined,
  what: 'inputKey' | 'outputKey',
  others: readonly string[] = [],
): string {
  const names = Object.keys(values).filter((name) => !NEVER.includes(name) && !others.includes(name));
  const name = key ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined) {
    const found = names.length === 0 ? 'none' : names.join(', ');
    throw new EngramError('usage', `Expected one value to remember but received ${found}.`, {
      hint: `Name it by ${what}.`,
    });
  }
  const value = values[name];
  if (typeof value === 'string') return value;
  // LangChain's messages, and whatever else has its text there.
  const content = typeof value === 'object' && value !== null && 'content' in value ? value.content : undefined;
  if (typeof content === 'string') return content;
  throw new EngramError(
    'usage',
    `Expected a text for "${name}" but received ${value === null ? 'null' : typeof value}.`,
    {
      hint: `Name the value to remember by ${what}.`,
    },
  );
}
