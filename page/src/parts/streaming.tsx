// A text that grows: shown as it comes, told to screen readers by the sentence. Not here: where it comes from.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { t } from '../strings/index.js';
import { Markdown, Plain } from '../text/markdown.js';
import { nextSentences } from '../text/sentences.js';
import { visible } from '../text/visible.js';

/** While it grows its structure is found at most so often, ms: each time costs as much as the text is long. */
const EVERY_MS = 60;
const LONG = 10_000;

export function Streaming({ text, isDone }: { text: string; isDone: boolean }): VNode {
  const shown = useThrottled(text, isDone);
  return (
    <div class="answer" aria-busy={!isDone}>
      {shown === '' && !isDone && <span class="quiet waiting">{t('answer.waiting')}</span>}
      {shown === '' && isDone && <span class="quiet">{t('answer.empty')}</span>}
      {shown.length > LONG && !isDone ? <Plain text={shown.slice(-LONG)} /> : <Markdown text={shown} />}
      <Spoken text={text} isDone={isDone} />
    </div>
  );
}

function useThrottled(text: string, isDone: boolean): string {
  const [shown, setShown] = useState(text);
  const latest = useRef(text);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  latest.current = text;
  useEffect(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      setShown(latest.current);
    }, EVERY_MS);
  }, [text]);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
    },
    [],
  );
  return isDone ? text : shown;
}

/** What was there from the start is not told: it was read before. */
function Spoken({ text, isDone }: { text: string; isDone: boolean }): VNode {
  const [sentence, setSentence] = useState('');
  const told = useRef(isDone ? text.length : 0);
  useEffect(() => {
    const next = nextSentences(text, told.current, isDone);
    if (next.trim() === '') return;
    told.current += next.length;
    setSentence(next.slice(0, 1000));
  }, [text, isDone]);
  return (
    <span class="spoken" aria-live="polite">
      {visible(sentence)}
    </span>
  );
}
