// Teach on the left, the proof on the right: the same question before and after, the loss between them, the receipt, undo.
import { useEffect } from 'preact/hooks';
import type { VNode } from 'preact';
import type { Receipt } from '../../api.js';
import { SourceBadge } from '../../parts/badge.js';
import { Plot } from '../../parts/plot.js';
import { Empty, Fault, Progress } from '../../parts/states.js';
import { Streaming } from '../../parts/streaming.js';
import { brainStore } from '../../state.js';
import { useAction, useStore } from '../../store.js';
import { t } from '../../strings/index.js';
import { visible } from '../../text/visible.js';
import { number } from '../../format.js';
import { Conflict } from './conflict.js';
import { TeachForm } from './form.js';
import {
  askAgain,
  closeLesson,
  findLesson,
  isUnderWay,
  lessonStore,
  startLesson,
  stopLesson,
  undoLesson,
  type Asked,
  type Lesson,
} from './lesson.js';
import { PHASES } from './phases.js';
import { ReceiptCard } from './receipt.js';

export function TeachView(): VNode {
  const brain = useStore(brainStore);
  const lesson = useStore(lessonStore);
  useEffect(() => {
    findLesson(brain).catch(() => undefined); // the views that list what runs say why
  }, [brain]);
  return (
    <div class="split">
      <section class="stack">
        <h1>{t('teach.title')}</h1>
        <p class="quiet">{t('teach.about')}</p>
        <TeachForm
          isBusy={isUnderWay(lesson)}
          onTeach={(what, question, replacing) => {
            void startLesson(brain, what, question, replacing === 'ask' ? 'none' : replacing);
          }}
        />
      </section>
      <section class="stack" aria-label={t('teach.proof')}>
        {lesson === undefined ? <Empty>{t('teach.empty')}</Empty> : <LessonView lesson={lesson} />}
      </section>
    </div>
  );
}

function LessonView({ lesson }: { lesson: Lesson }): VNode {
  const { title, question, before, after, receipt, learning, error, stage } = lesson;
  const stop = useAction(() => stopLesson());
  return (
    <>
      <header class="row">
        <h2 dir="auto" class="clamp">
          {title === '' ? t('teach.found') : visible(title)}
        </h2>
        {isUnderWay(lesson) && (
          <button
            type="button"
            onClick={() => {
              stop.run();
            }}
            disabled={stop.isRunning}
          >
            {t('teach.stop')}
          </button>
        )}
      </header>
      {question !== '' && question !== title && (
        <p dir="auto">
          <span class="quiet">{t('teach.asked')}</span> {visible(question)}
        </p>
      )}
      <div class="pair">
        <Side title={t('teach.before')} asked={before} />
        <Side title={t('teach.after')} asked={after} />
      </div>
      {stage === 'learning' && <Phases lesson={lesson} />}
      {(learning.losses.length > 0 || stage === 'learning') && (
        <Plot title={t('teach.curve')} series={[{ label: t('teach.loss'), points: learning.losses }]} />
      )}
      {stage === 'stopped' && error === undefined && <p class="quiet">{t('teach.stopped')}</p>}
      <Fault error={error} />
      <Fault error={stop.error} />
      {receipt !== undefined && <ReceiptCard receipt={receipt} />}
      {receipt !== undefined && <After lesson={lesson} />}
    </>
  );
}

function Side({ title, asked }: { title: string; asked: Asked | undefined }): VNode {
  return (
    <article class="card">
      <header class="row">
        <h3>{title}</h3>
        {asked?.grounds !== undefined && <SourceBadge grounds={asked.grounds} />}
      </header>
      {asked === undefined ? (
        <p class="quiet">{t('teach.notAsked')}</p>
      ) : asked.error === undefined ? (
        <Streaming text={asked.text} isDone={asked.isDone} />
      ) : (
        <Fault error={asked.error} />
      )}
    </article>
  );
}

function Phases({ lesson: { learning, place } }: { lesson: Lesson }): VNode {
  const { phase, done, of, who, tokensPerSecond } = learning;
  const label =
    place !== undefined ? t('phase.queued', { place }) : phase === undefined ? t('phase.opening') : t(`phase.${phase}`);
  const at = phase === undefined ? -1 : PHASES.indexOf(phase);
  return (
    <div class="stack">
      <ol class="phases" aria-label={t('phase.title')}>
        {PHASES.filter((one) => one !== 'wait').map((one) => (
          <li aria-current={one === phase ? 'step' : undefined} class={PHASES.indexOf(one) < at ? 'past' : ''}>
            {t(`phase.${one}.short`)}
          </li>
        ))}
      </ol>
      <Progress label={label} {...(done === undefined || of === undefined ? {} : { done, of })} />
      {who !== undefined && <p class="quiet">{visible(who)}</p>}
      {tokensPerSecond !== undefined && phase === 'train' && (
        <p class="quiet">{t('teach.speed', { speed: number(tokensPerSecond) })}</p>
      )}
    </div>
  );
}

/** What can be done with what was learned. */
function After({ lesson }: { lesson: Lesson }): VNode {
  const { brain, title, receipt, question } = lesson;
  const takeBack = useAction(() => undoLesson());
  const again = useAction(() => askAgain());
  const contradicts = receipt!.committed ? (receipt!.contradicts ?? []) : [];
  const settle = (gone: readonly string[]): void => {
    const settled: Receipt = { ...receipt!, ...(gone.length === 0 ? {} : { supersedes: [...gone] }) };
    delete settled.contradicts;
    lessonStore.set({ ...lesson, receipt: settled });
    if (gone.length > 0 && question !== '') again.run();
  };
  const isBusy = takeBack.isRunning || again.isRunning || isUnderWay(lesson);
  return (
    <>
      {contradicts.length > 0 && (
        <Conflict brain={brain} learned={title} contradicts={contradicts} onSettled={settle} />
      )}
      <div class="row">
        {receipt!.committed && (
          <button
            type="button"
            disabled={isBusy}
            onClick={() => {
              takeBack.run();
            }}
          >
            {t('teach.undo')}
          </button>
        )}
        {question !== '' && (
          <button
            type="button"
            disabled={isBusy}
            onClick={() => {
              again.run();
            }}
          >
            {t('teach.askAgain')}
          </button>
        )}
        <button type="button" disabled={isBusy} onClick={closeLesson}>
          {t('teach.close')}
        </button>
      </div>
      {takeBack.isRunning && <Progress label={t('teach.undoing')} />}
      <Fault error={takeBack.error} />
    </>
  );
}
