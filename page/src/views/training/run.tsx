// One training: its losses as they come, its state, pause, go on, cancel, what it made. Not here: starting one (start.tsx).
import { useEffect, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { changeTuning, checkpoints, tuningEvents, type TuningEvent, type TuningJob } from '../../api.js';
import { time } from '../../format.js';
import { keep } from '../../kept.js';
import { Plot } from '../../parts/plot.js';
import { Fault, Loaded, Progress } from '../../parts/states.js';
import { linkTo } from '../../routes.js';
import { useAction, useResource } from '../../store.js';
import { t } from '../../strings/index.js';
import { visible } from '../../text/visible.js';
import { curvesOf, stepsOf } from './curves.js';

/** While it runs, ms: the server's events tell sooner. */
const POLL_MS = 2000;

export function isUnderWay({ status }: TuningJob): boolean {
  return status === 'running' || status === 'queued' || status === 'validating_files';
}

export function Run({
  job,
  other,
  onChange,
}: {
  job: TuningJob;
  other: TuningJob | undefined;
  onChange: () => void;
}): VNode {
  const events = useResource(
    (signal) => tuningEvents(job.id, signal),
    [job.id],
    (type) => type.startsWith('job.'),
  );
  const compared = useResource(
    (signal) => (other === undefined ? Promise.resolve([]) : tuningEvents(other.id, signal)),
    [other?.id],
  );
  const underWay = isUnderWay(job);
  useEffect(() => {
    if (!underWay) return;
    const timer = setInterval(() => {
      events.reload();
      onChange();
    }, POLL_MS);
    return () => {
      clearInterval(timer);
    };
  }, [underWay, job.id]);
  const names = { train: t('training.train'), validation: t('training.validation') };
  const otherCurves = curvesOf(compared.value ?? [], names).map(({ label, points }) => ({
    label: `${label} (${shortName(other!)})`,
    points,
  }));
  return (
    <article class="stack">
      <header class="row">
        <h2>{shortName(job)}</h2>
        <StateOf job={job} />
      </header>
      <p class="quiet">
        {job.model} · {time(job.created_at)}
        {job.trained_tokens !== null && ` · ${t('training.tokens', { count: job.trained_tokens })}`}
      </p>
      <Loaded of={events}>
        {(found) => (
          <>
            {underWay && (
              <Progress
                label={t(`training.${job.engram?.paused === true ? 'paused' : job.status}`)}
                {...(stepsOf(found) ?? {})}
              />
            )}
            <Plot title={t('training.losses')} series={[...curvesOf(found, names), ...otherCurves]} />
          </>
        )}
      </Loaded>
      {job.error?.message !== undefined && <p class="fault">{visible(job.error.message)}</p>}
      <Controls job={job} onChange={onChange} />
      {job.status === 'succeeded' && <Made job={job} />}
      <Loaded of={events}>{(found) => <Log events={found} />}</Loaded>
    </article>
  );
}

export function shortName({ id, fine_tuned_model: made }: TuningJob): string {
  return made ?? id;
}

export function StateOf({ job: { status, engram } }: { job: TuningJob }): VNode {
  const shown = engram?.paused === true ? 'paused' : status;
  return <span class={`state ${shown}`}>{t(`training.${shown}`)}</span>;
}

function Controls({ job, onChange }: { job: TuningJob; onChange: () => void }): VNode | null {
  const change = useAction(async (_signal, how: 'cancel' | 'pause' | 'resume') => {
    await changeTuning(job.id, how);
    onChange();
  });
  if (!isUnderWay(job)) return null;
  const isPaused = job.engram?.paused === true;
  return (
    <>
      <div class="row">
        <button
          type="button"
          disabled={change.isRunning}
          onClick={() => {
            change.run(isPaused ? 'resume' : 'pause');
          }}
        >
          {t(isPaused ? 'training.resume' : 'training.pause')}
        </button>
        <button
          type="button"
          class="danger"
          disabled={change.isRunning}
          onClick={() => {
            change.run('cancel');
          }}
        >
          {t('training.cancel')}
        </button>
      </div>
      <Fault error={change.error} />
    </>
  );
}

/** The adapter and the checkpoints, each of which can be talked to. */
function Made({ job }: { job: TuningJob }): VNode {
  const list = useResource((signal) => checkpoints(job.id, signal), [job.id]);
  const names = [job.fine_tuned_model, ...(list.value ?? []).map(({ fine_tuned_model_checkpoint: name }) => name)];
  return (
    <section class="stack">
      <h3>{t('training.made')}</h3>
      <ul class="plainlist">
        {names
          .filter((name) => name !== null)
          .map((name) => (
            <li class="row">
              <code>{name}</code>
              <a
                href={linkTo('chat')}
                onClick={() => {
                  keep('chat-model', name, 'session');
                }}
              >
                {t('training.chat')}
              </a>
            </li>
          ))}
      </ul>
      <Fault error={list.error} />
    </section>
  );
}

function Log({ events }: { events: readonly TuningEvent[] }): VNode {
  const [most, setMost] = useState(50);
  const told = events.filter(({ type }) => type !== 'metrics');
  return (
    <details>
      <summary>{t('training.events', { count: told.length })}</summary>
      <ol class="plainlist history">
        {told.slice(-most).map(({ id, created_at: at, message, level }) => (
          <li key={id} class={level === 'error' ? 'bad' : ''}>
            <time>{time(at)}</time> <span dir="auto">{visible(message)}</span>
          </li>
        ))}
      </ol>
      {told.length > most && (
        <button
          type="button"
          class="small"
          onClick={() => {
            setMost(most + 200);
          }}
        >
          {t('training.moreEvents')}
        </button>
      )}
    </details>
  );
}
