// Files on their way into the documents of a brain, wherever the reader goes meanwhile: which are read, and which were left out and
// why. The server tells when the documents have changed.
import type { VNode } from 'preact';
import { followJob, uploadDocument, type IngestResult } from '../api.js';
import { Progress, told } from '../parts/states.js';
import { createStore, useStore } from '../store.js';
import { t } from '../strings/index.js';
import { visible } from '../text/visible.js';

interface Upload {
  id: number;
  name: string;
  state: 'waiting' | 'sending' | 'reading' | 'done' | 'failed' | 'skipped';
  why?: string;
}

const uploadsStore = createStore<readonly Upload[]>([]);
let lastId = 0;

/** One after the other: the server reads them one after the other too. */
export async function upload(brain: string, files: readonly File[]): Promise<void> {
  const waiting = files.map((file) => ({
    file,
    entry: { id: ++lastId, name: nameOf(file), state: 'waiting' as const },
  }));
  uploadsStore.set([...uploadsStore.get(), ...waiting.map(({ entry }) => entry)]);
  for (const { file, entry } of waiting) {
    const change = (part: Partial<Upload>): void => {
      uploadsStore.set(uploadsStore.get().map((one) => (one.id === entry.id ? { ...one, ...part } : one)));
    };
    try {
      change({ state: 'sending' });
      const job = await uploadDocument(brain, file);
      change({ state: 'reading' });
      const { skipped } = await followJob<IngestResult>(job.id, () => undefined);
      const why = skipped[0]?.reason;
      change(why === undefined ? { state: 'done' } : { state: 'skipped', why });
    } catch (error) {
      change({ state: 'failed', why: told(error).message });
    }
  }
}

function nameOf(file: File): string {
  return file.webkitRelativePath === '' ? file.name : file.webkitRelativePath;
}

export function Uploads(): VNode | null {
  const uploads = useStore(uploadsStore);
  if (uploads.length === 0) return null;
  const over = uploads.filter(({ state }) => state !== 'waiting' && state !== 'sending' && state !== 'reading');
  const faults = over.filter(({ state }) => state !== 'done');
  const current = uploads.find(({ state }) => state === 'sending' || state === 'reading');
  return (
    <section class="stack" aria-label={t('documents.uploads')}>
      <Progress
        label={current === undefined ? t('documents.read') : visible(current.name)}
        done={over.length}
        of={uploads.length}
      />
      {faults.length > 0 && (
        <ul class="plainlist">
          {faults.slice(0, 50).map(({ id, name, state, why }) => (
            <li key={id}>
              <span dir="auto">{visible(name)}</span>{' '}
              <span class="state damaged">{t(`upload.${state as 'failed' | 'skipped'}`)}</span>{' '}
              <span class="quiet">{visible(why ?? '')}</span>
            </li>
          ))}
        </ul>
      )}
      {over.length === uploads.length && (
        <button
          type="button"
          class="small"
          onClick={() => {
            uploadsStore.set([]);
          }}
        >
          {t('documents.clear')}
        </button>
      )}
    </section>
  );
}
