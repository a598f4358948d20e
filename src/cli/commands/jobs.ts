// `engram jobs`: hands work on a shared brain over to workers and shows what became of it. Not here: doing it (worker.ts).
import { EngramError } from '../../errors.js';
import type { Job as StoredJob, Task } from '../../index.js';
import type { Engine } from '../api.js';
import type { CommandGroup } from '../command.js';
import { excerpt, table } from '../format/index.js';
import { listOf, stringOf, textOf } from '../input.js';
import type { Job } from '../job.js';

export const jobs: CommandGroup = {
  usage: 'jobs',
  summary: 'work handed over to the workers of a store: list, add',
  commands: [
    {
      usage: 'list',
      summary: 'the latest jobs, latest first',
      isDefault: true,
      run: async (job) => {
        if (job.settings.store === undefined) {
          job.line('There are none: jobs are in a store, which --store names.');
          job.value([]);
          return undefined;
        }
        const found = await (await job.open()).jobs.list();
        const rows = found.map(({ id, name, kind, state, attempt, worker, data, result }) => [
          ...[id, name, kind, state, `${attempt}`, worker ?? ''],
          excerpt(state === 'failed' ? (result ?? '') : data, 60),
        ]);
        job.line(
          rows.length === 0 ? 'There are none.' : table(['job', 'brain', 'kind', 'state', 'begun', 'worker', ''], rows),
        );
        job.value(found);
        return undefined;
      },
    },
    {
      usage: 'add [text...]',
      summary: 'have a worker learn a text, rebuild the brain, or let it sleep',
      options: [
        ['--rebuild', 'make what is damaged anew, in place of a text'],
        ['--sleep', 'train again what is held weakly, in place of a text'],
        ['--replaces <id|auto|none>...', 'as for memorize (default: none)'],
        ['--request <name>', 'sent again with the same name it is the same job (default: each is another)'],
        ['--wait', 'until it has ended; exits with 1 if it failed or did not hold'],
      ],
      examples: ['engram jobs add "Our wifi is called Blue Heron." --wait', 'engram jobs add --rebuild'],
      run: async (job, words, options) => {
        const { jobs: open } = await job.open();
        const sent = await open.send(await taskOf(job, words, options), stringOf(options, 'request'));
        if (options['wait'] !== true) {
          job.line(sent.id);
          job.value(sent);
          return undefined;
        }
        const ended = await follow(job, open, sent);
        const result = ended.result === undefined ? {} : (JSON.parse(ended.result) as Record<string, unknown>);
        const why = result['message'] ?? result['reason'];
        job.line(`${ended.id}  ${ended.state}${typeof why === 'string' ? `: ${why}` : ''}`);
        job.value({ ...ended, result });
        return ended.state === 'failed' || (result['committed'] === false && result['knownBy'] === undefined)
          ? 1
          : undefined;
      },
    },
  ],
};

function follow(job: Job, open: Engine['jobs'], { id }: StoredJob): Promise<StoredJob> {
  return open.follow(id, {
    signal: job.signal,
    onChange: ({ state, worker, progress }) => {
      const { phase } = progress === undefined ? {} : (JSON.parse(progress) as { phase?: string });
      job.progress.show(state === 'waiting' ? 'Waiting for a worker' : `At ${worker ?? 'work'}`, phase ?? '');
    },
  });
}

async function taskOf(job: Job, words: readonly string[], options: Record<string, unknown>): Promise<Task> {
  const [isRebuild, isSleep] = [options['rebuild'] === true, options['sleep'] === true];
  if (Number(isRebuild) + Number(isSleep) + Number(words.length > 0) > 1) {
    throw new EngramError('usage', 'Give either a text, or --rebuild, or --sleep.');
  }
  if (isRebuild) return { kind: 'rebuild', damagedOnly: true };
  if (isSleep) return { kind: 'sleep' };
  const given = listOf(options, 'replaces');
  const replaces = given === undefined ? 'none' : given[0] === 'auto' || given[0] === 'none' ? given[0] : given;
  return { kind: 'memorize', input: await textOf(job, words, 'text'), replaces };
}
