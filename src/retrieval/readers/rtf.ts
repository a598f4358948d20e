// RTF: its paragraphs, headings by their outline level, rows of tables, footnotes where they stand; author and title. Of the packages
// for it none is kept any more, and reading its text takes no more than this. Not here: pictures, and how anything looks.
import { decodeText } from './decode.js';
import { RtfText } from './rtf-text.js';
import type { Reader } from './types.js';

/** A control word with its number, a control symbol, a mark of a group, or text. */
const TOKEN = /\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([\da-f]{2})|\\([^a-z])|([{}])|([^\\{}\r\n]+)/giu;

/** Groups inside of one another; the format allows no more, and nothing is lost but their ends. */
const DEEPEST = 10_000;

export const readRtf: Reader = async (bytes, _, reading) => {
  const source = bytes.toString('latin1');
  if (!source.startsWith('{\\rtf')) {
    // Programs call other things so, too.
    const { text, encoding } = await decodeText(bytes, reading);
    const { paragraphs } = await import('./text.js');
    return { kind: 'text', text, blocks: paragraphs(text), metadata: { encoding } };
  }
  const { default: iconv } = await import('iconv-lite');
  const out = new RtfText((hex, page) => {
    const name = iconv.encodingExists(page) ? page : 'windows-1252';
    return iconv.decode(hex, name);
  });
  let depth = 0;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(source); match !== null; match = TOKEN.exec(source)) {
    const [, word, number, hex, symbol, brace, plain] = match;
    if (word === 'bin') TOKEN.lastIndex += Math.max(0, Number(number ?? 0));
    else if (word !== undefined) out.control(word, number === undefined ? undefined : Number(number));
    else if (hex !== undefined) out.byte(parseInt(hex, 16));
    else if (symbol !== undefined) out.symbol(symbol);
    else if (brace === '{' && ++depth <= DEEPEST) out.open();
    else if (brace === '}' && depth > 0 && depth-- <= DEEPEST) out.close();
    else if (plain !== undefined) out.write(plain);
  }
  const { text, blocks, title, author, pictures } = out.finish();
  const what = pictures === 1 ? '1 picture' : `${pictures} pictures`;
  return {
    kind: 'rtf',
    ...(title === '' ? {} : { title }),
    ...{ text, blocks },
    metadata: author === '' ? {} : { author },
    left: pictures === 0 ? [] : [{ what, why: 'there is no OCR' }],
  };
};
