// Runs a piece of JavaScript over engram's own sources in a process of its own, so that a test can kill it.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '../../..');

/** Compiles files of src/ and all that they import into a folder inside the project, where packages resolve. */
export function compile(entries: readonly string[]): { folder: string; remove: () => void } {
  const folder = join(ROOT, 'build', `test-child-${process.pid}-${Date.now()}`);
  const files = new Set(entries);
  for (const file of files) {
    const source = readFileSync(join(ROOT, 'src', file), 'utf8');
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
    });
    const path = join(folder, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, outputText);
    for (const [, name] of outputText.matchAll(/ from '(\.[^']+)\.js'/g)) files.add(join(dirname(file), `${name!}.ts`));
  }
  return {
    folder,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface Child {
  process: ChildProcess;
  /** Whole lines it has printed. */
  lines: string[];
  /** Resolves when it has printed a line that starts so. */
  said: (start: string) => Promise<string>;
  kill: () => Promise<void>;
}

/** Starts a child over the compiled sources; `code` is the body of an ES module that runs in `folder`. */
export function run(folder: string, code: string, args: readonly string[]): Child {
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, '--', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const waiting: { start: string; resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    const parts = (rest + piece).split('\n');
    rest = parts.pop()!;
    lines.push(...parts);
    for (const line of parts) {
      for (const wait of waiting) if (line.startsWith(wait.start)) wait.resolve(line);
    }
  });
  const ended = new Promise<void>((resolve) =>
    child.on('close', () => {
      resolve();
    }),
  );
  void ended.then(() => {
    for (const wait of waiting) wait.reject(new Error(`the child ended before it said "${wait.start}"`));
  });
  return {
    process: child,
    lines,
    said: (start) => {
      const line = lines.find((said) => said.startsWith(start));
      if (line !== undefined) return Promise.resolve(line);
      return new Promise((resolve, reject) => waiting.push({ start, resolve, reject }));
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
