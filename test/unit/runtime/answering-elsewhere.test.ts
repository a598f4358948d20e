// A server answers, over real HTTP (chat-server.ts); the gate and the brain are here.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { answerElsewhere } from '../../../src/runtime/answering-elsewhere.js';
import type { Brain } from '../../../src/brain/index.js';
import type { AskOptions } from '../../../src/runtime/options.js';
import { Elsewhere } from '../../../src/inference/index.js';
import { memorize } from '../../../src/learn/index.js';
import type { FoundPassage, Retrieval } from '../../../src/retrieval/index.js';
import { FakeWorld } from '../../fakes/memorizer.js';
import { newPassage } from '../../fakes/results.js';
import { ChatServer } from '../../support/chat-server.js';

const MILL = 'The mill was built in 1875.';
let world: FakeWorld;
let brain: Brain;
let parts: ReturnType<FakeWorld['parts']>;
let server: ChatServer;
let address: string;
let passages: FoundPassage[];
let noted: unknown[];

beforeEach(async () => {
  world = new FakeWorld(mkdtempSync(join(tmpdir(), 'engram-elsewhere-')));
  ({ brain, parts } = await world.open());
  await memorize(parts, MILL);
  server = new ChatServer();
  address = await server.start();
  [passages, noted] = [[], []];
});
afterEach(async () => {
  await server.stop();
  brain.close();
  rmSync(world.home, { recursive: true });
});

const ask = (question: string, options: AskOptions = {}) => {
  const retrieval = {
    relevant: () => Promise.resolve(passages),
    noteUse: (...use: unknown[]) => Promise.resolve(void noted.push(use)),
  } as unknown as Retrieval;
  const messages = [{ role: 'user' as const, content: question }];
  return answerElsewhere(
    new Elsewhere({ address }),
    { retrieval, memory: { brain, router: parts.router } },
    messages,
    options,
  );
};
const prompt = (): string => server.requests.at(-1)!.messages.at(-1)!.content;

it('puts the memory that answers before the question, and says so', async () => {
  server.reply = () => ({ deltas: [{ content: ' In 1875. ' }], finish: 'stop' });
  const pieces: string[] = [];
  const given = await ask('When was the mill built?', { onText: (piece) => pieces.push(piece) });
  expect(given).toMatchObject({ answer: 'In 1875.', source: 'memory', passages: [], tokens: 1 });
  expect(given.memories.map(({ text }) => text)).toEqual([MILL]);
  expect(prompt()).toBe(`${MILL}\n\nAnswer from the text above: When was the mill built?`);
  expect(pieces.join('')).toBe(' In 1875. ');
});

it('needs no adapter of ours for it', async () => {
  rmSync(brain.adapterPath(brain.memories()[0]!.id));
  expect(await ask('When was the mill built?')).toMatchObject({ source: 'memory' });
  expect(prompt()).toContain(MILL);
});

it('asks plainly where nothing here is about the question', async () => {
  expect(await ask('Where is Peru?')).toMatchObject({ answer: 'Hello.', source: 'base', memories: [] });
  expect(prompt()).toBe('Where is Peru?');
  expect(await ask('When was the mill built?', { memories: false })).toMatchObject({ source: 'base' });
  expect(prompt()).toBe('When was the mill built?');
});

it('keeps the numbers of passages, beside a memory too', async () => {
  passages = [newPassage('The mill burned down in 1990.')];
  expect(await ask('When was the mill built?')).toMatchObject({
    source: 'retrieval',
    passages,
    memories: [{ text: MILL }],
  });
  expect(prompt()).toBe(
    `Told before: ${MILL}\n\n[1] Kilns › Firing (kiln.md)\nThe mill burned down in 1990.\n\nAnswer from the text above: When was the mill built?`,
  );
  expect(noted).toEqual([['When was the mill built?', passages[0]]]);
});

it('asks nobody what only the person could tell and nobody told', async () => {
  world.judge.personal = () => 1;
  expect(await ask('Where did I park?')).toMatchObject({ answer: "I don't know that.", source: 'unknown' });
  expect(server.requests).toEqual([]);
  expect(await ask('Where did I park?', { unknown: 'answer' })).toMatchObject({ answer: 'Hello.' });
});

it('gives JSON as a value, and names a server that did not keep to the schema', async () => {
  server.reply = () => ({ deltas: [{ content: '{"year":' }, { content: '1875}' }], finish: 'stop' });
  const jsonSchema = { type: 'object' };
  expect((await ask('When was the mill built?', { jsonSchema })).json).toEqual({ year: 1875 });
  server.reply = () => ({ deltas: [{ content: 'In 1875.' }], finish: 'stop' });
  await expect(ask('When was the mill built?', { jsonSchema })).rejects.toMatchObject({ code: 'unsupported' });
});
