// A value that components follow, and what a component loads from the server. Not here: which values there are (state.ts).
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { listen } from './live.js';

export interface Store<T> {
  get: () => T;
  set: (value: T) => void;
  subscribe: (listener: () => void) => () => void;
}

export function createStore<T>(value: T): Store<T> {
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useStore<T>(store: Store<T>): T {
  const [value, setValue] = useState(store.get());
  useEffect(() => {
    const follow = (): void => {
      setValue(() => store.get());
    };
    follow(); // it may have changed before this ran
    return store.subscribe(follow);
  }, [store]);
  return value;
}

export interface Resource<T> {
  /** Undefined until it has been loaded once; kept while it is loaded anew. */
  value: T | undefined;
  error: unknown;
  isLoading: boolean;
  reload: () => void;
}

/** Loads when `keys` change and when the server tells of a change that `isAbout` it; of two loads the later one counts. */
export function useResource<T>(
  load: (signal: AbortSignal) => Promise<T>,
  keys: readonly unknown[],
  isAbout: (type: string) => boolean = () => false,
): Resource<T> {
  const [state, setState] = useState<Omit<Resource<T>, 'reload'>>({
    value: undefined,
    error: undefined,
    isLoading: true,
  });
  const running = useRef<AbortController | undefined>(undefined);
  const latest = useRef(load);
  latest.current = load;
  const reload = useCallback(() => {
    running.current?.abort();
    const control = new AbortController();
    running.current = control;
    setState((old) => ({ ...old, isLoading: true }));
    latest.current(control.signal).then(
      (value) => {
        if (!control.signal.aborted) setState({ value, error: undefined, isLoading: false });
      },
      (error: unknown) => {
        if (!control.signal.aborted) setState((old) => ({ ...old, error, isLoading: false }));
      },
    );
  }, []);
  useEffect(() => {
    setState({ value: undefined, error: undefined, isLoading: true });
    reload();
    return () => running.current?.abort();
  }, [...keys]);
  useEffect(() => {
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const stop = listen((type) => {
      if (type !== 'reconnected' && !isAbout(type)) return;
      // Several changes in a row are one load.
      clearTimeout(waiting);
      waiting = setTimeout(reload, 150);
    });
    return () => {
      clearTimeout(waiting);
      stop();
    };
  }, []);
  return { ...state, reload };
}

/** An action that a person started: runs once at a time, ends when its component goes, and keeps what went wrong. */
export function useAction<A extends unknown[]>(
  act: (signal: AbortSignal, ...args: A) => Promise<void>,
): { run: (...args: A) => void; stop: () => void; isRunning: boolean; error: unknown; clear: () => void } {
  const [isRunning, setRunning] = useState(false);
  const [error, setError] = useState<unknown>();
  const control = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => control.current?.abort(), []);
  return {
    ...{ isRunning, error },
    clear: () => {
      setError(undefined);
    },
    stop: () => control.current?.abort(),
    run: (...args) => {
      if (control.current !== undefined) return;
      const own = new AbortController();
      control.current = own;
      setRunning(true);
      setError(undefined);
      act(own.signal, ...args)
        .catch((fault: unknown) => {
          if (!own.signal.aborted) setError(fault);
        })
        .finally(() => {
          control.current = undefined;
          setRunning(false);
        });
    },
  };
}
