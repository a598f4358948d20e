// Short texts to embed, cut out of whatever files there are: every string of JSON and JSON lines, all of any other text.
// Sentences come first, then windows of words, each in an order drawn once, so that fewer texts are the beginning of more.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SetUpProblem } from '../../set-up/problem.mjs';

const SHORTEST = 15;
const LONGEST = 300;
const LEAST_WORDS = 4;
/** Words of a window, and from one to the next. */
const WINDOW = 12;
const STRIDE = 6;
const LARGEST_FILE = 256 * 2 ** 20;

/** All different texts of a file or folder. Throws SetUpProblem if there are none. */
export function textsOf(path) {
  const sentences = new Set();
  const windows = new Set();
  for (const paragraph of paragraphsBelow(path)) {
    for (const sentence of paragraph.split(/(?<=[.!?])\s+/)) {
      if (isShort(sentence)) sentences.add(sentence);
    }
    const words = paragraph.split(' ');
    for (let at = 0; at + WINDOW <= words.length; at += STRIDE) {
      const window = words.slice(at, at + WINDOW).join(' ');
      if (isShort(window)) windows.add(window);
    }
  }
  const texts = [...shuffled([...sentences]), ...shuffled([...windows].filter((window) => !sentences.has(window)))];
  if (texts.length === 0) throw new SetUpProblem(`There are no texts in ${path}.`);
  return texts;
}

const isShort = (text) => text.length >= SHORTEST && text.length <= LONGEST && text.split(' ').length >= LEAST_WORDS;

function paragraphsBelow(path) {
  let found;
  try {
    found = statSync(path);
  } catch {
    throw new SetUpProblem(`There is nothing at ${path}.`);
  }
  if (found.isDirectory()) {
    return readdirSync(path)
      .sort()
      .flatMap((name) => paragraphsBelow(join(path, name)));
  }
  if (!found.isFile() || found.size > LARGEST_FILE) return [];
  const content = readFileSync(path, 'utf8');
  if (content.includes('\0')) return [];
  const strings = path.endsWith('.jsonl')
    ? content
        .split('\n')
        .filter(Boolean)
        .flatMap((line) => stringsIn(JSON.parse(line)))
    : path.endsWith('.json')
      ? stringsIn(JSON.parse(content))
      : content.split(/\n\s*\n|^\.[A-Z].*$/m); // a line like ".W" begins a field in Cranfield
  return strings.map((text) => text.replace(/\s+/g, ' ').trim());
}

function stringsIn(value) {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** In an order that depends on nothing but their number. */
function shuffled(items) {
  let state = 1;
  for (let i = items.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [items[i], items[j]] = [items[j], items[i]];
  }
  return items;
}
