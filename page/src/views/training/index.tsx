// Trainings: start one, see all, look into one beside another.
import { useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { tuningJobs, type TuningJob } from '../../api.js';
import { time } from '../../format.js';
import { Empty, Loaded } from '../../parts/states.js';
import { linkTo, type Route } from '../../routes.js';
import { useResource } from '../../store.js';
import { t } from '../../strings/index.js';
import { Run, shortName, StateOf } from './run.js';
import { StartTraining } from './start.js';

export function TrainingView({ route }: { route: Route }): VNode {
  const list = useResource(
    (signal) => tuningJobs(signal),
    [],
    (type) => /^job\.(?!event)/.test(type),
  );
  const [other, setOther] = useState<string>();
  const open = route.id;
  return (
    <div class="split">
      <section class="stack">
        <h1>{t('training.title')}</h1>
        <StartTraining
          onStart={(id) => {
            list.reload();
            location.hash = linkTo('training', id);
          }}
        />
        <h2>{t('training.runs')}</h2>
        <Loaded of={list}>{(jobs) => <List jobs={jobs} open={open} />}</Loaded>
      </section>
      <section class="stack" aria-label={t('training.one')}>
        {open === undefined ? (
          <Empty>{t('training.choose')}</Empty>
        ) : (
          <Loaded of={list}>
            {(jobs) => {
              const job = jobs.find(({ id }) => id === open);
              if (job === undefined) return <Empty>{t('training.unknown', { id: open })}</Empty>;
              const others = jobs.filter(({ id }) => id !== open);
              return (
                <>
                  {others.length > 0 && <Compare others={others} other={other} onOther={setOther} />}
                  <Run key={job.id} job={job} other={others.find(({ id }) => id === other)} onChange={list.reload} />
                </>
              );
            }}
          </Loaded>
        )}
      </section>
    </div>
  );
}

function List({ jobs, open }: { jobs: readonly TuningJob[]; open: string | undefined }): VNode {
  if (jobs.length === 0) return <Empty>{t('training.none')}</Empty>;
  return (
    <ul class="cards">
      {jobs.map((job) => (
        <li key={job.id}>
          <a class="card link" href={linkTo('training', job.id)} aria-current={job.id === open ? 'true' : undefined}>
            <span class="clamp">{shortName(job)}</span>
            <span class="quiet">
              {time(job.created_at)} <StateOf job={job} />
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function Compare(props: {
  others: readonly TuningJob[];
  other: string | undefined;
  onOther: (id: string | undefined) => void;
}): VNode {
  return (
    <label>
      {t('training.compare')}
      <select
        value={props.other ?? ''}
        onChange={({ currentTarget: { value } }) => {
          props.onOther(value === '' ? undefined : value);
        }}
      >
        <option value="">{t('training.compareNone')}</option>
        {props.others.map((job) => (
          <option value={job.id}>{shortName(job)}</option>
        ))}
      </select>
    </label>
  );
}
