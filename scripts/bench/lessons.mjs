// How good lessons are, without training: people's questions about a sentence (SQuAD) beside the lessons that engram makes of it.
// For each question whose answer stands in the sentence: how close its nearest lesson is in meaning, whether that
// lesson's answer has the person's answer in it, and what the lessons cost in tokens. With `--train N` the first N sentences
// are memorized too, one at a time, and asked those questions and ten plain kinds of their own.
// Usage, after a build: node scripts/bench/lessons.mjs --data squad.jsonl [--count 200] [--offset 0] [--train 0] [--json]
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Engram, openEmbedder, readSettings, removeBrain } from '../../dist/index.js';
import { lessonsFor } from '../../dist/memory/lessons/index.js';
import { kindsOf } from './lesson-questions.mjs';
import { readScriptOptions } from './script-options.mjs';
import { says } from '../../dist/memory/text.js';

const { values } = readScriptOptions(
  {
    options: {
      count: { type: 'string', default: '200' },
      train: { type: 'string', default: '0' },
      json: { type: 'boolean', default: false },
    },
  },
  'rows of {context, questions: [{question, answer}]}',
);

const sentences = (await sentencesOf(values.data)).slice(Number(values.offset)).slice(0, Number(values.count));
const report = { coverage: await coverage(sentences) };
if (Number(values.train) > 0) report.trained = await train(sentences.slice(0, Number(values.train)));
if (values.json) console.log(JSON.stringify(report));
else for (const [part, figures] of Object.entries(report)) console.log(part, figures);

/** Sentences that at least two questions are answered in, spread over the file: one of every passage. */
async function sentencesOf(path) {
  const out = [];
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    const { context, questions } = JSON.parse(line);
    const segments = [...new Intl.Segmenter('en', { granularity: 'sentence' }).segment(context)];
    const best = segments
      .map(({ segment }) => segment.trim())
      .filter((text) => text.length >= 40 && text.length <= 300 && /^[A-Z].*[.]$/.test(text))
      .map((text) => ({ text, questions: questions.filter(({ question, answer }) => belongs(question, answer, text)) }))
      .sort((a, b) => b.questions.length - a.questions.length)[0];
    if (best !== undefined && best.questions.length >= 2) out.push(best);
  }
  return out;
}

/** Its answer stands in the sentence, and so does something of what it asks about. */
function belongs(question, answer, sentence) {
  const words = question.match(/\p{L}{5,}/gu) ?? [];
  return (
    sentence.includes(answer) && words.filter((word) => sentence.toLowerCase().includes(word.toLowerCase())).length >= 2
  );
}

async function coverage(list) {
  const { home, embedder: name } = readSettings();
  const embedder = await openEmbedder({ home, embedder: name });
  const total = {
    sentences: list.length,
    questions: 0,
    similarity: 0,
    close: 0,
    answered: 0,
    lessons: 0,
    lessonWords: 0,
  };
  for (const { text, questions } of list) {
    const { lessons } = lessonsFor(text);
    const keys = lessons.map(({ question }) => question);
    const vectors = await embedder.embed([...keys, ...questions.map(({ question }) => question)], { kind: 'query' });
    questions.forEach(({ answer }, i) => {
      const asked = vectors[keys.length + i];
      const scores = keys.map((_, k) => asked.reduce((sum, value, d) => sum + value * vectors[k][d], 0));
      const nearest = scores.indexOf(Math.max(...scores));
      total.questions++;
      total.similarity += scores[nearest];
      total.close += scores[nearest] >= 0.6 ? 1 : 0;
      total.answered += says(lessons[nearest].answer, answer) ? 1 : 0;
    });
    total.lessons += lessons.length;
    for (const { question, answer, full } of lessons) {
      total.lessonWords += question.split(/\s+/).length + (full ? answer.split(/\s+/).length : 4);
    }
  }
  await embedder.close();
  const { questions, sentences: count } = total;
  return {
    sentences: count,
    questions,
    similarity: total.similarity / questions,
    close: total.close / questions,
    answered: total.answered / questions,
    lessonsPerSentence: total.lessons / count,
    wordsPerSentence: total.lessonWords / count,
  };
}

async function train(list) {
  const { home } = readSettings();
  const kinds = {};
  const total = { committed: 0, steps: 0, gflop: 0, seconds: 0 };
  for (const [index, { text, questions }] of list.entries()) {
    const brain = `lessons-${process.pid}-${index}`;
    const engram = await Engram.open({ brain });
    try {
      const receipt = await engram.memorize(text);
      total.committed += receipt.committed ? 1 : 0;
      total.steps += receipt.steps;
      total.gflop += receipt.flop / 1e9;
      total.seconds += receipt.seconds;
      console.error(`${index + 1} of ${list.length}: ${text}`);
      console.error(
        `  ${receipt.committed ? 'held' : receipt.reason} ${receipt.steps} steps, ${Math.round(receipt.flop / 1e9)} GFLOP`,
      );
      for (const { kind, question, answer } of kindsOf(text, questions)) {
        const said = await engram.ask(question, { maxTokens: 80 });
        const isRight = says(said.answer, answer);
        kinds[kind] ??= { right: 0, asked: 0, passed: 0 };
        kinds[kind].asked++;
        kinds[kind].right += isRight ? 1 : 0;
        kinds[kind].passed += said.source === 'weights' ? 1 : 0;
        if (!isRight)
          console.error(`  wrong [${kind}, ${said.source}] ${question} (${answer}) -> ${said.answer.slice(0, 90)}`);
      }
    } finally {
      await engram.close();
      await removeBrain({ home, name: brain });
    }
  }
  const all = Object.values(kinds);
  const sum = (key) => all.reduce((before, kind) => before + kind[key], 0);
  return {
    right: sum('right') / sum('asked'),
    passed: sum('passed') / sum('asked'),
    asked: sum('asked'),
    ...total,
    kinds,
  };
}
