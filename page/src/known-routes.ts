// Which routes the server has, asked once: what it cannot do is not offered. Not here: the routes (api.ts).
import { useEffect } from 'preact/hooks';
import { routes } from './api.js';
import { listen } from './live.js';
import { createStore, useStore } from './store.js';

const known = createStore<ReadonlySet<string>>(new Set());
let asked: Promise<void> | undefined;

export function useRoutes(): ReadonlySet<string> {
  useEffect(() => {
    ask();
  }, []);
  return useStore(known);
}

function ask(): void {
  asked ??= routes().then(
    (found) => {
      known.set(found);
    },
    () => {
      asked = undefined; // asked again by the next who wants to know
    },
  );
}

// Another server may have been started meanwhile.
listen((type) => {
  if (type !== 'reconnected') return;
  asked = undefined;
  ask();
});
