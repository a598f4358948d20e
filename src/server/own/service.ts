// What can be done with brains over the server: remember, recall, ask, list, forget, undo, search, documents. Routes and MCP tools
// are two ways to it. Not here: HTTP (routes.ts), MCP (mcp/tools.ts).
import { createHash } from 'node:crypto';
import { checkName } from '../../config.js';
import { EngramError } from '../../errors.js';
import type { AskOptions, FoundPassage, Memory, MemoryInput } from '../../index.js';
import { giveAnswer, groundsOf, type Answerer } from '../answer.js';
import { invalid, notFound } from '../errors.js';
import type { Caller } from '../keys.js';
import { shownName } from '../shown-name.js';
import type { FileStore } from '../openai/index.js';
import { Records } from '../records.js';
import { OwnJobs } from './jobs.js';
import type {
  AnswerView,
  BrainView,
  DocumentView,
  HistoryView,
  JobView,
  MemoryView,
  PassageView,
  RecalledView,
  RememberInput,
} from './schemas.js';

/** Who asks, and for how long. */
export interface Who {
  caller: Caller;
  signal: AbortSignal;
}

/** Who taught a memory. */
interface Taught {
  id: string;
  created_at: number;
  brain: string;
  memory: string;
  key: string;
  told?: string;
}

type Onward = (view: JobView) => void;

export class BrainService {
  readonly jobs: OwnJobs;
  readonly #answerer: Answerer;
  readonly #files: FileStore;
  readonly #taught: Records<Taught>;

  constructor(answerer: Answerer, files: FileStore) {
    this.#answerer = answerer;
    this.#files = files;
    this.jobs = new OwnJobs(answerer.context);
    this.#taught = new Records(answerer.context.engine.home, 'taught', 'by_');
  }

