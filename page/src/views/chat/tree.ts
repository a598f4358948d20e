// A conversation with its branches: editing a question or asking again makes a sibling, and nothing is lost. Pure: every change
// gives a new tree. Not here: answering.
import type { ChatAnswer, Turn } from '../../api.js';

export interface Said {
  id: number;
  parent: number | undefined;
  role: 'user' | 'assistant';
  text: string;
  /** Of an assistant: by which model, and what it was told beside it. */
  model?: string;
  answer?: ChatAnswer;
  state?: 'running' | 'done' | 'stopped' | 'failed';
  error?: { message: string; hint?: string | undefined };
}

export interface Tree {
  turns: readonly Said[];
  /** The last turn of the branch that is shown. */
  tip: number | undefined;
}

export const EMPTY: Tree = { turns: [], tip: undefined };

/** Adds a turn below `parent` and shows its branch. */
export function add(tree: Tree, turn: Omit<Said, 'id'>): { tree: Tree; id: number } {
  const id = tree.turns.length;
  return { tree: { turns: [...tree.turns, { ...turn, id }], tip: id }, id };
}

export function update(tree: Tree, id: number, part: Partial<Said>): Tree {
  return { ...tree, turns: tree.turns.map((turn) => (turn.id === id ? { ...turn, ...part } : turn)) };
}

/** From the first turn to the tip. */
export function branch({ turns, tip }: Tree): Said[] {
  const path: Said[] = [];
  for (let at = tip; at !== undefined; at = turns[at]!.parent) path.unshift(turns[at]!);
  return path;
}

/** The turns in the place of this one, itself too, oldest first. */
export function siblings({ turns }: Tree, turn: Said): Said[] {
  return turns.filter(({ parent, role }) => parent === turn.parent && role === turn.role);
}

/** Shows the branch that a turn belongs to, down to its latest answer. */
export function show(tree: Tree, id: number): Tree {
  let tip = id;
  for (;;) {
    const below = tree.turns.findLast(({ parent }) => parent === tip);
    if (below === undefined) return { ...tree, tip };
    tip = below.id;
  }
}

/** What a model is sent to answer after `id`: what failed or was empty is left out. */
export function messagesTo(tree: Tree, id: number): Turn[] {
  return branch({ ...tree, tip: id })
    .filter(({ role, text }) => role === 'user' || text !== '')
    .map(({ role, text }) => ({ role, content: text }));
}

/** As it was kept, or empty if it cannot be read. What was running then has been cut off. */
export function parseTree(text: string | undefined): Tree {
  try {
    const tree = JSON.parse(text ?? '') as Tree;
    const isWhole =
      Array.isArray(tree.turns) &&
      tree.turns.every(
        ({ id, parent, text: said }, i) => id === i && typeof said === 'string' && (parent === undefined || parent < i),
      ) &&
      (tree.tip === undefined || tree.turns[tree.tip] !== undefined);
    if (!isWhole) return EMPTY;
    return {
      ...tree,
      turns: tree.turns.map((turn) => (turn.state === 'running' ? { ...turn, state: 'stopped' } : turn)),
    };
  } catch {
    return EMPTY;
  }
}

/** The branch that is shown, as Markdown. */
export function exported(tree: Tree, names: Readonly<Record<Said['role'], string>>): string {
  return branch(tree)
    .map(({ role, text }) => `**${names[role]}**\n\n${text}\n`)
    .join('\n');
}
