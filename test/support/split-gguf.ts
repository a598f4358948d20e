// A model in parts, as scripts/gguf/split.mjs makes them.
import * as models from '../../src/models/index.js';

type Split = (given: typeof models, path: string, prefix: string, count: number) => string[];

/** Paths of the parts, `<prefix>-00001-of-0000<count>.gguf` first. */
export async function splitGguf(path: string, prefix: string, count: number): Promise<string[]> {
  const script = new URL('../../scripts/gguf/split.mjs', import.meta.url).href;
  const { splitGguf: split } = (await import(script)) as { splitGguf: Split };
  return split(models, path, prefix, count);
}
