// The result of `bench -- gate` as tables a person reads. Not here: the shares (rows.mjs).
import { headLines, table } from '../table.mjs';

const TITLES = {
  ...{ words: 'words of the text', reworded: 'reworded', hardly: 'hardly a word', other: 'other part' },
  ...{ implied: 'implied', near: 'near kept', general: 'general kept' },
};

/** Ends with a newline. */
export function gateTable(result) {
  const { rows, times, judge, options, misses = [] } = result;
  const head = headLines(result, `asked about the part: ${options.part}`, options.model);
  head.push(judge === 'closeness' ? 'no judge for this model: closeness judges' : `judge ${judge.slice(0, 12)}`);
  if (result.cancelled) head.push('Interrupted: what was measured until then.');
  const crowds = times.map(({ memories, msMedian, msP95 }) => ({
    'memories in the brain': memories,
    'ms a question': msMedian,
    '95 of 100 within': msP95,
  }));
  const tables = [rows.map(rowLine), crowds].filter((lines) => lines.length > 0).map(table);
  return `${[head.join('\n'), ...tables, misses.map(missLine).join('\n')].filter(Boolean).join('\n\n')}\n`;
}

const rowLine = ({ file, by, line, kinds, msMedian, msP95 }) => ({
  file,
  by: by === 'gate' ? 'gate' : `closeness above ${line}`,
  ...Object.fromEntries(
    Object.entries(TITLES).map(([kind, title]) => [title, percent(kinds[kind]?.reaches ?? kinds[kind]?.kept)]),
  ),
  'ms a question': msMedian ?? '',
  '95 of 100 within': msP95 ?? '',
});

const missLine = ({ file, row, kind, question, of, reached }) =>
  `${file}, ${row}, ${kind}: ${question} → ${reached ?? 'none'}${of === undefined ? '' : ` (${of.join(', ')})`}`;

const percent = (share) => (share === undefined ? '' : `${(100 * share).toFixed(1)}%`);
