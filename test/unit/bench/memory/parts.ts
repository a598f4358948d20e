// The parts of the benchmark of memory, which is no TypeScript, with the types that its tests see. Not here: tests.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file of scripts/bench/memory. */
export const load = async <T>(name: string): Promise<T> =>
  (await import(new URL(`../../../../scripts/bench/memory/${name}.mjs`, import.meta.url).href)) as T;

interface Asked {
  ask: string;
  question: string;
  answers: string[];
  judge?: string;
  evidence?: number[];
}
export interface Case {
  id: string;
  inputs: unknown[];
  text: string;
  asked: Asked[];
  neighbours: string[];
  old?: { answers: string[] } | undefined;
}
export type Said = { text: string; on: string[] } & Record<string, unknown>;
export interface Answers {
  asked: Said[];
  neighbours: Said[];
  unrelated: Said[];
}
export interface Result {
  learned: { seconds: number; memories: Record<string, unknown>[]; superseded?: boolean };
  gated?: Answers;
  ungated?: Answers;
  forgotten?: Said[];
}

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'engram-bench-test-'));
