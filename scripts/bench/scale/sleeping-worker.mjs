// A worker whose learning is a sleep of a recorded time and an adapter of random bytes: the store, its leases, commits and replicas are
// the real ones, the model is none. As a program it is a process to be killed; what it does it says on stdout, a line each.
// Not here: engram's worker (src/learn/work.ts), which this is with another learner.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { work } from '../../../dist/learn/work.js';
import { Jobs, openStore } from '../../../dist/store/index.js';

/** What brains of these workers belong to. */
export const NO_MODEL = { name: 'none', sha256: '0'.repeat(64) };

/** What an event of a memory has to hold; about as long as real ones, whose probes quote question and answer. */
export const receiptOf = (id, seconds) => ({
  ...{ id, loss: { before: 4, after: 0.1 }, recall: { before: 0, after: 1 }, paraphrase: { before: 0, after: 1 } },
  ...{ unrelated: { kept: 4, asked: 4 }, seconds, steps: 8, tokens: 600, flop: 1e11, committed: true },
  probes: Array.from({ length: 9 }, (_, i) => {
    const [question, expected] = [`Question ${i} of ${id}, as long as they are?`, 'An answer of a sentence or two.'];
    return { kind: 'recall', question, expected, before: 'I do not know that.', after: expected, held: true };
  }),
});

/** `secondsOf`: how long the next one takes. `say`: hears what is done. */
export function sleepingLearner({ secondsOf, bytes, say = () => undefined }) {
  return (brain, { input }, { signal }) =>
    brain.write('memorizing', async (writer) => {
      const seconds = secondsOf();
      await sleep(seconds * 1000, undefined, { signal });
      say('trained');
      const id = writer.newId(input);
      await writeFile(writer.newAdapterPath(id), randomBytes(bytes));
      const receipt = receiptOf(id, seconds);
      await writer.remember({ id, text: input, receipt });
      say('committed');
      return receipt;
    });
}

/** Works until `signal` aborts, or with `once` until nothing is left. */
export async function sleepingWorker({ address, home, secondsOf, bytes, say, ...options }) {
  const store = await openStore(address);
  const learn = sleepingLearner({ secondsOf, bytes, say });
  try {
    return await work({ store, jobs: new Jobs(store), home, model: NO_MODEL, learn }, options);
  } finally {
    await store.close();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { seconds, ...given } = JSON.parse(process.argv[2]);
  const say = (...words) => process.stdout.write(`${words.join(' ')}\n`);
  await sleepingWorker({
    ...given,
    ...{ say, secondsOf: () => seconds, worker: `${process.pid}` },
    onJob: ({ id, attempt }) => say('taken', id, attempt),
    onEnd: ({ id }, { became }) => say('ended', id, became),
  });
}
