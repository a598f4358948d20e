// What the server tells of changes, to whoever listens; connected again when the connection breaks. Not here: what is loaded then.

import { ApiError } from './api-error.js';

export type Listener = (type: string, event: Readonly<Record<string, unknown>>) => void;
export type Connection = 'connecting' | 'open' | 'lost';

const listeners = new Set<Listener>();

/** Also gets `reconnected`: what was missed is not known, so all is to be loaded again; and `connection`. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function tell(type: string, event: Readonly<Record<string, unknown>> = {}): void {
  for (const listener of [...listeners]) listener(type, event);
}

/** The waits between attempts, in ms: soon at first, then rarely. */
const WAITS = [500, 1000, 2000, 5000, 10_000];

/** Follows the server's events until `signal` is aborted. `open` yields them and throws or ends when the connection breaks. */
export async function followEvents(
  open: (signal: AbortSignal) => AsyncIterable<Readonly<Record<string, unknown>>>,
  signal: AbortSignal,
  onConnection: (state: Connection) => void,
  waits: readonly number[] = WAITS,
): Promise<void> {
  let failures = 0;
  let wasOpen = false;
  const isOver = (): boolean => signal.aborted; // as it is by then
  while (!signal.aborted) {
    try {
      for await (const event of open(signal)) {
        if (failures > 0 && wasOpen) tell('reconnected');
        failures = 0;
        wasOpen = true;
        onConnection('open');
        if (typeof event['type'] === 'string') tell(event['type'], event);
      }
    } catch (error) {
      // A key that may only chat is told of nothing: the page works without.
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) return;
    }
    if (isOver()) return;
    onConnection('lost');
    await pause(waits[Math.min(failures, waits.length - 1)]!, signal);
    failures++;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
