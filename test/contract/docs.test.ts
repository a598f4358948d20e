// What README, docs and examples show: TypeScript that compiles against the built package, command lines that the parser takes,
// pictures that follow from the tables; and how long their sentences are.
// Not here: running them (test/model/docs.test.ts, examples.test.ts).
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { parse } from '../../src/cli/program.js';
import { blocks, PAGES, ROOT } from '../support/docs.js';
import { sentencesOf, wordCount } from '../support/sentences.js';

/** What examples use and another one has made. */
const GLOBALS = `
declare const engram: import('engram').Engram;
declare const embedder: import('engram').Embedder;
declare const signal: AbortSignal;
declare const sink: import('engram').MetricsSink;
declare const texts: string[];
declare const longDocument: string;
declare const folder: string;
declare const labels: Uint32Array;
declare const vectors: Float32Array;
declare const query: Float32Array;
declare const batches: never;
`;

it('shows TypeScript that compiles', { timeout: 300_000 }, () => {
  const examples = blocks('ts');
  expect(examples.length).toBeGreaterThan(5);
  // Beside package.json, so that `engram` is this package by its exports.
  const files = new Map(
    examples.map(({ page, line, text }) => [
      join(ROOT, `${page.replaceAll(/[^a-z]/gi, '-')}-${line}.mts`),
      `${text}\nexport {};\n`,
    ]),
  );
  files.set(join(ROOT, 'docs-globals.d.ts'), GLOBALS);
  // What the prose names of the API: `engram.memories.add`.
  const names = PAGES.flatMap((page) => [
    ...readFileSync(join(ROOT, page), 'utf8').matchAll(/`(engram(?:\.[a-zA-Z]+)+)[`(]/g),
  ]).map(({ 1: name }) => name!);
  expect(names).toContain('engram.memories.add');
  const uses = names.filter((name) => name !== 'engram.node').map((name) => `void ${name};`);
  files.set(join(ROOT, 'docs-names.mts'), `${uses.join('\n')}\nexport {};\n`);
  const scripts = readdirSync(join(ROOT, 'examples')).map((name) => join(ROOT, 'examples', name));
  const options: ts.CompilerOptions = {
    ...{
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      strict: true,
      skipLibCheck: true,
      noEmit: true,
    },
    ...{ allowJs: true, checkJs: true, types: ['node'] },
  };
  const disk = ts.createCompilerHost(options);
  const host = { ...disk };
  host.fileExists = (path) => files.has(path) || disk.fileExists(path);
  host.readFile = (path) => files.get(path) ?? disk.readFile(path);
  host.getSourceFile = (path, ...rest) => {
    const text = files.get(path);
    return text === undefined
      ? disk.getSourceFile(path, ...rest)
      : ts.createSourceFile(
          path,
          text,
          { languageVersion: ts.ScriptTarget.ES2023, impliedNodeFormat: ts.ModuleKind.ESNext },
          true,
        );
  };
  const program = ts.createProgram([...files.keys(), ...scripts], options, host);
  const problems = ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, start = 0, messageText }) =>
        `${file?.fileName.slice(ROOT.length + 1)}:${(file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
  expect(problems).toEqual([]);
});

describe('shows command lines that the parser takes', () => {
  const lines = blocks('sh').flatMap(({ page, text }) =>
    text.split('\n').flatMap((line) => (line.startsWith('engram ') ? [[page, line] as const] : [])),
  );
  it.each(lines)('%s: %s', (_, line) => {
    expect(parse(wordsOf(line).slice(1), '0').kind).not.toBe('mistake');
  });
});

it('names files that are there', () => {
  const named = [...PAGES, 'ARCHITECTURE.md', 'CONTRIBUTING.md'].flatMap((page) =>
    [
      ...readFileSync(join(ROOT, page), 'utf8').matchAll(
        /`((?:src|scripts|native|test|page|models|examples|packaging)\/[a-z0-9_./-]+)`/g,
      ),
    ].map(({ 1: path }) => path!),
  );
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

it('links to files that are there', () => {
  const links = [...PAGES, 'ARCHITECTURE.md'].flatMap((page) =>
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(/(?:\]\(|src=")(?!https?:|#)([^)"#\s]+)/g)].map(({ 1: to }) =>
      join(ROOT, page, '..', to!),
    ),
  );
  expect(links.filter((path) => !existsSync(path))).toEqual([]);
});

describe('is plain English', () => {
  it.each([...PAGES, 'ARCHITECTURE.md'])('%s has no sentence of more than 40 words', (page) => {
    const sentences = sentencesOf(readFileSync(join(ROOT, page), 'utf8'));
    expect(sentences).not.toEqual([]);
    expect(sentences.filter((sentence) => wordCount(sentence) > 40)).toEqual([]);
  });

  it('counts words as a reader does', () => {
    const page = [
      '# A head',
      '',
      'One two `three and more` [four](https://a.b/c). Five (six.) Seven',
      'eight?',
      '',
      '- nine',
      '  - ten',
      '',
      '| no | no |',
      '| -- | -- |',
      '',
      '```',
      'no',
      '```',
    ].join('\n');
    expect(sentencesOf(page).map(wordCount)).toEqual([2, 4, 2, 2, 1, 1]);
  });

  it('keeps README to 150 lines', () => {
    expect(readFileSync(join(ROOT, 'README.md'), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(150);
  });
});

it('has pictures that follow from its tables and the recording', async () => {
  const script: string = join(ROOT, 'scripts', 'docs', 'pictures.mjs');
  const { pictures } = (await import(script)) as { pictures: () => Map<string, string> };
  for (const [name, svg] of pictures()) {
    expect(readFileSync(join(ROOT, 'docs', 'pictures', name), 'utf8'), `${name}: node scripts/docs/pictures.mjs`).toBe(
      svg,
    );
  }
});

it('links to headings that are there', () => {
  const pages = [...PAGES, 'ARCHITECTURE.md', 'CONTRIBUTING.md'].map((page) => join(ROOT, page));
  const wrong = pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g)].flatMap(([link, to, anchor]) =>
      anchorsOf(to === '' ? page : join(page, '..', to!)).includes(anchor!) ? [] : [`${page}: ${link}`],
    ),
  );
  expect(wrong).toEqual([]);
});

/** As GitHub makes them of headings. */
function anchorsOf(page: string): string[] {
  const text = readFileSync(page, 'utf8').replace(/^```.*?^```$/gms, '');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(({ 1: heading }) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** The words of a command line, without what the shell makes of the rest: comments, pipes, redirections. */
function wordsOf(line: string): string[] {
  const words = line.match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? [];
  const end = words.findIndex((word) => ['#', '|', '<', '>', '&&'].includes(word));
  return (end < 0 ? words : words.slice(0, end)).map((word) => word.replace(/^["']|["']$/g, ''));
}
