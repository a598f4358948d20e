// How a model writes that it calls a tool. Where the chat template knows tools, it is asked: it renders a call of marks, and what
// stands around them is the syntax (<tool_call> of Hermes and Qwen, JSON of Llama 3, [TOOL_CALLS] of Mistral, and others that
// hold arguments in JSON). Not here: what tools there are, grammars, reading what a model wrote (tool-use.ts).

export type Slot = 'name' | 'arguments' | 'id';

export interface CallSyntax {
  /** Before the first call. */
  opening: string;
  /** One call, from its first slot to its last. */
  call: readonly ({ text: string } | { slot: Slot })[];
  /** From one call to the next; undefined where there is only one. */
  between?: string;
  /** After the last call. */
  closing: string;
}

/** For models whose template knows no tools. */
export const PLAIN_SYNTAX: CallSyntax = {
  opening: '<tool_call>\n{"name": "',
  call: [{ slot: 'name' }, { text: '", "arguments": ' }, { slot: 'arguments' }],
  between: '}\n</tool_call>\n<tool_call>\n{"name": "',
  closing: '}\n</tool_call>',
};

const NAME = '\uE0F2';
const KEY = '\uE0F3';
const CONTENT = '\uE0F4';
/** Mistral's templates insist on nine letters and digits. */
const ID = 'q0w9e8r7t';
const PARAMETERS = { type: 'object', properties: { y: { type: 'string', description: 'z' } }, required: ['y'] };
const SLOTS = new RegExp(`${NAME}|${ID}|\\{\\s*"${KEY}"\\s*:\\s*0\\s*\\}`, 'gu');

type Render = (messages: object[], tools: object[]) => string;

/** The syntax of a template, or undefined if it knows no tools or writes calls in a way of its own. `end`: what may follow an
 * answer. */
export function findSyntax(render: Render, end: readonly string[]): CallSyntax | undefined {
  const tools = [{ type: 'function', function: { name: NAME, description: 'x', parameters: PARAMETERS } }];
  const question = { role: 'user', content: 'a' };
  const written = (...answers: object[]): string => render([question, ...answers], tools);
  const call = { id: ID, type: 'function', function: { name: NAME, arguments: { [KEY]: 0 } } };
  try {
    const plain = written({ role: 'assistant', content: CONTENT });
    if (!plain.includes(NAME)) return undefined; // does not tell the model of tools
    for (const content of ['', null]) {
      const calls = (count: number): string => {
        const answer = { role: 'assistant', content, tool_calls: Array.from({ length: count }, () => call) };
        return contentOf(written(answer), plain, end);
      };
      const one = split(calls(1));
      if (one === undefined) continue;
      const answer = { role: 'assistant', content, tool_calls: [call] };
      written(answer, { role: 'tool', content: 'b', tool_call_id: ID, name: NAME }); // it takes results too
      return withSeveral(one, () => calls(2));
    }
  } catch {
    // A template that refuses this cannot be used so.
  }
  return undefined;
}

/** What is written where `plain` has its content. */
function contentOf(whole: string, plain: string, end: readonly string[]): string {
  let same = 0;
  while (whole[same] === plain[same] && same < whole.length) same++;
  const sign = whole.lastIndexOf('<', same - 1); // one that both begin with alike, as <tool_call> and <think> do
  if (sign > whole.lastIndexOf('>', same - 1)) same = sign;
  const tail = plain.slice(plain.indexOf(CONTENT) + CONTENT.length);
  const text = whole.slice(same, tail !== '' && whole.endsWith(tail) ? whole.length - tail.length : whole.length);
  const ends = end.map((token) => (token === '' ? -1 : text.indexOf(token))).filter((at) => at >= 0);
  return text.slice(0, Math.min(text.length, ...ends));
}

function split(text: string): CallSyntax | undefined {
  const matches = [...text.matchAll(SLOTS)];
  const slots = matches.map(([found]): Slot => (found === NAME ? 'name' : found === ID ? 'id' : 'arguments'));
  const isWhole = slots.includes('name') && slots.includes('arguments') && new Set(slots).size === slots.length;
  if (!isWhole || slots.indexOf('name') > slots.indexOf('arguments')) return undefined;
  const call: CallSyntax['call'][number][] = [];
  let at = matches[0]!.index;
  const opening = text.slice(0, at).trimStart();
  for (const [i, { 0: found, index }] of matches.entries()) {
    if (index > at) call.push({ text: text.slice(at, index) });
    call.push({ slot: slots[i]! });
    at = index + found.length;
  }
  const closing = text.slice(at).trimEnd();
  return { opening, call, closing };
}

function withSeveral(one: CallSyntax, two: () => string): CallSyntax {
  try {
    const text = two();
    const written = one.call.map((part) => ('text' in part ? part.text : '')).join('');
    const pieces = text.split(SLOTS);
    const count = one.call.filter((part) => 'slot' in part).length;
    const isTwice = [1, count + 1].every((from) => pieces.slice(from, from + count - 1).join('') === written);
    const separator = pieces.length === 2 * count + 1 && isTwice ? pieces[count]! : '';
    return separator === '' ? one : { ...one, between: separator };
  } catch {
    return one; // Llama 3 makes one call at a time
  }
}
