// Conversations that WhatsApp exports as text, in the dates of any country: which of its numbers is the day is told by all dates
// together. Not here: what is made of the messages (chat.ts).
import type { Message } from './chat.js';

const DATE = String.raw`(\d{1,4})[./-] ?(\d{1,2})[./-] ?(\d{1,4})\.?`;

/** The half of the day stands before or after the time, in any language. */
const BEFORE = String.raw`((?:[^\d\s\]]{1,10} ?){0,2})`;
const AFTER = String.raw`( ?[^\d\]-]{1,12})?`;

/** `[31.12.20, 23:59:59] Anna: …` of iPhones; `12/31/20, 11:59 PM - Anna: …` of Android, which has no seconds. */
const LINES = [
  new RegExp(String.raw`^\[${DATE},? ${BEFORE}(\d{1,2})[:.](\d{2})(?:[:.]\d{2})${AFTER}\] (.*)$`, 'u'),
  new RegExp(String.raw`^${DATE},? ${BEFORE}(\d{1,2})[:.](\d{2})${AFTER}(?: [-–] |, )(.*)$`, 'u'),
];

/** Lines that decide whether it is one. */
const SAMPLE = 50;

interface Line {
  numbers: [number, number, number];
  /** `PM`, `下午` …, or nothing. */
  half: string;
  hour: number;
  minute: string;
  rest: string;
}

/** The messages of an export; undefined for any other text. */
export function whatsappMessages(source: string): Message[] | undefined {
  const start = source.slice(0, 4000).split(/\r?\n/u).slice(0, SAMPLE).map(plain);
  const first = start.find((line) => line.trim() !== '');
  if (first === undefined || read(first) === undefined) return undefined;
  // A log has times, too, but nobody who speaks.
  const spoken = start.map(read).filter((line) => line !== undefined && speakerOf(line.rest) !== undefined);
  if (spoken.length < 2) return undefined;
  const lines: Line[] = [];
  for (const text of source.split(/\r?\n/u)) {
    const line = read(plain(text));
    if (line !== undefined) lines.push(line);
    else if (lines.length > 0) lines.at(-1)!.rest += `\n${text}`;
  }
  const order = orderOf(lines);
  return lines.map((line) => {
    return { ...(speakerOf(line.rest) ?? { from: '', text: line.rest }), at: timeOf(line, order) };
  });
}

/** Digits of any script as those of ASCII, all spaces alike, no marks of direction. */
function plain(line: string): string {
  return line
    .replace(/[\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]/gu, '')
    .replace(/[\u00A0\u202F\u2009]/gu, ' ')
    .replace(/[\u0660-\u0669\u06F0-\u06F9]/gu, (digit) => String(digit.charCodeAt(0) & 15))
    .replace(/\u060C/gu, ',');
}

function read(line: string): Line | undefined {
  const found = LINES[0]!.exec(line) ?? LINES[1]!.exec(line);
  if (found === null) return undefined;
  const [, a, b, c, before = '', hour, minute, after = '', rest] = found;
  const half = [before, after].map((word) => word.trim()).find((word) => halves().has(keyOf(word))) ?? '';
  // What a program logs has its date in brackets, too, but no comma after it.
  if (line.startsWith('[') && half === '' && !line.slice(0, 30).includes(',')) return undefined;
  return { numbers: [Number(a), Number(b), Number(c)], half, hour: Number(hour), minute: minute!, rest: rest! };
}

function speakerOf(rest: string): { from: string; text: string } | undefined {
  const at = rest.search(/ ?: /u);
  if (at < 1 || at > 100 || rest.slice(0, at).includes('\n')) return undefined;
  return { from: rest.slice(0, at).replace(/^~ ?/u, '').trim(), text: rest.slice(at).replace(/^ ?: /u, '') };
}

type Order = readonly [year: number, month: number, day: number];
const ORDERS: readonly Order[] = [
  [2, 1, 0],
  [2, 0, 1],
  [0, 1, 2],
];

/** The order of the numbers in which every date is one, and time goes on. */
function orderOf(lines: readonly Line[]): Order {
  const [day, month, year] = ORDERS as [Order, Order, Order];
  if (lines.some(({ numbers }) => numbers[0] > 31)) return year;
  const possible = [day, month].filter((order) =>
    lines.every(({ numbers }) => numbers[order[1]]! <= 12 && numbers[order[2]]! <= 31),
  );
  const backwards = (order: Order): number => {
    const days = lines.map((line) => timeOf(line, order));
    return days.filter((at, i) => i > 0 && at.slice(0, 10) < days[i - 1]!.slice(0, 10)).length;
  };
  // Of equals the month is first only where it says AM and PM, as in the United States.
  const isAmerican = lines.some(({ half }) => /^[AP]M$/u.test(half)) && possible.includes(month);
  const first = isAmerican ? possible.toReversed() : possible;
  return first.toSorted((a, b) => backwards(a) - backwards(b))[0] ?? day;
}

function timeOf({ numbers, half, hour, minute }: Line, order: Order): string {
  const [year, month, day] = order.map((i) => numbers[i]!) as [number, number, number];
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${year < 100 ? 2000 + year : year}-${two(month)}-${two(day)}`;
  return `${date}T${two(hourOf(hour, half))}:${minute}`;
}

function hourOf(hour: number, half: string): number {
  const isSecond = halves().get(keyOf(half));
  return isSecond === undefined || hour > 12 ? hour : (hour % 12) + (isSecond ? 12 : 0);
}

/** Languages that count the day in halves. */
const LANGUAGES = 'en es zh zh-TW ja ko ar fa ur hi bn ta te mr gu el sq vi am sw'.split(' ');

let known: Map<string, boolean> | undefined;

/** What the halves of the day are called, and whether it is the second. */
function halves(): ReadonlyMap<string, boolean> {
  if (known !== undefined) return known;
  known = new Map();
  for (const language of LANGUAGES) {
    for (const style of [{ hour12: true }, { hour12: true, dayPeriod: 'short' }] as const) {
      const format = new Intl.DateTimeFormat(language, { hour: 'numeric', timeZone: 'UTC', ...style });
      for (let hour = 0; hour < 24; hour++) {
        const part = format.formatToParts(hour * 3_600_000).find(({ type }) => type === 'dayPeriod')?.value;
        if (part !== undefined && keyOf(part) !== '') known.set(keyOf(part), hour >= 12);
      }
    }
  }
  return known;
}

/** `p. m.` and `PM` are one. */
function keyOf(half: string): string {
  return half.replace(/[\s.\u00A0\u202F]/gu, '').toLowerCase();
}
