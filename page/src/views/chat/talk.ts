// The conversation of this window and the answers that are under way, wherever the reader goes meanwhile. Not here: how it looks.
import { chat, type ChatAnswer } from '../../api.js';
import { keep, kept } from '../../kept.js';
import { told } from '../../parts/states.js';
import { createStore } from '../../store.js';
import { add, EMPTY, messagesTo, parseTree, update, type Said, type Tree } from './tree.js';

/** Longer ones are not kept over a reload: browsers give 5 MB. */
const MOST_KEPT = 2_000_000;

export const treeStore = createStore<Tree>(parseTree(kept('chat', 'session')));

/** The same question by the model alone, beside an answer. */
export interface Bare {
  text: string;
  isDone: boolean;
  error?: unknown;
}

export const bareStore = createStore<Readonly<Record<number, Bare>>>({});

let control: AbortController | undefined;

treeStore.subscribe(() => {
  const text = JSON.stringify(treeStore.get());
  if (control === undefined && text.length <= MOST_KEPT) keep('chat', text, 'session');
});

export function isAnswering(tree: Tree): boolean {
  return tree.turns.some(({ state }) => state === 'running');
}

/** Asks below `parent`: the tip, or what stood before a question that was edited. */
export function say(text: string, parent: number | undefined, model: string): Promise<void> {
  const asked = add(treeStore.get(), { parent, role: 'user', text });
  treeStore.set(asked.tree);
  return answer(asked.id, model);
}

/** Another answer to the same question. */
export function again(turn: Said, model: string): Promise<void> {
  return turn.parent === undefined ? Promise.resolve() : answer(turn.parent, model);
}

export function stop(): void {
  control?.abort();
}

export function startAnew(): void {
  control?.abort();
  bareStore.set({});
  treeStore.set(EMPTY);
}

async function answer(question: number, model: string): Promise<void> {
  if (control !== undefined) return;
  const own = new AbortController();
  control = own;
  const { tree, id } = add(treeStore.get(), { parent: question, role: 'assistant', text: '', model, state: 'running' });
  treeStore.set(tree);
  const change = (part: Partial<Said>): void => {
    // A new conversation has begun: there is nothing to change in it.
    if (treeStore.get().turns[id]?.parent === question) treeStore.set(update(treeStore.get(), id, part));
  };
  const end = await chat({
    ...{ model, messages: messagesTo(tree, question), signal: own.signal },
    onText: (text) => {
      change({ text });
    },
  }).then(
    (given: ChatAnswer): Partial<Said> => ({ answer: given, text: given.text, state: 'done' }),
    (error: unknown): Partial<Said> =>
      own.signal.aborted ? { state: 'stopped' } : { state: 'failed', error: told(error) },
  );
  control = undefined;
  change(end);
}

/** Asks what an answer was given to without memories and documents. */
export async function compare(turn: Said): Promise<void> {
  const { id, parent, model } = turn;
  if (parent === undefined || model === undefined) return;
  const show = (bare: Bare): void => {
    bareStore.set({ ...bareStore.get(), [id]: bare });
  };
  show({ text: '', isDone: false });
  await chat({
    ...{ model, messages: messagesTo(treeStore.get(), parent), memories: false },
    onText: (text) => {
      show({ text, isDone: false });
    },
  }).then(
    ({ text }) => {
      show({ text, isDone: true });
    },
    (error: unknown) => {
      show({ text: '', isDone: true, error });
    },
  );
}
