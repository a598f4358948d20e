// Everyday rows as brains: what is told to each, what it is asked then, and what it is told at last. A file of rows is one brain; of
// groups each row is. Not here: the split (parts.mjs), telling and asking (measure.mjs).
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SetUpProblem } from '../../set-up/problem.mjs';
import { partOf } from './parts.mjs';

/**
 * @typedef {{ kind: string, question: string, row: string, of?: number[], answers?: string[], all?: boolean }} Asked `of`: which
 *   memories answer it, by their places; none for what no memory answers. `all`: every one of the answers must be said
 * @typedef {{ text: string, replaces: number, question: string, old: string[], new: string[] }} Update
 * @typedef {{ name: string, file: string, memories: { id: string, text: string, part: string }[], asked: Asked[],
 *   updates: Update[] }} Brain
 */

/** Questions of a row in their order: in the words of the text, reworded, with hardly a word of it, about another part. */
const ASKS = ['words', 'reworded', 'hardly', 'other'];

/** Kinds of questions that a memory answers; the others must be left alone. */
export const ANSWERED = [...ASKS, 'implied', 'asked', 'both'];
export const KEPT = ['near', 'general', 'none'];

export const EVERYDAY_KINDS = ['everyday', 'groups'];

/**
 * Brains of a kind. All rows are told, those of the part are asked about; of groups only those of the part are there at all.
 * @param {{ kind: string, data: string, count?: number, part?: string }} options `data`: a file of lines of JSON, or a folder, of
 *   which the files of this kind are taken; `count`: the first rows of each file
 * @returns {Brain[]}
 */
export function readBrains({ kind, data, count, part = 'all' }) {
  const brains = filesOf(data).flatMap((path) => {
    const rows = readLines(path);
    const isGroups = rows.some((row) => Array.isArray(row.memories));
    if (isGroups !== (kind === 'groups')) return [];
    const file = basename(path, '.jsonl');
    const some = rows.slice(0, count).map((row, i) => ({ ...row, part: partOf(i) }));
    const isAsked = (row) => part === 'all' || row.part === part;
    return isGroups ? some.filter(isAsked).map((row) => brainOfGroup(file, row)) : [brainOfRows(file, some, isAsked)];
  });
  if (brains.length === 0) throw new SetUpProblem(`There is nothing of the kind ${kind} in ${data}.`);
  return brains;
}

function brainOfRows(file, rows, isAsked) {
  return {
    name: nameOf(file),
    file,
    memories: rows.map(({ id, text, part }) => ({ id, text, part })),
    asked: rows.flatMap((row, i) => (isAsked(row) ? questionsOf(row, i) : [])),
    updates: [],
  };
}

function questionsOf({ id, ask, implied = [], near = [], general = [] }, i) {
  const about = { row: id, of: [i] };
  return [
    ...ask.map(({ q, a }, j) => ({ kind: ASKS[j] ?? 'other', question: q, answers: a, ...about })),
    ...implied.map(({ q, a }) => ({ kind: 'implied', question: q, answers: a, ...about })),
    ...near.map((question) => ({ kind: 'near', question, row: id })),
    ...general.map((question) => ({ kind: 'general', question, row: id })),
  ];
}

function brainOfGroup(file, { id, part, memories, ask, none = [], both = [], updates = [] }) {
  const about = (kind) => (one) => ({
    kind,
    question: one.q,
    answers: one.a,
    of: one.of,
    all: one.all === true,
    row: id,
  });
  return {
    name: nameOf(`${file}-${id}`),
    file,
    memories: memories.map((text, i) => ({ id: `${id}.${i}`, text, part })),
    asked: [
      ...ask.map(about('asked')),
      ...both.map(about('both')),
      ...none.map((question) => ({ kind: 'none', question, row: id })),
    ],
    updates: updates.map(({ text, replaces, q, old, new: now }) => ({ text, replaces, question: q, old, new: now })),
  };
}

/** As a brain may be called. */
const nameOf = (text) => text.replace(/[^A-Za-z0-9-]+/g, '-');

function filesOf(data) {
  if (!existsSync(data)) throw new SetUpProblem(`There is no ${data}.`);
  if (!statSync(data).isDirectory()) return [data];
  const names = readdirSync(data).filter((name) => name.endsWith('.jsonl'));
  return names.sort().map((name) => join(data, name));
}

function readLines(path) {
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, i) => {
      if (line.trim() === '') return [];
      try {
        return [checked(JSON.parse(line))];
      } catch (error) {
        throw new SetUpProblem(`Line ${i + 1} of ${path} is no everyday row: ${error.message}`);
      }
    });
}

function checked(row) {
  const isRow = typeof row?.text === 'string' || Array.isArray(row?.memories);
  if (!isRow || !Array.isArray(row.ask)) throw new TypeError('it has no `text` or `memories`, or no `ask`');
  return row;
}
