// `engram adapters`: the named adapters that train made. Not here: the adapters of memories.
import type { CommandGroup } from '../command.js';
import { bytes, table } from '../format.js';
import { choiceOf, stringOf } from '../input.js';
import { fuse, merge, shrink } from './combine.js';

export const adapters: CommandGroup = {
  usage: 'adapters',
  summary: 'the adapters that train made: list, export, import, merge, shrink, fuse, rm',
  commands: [
    {
      usage: 'list',
      summary: 'list them',
      isDefault: true,
      run: async (job) => {
        const { adapters: found, broken } = await (await job.open()).adapters.list();
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
        const files = await (await job.open()).adapters.export(name!, format, stringOf(options, 'out') ?? '.');
        for (const file of files) job.line(file);
        job.value({ adapter: name, format, files });
        return undefined;
      },
    },
    {
      usage: 'import <file.gguf>',
      summary: 'take in a LoRA that was made elsewhere, for --model',
      options: [
        ['--name <name>', 'its name here (default: that of the file)'],
        ['--replace', 'replace an adapter of that name'],
      ],
      examples: ['engram adapters import ./style.gguf --name style'],
      run: async (job, [file], options) => {
        const { adapters: store } = await job.open({ compute: 'llama' });
        const adapter = await store.import(file!, {
          name: stringOf(options, 'name'),
          replace: options['replace'] === true,
          signal: job.signal,
        });
        job.line(`Imported ${adapter.name}: rank ${adapter.manifest.rank}, ${bytes(adapter.bytes)}.`);
        job.value(adapter);
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
        await (await job.open()).adapters.remove(name!);
        job.line(`Removed ${name!}.`);
        job.value({ removed: name });
        return undefined;
      },
    },
  ],
};
