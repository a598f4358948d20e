// Documents of a brain: drop files and folders, see what became of each, search them. Not here: answers from them (chat).
import { useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { documents, removeDocument, search, type DocumentInfo, type Passage } from '../api.js';
import { bytes, number } from '../format.js';
import { Confirm } from '../parts/dialog.js';
import { Drop } from '../parts/drop.js';
import { Empty, Fault, Loaded, Loading } from '../parts/states.js';
import { brainStore } from '../state.js';
import { useAction, useResource, useStore } from '../store.js';
import { t } from '../strings/index.js';
import { Highlighted } from '../text/highlight.js';
import { visible } from '../text/visible.js';
import { upload, Uploads } from './uploads.js';

export function DocumentsView(): VNode {
  const brain = useStore(brainStore);
  const list = useResource(
    (signal) => documents(brain, signal),
    [brain],
    (type) => /^(document|ingest|brain)/.test(type),
  );
  return (
    <div class="split">
      <section class="stack">
        <h1>{t('documents.title')}</h1>
        <p class="quiet">{t('documents.about')}</p>
        <Drop label={t('documents.drop')} several onFiles={(files) => void upload(brain, files)} />
        <Uploads />
        <Loaded of={list}>{(all) => <List brain={brain} all={all} onChange={list.reload} />}</Loaded>
      </section>
      <section class="stack">
        <Search brain={brain} />
      </section>
    </div>
  );
}

function List({ brain, all, onChange }: { brain: string; all: readonly DocumentInfo[]; onChange: () => void }): VNode {
  const [gone, setGone] = useState<DocumentInfo>();
  const remove = useAction(async (_signal, id: string) => {
    await removeDocument(brain, id);
    onChange();
  });
  if (all.length === 0) return <Empty>{t('documents.none')}</Empty>;
  return (
    <>
      <Fault error={remove.error} />
      <ul class="cards">
        {all.map((document) => (
          <li key={document.id} class="card row">
            <span class="grow">
              <span dir="auto">{visible(document.title)}</span>
              <br />
              <span class="quiet">
                {bytes(document.bytes)} ·{' '}
                {document.skipped === undefined
                  ? t('documents.passages', { count: document.passages })
                  : t('documents.skipped', { why: document.skipped })}
              </span>
            </span>
            <button
              type="button"
              class="small"
              disabled={remove.isRunning}
              onClick={() => {
                setGone(document);
              }}
            >
              {t('documents.remove')}
            </button>
          </li>
        ))}
      </ul>
      {gone !== undefined && (
        <Confirm
          title={t('documents.removeTitle')}
          text={visible(gone.title)}
          action={t('documents.remove')}
          onConfirm={() => {
            remove.run(gone.id);
          }}
          onClose={() => {
            setGone(undefined);
          }}
        />
      )}
    </>
  );
}

function Search({ brain }: { brain: string }): VNode {
  const [query, setQuery] = useState('');
  const [found, setFound] = useState<{ query: string; passages: Passage[] }>();
  const searching = useAction(async (signal, asked: string) => {
    setFound({ query: asked, passages: await search(brain, asked, signal) });
  });
  return (
    <>
      <h2>{t('documents.searchTitle')}</h2>
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (query.trim() !== '') searching.run(query.trim());
        }}
      >
        <input
          type="search"
          dir="auto"
          aria-label={t('documents.search')}
          placeholder={t('documents.search')}
          value={query}
          onInput={(event) => {
            setQuery(event.currentTarget.value);
          }}
        />
        <button type="submit" disabled={query.trim() === '' || searching.isRunning}>
          {t('documents.searchDo')}
        </button>
      </form>
      <Fault error={searching.error} />
      {searching.isRunning && <Loading />}
      {found?.passages.length === 0 && <Empty>{t('documents.noMatch')}</Empty>}
      <ol class="cards">
        {found?.passages.map((passage) => (
          <li class="card">
            <p class="quiet">
              <span dir="auto">{visible(passage.place)}</span>
              {' · '}
              {t('documents.score', { score: number(passage.score, 2) })}
            </p>
            <p class="plain">
              <Highlighted text={passage.text} query={found.query} />
            </p>
          </li>
        ))}
      </ol>
    </>
  );
}
