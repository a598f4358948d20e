// `engram documents`: what has been ingested, how much of it was read, and its passages.
import { EngramError } from '../../errors.js';
import type { ShownDocument, StoredDocument } from '../../index.js';
import type { CommandGroup } from '../command.js';
import { bytes, count, describe, excerpt, table } from '../format/index.js';

export const documents: CommandGroup = {
  usage: 'documents',
  summary: 'what has been ingested: list, show, rm',
  commands: [
    {
      usage: 'list',
      summary: 'list the documents, with those that were skipped and why',
      options: [['--problems', 'only those that were skipped, not read whole, or read in an encoding that is a guess']],
      isDefault: true,
      run: async (job, _, options) => {
        const all = await (await job.open()).documents.list();
        if (options['problems'] === true) {
          const found = all.filter((document) => problemOf(document) !== '');
          const rows = found.map((document) => [excerpt(problemOf(document), 200), document.path]);
          job.line(found.length === 0 ? 'There are no problems.' : table(['problem', 'path'], rows));
          job.value(found);
          return undefined;
        }
        const rows = all.map(({ path, kind, bytes: size, passages, skipped }) => {
          return [kind ?? '', bytes(size), skipped === undefined ? count(passages) : skipped.code, path];
        });
        job.line(
          all.length === 0 ? 'Nothing has been ingested yet.' : table(['kind', 'size', 'passages', 'path'], rows),
        );
        job.value(all);
        return undefined;
      },
    },
    {
      usage: 'show <path|glob...>',
      summary: 'show how documents were read, how much of them, and their passages',
      examples: ['engram documents show report.pdf', 'engram documents show "notes/*.md" --json'],
      run: async (job, words) => {
        if (words.length === 0) throw new EngramError('usage', 'Name the documents: paths or globs.');
        const shown = await (await job.open()).documents.show(words);
        for (const document of shown) job.line(documentLines(document));
        job.value(shown);
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

/** Empty if all of it was read for sure. */
function problemOf({ skipped, read, metadata }: StoredDocument): string {
  if (skipped !== undefined) return skipped.reason;
  const guess = read?.isGuessed === true ? [`Its encoding is a guess: ${String(metadata['encoding'])}.`] : [];
  return [...guess, ...leftOf(read).map((line) => `Without ${line}.`)].join(' ');
}

function leftOf(read: StoredDocument['read']): string[] {
  return (read?.left ?? []).map(({ what, why }) => `${what}: ${why}`);
}

function documentLines(document: ShownDocument): string {
  const { path, kind, title, bytes: size, passages, skipped, read, metadata } = document;
  const { encoding, ...fields } = metadata;
  const lines = [
    path,
    describe({
      ...(kind === undefined ? {} : { kind }),
      ...(title === undefined ? {} : { title }),
      size: bytes(size),
      ...(encoding === undefined
        ? {}
        : { encoding: `${String(encoding)}${read?.isGuessed === true ? ', a guess' : ''}` }),
      ...(read === undefined ? {} : { characters: count(read.characters) }),
      passages: count(passages.length),
      ...(skipped === undefined ? {} : { skipped: skipped.reason }),
      ...(leftOf(read).length === 0 ? {} : { 'left out': leftOf(read).join('; ') }),
      ...(Object.keys(fields).length === 0 ? {} : { fields }),
    }),
  ];
  for (const [i, { place, start, end, text }] of passages.entries()) {
    lines.push('', `${i + 1}. ${place}, characters ${start} to ${end}`, text);
  }
  return `${lines.join('\n')}\n`;
}
