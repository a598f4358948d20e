// The least first: what happens next in a simulation, or which job is the oldest. Keys are numbers.

export class Heap {
  #keys = [];
  #values = [];

  get size() {
    return this.#keys.length;
  }

  /** Infinity where there is none. */
  get least() {
    return this.#keys[0] ?? Infinity;
  }

  push(key, value) {
    let at = this.#keys.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (this.#keys[above] <= key) break;
      this.#put(at, this.#keys[above], this.#values[above]);
      at = above;
    }
    this.#put(at, key, value);
  }

  /** The value with the least key. */
  pop() {
    const value = this.#values[0];
    const [key, last] = [this.#keys.pop(), this.#values.pop()];
    const size = this.#keys.length;
    if (size === 0) return value;
    let at = 0;
    for (let below = 1; below < size; below = 2 * at + 1) {
      if (below + 1 < size && this.#keys[below + 1] < this.#keys[below]) below++;
      if (this.#keys[below] >= key) break;
      this.#put(at, this.#keys[below], this.#values[below]);
      at = below;
    }
    this.#put(at, key, last);
    return value;
  }

  #put(at, key, value) {
    this.#keys[at] = key;
    this.#values[at] = value;
  }
}
