// The files of a vector store: those of its index, and its documents as lines of JSON. The documents are written first, under a
// name that only the index says: the index's own rename puts both in force. Not here: the index's files.
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fromSystemError } from '../errors.js';
import { makeFolder, writeFileAtomic } from '../files.js';
import { EngramError, VectorIndex, type VectorIndexOptions } from '../index.js';

export interface StoredDocument {
  id: string;
  pageContent: string;
  metadata: Record<string, unknown>;
}

const fileOf = (revision: string): string => `documents-${revision}.jsonl`;
const FILE = /^documents-[\w-]+\.jsonl$/;

export async function saveStore(
  folder: string,
  index: VectorIndex,
  documents: ReadonlyMap<number, StoredDocument>,
): Promise<void> {
  const revision = randomUUID();
  await makeFolder(folder);
  const lines = [...documents].map(([label, document]) => `${JSON.stringify({ label, ...document })}\n`);
  await writeFileAtomic(join(folder, fileOf(revision)), lines.join(''));
  await index.save(folder, { revision });
  for (const name of await readdir(folder)) {
    if (FILE.test(name) && name !== fileOf(revision)) await rm(join(folder, name), { force: true });
  }
}

/** Throws `not_found`, `corrupt`, `mismatch`, `unsupported`, `disk`. */
export async function readStore(
  folder: string,
  options: VectorIndexOptions,
): Promise<{ index: VectorIndex; documents: Map<number, StoredDocument> }> {
  const index = await VectorIndex.open(folder, options);
  const documents = await readDocuments(folder, index.revision);
  for (const label of documents.keys()) {
    if (!index.has(label)) throw new EngramError('corrupt', `The store in ${folder} has a document without a vector.`);
  }
  if (documents.size !== index.size) {
    throw new EngramError('corrupt', `The store in ${folder} has vectors without a document.`);
  }
  return { index, documents };
}

/** Throws `corrupt` or `unsupported` for a folder with a store that somebody may still want to mend. */
export async function requireSound(folder: string, options: VectorIndexOptions): Promise<void> {
  try {
    await readStore(folder, options);
  } catch (error) {
    if (!(error instanceof EngramError) || (error.code !== 'corrupt' && error.code !== 'unsupported')) return;
    throw new EngramError(
      error.code,
      `${folder} holds a store that cannot be read, and is left as it is: ${error.message}`,
      {
        hint: 'Save into another folder, or move this one away.',
        cause: error,
      },
    );
  }
}

/** By label. Throws `corrupt`, `disk`. */
async function readDocuments(folder: string, revision: string): Promise<Map<number, StoredDocument>> {
  const path = join(folder, fileOf(revision));
  // The name comes from a file.
  if (!FILE.test(fileOf(revision))) throw new EngramError('corrupt', `The index in ${folder} is not that of a store.`);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const of = fromSystemError(error, path);
    if (of instanceof EngramError && of.code === 'not_found') throw damaged(path, 'it is missing');
    throw of;
  });
  const documents = new Map<number, StoredDocument>();
  const ids = new Set<string>();
  for (const [i, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const found = read(line);
    if (found === undefined || documents.has(found.label) || ids.has(found.document.id)) {
      throw damaged(path, `line ${i + 1} is no document`);
    }
    documents.set(found.label, found.document);
    ids.add(found.document.id);
  }
  return documents;
}

function read(line: string): { label: number; document: StoredDocument } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { label, id, pageContent, metadata } = value as Record<string, unknown>;
  if (!Number.isInteger(label) || (label as number) < 0 || (label as number) > 0xffffffff) return undefined;
  if (typeof id !== 'string' || typeof pageContent !== 'string') return undefined;
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return undefined;
  return { label: label as number, document: { id, pageContent, metadata: metadata as Record<string, unknown> } };
}

const damaged = (path: string, why: string): EngramError =>
  new EngramError('corrupt', `The documents of a store are damaged: ${why} (${path}).`);
