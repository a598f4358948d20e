// How often it is told rightly whether something is so: statements of sentences of SQuAD, half of them with another name or number,
// and how many other questions are taken for such. No model is asked.
// Usage, after a build: node scripts/bench/decision.mjs --data FOLDER [--count 400] [--offset 0] [--misses]
import { openingOf } from '../../dist/memory/decision.js';
import { readCases } from './memory/cases.mjs';
import { readScriptOptions } from './script-options.mjs';

const { values } = readScriptOptions({
  options: {
    count: { type: 'string', default: '400' },
    misses: { type: 'boolean', default: false },
  },
});
const options = { kind: 'sentences', data: values.data, count: Number(values.count), offset: Number(values.offset) };
const told = { asked: 0, right: 0 };
const others = { asked: 0, taken: 0 };
for (const { text, asked } of readCases({ ...options, seed: 1 })) {
  for (const { ask, question, answers } of asked) {
    const opening = openingOf(question, text);
    const isWhether = ask === 'yes or no';
    const wanted = isWhether ? (answers[0] === 'yes' ? 'Yes.' : 'No.') : undefined;
    if (isWhether) told.asked++;
    else others.asked++;
    if (isWhether && opening === wanted) told.right++;
    if (!isWhether && opening !== undefined) others.taken++;
    if (values.misses && opening !== wanted) console.log(`  ${opening ?? '-'} ${question} (${text})`);
  }
}
console.log(`${told.right} of ${told.asked} right (${((100 * told.right) / told.asked).toFixed(1)}%)`);
console.log(`${others.taken} of ${others.asked} other questions taken for such`);
