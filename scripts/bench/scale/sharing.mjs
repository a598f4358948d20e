// Work that shares one machine: as many as are at it, each gets an equal part. By virtual time: what one alone would have done by now.
import { Heap } from './heap.mjs';

export class Sharing {
  #ends = new Heap();
  #virtual = 0;
  #now = 0;

  /** When the next is done, if nothing else comes. */
  get least() {
    const { size } = this.#ends;
    return size === 0 ? Infinity : this.#now + (this.#ends.least - this.#virtual) * size;
  }

  /** `seconds`: that it would take alone. */
  push(now, seconds, value) {
    this.#advance(now);
    this.#ends.push(this.#virtual + seconds, value);
  }

  /** What is done at `least`. */
  pop() {
    this.#advance(this.least);
    return this.#ends.pop();
  }

  #advance(now) {
    if (this.#ends.size > 0) this.#virtual += (now - this.#now) / this.#ends.size;
    this.#now = now;
  }
}
