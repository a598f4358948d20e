// What the gate is measured and fitted on: memories, questions about them in other words, and questions near to them that they do
// not answer. Read from the files of zsRE, CounterFact, WikiBigEdit and SQuAD as shared by their authors. Not here: asking.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gateKeys } from '../../../dist/memory/gate.js';
import { lessonsFor } from '../../../dist/memory/lessons/index.js';
import { normalize, sentences } from '../../../dist/memory/text.js';
import { SetUpProblem } from '../../set-up/problem.mjs';

/**
 * @typedef {{ memory: { text: string, question?: string, lessons?: { question: string }[] }, asked: string[], near: string[], topic?: string }} Row
 * Rows of one topic may answer each other's questions.
 */

const READERS = {
  zsre: ({ src, alt, rephrase, loc }) => edit(src, alt, rephrase, loc.replace(/^nq question: /, '')),
  counterfact: ({ prompt, target_new, rephrase_prompt, locality_prompt }) =>
    edit(prompt, target_new, rephrase_prompt, locality_prompt),
  wikibigedit: ({ prompt, target_new, rephrase_prompt, locality_prompt }) =>
    edit(prompt, target_new, rephrase_prompt, locality_prompt),
};

export const KINDS = [...Object.keys(READERS), 'sentences'];

/** Rows of a kind; `path` is its file, or the folder that has it under its usual name. @returns {Row[]} */
export function readRows(path, kind) {
  const lines = read(path, kind === 'sentences' ? 'squad.jsonl' : `${kind}.jsonl`);
  const rows = kind === 'sentences' ? lines.flatMap(sentenceRow) : lines.map(READERS[kind]);
  if (rows.some(({ memory }) => typeof memory.text !== 'string')) {
    throw new SetUpProblem(`${path} does not look like ${kind}.`);
  }
  return rows;
}

/** What of a row is embedded. */
export function textsOf({ memory, asked, near }) {
  return [...gateKeys(memory), ...asked, ...near];
}

/** Questions about the world, of known.jsonl in the same folder; none where there is none. */
export function readEveryday(path) {
  const folder = statSync(path).isDirectory() ? path : dirname(path);
  return existsSync(join(folder, 'known.jsonl')) ? read(folder, 'known.jsonl').map(({ prompt }) => prompt) : [];
}

function read(path, name) {
  if (!existsSync(path)) throw new SetUpProblem(`There is no ${path}.`);
  const file = statSync(path).isDirectory() ? join(path, name) : path;
  if (!existsSync(file)) throw new SetUpProblem(`There is no ${name} in ${path}.`);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line));
}

function edit(question, answer, paraphrase, near) {
  return { memory: { text: `${question} ${answer}`, question }, asked: [paraphrase], near: [near] };
}

/** One sentence of a passage, with up to three of the questions that people asked of the passage and whose answer stands in this
 * sentence and in no other. */
function sentenceRow({ title, context, questions }) {
  const said = sentences(context).filter((sentence) => {
    const words = sentence.split(/\s+/u).length;
    return words >= 8 && words <= 45;
  });
  const asked = new Map();
  for (const { question, answer } of questions) {
    const places = said.filter((sentence) => ` ${normalize(sentence)} `.includes(` ${normalize(answer)} `));
    if (places.length === 1) asked.set(places[0], new Set([...(asked.get(places[0]) ?? []), question]));
  }
  const [first] = asked;
  if (first === undefined) return [];
  const [text, about] = first;
  const { lessons } = lessonsFor(text);
  return [{ memory: { text, lessons }, asked: [...about].slice(0, 3), near: [], topic: title }];
}