  get #engine() {
    return this.#answerer.context.engine;
  }

  async brains(): Promise<BrainView[]> {
    const { settings } = this.#engine;
    const names = [...new Set([settings.brain, ...(await this.#engine.brainNames())])];
    return Promise.all(
      names.map(async (name) => {
        const held = await this.#engine.summaryOf(name);
        const model = shownName(held?.model ?? settings.model);
        return {
          ...{ name, model, memories: held?.memories ?? 0 },
          documents: (await this.#engine.within(name, ({ documents }) => documents.list())).length,
          loaded: this.#engine.loaded().some(({ brain }) => brain === name),
        };
      }),
    );
  }

  /** Newest first. `query`: words that have to be in the text. */
  async memories(
    brain: string,
    { state, query }: { state?: string | undefined; query?: string | undefined } = {},
  ): Promise<MemoryView[]> {
    const name = this.sound(brain);
    const all = await this.#held(name);
    const words = (query ?? '')
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    const taught = await this.#taughtIn(name);
    return all
      .filter(
        (memory) =>
          (state === undefined || memory.state === state) &&
          words.every((word) => memory.text.toLowerCase().includes(word)),
      )
      .map((memory) => shownMemory(memory, taught.get(memory.id)))
      .reverse();
  }

  /** By its id alone, with the receipt of its learning. Throws 404. */
  async memory(brain: string, id: string): Promise<MemoryView> {
    const found = (await this.memories(brain)).find((memory) => memory.id === id);
    if (found === undefined) throw notFound(`There is no memory ${JSON.stringify(id.slice(0, 64))}.`);
    const held = await this.#held(this.sound(brain));
    const receipt = held.find((memory) => memory.id === id)?.receipt;
    return receipt === undefined ? found : { ...found, receipt };
  }

  async history(brain: string, id?: string): Promise<HistoryView[]> {
    if (id !== undefined) await this.memory(brain, id);
    const name = this.sound(brain);
    if ((await this.#engine.summaryOf(name)) === undefined) return [];
    const events = await this.#engine.within(name, ({ memories }) => memories.history(id));
    return events.map(({ id: number, time, kind, memoryId }) => ({ id: number, time, kind, memoryId }));
  }

  remember(
    brain: string,
    input: RememberInput,
    { caller, signal }: { caller: Caller; signal?: AbortSignal },
    onChange?: Onward,
  ) {
    const name = this.sound(brain);
    const { replaces, source } = input;
    return this.jobs.start({ kind: 'remember', brain: name }, { caller, signal, onChange }, async (hooks) => {
      const model = await this.#engine.modelOf(name);
      const receipt = await this.#engine.use({ model, brain: name }, hooks.signal, (opened) =>
        opened.memories.add(memoryOf(input), {
          signal: hooks.signal,
          onProgress: (progress) => {
            hooks.onProgress({ ...progress });
          },
          ...(replaces === undefined || replaces === 'auto' ? {} : { replaces: replaces === 'none' ? [] : replaces }),
        }),
      );
      if (receipt.committed) await this.noteTeacher(name, receipt.id, caller, source);
      return receipt;
    });
  }

  /** At once: its adapter is deleted. By id alone. */
  async forget(brain: string, id: string, who: Who, probe = false): Promise<MemoryView> {
    const name = this.sound(brain);
    const before = await this.memory(name, id);
    const model = await this.#engine.modelOf(name);
    const memory = await this.#engine.use({ model, brain: name }, who.signal, (opened) =>
      opened.memories.forget(id, { probe, signal: who.signal }),
    );
    this.#answerer.context.events.emit({ type: 'memory.forgotten', brain: name, memory: id });
    return { ...before, state: memory.state, ...(memory.proof === undefined ? {} : { proof: memory.proof }) };
  }

  /** By ids or texts: all of them, or none. */
  async forgetAll(brain: string, named: readonly string[]): Promise<readonly Memory[]> {
    const name = this.sound(brain);
    const forgotten = await this.#engine.inBrain(name, ({ memories }) => memories.forgetAll(named));
    const { events } = this.#answerer.context;
    for (const { id } of forgotten) events.emit({ type: 'memory.forgotten', brain: name, memory: id });
    return forgotten;
  }

  /** Takes back the last change, that of one memory, or all that one source taught. */
  undo(
    brain: string,
    { memory, source }: { memory?: string | undefined; source?: string | undefined },
    { caller, signal }: { caller: Caller; signal?: AbortSignal },
    onChange?: Onward,
  ) {
    const name = this.sound(brain);
    return this.jobs.start({ kind: 'undo', brain: name }, { caller, signal, onChange }, async (hooks) => {
      const model = await this.#engine.modelOf(name);
      if (source === undefined) {
        if (memory !== undefined) await this.memory(name, memory);
        const undone = await this.#engine.use({ model, brain: name }, hooks.signal, (opened) =>
          opened.memories.undo(memory, { signal: hooks.signal }),
        );
        return undone.map((one) => ({ id: one.memory.id, state: one.memory.state }));
      }
      const held = (await this.memories(name, { state: 'remembered' })).filter(
        (one) => one.source?.key === source || one.source?.told === source,
      );
      if (held.length === 0)
        throw new EngramError('not_found', `Nothing that is remembered was taught by "${source}".`);
      for (const { id } of held)
        await this.#engine.use({ model, brain: name }, hooks.signal, (opened) => opened.memories.forget(id));
      return held.map(({ id }) => ({ id, state: 'forgotten' }));
    });
  }

  async recall(brain: string, query: string, k: number, { caller, signal }: Who): Promise<RecalledView[]> {
    const name = this.sound(brain);
    const model = await this.#engine.modelOf(name);
    const found = await this.#answerer.context.answers.run({ caller: caller.id, signal }, () =>
      this.#engine.use({ model, brain: name }, signal, (opened) => opened.memories.recall(query, { k, signal })),
    );
    return found.map((one) =>
      one.kind === 'memory'
        ? { kind: 'memory', relevance: one.relevance, id: one.memory.id, text: one.memory.text }
        : {
            kind: 'passage',
            relevance: one.relevance,
            id: documentId(one.passage.source),
            text: one.passage.text,
            place: one.passage.place,
          },
    );
  }

  async ask(
    brain: string,
    question: string,
    options: Pick<AskOptions, 'memories' | 'passages' | 'unknown' | 'maxTokens'>,
    who: Who,
  ): Promise<AnswerView> {
    const asking = { model: `brain:${this.sound(brain)}`, messages: [{ role: 'user' as const, content: question }] };
    const answered = await giveAnswer(this.#answerer, who, { ...asking, options: { unknown: 'say', ...options } });
    return { answer: answered.answer, ...groundsOf(answered) } as AnswerView;
  }

  /** How much likelier each memory and passage made an answer. Of passages the place, never the path. */
  async explain(brain: string, question: string, answer: string | undefined, { caller, signal }: Who): Promise<object> {
    const name = this.sound(brain);
    const model = await this.#engine.modelOf(name);
    const { influences, ...explained } = await this.#answerer.context.answers.run({ caller: caller.id, signal }, () =>
      this.#engine.use({ model, brain: name }, signal, (opened) =>
        opened.memories.explain(question, { answer, signal }),
      ),
    );
    return {
      ...explained,
      influences: influences.map((one) =>
        one.kind === 'passage' ? { ...one, passage: { place: one.passage.place, text: one.passage.text } } : one,
      ),
    };
  }

  async search(brain: string, query: string, k: number, { signal }: Who): Promise<PassageView[]> {
    const found = await this.#engine.within(this.sound(brain), ({ documents }) =>
      documents.search(query, { k, signal }),
    );
    const names = await this.#uploadedNames();
    return found.map((passage) => shownPassage(passage, names.get(passage.source)));
  }

  async documents(brain: string): Promise<DocumentView[]> {
    const all = await this.#engine.within(this.sound(brain), ({ documents }) => documents.list());
    const names = await this.#uploadedNames();
    return all.map(({ path, title, kind, bytes, passages, skipped }) => ({
      ...{ id: documentId(path), title: title ?? names.get(path) ?? nameOfPath(path), bytes, passages },
      ...(kind === undefined ? {} : { kind }),
      ...(skipped === undefined ? {} : { skipped: skipped.reason }),
    }));
  }

  /** The passages of one document, in their order, as one text. */
  async document(brain: string, id: string, { signal }: Who): Promise<DocumentView & { text: string }> {
    const name = this.sound(brain);
    const found = (await this.documents(name)).find((document) => document.id === id);
    if (found === undefined) throw notFound(`There is no document ${JSON.stringify(id.slice(0, 64))}.`);
    const path = await this.#pathOf(name, id);
    const passages = await this.#engine.within(name, ({ documents }) =>
      documents.search(found.title, { k: 200, sources: [path], signal }),
    );
    const inOrder = passages.filter(({ source }) => source === path).sort((a, b) => a.start - b.start);
    return { ...found, text: inOrder.map(({ text }) => text).join('\n\n') };
  }

  /** An uploaded file becomes a document of the brain. */
  ingest(brain: string, file: string, { caller, signal }: { caller: Caller; signal?: AbortSignal }, onChange?: Onward) {
    const name = this.sound(brain);
    return this.jobs.start({ kind: 'ingest', brain: name }, { caller, signal, onChange }, async (hooks) => {
      const path = this.#files.pathOf(await this.#files.records.find(file, 'file'));
      const report = await this.#engine.within(name, ({ documents }) =>
        documents.ingest([path], {
          signal: hooks.signal,
          onProgress: ({ phase, ...rest }) => {
            hooks.onProgress({ phase, ...('path' in rest ? { done: rest.done, of: rest.of } : rest) });
          },
        }),
      );
      const { documents, passages, embedded, seconds, skipped } = report;
      return {
        id: documentId(path),
        documents,
        passages,
        embedded,
        seconds,
        skipped: skipped.map(({ code, reason }) => ({ code, reason })),
      };
    });
  }

  async removeDocument(brain: string, id: string): Promise<void> {
    const name = this.sound(brain);
    const path = await this.#pathOf(name, id);
    await this.#engine.within(name, ({ documents }) => documents.remove(path));
  }

  /** What was uploaded lies under a name of ours; people know it by theirs. */
  async #uploadedNames(): Promise<Map<string, string>> {
    return new Map((await this.#files.records.list()).map((file) => [this.#files.pathOf(file), file.filename]));
  }

  async #pathOf(brain: string, id: string): Promise<string> {
    const all = await this.#engine.within(brain, ({ documents }) => documents.list());
    const found = all.find(({ path }) => documentId(path) === id);
    if (found === undefined) throw notFound(`There is no document ${JSON.stringify(id.slice(0, 64))}.`);
    return found.path;
  }

  /** All of it, forgotten memories too. */
  #held(brain: string): Promise<readonly Memory[]> {
    return this.#engine.within(brain, ({ memories }) => memories.list({ all: true }));
  }

  /** A name of a brain. Throws 400. */
  sound(brain: string): string {
    try {
      return checkName(brain, 'the brain');
    } catch {
      throw invalid(`${JSON.stringify(brain.slice(0, 64))} is no name of a brain.`, 'brain');
    }
  }

  async noteTeacher(brain: string, memory: string, caller: Caller, told?: string): Promise<void> {
    const id = `by_${createHash('sha256').update(`${brain}\0${memory}`).digest('hex').slice(0, 24)}`;
    const created_at = Math.floor(Date.now() / 1000);
    await this.#taught.put({
      id,
      created_at,
      brain,
      memory,
      key: caller.name,
      ...(told === undefined ? {} : { told }),
    });
  }

  async #taughtIn(brain: string): Promise<Map<string, Taught>> {
    return new Map((await this.#taught.list()).filter((one) => one.brain === brain).map((one) => [one.memory, one]));
  }
}

