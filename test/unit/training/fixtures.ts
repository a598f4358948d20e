// The tiny adapter that PEFT itself saved, and the GGUF that llama.cpp's converter made of it.
import { join } from 'node:path';

const GOLDEN = join(import.meta.dirname, '..', '..', 'fixtures', 'golden');

export const GGUF_ADAPTER = join(GOLDEN, 'tiny-tied.adapter.gguf');
export const PEFT_FOLDER = join(GOLDEN, 'tiny-tied.peft');
/** Attention heads of the tiny model. */
export const HEADS = { heads: 6, keyValueHeads: 2 };
