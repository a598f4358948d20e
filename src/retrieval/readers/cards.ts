// Address books and calendars (vCard, RFC 6350; iCalendar, RFC 5545): each card or event a record, lines that were folded made whole. Not
// here: what repeats when, pictures.
import { aboutDecoded, decodeText } from './decode.js';
import { RecordWriter, unusedName } from './record.js';
import { readText } from './text.js';
import type { Reader } from './types.js';

/** What holds others, and is none itself. */
const HOLDERS = new Set(['VCALENDAR', 'VTIMEZONE', 'STANDARD', 'DAYLIGHT', 'VALARM']);

/** What tells a person nothing. */
const TECHNICAL = /^(?:VERSION|PRODID|UID|REV|DTSTAMP|SEQUENCE|CALSCALE|METHOD|X-.*|KEY)$/u;

const PICTURES = /^(?:PHOTO|LOGO|SOUND)$/u;

export const readCards: Reader = async (bytes, path, reading) => {
  const { text: source, ...about } = await decodeText(bytes, reading);
  const writer = new RecordWriter();
  const open: { name: string; fields: Map<string, string> }[] = [];
  let [records, pictures] = [0, 0];
  for (const line of source.replace(/\r?\n[ \t]/gu, '').split(/\r?\n/u)) {
    const found = /^(?:[\w-]+\.)?([\w-]+)((?:;(?:"[^"]*"|[^":])*)?):(.*)$/u.exec(line);
    if (found === null) continue;
    const [, property, parameters, value] = found as unknown as [string, string, string, string];
    const name = property.toUpperCase();
    if (name === 'BEGIN') open.push({ name: value.trim().toUpperCase(), fields: new Map() });
    else if (name === 'END') {
      const card = open.pop();
      if (card === undefined || HOLDERS.has(card.name) || card.fields.size === 0) continue;
      writer.add(card.fields);
      records++;
    } else if (PICTURES.test(name)) pictures++;
    else if (open.length > 0 && !TECHNICAL.test(name) && !HOLDERS.has(open.at(-1)!.name)) {
      const { fields } = open.at(-1)!;
      const plain = plainValue(name, value, parameters);
      if (plain !== '') fields.set(unusedName(named(name, parameters), fields), plain);
    }
  }
  if (records === 0) return readText(bytes, path, reading); // not what its name says, or cut off
  const { text, blocks } = writer;
  const { left = [], ...told } = aboutDecoded(about, { records });
  const lost = pictures === 0 ? [] : [{ what: `${pictures} pictures and sounds`, why: 'there is no text in them' }];
  return { kind: 'cards', text, blocks, ...told, left: [...left, ...lost] };
};

/** `TEL;TYPE=CELL` is `tel (cell)`. */
function named(name: string, parameters: string): string {
  const types = [...parameters.matchAll(/;(?:TYPE=)?"?([\w,-]+)"?(?=;|$)/giu)].map(([, type]) => type!.toLowerCase());
  return types.length === 0 ? name.toLowerCase() : `${name.toLowerCase()} (${types.join(', ')})`;
}

function plainValue(name: string, value: string, parameters: string): string {
  const whole = /ENCODING=QUOTED-PRINTABLE/iu.test(parameters) ? unquoted(value) : value;
  // Parts of a name or an address.
  const parts = /^(?:N|ADR|ORG)$/u.test(name) ? whole.split(/(?<!\\);/u).filter((part) => part !== '') : [whole];
  const plain = parts
    .join(', ')
    .replace(/\\([nN,;\\])/gu, (_, escaped: string) => (escaped.toLowerCase() === 'n' ? ' ' : escaped))
    .trim();
  return plain.replace(
    /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?$/u,
    (_, year: string, month: string, day: string, hour?: string, minute?: string, zone?: string) =>
      `${year}-${month}-${day}${hour === undefined ? '' : ` ${hour}:${minute!}${zone === 'Z' ? ' UTC' : ''}`}`,
  );
}

function unquoted(value: string): string {
  const bytes = value.replace(/=([\dA-F]{2})/giu, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return /[\u0100-\uFFFF]/u.test(bytes) ? value : Buffer.from(bytes, 'latin1').toString('utf8');
}
