// The files of a vector store: those of its index, and its documents as lines of JSON. The documents are written first, under a
// name that only the index says: the index's own rename puts both in force. Not here: the index's files.
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fromSystemError } from '../errors.js';
import { makeFolder, writeFileAtomic } from '../files.js';
import { EngramError, type VectorIndex } from '../index.js';

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

/** By label. Throws `corrupt`, `disk`. */
export async function readDocuments(folder: string, revision: string): Promise<Map<number, StoredDocument>> {
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
