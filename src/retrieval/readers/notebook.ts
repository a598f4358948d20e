// Notebooks of Jupyter: their cells as one text in Markdown, code between fences with what it printed. Not here: pictures.
import { aboutDecoded, decodeText } from './decode.js';
import { jsonValues } from './json-values.js';
import { parseMarkdown } from './markdown.js';
import { SkipError, type Reader } from './types.js';

/** Characters of what a cell printed. */
const MOST_OUTPUT = 2000;

export const readNotebook: Reader = async (bytes, _, reading) => {
  const { text: source, ...about } = await decodeText(bytes, reading);
  let notebook: unknown;
  try {
    [notebook] = jsonValues(source);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SkipError('corrupt', `It is not a sound notebook: ${why}`, { cause: error });
  }
  const { cells } = (notebook ?? {}) as { cells?: unknown };
  if (!Array.isArray(cells)) throw new SkipError('corrupt', 'It is not a sound notebook: it has no cells.');
  const parts = (cells as (Cell | null)[]).map((cell) => {
    const text = joined(cell?.source);
    if (cell === null || text.trim() === '') return '';
    return cell.cell_type === 'code' ? `${fenced(text)}${fenced(outputOf(cell))}` : `${text}\n\n`;
  });
  const content = await parseMarkdown(parts.join(''));
  return { ...content, kind: 'notebook', ...aboutDecoded(about, { ...content.metadata, cells: cells.length }) };
};

interface Cell {
  cell_type?: unknown;
  source?: unknown;
  outputs?: unknown;
}

function joined(lines: unknown): string {
  return Array.isArray(lines)
    ? lines.filter((line) => typeof line === 'string').join('')
    : typeof lines === 'string'
      ? lines
      : '';
}

function outputOf({ outputs }: Cell): string {
  if (!Array.isArray(outputs)) return '';
  const texts = (outputs as (Output | null)[]).map(
    (output) => joined(output?.text) || joined(output?.data?.['text/plain']) || errorOf(output),
  );
  return texts
    .map((text) => (text === '' || text.endsWith('\n') ? text : `${text}\n`))
    .join('')
    .slice(0, MOST_OUTPUT);
}

interface Output {
  text?: unknown;
  data?: Record<string, unknown> | null;
  ename?: unknown;
  evalue?: unknown;
}

/** What went wrong; where is in the code above. */
function errorOf(output: Output | null): string {
  const parts = [output?.ename, output?.evalue].filter((part) => typeof part === 'string' && part !== '');
  return parts.length === 0 ? '' : `${parts.join(': ')}\n`;
}

/** Between fences that it cannot end. */
function fenced(text: string): string {
  if (text.trim() === '') return '';
  const longest = Math.max(2, ...(text.match(/`{3,}/gu) ?? []).map(({ length }) => length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text.replace(/\n$/u, '')}\n${fence}\n\n`;
}
