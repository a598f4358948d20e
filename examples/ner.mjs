// Scenario: a task adapter from labelled data. Each row is a sentence with one of its words marked, its label the NER tag of that
// word; the adapter is trained on some sentences and measured on others by the classification report. Run it with
// `node examples/ner.mjs` after `npm start` or `npm run build`.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engram } from 'engram';

/** Sentences with the tags of their words; words without a tag are O. */
const PEOPLE = ['Mara', 'Jonas', 'Ines', 'Teodor', 'Noemi', 'Pavel', 'Livia', 'Oskar', 'Amara', 'Silas'];
const PLACES = ['Bergen', 'Lindau', 'Tallinn', 'Graz', 'Riga', 'Turin', 'Vienna', 'Porto', 'Oslo', 'Palermo'];
const sentences = PEOPLE.map((person, i) => {
  const place = PLACES[i];
  return i % 2 === 0
    ? { words: [person, 'travels', 'to', place], tags: ['PER', 'O', 'O', 'LOC'] }
    : { words: ['In', place, 'lives', person], tags: ['O', 'LOC', 'O', 'PER'] };
});

/** @param {typeof sentences} some */
const rows = (some) =>
  some.flatMap(({ words, tags }) =>
    words.map((word, i) => JSON.stringify({ text: `${word}, in: ${words.join(' ')}`, label: tags[i] })),
  );

const engram = await Engram.open();
const folder = await mkdtemp(join(tmpdir(), 'engram-example-'));
const adapter = `ner-${Date.now().toString(36)}`;
const [train, test] = [join(folder, 'train.jsonl'), join(folder, 'test.jsonl')];
await writeFile(train, rows(sentences.slice(0, 8)).join('\n'));
await writeFile(test, rows(sentences.slice(8)).join('\n'));

await engram.adapters.train({
  file: train,
  adapter,
  format: 'labels',
  epochs: 6,
  test: 0,
  layers: [15, 29],
  learningRate: 1e-3,
});
const report = await engram.adapters.evaluate({ adapter, file: test });
for (const { label, precision, recall, f1, support } of [
  ...report.labels,
  { label: 'macro', ...report.macro },
  { label: 'weighted', ...report.weighted },
])
  console.log(label.padEnd(9), [precision, recall, f1].map((share) => share.toFixed(2)).join('  '), support);
console.log('accuracy:', report.accuracy.toFixed(2));

await engram.adapters.remove(adapter);
await engram.close();
await rm(folder, { recursive: true });
