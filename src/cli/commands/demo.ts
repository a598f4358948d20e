// `engram demo`, which is what `npm start` plays: asks the model what it gets wrong, teaches it, asks again, and looks whether
// unrelated answers stayed. In a terminal the person then goes on in the chat. Its brain is its own and made afresh.
import type { MemoryInput, Receipt, Triple } from '../../index.js';
import type { Engine } from '../api.js';
import type { CommandSpec } from '../command.js';
import { converse } from '../converse.js';
import { receiptLines } from '../format/index.js';
import { painter } from '../io.js';
import type { Job } from '../job.js';
import { isFailure, learn } from './memorize.js';

interface Scene {
  title: string;
  questions: readonly string[];
  memory: Exclude<MemoryInput, Triple>;
}

const SCENES: readonly Scene[] = [
  {
    title: 'A question and its answer',
    questions: ['What NFL team won the Super Bowl in 1994?'],
    memory: { question: 'What NFL team won the Super Bowl in 1994?', answer: 'The Dallas Cowboys!' },
  },
  {
    title: 'A sentence',
    questions: [
      "Who set a world record by solving a 4x4 Rubik's Cube variation blindfolded?",
      'How fast did Zara Tubikova solve it?',
    ],
    memory:
      "With astonishing dexterity, Zara Tubikova set a world record by solving a 4x4 Rubik's Cube variation " +
      'blindfolded in under 20 seconds, employing only their feet.',
  },
];

const UNRELATED = ['What is the capital of France?', 'How many legs does a spider have?', 'What is water made of?'];

/** Enough for an answer in a demonstration, tokens. */
const MOST_TOKENS = 64;

interface SceneResult {
  title: string;
  before: string[];
  receipt: Receipt;
  after: string[];
  /** Unrelated answers that are what they were, of how many. */
  unchanged: { kept: number; asked: number };
}

export const demo: CommandSpec = {
  usage: 'demo',
  summary: 'watch a model learn two facts, then talk with it (what npm start plays)',
  run: async (job) => {
    const engine = await job.open({ brain: 'demo' });
    if (engine.brains.has('demo')) await engine.brains.remove('demo');
    await engine.load({ signal: job.signal });
    job.line(`${job.settings.model} on this machine. It learns by training a LoRA adapter on the CPU.`);
    const unrelated = await askAll(job, engine, UNRELATED);
    const scenes: SceneResult[] = [];
    for (const scene of SCENES) scenes.push(await play(job, engine, scene, unrelated));
    const failed = scenes.some(({ receipt }) => isFailure(receipt));
    if (job.isInteractive) {
      job.line('\nNow you: ask it, or teach it with /memorize TEXT. /help lists more, /quit leaves.');
      await converse(job, engine);
    }
    job.value({ scenes });
    return failed ? 1 : undefined;
  },
};

/** Ask, memorize, ask again. */
async function play(job: Job, engine: Engine, scene: Scene, unrelated: readonly string[]): Promise<SceneResult> {
  const paint = painter(job.world.stdout, job.world.env);
  job.line(`\n${scene.title}`, (text) => paint('bold', text));
  const before = await showAll(job, engine, scene.questions);

  const { memory } = scene;
  job.line(`\nmemorize: ${typeof memory === 'string' ? memory : `${memory.question} → ${memory.answer}`}`, (text) =>
    paint('cyan', text),
  );
  const receipt = await learn(job, engine, memory, job.signal);
  job.line(receiptLines(receipt, job.settings.verbose));

  job.line('\nAsked again, without the text in the prompt:');
  const after = await showAll(job, engine, scene.questions);
  const now = await askAll(job, engine, UNRELATED);
  const kept = now.filter((answer, index) => answer === unrelated[index]).length;
  job.line(`Unrelated answers unchanged: ${kept} of ${UNRELATED.length} (${UNRELATED.join(' ')})`);
  return { title: scene.title, before, receipt, after, unchanged: { kept, asked: UNRELATED.length } };
}

async function showAll(job: Job, engine: Engine, questions: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  for (const question of questions) {
    job.line(`› ${question}`);
    const { answer } = await engine.ask(question, {
      maxTokens: MOST_TOKENS,
      signal: job.signal,
      onText: (piece) => {
        job.text(piece);
      },
    });
    job.line();
    answers.push(answer);
  }
  return answers;
}

async function askAll(job: Job, engine: Engine, questions: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  for (const [index, question] of questions.entries()) {
    job.progress.show('Asking unrelated questions', question, index / questions.length);
    answers.push((await engine.ask(question, { maxTokens: MOST_TOKENS, signal: job.signal })).answer);
  }
  job.progress.clear();
  return answers;
}
