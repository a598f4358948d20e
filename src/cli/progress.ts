// Progress on stderr: one live line in a terminal, a few plain lines otherwise, nothing with --quiet. Not here: what is in
// progress.
import { columnsOf, fit, printable, type Output } from './io.js';

export interface Progress {
  /** Shows where something stands. `share` is from 0 to 1, if known. */
  show(label: string, detail?: string, share?: number): void;
  /** Takes the live line away, so that something else can be printed. */
  clear(): void;
}

/** Milliseconds between two drawings of the live line. */
const REDRAW_MS = 80;
/** Milliseconds between two plain lines of the same label, unless a quarter was passed. */
const PLAIN_MS = 10_000;
const BAR = 20;

export function newProgress(stream: Output, quiet: boolean): Progress {
  if (quiet) return { show: () => undefined, clear: () => undefined };
  return stream.isTTY === true ? new LiveLine(stream) : new PlainLines(stream);
}

class LiveLine implements Progress {
  readonly #stream: Output;
  #label = '';
  #isDrawn = false;
  #drawnAt = 0;

  constructor(stream: Output) {
    this.#stream = stream;
  }

  show(label: string, detail = '', share?: number): void {
    const now = Date.now();
    const isNew = label !== this.#label;
    if (!isNew && share !== 1 && now - this.#drawnAt < REDRAW_MS) return;
    this.#label = label;
    this.#drawnAt = now;
    const bar = share === undefined ? '' : `${drawBar(share)} ${percent(share)}`;
    const line = [label, bar, detail].filter((part) => part !== '').join('  ');
    this.#stream.write(`\r\u001b[2K${fit(printable(line), columnsOf(this.#stream) - 1)}`);
    this.#isDrawn = true;
  }

  clear(): void {
    if (this.#isDrawn) this.#stream.write('\r\u001b[2K');
    this.#isDrawn = false;
    this.#label = '';
  }
}

class PlainLines implements Progress {
  readonly #stream: Output;
  #label = '';
  #quarter = 0;
  #printedAt = 0;

  constructor(stream: Output) {
    this.#stream = stream;
  }

  show(label: string, detail = '', share?: number): void {
    const now = Date.now();
    const isNew = label !== this.#label;
    const quarter = Math.floor((share ?? 0) * 4);
    const isDue = (share !== undefined && quarter > this.#quarter) || now - this.#printedAt >= PLAIN_MS;
    if (!isNew && !isDue) return;
    this.#label = label;
    this.#quarter = quarter;
    this.#printedAt = now;
    const parts = [label, share === undefined || (isNew && share === 0) ? '' : percent(share), detail];
    this.#stream.write(`${printable(parts.filter((part) => part !== '').join('  '))}\n`);
  }

  clear(): void {
    this.#label = '';
    this.#quarter = 0;
  }
}

function drawBar(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * BAR);
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`;
}

function percent(share: number): string {
  return `${String(Math.round(Math.min(1, Math.max(0, share)) * 100))}%`;
}
