// How far a long run is, and how long the rest will take.

/** For so many pieces of work. */
export class Estimate {
  #started;
  #done = 0;

  constructor(of, now = Date.now) {
    this.of = of;
    this.now = now;
    this.#started = now();
  }

  /** Counts a piece as done. */
  tick() {
    this.#done++;
  }

  toString() {
    const left = this.of - this.#done;
    if (this.#done === 0 || left <= 0) return `${this.#done} of ${this.of}`;
    const ms = ((this.now() - this.#started) / this.#done) * left;
    return `${this.#done} of ${this.of}, about ${duration(ms)} left`;
  }
}

function duration(ms) {
  const minutes = ms / 60_000;
  if (minutes < 1.5) return `${Math.round(ms / 1000)} s`;
  return minutes < 90 ? `${Math.round(minutes)} min` : `${(minutes / 60).toFixed(1)} h`;
}
