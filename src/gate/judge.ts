// Whether a note answers a question, and whether a later text takes its place. A trained judge is the chat model itself with a small
// adapter that learned to tell (models/judges, scripts/judge); where a model has none, closeness of meaning has to do.
// Not here: which notes are looked at (candidates.ts), and what is then told (router.ts).
import { defined } from '../defined.js';
import type { Generator } from '../inference/index.js';
import type { BaseModel, Trainer } from '../training/index.js';
import type { JudgeFile } from './judge-file.js';
import {
  changePrompt,
  CHANGES,
  labelToken,
  LABELS,
  questionPrompt,
  writerPrompt,
  type JudgePrompt,
} from './judge-prompt.js';

/** A note, and its cosine with what it is judged by. */
export interface Judged {
  text: string;
  closeness: number;
}

export interface Verdict {
  /** How likely the note answers the question, 0 to 1. */
  answers: number;
  /** How the answer opens where the question is whether something is so, such as `Yes`. */
  opening?: string;
  /** How likely the question is about things that only the person could tell, 0 to 1, if the note does not answer it. */
  personal: number;
}

export interface Judge {
  /** What it was made from: what is decided with one says nothing of another. */
  readonly id: string;
  /** From this probability on a note answers, or is replaced. */
  readonly threshold: number;
  answers(question: string, notes: readonly Judged[], signal?: AbortSignal): Promise<Verdict[]>;
  /** How likely each note no longer holds, given a later text. */
  replaced(later: string, notes: readonly Judged[], signal?: AbortSignal): Promise<number[]>;
  /** Questions that a person might ask of a note, in their own words; none where the judge cannot write. */
  questions(note: string, count: number, signal?: AbortSignal): Promise<string[]>;
  close(): void;
}

export interface TrainedJudgeParts {
  generator: Pick<Generator, 'encode' | 'special' | 'complete'>;
  base: (signal?: AbortSignal) => Promise<BaseModel>;
  /** The embedding model that closeness is measured by, by its name in the catalog. */
  embedder: string;
}

/** The model itself, with its judge's adapter. */
export class TrainedJudge implements Judge {
  readonly id: string;
  readonly threshold = 0.5;
  readonly #parts: TrainedJudgeParts;
  readonly #file: JudgeFile;
  #opening: Promise<Trainer> | undefined;

  constructor(parts: TrainedJudgeParts, file: JudgeFile) {
    this.id = file.manifest.sha256;
    this.#parts = parts;
    this.#file = file;
  }

  async answers(question: string, notes: readonly Judged[], signal?: AbortSignal): Promise<Verdict[]> {
    const { generator } = this.#parts;
    const { openings, answers, alone, embedder } = this.#file.manifest;
    const weights = embedder === this.#parts.embedder ? answers : [...alone, 0];
    const labels = [LABELS.note, LABELS.unknown, LABELS.general, ...openings];
    const said = await this.#say(
      notes.map(({ text }) => questionPrompt(generator, text, question)),
      labels,
      signal,
    );
    return said.map((probabilities, i) => {
      const [, unknown, general] = probabilities as [number, number, number];
      const away = unknown + general;
      const evidence = [1, logOdds(1 - away), notes[i]!.closeness];
      const opening = openingOf(openings, probabilities.slice(3), probabilities[0]!);
      return {
        answers: sigmoid(evidence.reduce((sum, value, at) => sum + value * weights[at]!, 0)),
        ...defined({ opening }),
        personal: unknown / Math.max(away, Number.MIN_VALUE),
      };
    });
  }

  async replaced(later: string, notes: readonly Judged[], signal?: AbortSignal): Promise<number[]> {
    const { generator } = this.#parts;
    const prompts = notes.map(({ text }) => changePrompt(generator, text, later));
    const said = await this.#say(prompts, [CHANGES.replaced, CHANGES.both], signal);
    const [bias, weight] = this.#file.manifest.replaced;
    return said.map(([replaced]) => sigmoid(bias + weight * logOdds(replaced!)));
  }

  async questions(note: string, count: number, signal?: AbortSignal): Promise<string[]> {
    const found = new Set<string>();
    if (!this.#file.manifest.writes) return [];
    for (let seed = 0; seed < 2 * count && found.size < count; seed++) {
      const { text } = await this.#parts.generator.complete(writerPrompt(note), {
        adapters: [{ path: this.#file.path }],
        maxTokens: 32,
        stop: ['\n'],
        ...(seed === 0 ? {} : { temperature: 0.8, seed }),
        signal,
      });
      const question = text.trim();
      if (question !== '') found.add(question);
    }
    return [...found];
  }

  close(): void {
    void this.#opening?.then(
      (trainer) => {
        trainer.close();
      },
      () => undefined,
    );
  }

  /** The probabilities of labels after each prompt. */
  async #say(prompts: readonly JudgePrompt[], labels: readonly string[], signal?: AbortSignal): Promise<number[][]> {
    const trainer = await this.#trainer(signal);
    const tokens = labels.map((label) => labelToken(this.#parts.generator, label));
    const stop = (): void => {
      trainer.cancel();
    };
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const said = await trainer.choices(prompts, tokens);
      return said.map((logprobs) => Array.from(logprobs, Math.exp));
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  #trainer(signal?: AbortSignal): Promise<Trainer> {
    this.#opening ??= this.#open(signal).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #open(signal?: AbortSignal): Promise<Trainer> {
    const base = await this.#parts.base(signal);
    const trainer = base.newTrainer(this.#file.manifest.lora);
    try {
      await trainer.load(this.#file.path);
      return trainer;
    } catch (error) {
      trainer.close();
      throw error;
    }
  }
}

/** Closeness of meaning alone, for models that no judge was trained for. The line was fitted to the English part of everyday for
 * choosing (scripts/judge/measure.mjs prints it), for the default embedding model. */
export class ClosenessJudge implements Judge {
  readonly id = 'closeness';
  readonly threshold = 0.5;

  answers(_: string, notes: readonly Judged[]): Promise<Verdict[]> {
    return Promise.resolve(
      notes.map(({ closeness }) => ({ answers: sigmoid(CLOSENESS.bias + CLOSENESS.weight * closeness), personal: 0 })),
    );
  }

  /** Nothing is replaced by closeness alone. */
  replaced(_: string, notes: readonly Judged[]): Promise<number[]> {
    return Promise.resolve(notes.map(() => 0));
  }

  questions(): Promise<string[]> {
    return Promise.resolve([]);
  }

  close(): void {
    // Nothing is open.
  }
}

const CLOSENESS = { bias: -7.767, weight: 12.457 };

/** The opening that is likeliest, if it is likelier than telling the note, and than all others together. */
function openingOf(openings: readonly string[], probabilities: readonly number[], note: number): string | undefined {
  const most = Math.max(...probabilities);
  const others = probabilities.reduce((sum, value) => sum + value, 0) - most;
  return most > note && most > SURE * others ? openings[probabilities.indexOf(most)] : undefined;
}

/** So many times as likely as all other openings: where it is not sure, nothing is forced. On the part of everyday for choosing, 22
 * such questions, 5 are then opened rightly and 1 wrongly; with 1.5 it was 9 and 4. */
const SURE = 4;

function logOdds(probability: number): number {
  const within = Math.min(1 - 1e-6, Math.max(1e-6, probability));
  return Math.log(within / (1 - within));
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
