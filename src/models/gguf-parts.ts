// A GGUF in several files, as llama-gguf-split writes them: name-00001-of-00003.gguf holds the metadata, each its own tensors, and
// each says in `split.no` and `split.count` which it is. What is read here is the whole. Not here: the header of one file (gguf.ts).
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { EngramError } from '../errors.js';
import { readGgufFile, type GgufFileHeader, type GgufTensor } from './gguf.js';

export interface GgufHeader extends Omit<GgufFileHeader, 'metadataBytes'> {
  /** Of all files. */
  bytes: number;
  tensors: (GgufTensor & {
    /** Which of the parts it lies in, from 0. */
    part: number;
  })[];
  /** The files: one, unless it was split. */
  parts: { path: string; bytes: number }[];
}

/** Reads the header of a GGUF, or of all parts of one by the path of the first. Throws as readGgufFile(), `corrupt` for a part that
 * is missing or another's, `usage` for one that is not the first. */
export function readGgufHeader(path: string): GgufHeader {
  const first = readGgufFile(path);
  const { version, metadata } = first;
  const headers = partPaths(path, first).map((part, no) => {
    const header = no === 0 ? first : readGgufFile(part);
    if (no > 0) checkPart(header, part, no, splitOf(first).count);
    return { path: part, header };
  });
  const tensors = headers.flatMap(({ header }, part) => header.tensors.map((tensor) => ({ ...tensor, part })));
  const names = new Set(tensors.map(({ name }) => name));
  const claimed = metadata.get('split.tensors.count');
  if (
    headers.length > 1 &&
    ((typeof claimed === 'number' && claimed !== tensors.length) || names.size < tensors.length)
  ) {
    throw new EngramError(
      'corrupt',
      `The parts of ${path} hold ${names.size} tensors, ${typeof claimed === 'number' ? `and should hold ${claimed}` : 'some of them twice'}.`,
      {
        hint: 'Fetch them again.',
      },
    );
  }
  const parts = headers.map(({ path, header: { bytes } }) => ({ path, bytes }));
  return { version, metadata, tensors, parts, bytes: parts.reduce((sum, part) => sum + part.bytes, 0) };
}

/** The paths of all files of a model by that of the first: of one that was not split itself. Throws as readGgufHeader(), but looks
 * into no file unless its name says that it is the first of several. */
export function ggufPaths(path: string): string[] {
  return /-00001-of-\d{5,}\.gguf$/.test(path) ? partPaths(path, readGgufFile(path)) : [path];
}

/** The first part of a model by the path of any of its parts, where it is there; other paths are returned as they are. */
export function firstPart(path: string): string {
  const first = path.replace(/-\d{5}(?=-of-\d{5}\.gguf$)/, '-00001');
  return existsSync(first) ? first : path;
}

/** The name of a model by its file, without what says that it is a GGUF and which part. */
export function modelNameOf(path: string): string {
  return basename(path).replace(/(-\d{5}-of-\d{5})?\.gguf$/i, '');
}

/** `-00002-of-00003.gguf` */
export function partEnding(no: number, count: number): string {
  return `-${pad(no + 1)}-of-${pad(count)}.gguf`;
}

function pad(value: number): string {
  return String(value).padStart(5, '0');
}

function partPaths(path: string, first: GgufFileHeader): string[] {
  const { no, count } = splitOf(first);
  if (count <= 1) return [path];
  const ending = partEnding(0, count);
  if (no !== 0) {
    throw new EngramError('usage', `${path} is part ${no + 1} of ${count} of a model.`, {
      hint: `Give the first part, whose name ends with ${ending}.`,
    });
  }
  if (!path.endsWith(ending)) {
    throw new EngramError('corrupt', `${path} is the first of ${count} parts of a model, and is not named so.`, {
      hint: `Its name must end with ${ending}, and the others lie beside it.`,
    });
  }
  const paths = [path];
  for (let i = 1; i < count; i++) {
    const part = path.slice(0, -ending.length) + partEnding(i, count);
    if (!existsSync(part)) {
      throw new EngramError('corrupt', `Part ${i + 1} of ${count} is missing: ${part}.`, {
        hint: 'Fetch it into the folder of the first part.',
        details: { path, part },
      });
    }
    paths.push(part);
  }
  return paths;
}

/** Which part of how many. */
function splitOf({ metadata }: GgufFileHeader): { no: number; count: number } {
  const [no, count] = [metadata.get('split.no'), metadata.get('split.count')];
  return { no: typeof no === 'number' ? no : 0, count: typeof count === 'number' ? count : 1 };
}

function checkPart(header: GgufFileHeader, path: string, no: number, count: number): void {
  const its = splitOf(header);
  if (its.no === no && its.count === count) return;
  throw new EngramError('corrupt', `${path} does not say that it is part ${no + 1} of ${count}.`, {
    hint: 'Fetch it again.',
  });
}
