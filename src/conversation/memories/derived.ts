// What a memory has made of the first exchanges of a conversation, kept beside it with a hash of them: where they are others
// now, it is made again. Not here: what it is.
import { createHash } from 'node:crypto';
import type { ChatLog } from './chat-log.js';
import type { Exchange } from './types.js';

export interface Made<T> {
  /** Exchanges that are in it. */
  upTo: number;
  value: T;
}

export class Derived<T> {
  /** `begin`: of no exchange. `isSound`: what is read from a file may be anything. */
  constructor(
    private readonly log: ChatLog,
    private readonly name: string,
    private readonly begin: () => T,
    private readonly isSound: (value: unknown) => value is T,
  ) {}

  async read(exchanges: readonly Exchange[]): Promise<Made<T>> {
    const note = (await this.log.readNote(this.name)) as Partial<Record<'upTo' | 'of' | 'value', unknown>> | null;
    const nothing = { upTo: 0, value: this.begin() };
    if (typeof note !== 'object' || note === null) return nothing;
    const { upTo, of, value } = note;
    if (!Number.isSafeInteger(upTo) || (upTo as number) < 0 || (upTo as number) > exchanges.length) return nothing;
    if (of !== hashOf(exchanges.slice(0, upTo as number)) || !this.isSound(value)) return nothing;
    return { upTo: upTo as number, value };
  }

  write(exchanges: readonly Exchange[], { upTo, value }: Made<T>): Promise<void> {
    return this.log.writeNote(this.name, { upTo, of: hashOf(exchanges.slice(0, upTo)), value });
  }
}

function hashOf(exchanges: readonly Exchange[]): string {
  const hash = createHash('sha256');
  for (const { human, ai } of exchanges) hash.update(JSON.stringify([human, ai]));
  return hash.digest('hex');
}
