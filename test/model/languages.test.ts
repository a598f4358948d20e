// Memories in other languages than English, on the model that can: told word for word, and only where they belong.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Engram } from '../../src/index.js';
import { testHome, type TestHome } from '../support/home.js';

const TOLD: [text: string, question: string, expected: string, other: string][] = [
  ['阳台的钥匙放在蓝色花盆下面，备用的在王阿姨那儿。', '阳台的钥匙放在哪儿？', '蓝色花盆', '月亮离地球有多远？'],
  [
    'Der Schlüssel vom Gartenhaus hängt hinter dem Brennholz, Code am Tor: 4417.',
    'Wo hängt der Schlüssel vom Gartenhaus?',
    'hinter dem Brennholz',
    'Wie macht man Pfannkuchen?',
  ],
  ['歯医者は毎月第二火曜の15時、担当は久我先生。', '歯医者の担当は誰？', '久我', '富士山の高さは？'],
];

let home: TestHome;
let engram: Engram;

beforeAll(async () => {
  home = await testHome('gemma-3-270m', 'all-minilm-l6-v2');
  engram = await Engram.open({ home: home.path, model: 'gemma-3-270m', brain: 'languages', offline: true });
});
afterAll(async () => {
  await (engram as Engram | undefined)?.close();
  home.remove();
});

describe('what is told in other languages', () => {
  it.each(TOLD)('is held as it was told: %s', async (text) => {
    const receipt = await engram.memories.add(text);
    expect(receipt).toMatchObject({ committed: true, recall: { after: 1 } });
  });

  it.each(TOLD)('is told where it is asked for: %s', async (text, question, expected) => {
    const { answer, source, memories } = await engram.ask(question, { maxTokens: 80 });
    expect(source).toBe('weights');
    expect(memories[0]?.text).toBe(text);
    expect(answer).toContain(expected);
  });

  it('is told in at most one of three questions about something else', async () => {
    const told: string[] = [];
    for (const [, , , other] of TOLD) {
      if ((await engram.ask(other, { maxTokens: 8 })).source === 'weights') told.push(other);
    }
    expect(told.length, told.join(' ')).toBeLessThanOrEqual(1);
  });
});
