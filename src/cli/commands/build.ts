// `engram build`: compiles the native parts where no package of prebuilt ones fits, in a process of its own. Not here: how
// (scripts/packages/build-here.mjs).
import type { CommandSpec } from '../command.js';

const PROGRAM = new URL('../../../scripts/packages/build-here.mjs', import.meta.url);

export const build: CommandSpec = {
  usage: 'build',
  summary: 'compile the native parts, where npm brought none for this machine',
  notes: ['It needs a C++20 compiler (g++ 11, clang 14 or newer; CXX names another) and make, and fetches nothing.'],
  run: async (job) => job.world.launch(PROGRAM, [], job.signal),
};
