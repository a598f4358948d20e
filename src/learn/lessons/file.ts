// The memories in a file: JSONL row by row, any other kind that engram reads (txt, md, html, pdf, docx …) as a text. Not here:
// how a text becomes memories (split.ts).
import { readFile, stat } from 'node:fs/promises';
import { EngramError, fromSystemError } from '../../errors.js';
import { readTextApart, SkipError } from '../../retrieval/index.js';
import { sourcesOfJsonl } from './input.js';
import { splitSource, type SplitSource } from './split.js';

/** Bytes; more than 50,000 words have in any format. */
const MOST_BYTES = 64 * 2 ** 20;

/** What a file becomes, and what of it was left out. Throws `usage` (a folder), `not_found`, `disk`, `empty`, `too_long`, `corrupt` (of JSONL with the line) and `unsupported`. */
export async function splitFile(path: string): Promise<SplitSource> {
  let bytes: Buffer;
  try {
    const found = await stat(path);
    if (found.isDirectory()) {
      throw new EngramError('usage', `${path} is a folder.`, {
        hint: 'Name a file; `engram ingest` reads folders, so that answers can use them.',
      });
    }
    if (found.size > MOST_BYTES) {
      throw new EngramError('too_long', `${path} is larger than ${MOST_BYTES / 2 ** 20} MiB.`, {
        hint: 'Ingest it instead: `engram ingest` finds passages in texts of any length.',
      });
    }
    bytes = await readFile(path);
  } catch (error) {
    throw fromSystemError(error, path);
  }
  if (/\.(?:jsonl|ndjson)$/i.test(path)) return splitSource(sourcesOfJsonl(decode(bytes, path)));
  try {
    return splitSource(await readTextApart(bytes, path));
  } catch (error) {
    if (!(error instanceof SkipError)) throw error;
    const code = error.code === 'empty' ? 'empty' : error.code === 'corrupt' ? 'corrupt' : 'unsupported';
    throw new EngramError(code, `${path}: ${error.message}`, { cause: error });
  }
}

function decode(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new EngramError('corrupt', `${path} is not UTF-8 text.`, { cause });
  }
}
