// What the machine can do at most, measured beside the steps, and the share of it that a step reaches.
import { measurePeak } from '../../dist/training/index.js';
import { significant } from './statistics.mjs';

/** The peak that a precision is compared with: that of the instructions it multiplies with, if the machine has them. */
const INSTRUCTIONS = { f32: 'f32', f16: 'f32', bf16: 'bf16', int8: 'int8' };

export class PeakMeter {
  /** GFLOP/s of all threads by kind of number; the highest so far, so that no share is flattered by a slow moment. */
  best = {};
  #threads;

  constructor(threads) {
    this.#threads = threads;
  }

  async measure() {
    const now = await measurePeak({ threads: this.#threads, ms: 600 });
    for (const [kind, gflops] of Object.entries(now)) {
      this.best[kind] = Math.round(Math.max(this.best[kind] ?? 0, gflops));
    }
  }

  /** A row with its `gflop` (of one step) turned into shares of the peak. */
  addShares({ gflop, ...row }) {
    const instructions = INSTRUCTIONS[row.precision];
    const peak = this.best[instructions] === undefined ? 'f32' : instructions;
    const share = (ms) => {
      return ms === undefined || gflop === undefined ? undefined : significant(gflop / (ms / 1000) / this.best[peak]);
    };
    return {
      ...row,
      gflop: significant(gflop),
      peak,
      shareOfPeak: share(row.engramMs),
      peftShareOfPeak: share(row.peftMs),
    };
  }
}
