// `engram chat`: a conversation, in a terminal or through a pipe. Exits with 1 if a turn of a pipe failed.
import { EngramError } from '../../errors.js';
import type { CommandSpec } from '../command.js';
import { converse } from '../converse.js';
import { numberOf } from '../input.js';
import type { Job } from '../job.js';
import { keepingOf, talkAndKeep } from '../kept-chat.js';
import { GROUNDING, MORE_SAMPLING, OVERFLOW, SAMPLING, samplingOf } from '../sampling.js';

/** Minutes: a week. Longer than a timer of the platform can be is refused. */
const LONGEST_IDLE = 7 * 24 * 60;

export const chat: CommandSpec = {
  usage: 'chat',
  summary: 'talk with the model; /memorize teaches it, /help lists more',
  served: true,
  options: [
    ['--resume [name]', 'go on with a chat, the newest if none is named'],
    ['--new [name]', 'begin one and keep it under this name (in a terminal the default, with the time for a name)'],
    ['--no-save', 'keep nothing of it'],
    ['--state-limit <size>', 'room for the saved states of all chats, e.g. 500MB (default: 1GB)'],
    ['--sleep-after <minutes>', 'as `engram sleep --passages` when nothing was said for so long (default: never)'],
    ...OVERFLOW,
    ...GROUNDING,
    ...SAMPLING,
  ],
  groups: MORE_SAMPLING,
  notes: [
    'A chat is kept below the brain: what was said in transcript.jsonl, and beside it the computed state, so that',
    'resuming reads nothing again. A state takes 23 KB a token with SmolLM2; the oldest are deleted first, and any may be.',
  ],
  run: async (job, _words, options) => {
    const keeping = keepingOf(job, options);
    const asking = samplingOf(options);
    const sleepAfter = numberOf(options, 'sleepAfter', '--sleep-after');
    if (sleepAfter !== undefined && !(sleepAfter > 0 && sleepAfter <= LONGEST_IDLE)) {
      throw new EngramError('usage', `Expected minutes above 0, at most ${LONGEST_IDLE}, for --sleep-after.`);
    }
    const engine = await job.openToAnswer();
    await engine.check(asking);
    await engine.load({ signal: job.signal });
    if (job.isInteractive) {
      const held = (await engine.memories.list()).length;
      const { model, brain } = job.settings;
      job.line(`${model}, brain "${brain}" with ${held} ${held === 1 ? 'memory' : 'memories'}. /help lists commands.`);
    }
    const { session, name } =
      keeping === undefined
        ? { session: await converse(job, engine, asking, { sleepAfter }), name: undefined }
        : await talkAndKeep(job, engine, asking, { ...keeping, sleepAfter });
    job.value({ ...(name === undefined ? {} : { chat: name }), turns: session.turns });
    return exitCode(job, session.failures);
  },
};

/** A person saw it happen; a script only sees the exit code. */
function exitCode(job: Job, failures: number): number | undefined {
  return failures > 0 && !job.isInteractive ? 1 : undefined;
}
