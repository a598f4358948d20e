// What does not compile: the types of the public API refuse what the API refuses. `tsc` reads this file, and nothing runs it.
import { Engram, type AnswerPart, type AskOptions, type EngramError } from '../../src/index.js';
import { GradientLLM, ReActLLM } from '../../src/langchain/index.js';

export async function opens(): Promise<void> {
  await using engram = await Engram.open({ threads: 4, model: 'smollm2-135m-instruct', gpu: false, lazy: true });
  // @ts-expect-error -- threads are a number
  await Engram.open({ threads: 'lots' });
  // @ts-expect-error -- a model is a text
  await Engram.open({ model: 42 });
  // @ts-expect-error -- auto, or false
  await Engram.open({ gpu: 'cuda' });
  // @ts-expect-error -- auto or llama
  await Engram.open({ compute: 'mine' });
  // @ts-expect-error -- the command line's alone
  await Engram.open({ json: true });
  // @ts-expect-error -- no such option
  await Engram.open({ colour: 'blue' });

  const parts: AnswerPart[] = [];
  for await (const part of engram.stream('Who?', { temperature: 0.2 })) {
    parts.push(part);
    if (part.type === 'text') part.text.trim();
    if (part.type === 'tool_call') part.call.name.trim();
    if (part.type === 'attribution') part.memories.map(({ id }) => id);
    if (part.type === 'finish') part.answer.answer.trim();
    // @ts-expect-error -- only some parts have a text
    String(part.text);
  }
  // @ts-expect-error -- what comes is read from the stream
  engram.stream('Who?', { onText: () => undefined });

  // @ts-expect-error -- threads are a number
  await engram.ask('Who?', { temperature: 'warm' });
  // @ts-expect-error -- say or answer
  await engram.ask('Who?', { unknown: 'lie' });
  // @ts-expect-error -- memories answer conversations
  await engram.complete('Once', { memories: false });
  const { finishReason } = await engram.ask('Who?');
  // @ts-expect-error -- who cancels gets an AbortError
  String(finishReason === 'cancelled');

  await engram.ask('How warm is it?', {
    tools: [
      {
        name: 'weather',
        parameters: { type: 'object' },
        execute: ({ city }, { call }) => `${String(city)} ${call.id}`,
      },
    ],
    maxToolRounds: 2,
  });
  // @ts-expect-error -- a tool has a name
  await engram.ask('How warm is it?', { tools: [{ execute: () => 1 }] });

  await engram.memories.add({ question: 'Who?', answer: 'Mara' });
  // @ts-expect-error -- a question has an answer
  await engram.memories.add({ question: 'Who?' });
  await engram.adapters.train({
    file: 'rows.jsonl',
    adapter: 'a',
    targets: ['q', 'v'],
    schedule: 'cosine',
    layers: [-8, -1],
  });
  // @ts-expect-error -- no such schedule
  await engram.adapters.train({ file: 'rows.jsonl', adapter: 'a', schedule: 'wavy' });
  // @ts-expect-error -- no such matrix
  await engram.adapters.train({ file: 'rows.jsonl', adapter: 'a', targets: ['x'] });
  // @ts-expect-error -- first and last
  await engram.adapters.train({ file: 'rows.jsonl', adapter: 'a', layers: [1] });
}

export function option(error: EngramError): string | undefined {
  return error.option;
}

export const both: AskOptions = { temperature: undefined, topK: 3, signal: undefined };

export const ported = new GradientLLM({
  model: 'an-adapter',
  modelKwargs: { max_generated_token_count: 128 },
  gradientWorkspaceId: 'not needed',
  gradientAccessToken: 'not needed',
});

export const agent = new ReActLLM({ textTools: ['memorize'], maxTokens: 64 });
