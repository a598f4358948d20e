// The result of `bench -- memory --kind everyday` or `groups` as tables a person reads. Not here: the shares (rows.mjs).
import { headLines, table } from '../table.mjs';

/** Ends with a newline. */
export function everydayTable(result) {
  const { rows, options, misses = [] } = result;
  const head = [
    ...headLines(result, `asked about the part: ${options.part}`, options.model),
    'answered right; implied: reaches its memory; near, general, none: kept',
  ];
  if (result.cancelled) head.push('Interrupted: what was measured until then.');
  const tables = rows.length === 0 ? [] : [answered, reached, changed].map((columns) => tableOf(rows.map(columns)));
  return `${[head.join('\n'), ...tables, misses.map(missLine).join('\n')].filter(Boolean).join('\n\n')}\n`;
}

/** What each kind of question is counted by. */
const COUNTED = { implied: 'reaches', near: 'kept', general: 'kept', none: 'kept' };

const TITLES = {
  ...{ words: 'words of the text', reworded: 'reworded', hardly: 'hardly a word', other: 'other part' },
  ...{ implied: 'implied', asked: 'asked', both: 'both', near: 'near', general: 'general', none: 'of none' },
};

const answered = (row) => ({
  file: row.file,
  questions: Object.values(row.kinds).reduce((sum, { asked }) => sum + asked, 0),
  ...cells(row, (kind, counts) => [TITLES[kind], counts[COUNTED[kind] ?? 'right']]),
});

const reached = (row) => ({
  file: row.file,
  ...cells(row, (kind, counts) => [`reaches: ${TITLES[kind]}`, counts.reaches]),
});

const changed = ({ file, memories, committed, committedWrong, updates, secondsPerMemory }) => ({
  file,
  memories,
  committed,
  'committed but wrong':
    committedWrong === undefined
      ? ''
      : `${committedWrong.wrong} of ${committedWrong.committed} (${percent(committedWrong.share)})`,
  updates: updates?.asked ?? '',
  'answered new': percent(updates?.new),
  'answered old': percent(updates?.old),
  'took its place': percent(updates?.replaced),
  'others superseded': updates?.othersSuperseded ?? '',
  's a memory': secondsPerMemory ?? '',
});

function cells({ kinds }, cellOf) {
  const found = Object.entries(kinds).map(([kind, counts]) => cellOf(kind, counts));
  return Object.fromEntries(found.map(([title, value]) => [title, percent(value)]));
}

const missLine = ({ file, row, kind, question, said, source, expected }) =>
  [
    [file, row, kind].filter(Boolean).join(', '),
    ': ',
    question === undefined ? '' : `${oneLine(question)} → `,
    oneLine(said ?? ''),
    source === undefined ? '' : ` [${source}]`,
    expected === undefined ? '' : ` (${oneLine([expected].flat().join(' | '))})`,
  ].join('');

const oneLine = (text) => text.replace(/\s+/gu, ' ').slice(0, 160);

function tableOf(lines) {
  const names = [...new Set(lines.flatMap(Object.keys))];
  const filled = lines.map((line) => Object.fromEntries(names.map((name) => [name, line[name] ?? ''])));
  return filled.every((line) => names.every((name) => ['file', 'questions'].includes(name) || line[name] === ''))
    ? ''
    : table(filled);
}

const percent = (share) => (share === undefined ? '' : `${Number((share * 100).toFixed(1))}%`);
