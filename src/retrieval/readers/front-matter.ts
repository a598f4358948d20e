// What stands above a text in Markdown as fields: YAML between lines of ---, TOML between lines of +++. Fields that searches filter
// by; a rule (---) with text after it is no front matter. Not here: Markdown.
import { fieldsOf } from './record.js';
import type { Metadata } from './types.js';

interface FrontMatter {
  /** Where the text begins. */
  end: number;
  title?: string;
  fields: Metadata;
  /** Where it stands itself, if it says more than the title. */
  block?: { start: number; end: number };
}

/** Longer ones are text. */
const LONGEST = 64 * 1024;

/** Of the fields so many are kept, each so long. */
const MOST_FIELDS = 100;
const LONGEST_FIELD = 500;

export async function frontMatterOf(text: string): Promise<FrontMatter | undefined> {
  const found = /^\uFEFF?(---|\+\+\+)[ \t]*\r?\n(?=\S)([^]*?\r?\n)(?:\1|\.\.\.)[ \t]*(?:\r?\n|$)/u.exec(
    text.slice(0, LONGEST),
  );
  if (found === null) return undefined;
  const [whole, mark, source] = found as unknown as [string, string, string];
  const values = mark === '---' ? ((await byYaml(source)) ?? byLines(source, ':')) : byLines(source, '=');
  if (values === undefined) return undefined;
  const fields = [...fieldsOf(values)].slice(0, MOST_FIELDS);
  if (fields.length === 0) return undefined;
  const title = fields.find(([name]) => name === 'title')?.[1];
  const start = whole.indexOf(source);
  return {
    end: whole.length,
    ...(title === undefined ? {} : { title: String(title) }),
    fields: Object.fromEntries(
      fields.map(([name, value]) => [name, typeof value === 'string' ? value.trim().slice(0, LONGEST_FIELD) : value]),
    ),
    ...(fields.some(([name]) => name !== 'title') ? { block: { start, end: start + source.trimEnd().length } } : {}),
  };
}

/** Its values as they are written: a version 1.10 is not 1.1. Undefined if it is no list of fields. */
async function byYaml(source: string): Promise<object | undefined> {
  const { parse } = await import('yaml');
  try {
    const value: unknown = parse(source, { schema: 'failsafe', logLevel: 'error' });
    const isFields = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isFields && Object.keys(value).every(isName) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What is no sound YAML (a colon in a title) or is TOML, where each line is a field or goes on. */
function byLines(source: string, mark: ':' | '='): object | undefined {
  const values: [string, unknown][] = [];
  for (const line of source.split(/\r?\n/u)) {
    if (/^\s*(?:$|#|- |\[)|^\s+/u.test(line)) continue;
    const at = line.indexOf(mark);
    const name = line.slice(0, at).trim();
    if (at < 1 || !isName(name)) return undefined;
    values.push([name, valueOf(line.slice(at + 1).trim())]);
  }
  return values.length === 0 ? undefined : Object.fromEntries(values);
}

function valueOf(text: string): unknown {
  const list = /^\[(.*)\]$/su.exec(text)?.[1];
  const plain = (value: string): string => value.trim().replace(/^(["'])(.*)\1$/su, '$2');
  return list === undefined ? plain(text) : list.split(',').map(plain);
}

/** Prose may have a colon, too, but hardly after so few words. */
function isName(name: string): boolean {
  return name.length <= 60 && /^[\p{L}\p{N}_$@][\p{L}\p{M}\p{N}_$@ ./-]*$/u.test(name) && name.split(' ').length <= 4;
}
