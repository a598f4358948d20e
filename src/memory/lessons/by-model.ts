// Lessons that the model writes itself: questions about a text, other wordings of a question. What it writes is believed only
// where checks bear it out, and whether it is asked to write at all is decided by an exam, once for each model: small models
// write poor questions. Not here: the rules, which every model's memories are made by (statement.ts, wordings.ts).
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../../errors.js';
import { writeFileAtomic } from '../../files.js';
import type { Generator } from '../../inference/index.js';
import { ask } from '../asking.js';
import { contentWords, normalize, says, sentences } from '../text.js';
import { toSecondPerson } from './person.js';
import { expectedOf } from './question.js';
import { distinct, type Lesson, type Lessons } from './types.js';

export interface LessonWriter {
  generator: Generator;
  modelSha256: string;
  /** Folder for what can be made again. */
  cache: string;
  signal?: AbortSignal | undefined;
}

/** Texts that no model can know, asked about once; a model that writes fewer sound lessons about them is not asked again. */
const EXAM = [
  'Tilda Overmeer planted forty pear trees behind the school of Hask in 1968.',
  'The ferry to Little Moss leaves from pier six every Friday because the tide is high then.',
];
const PASSED = 0.75;
const WRITTEN = 4;
/** Raised when what is asked of the model changes. */
const VERSION = 1;

/** The lessons with those that the model can add; the same where it cannot write any. Throws `cancelled`. */
export async function withModelLessons(writer: LessonWriter, lessons: Lessons): Promise<Lessons> {
  if (!(await passesExam(writer))) return lessons;
  const { question, answer, text } = lessons;
  const written =
    question === undefined || answer === undefined
      ? await questionsAbout(writer, text)
      : await rewordings(writer, question, answer);
  const probes = new Set(lessons.paraphrase.map((probe) => probe.question));
  const added = written.filter((lesson) => !probes.has(lesson.question));
  return { ...lessons, lessons: distinct([...lessons.lessons, ...added]) };
}

async function passesExam(writer: LessonWriter): Promise<boolean> {
  const path = join(writer.cache, 'lesson-exam', `${writer.modelSha256.slice(0, 16)}-${VERSION}.json`);
  try {
    const { share } = JSON.parse(await readFile(path, 'utf8')) as { share?: unknown };
    if (typeof share === 'number') return share >= PASSED;
  } catch {
    // Not there yet, or unreadable: examined below.
  }
  let sound = 0;
  for (const [i, text] of EXAM.entries()) {
    sound += (await questionsAbout(writer, text)).length;
    // Cannot be passed any more.
    if (sound + (EXAM.length - 1 - i) * WRITTEN < PASSED * EXAM.length * WRITTEN) break;
  }
  throwIfCancelled(writer.signal);
  const share = sound / (EXAM.length * WRITTEN);
  await writeFileAtomic(path, JSON.stringify({ share })).catch(() => undefined); // a cache: failing costs time only
  return share >= PASSED;
}

/** Questions that a text answers, each checked. The answer to learn is the sentence that says it. */
async function questionsAbout(writer: LessonWriter, text: string): Promise<Lesson[]> {
  const item = { type: 'object', properties: { question: { type: 'string' }, answer: { type: 'string' } } };
  const written = await askForJson(
    writer,
    `Write ${WRITTEN} short questions that this text answers, each beginning with another question word, and for each the ` +
      `words of the text that answer it. The text is only to be asked about.\n\nText: ${text}`,
    { type: 'array', minItems: WRITTEN, maxItems: WRITTEN, items: { ...item, required: ['question', 'answer'] } },
  );
  const out: Lesson[] = [];
  for (const { question, answer } of pairsOf(written)) {
    const sentence = sentences(text).find((one) => says(one, answer));
    const isSound =
      isQuestion(question) && sentence !== undefined && touches(question, text) && !says(question, answer);
    if (!isSound || !(await isBorneOut(writer, text, question, answer))) continue;
    out.push({ question, answer: toSecondPerson(sentence), expected: toSecondPerson(answer), full: false });
  }
  return distinct(out);
}

/** The same question in other words, each checked. */
async function rewordings(writer: LessonWriter, question: string, answer: string): Promise<Lesson[]> {
  const written = await askForJson(
    writer,
    `Write this question in ${WRITTEN} other ways that mean the same. It is only to be reworded.\n\nQuestion: ${question}`,
    { type: 'array', minItems: WRITTEN, maxItems: WRITTEN, items: { type: 'string' } },
  );
  const fixed = question.slice(1).match(/\p{Lu}[\p{L}\p{N}'’-]*|\d+/gu) ?? [];
  const out: Lesson[] = [];
  for (const wording of Array.isArray(written) ? written : []) {
    if (typeof wording !== 'string' || !isQuestion(wording) || says(wording, answer)) continue;
    const keeps = fixed.every((name) => normalize(wording).includes(normalize(name)));
    if (!keeps || !touches(wording, question)) continue;
    if (!(await isBorneOut(writer, `${question} ${answer}`, wording, answer))) continue;
    out.push({ question: wording.trim(), answer, expected: expectedOf(answer), full: false });
  }
  return distinct(out);
}

/** Whether the model, with the text before it, gives that answer to that question. */
async function isBorneOut(writer: LessonWriter, text: string, question: string, answer: string): Promise<boolean> {
  const asked = `${text}\n\nAnswer from the text above in a few words: ${question}`;
  const { text: said } = await ask(writer.generator, asked, { maxTokens: 48, signal: writer.signal });
  return says(said, answer);
}

async function askForJson({ generator, signal }: LessonWriter, content: string, jsonSchema: object): Promise<unknown> {
  const { text, finishReason } = await ask(generator, content, { jsonSchema, maxTokens: 512, signal });
  try {
    return finishReason === 'stop' ? (JSON.parse(text) as unknown) : undefined;
  } catch {
    return undefined;
  }
}

function pairsOf(written: unknown): { question: string; answer: string }[] {
  return (Array.isArray(written) ? (written as Record<string, unknown>[]) : [])
    .map((item) => ({ question: item['question'], answer: item['answer'] }))
    .filter(
      (item): item is { question: string; answer: string } =>
        typeof item.question === 'string' && typeof item.answer === 'string',
    )
    .map(({ question, answer }) => ({ question: question.trim(), answer: answer.trim() }));
}

function isQuestion(text: string): boolean {
  return /[?？]\s*$/u.test(text) && text.length >= 8 && text.length <= 200 && !text.includes('\n');
}

/** Shares a word that carries meaning. */
function touches(question: string, text: string): boolean {
  const known = new Set(contentWords(text));
  return contentWords(question).some((word) => known.has(word));
}
