// How a request to an agent is parted, with vectors that tell what speaks of the tool by one word. Not here: the real embedding
// model (`bench -- agent`), what the agent then does (react.test.ts).
import { describe, expect, it } from 'vitest';
import { readRequest, type Embed } from '../../../src/langchain/request.js';

const USE = 'The input is a text to KEEP.';
/** Nearer to the tool the larger the share of capitalised KEEP among the words. */
const embed: Embed = (texts) =>
  Promise.resolve(
    texts.map((text) => {
      if (text === USE) return Float32Array.of(1, 0);
      const near = Math.min(1, (2 * (text.match(/\bKEEP\b/g)?.length ?? 0)) / text.split(' ').length);
      return Float32Array.of(near, Math.sqrt(1 - near ** 2));
    }),
  );
const read = (request: string) => readRequest(embed, request, USE);

describe('what a request has for a tool', () => {
  it.each([
    ['Please KEEP in detail:\nThe kiln is blue', 'The kiln is blue'],
    ['KEEP this: the kiln is blue.', 'The kiln is blue.'],
    ['The kiln is blue. It was built in May. Can you KEEP that?', 'The kiln is blue. It was built in May.'],
    ['Could you KEEP that the kiln is blue?', 'The kiln is blue.'],
    ['I say KEEP something. The kiln is blue. You KEEP it!', 'The kiln is blue.'],
    ['"The kiln is blue." - please KEEP this.', 'The kiln is blue.'],
    ['KEEP – Dr. Okafor comes at 10:30.', 'Dr. Okafor comes at 10:30.'],
    ['KEEP for later, the code is 4711.', 'The code is 4711.'],
    ['KEEP：我喜欢鲈鱼。', '我喜欢鲈鱼。'],
    ['Please keep KEEP my code is 4711.', 'My code is 4711.'],
    ['Always keep KEEP Anna lives in Porto.', 'Anna lives in Porto.'],
    ['Could you keep KEEP I parked on level 3?', 'I parked on level 3.'],
    ['Keep KEEP my licence plate: KA 52 817.', 'My licence plate: KA 52 817.'],
    ['Keep KEEP this number: 0316.', '0316.'],
    ['My password is tulip-55, please KEEP it.', 'My password is tulip-55.'],
    ['KEEP: she won, playing with their feet KEEP.', 'She won, playing with their feet KEEP.'],
  ])('%s', async (request, content) => {
    expect(await read(request)).toEqual({ speaks: true, content });
  });

  it('is nothing where nothing speaks of the tool, or a question is left', async () => {
    for (const request of [
      'The kiln is blue. Is it new?',
      'What is it?',
      'You KEEP things. Where is the kiln?',
      'What do you KEEP?',
      'I do not KEEP my code.',
      'KEEP it.',
      'What is KEEP? My code is 4711.',
      'Thank you, KEEP well.',
    ])
      expect(await read(request)).toEqual({ speaks: false, content: undefined });
  });

  it('may be what the model has to write itself', async () => {
    expect(await read('Write a haiku and KEEP it')).toEqual({ speaks: true, content: undefined });
  });

  it('is found at the ends of a text of any length', async () => {
    const text = Array.from({ length: 200 }, (_, i) => `Sentence ${i} is here.`).join(' ');
    expect(await read(`KEEP this: ${text}`)).toEqual({ speaks: true, content: text });
  });
});
