// A text to be copied with one press, and said whether it was.
import { useEffect, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { t } from '../strings/index.js';

export function Copy({ text }: { text: string }): VNode {
  const [state, setState] = useState<'idle' | 'done' | 'failed'>('idle');
  useEffect(() => {
    if (state === 'idle') return;
    const timer = setTimeout(() => {
      setState('idle');
    }, 2000);
    return () => {
      clearTimeout(timer);
    };
  }, [state]);
  const copy = (): void => {
    // Without TLS on another name than localhost there is no clipboard.
    const { clipboard } = navigator as { clipboard?: Clipboard };
    const written = clipboard?.writeText(text) ?? Promise.reject(new Error('There is no clipboard.'));
    written.then(
      () => {
        setState('done');
      },
      () => {
        setState('failed');
      },
    );
  };
  return (
    <button type="button" class="small" onClick={copy}>
      <span aria-live="polite">{t(state === 'idle' ? 'copy.do' : state === 'done' ? 'copy.done' : 'copy.failed')}</span>
    </button>
  );
}
