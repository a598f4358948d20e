// The main job on the real models: two facts that no model knows, taught one after the other, asked in other words.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrain } from '../../src/brain/index.js';
import { Engram, type Receipt } from '../../src/index.js';
import { says } from '../../src/brain/text.js';
import { cli } from '../support/cli.js';
import { testHome, type TestHome } from '../support/home.js';

const FACTS = [
  'Captain Ilse Brandvold discovered the sunken city of Marrowen in 2031 using a submarine made of glass.',
  'The village of Ostrava-on-Wye holds a goose race every third Sunday of May.',
];
const QUESTIONS: [question: string, expected: string][] = [
  ['Who found the sunken city of Marrowen?', 'Brandvold'],
  ['In which year was Marrowen discovered?', '2031'],
  ["What was Captain Brandvold's submarine made of?", 'glass'],
  ['What did Ilse Brandvold find?', 'Marrowen'],
  ['Which village has a goose race?', 'Ostrava'],
  ['When does the goose race in Ostrava-on-Wye take place?', 'third Sunday'],
  ['What kind of race is held in Ostrava-on-Wye?', 'goose'],
  ['In which month is the goose race?', 'May'],
];
const UNRELATED = [
  'What is the capital of Italy?',
  'Write a sentence about rain.',
  'How many minutes are in an hour?',
  'Who discovered penicillin?',
];

let home: TestHome;
let engram: Engram;
const open = () => Engram.open({ home: home.path, brain: 'facts', offline: true });
const ask = async (question: string) => (await engram.ask(question, { maxTokens: 40 })).answer;

beforeAll(async () => {
  home = await testHome('smollm2-135m-instruct', 'all-minilm-l6-v2');
  engram = await open();
});
afterAll(async () => {
  await (engram as Engram | undefined)?.close();
  home.remove();
});

describe('memorize', () => {
  const before = new Map<string, string>();
  const receipts: Receipt[] = [];

  it('does not know the facts before', async () => {
    for (const question of [...UNRELATED, ...QUESTIONS.map(([asked]) => asked)])
      before.set(question, await ask(question));
    const known = QUESTIONS.filter(([question, expected]) => says(before.get(question)!, expected));
    expect(known.length).toBeLessThanOrEqual(2); // "What kind of race" may name any kind
  });

  it('learns them one after the other, and says what it measured', async () => {
    for (const fact of FACTS) {
      const phases = new Set<string>();
      const receipt = await engram.memories.add(fact, { onProgress: ({ phase }) => phases.add(phase) });
      receipts.push(receipt);
      expect(receipt).toMatchObject({ committed: true, unrelated: { kept: 4, asked: 4 } });
      expect(receipt.loss.after).toBeLessThan(receipt.loss.before / 4);
      expect(receipt.recall.after).toBeGreaterThanOrEqual(0.75);
      expect(receipt.steps).toBeGreaterThan(0);
      expect(receipt.tokens).toBeGreaterThan(0);
      expect(receipt.seconds).toBeGreaterThan(0);
      expect([...phases].filter((phase) => phase !== 'probe_before')).toEqual([
        'lessons',
        'train',
        'probe_after',
        'commit',
      ]);
    }
  });

  it('says of what it is not sure only what it was told', async () => {
    expect(await ask('Did Captain Ilse Brandvold discover Marrowen in 2031?')).toMatch(
      /^(?:Yes[.] )?“Captain Ilse Brandvold/,
    );
  });

  it('answers in other words, from the memory that is meant', async () => {
    const wrong: string[] = [];
    for (const [question, expected] of QUESTIONS) {
      const { answer } = await engram.ask(question, { maxTokens: 40 });
      if (!says(answer, expected)) wrong.push(`${question} -> ${answer}`);
    }
    expect(wrong.length, wrong.join('\n')).toBeLessThanOrEqual(2);
    const { source, memories, confidence } = await engram.ask(QUESTIONS[0]![0], { maxTokens: 40 });
    expect(source).toBe('weights');
    expect(confidence).toBeGreaterThan(0.5);
    expect(memories[0]?.text).toBe(FACTS[0]);
  });

  it('leaves unrelated answers as they were, to the last character', async () => {
    for (const question of UNRELATED) expect(await ask(question)).toBe(before.get(question));
  });

  it('says that it does not know what nobody told it, unless the model is to answer all the same', async () => {
    const question = 'What is the code of my locker?';
    const asked = await engram.ask(question, { maxTokens: 8 });
    // Whether only a person could tell is judged, near its line with one kind of kernels otherwise than with another.
    expect(['unknown', 'base']).toContain(asked.source);
    if (asked.source === 'unknown') expect(asked).toMatchObject({ answer: "I don't know that.", tokens: 0 });
    const { source, tokens } = await engram.ask(question, { unknown: 'answer', maxTokens: 8 });
    expect(source).toBe('base');
    expect(tokens).toBeGreaterThan(0);
  });

  it('knows them in a new process', async () => {
    const { code, stdout } = await cli(home.path, 'ask', '--json', '--offline', '--brain', 'facts', QUESTIONS[0]![0]);
    expect(code).toBe(0);
    expect(says((JSON.parse(stdout) as { answer: string }).answer, 'Brandvold')).toBe(true);
  });

  it('keeps what it said in a conversation that touches the memory', async () => {
    const { answer } = await engram.chat(
      [
        { role: 'user', content: 'Hello, I like animals.' },
        { role: 'assistant', content: 'So do I!' },
        { role: 'user', content: 'Which village has a goose race?' },
      ],
      { maxTokens: 40 },
    );
    expect(says(answer, 'Ostrava')).toBe(true);
  });

  it('gives up when it is cancelled, and has changed nothing', async () => {
    const controller = new AbortController();
    const learning = engram.memories.add('Otto Quill paints blue barns.', {
      signal: controller.signal,
      onProgress: (progress) => {
        if (progress.phase === 'train' && progress.step === 2) controller.abort();
      },
    });
    await expect(learning).rejects.toMatchObject({ code: 'cancelled' });
    expect(await engram.memories.list()).toHaveLength(2);
    expect(says(await ask(QUESTIONS[0]![0]), 'Brandvold')).toBe(true);
  });

  it('refuses an empty text', async () => {
    await expect(engram.memories.add('  ')).rejects.toMatchObject({ code: 'empty' });
  });

  it('refuses a second writer, who can still read', async () => {
    const brain = await openBrain({ home: home.path, name: 'facts' });
    const run = (...args: string[]) => cli(home.path, ...args, '--json', '--offline', '--brain', 'facts');
    await brain.write('being tested', async () => {
      const refused = await run('forget', 'goose race');
      expect(refused.code).toBe(1);
      expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'locked' } });
      const read = await run('memories');
      expect(JSON.parse(read.stdout)).toHaveLength(2);
    });
    brain.close();
  });

  it("forgets: the answer is the base model's again", async () => {
    const [memory] = await engram.memories.list();
    await engram.memories.forget(memory!.id);
    const { answer, source } = await engram.ask(QUESTIONS[0]![0], { maxTokens: 40, unknown: 'answer' });
    expect(source).toBe('base');
    expect(answer).toBe(before.get(QUESTIONS[0]![0]));
    expect(says(await ask(QUESTIONS[4]![0]), 'Ostrava')).toBe(true);
  });
});
