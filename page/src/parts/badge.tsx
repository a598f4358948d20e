// Where an answer came from, as a badge that opens what it rests on. Not here: why (views/chat/why.tsx).
import { useState } from 'preact/hooks';
import type { VNode } from 'preact';
import type { Grounds, MemoryRef, PassageRef } from '../api.js';
import { number, percent } from '../format.js';
import { linkTo } from '../routes.js';
import { t, type StringKey } from '../strings/index.js';
import { visible } from '../text/visible.js';
import { Dialog } from './dialog.js';

/** Of a source that a newer server may know: unknown. */
const NAMES: Readonly<Record<string, StringKey>> = {
  weights: 'source.weights',
  retrieval: 'source.retrieval',
  context: 'source.context',
  base: 'source.base',
  unknown: 'source.unknown',
};

export function SourceBadge({ grounds }: { grounds: Grounds }): VNode {
  const [isOpen, setOpen] = useState(false);
  const { source } = grounds;
  const name = t(NAMES[source] ?? 'source.unknown');
  return (
    <>
      <button
        type="button"
        class={`badge ${source}`}
        aria-haspopup="dialog"
        onClick={() => {
          setOpen(true);
        }}
      >
        {name}
      </button>
      {isOpen && (
        <Dialog
          title={name}
          onClose={() => {
            setOpen(false);
          }}
        >
          <GroundsList grounds={grounds} />
        </Dialog>
      )}
    </>
  );
}

export function GroundsList({ grounds }: { grounds: Grounds }): VNode {
  const { source, memories, unsure = [], damaged, passages, confidence } = grounds;
  return (
    <div class="stack">
      <p class="quiet">{t(`${NAMES[source] ?? 'source.unknown'}.is` as StringKey)}</p>
      {confidence !== undefined && <p>{t('source.confidence', { share: percent(confidence) })}</p>}
      <MemoryRefs title={t('source.memories')} memories={memories} />
      <MemoryRefs title={t('source.unsure')} memories={unsure} />
      {damaged !== undefined && <MemoryRefs title={t('source.damaged')} memories={[damaged]} />}
      {passages.length > 0 && (
        <section>
          <h3>{t('source.passages')}</h3>
          <ol>
            {passages.map((passage) => (
              <PassageLine passage={passage} />
            ))}
          </ol>
        </section>
      )}
    </div>
  );
}

function MemoryRefs({ title, memories }: { title: string; memories: readonly MemoryRef[] }): VNode | null {
  if (memories.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ul class="plainlist">
        {memories.map(({ id, text, score }) => (
          <li>
            <a href={linkTo('memories', id)}>{id}</a> <span class="quiet">{number(score, 2)}</span>
            <p dir="auto">{visible(text)}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function PassageLine({ passage }: { passage: PassageRef }): VNode {
  const { place, page, score, document } = passage;
  return (
    <li>
      <span dir="auto">{visible(place || document)}</span>
      {page !== undefined && <span class="quiet"> {t('source.page', { page })}</span>}
      {score !== undefined && <span class="quiet"> {number(score, 2)}</span>}
    </li>
  );
}
