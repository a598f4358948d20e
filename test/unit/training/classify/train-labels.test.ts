// A run on labelled rows: what is learned, what is measured, and what lies in the folder of the run and with the adapter.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  AdapterStore,
  trainFile,
  withClassifier,
  type BaseModel,
  type TrainEvent,
  type TrainReport,
  type TrainRequest,
} from '../../../../src/training/index.js';
import { FakeTrainer } from '../../../fakes/trainer.js';
import { characterEncoder, encode, END_OF_TURN } from '../encoder.js';
import { HEADS } from '../fixtures.js';
import type { MemoryNeed } from '../../../../src/training/native.js';

const VOCABULARY = 200;
let home: string;
let file: string;
let trainer: FakeTrainer;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'engram-train-labels-'));
  file = join(home, 'rows.jsonl');
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

/** A model that answers `spam` to a question with a "!" in its last line, else `ham`. */
const logits = (tokens: ArrayLike<number>): Promise<Float32Array> => {
  const text = String.fromCodePoint(...Array.from(tokens));
  const out = new Float32Array(tokens.length * VOCABULARY);
  out[(tokens.length - 1) * VOCABULARY + encode(/![^\n]*$/.test(text) ? 's' : 'h')[0]!] = 20;
  return Promise.resolve(out);
};

const base: BaseModel = {
  info: {
    architecture: 'llama',
    layers: 3,
    vocabularySize: VOCABULARY,
    contextLength: 200,
    ...HEADS,
  } as BaseModel['info'],
  newTrainer: () => (trainer = Object.assign(new FakeTrainer(), { logits })),
  close: () => undefined,
};

function train(rows: readonly object[], changes: TrainRequest = {}): Promise<TrainReport> {
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  const model = { name: 'tiny', sha256: () => Promise.resolve('ab'.repeat(32)) };
  const memory = (): MemoryNeed => ({ model: 1e6, adapter: 1e5, least: 2e6, most: 3e6 });
  const place = { home, encoder: characterEncoder(), base: () => Promise.resolve(base), model, memory };
  return trainFile(place, { file, adapter: 'mails', format: 'labels', epochs: 1, ...changes });
}

const rows = Array.from({ length: 10 }, (_, i) => ({
  text: `mail ${i}${i % 2 ? '!' : ''}`,
  label: i % 2 ? 'spam' : 'ham',
}));

describe('a run on labelled rows', () => {
  it('learns the answers only, and keeps the question with the adapter', async () => {
    await train(rows);
    for (const { tokens, weights } of trainer.examples) {
      const learned = Array.from(tokens).filter((_, i) => weights[i]! > 0);
      expect([encode('ham'), encode('spam')].map((label) => [...label, END_OF_TURN])).toContainEqual(learned);
    }
    const adapter = await new AdapterStore(home).find('mails');
    expect(adapter.manifest.task).toMatchObject({ labels: ['ham', 'spam'], several: false });
    const predicted = await withClassifier(base, characterEncoder(), adapter, (classifier, loaded) =>
      classifier.predict(loaded, 'mail 77!'),
    );
    expect(predicted.labels).toEqual(['spam']);
  });

  it('measures on a fifth of the rows, and reports in the folder of the run', async () => {
    const events: TrainEvent[] = [];
    const { folder, report, rows: counts } = await train(rows, { onEvent: (event) => events.push(event) });
    expect(counts).toEqual({ train: 8, validation: 0, test: 2 });
    expect(report).toMatchObject({ texts: 2, accuracy: 1 });
    expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toEqual(report);
    expect(events.filter(({ type }) => type === 'classified')).toEqual([
      { type: 'classified', done: 1, of: 2 },
      { type: 'classified', done: 2, of: 2 },
    ]);
  });

  it('measures on a file of its own, or on the rows that validate, or not at all', async () => {
    const test = join(home, 'test.jsonl');
    writeFileSync(test, '{"text":"wrong!","label":"ham"}\n{"text":"right","label":"ham"}\n');
    expect((await train(rows, { test })).report).toMatchObject({
      texts: 2,
      accuracy: 0.5,
      confusion: [
        [1, 1],
        [0, 0],
      ],
    });
    const validated = await train(rows, { test: 0, validation: 0.3, adapter: 'other' });
    expect(validated.report?.texts).toBe(3);
    const plain = await train(rows, { test: 0, adapter: 'third' });
    expect(plain.report).toBeUndefined();
    expect(existsSync(join(plain.folder, 'report.json'))).toBe(false);
  });

  it('leaves what can be looked at', async () => {
    const { folder } = await train(rows, { validation: 0.1 });
    expect(readFileSync(join(folder, 'loss.svg'), 'utf8')).toContain('validation');
    expect(readdirSync(join(folder, 'tensorboard')).sort()).toEqual(['test', 'train', 'validation']);
  });

  it('stores nothing when it is cancelled while it measures', async () => {
    const abort = new AbortController();
    const onEvent = ({ type }: TrainEvent): void => {
      if (type === 'classified') abort.abort();
    };
    await expect(train(rows, { onEvent, signal: abort.signal })).rejects.toMatchObject({ code: 'cancelled' });
    await expect(new AdapterStore(home).find('mails')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('names the line of a label of a test that was not learned, and of a text that is too long', async () => {
    const test = join(home, 'test.jsonl');
    writeFileSync(test, '{"text":"a","label":"ham"}\n{"text":"b","label":"eggs"}\n');
    await expect(train(rows, { test })).rejects.toMatchObject({ code: 'mismatch', details: { line: 2 } });
    const long = [...rows, { text: 'x'.repeat(300), label: 'ham' }];
    await expect(train(long)).rejects.toMatchObject({ code: 'too_long', details: { line: 11 } });
  });

  it('takes the prompt that is given, for labels only', async () => {
    await train(rows, { prompt: 'Spam? {text}' });
    expect(String.fromCodePoint(...Array.from(trainer.examples[0]!.tokens))).toContain('Spam? mail');
    const refused = train(rows, { prompt: 'Spam? {text}', format: 'jsonl', adapter: 'other' });
    await expect(refused).rejects.toMatchObject({ code: 'usage' });
  });

  it('refuses to classify with an adapter that was not trained on labels', async () => {
    await train(rows, { format: 'jsonl' });
    const adapter = await new AdapterStore(home).find('mails');
    const classified = withClassifier(base, characterEncoder(), adapter, () => Promise.resolve());
    await expect(classified).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/labels/) as string,
    });
  });
});
