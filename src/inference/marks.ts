// Stands marks in the place of texts while a chat template is rendered, so that what the template wrote can be told from what
// it was given. Not here: templates, tokens.
import { writeJson } from './json-schema.js';

// Around the number of a text: characters of the private use area, to which no template gives a meaning, and outside of
// them an em space, which shows whether the template trims.
const OPEN = '\uE0F0';
const CLOSE = '\uE0F1';
const SPACE = '\u2003';
const MARK = new RegExp(`(${SPACE}?)${OPEN}(\\d+)${CLOSE}(${SPACE}?)`, 'gu');
/** An object that stands for a value, as templates write objects. */
const VALUE = new RegExp(`\\{\\s*"(${OPEN}\\d+${CLOSE})"\\s*:\\s*0\\s*\\}`, 'gu');

export type Part = { literal: string } | { content: string };

export class Marks {
  readonly #texts: { text: string; isQuotable: boolean }[] = [];

  /** Whether a text could be taken for a mark. */
  static isIn(text: string): boolean {
    return text.includes(OPEN) || text.includes(CLOSE);
  }

  /** `isQuotable`: templates may write it as JSON, in quotes. */
  text(text: string, isQuotable = false): string {
    this.#texts.push({ text, isQuotable });
    return `${SPACE}${OPEN}${this.#texts.length - 1}${CLOSE}${SPACE}`;
  }

  /** For a value that templates write as JSON. */
  value(value: object): object {
    this.#texts.push({ text: writeJson(value), isQuotable: false });
    return { [`${OPEN}${this.#texts.length - 1}${CLOSE}`]: 0 };
  }

  /** What a template made of the marks, with the texts in their places. */
  split(rendered: string): Part[] {
    const marked = rendered.replace(VALUE, '$1');
    const parts: Part[] = [];
    let at = 0;
    for (const match of marked.matchAll(MARK)) {
      const [mark, before, number, after] = match;
      if (match.index > at) parts.push({ literal: marked.slice(at, match.index) });
      const end = match.index + mark.length;
      const { text, isQuotable } = this.#texts[Number(number)]!;
      const isQuoted = isQuotable && marked[match.index - 1] === '"' && marked[end] === '"';
      let content = isQuoted ? JSON.stringify(text).slice(1, -1) : text;
      if (before === '') content = content.trimStart();
      if (after === '') content = content.trimEnd();
      parts.push({ content });
      at = end;
    }
    if (at < marked.length) parts.push({ literal: marked.slice(at) });
    return parts;
  }
}
