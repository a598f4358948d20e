// Documents without a library or a model: one file is read, one is skipped, and the same passages are found for all questions.
import type { Engine } from '../../src/cli/api.js';
import { EngramError } from '../../src/errors.js';
import type { FoundPassage, StoredDocument } from '../../src/index.js';

/** Writes into `asked` what it was asked. */
export function fakeDocuments(
  asked: unknown[][],
  { passages, stored }: { passages: () => FoundPassage[]; stored: () => StoredDocument[] },
): Engine['documents'] {
  return {
    ingest: (paths, options) => {
      asked.push(['ingest', paths, options?.maxBytes, options?.encoding, options?.limits]);
      options?.onProgress?.({ phase: 'walk', files: 2 });
      options?.onProgress?.({ phase: 'read', done: 1, of: 2, path: '/notes/kiln.md' });
      return Promise.resolve({
        ...{ added: ['/notes/kiln.md'], changed: [], removed: [], unchanged: 0, embedded: 3, seconds: 0.5 },
        ...{ documents: 1, passages: 3 },
        skipped: [{ path: '/notes/a.bin', code: 'binary', reason: 'It is a binary file.' }],
        partly: [{ path: '/notes/kiln.md', encoding: 'koi8-r', left: [{ what: '1 picture', why: 'there is no OCR' }] }],
      });
    },
    watch: (paths, options) => {
      asked.push(['watch', paths]);
      const counts = { unchanged: 0, embedded: 3, seconds: 0.5, documents: 1, passages: 3 };
      const report = { ...counts, changed: [], skipped: [], partly: [] };
      options?.onReport?.({ ...report, added: ['/notes/kiln.md'], removed: [] });
      options?.onError?.(new EngramError('locked', 'Another process is memorizing.'));
      options?.onReport?.({ ...report, added: [], removed: [] });
      options?.onReport?.({ ...report, added: ['/notes/rose.md'], removed: ['/notes/kiln.md'] });
      return Promise.resolve();
    },
    search: (question, options) => {
      asked.push(['search', question, { ...options, signal: undefined }]);
      return Promise.resolve(passages());
    },
    list: () => Promise.resolve(stored()),
    show: (sources) => {
      const each = [sources].flat().map((source) => {
        const meant = stored().filter(({ path }) => path.endsWith(source));
        if (meant.length === 0) throw new EngramError('not_found', `No document fits "${source}".`);
        return meant;
      });
      return Promise.resolve([...new Set(each.flat())].map((one) => ({ ...one, passages: passages() })));
    },
    remove: (source) => Promise.reject(new EngramError('not_found', `No document fits "${source}".`)),
  };
}
