// `engram chat`: a conversation, in a terminal or through a pipe. Exits with 1 if a turn of a pipe failed.
import { GROUNDING, type CommandSpec } from '../command.js';
import { converse } from '../converse.js';
import { MORE_SAMPLING, SAMPLING, samplingOf } from '../sampling.js';

export const chat: CommandSpec = {
  usage: 'chat',
  summary: 'talk with the model; /memorize teaches it, /help lists more',
  options: [...GROUNDING, ...SAMPLING],
  groups: [MORE_SAMPLING],
  run: async (job, _words, options) => {
    const sampling = samplingOf(options);
    const engine = await job.open();
    if (job.isInteractive) {
      const held = engine.memories().filter((memory) => memory.state === 'remembered').length;
      const { model, brain } = job.settings;
      job.line(`${model}, brain "${brain}" with ${held} ${held === 1 ? 'memory' : 'memories'}. /help lists commands.`);
    }
    const session = await converse(job, engine, sampling);
    job.value({ turns: session.turns });
    // A person saw it happen; a script only sees the exit code.
    return session.failures > 0 && !job.isInteractive ? 1 : undefined;
  },
};
