// The program that reads files, compiled from the sources as they are: tests of the process must not depend on an older build.
// Not here: type checking.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OUT = join(ROOT, 'build', 'test-reader');
const PARTS = ['retrieval/apart', 'retrieval/readers', 'retrieval', 'errors.ts', 'is-object.ts'];

/** The path of the compiled child.ts. */
export function compiledReader(): string {
  for (const source of PARTS.flatMap((part) => sourcesIn(join(ROOT, 'src', part)))) {
    const out = join(OUT, relative(join(ROOT, 'src'), source)).replace(/\.ts$/u, '.js');
    const made = statSync(out, { throwIfNoEntry: false });
    if (made !== undefined && made.mtimeMs > statSync(source).mtimeMs) continue;
    const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    });
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, outputText);
  }
  return join(OUT, 'retrieval', 'apart', 'child.js');
}

function sourcesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(path, name));
}
