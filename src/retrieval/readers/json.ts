// JSON and JSON Lines: each line, or each element of an array at the top, is a record; any other value is one as a whole.
import { decodeText } from './decode.js';
import { fieldsOf, recordText } from './record.js';
import { SkipError, type Block, type Reader } from './types.js';

export const readJson: Reader = async (bytes) => {
  const { text: source, encoding } = await decodeText(bytes);
  const values = valuesOf(source);
  let text = '';
  const blocks: Block[] = [];
  for (const value of values) {
    const fields = fieldsOf(value);
    const lines = recordText(fields);
    if (lines === '') continue;
    blocks.push({ kind: 'record', start: text.length, end: text.length + lines.length, metadata: fields });
    text += `${lines}\n\n`;
  }
  return { kind: 'json', text, blocks, metadata: { encoding, records: values.length } };
};

function valuesOf(source: string): unknown[] {
  try {
    const value = JSON.parse(source) as unknown;
    return Array.isArray(value) ? value : [value];
  } catch (whole) {
    const lines = source.split(/\r?\n/u);
    const values: unknown[] = [];
    for (const [i, line] of lines.entries()) {
      if (line.trim() === '') continue;
      try {
        values.push(JSON.parse(line));
      } catch (error) {
        // Not even the first line: then it was meant as one value.
        const cause = values.length === 0 ? whole : error;
        const where = values.length === 0 ? '' : ` in line ${i + 1}`;
        throw new SkipError('corrupt', `It is not sound JSON${where}: ${(cause as Error).message}`, { cause });
      }
    }
    return values;
  }
}