function memoryOf({ text, question, answer, subject, relation, object }: RememberInput): MemoryInput {
  if (text !== undefined) return text;
  if (question !== undefined) return { question, answer: answer! };
  return { subject: subject!, relation: relation!, object: object! };
}

function shownMemory(
  { id, text, question, answer, createdAt, state, damaged }: Memory,
  taught: Taught | undefined,
): MemoryView {
  return {
    ...{ id, text, createdAt, state },
    ...(question === undefined ? {} : { question }),
    ...(answer === undefined ? {} : { answer }),
    ...(damaged === undefined ? {} : { damaged }),
    ...(taught === undefined
      ? {}
      : { source: { key: taught.key, ...(taught.told === undefined ? {} : { told: taught.told }) } }),
  };
}

/** Where a document lies is nobody's matter: its id is a hash of that. */
const documentId = (path: string): string => `doc-${createHash('sha256').update(path).digest('hex').slice(0, 16)}`;
const nameOfPath = (path: string): string => path.replace(/^.*[\\/]/, '');

function shownPassage(
  { source, title, place, text, relevance, score }: FoundPassage,
  uploaded: string | undefined,
): PassageView {
  const named = uploaded === undefined ? place : place.replace(nameOfPath(source), () => uploaded);
  return {
    ...{ id: documentId(source), title: title ?? uploaded ?? nameOfPath(source), place: named },
    ...{ text, score: relevance ?? score },
  };
}
