// How well the gate tells which memory answers a question, and how fast: the router of engram over memories that nobody trained, with the
// judge of the model. Nothing is answered. Not here: the data (everyday/data.mjs), what surrounds the router (gate/world.mjs), the
// shares (gate/rows.mjs).
import { basename } from 'node:path';
import { phase } from '../set-up/progress.mjs';
import { interruption } from './child.mjs';
import { readBrains } from './everyday/data.mjs';
import { crowdOf } from './gate/crowd.mjs';
import { missesOf, rowsOf, timesOf } from './gate/rows.mjs';
import { World } from './gate/world.mjs';
import { beginReport } from './machine.mjs';

/** Questions that each brain of another size is asked. */
const TIMED = 60;

/** Options as gate/command.mjs reads them; returns what --json prints. */
export async function benchGate({ misses, crowds, memories: sizes, ...options }) {
  const report = beginReport('gate');
  const { kind, data, part, count, model, embedder } = options;
  const brains = readBrains(options);
  const world = await World.open(options);
  const asked = [];
  const times = [];
  try {
    for (const brain of brains) asked.push(...(await askedOf(world, brain)));
    for (const size of crowds ? sizes : []) times.push(await timed(world, brains, size));
  } catch (error) {
    if (!interruption.aborted) throw error;
  } finally {
    await world.close();
  }
  return {
    ...report.head(),
    ...(interruption.aborted ? { cancelled: true } : {}),
    options: { kind, data: basename(data), part, ...(count ? { count } : {}), model, embedder },
    judge: world.judgeId,
    rows: rowsOf(asked),
    times,
    ...(misses ? { misses: missesOf(asked) } : {}),
  };
}

/** Every question of a brain, with the memory that it reaches and the nearest one. */
function askedOf(world, { name, file, memories, asked }) {
  return phase(`Asking the gate about ${name}`, async (show) => {
    const gate = await world.gateOf(memories.map(({ text }) => text));
    const out = [];
    for (const one of asked) {
      interruption.throwIfAborted();
      out.push({ file, ...one, ...(await gate.ask(one.question)) });
      show(`${out.length} of ${asked.length} questions`);
    }
    return out;
  });
}

/** Questions of all brains, in a brain of so many memories. */
function timed(world, brains, size) {
  return phase(`Asking among ${size} memories`, async (show) => {
    const gate = await world.gateOf(
      crowdOf(
        brains.flatMap(({ memories }) => memories.map(({ text }) => text)),
        size,
      ),
      show,
    );
    const all = brains.flatMap(({ asked }) => asked);
    const some = all.filter((_, i) => i % Math.max(1, Math.floor(all.length / TIMED)) === 0).slice(0, TIMED);
    const ms = [];
    for (const { question } of some) {
      interruption.throwIfAborted();
      ms.push((await gate.ask(question)).ms);
    }
    return { memories: size, ...timesOf(ms) };
  });
}
