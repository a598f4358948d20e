// A chain of named steps over one Engram. What a step returns becomes a part of the state under its name, typed, and every later
// step gets the state so far. Not here: what steps do (steps.ts).
import { performance } from 'node:perf_hooks';
import { AbortError, EngramError, throwIfCancelled } from '../errors.js';
import type { Engram } from '../index.js';

export interface StepContext {
  engram: Engram;
  signal?: AbortSignal | undefined;
}

export type Step<State, Value> = (state: State, context: StepContext) => Value | Promise<Value>;

export interface TraceEntry {
  step: string;
  value: unknown;
  seconds: number;
}

export interface RunOptions {
  /** Called after each step. */
  onStep?: ((entry: TraceEntry) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface NamedStep {
  name: string;
  run: Step<never, unknown>;
}

export class Chain<Input extends object, State extends Input> {
  readonly #engram: Engram;
  readonly #steps: readonly NamedStep[];

  constructor(engram: Engram, steps: readonly NamedStep[] = []) {
    this.#engram = engram;
    this.#steps = steps;
  }

  /** A longer chain; this one stays as it is. Throws `exists` for the name of an earlier step. */
  step<Name extends string, Value>(
    name: Name extends keyof State ? never : Name,
    run: Step<State, Value>,
  ): Chain<Input, State & Record<Name, Value>> {
    if (this.#steps.some((step) => step.name === name)) {
      throw new EngramError('exists', `The chain has a step "${name}" already.`);
    }
    return new Chain(this.#engram, [...this.#steps, { name, run }]);
  }

  /** Runs the steps in their order. What a step throws comes out as it is; details of an EngramError name the step. */
  async run(input: Input, { onStep, signal }: RunOptions = {}): Promise<State> {
    let state = { ...input } as Record<string, unknown>;
    for (const { name, run } of this.#steps) {
      throwIfCancelled(signal);
      const started = performance.now();
      const context = { engram: this.#engram, signal };
      let value: unknown;
      try {
        value = await run(state as never, context);
      } catch (error) {
        throw withStep(error, name);
      }
      state = { ...state, [name]: value };
      onStep?.({ step: name, value, seconds: (performance.now() - started) / 1000 });
    }
    throwIfCancelled(signal);
    return state as State;
  }
}

/** A chain without steps, whose state begins as what run() is given. */
export function chain<Input extends object>(engram: Engram): Chain<Input, Input> {
  return new Chain<Input, Input>(engram);
}

function withStep(error: unknown, step: string): unknown {
  if (!(error instanceof EngramError)) return error;
  const { code, message, hint, option } = error;
  const details = { ...error.details, step };
  if (error instanceof AbortError) return new AbortError(error.said, { cause: error, details });
  return new EngramError(code, message, { hint, option, cause: error, details });
}
