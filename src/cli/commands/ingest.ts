// `engram ingest`: files and folders into the brain's documents. Exits with 1 if a file that was named could not be read.
import type { IngestProgress, IngestReport } from '../../index.js';
import type { CommandSpec } from '../command.js';
import { count, duration, table } from '../format.js';
import { bytesOf } from '../input.js';
import type { Job } from '../job.js';

/** Skipped files that are listed for people unless they ask for all with --verbose. */
const LISTED = 20;

export const ingest: CommandSpec = {
  usage: 'ingest [path...]',
  summary: 'read files and folders, so that answers can use and name them (default: what was ingested before, again)',
  options: [['--max-size <size>', 'skip larger files (default: 64MB)']],
  examples: ['engram ingest ~/notes report.pdf', 'engram ingest --brain work --json docs'],
  notes: [
    'Reads txt, md, html, pdf, docx, csv, json, jsonl and source code; .gitignore and .engramignore are respected.',
    'A second run reads only what changed, and removes what was deleted.',
  ],
  run: async (job, paths, options) => {
    const maxBytes = bytesOf(options, 'maxSize', '--max-size');
    const { retrieval } = await job.documents();
    const report = await retrieval.ingest(paths, { maxBytes, signal: job.signal, onProgress: show(job) });
    job.progress.clear();
    job.line(reportLines(report, job.settings.verbose));
    job.value(report);
    return undefined;
  },
};

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

export function reportLines(report: IngestReport, verbose: boolean): string {
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
        listed.map(({ path, reason }) => [path, reason]),
      ),
    );
    if (listed.length < skipped.length) lines.push(`… and ${count(skipped.length - listed.length)} more (--verbose)`);
  }
  return lines.join('\n');
}
