// Where the real models for tests are: the installed ones, or those that ENGRAM_TEST_MODEL (a GGUF) and
// ENGRAM_TEST_EMBEDDER (a folder) name. Nothing is fetched; `npm test` has done that.
import { resolve } from 'node:path';
import { readSettings } from '../../src/cli/options.js';
import { defaultEntry, resolveModel } from '../../src/models/index.js';

/** GGUF of the small chat model. Throws `not_found` with the command that fetches it. */
export async function chatModel(): Promise<string> {
  const given = process.env['ENGRAM_TEST_MODEL'];
  if (given !== undefined) return resolve(given);
  return (await resolveModel(readSettings().home, defaultEntry('chat').name, { role: 'chat' })).path;
}

/** Folder of the embedding model. Throws `not_found` with the command that fetches it. */
export async function embeddingModel(): Promise<string> {
  const given = process.env['ENGRAM_TEST_EMBEDDER'];
  if (given !== undefined) return resolve(given);
  return (await resolveModel(readSettings().home, defaultEntry('embedding').name, { role: 'embedding' })).path;
}
