// What answers a question while a memory is tried again, as sleep does.
import { expect, it } from 'vitest';
import type { Brain } from '../../../src/memory/brain.js';
import { informationFrom } from '../../../src/memory/information.js';
import { Router } from '../../../src/memory/router.js';
import { FakeEmbedder } from '../../fakes/embedder.js';

it('opens an answer by the text of the memory, where a candidate for it brings none', async () => {
  const text = 'The kiln is run by Mara Voss.';
  const brain = { memories: () => [], get: () => ({ id: 'm-1', text }) } as unknown as Brain;
  const information = informationFrom((words) => Uint32Array.from(words, (letter) => letter.codePointAt(0)!));
  const router = new Router(brain, () => Promise.resolve(new FakeEmbedder(64)), information);
  router.gate.score = () => 1;
  const candidate = { entry: await router.entry('m-1', { keys: [text] }), adapterPath: 'again.gguf' };
  const route = (statement?: string): ReturnType<Router['route']> =>
    router.route([{ role: 'user', content: 'Is the kiln run by Mara Voss?' }], { ...candidate, statement });

  expect(await route()).toEqual(await route(text));
  expect((await route()).opening).toBe('Yes.');
  expect((await route('The kiln is run by Jon Beck.')).opening).toBe('No.');
});
