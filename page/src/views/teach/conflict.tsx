// Memories that no longer hold beside what was just learned: the person chooses which stays.
import type { VNode } from 'preact';
import { forget, type Contradiction } from '../../api.js';
import { percent } from '../../format.js';
import { Fault } from '../../parts/states.js';
import { useAction } from '../../store.js';
import { t } from '../../strings/index.js';
import { visible } from '../../text/visible.js';

interface Props {
  brain: string;
  learned: string;
  contradicts: readonly Contradiction[];
  /** With the ids that were forgotten. */
  onSettled: (gone: readonly string[]) => void;
}

export function Conflict({ brain, learned, contradicts, onSettled }: Props): VNode {
  const replace = useAction(async () => {
    for (const { id } of contradicts) await forget(brain, id);
    onSettled(contradicts.map(({ id }) => id));
  });
  return (
    <section class="conflict stack" aria-label={t('conflict.title')}>
      <h3>{t('conflict.title')}</h3>
      <div class="pair">
        <div class="card">
          <h4>{t('conflict.old')}</h4>
          {contradicts.map(({ text, score }) => (
            <p dir="auto">
              {visible(text)} <span class="quiet">{t('conflict.sure', { share: percent(score) })}</span>
            </p>
          ))}
        </div>
        <div class="card">
          <h4>{t('conflict.new')}</h4>
          <p dir="auto">{visible(learned)}</p>
        </div>
      </div>
      <div class="row">
        <button
          type="button"
          disabled={replace.isRunning}
          onClick={() => {
            replace.run();
          }}
        >
          {t('conflict.replace')}
        </button>
        <button
          type="button"
          disabled={replace.isRunning}
          onClick={() => {
            onSettled([]);
          }}
        >
          {t('conflict.keep')}
        </button>
      </div>
      <Fault error={replace.error} />
    </section>
  );
}
