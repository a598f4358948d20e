// `engram adapters`: the named adapters that train made. Not here: the adapters of memories.
import type { CommandGroup } from '../command.js';
import { bytes, table } from '../format.js';
import { choiceOf, stringOf } from '../input.js';
import { fuse, merge, shrink } from './combine.js';

export const adapters: CommandGroup = {
  usage: 'adapters',
  summary: 'the adapters that train made: list, export, merge, shrink, fuse, rm',
  commands: [
    {
      usage: 'list',
      summary: 'list them',
      isDefault: true,
      run: async (job) => {
        const { AdapterStore } = await job.api();
        const { adapters: found, broken } = await new AdapterStore(job.settings.home).list();
        const rows = found.map(({ name, bytes: size, manifest }) => {
          return [name, manifest.base.name, `${manifest.rank}`, bytes(size), manifest.createdAt.slice(0, 10)];
        });
        job.line(rows.length === 0 ? 'There are none.' : table(['name', 'model', 'rank', 'size', 'since'], rows));
        for (const { name, problem } of broken) job.note(`${name} cannot be read: ${problem}`);
        job.value({ adapters: found, broken });
        return undefined;
      },
    },
    {
      usage: 'export <name>',
      summary: 'write one as a GGUF file or a PEFT folder',
      options: [
        ['--format <kind>', 'gguf or peft (default: gguf)'],
        ['--out <folder>', 'where to (default: here)'],
      ],
      examples: ['engram adapters export tone --format peft --out ./tone'],
      run: async (job, [name], options) => {
        const format = choiceOf(options, 'format', '--format', ['gguf', 'peft']) ?? 'gguf';
        const { AdapterStore } = await job.api();
        const files = await new AdapterStore(job.settings.home).export(name!, format, stringOf(options, 'out') ?? '.');
        for (const file of files) job.line(file);
        job.value({ adapter: name, format, files });
        return undefined;
      },
    },
    merge,
    shrink,
    fuse,
    {
      usage: 'rm <name>',
      summary: 'delete one',
      run: async (job, [name]) => {
        const { AdapterStore } = await job.api();
        await new AdapterStore(job.settings.home).remove(name!);
        job.line(`Removed ${name!}.`);
        job.value({ removed: name });
        return undefined;
      },
    },
  ],
};
