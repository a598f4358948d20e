// One who is measured: a child process that takes training steps, how long they took, and why there are no more of them.
import { Child, throwIfInterrupted } from './child.mjs';
import { median } from './statistics.mjs';

/** Steps nobody times: the first ones allocate, fault pages in and warm the processor. */
const WARM_UP = { steps: 1, seconds: 0.3 };

export class Subject {
  /** Why it takes no more steps; undefined while it does. */
  why;
  /** Loss of the first step, when the adapter changes nothing yet. */
  firstLoss;
  /** Floating-point operations of a step, if it counts them. */
  flop;
  /** The most memory it held, up to the last answer; undefined where the system does not tell. */
  peakRssMb;
  /** What the child said of itself when it was ready. */
  about;
  #child;
  #limitMs;

  constructor(name, child, about, limitMs) {
    this.name = name;
    this.about = about;
    this.#child = child;
    this.#limitMs = limitMs;
  }

  /** Starts a program, gives it its first message and lets it warm up. Throws if it fails or if that takes more than
   * `limitMs` for loading or for a turn. */
  static async start(name, command, args, message, limitMs) {
    const child = new Child(command, args);
    try {
      const about = await child.ask(message, Math.max(limitMs, 60_000));
      const subject = new Subject(name, child, about, limitMs);
      subject.firstLoss = (await child.ask({ steps: 1, seconds: 0 }, limitMs)).loss;
      await child.ask(WARM_UP, limitMs);
      subject.peakRssMb = child.peakRssMb();
      return subject;
    } catch (error) {
      child.kill();
      throwIfInterrupted();
      throw error;
    }
  }

  /** Steps for about so many seconds, at least one; their median in ms, or undefined once it cannot. */
  async turn(seconds) {
    if (this.why !== undefined) return undefined;
    try {
      const { ms, flop } = await this.#child.ask({ steps: 1, seconds }, this.#limitMs);
      this.flop = flop;
      this.peakRssMb = this.#child.peakRssMb();
      return median(ms);
    } catch (error) {
      throwIfInterrupted();
      this.why = error.message;
      return undefined;
    }
  }

  end() {
    return this.#child.end();
  }
}
