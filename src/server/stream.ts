// Answers that come in pieces: server-sent events or lines of JSON, with signs of life while nothing comes, and an end for readers
// that are too slow. Not here: which events there are (the dialects).
import { envelope, toHttpError } from './errors.js';
import type { Exchange } from './exchange.js';
import { LIMITS } from './limits.js';

export class EventStream {
  readonly #exchange: Exchange;
  readonly #kind: 'sse' | 'lines';
  #heartbeat: NodeJS.Timeout | undefined;
  #slow: NodeJS.Timeout | undefined;
  /** Told with each sign of life. */
  #life = 'still here';

  constructor(exchange: Exchange, kind: 'sse' | 'lines' = 'sse', everyMs: number = LIMITS.heartbeatMs) {
    this.#exchange = exchange;
    this.#kind = kind;
    const { response } = exchange;
    response.once('close', () => {
      this.#stop();
    });
    if (kind === 'sse') {
      this.#heartbeat = setInterval(() => {
        this.comment(this.#life);
      }, everyMs);
    }
  }

  get hasBegun(): boolean {
    return this.#exchange.response.headersSent;
  }

  /** That it waits at this place in line; undefined: no more. */
  waits(place: number | undefined): void {
    this.#life = place === undefined ? 'still here' : `place ${place}`;
    if (place !== undefined && this.hasBegun) this.comment(this.#life);
  }

  /** Sends the headers: from here on a fault can only be told in the stream. */
  begin(): void {
    const { response } = this.#exchange;
    if (response.headersSent) return;
    response.writeHead(200, {
      'content-type': this.#kind === 'sse' ? 'text/event-stream; charset=utf-8' : 'application/x-ndjson',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
  }

  send(value: unknown, event?: string): void {
    const text = JSON.stringify(value);
    if (this.#kind === 'lines') this.#write(`${text}\n`);
    else this.#write(`${event === undefined ? '' : `event: ${event}\n`}data: ${text}\n\n`);
  }

  /** What clients pass over; nothing among lines. */
  comment(text: string): void {
    if (this.#kind === 'sse') this.#write(`: ${text}\n\n`);
  }

  /** `last` as it is, such as [DONE]. */
  end(last?: string): void {
    this.#stop();
    if (last !== undefined) this.#write(`data: ${last}\n\n`);
    this.#exchange.response.end();
  }

  /** Tells a fault in the stream, and ends it without its usual end. */
  fail(error: unknown, shape: (body: object) => { value: unknown; event?: string } = (value) => ({ value })): void {
    this.#stop();
    const { response, dialect, id } = this.#exchange;
    const fault = toHttpError(error);
    if (response.destroyed) return;
    const { value, event } = shape(envelope(fault, dialect, id).body);
    this.send(value, event);
    response.end();
  }

  #write(text: string): void {
    const { response } = this.#exchange;
    if (response.destroyed || response.writableEnded) return;
    this.begin();
    response.write(text);
    if (response.writableLength > 4 * LIMITS.unreadBytes) response.destroy();
    else if (response.writableLength > LIMITS.unreadBytes) this.#awaitReader();
  }

  /** Who does not read for so long has gone. */
  #awaitReader(): void {
    const { response } = this.#exchange;
    this.#slow ??= setTimeout(() => response.destroy(), LIMITS.unreadMs);
    response.once('drain', () => {
      clearTimeout(this.#slow);
      this.#slow = undefined;
    });
  }

  #stop(): void {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#slow);
  }
}
