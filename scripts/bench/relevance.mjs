// When passages are put before a question: the threshold of relevance, chosen on one half of the questions and judged on the
// other. Questions about a collection should pass it, questions about anything else should not. Not here: how well passages are
// ranked (retrieval.mjs).
import { throwIfInterrupted } from './child.mjs';
import { readCorpora } from './corpora.mjs';
import { beginReport } from './machine.mjs';
import { readCases, readUnrelated } from './memory/cases.mjs';
import { documentOf, openCorpus } from './retrieval-engram.mjs';
import { significant } from './statistics.mjs';
import { headLines, table } from './table.mjs';
import { RELEVANCE_THRESHOLD } from '../../dist/retrieval/relevance.js';
import { phase } from '../set-up/progress.mjs';

/** Passages that an answer looks at, and those it takes (Retrieval.relevant, AskOptions.passages). */
const CONSIDERED = 10;
const TAKEN = 3;
/** Shares of the questions about something else that a threshold may let through. */
const FALSE_SHARES = [0.01, 0.02, 0.05];
/** Kinds of questions about nothing that is in a collection, beside those of the other collections. */
const OTHER_KINDS = ['zsre', 'wikibigedit'];

/** Every row, in the order of the file. */
const ALL = { count: Infinity, most: Infinity, offset: 0, seed: 0 };

/** Options as program.mjs reads them; returns what --json prints. */
export async function benchRelevance({ data, queries, embedder }) {
  const report = beginReport('relevance');
  const corpora = readCorpora(data);
  const elsewhere = [...OTHER_KINDS.flatMap((kind) => rephrased(data, kind)), ...readUnrelated({ ...ALL, data })];
  const asked = [];
  for (const corpus of corpora) {
    const others = [...corpora.filter((other) => other !== corpus).flatMap(textsOf), ...elsewhere];
    const { documents, close } = await openCorpus(corpus, { embedder });
    try {
      await phase(`Asking about ${corpus.name}`, async (update) => {
        const own = evenly(corpus.queries, queries);
        const all = [...own, ...evenly(others, queries).map((text) => ({ text }))];
        for (const [i, question] of all.entries()) {
          throwIfInterrupted();
          const found = await documents.search(question.text, { k: CONSIDERED });
          asked.push({ corpus: corpus.name, half: i % 2, ...judged(found, question) });
          if (i % 20 === 0) update(`${i} of ${all.length}`);
        }
      });
    } finally {
      await close();
    }
  }
  return {
    ...report.head(),
    embedder,
    rows: [
      ...FALSE_SHARES.flatMap((share) => rowsAt(asked, thresholdFor(asked, share), `${100 * share}% of others`)),
      ...rowsAt(asked, RELEVANCE_THRESHOLD, 'as built in'),
    ],
  };
}

export function relevanceTable({ rows, embedder, ...result }) {
  return `${headLines(result, '', embedder).join('\n')}\n\n${table(
    rows.map((row) => ({
      chosen: row.chosen,
      threshold: row.threshold,
      collection: row.corpus,
      'questions about it': row.own,
      pass: percent(row.ownPass),
      'with its document': percent(row.found),
      'about something else': row.others,
      'pass too': percent(row.othersPass),
    })),
  )}\n`;
}

const percent = (share) => `${significant(100 * share, 3)}%`;
const textsOf = ({ queries }) => queries.map(({ text }) => text);

/** The paraphrases of a file of facts. */
function rephrased(data, kind) {
  const asked = readCases({ ...ALL, data, kind }).flatMap((one) => one.asked);
  return asked.filter(({ ask }) => ask === 'paraphrase').map(({ question }) => question);
}

/** At most so many, evenly taken. */
function evenly(list, most) {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, i) => list[Math.floor((i * list.length) / most)]);
}

/** What an answer would have to go on: the highest relevance, and that of the best passage of a document that was asked for. */
function judged(found, { relevant }) {
  const ranked = found.filter(({ relevance }) => relevance !== undefined).sort((a, b) => b.relevance - a.relevance);
  const best = ranked[0]?.relevance ?? 0;
  if (relevant === undefined) return { isOwn: false, best };
  const right = ranked.slice(0, TAKEN).find((passage) => relevant.has(documentOf(passage)));
  return { isOwn: true, best, right: right?.relevance };
}

/** The least threshold that lets at most this share of the first half's other questions through. */
function thresholdFor(asked, share) {
  const scores = asked.filter(({ half, isOwn }) => half === 0 && !isOwn).map(({ best }) => best);
  scores.sort((a, b) => b - a);
  return scores[Math.floor(share * scores.length)] + 1e-9;
}

/** What the second half makes of a threshold, by collection and on the whole. */
function rowsAt(asked, threshold, chosen) {
  const second = asked.filter(({ half }) => half === 1);
  const groups = new Map([['all', second]]);
  for (const one of second) {
    const name = one.corpus.replace(/^locomo-.*$/, 'locomo');
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return [...groups].map(([corpus, questions]) => {
    const own = questions.filter(({ isOwn }) => isOwn);
    const others = questions.filter(({ isOwn }) => !isOwn);
    const share = (some, passes) => significant(some.filter(passes).length / some.length, 4);
    return {
      chosen,
      threshold: significant(threshold, 4),
      corpus,
      own: own.length,
      ownPass: share(own, ({ best }) => best >= threshold),
      found: share(own, ({ right }) => right >= threshold),
      others: others.length,
      othersPass: share(others, ({ best }) => best >= threshold),
    };
  });
}
