// Starting a training: a JSONL is dropped, its rows and what is trained of them are shown, then it is sent.
import { useState } from 'preact/hooks';
import type { VNode } from 'preact';
import { models, startTuning } from '../../api.js';
import { Drop } from '../../parts/drop.js';
import { Fault, Progress } from '../../parts/states.js';
import { useAction, useResource } from '../../store.js';
import { t } from '../../strings/index.js';
import { clip, visible } from '../../text/visible.js';
import { preview, type Preview, type Row } from './rows.js';

/** So much of a large file is read for the preview. */
const READ_BYTES = 2_000_000;
const FAULTS_SHOWN = 10;

export function StartTraining({ onStart }: { onStart: (id: string) => void }): VNode {
  const [chosen, setChosen] = useState<{ file: File; preview: Preview; isWhole: boolean }>();
  const [name, setName] = useState('');
  const [epochs, setEpochs] = useState('');
  const [base, setBase] = useState<string>();
  const cards = useResource((signal) => models(signal), []);
  const bases = (cards.value ?? []).filter(({ engram }) => engram.kind === 'base');
  const model = base ?? bases[0]?.id;
  const start = useAction(async () => {
    const suffix = name.trim();
    const job = await startTuning(chosen!.file, model!, {
      ...(suffix === '' ? {} : { suffix }),
      ...(epochs === '' ? {} : { epochs: Number(epochs) }),
    });
    setChosen(undefined);
    onStart(job.id);
  });
  const read = async (file: File): Promise<void> => {
    const isWhole = file.size <= READ_BYTES;
    const text = await file.slice(0, READ_BYTES).text();
    // The last line of a part is a part of a line.
    setChosen({ file, isWhole, preview: preview(isWhole ? text : text.slice(0, text.lastIndexOf('\n'))) });
  };
  return (
    <section class="stack">
      <h2>{t('training.start')}</h2>
      <Drop label={t('training.drop')} accept=".jsonl,.json,application/jsonl" onFiles={([file]) => void read(file!)} />
      {chosen !== undefined && (
        <>
          <p role="status">
            <strong dir="auto">{visible(chosen.file.name)}</strong>{' '}
            {t(chosen.isWhole ? 'training.rows' : 'training.rowsOfPart', { count: chosen.preview.count })}
          </p>
          <Faults preview={chosen.preview} />
          <Rows rows={chosen.preview.rows} />
          <div class="row">
            <label>
              {t('training.model')}
              <select
                value={model}
                onChange={(event) => {
                  setBase(event.currentTarget.value);
                }}
              >
                {bases.map(({ id }) => (
                  <option value={id}>{id}</option>
                ))}
              </select>
            </label>
            <label>
              {t('training.name')}
              <input
                value={name}
                maxLength={40}
                onInput={(event) => {
                  setName(event.currentTarget.value);
                }}
              />
            </label>
            <label>
              {t('training.epochs')}
              <input
                type="number"
                min={1}
                max={100}
                value={epochs}
                placeholder="auto"
                onInput={(event) => {
                  setEpochs(event.currentTarget.value);
                }}
              />
            </label>
            <button
              type="button"
              class="primary"
              disabled={
                start.isRunning || model === undefined || chosen.preview.faults.length > 0 || chosen.preview.count === 0
              }
              onClick={() => {
                start.run();
              }}
            >
              {t('training.do')}
            </button>
          </div>
        </>
      )}
      {start.isRunning && <Progress label={t('training.sending')} />}
      <Fault error={start.error ?? cards.error} />
    </section>
  );
}

function Faults({ preview: { faults, count } }: { preview: Preview }): VNode | null {
  if (count === 0) return <p class="fault">{t('training.noRows')}</p>;
  if (faults.length === 0) return null;
  return (
    <ul class="fault plainlist">
      {faults.slice(0, FAULTS_SHOWN).map(({ line, fault }) => (
        <li>{t(`training.fault.${fault}`, { line })}</li>
      ))}
      {faults.length > FAULTS_SHOWN && <li>{t('training.faults', { count: faults.length - FAULTS_SHOWN })}</li>}
    </ul>
  );
}

function Rows({ rows }: { rows: readonly Row[] }): VNode {
  return (
    <details open>
      <summary>{t('training.preview')}</summary>
      <p class="quiet">{t('training.mask')}</p>
      <ol class="cards">
        {rows.map((row) => (
          <li class="card">
            <span class="quiet">{t('training.line', { line: row.line })}</span>
            {row.pieces?.map(({ role, text, isTrained }) => (
              <p class={isTrained ? 'trained' : ''}>
                <span class="quiet">{visible(clip(role, 40).shown)}: </span>
                <span dir="auto">{visible(clip(text, 300).shown)}</span>
                {isTrained && <span class="spoken"> {t('training.trained')}</span>}
              </p>
            ))}
            {row.fault !== undefined && <p class="bad">{t(`training.fault.${row.fault}`, { line: row.line })}</p>}
          </li>
        ))}
      </ol>
    </details>
  );
}
