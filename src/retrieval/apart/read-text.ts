// The text of one file that somebody named, read as its kind is, apart from this process. Not here: files that are read for search.
import { ReaderProcess } from './reader-process.js';
import type { DocumentReader } from './types.js';

/** Throws SkipError, `native`. */
export async function readTextApart(
  bytes: Buffer,
  path: string,
  reader: DocumentReader = new ReaderProcess(),
): Promise<string> {
  try {
    const { text = '' } = await reader.read(bytes, path, { wantsText: true });
    return text;
  } finally {
    await reader.close();
  }
}
