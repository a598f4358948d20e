// Why an answer was given: how much likelier each memory, passage or adapter made it, as bars and in words.
import type { VNode } from 'preact';
import { explain, type Explanation } from '../../api.js';
import { number } from '../../format.js';
import { Loaded } from '../../parts/states.js';
import { useResource } from '../../store.js';
import { t } from '../../strings/index.js';
import { visible } from '../../text/visible.js';

export function Why({ brain, question, answer }: { brain: string; question: string; answer: string }): VNode {
  const explanation = useResource((signal) => explain(brain, question, answer, signal), [brain, question, answer]);
  return <Loaded of={explanation}>{(value) => <Bars explanation={value} />}</Loaded>;
}

function Bars({ explanation: { influences, base, tokens } }: { explanation: Explanation }): VNode {
  const most = Math.max(1e-9, ...influences.map(({ change }) => Math.abs(change)));
  return (
    <div class="stack">
      {influences.length === 0 ? (
        <p>{t('why.nothing')}</p>
      ) : (
        <ul class="plainlist">
          {influences.map((influence) => (
            <li>
              <span dir="auto">{visible(nameOf(influence))}</span>
              <meter min={0} max={most} value={Math.max(0, influence.change)} aria-label={t('why.change')} />
              <span class="quiet">
                {t(influence.change >= 0 ? 'why.likelier' : 'why.lessLikely', {
                  factor: factor(Math.abs(influence.change)),
                })}
              </span>
            </li>
          ))}
        </ul>
      )}
      <p class="quiet">{t('why.scale', { count: tokens })}</p>
      <h3>{t('why.base')}</h3>
      <p dir="auto">{visible(base.answer)}</p>
    </div>
  );
}

function nameOf(influence: Explanation['influences'][number]): string {
  switch (influence.kind) {
    case 'memory':
      return influence.text;
    case 'adapter':
      return influence.name;
    case 'passage':
      return influence.passage.place;
  }
}

/** Nats as a factor that people read. */
function factor(nats: number): string {
  const times = Math.exp(nats);
  if (times >= 1000) return `10^${number(nats / Math.LN10, 0)}`;
  return number(times, times < 10 ? 1 : 0);
}
