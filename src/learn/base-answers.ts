// What the base model alone answers to the everyday questions of replay.ts. It never changes for a model, so it is asked once
// and kept in the home's cache. Not here: answers with any adapter.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfCancelled } from '../errors.js';
import { writeFileAtomic } from '../files.js';
import type { Generator } from '../inference/index.js';
import { ask } from './asking.js';

/** Tokens of an answer that are kept; enough to tell whether an answer is still the same. */
export const KEPT_TOKENS = 16;

/** Answers in the order of the questions. `cache` is a folder. */
export async function baseAnswers(
  generator: Generator,
  questions: readonly string[],
  options: { cache: string; modelSha256: string; signal?: AbortSignal | undefined },
): Promise<string[]> {
  const key = createHash('sha256')
    .update(JSON.stringify([KEPT_TOKENS, questions]))
    .digest('hex')
    .slice(0, 16);
  const path = join(options.cache, 'base-answers', `${options.modelSha256.slice(0, 16)}-${key}.json`);
  try {
    const kept: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (Array.isArray(kept) && kept.length === questions.length && kept.every((text) => typeof text === 'string'))
      return kept;
  } catch {
    // Not there yet, or unreadable: asked again below.
  }
  const answers: string[] = [];
  for (const question of questions) {
    throwIfCancelled(options.signal);
    answers.push((await ask(generator, question, { maxTokens: KEPT_TOKENS, signal: options.signal })).text);
  }
  await writeFileAtomic(path, Buffer.from(JSON.stringify(answers))).catch(() => undefined); // a cache: failing costs time only
  return answers;
}
