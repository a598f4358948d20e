// The tiny Llama that the native tests train, and the paths that a child process or a worker needs for it.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findGgml, openBaseModel, type BaseModel, type BatchItem, type Example } from '../../src/training/index.js';

const GOLDEN = join(import.meta.dirname, '..', 'fixtures', 'golden');

/** 3 layers, 128 tokens, context 256, tied head. */
export const TINY = join(GOLDEN, 'tiny-tied.gguf');
export const TINY_QUANTISED = join(GOLDEN, 'tiny-quantised.gguf');
export const TINY_ADAPTER = join(GOLDEN, 'tiny-tied.adapter.gguf');
export const ADDON = fileURLToPath(new URL('../../build/Release/engram.node', import.meta.url));
export const GGML = findGgml();

export const openTiny = (path = TINY): Promise<BaseModel> => openBaseModel(path, { precision: 'f32', threads: 2 });

/** A sequence of `length` tokens, all but the first with a loss. */
export function sequence(length: number, start = 0): Example {
  const tokens = Array.from({ length }, (_, i) => (start + 7 * i) % 90);
  return { tokens, weights: tokens.map(() => 1) };
}

/** As many long sequences as keep the machine busy for seconds. */
export const LONG = Array.from({ length: 400 }, (_, i) => sequence(250, i));

export const all = (count: number): BatchItem[] =>
  Array.from({ length: count }, (_, example) => ({ example, scale: 1e-4 }));
