// Assembles the WebAssembly of src/retrieval/vectors and writes it where TypeScript imports it from: `node scripts/assemble.mjs`
// after a change of the .wat file.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import assembler from 'wabt';
import { at } from './set-up/paths.mjs';

const SOURCE = at('src', 'retrieval', 'vectors', 'inner-products.wat');
const OUTPUT = at('src', 'retrieval', 'vectors', 'inner-products.wasm.ts');

/** The text of the module that carries the assembled bytes. */
export async function assemble() {
  const { parseWat } = await assembler();
  const module = parseWat(SOURCE, readFileSync(SOURCE, 'utf8'), { simd: true });
  try {
    module.validate();
    const base64 = Buffer.from(module.toBinary({}).buffer).toString('base64');
    return `// Made of inner-products.wat by scripts/assemble.mjs.\nexport const INNER_PRODUCTS =\n  '${base64}';\n`;
  } finally {
    module.destroy();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) writeFileSync(OUTPUT, await assemble());
