// The best k of many scores, and vectors of length 1, of which the inner product is the cosine. Not here: where vectors lie.

/** The best `k` of what is offered: a heap with the worst on top. Of equal scores the lower label is the better one. */
export class Best {
  readonly #scores: Float64Array;
  readonly #labels: Uint32Array;
  #count = 0;

  constructor(readonly k: number) {
    this.#scores = new Float64Array(k);
    this.#labels = new Uint32Array(k);
  }

  get count(): number {
    return this.#count;
  }

  /** What is below this is not among the best. */
  get bar(): number {
    return this.#count < this.k ? -Infinity : this.#scores[0]!;
  }

  offer(score: number, label: number): void {
    if (this.#count < this.k) {
      this.#rise(this.#count++, score, label);
    } else if (this.k > 0 && isWorse(this.#scores[0]!, this.#labels[0]!, score, label)) {
      this.#sink(this.#count, score, label);
    }
  }

  /** Takes them out, best first. */
  take(): { labels: Uint32Array; scores: Float32Array } {
    const labels = new Uint32Array(this.#count);
    const scores = new Float32Array(this.#count);
    while (this.#count > 0) {
      const last = --this.#count;
      labels[last] = this.#labels[0]!;
      scores[last] = this.#scores[0]!;
      if (last > 0) this.#sink(last, this.#scores[last]!, this.#labels[last]!);
    }
    return { labels, scores };
  }

  #rise(at: number, score: number, label: number): void {
    const scores = this.#scores;
    const labels = this.#labels;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isWorse(score, label, scores[parent]!, labels[parent]!)) break;
      scores[at] = scores[parent]!;
      labels[at] = labels[parent]!;
      at = parent;
    }
    scores[at] = score;
    labels[at] = label;
  }

  /** From the top, among the first `count`. */
  #sink(count: number, score: number, label: number): void {
    const scores = this.#scores;
    const labels = this.#labels;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && isWorse(scores[child + 1]!, labels[child + 1]!, scores[child]!, labels[child]!)) child++;
      if (!isWorse(scores[child]!, labels[child]!, score, label)) break;
      scores[at] = scores[child]!;
      labels[at] = labels[child]!;
      at = child;
    }
    scores[at] = score;
    labels[at] = label;
  }
}

function isWorse(score: number, label: number, thanScore: number, thanLabel: number): boolean {
  return score < thanScore || (score === thanScore && label > thanLabel);
}

/** A copy of the vector at `at` of length 1, or undefined if it has none: zero, or a value that is no finite number. */
export function unitVector(vectors: Float32Array, at: number, size: number): Float32Array | undefined {
  let squares = 0;
  for (let i = at; i < at + size; i++) squares += vectors[i]! * vectors[i]!;
  const scale = 1 / Math.sqrt(squares);
  if (!(squares > 0) || !Number.isFinite(squares) || !Number.isFinite(scale)) return undefined;
  const unit = vectors.slice(at, at + size);
  // A vector whose length is 1 but for rounding is left as it is: it then has the same score as before it was stored.
  if (Math.abs(squares - 1) > 1e-6) for (let i = 0; i < size; i++) unit[i]! *= scale;
  return unit;
}
