// The judges that engram ships: models/judges/NAME.gguf, an adapter, and NAME.json, what it was made from and for. Made by
// scripts/judge. Not here: what they say (judge.ts).
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoraOptions } from '../training/index.js';

export interface JudgeManifest {
  /** The files of the base model that it was made for, by hash. */
  models: { name: string; sha256: string }[];
  /** Of the adapter. */
  sha256: string;
  lora: LoraOptions;
  /** Words that open an answer to whether something is so. */
  openings: string[];
  /** Weights of 1, of the log odds that the note answers, and of the cosine by `embedder`: in all the log odds that it does. */
  answers: [bias: number, judged: number, closeness: number];
  /** The same without the cosine, for any other embedding model. */
  alone: [bias: number, judged: number];
  /** The same of 1 and of the log odds that it is replaced. */
  replaced: [bias: number, judged: number];
  /** The embedding model whose cosine it is. */
  embedder: string;
  /** Whether it writes questions about a note that are worth asking. */
  writes: boolean;
}

export interface JudgeFile {
  path: string;
  manifest: JudgeManifest;
}

/** Where they lie, seen from src/gate and from dist/gate alike. */
const FOLDER = fileURLToPath(new URL('../../models/judges/', import.meta.url));

/** The judge of a base model; undefined where there is none, or its file is not the one that was made. */
export async function findJudge(modelSha256: string, folder = FOLDER): Promise<JudgeFile | undefined> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith('.json')) continue;
    const manifest = await readManifest(join(folder, name));
    if (!manifest?.models.some(({ sha256 }) => sha256 === modelSha256)) continue;
    const path = join(folder, name.replace(/\.json$/, '.gguf'));
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes !== undefined && createHash('sha256').update(bytes).digest('hex') === manifest.sha256) {
      return { path, manifest };
    }
  }
  return undefined;
}

/** Undefined for one that is damaged: then the model has no judge, as `doctor` says. */
async function readManifest(path: string): Promise<JudgeManifest | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as JudgeManifest;
  } catch {
    return undefined;
  }
}
