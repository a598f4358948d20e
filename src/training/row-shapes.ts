// The shapes that rows of other people's data have, as ours: ShareGPT, Alpaca, Dolly, UltraChat and the files of OpenAI's
// fine-tuning. What has another shape is told how to be converted. Not here: whether texts are there and roles in order (row.ts).
import { isObject } from '../is-object.js';

type Fields = Readonly<Record<string, unknown>>;

/** Of one role, in what the shapes call it. */
const ROLES: Readonly<Record<string, string>> = {
  system: 'system',
  developer: 'system',
  human: 'user',
  user: 'user',
  prompter: 'user',
  gpt: 'assistant',
  assistant: 'assistant',
  model: 'assistant',
  chatgpt: 'assistant',
  observation: 'tool',
  function_response: 'tool',
  tool: 'tool',
  function: 'tool',
};

/** The row in one of our shapes, or as it is where it has none of theirs. */
export function inOurShape(row: unknown): unknown {
  if (Array.isArray(row)) return { messages: turnsOf(row) };
  if (!isObject(row)) return row;
  if (Array.isArray(row['messages'])) return { messages: turnsOf(row['messages']) };
  const turns = row['conversations'] ?? row['conversation'] ?? (Array.isArray(row['data']) ? row['data'] : undefined);
  if (Array.isArray(turns)) return { messages: withSystem(row, turnsOf(turns)) };
  if ('text' in row || 'completion' in row) return row;
  const question = row['instruction'] ?? row['question'] ?? row['query'];
  const answer = row['output'] ?? row['response'] ?? row['answer'];
  if (typeof question !== 'string' || typeof answer !== 'string') return row;
  const more = [row['input'], row['context']].find((one) => typeof one === 'string' && one.trim() !== '');
  const asked = more === undefined ? question : `${question}\n\n${more as string}`;
  const turnsAsked = [
    ...historyOf(row['history']),
    { role: 'user', content: asked },
    { role: 'assistant', content: answer },
  ];
  return { messages: withSystem(row, turnsAsked) };
}

/** What to do with a row that has no shape we know. */
export function hintFor(row: unknown): string | undefined {
  const keys = isObject(row) ? Object.keys(row) : [];
  if (keys.includes('chosen') && keys.includes('rejected')) {
    return 'Preferences are not learned from: keep the chosen answers, as {"prompt", "completion"} or {"messages"}.';
  }
  if (keys.length === 0) return undefined;
  const named = keys.slice(0, 8).join(', ');
  return `The row has ${named}. Rename the question to "prompt" and the answer to "completion", or a whole text to "text".`;
}

function withSystem(row: Fields, turns: unknown[]): unknown[] {
  const [first] = turns;
  const { system } = row;
  const hasOne = isObject(first) && first['role'] === 'system';
  return typeof system === 'string' && system.trim() !== '' && !hasOne
    ? [{ role: 'system', content: system }, ...turns]
    : turns;
}

/** Pairs of question and answer. */
function historyOf(history: unknown): unknown[] {
  if (!Array.isArray(history)) return [];
  return history.flatMap((pair: unknown) =>
    Array.isArray(pair) && pair.length === 2
      ? [
          { role: 'user', content: pair[0] as unknown },
          { role: 'assistant', content: pair[1] as unknown },
        ]
      : [],
  );
}

/** Texts in turns; pairs {human, assistant}; {from, value}; {role, content}. */
function turnsOf(turns: readonly unknown[]): unknown[] {
  if (turns.length > 0 && turns.every((turn) => typeof turn === 'string')) {
    return turns.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }));
  }
  return turns.flatMap((turn): unknown[] => {
    if (!isObject(turn)) return [turn];
    if (turn['role'] === undefined && 'human' in turn && 'assistant' in turn) {
      return [
        { role: 'user', content: turn['human'] },
        { role: 'assistant', content: turn['assistant'] },
      ];
    }
    const from = turn['role'] ?? turn['from'];
    if (from === 'function_call') return [{ role: 'assistant', content: '', tool_calls: callsIn(turn['value']) }];
    const role = typeof from === 'string' && Object.hasOwn(ROLES, from) ? ROLES[from] : from;
    return [{ ...turn, role, content: 'content' in turn ? turn['content'] : turn['value'] }];
  });
}

/** A call as ShareGPT has it, JSON in a text. */
function callsIn(value: unknown): unknown[] {
  try {
    const calls: unknown = typeof value === 'string' ? JSON.parse(value) : value;
    return Array.isArray(calls) ? calls : [calls];
  } catch {
    return [value];
  }
}
