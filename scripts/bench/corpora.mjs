// Collections to search: documents, questions, and which documents answer which question how well. Read from the layout of
// BEIR, or from the files of Cranfield, SQuAD and LoCoMo as their authors gave them. Not here: searching.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SetUpProblem } from '../set-up/problem.mjs';

/**
 * @typedef {{ id: string, title?: string, text: string }} Document
 * @typedef {{ name: string, documents: Document[], queries: { id: string, text: string, relevant: Map<string, number> }[] }} Corpus
 */

/** The collections at a path: one in the layout of BEIR or of Cranfield, a SQuAD file, a folder of LoCoMo conversations, or a
 * folder that holds several of these. Throws if there is none. */
export function readCorpora(path) {
  const found = corporaAt(path);
  if (found.length > 0) return found;
  throw new SetUpProblem(
    `There is no collection at ${path}.\n\nExpected corpus.jsonl, queries.jsonl and qrels/test.tsv (BEIR), or the files of ` +
      'Cranfield (cran.all.1400, cran.qry), squad.jsonl, or LoCoMo conversations.',
  );
}

function corporaAt(path, isNested = false) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return /squad.*\.jsonl$/.test(basename(path)) ? [squad(path)] : [];
  const names = readdirSync(path);
  if (names.includes('corpus.jsonl')) return [beir(path)];
  if (names.includes('cran.all.1400')) return [cranfield(path)];
  const conversations = names.filter((name) => /^\d+\.json$/.test(name)).sort();
  if (conversations.length > 0) return conversations.map((name) => locomo(join(path, name)));
  if (isNested) return [];
  return names.sort().flatMap((name) => corporaAt(join(path, name), true));
}

function beir(folder) {
  const lines = (name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
  const judged = new Map();
  const [, ...rows] = lines(join('qrels', 'test.tsv')); // the first names the columns
  for (const row of rows) {
    const [query, document, grade] = row.split('\t');
    if (Number(grade) <= 0) continue;
    if (!judged.has(query)) judged.set(query, new Map());
    judged.get(query).set(document, Number(grade));
  }
  const parse = (name) => lines(name).map((line) => JSON.parse(line));
  return {
    name: basename(folder),
    documents: parse('corpus.jsonl').map(({ _id: id, title, text }) => ({ id, title, text })),
    queries: parse('queries.jsonl')
      .filter(({ _id }) => judged.has(_id))
      .map(({ _id: id, text }) => ({ id, text, relevant: judged.get(id) })),
  };
}

/** SMART's format: `.I` a number, `.T` a title, `.A` authors, `.B` where it appeared, `.W` the words. */
function cranfield(folder) {
  const records = (name) =>
    readFileSync(join(folder, name), 'latin1')
      .split(/^\.I /m)
      .slice(1)
      .map((record) => {
        const [id, ...fields] = record.split(/^\.([TABW])\s*$/m);
        const field = (letter) => {
          const at = fields.findIndex((value, i) => i % 2 === 0 && value === letter);
          return at < 0 ? '' : fields[at + 1].replace(/\s+/g, ' ').trim();
        };
        return { id: id.trim(), title: field('T'), text: field('W') };
      });
  const judged = new Map();
  for (const line of readFileSync(join(folder, 'QRelsCorrectedforTRECeval'), 'utf8').split('\n')) {
    const [query, , document, grade] = line.trim().split(/\s+/);
    if (!(Number(grade) > 0)) continue;
    if (!judged.has(query)) judged.set(query, new Map());
    judged.get(query).set(document, Number(grade));
  }
  return {
    name: 'cranfield',
    // A document's text begins with its title again.
    documents: records('cran.all.1400').map(({ id, title, text }) => ({
      id,
      title,
      text: text.startsWith(title) ? text.slice(title.length).trim() : text,
    })),
    // Judgements number the questions from 1; their own numbers have gaps.
    queries: records('cran.qry').map(({ text }, i) => ({
      id: `${i + 1}`,
      text,
      relevant: judged.get(`${i + 1}`) ?? new Map(),
    })),
  };
}

/** Each context is a document; a question wants the one it was asked of. */
function squad(path) {
  const rows = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line));
  return {
    name: 'squad',
    documents: rows.map(({ title, context }, i) => ({ id: `${i}`, title, text: context })),
    queries: rows.flatMap(({ questions }, i) =>
      questions.map(({ question }, j) => ({ id: `${i}-${j}`, text: question, relevant: new Map([[`${i}`, 1]]) })),
    ),
  };
}

/** One conversation: each turn is a document, a question wants the turns that are its evidence. */
function locomo(path) {
  const conversation = JSON.parse(readFileSync(path, 'utf8'));
  const documents = [];
  for (const [key, turns] of Object.entries(conversation)) {
    if (!/^session_\d+$/.test(key) || !Array.isArray(turns)) continue;
    const date = conversation[`${key}_date_time`] ?? '';
    for (const { speaker, dia_id: id, text, blip_caption: caption } of turns) {
      const seen = caption === undefined ? '' : ` (shows ${caption})`;
      documents.push({ id, title: date, text: `${speaker}: ${text}${seen}` });
    }
  }
  const known = new Set(documents.map(({ id }) => id));
  return {
    name: `locomo-${basename(path, '.json')}`,
    documents,
    queries: conversation.qa.flatMap(({ question, evidence = [] }, i) => {
      const ids = evidence.flatMap((id) => id.split(/[;\s]+/)).filter((id) => known.has(id));
      return ids.length === 0 ? [] : [{ id: `${i}`, text: question, relevant: new Map(ids.map((id) => [id, 1])) }];
    }),
  };
}
