// What README and docs show of the TypeScript API, run on the real model as it stands there: each page in a process of its own,
// its blocks one after the other. Not here: pages whose blocks are fragments (test/contract/docs.test.ts compiles all).
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import ts from 'typescript';
import { blocks, ROOT } from '../support/docs.js';
import { testHome, type TestHome } from '../support/home.js';

/** What a page takes as there, and what its blocks then say. */
const PAGES: { page: string; before?: string; says: (string | RegExp)[] }[] = [
  { page: 'README.md', says: [/^true \{/m] },
  { page: 'docs/langchain.md', says: ['Lima', /Train complete\. Loss: \d/] },
  { page: 'docs/gradient.md', says: [/^26 7\d\.\d+$/m, 'The Dallas Cowboys'] },
  { page: 'docs/conversation-memory.md', says: [] },
  {
    page: 'docs/chains.md',
    before: `
      const rows = ['angry', 'glad'].flatMap((label) => ['a', 'b', 'c'].map((text) => JSON.stringify({ text, label })));
      writeFileSync('moods.jsonl', rows.join('\\n'));
      await engram.adapters.train({ file: 'moods.jsonl', adapter: 'mood', format: 'labels', epochs: 1, test: 0, layers: [28, 29] });
      await engram.adapters.create('house-style');`,
    says: [/^reply \d/m, /\b(?:angry|glad)\b.*\d/, /^memory \d/m],
  },
];

let home: TestHome;
let folder: string;
beforeAll(async () => {
  home = await testHome('smollm2-135m-instruct', 'all-minilm-l6-v2');
  // Within the checkout, so that the name of the package is this one.
  mkdirSync(join(ROOT, 'build'), { recursive: true });
  folder = mkdtempSync(join(ROOT, 'build', 'docs-run-'));
});
afterAll(() => {
  home.remove();
  rmSync(folder, { recursive: true, force: true });
});

it.each(PAGES)('$page', async ({ page, before = '', says }) => {
  const files = blocks('ts', [page]).map(({ line, text }) => {
    const file = `${page.replaceAll(/[^a-z]/gi, '-')}-${line}.mjs`;
    const { module, target } = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: { module, target, verbatimModuleSyntax: true },
    });
    writeFileSync(join(folder, file), outputText);
    return file;
  });
  expect(files).not.toEqual([]);
  const program = `
    import { writeFileSync } from 'node:fs';
    import { Engram } from 'engram';
    const engram = await Engram.open();
    Object.assign(globalThis, { engram, signal: new AbortController().signal });
    ${before}
    for (const file of ${JSON.stringify(files)}) await import('./' + file);
    await engram.close();
    process.exit(0); // what a block left open`;
  writeFileSync(join(folder, 'page.mjs'), program);
  const { stdout } = await promisify(execFile)(process.execPath, ['page.mjs'], { cwd: folder, env: home.env });
  for (const text of says) expect(stdout).toMatch(text);
});
