// JSON and JSON Lines: each line, or each element of an array at the top, is a record; any other value is one as a whole.
import { aboutDecoded, decodeText } from './decode.js';
import { jsonValues } from './json-values.js';
import { fieldsOf, RecordWriter } from './record.js';
import { SkipError, type Reader } from './types.js';

export const readJson: Reader = async (bytes, _, reading) => {
  const { text: source, ...about } = await decodeText(bytes, reading);
  const writer = new RecordWriter();
  let records = 0;
  try {
    for (const value of jsonValues(source)) {
      writer.add(fieldsOf(value));
      records++;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SkipError('corrupt', `It is not sound JSON. ${error.message}`, { cause: error });
  }
  const { text, blocks } = writer;
  return { kind: 'json', text, blocks, ...aboutDecoded(about, { records }) };
};
