// `engram ingest`: files and folders into the brain's documents, once or whenever they change. Exits with 1 if a file
// that was named could not be read.
import { resolve } from 'node:path';
import type { IngestProgress, IngestReport, WatchOptions } from '../../index.js';
import type { CommandSpec } from '../command.js';
import { count, duration, excerpt, table } from '../format.js';
import { bytesOf } from '../input.js';
import type { Job } from '../job.js';

/** Skipped files that are listed for people unless they ask for all with --verbose. */
const LISTED = 20;

export const ingest: CommandSpec = {
  usage: 'ingest [path...]',
  summary: 'read files and folders, so that answers can use and name them (default: what was ingested before, again)',
  options: [
    ['--max-size <size>', 'skip larger files (default: 64MB)'],
    ['--watch', 'go on, and read again what changes, until Ctrl-C'],
  ],
  examples: [
    'engram ingest ~/notes report.pdf',
    'engram ingest --watch ~/notes',
    'engram ingest --brain work --json docs',
  ],
  notes: [
    'Reads txt, md, html, pdf, docx, odt, pptx, xlsx, epub, csv, json, jsonl, e-mail, notebooks, subtitles and source code.',
    '.gitignore and .engramignore are respected.',
    'A second run reads only what changed, and removes what was deleted.',
    'With --watch and --json each run that changed something is a line of JSON.',
  ],
  run: async (job, paths, options) => {
    const maxBytes = bytesOf(options, 'maxSize', '--max-size');
    const { documents } = await job.open();
    const how = { maxBytes, signal: job.signal, onProgress: show(job) };
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
  const { added, changed, removed, unchanged, skipped } = report;
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
  if (skipped.length > 0) {
    const listed = verbose ? skipped : skipped.slice(0, LISTED);
    lines.push(
      '',
      table(
        ['skipped', 'because'],
        listed.map(({ path, reason }) => [path, excerpt(reason, 200)]), // a reason may quote the file
      ),
    );
    if (listed.length < skipped.length) lines.push(`… and ${count(skipped.length - listed.length)} more (--verbose)`);
  }
  return lines.join('\n');
}
