// `engram documents`: what has been ingested.
import { EngramError } from '../../errors.js';
import type { CommandGroup } from '../command.js';
import { bytes, count, table } from '../format.js';

export const documents: CommandGroup = {
  usage: 'documents',
  summary: 'what has been ingested: list, rm',
  commands: [
    {
      usage: 'list',
      summary: 'list the documents, with those that were skipped and why',
      isDefault: true,
      run: async (job) => {
        const found = await (await job.open()).documents.list();
        const rows = found.map(({ path, kind, bytes: size, passages, skipped }) => {
          return [kind ?? '', bytes(size), skipped === undefined ? count(passages) : skipped.code, path];
        });
        job.line(
          found.length === 0 ? 'Nothing has been ingested yet.' : table(['kind', 'size', 'passages', 'path'], rows),
        );
        job.value(found);
        return undefined;
      },
    },
    {
      usage: 'rm <path|glob...>',
      summary: 'take documents out of the brain; the files stay',
      examples: ['engram documents rm notes/2024', 'engram documents rm "*.pdf"'],
      run: async (job, words) => {
        const { documents: read } = await job.open();
        if (words.length === 0) throw new EngramError('usage', 'Name the documents: paths or globs.');
        const removed = [];
        for (const word of words) removed.push(...(await read.remove(word)));
        for (const { path } of removed) job.line(`Removed ${path}`);
        job.value(removed);
        return undefined;
      },
    },
  ],
};
