// What a brain holds and held: search, states, history, forget with its proof, undo, rebuild. Not here: teaching.
import { useEffect, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import {
  followJob,
  forget,
  history,
  memories,
  memory,
  rebuild,
  undo,
  type BrainMemory,
  type ForgottenProof,
  type HistoryEvent,
} from '../api.js';
import { time } from '../format.js';
import { Confirm } from '../parts/dialog.js';
import { download } from '../parts/download.js';
import { Empty, Fault, Loaded, Progress } from '../parts/states.js';
import { linkTo, type Route } from '../routes.js';
import { useRoutes } from '../known-routes.js';
import { brainStore } from '../state.js';
import { useAction, useResource, useStore, type Resource } from '../store.js';
import { t } from '../strings/index.js';
import { visible, clip } from '../text/visible.js';
import { ReceiptCard } from './teach/receipt.js';
import { matches, type StateFilter } from './memory-search.js';

const STATES = ['remembered', 'superseded', 'forgotten', 'damaged', 'all'] as const;
/** Rows that are shown at once: thousands would make the page slow. */
const PAGE = 100;

const isAboutMemories = (type: string): boolean => /^(memory|remember|undo|rebuild|brain)/.test(type);

export function MemoriesView({ route }: { route: Route }): VNode {
  const brain = useStore(brainStore);
  const list = useResource((signal) => memories(brain, signal), [brain], isAboutMemories);
  return (
    <div class="split">
      <section class="stack">
        <header class="row">
          <h1>{t('memories.title')}</h1>
          <Whole brain={brain} list={list} />
        </header>
        <Loaded of={list}>{(all) => <List all={all} opened={route.id} />}</Loaded>
      </section>
      <section class="stack" aria-label={t('memories.one')}>
        {route.id === undefined ? (
          <Empty>{t('memories.choose')}</Empty>
        ) : (
          <Loaded of={list}>{(all) => <One brain={brain} id={route.id!} all={all} onChange={list.reload} />}</Loaded>
        )}
      </section>
    </div>
  );
}

function Whole({ brain, list }: { brain: string; list: Resource<BrainMemory[]> }): VNode {
  const takeBack = useAction(async (signal) => {
    await followJob((await undo(brain)).id, () => undefined, signal);
    list.reload();
  });
  const mend = useAction(async (signal) => {
    await followJob((await rebuild(brain)).id, () => undefined, signal);
    list.reload();
  });
  const canMend = useRoutes().has('POST /engram/v1/brains/{brain}/rebuild');
  const isDamaged = canMend && list.value?.some(({ damaged }) => damaged !== undefined) === true;
  return (
    <>
      <button
        type="button"
        class="small"
        disabled={takeBack.isRunning}
        onClick={() => {
          takeBack.run();
        }}
      >
        {t('memories.undoLast')}
      </button>
      <button
        type="button"
        class="small"
        disabled={(list.value ?? []).length === 0}
        onClick={() => {
          save(brain, list.value ?? []);
        }}
      >
        {t('memories.export')}
      </button>
      {isDamaged && (
        <button
          type="button"
          class="small"
          disabled={mend.isRunning}
          onClick={() => {
            mend.run();
          }}
        >
          {t('memories.rebuild')}
        </button>
      )}
      {takeBack.isRunning && <Progress label={t('memories.undoing')} />}
      {mend.isRunning && <Progress label={t('memories.rebuilding')} />}
      <Fault error={takeBack.error ?? mend.error} />
    </>
  );
}

/** As `engram memorize --file` reads them. */
function save(brain: string, all: readonly BrainMemory[]): void {
  const rows = all
    .filter(({ state }) => state === 'remembered')
    .map(({ text, question, answer }) => JSON.stringify(question === undefined ? { text } : { question, answer }));
  download(`${brain}.jsonl`, `${rows.reverse().join('\n')}\n`, 'application/jsonl');
}

function List({ all, opened }: { all: readonly BrainMemory[]; opened: string | undefined }): VNode {
  const [query, setQuery] = useState('');
  const [state, setState] = useState<StateFilter>('remembered');
  const [most, setMost] = useState(PAGE);
  useEffect(() => {
    setMost(PAGE);
  }, [query, state]);
  if (all.length === 0) {
    return (
      <Empty>
        {t('memories.none')} <a href={linkTo('teach')}>{t('memories.teach')}</a>
      </Empty>
    );
  }
  const found = all.filter((memory) => matches(memory, query, state));
  return (
    <>
      <div class="row">
        <input
          type="search"
          dir="auto"
          aria-label={t('memories.search')}
          placeholder={t('memories.search')}
          value={query}
          onInput={(event) => {
            setQuery(event.currentTarget.value);
          }}
        />
        <label>
          <span class="spoken">{t('memories.state')}</span>
          <select
            value={state}
            onChange={(event) => {
              setState(event.currentTarget.value as StateFilter);
            }}
          >
            {STATES.map((one) => (
              <option value={one}>{t(`memory.${one}`)}</option>
            ))}
          </select>
        </label>
        <span class="quiet" role="status">
          {t('memories.count', { count: found.length })}
        </span>
      </div>
      {found.length === 0 && <Empty>{t('memories.noMatch')}</Empty>}
      <ul class="cards">
        {found.slice(0, most).map((memory) => (
          <Row memory={memory} isOpen={memory.id === opened} />
        ))}
      </ul>
      {found.length > most && (
        <button
          type="button"
          onClick={() => {
            setMost(most + PAGE);
          }}
        >
          {t('memories.more', { count: found.length - most })}
        </button>
      )}
    </>
  );
}

function Row({
  memory: { id, text, question, answer, state, damaged, createdAt },
  isOpen,
}: {
  memory: BrainMemory;
  isOpen: boolean;
}): VNode {
  return (
    <li>
      <a class="card link" href={linkTo('memories', id)} aria-current={isOpen ? 'true' : undefined}>
        <span dir="auto" class="clamp">
          {visible(clip(question === undefined ? text : `${question} → ${answer ?? ''}`, 400).shown)}
        </span>
        <span class="quiet">
          {id} · {time(createdAt)} <State state={state} damaged={damaged} />
        </span>
      </a>
    </li>
  );
}

function State({
  state,
  damaged,
}: {
  state: BrainMemory['state'];
  damaged: BrainMemory['damaged'] | undefined;
}): VNode {
  const shown = damaged === undefined ? state : 'damaged';
  return <span class={`state ${shown}`}>{t(`memory.${shown}`)}</span>;
}

function One(props: { brain: string; id: string; all: readonly BrainMemory[]; onChange: () => void }): VNode {
  const { brain, id, all, onChange } = props;
  const known = all.find((one) => one.id === id);
  const events = useResource((signal) => history(brain, id, signal), [brain, id], isAboutMemories);
  const whole = useResource((signal) => memory(brain, id, signal), [brain, id], isAboutMemories);
  if (known === undefined) return <Empty>{t('memories.unknown', { id })}</Empty>;
  const { text, question, answer, state, damaged, createdAt, source } = known;
  return (
    <article class="stack">
      <header class="row">
        <h2>{id}</h2>
        <State state={state} damaged={damaged} />
        <span class="quiet">{time(createdAt)}</span>
      </header>
      {question === undefined ? (
        <p dir="auto" class="plain">
          {visible(text)}
        </p>
      ) : (
        <dl class="figures">
          <div>
            <dt>{t('teach.question')}</dt>
            <dd dir="auto">{visible(question)}</dd>
          </div>
          <div>
            <dt>{t('teach.answer')}</dt>
            <dd dir="auto">{visible(answer ?? '')}</dd>
          </div>
        </dl>
      )}
      {damaged !== undefined && <p class="fault">{t(`memories.damaged.${damaged}`)}</p>}
      {source !== undefined && (
        <p class="quiet">{t('memories.source', { who: [source.key, source.told].filter(Boolean).join(' · ') })}</p>
      )}
      <Actions key={id} brain={brain} memory={known} onChange={onChange} />
      <Loaded of={whole}>
        {({ receipt }) =>
          receipt !== undefined && (
            <>
              <h3>{t('memories.receipt')}</h3>
              <ReceiptCard receipt={receipt} />
            </>
          )
        }
      </Loaded>
      <h3>{t('memories.history')}</h3>
      <Loaded of={events}>{(found) => <History events={found} />}</Loaded>
    </article>
  );
}

function Actions({ brain, memory, onChange }: { brain: string; memory: BrainMemory; onChange: () => void }): VNode {
  const { id, text, state } = memory;
  const [isAsking, setAsking] = useState(false);
  const [proof, setProof] = useState<ForgottenProof>();
  const forgetting = useAction(async () => {
    setProof((await forget(brain, id, true)).proof);
    onChange();
  });
  const undoing = useAction(async (signal) => {
    setProof(undefined);
    await followJob((await undo(brain, id)).id, () => undefined, signal);
    onChange();
  });
  const isBusy = forgetting.isRunning || undoing.isRunning;
  return (
    <div class="stack">
      <div class="row">
        {state === 'remembered' && (
          <button
            type="button"
            class="danger"
            disabled={isBusy}
            onClick={() => {
              setAsking(true);
            }}
          >
            {t('memories.forget')}
          </button>
        )}
        <button
          type="button"
          disabled={isBusy}
          onClick={() => {
            undoing.run();
          }}
        >
          {t('memories.undo')}
        </button>
      </div>
      {forgetting.isRunning && <Progress label={t('memories.forgetting')} />}
      {undoing.isRunning && <Progress label={t('memories.undoing')} />}
      <Fault error={forgetting.error ?? undoing.error} />
      {proof !== undefined && <Proof proof={proof} />}
      {isAsking && (
        <Confirm
          title={t('memories.forgetTitle')}
          text={visible(clip(text, 300).shown)}
          action={t('memories.forget')}
          onConfirm={() => {
            forgetting.run();
          }}
          onClose={() => {
            setAsking(false);
          }}
        />
      )}
    </div>
  );
}

function Proof({ proof: { asked, recalled, base, toldBy } }: { proof: ForgottenProof }): VNode {
  return (
    <p class={recalled === 0 ? 'verdict good' : 'verdict bad'} role="status">
      {t('memories.proof', { asked, recalled })} {base > 0 && t('memories.proofBase', { count: base })}{' '}
      {toldBy.length > 0 && t('memories.proofBy', { ids: toldBy.join(', ') })}
    </p>
  );
}

function History({ events }: { events: readonly HistoryEvent[] }): VNode {
  return (
    <ol class="plainlist history">
      {events.map(({ id, kind, time: at }) => (
        <li key={id}>
          <time dateTime={at}>{time(at)}</time> {t(`event.${kind}`)}
        </li>
      ))}
    </ol>
  );
}
