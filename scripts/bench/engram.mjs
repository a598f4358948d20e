// engram's own step, in a process of its own.
import { fileURLToPath } from 'node:url';
import { examplesOf } from './shapes.mjs';
import { Subject } from './subject.mjs';

const PROGRAM = fileURLToPath(new URL('step-child.mjs', import.meta.url));

/**
 * Starts a process that takes engram's step over one shape.
 * @param {{ path: string, vocabularySize: number }} model
 * @param {{ batch: number, tokens: number }} shape
 * @param {{ threads: number, precision?: string, layers?: [number, number], learned?: number, fresh?: boolean }} options
 *   `learned`: share of the tokens with a loss; `fresh`: never the same example twice.
 */
export function startEngram(model, shape, { learned, ...options }, limitMs) {
  const examples = examplesOf(shape, model.vocabularySize, learned);
  return Subject.start('engram', process.execPath, [PROGRAM], { model: model.path, examples, ...options }, limitMs);
}
