// What was said of each person, place or thing, shown where the question names it, and beside it the last exchanges. Facts are
// sentences as they were said. Not here: who is named in a text (names.ts).
import { checkCount, HistoryMemory, type HistoryOptions } from './history-memory.js';
import { EngramError } from '../../errors.js';
import { Derived } from './derived.js';
import { textOf } from './keys.js';
import { aboutSpeakers, namesIn } from './names.js';
import { fitting } from './show.js';
import { areStatements, mostTelling, tellingOf, type Statement } from './telling.js';
import type { Exchange, LoadOptions, MemoryVariables, Values } from './types.js';

export interface EntityOptions extends HistoryOptions {
  /** Name of the variable with the last exchanges. Default `history`; memoryKey's default is `entities`. */
  chatHistoryKey?: string | undefined;
  /** Last exchanges shown, and looked at for whom the question means. Default 3. */
  k?: number | undefined;
  /** Tokens of facts that are shown of one entity, those first that share words with the question; eight times as many are
   * kept. Default 128. */
  entityTokens?: number | undefined;
}

/** So many times what is shown. */
const KEPT = 8;

/** By name, as it was first written. */
type Facts = Record<string, Statement[]>;

export class EntityMemory extends HistoryMemory {
  readonly chatHistoryKey: string;
  readonly k: number;
  readonly #entityTokens: number;
  readonly #kept: Derived<Facts>;

  constructor(options: EntityOptions = {}) {
    const { chatHistoryKey = 'history', memoryKey = 'entities', k = 3, entityTokens = 128 } = options;
    super({ ...options, memoryKey });
    if (chatHistoryKey === memoryKey) {
      throw new EngramError(
        'usage',
        `Expected two names for memoryKey and chatHistoryKey but received "${memoryKey}".`,
      );
    }
    this.chatHistoryKey = chatHistoryKey;
    this.k = checkCount('k', k, 0);
    this.#entityTokens = checkCount('entityTokens', entityTokens, 8);
    this.#kept = new Derived<Facts>(this.log, `${memoryKey}-entities`, () => ({}), isFacts);
  }

  override get memoryKeys(): readonly string[] {
    return [this.memoryKey, this.chatHistoryKey];
  }

  protected override async recall(
    exchanges: readonly Exchange[],
    inputs: Values,
    { share = 1 }: LoadOptions,
  ): Promise<MemoryVariables> {
    const question = Object.keys(inputs).length === 0 ? '' : textOf(inputs, this.inputKey, 'inputKey', this.memoryKeys);
    const { value: facts } = await this.#kept.read(exchanges);
    const room = await this.room(inputs, undefined, share / 2);
    const lines: string[] = [];
    let left = room;
    for (const name of this.#meant(question, exchanges, Object.keys(facts))) {
      const told = await mostTelling(facts[name]!, this.#entityTokens, this.countTokens, question);
      const line = `${name}: ${told.map(({ text }) => text).join(' ')}`;
      left -= await this.countTokens(`${line}\n`);
      if (left < 0) break;
      lines.push(line);
    }
    const last = this.k === 0 ? [] : exchanges.slice(-this.k).reverse();
    const history = (await fitting(last, room, this.prefixes, this.countTokens)).reverse();
    return { [this.memoryKey]: this.shown([], lines.join('\n')), [this.chatHistoryKey]: this.shown(history) };
  }

  protected override async learn(exchanges: readonly Exchange[]): Promise<void> {
    const { upTo, value } = await this.#kept.read(exchanges);
    if (upTo === exchanges.length) return;
    const facts = new Map(Object.entries(value));
    const known = new Map([...facts.keys()].map((name) => [name.toLowerCase(), name]));
    for (const exchange of exchanges.slice(upTo)) {
      for (const statement of tellingOf(exchange, this.prefixes)) {
        const { text, who } = statement;
        const names = [...namesIn(text, known.values()), ...aboutSpeakers(text, who, this.prefixes)];
        for (const name of new Set(names)) {
          const as = known.get(name.toLowerCase()) ?? name;
          known.set(as.toLowerCase(), as);
          const said = facts.get(as) ?? [];
          if (said.some((other) => other.text === text)) continue;
          facts.set(as, await this.#keeping([...said, statement]));
        }
      }
    }
    await this.#kept.write(exchanges, { upTo: exchanges.length, value: Object.fromEntries(facts) });
  }

  /** Chooses only where there are too many: most of the time nothing has to go. */
  async #keeping(said: readonly Statement[]): Promise<Statement[]> {
    const most = KEPT * this.#entityTokens;
    const tokens = await this.countTokens(said.map(({ who, text }) => `${who}: ${text}\n`).join(''));
    return tokens <= most ? [...said] : mostTelling(said, most, this.countTokens);
  }

  /** Who is named in the question or is its speaker; else who was in the last exchanges. */
  #meant(question: string, exchanges: readonly Exchange[], known: readonly string[]): string[] {
    const { humanPrefix } = this.prefixes;
    const of = (text: string, who: string): string[] => {
      const names = [...namesIn(text, known), ...aboutSpeakers(text, who, this.prefixes)];
      return [...new Set(names)].filter((name) => known.includes(name));
    };
    const named = of(question, humanPrefix);
    if (named.length > 0 || this.k === 0) return named;
    return of(
      exchanges
        .slice(-this.k)
        .flatMap(({ human, ai }) => [human, ai])
        .join('\n'),
      humanPrefix,
    );
  }
}

function isFacts(value: unknown): value is Facts {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(areStatements);
}
