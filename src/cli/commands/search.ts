// `engram search`: the passages of documents that are best for a question, with where they are from.
import { EngramError } from '../../errors.js';
import type { FoundPassage, SearchMode, SearchOptions } from '../../index.js';
import type { CommandSpec, Options } from '../command.js';
import { choiceOf, listOf, numberOf, stringOf, textOf } from '../input.js';
import { painter } from '../io.js';
import type { Job } from '../job.js';
import { timeOf } from '../time.js';

const MODES: readonly SearchMode[] = ['fused', 'dense', 'lexical'];

export const search: CommandSpec = {
  usage: 'search [question...]',
  summary: 'find the passages of ingested documents that are about something',
  options: [
    ['--k <number>', 'how many (default: 8)'],
    ['--mode <fused|dense|lexical>', 'by meaning (dense), by words (lexical), or both (default: fused)'],
    ['--source <path|glob>...', 'only in this file or folder, e.g. notes/2026 or "*.pdf"; may be repeated'],
    ['--since <time>', 'only in documents changed since, e.g. 2026-03-01 or 90d'],
    ['--until <time>', 'only in documents changed before'],
    ['--where <field=value>...', 'only passages with these values: columns, JSON fields, author …'],
    ['--diversity <share>', '0: the best, however alike; 1: as different as can be (default: 0)'],
  ],
  examples: [
    'engram search "how is the kiln fired?" --k 3',
    'engram search invoice --source "*.pdf" --since 6mo --json',
  ],
  run: async (job, words, options) => {
    const narrowed = searchOptions(options);
    const question = await textOf(job, words, 'question');
    const { documents } = await job.open();
    const passages = await documents.search(question, { ...narrowed, signal: job.signal });
    job.progress.clear();
    showPassages(job, passages);
    job.value({ question, passages });
    return undefined;
  },
};

function searchOptions(options: Options): SearchOptions {
  const since = stringOf(options, 'since');
  const until = stringOf(options, 'until');
  const where = listOf(options, 'where')?.map((pair) => {
    const [name, value] = /^([^=]+)=(.*)$/su.exec(pair)?.slice(1) ?? [];
    if (name === undefined || value === undefined) {
      throw new EngramError('usage', `Expected field=value for --where but received "${pair}".`);
    }
    return [name.trim(), value.trim()] as const;
  });
  return {
    k: numberOf(options, 'k', '--k'),
    mode: choiceOf(options, 'mode', '--mode', MODES),
    sources: listOf(options, 'source'),
    since: since === undefined ? undefined : timeOf(since, '--since'),
    until: until === undefined ? undefined : timeOf(until, '--until'),
    where: where === undefined ? undefined : Object.fromEntries(where),
    diversity: numberOf(options, 'diversity', '--diversity'),
  };
}

function showPassages(job: Job, passages: readonly FoundPassage[]): void {
  const paint = painter(job.world.stdout, job.world.env);
  if (passages.length === 0) job.line('Nothing found.');
  passages.forEach((passage, i) => {
    if (i > 0) job.line();
    const relevance = passage.relevance === undefined ? '' : `, relevance ${passage.relevance.toFixed(2)}`;
    job.line(`${i + 1}. ${passage.place}`, (text) => paint('bold', text));
    job.line(
      `${passage.source}, characters ${passage.start}–${passage.end}, score ${passage.score.toPrecision(3)}${relevance}`,
      (text) => paint('dim', text),
    );
    job.line(passage.text);
  });
}
