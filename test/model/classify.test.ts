// Labels by completion on the real model, through the command line: trained on sentences put together by a rule, measured on
// others of the kind, which the base model tells apart much worse.
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadGenerator } from '../../src/inference/index.js';
import { readLabelledDataset } from '../../src/training/classify/dataset.js';
import { Classifier } from '../../src/training/classify/classifier.js';
import { defaultEntry, resolveModel } from '../../src/models/index.js';
import {
  evaluate,
  openBaseModel,
  seededRandom,
  shuffled,
  type ClassificationReport,
} from '../../src/training/index.js';
import { cli } from '../support/cli.js';
import { testHome, type TestHome } from '../support/home.js';

const SENTENCES = {
  delivery: [
    ['parcel', 'package', 'delivery', 'order'],
    ['has not arrived', 'came two days late', 'was left at the wrong door', 'is still on its way'],
  ],
  payment: [
    ['card', 'invoice', 'payment', 'bill'],
    ['was charged twice', 'shows the wrong sum', 'was declined', 'cannot be downloaded'],
  ],
  access: [
    ['password', 'login', 'account', 'app'],
    ['does not work any more', 'was locked', 'keeps failing', 'asks for a code I never get'],
  ],
} as const;

const rows = Object.entries(SENTENCES).flatMap(([label, [things, faults]]) =>
  things.flatMap((thing) => faults.map((fault) => ({ text: `My ${thing} ${fault}.`, label }))),
);
const order = shuffled(rows, seededRandom(1));
const [test, train] = [order.slice(0, 12), order.slice(12)];

let home: TestHome;
let files: { train: string; test: string };
const run = async (...args: string[]) => {
  const { code, stdout, stderr } = await cli(home.path, ...args, '--json', '--offline');
  return { code, stderr, value: JSON.parse(stdout) as Record<string, unknown> };
};

beforeAll(async () => {
  home = await testHome('smollm2-135m-instruct');
  files = { train: join(home.path, 'train.jsonl'), test: join(home.path, 'test.jsonl') };
  for (const [path, some] of [
    [files.train, train],
    [files.test, test],
  ] as const) {
    await writeFile(path, some.map((row) => JSON.stringify(row)).join('\n'));
  }
});
afterAll(() => {
  home.remove();
});

/** How well the model tells the labels as it is: an adapter that was not trained changes nothing. */
async function baseReport(): Promise<ClassificationReport> {
  const { path } = await resolveModel(home.path, defaultEntry('chat').name, { role: 'chat' });
  const generator = await loadGenerator(path, { gpu: false, contextSize: 256 });
  const base = await openBaseModel(path, { threads: 2 });
  try {
    const { labelled } = await readLabelledDataset(files.test, generator, { maxTokens: 256 });
    const trainer = base.newTrainer();
    return await evaluate(new Classifier(labelled.task, generator, 256), trainer, labelled.rows);
  } finally {
    base.close();
    await generator.close();
  }
}

describe('engram train --classify', () => {
  it('tells labels that the base model does not tell, and reports how well', async () => {
    const options = ['--epochs', '4', '--learning-rate', '2e-3', '--layers', '15:29', '--test', files.test];
    const { code, stderr, value } = await run('train', files.train, '--classify', '--adapter', 'desk', ...options);
    expect(code, stderr).toBe(0);
    const report = value['report'] as ClassificationReport;
    expect(report.labels.map(({ label }) => label)).toEqual(['access', 'delivery', 'payment']);
    expect(report.texts).toBe(test.length);
    expect(report.accuracy).toBeGreaterThanOrEqual(0.9);
    expect(report.accuracy - (await baseReport()).accuracy).toBeGreaterThanOrEqual(0.25);

    const folder = value['folder'] as string;
    expect(JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8'))).toEqual(report);
    expect(readFileSync(join(folder, 'loss.svg'), 'utf8')).toContain('</svg>');
    for (const split of ['train', 'test']) expect(existsSync(join(folder, 'tensorboard', split))).toBe(true);
  });

  it('is asked later with the same answer, text by text and as a whole', async () => {
    const one = await run('classify', '--adapter', 'desk', 'My invoice came twice.');
    expect(one.value).toMatchObject({ adapter: 'desk', predictions: [{ labels: ['payment'] }] });
    const [{ probabilities }] = one.value['predictions'] as [{ probabilities: Record<string, number> }];
    const sum = Object.values(probabilities).reduce((a, b) => a + b);
    expect(Math.abs(sum - 1)).toBeLessThanOrEqual(1.1e-3);
    const again = await run('classify', '--adapter', 'desk', '--evaluate', files.test);
    expect(again.value['accuracy']).toBeGreaterThanOrEqual(0.9);
  });
});
