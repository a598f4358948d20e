// What a run has measured so far, one line of JSON a piece, so that a run that is cut off goes on where it was. Without a file
// it is kept in memory only. Not here: what is measured.
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { SetUpProblem } from '../../set-up/problem.mjs';

export class Journal {
  #path;
  #known = new Map();

  /** @param {string | undefined} path @param {object} identity what must be the same for figures to belong together */
  constructor(path, identity) {
    this.#path = path;
    if (path === undefined) return;
    if (!existsSync(path)) return this.#append({ identity });
    const { lines, bytes } = wholeLines(path);
    const [head, ...pieces] = lines;
    const differing = Object.keys({ ...identity, ...head?.identity }).filter(
      (key) => JSON.stringify(head?.identity?.[key]) !== JSON.stringify(identity[key]),
    );
    if (head?.identity === undefined || differing.length > 0) {
      const why =
        head?.identity === undefined ? 'is no file of results' : `is of another run (${differing.join(', ')})`;
      throw new SetUpProblem(`${path} ${why}: name another file for --resume.`);
    }
    truncateSync(path, bytes);
    for (const { key, value } of pieces) this.#known.set(key, value);
  }

  has(key) {
    return this.#known.has(key);
  }

  get(key) {
    return this.#known.get(key);
  }

  /** The value of a key: as it was measured before, or measured now. */
  async once(key, measure) {
    if (this.#known.has(key)) return this.#known.get(key);
    const value = await measure();
    this.#known.set(key, value);
    this.#append({ key, value });
    return value;
  }

  #append(line) {
    if (this.#path !== undefined) appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
  }
}

/** The lines that were written whole, and how many bytes they are: a killed process may leave part of another. */
function wholeLines(path) {
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes.subarray(0, end).toString().split('\n').slice(0, -1);
  try {
    return { lines: lines.map((line) => JSON.parse(line)), bytes: end };
  } catch {
    return { lines: [], bytes: end };
  }
}
