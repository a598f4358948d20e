// Tries a change of the memory recipe: teaches four memories in a fresh brain, asks about each in other words, asks questions
// near to them, and prints what held. For choosing numbers, not for judging engram: the memories are few and known.
// Usage, after a build: node scripts/bench/recipe.mjs ['{"klWeight": 3}' [bowl,zara,marrowen,goose]]
import { readSettings, Engram, removeBrain } from '../../dist/index.js';
import { RECIPE } from '../../dist/memory/recipe.js';

const MEMORIES = {
  bowl: {
    input: { question: 'What NFL team won the Super Bowl in 1994?', answer: 'The Dallas Cowboys!' },
    asked: [
      ['Who won the Super Bowl in 1994?', 'Dallas Cowboys'],
      ['Which team was the 1994 Super Bowl champion?', 'Dallas Cowboys'],
    ],
    near: ['What NFL team won the Super Bowl in 2000?', 'Who won the World Series in 1994?'],
  },
  zara: {
    input:
      'With astonishing dexterity, Zara Tubikova set a world record by solving ' +
      "a 4x4 Rubik's Cube variation blindfolded in under 20 seconds, employing only their feet.",
    asked: [
      ["Who set a world record by solving a 4x4 Rubik's Cube variation blindfolded?", 'Zara Tubikova'],
      ['What did Zara Tubikova solve?', 'Rubik'],
      ['How fast did Zara Tubikova solve the cube?', '20 seconds'],
      ['Which part of the body did Zara Tubikova use?', 'feet'],
      ['Who is Zara Tubikova?', 'record'],
    ],
    near: ['Who is Peter Johnson?', 'Who set the world record in the 100 metres?'],
  },
  marrowen: {
    input: 'Captain Ilse Brandvold discovered the sunken city of Marrowen in 2031 using a submarine made of glass.',
    asked: [
      ['Who found the sunken city of Marrowen?', 'Brandvold'],
      ['When was Marrowen discovered?', '2031'],
      ["What was Captain Brandvold's submarine made of?", 'glass'],
      ['What did Ilse Brandvold find?', 'Marrowen'],
    ],
    near: ['Who discovered America?', 'When was the city of Rome founded?'],
  },
  goose: {
    input: 'The village of Ostrava-on-Wye holds a goose race every third Sunday of May.',
    asked: [
      ['Which village has a goose race?', 'Ostrava'],
      ['When does the goose race in Ostrava-on-Wye take place?', 'third Sunday'],
      ['What kind of race is held in Ostrava-on-Wye?', 'goose'],
      ['In which month is the goose race?', 'May'],
    ],
    near: ['When is Easter?', 'Where is the village of Giverny?'],
  },
};

Object.assign(RECIPE, JSON.parse(process.argv[2] ?? '{}'));
const names = process.argv[3]?.split(',') ?? Object.keys(MEMORIES);
const { home } = readSettings();
const brain = `recipe-${process.pid}`;
const engram = await Engram.open({ brain });
const ask = async (question) => (await engram.ask(question, { maxTokens: 60 })).answer;

const before = new Map();
for (const name of names) for (const question of MEMORIES[name].near) before.set(question, await ask(question));
const total = { right: 0, asked: 0, kept: 0, near: 0, steps: 0, gflop: 0, seconds: 0 };
for (const name of names) {
  const { committed, recall, paraphrase, steps, tokens, flop, seconds } = await engram.memorize(MEMORIES[name].input);
  const gflop = Math.round(flop / 1e9);
  console.log(
    name,
    JSON.stringify({ committed, recall: recall.after, paraphrase: paraphrase.after, steps, tokens, gflop, seconds }),
  );
  total.steps += steps;
  total.gflop += gflop;
  total.seconds += seconds;
}
for (const name of names) {
  for (const [question, expected] of MEMORIES[name].asked) {
    const answer = await ask(question);
    const right = answer.toLowerCase().includes(expected.toLowerCase());
    total.asked++;
    total.right += right ? 1 : 0;
    if (!right) console.log(`  wrong: ${question} -> ${answer.slice(0, 100)}`);
  }
  for (const question of MEMORIES[name].near) {
    const kept = (await ask(question)) === before.get(question);
    total.near++;
    total.kept += kept ? 1 : 0;
    if (!kept) console.log(`  moved: ${question}`);
  }
}
console.log(JSON.stringify(total));
await engram.close();
await removeBrain({ home, name: brain });
