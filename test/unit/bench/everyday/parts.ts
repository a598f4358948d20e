// The parts of the everyday benchmark, which is no TypeScript. Not here: tests.

/** A file of scripts/bench/everyday. */
export const load = async <T>(name: string): Promise<T> =>
  (await import(new URL(`../../../../scripts/bench/everyday/${name}.mjs`, import.meta.url).href)) as T;

export interface Asked {
  kind: string;
  question: string;
  row: string;
  of?: number[];
  answers?: string[];
  all?: boolean;
}
export interface Update {
  text: string;
  replaces: number;
  question: string;
  old: string[];
  new: string[];
}
export interface Brain {
  name: string;
  file: string;
  memories: { id: string; text: string; part: string }[];
  asked: Asked[];
  updates: Update[];
}
