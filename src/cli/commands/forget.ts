// `engram forget`: takes memories back, then asks the model for them. Exits with 1 if one is told more often than the base model
// tells it.
import { EngramError } from '../../errors.js';
import type { ForgottenProof, Memory } from '../../index.js';
import type { Engine } from '../api.js';
import type { CommandSpec } from '../command.js';
import { confirm } from '../confirm.js';
import { excerpt } from '../format/index.js';
import { textOf } from '../input.js';
import type { Job } from '../job.js';
import { brainOf } from './memories.js';

export const forget: CommandSpec = {
  usage: 'forget [id-or-text...]',
  summary: 'take memories back, named by their ids or one by (a part of) its text',
  served: true,
  options: [
    ['--all', 'all of them'],
    ['--yes', 'do not ask whether --all is meant'],
    ['--no-probe', 'do not ask the model for them afterwards'],
  ],
  examples: ['engram forget m-3f9a2c', 'engram forget m-3f9a2c m-05bb1e', 'engram forget "Blue Heron"'],
  notes: ['`engram memories undo` brings back what was forgotten last.'],
  run: async (job, words, options) => {
    const isAll = options['all'] === true;
    if (isAll && words.length > 0) throw new EngramError('usage', 'Give either memories or --all.');
    const named = isAll ? [] : namesOf(await textOf(job, words, 'id or text'));
    const engine = await brainOf(job);
    const held = await engine.memories.list();
    if (isAll) await confirm(job, options['yes'] === true, `Forget all ${held.length} memories?`);
    const forgotten = await engine.memories.forgetAll(isAll ? held.map(({ id }) => id) : named);
    const proofs =
      options['probe'] === false || forgotten.length === 0 ? undefined : await prove(job, engine, forgotten);
    const receipts = forgotten.map((memory, i) => ({ ...memory, ...(proofs ? { proof: proofs[i] } : {}) }));
    for (const { id, text, proof } of receipts) {
      job.line(`Forgotten: ${id} (${excerpt(text)})${proof === undefined ? '' : `\n  ${proofLine(proof)}`}`);
    }
    if (receipts.length === 0) job.line('Nothing was remembered.');
    job.value(receipts.length === 1 && !isAll ? receipts[0] : receipts);
    return proofs?.some(({ recalled, base }) => recalled > base) === true ? 1 : undefined;
  },
};

/** Several ids, or one text. */
function namesOf(text: string): string[] {
  const names = text.split(/\s+/u);
  return names.every((name) => /^m-[0-9a-f]+$/.test(name)) ? names : [text];
}

/** Undefined where the model cannot be asked: what was forgotten is forgotten all the same. */
async function prove(job: Job, engine: Engine, forgotten: readonly Memory[]): Promise<ForgottenProof[] | undefined> {
  try {
    const proofs: ForgottenProof[] = [];
    for (const memory of forgotten) {
      const onProgress = ({ done, of }: { done: number; of: number }): void => {
        job.progress.show('Asking for it', `${done} of ${of}`, done / Math.max(1, of));
      };
      proofs.push(await engine.memories.prove(memory, { signal: job.signal, onProgress }));
    }
    job.progress.clear();
    return proofs;
  } catch (error) {
    if (!(error instanceof EngramError)) throw error;
    job.note(`Forgotten, but the model could not be asked about it: ${error.message}`);
    return undefined;
  }
}

function proofLine({ asked, recalled, base, toldBy }: ForgottenProof): string {
  const others = toldBy.length === 0 ? '' : `; still told by ${toldBy.join(', ')}`;
  return `asked in ${asked} wordings, told in ${recalled} (the base model alone: ${base})${others}`;
}
