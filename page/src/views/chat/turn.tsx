// One turn of a conversation with what can be done with it. Not here: the conversation (index.tsx).
import { useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { seconds, number } from '../../format.js';
import { SourceBadge } from '../../parts/badge.js';
import { Copy } from '../../parts/copy.js';
import { Dialog } from '../../parts/dialog.js';
import { Fault, Loading } from '../../parts/states.js';
import { Streaming } from '../../parts/streaming.js';
import { useRoutes } from '../../known-routes.js';
import { useStore } from '../../store.js';
import { t } from '../../strings/index.js';
import { Plain } from '../../text/markdown.js';
import { again, bareStore, compare, say, treeStore } from './talk.js';
import { show, siblings, type Said, type Tree } from './tree.js';
import { Why } from './why.js';

interface Props {
  turn: Said;
  tree: Tree;
  model: string;
  isBusy: boolean;
  onTeach: (text: string) => void;
}

export function TurnView(props: Props): VNode {
  const { turn } = props;
  return (
    <article class={`turn ${turn.role}`} aria-label={t(turn.role === 'user' ? 'chat.you' : 'chat.model')}>
      {turn.role === 'user' ? <Question {...props} /> : <AnswerView {...props} />}
    </article>
  );
}

function Question({ turn, tree, model, isBusy, onTeach }: Props): VNode {
  const [edited, setEdited] = useState<string>();
  if (edited !== undefined) {
    return (
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          setEdited(undefined);
          if (edited.trim() !== '') void say(edited.trim(), turn.parent, model);
        }}
      >
        <textarea
          rows={3}
          dir="auto"
          aria-label={t('chat.edit')}
          value={edited}
          ref={(element) => element?.focus()}
          onInput={(event) => {
            setEdited(event.currentTarget.value);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape') setEdited(undefined);
          }}
        />
        <div class="row">
          <button type="submit" disabled={isBusy}>
            {t('chat.send')}
          </button>
          <button
            type="button"
            onClick={() => {
              setEdited(undefined);
            }}
          >
            {t('chat.cancel')}
          </button>
        </div>
      </form>
    );
  }
  return (
    <>
      <Plain text={turn.text} />
      <div class="row tools">
        <Branches turn={turn} tree={tree} />
        <button
          type="button"
          class="small"
          disabled={isBusy}
          onClick={() => {
            setEdited(turn.text);
          }}
        >
          {t('chat.edit')}
        </button>
        <button
          type="button"
          class="small"
          onClick={() => {
            onTeach(turn.text);
          }}
        >
          {t('chat.remember')}
        </button>
      </div>
    </>
  );
}

function AnswerView({ turn, tree, model, isBusy }: Props): VNode {
  const [isWhy, setWhy] = useState(false);
  const { answer, state, error } = turn;
  const brain = turn.model?.startsWith('brain:') === true ? turn.model.slice(6) : undefined;
  const question = turn.parent === undefined ? undefined : tree.turns[turn.parent]?.text;
  const isOver = state !== 'running';
  const canExplain = useRoutes().has('POST /engram/v1/brains/{brain}/explain');
  return (
    <>
      {(state !== 'failed' || turn.text !== '') && <Streaming text={turn.text} isDone={isOver} />}
      {state === 'stopped' && <p class="quiet">{t('chat.stopped')}</p>}
      {answer?.finish === 'length' && <p class="quiet">{t('chat.cut')}</p>}
      {error !== undefined && <Fault error={new Error([error.message, error.hint].filter(Boolean).join(' '))} />}
      {isOver && (
        <div class="row tools">
          {answer?.grounds !== undefined && <SourceBadge grounds={answer.grounds} />}
          <Branches turn={turn} tree={tree} />
          <button type="button" class="small" disabled={isBusy} onClick={() => void again(turn, model)}>
            {t('chat.again')}
          </button>
          {turn.text !== '' && <Copy text={turn.text} />}
          {brain !== undefined && turn.text !== '' && (
            <>
              <button type="button" class="small" onClick={() => void compare(turn)}>
                {t('chat.bare')}
              </button>
              {canExplain && (
                <button
                  type="button"
                  class="small"
                  onClick={() => {
                    setWhy(true);
                  }}
                >
                  {t('chat.why')}
                </button>
              )}
            </>
          )}
          {answer !== undefined && <Speed turn={turn} />}
        </div>
      )}
      <BareView id={turn.id} />
      {isWhy && brain !== undefined && question !== undefined && (
        <Dialog
          title={t('why.title')}
          onClose={() => {
            setWhy(false);
          }}
        >
          <Why brain={brain} question={question} answer={turn.text} />
        </Dialog>
      )}
    </>
  );
}

function Branches({ turn, tree }: { turn: Said; tree: Tree }): VNode | null {
  const all = siblings(tree, turn);
  if (all.length < 2) return null;
  const at = all.findIndex(({ id }) => id === turn.id);
  const step = (by: number): void => {
    treeStore.set(show(tree, all[at + by]!.id));
  };
  return (
    <span class="row" role="group" aria-label={t('chat.branches')}>
      <button
        type="button"
        class="small"
        aria-label={t('chat.branchBefore')}
        disabled={at === 0}
        onClick={() => {
          step(-1);
        }}
      >
        ‹
      </button>
      <span class="quiet">{t('chat.branch', { n: at + 1, of: all.length })}</span>
      <button
        type="button"
        class="small"
        aria-label={t('chat.branchAfter')}
        disabled={at === all.length - 1}
        onClick={() => {
          step(1);
        }}
      >
        ›
      </button>
    </span>
  );
}

function Speed({ turn: { answer, model } }: { turn: Said }): VNode {
  const { tokens, promptTokens, firstMs, totalMs } = answer!;
  const rate = totalMs > firstMs && tokens > 1 ? ((tokens - 1) * 1000) / (totalMs - firstMs) : undefined;
  return (
    <details class="speed">
      <summary>{t('chat.figures')}</summary>
      <p class="quiet">
        {model} · {t('chat.tokens', { prompt: promptTokens, answer: tokens })} ·{' '}
        {t('chat.first', { time: seconds(firstMs / 1000) })}
        {rate !== undefined && ` · ${t('chat.rate', { rate: number(rate, 1) })}`}
      </p>
    </details>
  );
}

function BareView({ id }: { id: number }): VNode | null {
  const bare = useStore(bareStore)[id];
  if (bare === undefined) return null;
  return (
    <section class="card bare" aria-label={t('chat.bare')}>
      <h3>{t('chat.bare')}</h3>
      {bare.error !== undefined ? <Fault error={bare.error} /> : <Streaming text={bare.text} isDone={bare.isDone} />}
      {!bare.isDone && bare.text === '' && <Loading />}
    </section>
  );
}
