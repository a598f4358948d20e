// Org: the text as it was written, its headings, paragraphs, lists, tables and code at their places; keywords, properties and tags as
// fields. Not here: dates that repeat, what a table computes.
import { aboutDecoded, decodeText } from './decode.js';
import { fieldsOf } from './record.js';
import { trimmed } from './text.js';
import { tableInText } from './text-table.js';
import type { Block, Metadata, Reader } from './types.js';

/** Keywords of a file that say something about it. */
const TOLD = /^#\+(title|author|date|filetags|description|keywords|language|email):[ \t]*(.*)$/iu;

/** A heading without its stars, its state in capitals, its priority and its tags. */
const HEADING = /^(\*+)[ \t]+(?:([A-Z]{3,12})[ \t]+)?(?:\[#\w\][ \t]+)?(.*?)(?:[ \t]+:([\p{L}\p{N}_@#%:]+):)?[ \t]*$/u;

/** Characters of a line that is a heading. */
const LONGEST_HEADING = 1000;

const PROPERTY = /^[ \t]*:([^:\s]+):[ \t]*(.*)$/u;

export const readOrg: Reader = async (bytes, _, reading) => {
  const { text, ...about } = await decodeText(bytes, reading);
  const blocks: Block[] = [];
  const told = new Map<string, unknown>();
  let fields: Metadata | undefined;
  let [from, to] = [0, 0];
  /** The end of what stands here as it is: a drawer, or code. */
  let until: RegExp | undefined;
  let isCode = false;
  const flush = (kind: 'text' | 'code' = 'text'): void => {
    const stretch = trimmed(text, from, to);
    if (stretch !== undefined) {
      const table = kind === 'text' ? tableInText(text, stretch.start, stretch.end) : undefined;
      const all: Block[] = table ?? [{ kind, ...stretch }];
      for (const block of all) {
        const metadata = block.metadata === undefined ? fields : { ...fields, ...block.metadata };
        blocks.push(metadata === undefined ? block : { ...block, metadata });
      }
    }
    from = to;
  };
  const skipTo = (end: number): void => {
    from = end;
    to = end;
  };
  for (const { start, end, line } of linesIn(text)) {
    if (until !== undefined) {
      const isEnd = until.test(line);
      if (isCode && !isEnd) to = end;
      else if (isEnd && isCode) flush('code');
      else if (!isEnd)
        noteProperty(line, blocks.some(({ kind }) => kind === 'heading') ? undefined : told, (more) => {
          fields = { ...fields, ...more };
        });
      if (isEnd) until = undefined;
      if (!isCode || isEnd) skipTo(end);
      continue;
    }
    const heading = line.startsWith('*') && line.length <= LONGEST_HEADING ? HEADING.exec(line) : null;
    const keyword = TOLD.exec(line);
    const block = /^[ \t]*#\+begin_(\w+)/iu.exec(line)?.[1];
    if (heading !== null) {
      flush();
      const [, stars, state, name = '', tags] = heading as unknown as [string, string, string?, string?, string?];
      const at = start + line.indexOf(name, stars.length);
      if (name !== '') blocks.push({ kind: 'heading', level: stars.length, start: at, end: at + name.length });
      fields = fieldsOfHeading(state, tags);
      skipTo(end);
    } else if (keyword !== null || /^[ \t]*#(?:\s|\+\w+:|$)/u.test(line)) {
      flush();
      if (keyword !== null) told.set(keyword[1]!.toLowerCase(), keyword[2]!.trim());
      skipTo(end);
    } else if (block !== undefined || /^[ \t]*:[\w-]+:[ \t]*$/u.test(line)) {
      flush();
      isCode = block !== undefined && !/^(?:quote|verse|center)$/iu.test(block);
      // A quotation is a text between two marks.
      if (block === undefined) until = /^[ \t]*:end:[ \t]*$/iu;
      else if (isCode) until = new RegExp(`^[ \\t]*#\\+end_${block}`, 'iu');
      skipTo(end);
    } else if (line.trim() === '' || /^[ \t]*(?:[-+]|\d+[.)])[ \t]/u.test(line)) {
      flush();
      from = start;
      to = end;
    } else to = end;
  }
  flush(until !== undefined && isCode ? 'code' : 'text');
  const { title, filetags, ...rest } = Object.fromEntries(told) as Record<string, string>;
  const tags = tagsIn(filetags);
  const all = Object.fromEntries(fieldsOf({ ...rest, ...(tags.length === 0 ? {} : { tags }) }));
  return { kind: 'org', ...(title ? { title } : {}), text, blocks, ...aboutDecoded(about, all) };
};

function* linesIn(text: string): Generator<{ start: number; end: number; line: string }> {
  for (let start = 0; start < text.length;) {
    const found = text.indexOf('\n', start);
    const end = found === -1 ? text.length : found + 1;
    yield { start, end, line: text.slice(start, end).replace(/\r?\n$/u, '') };
    start = end;
  }
}

function tagsIn(tags: string | undefined): string[] {
  return (tags ?? '').split(/[:\s]+/u).filter((tag) => tag !== '');
}

function fieldsOfHeading(state: string | undefined, tags: string | undefined): Metadata | undefined {
  const fields = fieldsOf({
    ...(state === undefined ? {} : { state }),
    ...(tags === undefined ? {} : { tags: tagsIn(tags) }),
  });
  return fields.size === 0 ? undefined : Object.fromEntries(fields);
}

/** A property of the file, above its first heading, or of a heading. */
function noteProperty(line: string, told: Map<string, unknown> | undefined, add: (more: Metadata) => void): void {
  const property = PROPERTY.exec(line);
  if (property === null || property[2]!.trim() === '') return;
  const [name, value] = [property[1]!.toLowerCase(), property[2]!.trim()];
  if (told === undefined) add({ [name]: value.slice(0, 500) });
  else told.set(name, value.slice(0, 500));
}
