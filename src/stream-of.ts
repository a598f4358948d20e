// From a function that hands over pieces as they come to an async iterator over them. Not here: what the pieces are.

/**
 * Runs `produce` and yields what it hands over, then returns what it returns. When the reader leaves, or `signal` aborts,
 * the signal that `produce` is given aborts too, and it is waited for.
 */
export async function* streamOf<T, R>(
  produce: (send: (piece: T) => void, signal: AbortSignal) => Promise<R>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, R, undefined> {
  const leaving = new AbortController();
  const pieces: T[] = [];
  let wake = (): void => undefined;
  let isDone = false;
  const abort = signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal]);
  const send = (piece: T): void => {
    pieces.push(piece);
    wake();
  };
  const running = produce(send, abort).finally(() => {
    isDone = true;
    wake();
  });
  running.catch(() => undefined); // it is awaited below, or nobody reads any more
  try {
    for (;;) {
      while (pieces.length > 0) yield pieces.shift()!;
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- set by what runs meanwhile
      if (isDone) return await running;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    leaving.abort();
    await running.catch(() => undefined);
  }
}
