// `engram ingest`: files and folders into the brain's documents, once or whenever they change. Exits with 1 if a file
// that was named could not be read.
import { resolve } from 'node:path';
import { wrongOption } from '../../errors.js';
import type { IngestProgress, IngestReport, PartlyRead, ReadLimits, WatchOptions } from '../../index.js';
import type { CommandSpec } from '../command.js';
import { count, duration, excerpt, table } from '../format/index.js';
import { bytesOf, numberOf, stringOf } from '../input.js';
import type { Job } from '../job.js';

/** Skipped files that are listed for people unless they ask for all with --verbose. */
const LISTED = 20;

export const ingest: CommandSpec = {
  usage: 'ingest [path...]',
  summary: 'read files and folders, so that answers can use and name them (default: what was ingested before, again)',
  options: [
    ['--max-size <size>', 'skip larger files (default: 64MB)'],
    [
      '--encoding <name>',
      'of texts that do not say their own, now and later: windows-1251, shift_jis … (default: found)',
    ],
    [
      '--reader-memory <size>',
      'what reading one file may hold in memory (default: 1.5GB, at most half of the machine)',
    ],
    ['--reader-time <seconds>', 'what reading one file may compute (default: 60, and 20 for each MB)'],
    ['--watch', 'go on, and read again what changes, until Ctrl-C'],
  ],
  examples: [
    'engram ingest ~/notes report.pdf',
    'engram ingest --watch ~/notes',
    'engram ingest --brain work --json docs',
  ],
  notes: [
    'Reads txt, md, html, pdf, docx, odt, rtf, pptx, xlsx, epub, csv, json, jsonl, org, tex, e-mail, notebooks, subtitles,',
    'source code, and what WhatsApp, Telegram and Slack export.',
    '.gitignore and .engramignore are respected.',
    'A second run reads only what changed, and removes what was deleted.',
    'A file that hangs or fills its reader is skipped until it changes, or --reader-time or --reader-memory is given.',
    'With --watch and --json each run that changed something is a line of JSON.',
  ],
  run: async (job, paths, options) => {
    const maxBytes = bytesOf(options, 'maxSize', '--max-size');
    const encoding = stringOf(options, 'encoding');
    const limits = limitsOf(options);
    const { documents } = await job.open();
    const how = { maxBytes, encoding, limits, signal: job.signal, onProgress: show(job) };
    if (options['watch'] === true) {
      await documents.watch(paths, { ...how, ...following(job) });
      return undefined;
    }
    const report = await documents.ingest(paths, how);
    job.progress.clear();
    job.line(reportLines(report, job.settings.verbose));
    job.value(report);
    const named = new Set(paths.map((path) => resolve(path)));
    return report.skipped.some(({ path }) => named.has(path)) ? 1 : undefined;
  },
};

/** Undefined if neither is given: then files that cost too much before are not tried again. */
function limitsOf(options: Readonly<Record<string, unknown>>): ReadLimits | undefined {
  const memoryBytes = bytesOf(options, 'readerMemory', '--reader-memory');
  const seconds = numberOf(options, 'readerTime', '--reader-time');
  if (memoryBytes === undefined && seconds === undefined) return undefined;
  if (seconds !== undefined && !(seconds > 0)) {
    throw wrongOption('readerTime', 'seconds above 0', seconds, { named: '--reader-time' });
  }
  return { memoryBytes, seconds };
}

/** What is said while it watches: the first run whole, then only what changed. */
function following(job: Job): Pick<WatchOptions, 'onReport' | 'onError'> {
  let isFirst = true;
  return {
    onReport: (report) => {
      const { added, changed, removed, skipped } = report;
      job.progress.clear();
      if (isFirst) {
        job.line(reportLines(report, job.settings.verbose));
        job.note('Watching for changes. Ctrl-C ends it.');
      }
      const names = [...added.map((path) => `+ ${path}`), ...changed.map((path) => `~ ${path}`)];
      if (!isFirst) for (const line of [...names, ...removed.map((path) => `- ${path}`)]) job.line(line);
      if (isFirst || names.length + removed.length > 0) job.event(report);
      job.value({ documents: report.documents, passages: report.passages, skipped: skipped.length });
      isFirst = false;
    },
    onError: (error) => {
      job.note(`${error instanceof Error ? error.message : String(error)} Trying again.`);
    },
  };
}

function show(job: Job): (progress: IngestProgress) => void {
  let read: Extract<IngestProgress, { phase: 'read' }> | undefined;
  let embedded = 0;
  return (progress) => {
    if (progress.phase === 'walk') job.progress.show('Looking', `${count(progress.files)} files`);
    else {
      if (progress.phase === 'read') read = progress;
      else embedded = progress.done;
      const { done, of } = read ?? { done: 0, of: 1 };
      const passages = embedded === 0 ? '' : `, ${count(embedded)} passages embedded`;
      job.progress.show('Reading', `${count(done)} of ${count(of)} files${passages}`, done / Math.max(1, of));
    }
  };
}

function reportLines(report: IngestReport, verbose: boolean): string {
  const { added, changed, removed, unchanged, skipped, partly } = report;
  const parts = [
    `${count(added.length)} added`,
    `${count(changed.length)} changed`,
    `${count(unchanged)} unchanged`,
    `${count(removed.length)} removed`,
    `${count(skipped.length)} skipped`,
  ];
  const lines = [
    `${parts.join(', ')} (${duration(report.seconds)}).`,
    `${count(report.documents)} documents, ${count(report.passages)} passages.`,
  ];
  const list = (headings: string[], rows: [string, string][]): void => {
    if (rows.length === 0) return;
    const listed = verbose ? rows : rows.slice(0, LISTED);
    lines.push('', table(headings, listed));
    if (listed.length < rows.length) lines.push(`… and ${count(rows.length - listed.length)} more (--verbose)`);
  };
  list(
    ['skipped', 'because'],
    skipped.map(({ path, reason }) => [path, excerpt(reason, 200)]), // a reason may quote the file
  );
  list(
    ['read', 'but'],
    partly.map((one) => [one.path, excerpt(remarkOn(one), 200)]),
  );
  return lines.join('\n');
}

/** What was not read of a file, and what was guessed of it. */
function remarkOn({ encoding, left }: PartlyRead): string {
  const guess = encoding === undefined ? [] : [`its encoding is a guess: ${encoding}`];
  return [...guess, ...left.map(({ what, why }) => `without ${what}: ${why}`)].join('; ');
}
