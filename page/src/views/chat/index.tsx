// Chat with a brain or a model: streams, stop, again, edit; how full the context is. Not here: answering (talk.ts).
import { useEffect, useRef, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { models, type ModelCard } from '../../api.js';
import { keep, kept } from '../../kept.js';
import { download } from '../../parts/download.js';
import { Empty, Loaded } from '../../parts/states.js';
import { linkTo } from '../../routes.js';
import { brainStore } from '../../state.js';
import { useResource, useStore } from '../../store.js';
import { t } from '../../strings/index.js';
import { number } from '../../format.js';
import { isUnderWay, lessonStore, startLesson } from '../teach/lesson.js';
import { upload, Uploads } from '../uploads.js';
import { isAnswering, say, startAnew, stop, treeStore } from './talk.js';
import { branch, exported, type Said, type Tree } from './tree.js';
import { TurnView } from './turn.js';

export function ChatView(): VNode {
  const brain = useStore(brainStore);
  const tree = useStore(treeStore);
  const cards = useResource(
    (signal) => models(signal),
    [],
    (type) => /^(model|pull|brain|job\.(?!event))/.test(type),
  );
  const [chosen, setChosen] = useState(kept('chat-model', 'session'));
  const answering = isAnswering(tree);
  const turns = branch(tree);
  const able = (cards.value ?? []).filter(({ engram }) => engram.kind !== 'embedder');
  const model = able.some(({ id }) => id === chosen) ? chosen! : `brain:${brain}`;
  const card = able.find(({ id }) => id === model);
  const remember = (text: string): void => {
    if (isUnderWay(lessonStore.get())) return;
    location.hash = linkTo('teach');
    void startLesson(brain, { text }, '', 'none');
  };
  return (
    <div class="chat">
      <header class="row">
        <h1>{t('chat.title')}</h1>
        <ModelChoice
          {...{ able, model }}
          onModel={(id) => {
            keep('chat-model', id, 'session');
            setChosen(id);
          }}
        />
        <button type="button" class="small" onClick={startAnew} disabled={turns.length === 0}>
          {t('chat.new')}
        </button>
        <button
          type="button"
          class="small"
          disabled={turns.length === 0}
          onClick={() => {
            save(tree);
          }}
        >
          {t('chat.export')}
        </button>
      </header>
      {cards.error !== undefined && <Loaded of={cards}>{() => null}</Loaded>}
      <Log turns={turns}>
        {turns.length === 0 && <Empty>{t('chat.empty')}</Empty>}
        {turns.map((turn) => (
          <TurnView key={turn.id} {...{ turn, tree, model }} isBusy={answering} onTeach={remember} />
        ))}
      </Log>
      <Meter turns={turns} card={card} />
      <Uploads />
      <Composer
        isAnswering={answering}
        onAttach={(files) => void upload(brain, files)}
        onSay={(text) => {
          const told = /^\/(?:remember|memorize)\s+(.+)$/s.exec(text)?.[1];
          if (told === undefined) void say(text, tree.tip, model);
          else remember(told);
        }}
      />
    </div>
  );
}

function ModelChoice({
  able,
  model,
  onModel,
}: {
  able: readonly ModelCard[];
  model: string;
  onModel: (id: string) => void;
}): VNode {
  const isListed = able.some(({ id }) => id === model);
  return (
    <label>
      <span class="spoken">{t('chat.with')}</span>
      <select
        value={model}
        onChange={(event) => {
          onModel(event.currentTarget.value);
        }}
      >
        {!isListed && <option value={model}>{model}</option>}
        {able.map(({ id }) => (
          <option value={id}>{id}</option>
        ))}
      </select>
    </label>
  );
}

/** Follows what is said, unless the reader has gone up. */
function Log({ turns, children }: { turns: readonly Said[]; children: preact.ComponentChildren }): VNode {
  const element = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    if (follows.current && element.current !== null) element.current.scrollTop = element.current.scrollHeight;
  }, [turns]);
  return (
    <div
      ref={element}
      class="log"
      tabIndex={0}
      role="region"
      aria-label={t('chat.log')}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        follows.current = scrollHeight - scrollTop - clientHeight < 80;
      }}
    >
      {children}
    </div>
  );
}

function Meter({ turns, card }: { turns: readonly Said[]; card: ModelCard | undefined }): VNode | null {
  const answer = turns.findLast(({ answer: given }) => given !== undefined)?.answer;
  if (card === undefined || answer === undefined) return null;
  const used = answer.promptTokens + answer.tokens;
  const of = card.engram.context_length;
  const left = answer.grounds?.left;
  return (
    <p class="meter quiet">
      <meter min={0} max={of} high={of * 0.8} value={used} aria-label={t('chat.context')} />{' '}
      {t('chat.contextIs', { used: number(used), of: number(of) })}
      {left !== undefined && left !== null && <strong> {t('chat.left')}</strong>}
    </p>
  );
}

interface ComposerProps {
  isAnswering: boolean;
  onSay: (text: string) => void;
  onAttach: (files: File[]) => void;
}

function Composer({ isAnswering: answering, onSay, onAttach }: ComposerProps): VNode {
  const [text, setText] = useState('');
  const send = (): void => {
    const asked = text.trim();
    if (asked === '' || answering) return;
    setText('');
    onSay(asked);
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Attach onAttach={onAttach} />
      <textarea
        rows={2}
        dir="auto"
        aria-label={t('chat.message')}
        placeholder={t('chat.placeholder')}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && answering) stop();
          // While a word is composed (Japanese, Chinese …) Enter ends the word.
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      {answering ? (
        <button type="button" onClick={stop}>
          {t('chat.stop')}
        </button>
      ) : (
        <button type="submit" class="primary" disabled={text.trim() === ''}>
          {t('chat.send')}
        </button>
      )}
    </form>
  );
}

function Attach({ onAttach }: Pick<ComposerProps, 'onAttach'>): VNode {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        aria-label={t('chat.attach')}
        title={t('chat.attach')}
        onClick={() => input.current?.click()}
      >
        +
      </button>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        aria-label={t('chat.attach')}
        onChange={({ currentTarget }) => {
          onAttach([...(currentTarget.files ?? [])]);
          currentTarget.value = '';
        }}
      />
    </>
  );
}

function save(tree: Tree): void {
  download('chat.md', exported(tree, { user: t('chat.you'), assistant: t('chat.model') }), 'text/markdown');
}
