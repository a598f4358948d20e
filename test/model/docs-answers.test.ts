// What docs/inference.md and docs/retrieval.md show, run on the real models as it stands there: each block of TypeScript of a
// page as a module of its own in one process, each command line in a shell. Not here: the other pages (docs.test.ts).
import { execFile } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import PDFDocument from 'pdfkit';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocks, ROOT } from '../support/docs.js';
import { testHome, type TestHome } from '../support/home.js';

const INFERENCE = join('docs', 'inference.md');
const RETRIEVAL = join('docs', 'retrieval.md');
const WAITS_MS = 600_000;

let home: TestHome;
let folder: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  home = await testHome('smollm2-135m-instruct', 'all-minilm-l6-v2');
  folder = mkdtempSync(join(tmpdir(), 'engram-docs-'));
  environment = {
    ...process.env,
    ...{ ENGRAM_HOME: home.path, ENGRAM_OFFLINE: '1', ENGRAM_CONTEXT: '512', ENGRAM_QUIET: '1' },
    HOME: folder,
  };
  // A program beside an installed engram.
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'engram'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});
afterAll(() => {
  home.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** What each block of a page has declared at its top, after all have run. `setUp` makes the globals that they use. */
async function runPage(page: string, setUp: string, tearDown: string): Promise<Record<string, unknown>[]> {
  const names = blocks('ts', [page]).map(({ line, text }) => {
    const module = ts.transpileModule(text, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    }).outputText;
    const declared = [...text.matchAll(/^const (?:\{ ?(.*?) ?\}|\[(.*?)\]|(\w+))/gm)].flatMap(([, ...found]) =>
      found.flatMap((some) => some?.split(/, ?/) ?? []),
    );
    const name = `block-${line}.js`;
    writeFileSync(join(folder, name), `${module}\nexport { ${declared.join(', ')} };\n`);
    return name;
  });
  const main = `${setUp}
    const all = [];
    for (const name of ${JSON.stringify(names)}) all.push(await import('./' + name));
    ${tearDown}
    const plain = (_, value) => (ArrayBuffer.isView(value) ? [...value] : value?.constructor?.name === 'Engram' ? null : value);
    process.stdout.write('\\n' + JSON.stringify(all, plain));`;
  writeFileSync(join(folder, 'main.js'), main);
  const { stdout } = await promisify(execFile)(process.execPath, ['main.js'], { cwd: folder, env: environment });
  return JSON.parse(stdout.slice(stdout.lastIndexOf('\n'))) as Record<string, unknown>[];
}

/** Runs the command lines of a page's blocks, in order; what each said and how it ended. */
async function runLines(page: string, input: string): Promise<Map<string, { code: number; said: string }>> {
  const lines = blocks('sh', [page]).flatMap(({ text }) => text.split('\n').filter((line) => /^engram /.test(line)));
  const results = new Map<string, { code: number; said: string }>();
  for (const line of lines) {
    // What goes on until Ctrl-C gets it soon.
    const program = `${process.execPath} ${join(ROOT, 'dist', 'cli', 'main.js')}`;
    const started = line.includes('--watch') ? `timeout --signal=INT 8 ${program}` : program;
    const given = line.includes('<') ? '' : `printf '${input}' | `;
    const shell = promisify(execFile)('sh', ['-c', given + line.replace(/^engram/, started)], {
      ...{ cwd: folder, env: environment, timeout: WAITS_MS },
    });
    const { code, said } = await shell.then(
      ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({
        code: error.code,
        said: error.stdout + error.stderr,
      }),
    );
    results.set(line.replace(/ +#.*/, ''), { code, said });
  }
  return results;
}

const failed = (results: Map<string, { code: number; said: string }>): string[] =>
  [...results].flatMap(([line, { code, said }]) => (code === 0 ? [] : [`${line}: ${code} ${said}`]));

describe(INFERENCE, () => {
  it('shows programs that do what is said of them', async () => {
    const [first, schema, tools, state] = await runPage(
      INFERENCE,
      `import { Engram } from 'engram';
      globalThis.engram = await Engram.open({ passages: 0 });
      globalThis.longDocument = 'This contract was signed by Mara Otis in Bern. It ends in May 2031. '.repeat(8);`,
      'await engram.close();',
    );
    expect(first).toMatchObject({ answer: { finishReason: expect.stringMatching(/stop|length/) as string } });
    expect(schema).toMatchObject({ json: { author: expect.any(String) as string } });
    expect(tools).toMatchObject({
      toolCalls: [{ name: 'get_weather', arguments: { city: expect.any(String) as string } }],
      next: { answer: expect.any(String) as string },
    });
    expect(state).toMatchObject({ messages: [{ role: 'system' }, { role: 'user' }] });
  });

  it('shows command lines that work', async () => {
    const [tools] = blocks('ts', [INFERENCE]).flatMap(
      ({ text }) => /const tools = (\[[\s\S]*?\n\]);/.exec(text)?.[1] ?? [],
    );
    writeFileSync(join(folder, 'tools.json'), JSON.stringify(runInNewContext(tools!)));
    const results = await runLines(INFERENCE, 'Hi\\n');
    expect(failed(results)).toEqual([]);
    const said = (start: string): string => [...results].find(([line]) => line.startsWith(start))?.[1].said ?? '';
    expect(JSON.parse(said('engram ask --schema').split('\n')[0]!)).toHaveProperty('author');
    expect(said('engram ask --tools')).toContain('get_weather {"city":');
    expect(said('engram chats list')).toContain('ideas');
  });
});

describe(RETRIEVAL, () => {
  it('shows programs that do what is said of them', async () => {
    const [embedded, index] = await runPage(
      RETRIEVAL,
      `import { openEmbedder } from 'engram';
      const open = await openEmbedder();
      globalThis.texts = ['Otters sleep on their backs.', 'The kiln is fired on Tuesday.', 'Roses are pruned in March.'];
      globalThis.signal = new AbortController().signal;
      globalThis.embedder = open;
      const made = await open.embed(texts);
      globalThis.vectors = Float32Array.from(made.flatMap((vector) => [...vector]));
      globalThis.labels = Uint32Array.of(3, 14, 15);
      globalThis.query = made[1];
      globalThis.folder = 'vectors';
      globalThis.batches = () => [];`,
      'await open.close();',
    );
    expect(embedded).toMatchObject({ passages: [{ length: 384 }, { length: 384 }, { length: 384 }] });
    expect(index).toMatchObject({ found: { labels: [14, 3] } });
  });

  it('shows command lines that work', async () => {
    mkdirSync(join(folder, 'notes', '2024'), { recursive: true });
    writeFileSync(join(folder, 'notes', 'kiln.md'), '# Kiln\n\nThe kiln is fired at 1240 degrees.\n');
    writeFileSync(join(folder, 'notes', '2024', 'roses.md'), 'Roses are pruned in March.\n');
    writeFileSync(join(folder, 'notes', 'fees.csv'), 'city,invoice\nBern,invoice of 12\nBasel,invoice of 7\n');
    writeFileSync(join(folder, 'sentences.txt'), 'Otters sleep.\nKilns are hot.\n');
    const pdf = new PDFDocument();
    const written = createWriteStream(join(folder, 'report.pdf'));
    pdf.pipe(written);
    pdf.text('Celadon needs iron.').end();
    await finished(written);

    const results = await runLines(RETRIEVAL, '');
    const said = (start: string): string => [...results].find(([line]) => line.startsWith(start))?.[1].said ?? '';
    // Models that are not on this machine are named.
    const missing = [...results].filter(([line]) => /--embedder \S/.test(line));
    for (const [line, { code, said }] of missing) {
      if (code !== 0) expect(said).toContain(/--embedder (\S+)/.exec(line)![1]);
    }
    expect(failed(new Map([...results].filter((one) => !missing.includes(one))))).toEqual([]);
    expect(said('engram search "how is the kiln')).toContain('1240');
    expect(said('engram search invoice')).toContain('Bern');
    expect(said('engram search invoice')).not.toContain('Basel');
    expect(said('engram ask')).toContain('kiln.md');
    expect(said('engram documents list')).toContain('report.pdf');
  });
});
