// `engram sleep`: weak memories trained again while there is time. Not here: how (learn/sleep.ts).
import { EngramError } from '../../errors.js';
import type { PassageOutcome, SleepOutcome, SleepReport, Standing } from '../../index.js';
import type { CommandSpec } from '../command.js';
import { duration, excerpt, share, table } from '../format/index.js';
import { numberOf } from '../input.js';
import { training } from './brain.js';
import { brainOf } from './memories.js';

export const sleep: CommandSpec = {
  usage: 'sleep',
  summary: 'mend what is damaged, train again what its examination found weak, and keep what does better',
  options: [
    ['--minutes <number>', 'begin no further memory after so long (default: no limit)'],
    ['--dry-run', 'list what is due, and do nothing'],
    ['--again', 'also what an earlier sleep gained nothing for'],
    ['--passages', 'learn passages of documents too that answered at least three different questions'],
  ],
  examples: ['engram sleep --minutes 30', 'engram sleep --passages --dry-run'],
  notes: [
    'Ctrl-C wakes it at any moment: what is done stays. A memory changes over only if it does at least as well in all that',
    'is asked and better in something; `engram memories undo ID` takes that back. Damaged memories are mended first.',
    'A learned passage is memories like others (`engram memories`, `engram forget`); they stay when its document goes.',
  ],
  run: async (job, _words, options) => {
    const minutes = numberOf(options, 'minutes', '--minutes');
    if (minutes !== undefined && !(minutes > 0)) {
      throw new EngramError('usage', `Expected more than 0 minutes for --minutes but received ${minutes}.`);
    }
    const passages = options['passages'] === true;
    // Passages are learned into a new brain too.
    const { memories } = passages ? await job.openToAnswer() : await brainOf(job);
    const report = await memories.sleep({
      minutes,
      dryRun: options['dryRun'] === true,
      again: options['again'] === true,
      passages,
      signal: job.signal,
      onProgress: training(job),
      onOutcome: (outcome) => {
        job.note(outcomeLine(outcome));
      },
      onPassage: (outcome) => {
        job.note(passageLine(outcome));
      },
    });
    job.progress.clear();
    job.line(report.ended === 'dry_run' ? dueTable(report) : sleepSummary(report));
    job.value(report);
    if (report.ended === 'interrupted') return 130;
    return report.lost > 0 ? 1 : undefined;
  },
};

function dueTable({ due, passages }: SleepReport): string {
  if (due.length + passages.due.length === 0) return 'Nothing is due.';
  return table(
    ['memory', 'why', 'text'],
    [
      ...due.map(({ id, why, text }) => [id, why, excerpt(text)]),
      ...passages.due.map(({ text, questions }) => ['passage', `answered ${questions} questions`, excerpt(text)]),
    ],
  );
}

function passageLine({ place, memories, known, failed, seconds }: PassageOutcome): string {
  const parts = [
    `${memories.length} learned`,
    ...(known > 0 ? [`${known} known`] : []),
    ...(failed > 0 ? [`${failed} not learned`] : []),
  ];
  return `${place}: ${parts.join(', ')} (${duration(seconds)})`;
}

function outcomeLine({ id, text, became, mended, reason, before, after, seconds }: SleepOutcome): string {
  const gained =
    became === 'consolidated' && before !== undefined && after !== undefined ? gains(before, after) : reason;
  return `${id} ${mended ? 'mended, ' : ''}${became} (${duration(seconds)}): ${gained ?? ''} ${excerpt(text, 40)}`;
}

/** What has become better, e.g. `near 25% → 75%`. */
function gains(before: Standing, after: Standing): string {
  return (Object.keys(before) as (keyof Standing)[])
    .filter((key) => after[key] > before[key])
    .map((key) => `${key} ${share(before[key])} → ${share(after[key])}`)
    .join(', ');
}

/** What a sleep did, for a person. */
export function sleepSummary(report: SleepReport): string {
  const { due, memories, consolidated, unchanged, mended, lost, passages, ended, seconds } = report;
  const learned = passages.learned.reduce((sum, one) => sum + one.memories.length, 0);
  const counts = [
    `${consolidated} consolidated, ${unchanged} unchanged, ${mended} mended, ${lost} lost`,
    ...(passages.due.length === 0 ? [] : [`${learned} learned from ${passages.learned.length} passages`]),
  ].join(', ');
  const left = due.length - memories.length + passages.due.length - passages.learned.length;
  const rest = left === 0 ? '' : ` ${left} left: ${ended === 'time' ? 'time was up' : 'woken up'}.`;
  const means = meanGains(memories);
  return [`${counts} (${duration(seconds)}).${rest}`, ...(means === '' ? [] : [`On average: ${means}.`])].join('\n');
}

function meanGains(memories: readonly SleepOutcome[]): string {
  const better = memories.flatMap(({ became, before, after }) =>
    became === 'consolidated' && before !== undefined && after !== undefined ? [{ before, after }] : [],
  );
  if (better.length === 0) return '';
  const mean = (which: 'before' | 'after'): Standing => {
    const keys = Object.keys(better[0]!.before) as (keyof Standing)[];
    const means = keys.map((key) => [key, better.reduce((sum, one) => sum + one[which][key], 0) / better.length]);
    return Object.fromEntries(means) as Standing;
  };
  return gains(mean('before'), mean('after'));
}
