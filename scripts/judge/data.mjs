// The rows a judge is trained, chosen and tested on, and their split. Rows of models/judges/data are written by hand for this
// project and all fitted to; those of its folder `everyday` are split by row: the first of each three to fit, the second to choose
// thresholds, the third to test. Public sets are read where they lie and fitted to in their first rows only.
// Not here: what the rows become as tokens (tasks.mjs).
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export const DATA = new URL('../../models/judges/data/', import.meta.url).pathname;
export const PARTS = ['fit', 'choose', 'test'];
/** Rows of a public set that are fitted to; what is measured begins at row 500. */
const PUBLIC_FIT = 80;

export function readLines(path) {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line));
}

/** Rows of one file of everyday, each with its part. */
export function everyday(name, folder = join(DATA, 'everyday')) {
  return readLines(join(folder, `${name}.jsonl`)).map((row, i) => ({ ...row, part: PARTS[i % PARTS.length] }));
}

/** All brains to fit to: lists of memories that compete with each other. `languages`: of the rows, such as `en`. */
export function brainsToFit({ languages, publicSets }) {
  const speaks = ({ lang }) => languages.includes(lang.slice(0, 2));
  const files = readdirSync(DATA).filter((name) => name.endsWith('.jsonl'));
  const told = files
    .filter((name) => !name.startsWith('groups') && name !== 'injections.jsonl')
    .map((name) => readLines(join(DATA, name)).filter(speaks));
  const groups = files.filter((name) => name.startsWith('groups')).flatMap((name) => readLines(join(DATA, name)));
  const own = readdirSync(join(DATA, 'everyday'))
    .filter((name) => name.endsWith('.jsonl') && !name.includes('groups'))
    .map((name) => everyday(name.replace('.jsonl', '')).filter((row) => row.part === 'fit' && speaks(row)));
  return [
    ...[...told, ...own].filter((rows) => rows.length > 0).map((rows) => rows.map(memoryOfRow)),
    ...groups.filter(speaks).map(memoriesOfGroup),
    ...(publicSets === undefined ? [] : publicBrains(publicSets)),
  ];
}

/** @typedef {{ text: string, lang: string, answered: { question: string, label: string }[], unanswered: string[], general: string[], replacedBy: string[], besides: string[] }} Memory */

const WHETHER = /^(yes|no|ja|nein|oui|non|sí|はい|いいえ|是|不)$/iu;

/** How an answer opens that says whether something is so; else it is told from the note. */
export function labelOf({ a }) {
  return a.length > 0 && WHETHER.test(a[0]) ? a[0] : 'note';
}

/** @returns {Memory} */
function memoryOfRow({ text, lang, ask, implied, near, general, update, also }) {
  return {
    text,
    lang: lang.slice(0, 2),
    answered: [
      ...ask.map((asked) => ({ question: asked.q, label: labelOf(asked) })),
      ...implied.map((asked) => ({ question: asked.q, label: 'note' })),
    ],
    unanswered: near,
    general,
    replacedBy: update ? [update] : [],
    besides: also ? [also] : [],
  };
}

/** @returns {Memory[]} */
function memoriesOfGroup({ lang, memories, ask, none, updates }) {
  return memories.map((text, i) => ({
    text,
    lang: lang.slice(0, 2),
    answered: ask.filter(({ of }) => of.includes(i)).map((asked) => ({ question: asked.q, label: labelOf(asked) })),
    unanswered: none.slice(i % 3, (i % 3) + 2),
    general: [],
    replacedBy: updates.filter(({ replaces }) => replaces === i).map((update) => update.text),
    besides: updates.filter(({ replaces }) => replaces !== i).map((update) => update.text),
  }));
}

/** Questions with their answers, as the public sets have them. */
function publicBrains(folder) {
  const rows = (name) => readLines(join(folder, name)).slice(0, PUBLIC_FIT);
  const memory = (question, answer, other, far, was) => ({
    text: `${question} ${answer}`,
    lang: 'en',
    answered: [question, other].map((asked) => ({ question: asked, label: 'note' })),
    unanswered: [],
    general: [far],
    replacedBy: was === undefined || was === answer ? [] : [`${other} ${was}`],
    besides: [],
    isPublic: true,
  });
  const brains = [];
  if (existsSync(join(folder, 'zsre.jsonl'))) {
    brains.push(
      rows('zsre.jsonl').map((row) =>
        memory(row.src, row.alt, row.rephrase, row.loc.replace(/^nq question: /, ''), row.answers?.[0]),
      ),
    );
  }
  for (const name of ['counterfact.jsonl', 'wikibigedit.jsonl']) {
    if (!existsSync(join(folder, name))) continue;
    brains.push(
      rows(name).map((row) =>
        memory(row.prompt, row.target_new, row.rephrase_prompt, row.locality_prompt, row.ground_truth),
      ),
    );
  }
  return brains;
}
