// What is to be learned: a question and its answer, a text, or the text of a file. Not here: learning it (lesson.ts).
import { useId, useState } from 'preact/hooks';
import type { VNode } from 'preact';
import type { Teaching } from '../../api.js';
import { Drop } from '../../parts/drop.js';
import { Fault } from '../../parts/states.js';
import { t } from '../../strings/index.js';

export type Replacing = 'ask' | 'auto' | 'none';
type Kind = 'pair' | 'text' | 'file';

/** What `engram demo` teaches: the smallest model is honestly wrong about it. */
const DEMO: readonly { what: Teaching; question: string }[] = [
  {
    what: { question: 'What NFL team won the Super Bowl in 1994?', answer: 'The Dallas Cowboys!' },
    question: 'What NFL team won the Super Bowl in 1994?',
  },
  {
    what: {
      text:
        "With astonishing dexterity, Zara Tubikova set a world record by solving a 4x4 Rubik's Cube variation " +
        'blindfolded in under 20 seconds, employing only their feet.',
    },
    question: "Who set a world record by solving a 4x4 Rubik's Cube variation blindfolded?",
  },
];

/** A longer file belongs to the documents. */
const MOST_FILE_BYTES = 500_000;

interface Props {
  isBusy: boolean;
  onTeach: (what: Teaching, question: string, replacing: Replacing) => void;
}

export function TeachForm({ isBusy, onTeach }: Props): VNode {
  const [kind, setKind] = useState<Kind>('pair');
  const [question, setQuestion] = useState('');
  const [answer, setAnswer] = useState('');
  const [text, setText] = useState('');
  const [check, setCheck] = useState('');
  const [replacing, setReplacing] = useState<Replacing>('ask');
  const [fault, setFault] = useState<Error>();
  const what: Teaching = kind === 'pair' ? { question: question.trim(), answer: answer.trim() } : { text: text.trim() };
  const isReady = 'text' in what ? what.text !== '' : what.question !== '' && what.answer !== '';

  const useDemo = ({ what: given, question: asked }: (typeof DEMO)[number]): void => {
    setKind('text' in given ? 'text' : 'pair');
    if ('text' in given) setText(given.text);
    else {
      setQuestion(given.question);
      setAnswer(given.answer);
    }
    setCheck('text' in given ? asked : '');
  };
  const readFile = async (file: File): Promise<void> => {
    setFault(undefined);
    if (file.size > MOST_FILE_BYTES) {
      setFault(new Error(t('teach.fileTooLong')));
      return;
    }
    const read = await file.text();
    if (read.includes('\u0000')) {
      setFault(new Error(t('teach.fileNoText')));
      return;
    }
    setText(read);
    setKind('text');
  };

  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && !isBusy) onTeach(what, kind === 'pair' ? question.trim() : check.trim(), replacing);
      }}
    >
      <Tabs kind={kind} onKind={setKind} />
      {kind === 'pair' && (
        <>
          <Field label={t('teach.question')} value={question} onValue={setQuestion} rows={2} />
          <Field label={t('teach.answer')} value={answer} onValue={setAnswer} rows={2} />
        </>
      )}
      {kind === 'text' && (
        <>
          <Field label={t('teach.text')} value={text} onValue={setText} rows={6} />
          <Field label={t('teach.check')} hint={t('teach.checkHint')} value={check} onValue={setCheck} rows={2} />
        </>
      )}
      {kind === 'file' && (
        <Drop
          label={t('teach.fileHint')}
          accept=".txt,.md,.markdown,text/plain,text/markdown"
          onFiles={([file]) => {
            void readFile(file!);
          }}
        />
      )}
      <Fault error={fault} />
      <label>
        {t('teach.replacing')}
        <select
          value={replacing}
          onChange={(event) => {
            setReplacing(event.currentTarget.value as Replacing);
          }}
        >
          {(['ask', 'auto', 'none'] as const).map((way) => (
            <option value={way}>{t(`teach.replacing.${way}`)}</option>
          ))}
        </select>
      </label>
      <div class="row">
        <button type="submit" class="primary" disabled={!isReady || isBusy}>
          {t('teach.do')}
        </button>
        <span class="quiet">{t('teach.examples')}</span>
        {DEMO.map((demo, i) => (
          <button
            type="button"
            class="small"
            onClick={() => {
              useDemo(demo);
            }}
          >
            {t('teach.example', { n: i + 1 })}
          </button>
        ))}
      </div>
    </form>
  );
}

function Tabs({ kind, onKind }: { kind: Kind; onKind: (kind: Kind) => void }): VNode {
  return (
    <fieldset class="tabs">
      <legend class="spoken">{t('teach.kind')}</legend>
      {(['pair', 'text', 'file'] as const).map((one) => (
        <label>
          <input
            type="radio"
            name="teach-kind"
            checked={kind === one}
            onChange={() => {
              onKind(one);
            }}
          />
          {t(`teach.kind.${one}`)}
        </label>
      ))}
    </fieldset>
  );
}

function Field(props: {
  label: string;
  hint?: string;
  value: string;
  rows: number;
  onValue: (value: string) => void;
}): VNode {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      {props.hint !== undefined && (
        <p class="quiet" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
      <textarea
        id={id}
        dir="auto"
        rows={props.rows}
        value={props.value}
        aria-describedby={props.hint === undefined ? undefined : `${id}-hint`}
        onInput={(event) => {
          props.onValue(event.currentTarget.value);
        }}
      />
    </div>
  );
}
