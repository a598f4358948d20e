// What is remembered and asked, from files as their authors gave them. A case is one thing to remember with all that is asked
// about it. Facts are here; what is built of raw text is in passages.mjs and conversations.mjs. Not here: asking.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SetUpProblem } from '../../set-up/problem.mjs';
import { sessionCases } from './conversations.mjs';
import { passageCase, sentenceCases } from './passages.mjs';
import { randomFrom, shuffled } from './random.mjs';
import { contains } from './scoring.mjs';

/**
 * @typedef {{ ask: string, question: string, answers: string[], judge?: string, evidence?: number[] }} Asked `ask`: efficacy
 *   (the wording that was remembered), paraphrase, or what kind of question it is, such as `who`; `judge`: see scoring.mjs;
 *   `evidence`: which inputs answer it
 * @typedef {string | { question: string, answer: string } | { text: string }} Input what memorize is given; a longer text as
 *   the memories that engram makes of it
 * @typedef {{ id: string, title?: string, inputs: Input[], text: string, asked: Asked[], neighbours: string[], old?: { input: Input, answers: string[], text: string } }} Case
 *   `text`: the document for retrieval, called by its `title`; `neighbours`: questions near to it, whose answers must stay; `old`: what was believed
 *   before, for superseding
 */

/** For each kind what makes cases of a row, or of a conversation. `next` is the row after it: where the data has no earlier answer, its answer is one. */
const READERS = {
  zsre: (row, id, next) => [
    fact(id, {
      ...{ question: row.src, answer: row.alt, paraphrase: row.rephrase, neighbour: row.loc },
      old: [row.answers?.[0], next.alt],
    }),
  ],
  /** Completions: a person gives the beginning as the question and the rest as its answer, and asks by a beginning. */
  counterfact: (row, id, next) => [
    fact(id, {
      ...{ question: row.prompt, answer: row.target_new },
      ...{ paraphrase: row.rephrase_prompt, neighbour: row.locality_prompt },
      old: [row.ground_truth, next.target_new],
    }),
  ],
  wikibigedit: (row, id, next) => [
    fact(id, {
      ...{ question: row.prompt, answer: row.target_new },
      ...{ paraphrase: row.rephrase_prompt, neighbour: row.locality_prompt },
      portability: row.portability_prompt && { question: row.portability_prompt, answer: row.portability_ground_truth },
      old: [next.target_new],
    }),
  ],
  squad: (row, id, next) => [passageCase(row, id, next)],
  sentences: (row, id, next, random) => sentenceCases(row, id, next, random),
  locomo: (row, id) => sessionCases(row, id),
};

export const KINDS = Object.keys(READERS);

/** Names of the files that are not called as their kind. */
const FILES = { sentences: 'squad.jsonl', locomo: 'locomo' };

function fact(id, { question, answer, paraphrase, neighbour, portability, old }) {
  const answers = [answer.trim()];
  const before = old
    .map((text) => text?.trim())
    .find((text) => text && !contains(text, answers) && !contains(answers[0], [text]));
  return {
    id,
    inputs: [{ question, answer: answers[0] }],
    text: `${question} ${answers[0]}`,
    asked: [
      { ask: 'efficacy', question, answers },
      { ask: 'paraphrase', question: paraphrase, answers },
      ...(portability ? [{ ask: 'portability', question: portability.question, answers: [portability.answer] }] : []),
    ],
    neighbours: [neighbour],
    ...(before === undefined
      ? {}
      : { old: { input: { question, answer: before }, answers: [before], text: `${question} ${before}` } }),
  };
}

/**
 * `count` cases of a kind, of the rows from `offset` on, drawn at random by `seed` (0: in the order of the file).
 * @param {{ kind: string, data: string, count: number, offset: number, seed: number }} options `data`: a file, or a folder
 *   that has it under its usual name
 * @returns {Case[]}
 */
export function readCases({ kind, data, count, offset, seed }) {
  const rows = readRows(fileOf(data, kind));
  if (offset >= rows.length) throw new SetUpProblem(`There are ${rows.length} rows, none from ${offset} on.`);
  const cases = [];
  const random = randomFrom(seed);
  for (const at of shuffled(rows.map((_, i) => i).slice(offset), seed)) {
    try {
      cases.push(...READERS[kind](rows[at], `${kind}-${at}`, rows[(at + 1) % rows.length], random));
    } catch (error) {
      throw new SetUpProblem(`Row ${at + 1} of ${basename(data)} is not of the kind ${kind}: ${error.message}`);
    }
    if (cases.length >= count) break;
  }
  return cases.slice(0, count);
}

/** `most` everyday questions in an order that follows from the seed: the lines `{ prompt }` of known.jsonl beside the data, or
 * of the file that is given. None where there is no such file. */
export function readUnrelated({ data, unrelated, seed, most }) {
  const folder = statSync(data).isDirectory() ? data : dirname(data);
  const path = unrelated ?? join(folder, 'known.jsonl');
  if (unrelated === undefined && !existsSync(path)) return [];
  const questions = readLines(path).map(({ prompt, question }) => prompt ?? question);
  if (questions.some((question) => typeof question !== 'string')) {
    throw new SetUpProblem(`Expected lines of {"prompt": …} or {"question": …} in ${path}.`);
  }
  return shuffled([...new Set(questions)], seed).slice(0, most);
}

function fileOf(data, kind) {
  if (!existsSync(data)) throw new SetUpProblem(`There is no ${data}.`);
  if (!statSync(data).isDirectory() || (kind === 'locomo' && !existsSync(join(data, FILES.locomo)))) return data;
  return join(data, FILES[kind] ?? `${kind}.jsonl`);
}

/** Lines of JSON; of a folder, or of a file of one JSON value, whole files. */
function readRows(path) {
  if (!existsSync(path)) throw new SetUpProblem(`There is no ${path}.`);
  if (!statSync(path).isDirectory())
    return path.endsWith('.json') ? [JSON.parse(readFileSync(path, 'utf8'))] : readLines(path);
  const names = readdirSync(path).filter((name) => name.endsWith('.json'));
  if (names.length === 0) throw new SetUpProblem(`There are no conversations in ${path}.`);
  return names.sort().map((name) => JSON.parse(readFileSync(join(path, name), 'utf8')));
}

function readLines(path) {
  if (!existsSync(path)) throw new SetUpProblem(`There is no ${path}.`);
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, i) => {
      if (line.trim() === '') return [];
      try {
        return [JSON.parse(line)];
      } catch {
        throw new SetUpProblem(`Line ${i + 1} of ${path} is no JSON.`);
      }
    });
}
