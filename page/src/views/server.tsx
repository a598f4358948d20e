// The server itself: its address, what it does now, keys, how clients are pointed at it, and what `doctor` finds.
import { useEffect, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { createKey, doctor, health, keys, metrics, revokeKey, type DoctorReport, type KeyInfo } from '../api.js';
import { bytes, number, seconds, time } from '../format.js';
import { Copy } from '../parts/copy.js';
import { Confirm } from '../parts/dialog.js';
import { Empty, Fault, Loaded } from '../parts/states.js';
import { useRoutes } from '../known-routes.js';
import { brainStore } from '../state.js';
import { useAction, useResource, useStore } from '../store.js';
import { t, type StringKey } from '../strings/index.js';
import { visible } from '../text/visible.js';
import { parseMetrics } from './metrics.js';
import { snippetsFor } from './snippets.js';

/** What goes on now is asked for so often, ms. */
const POLL_MS = 2000;

export function ServerView(): VNode {
  return (
    <div class="split">
      <section class="stack">
        <h1>{t('server.title')}</h1>
        <Now />
        <Keys />
      </section>
      <section class="stack">
        <Snippets />
        <Doctor />
      </section>
    </div>
  );
}

function Now(): VNode {
  const info = useResource((signal) => health(signal), []);
  const figures = useResource(async (signal) => parseMetrics(await metrics(signal)), []);
  useEffect(() => {
    const timer = setInterval(() => {
      info.reload();
      figures.reload();
    }, POLL_MS);
    return () => {
      clearInterval(timer);
    };
  }, []);
  return (
    <>
      <p class="row">
        <code>{location.origin}</code> <Copy text={location.origin} />
      </p>
      <p class="quiet">{t('server.private')}</p>
      <Loaded of={info}>
        {({ version, seconds: up }) => <p>{t('server.version', { version, time: seconds(up) })}</p>}
      </Loaded>
      <Loaded of={figures}>{(found) => <Figures figures={found} />}</Loaded>
    </>
  );
}

const SHOWN: readonly [metric: string, key: StringKey, show: (value: number) => string][] = [
  ['engram_answers_running', 'server.answers', number],
  ['engram_answers_waiting', 'server.waiting', number],
  ['engram_jobs_running', 'server.jobs', number],
  ['engram_jobs_waiting', 'server.jobsWaiting', number],
  ['engram_models_open', 'server.models', number],
  ['engram_resident_bytes', 'server.memory', bytes],
  ['engram_requests_total', 'server.requests', number],
  ['engram_generated_tokens_total', 'server.tokens', number],
];

function Figures({ figures }: { figures: ReadonlyMap<string, number> }): VNode {
  return (
    <dl class="figures">
      {SHOWN.filter(([metric]) => figures.has(metric)).map(([metric, key, show]) => (
        <div>
          <dt>{t(key)}</dt>
          <dd>{show(figures.get(metric)!)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Keys(): VNode {
  const canMake = useRoutes().has('POST /engram/v1/keys');
  return canMake ? (
    <KeyList />
  ) : (
    <section class="stack">
      <h2>{t('keys.title')}</h2>
      <p>{t('keys.terminal')}</p>
      <pre tabIndex={0}>
        <code>engram keys create NAME</code>
      </pre>
    </section>
  );
}

function KeyList(): VNode {
  const list = useResource(
    (signal) => keys(signal),
    [],
    (type) => type.startsWith('key'),
  );
  const [made, setMade] = useState<string>();
  const [gone, setGone] = useState<KeyInfo>();
  const revoke = useAction(async (_signal, id: string) => {
    await revokeKey(id);
    list.reload();
  });
  return (
    <section class="stack">
      <h2>{t('keys.title')}</h2>
      <NewKey
        onMade={(key) => {
          setMade(key);
          list.reload();
        }}
      />
      {made !== undefined && (
        <div class="card stack" role="status">
          <p>{t('keys.once')}</p>
          <p class="row">
            <code class="break">{made}</code> <Copy text={made} />
          </p>
        </div>
      )}
      <Fault error={revoke.error} />
      <Loaded of={list}>
        {(all) =>
          all.length === 0 ? (
            <Empty>{t('keys.none')}</Empty>
          ) : (
            <ul class="cards">
              {all.map((key) => (
                <li key={key.id} class="card row">
                  <span class="grow">
                    <span dir="auto">{visible(key.name)}</span>
                    <br />
                    <span class="quiet">
                      {t(`scope.${key.scope}`)} · {time(key.createdAt)}
                    </span>
                  </span>
                  <button
                    type="button"
                    class="small"
                    onClick={() => {
                      setGone(key);
                    }}
                  >
                    {t('keys.revoke')}
                  </button>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {gone !== undefined && (
        <Confirm
          title={t('keys.revokeTitle')}
          text={visible(gone.name)}
          action={t('keys.revoke')}
          onConfirm={() => {
            revoke.run(gone.id);
          }}
          onClose={() => {
            setGone(undefined);
          }}
        />
      )}
    </section>
  );
}

function NewKey({ onMade }: { onMade: (key: string) => void }): VNode {
  const [name, setName] = useState('');
  const [scope, setScope] = useState<KeyInfo['scope']>('chat');
  const create = useAction(async () => {
    onMade((await createKey(name.trim(), scope)).key);
    setName('');
  });
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== '') create.run();
      }}
    >
      <label>
        {t('keys.name')}
        <input
          value={name}
          maxLength={48}
          onInput={(event) => {
            setName(event.currentTarget.value);
          }}
        />
      </label>
      <label>
        {t('keys.scope')}
        <select
          value={scope}
          onChange={(event) => {
            setScope(event.currentTarget.value as KeyInfo['scope']);
          }}
        >
          {(['chat', 'remember', 'admin'] as const).map((one) => (
            <option value={one}>{t(`scope.${one}`)}</option>
          ))}
        </select>
      </label>
      <button type="submit" disabled={name.trim() === '' || create.isRunning}>
        {t('keys.create')}
      </button>
      <Fault error={create.error} />
    </form>
  );
}

function Snippets(): VNode {
  const brain = useStore(brainStore);
  return (
    <section class="stack">
      <h2>{t('snippets.title')}</h2>
      {snippetsFor(location.origin, `brain:${brain}`).map(({ name, text }) => (
        <details>
          <summary>{name}</summary>
          <Copy text={text} />
          <pre tabIndex={0}>
            <code>{text}</code>
          </pre>
        </details>
      ))}
    </section>
  );
}

function Doctor(): VNode {
  const report = useResource((signal) => doctor(signal), []);
  return (
    <section class="stack">
      <header class="row">
        <h2>{t('doctor.title')}</h2>
        <button type="button" class="small" disabled={report.isLoading} onClick={report.reload}>
          {t('doctor.again')}
        </button>
      </header>
      <Loaded of={report}>{(found) => <Report report={found} />}</Loaded>
    </section>
  );
}

function Report({ report: { problems, ...groups } }: { report: DoctorReport }): VNode {
  return (
    <>
      {problems.length === 0 ? (
        <p class="good">{t('doctor.well')}</p>
      ) : (
        <ul class="fault plainlist">
          {problems.map(({ message, hint }) => (
            <li>
              {visible(message)} {hint !== undefined && <span class="quiet">{visible(hint)}</span>}
            </li>
          ))}
        </ul>
      )}
      {Object.entries(groups).map(([name, group]) => (
        <details>
          <summary>{name}</summary>
          <Facts value={group} />
        </details>
      ))}
    </>
  );
}

function Facts({ value }: { value: unknown }): VNode {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return <p>{visible(shown(value))}</p>;
  return (
    <dl class="figures">
      {Object.entries(value).map(([name, fact]) => (
        <div>
          <dt>{name}</dt>
          <dd>{visible(shown(fact))}</dd>
        </div>
      ))}
    </dl>
  );
}

function shown(value: unknown): string {
  if (typeof value === 'number') return number(value, Number.isInteger(value) ? 0 : 1);
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
