// One index that is measured: a child process that builds it and then answers queries.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child, throwIfInterrupted } from '../child.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

export class IndexSubject {
  /** The ef of the next turn. */
  ef;
  /** Of each turn the processor's time of a query, which does not count what others took. */
  cpuMs = [];
  #child;
  #limitMs;

  constructor(name, about, child, limitMs) {
    this.name = name;
    Object.assign(this, about);
    this.#child = child;
    this.#limitMs = limitMs;
  }

  /**
   * Builds an index. Throws why that did not work.
   * @param {{ name: string, method: string, library?: string, python?: string, efs: number[] }} peer
   * @param {{ base: string, queries: string, count: number, queryCount: number, dimensions: number, connections: number,
   *   efConstruction: number }} task
   */
  static async start({ name, method, library, python, efs }, task, limitMs) {
    const folder = mkdtempSync(join(tmpdir(), 'engram-bench-'));
    const child =
      python === undefined
        ? new Child(process.execPath, [here('child.mjs')])
        : new Child(python, [here('index_child.py')]);
    try {
      const built = await child.ask({ ...task, method, library, folder }, limitMs);
      return new IndexSubject(name, { ...built, efs }, child, limitMs);
    } catch (error) {
      child.kill();
      throwIfInterrupted();
      throw error;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** The labels of the ten nearest to each query. */
  async labels(ef) {
    return (await this.#child.ask({ ef, all: true }, this.#limitMs)).labels;
  }

  /** Queries for so many seconds; ms of one. */
  async turn(seconds) {
    const { ms, cpuMs } = await this.#child.ask({ ef: this.ef, seconds }, this.#limitMs);
    this.cpuMs.push(cpuMs);
    return ms;
  }

  end() {
    return this.#child.end();
  }
}
