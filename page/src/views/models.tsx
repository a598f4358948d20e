// The models that can be had and those that are there: licence, size, whether it fits, fetching with progress, which are loaded.
import { useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { catalog, followJob, models, pull, type CatalogModel, type ModelCard } from '../api.js';
import { bytes, number } from '../format.js';
import { Empty, Fault, Loaded, Progress } from '../parts/states.js';
import { useAction, useResource } from '../store.js';
import { t } from '../strings/index.js';
import { visible } from '../text/visible.js';

const isAboutModels = (type: string): boolean => /^(model|pull|brain|job\.(?!event))/.test(type);

export function ModelsView(): VNode {
  const known = useResource((signal) => catalog(signal), [], isAboutModels);
  const served = useResource((signal) => models(signal), [], isAboutModels);
  return (
    <div class="split">
      <section class="stack">
        <h1>{t('models.title')}</h1>
        <Loaded of={known}>
          {(all) => (
            <ul class="cards">
              {all.map((model) => (
                <Entry
                  key={model.name}
                  model={model}
                  onPulled={() => {
                    known.reload();
                    served.reload();
                  }}
                />
              ))}
            </ul>
          )}
        </Loaded>
      </section>
      <section class="stack">
        <h2>{t('models.served')}</h2>
        <p class="quiet">{t('models.servedAbout')}</p>
        <Loaded of={served}>
          {(cards) => (cards.length === 0 ? <Empty>{t('models.none')}</Empty> : <Served cards={cards} />)}
        </Loaded>
      </section>
    </div>
  );
}

function Entry({ model, onPulled }: { model: CatalogModel; onPulled: () => void }): VNode {
  const [progress, setProgress] = useState<{ receivedBytes: number; totalBytes: number }>();
  const pulling = useAction(async (signal) => {
    await followJob(
      (await pull(model.name)).id,
      (job) => {
        setProgress(job.progress as typeof progress);
      },
      signal,
    );
    onPulled();
  });
  const { name, description, parameters, licence, installed, loaded } = model;
  return (
    <li class="card stack">
      <header class="row">
        <h2>{name}</h2>
        {installed && <span class="state remembered">{t(loaded ? 'models.loaded' : 'models.installed')}</span>}
      </header>
      <p>{visible(description)}</p>
      <p class="quiet">
        {t(`models.${model.role}`)} · {t('models.parameters', { count: number(parameters / 1e6) })} ·{' '}
        {bytes(model.bytes)} · {t('models.licence', { name: licence })}
      </p>
      {!installed && (
        <button
          type="button"
          disabled={pulling.isRunning}
          onClick={() => {
            pulling.run();
          }}
        >
          {t('models.pull')}
        </button>
      )}
      {pulling.isRunning && (
        <Progress
          label={
            progress === undefined
              ? t('models.pulling')
              : `${t('models.pulling')} ${bytes(progress.receivedBytes)} / ${bytes(progress.totalBytes)}`
          }
          {...(progress === undefined
            ? {}
            : { done: progress.receivedBytes / Math.max(1, progress.totalBytes), of: 1 })}
        />
      )}
      <Fault error={pulling.error} />
    </li>
  );
}

function Served({ cards }: { cards: readonly ModelCard[] }): VNode {
  return (
    <div class="wide" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th>{t('models.id')}</th>
            <th>{t('models.kind')}</th>
            <th>{t('models.base')}</th>
            <th>{t('models.context')}</th>
            <th>{t('models.state')}</th>
          </tr>
        </thead>
        <tbody>
          {cards.map(({ id, engram: { kind, base, context_length: length, memories, loaded } }) => (
            <tr>
              <td>
                <code>{id}</code>
              </td>
              <td>
                {t(`kind.${kind}`)}
                {memories !== undefined && <span class="quiet"> {t('memories.count', { count: memories })}</span>}
              </td>
              <td>{base}</td>
              <td>{number(length)}</td>
              <td>{t(loaded ? 'models.loaded' : 'models.unloaded')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
