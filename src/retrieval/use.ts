// How often passages were what an answer rested on: a line of JSON for each answer, appended to a file beside the library. Hashes
// only, of questions and of passages, so that a passage keeps its uses when its file is moved. Losing it loses no more than this
// knowledge. Not here: what well-used passages are good for (memory/passage-sleep.ts).
import { appendFile, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../files.js';
import { contextOf } from './chunks.js';
import { hashOf } from './rows.js';
import type { Passage } from './types.js';

/** Bytes of the file from which on its older half is forgotten: about 8,000 answers. */
const MOST_BYTES = 1 << 20;

export class PassageUse {
  readonly #path: string;

  /** @param folder that of the brain */
  constructor(folder: string) {
    this.#path = join(folder, 'passage-use.jsonl');
  }

  /** Notes that a passage answered a question. A brain that cannot be written to is answered from all the same. */
  async note(question: string, passage: Pick<Passage, 'title' | 'headings' | 'text'>): Promise<void> {
    try {
      await appendFile(this.#path, `${JSON.stringify([hashOfPassage(passage), hashOfQuestion(question)])}\n`);
      const { size } = await stat(this.#path);
      if (size > MOST_BYTES) await this.#forgetOlder();
    } catch {
      // A record of use, not of what was said: nothing is lost by it that anybody asked for.
    }
  }

  /** By the hash of a passage how many different questions it answered. */
  async counts(): Promise<Map<string, number>> {
    const asked = new Map<string, Set<string>>();
    for (const line of await this.#lines()) {
      const [passage, question] = pairOf(line) ?? [];
      if (passage === undefined || question === undefined) continue;
      asked.set(passage, (asked.get(passage) ?? new Set()).add(question));
    }
    return new Map([...asked].map(([passage, questions]) => [passage, questions.size]));
  }

  async #lines(): Promise<string[]> {
    const text = await readFile(this.#path, 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '');
  }

  async #forgetOlder(): Promise<void> {
    const lines = await this.#lines();
    await writeFileAtomic(this.#path, `${lines.slice(Math.ceil(lines.length / 2)).join('\n')}\n`);
  }
}

/** As the library knows the texts of its passages. */
function hashOfPassage({ title, headings, text }: Pick<Passage, 'title' | 'headings' | 'text'>): string {
  return hashOf(contextOf(title, { headings, text })).toString('hex');
}

function hashOfQuestion(question: string): string {
  return hashOf(question.trim().toLowerCase().replace(/\s+/gu, ' ')).toString('hex').slice(0, 16);
}

/** Undefined for what another program wrote, or half a line of a process that was killed. */
function pairOf(line: string): [string, string] | undefined {
  try {
    const pair: unknown = JSON.parse(line);
    if (!Array.isArray(pair) || pair.length !== 2) return undefined;
    const [passage, question] = pair as unknown[];
    return typeof passage === 'string' && typeof question === 'string' ? [passage, question] : undefined;
  } catch {
    return undefined;
  }
}
