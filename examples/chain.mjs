// Scenario: adapters and memories as a chain. A small adapter tells the mood of a message, a fact that follows from two others is
// remembered, and the reply is explained by what it rests on. Run it with `node examples/chain.mjs` after `npm start`.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engram } from 'engram';
import { answer, chain, classify, deduce, explain, memorize } from 'engram/chain';

const engram = await Engram.open({ brain: 'example-chain' });
const folder = await mkdtemp(join(tmpdir(), 'engram-example-'));

// A proxy model: the base model with an adapter that was trained on labelled data.
const MOODS = {
  glad: [
    'thank you so much',
    'this is great',
    'lovely work',
    'I am so happy with it',
    'what a wonderful pot',
    'perfect',
  ],
  angry: [
    'this is broken again',
    'I want my money back',
    'terrible work',
    'what a useless pot',
    'I am furious',
    'awful',
  ],
};
const rows = Object.entries(MOODS).flatMap(([label, texts]) => texts.map((text) => JSON.stringify({ text, label })));
const file = join(folder, 'moods.jsonl');
await writeFile(file, rows.join('\n'));
const adapter = `mood-${Date.now().toString(36)}`;
await engram.adapters.train({
  file,
  adapter,
  format: 'labels',
  epochs: 4,
  test: 0,
  layers: [15, 29],
  learningRate: 1e-3,
});

// Facts from outside, and what follows from them.
const facts = [
  { subject: 'Mara Voss', relation: 'runs', object: 'the kiln' },
  { subject: 'the kiln', relation: 'stands in', object: 'the old dairy' },
];
const rule = {
  when: [
    { subject: '?who', relation: 'runs', object: '?what' },
    { subject: '?what', relation: 'stands in', object: '?where' },
  ],
  then: { subject: '?who', relation: 'works in', object: '?where' },
};

/** @type {{ text: string, question: string }} */
const message = { text: 'This pot is useless, I am angry', question: 'Where does Mara Voss work?' };

const support = chain(engram)
  .step('learned', memorize({ facts: () => deduce(facts, [rule]) }))
  .step('mood', classify({ adapter, text: () => message.text }))
  .step('reply', answer({ question: () => message.question, maxTokens: 24 }))
  .step('why', explain({ question: () => message.question, answer: ({ reply }) => reply.answer }));

const { learned, mood, reply, why } = await support.run(
  {},
  { onStep: ({ step, seconds }) => console.log(`(${step} took ${seconds.toFixed(1)} s)`) },
);

console.log(
  'learned:',
  learned.map(({ committed }) => committed),
);
console.log('mood:', mood.labels[0]);
console.log('reply:', reply.answer);
for (const influence of why.influences)
  console.log(`because of a ${influence.kind}: ${influence.change.toFixed(1)} nats`);

await engram.adapters.remove(adapter);
await engram.close();
await rm(folder, { recursive: true });
